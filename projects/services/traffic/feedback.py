"""Corrections that programs send back: labels of their own origin, which train and never measure."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from projects.models import (
    Annotation,
    AnnotationEvent,
    Example,
    Feedback,
    KeptPrediction,
    Project,
)
from projects.models.annotation import Draw
from projects.reading.scanning import same
from projects.services.ledger import lock, next_seq
from projects.services.refusals import Refused
from projects.services.standing import successor
from projects.services.traffic.examples import add_example, example_of
from projects.services.traffic.keeping import text_hash

EVENTS = uuid.UUID("0d7c86f2-6a53-4b1c-9a57-6f0e0c1f6c41")
State = Annotation.State
Outcome = Feedback.Outcome


class UnknownPrediction(Exception):
    """No prediction of this number is kept (any more)."""


class IdReused(Exception):
    """The client's id came with something else before."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a program sent. `labels` are names of classes, None without a label; `accepted`: whether
    people kept what the model said, None where they did not tell.
    """

    client_id: UUID
    prediction_id: UUID | None = None
    text: str | None = None
    labels: Sequence[str] | None = None
    accepted: bool | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, hexadecimal."""
        parts = [str(self.prediction_id), self.text, self.labels, self.accepted]
        return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Received:
    """The row that was written, or was there. `is_resend`: it came before."""

    row: Feedback
    is_resend: bool = False


@transaction.atomic
def receive(
    *,
    project: Project,
    said: Said,
    token_name: str,
    live_number: int | None,
    rank: int,
    now: datetime,
) -> Received:
    """Take feedback in, once for each `client_id`.

    A label trains like one that came with the data: no person's label is overruled by it, and a text
    that is reserved to measure, or of a test split, takes none. `accepted` alone is counted.
    `live_number`: of the version that is said to have answered where no kept prediction tells.
    `rank`: a uniform draw of 63 bits, in case the text is new.

    Raises:
        UnknownPrediction: nothing is kept under that number.
        IdReused: the id came with other words before.
        ImportRuns: the text is new and a file is being imported; try again later.
        Refused: no class of that name; neither label nor `accepted`; a label for a text that was kept
            redacted, without the text; a project about tables.
    """
    _check(project, said)
    lock(project)
    before = Feedback.objects.filter(project=project, client_id=said.client_id).first()
    if before is not None:
        if before.digest != said.digest:
            raise IdReused
        return Received(before, is_resend=True)
    kept = _kept(project, said)
    class_ids = None if said.labels is None else _classes(project, said.labels)
    if class_ids is not None and kept and said.text is None:
        _check_whole(kept)
    row = Feedback(
        project=project,
        client_id=said.client_id,
        digest=said.digest,
        prediction_id=kept.pk if kept else said.prediction_id,
        version_number=kept.version_number if kept else live_number,
        labels=class_ids or [],
        accepted=_accepted(project, said, kept, class_ids),
        outcome=Outcome.COUNTED,
        token_name=token_name,
        received_at=now,
    )
    if class_ids is not None:
        _label(row, text=said.text or (kept.text if kept else ""), rank=rank)
    row.save()
    return Received(row)


def _check(project: Project, said: Said) -> None:
    if project.is_table:
        raise Refused("", "This project asks about rows of a table; feedback is about texts.")
    if said.labels is None and said.accepted is None:
        raise Refused("label", "Send a label, or accepted, or both.")
    if said.text is None and said.prediction_id is None:
        raise Refused("text", "Send the text, or the id of a prediction that is kept.")


def _kept(project: Project, said: Said) -> KeptPrediction | None:
    """The prediction that this is about: by its id, else the newest of the same text."""
    rows = KeptPrediction.objects.filter(project=project)
    if said.prediction_id is None:
        assert said.text is not None
        return rows.filter(text_hash=text_hash(said.text)).first()
    found = rows.filter(pk=said.prediction_id).first()
    if found is None and said.text is None:
        raise UnknownPrediction
    return found


def _check_whole(kept: KeptPrediction) -> None:
    """Raises Refused where what is kept is not what was asked: a label of it would be another text's."""
    if bytes(kept.text_hash) != text_hash(kept.text):
        raise Refused("text", "The text was redacted when it was kept; send it too.")


def _classes(project: Project, names: Sequence[str]) -> list[int]:
    """Ids of the classes of these names, ascending; a merged one is the class that took its labels."""
    found = {_class(project, name) for name in names}
    if len(found) != 1 and not project.multilabel:
        raise Refused("label", f"An answer here is exactly one class; this one had {len(found)}.")
    return sorted(found)


def _class(project: Project, name: str) -> int:
    classes = {row.pk: row for row in project.label_classes.all()}
    named = [row for row in classes.values() if same(row.name) == same(name)]
    for row in sorted(named, key=lambda row: row.retired_at is not None):
        standing = successor(classes, row.pk)
        if standing.retired_at is None:
            return standing.pk
    names = [row.name for row in classes.values() if row.retired_at is None]
    listed = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
    raise Refused("label", f"There is no class “{name}”; allowed: {listed or 'none yet'}.")


def _accepted(
    project: Project, said: Said, kept: KeptPrediction | None, class_ids: list[int] | None
) -> bool | None:
    """As was told; else whether the label is what the kept prediction said."""
    if said.accepted is not None or kept is None or class_ids is None:
        return said.accepted
    try:
        return _classes(project, kept.labels) == class_ids
    except Refused:  # what it said is no class any more
        return False


def _label(row: Feedback, *, text: str, rank: int) -> None:
    project = row.project
    example = example_of(project=project, text=text)
    if example is None:
        example = add_example(
            project=project,
            text=text,
            rank=rank,
            now=row.received_at,
        )
    row.example = example
    row.outcome = _outcome(example)
    if row.outcome == Outcome.LABELLED:
        _write(row, example)


def _outcome(example: Example) -> str:
    if example.role != Example.Role.POOL:
        return Outcome.RESERVED
    by_people = Annotation.objects.filter(
        example=example, state=State.LABELLED, annotator__isnull=False
    )
    return Outcome.PERSON_STANDS if by_people.exists() else Outcome.LABELLED


def _write(row: Feedback, example: Example) -> None:
    """The event, the state it leads to, and the counters: with the project locked."""
    project = row.project
    standing = Annotation.objects.filter(example=example, annotator__isnull=True).first()
    event = AnnotationEvent.objects.create(
        project=project,
        seq=next_seq(project.pk),
        example=example,
        annotator=None,
        kind=AnnotationEvent.Kind.FEEDBACK,
        labels=row.labels,
        client_uuid=uuid.uuid5(EVENTS, f"{project.pk}/{row.client_id}"),
        created_at=row.received_at,
        draw=Draw.FEEDBACK,
        reason=f"sent by the token “{row.token_name}”",
    )
    written: dict[str, Any] = {
        "project": project,
        "state": State.LABELLED,
        "labels": row.labels,
        "stale": False,
        "last_event": event,
        "updated_at": row.received_at,
    }
    Annotation.objects.update_or_create(example=example, annotator=None, defaults=written)
    Example.objects.filter(pk=example.pk).update(settled=True)
    Project.objects.filter(pk=project.pk).update(
        last_activity_at=row.received_at, **_counters(standing)
    )


def _counters(before: Annotation | None) -> dict[str, Any]:
    """One more label that was sent back, where none such stood; it takes the place of a known one."""
    if before is None or before.state != State.LABELLED:
        return {"n_feedback": F("n_feedback") + 1}
    if before.last_event and before.last_event.kind == AnnotationEvent.Kind.FEEDBACK:
        return {}
    return {"n_feedback": F("n_feedback") + 1, "n_known": F("n_known") - 1}
