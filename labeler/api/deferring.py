"""What the live model leaves to others, as programs see it: who answered, and what waits for people."""

import secrets
from collections.abc import Sequence

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from labeler.api.auth import token_of
from labeler.api.errors import ApiError
from labeler.teacher_rate import seconds_to_wait
from learners.services.asking_teacher import ask_teacher
from learners.services.deferred_answers import Others, Said, answers, is_left_to_people
from learners.services.serving import Predicted, predict_rows, predict_texts
from projects.models import ModelVersion, Project
from projects.models.api import Scope
from projects.services.incoming import ImportRuns, Incoming, Origin, add_incoming_texts


def answers_to_texts(version: ModelVersion, predicted: Predicted, texts: list[str]) -> list[Said]:
    """What is told of each text; those that are deferred to another model are answered by it."""
    return answers(
        version,
        predicted,
        Others(
            version=lambda other, places: predict_texts(other, [texts[place] for place in places]),
            teacher=lambda places: ask_teacher(
                project=version.project,
                texts=texts,
                places=places,
                may_ask=_may_ask,
                clock=timezone.now,
            ),
        ),
    )


def answers_to_rows(
    version: ModelVersion, predicted: Predicted, rows: list[dict[str, str]]
) -> list[Said]:
    """The same of rows of a table; no teacher answers those."""
    return answers(
        version,
        predicted,
        Others(
            version=lambda other, places: predict_rows(other, [rows[place] for place in places])
        ),
    )


def _may_ask(teacher_id: int, a_minute: int) -> bool:
    return seconds_to_wait(teacher_id, a_minute) == 0


def check_may_defer(request: HttpRequest, version: ModelVersion, *, has_texts: bool) -> None:
    """Raises ApiError where texts of this request cannot be left to people for labelling."""
    if Scope.LABEL not in token_of(request).scopes:
        scope = Scope.LABEL.value
        message = f"To have texts kept and labelled, the token needs the scope “{scope}”."
        raise ApiError(403, message, code="missing_scope", field="defer", scope=scope)
    if not has_texts:
        raise ApiError(422, "Rows of a table are not taken in for labelling.", field="defer")
    if version.deferral is None:
        message = "The live version answers everything: a lead sets its threshold on its page."
        raise ApiError(409, message, code="no_threshold", field="defer")


def send_to_people(
    request: HttpRequest, version: ModelVersion, texts: list[str], found: Sequence[Said]
) -> None:
    """Put what a person has yet to decide into the labelling queue, and say so in `queued`."""
    places = [place for place, one in enumerate(found) if is_left_to_people(one.told)]
    if not places:
        return
    incoming = [_incoming(version, texts[place], found[place]) for place in places]
    for place, state in zip(places, _states(request, version.project, incoming), strict=True):
        found[place].told["queued"] = state


def _incoming(version: ModelVersion, text: str, said: Said) -> Incoming:
    sure = said.told["probability"]
    reason = f"the live model was unsure of it ({sure:.2f})"
    return Incoming(text, reason, version_number=version.number, probability=sure)


def _states(request: HttpRequest, project: Project, texts: list[Incoming]) -> Sequence[str]:
    try:
        with transaction.atomic():
            return add_incoming_texts(
                project=project,
                texts=texts,
                origin=Origin.DEFERRED,
                clock=timezone.now,
                seed=secrets.randbits(63),
                actor=token_of(request).created_by,
            ).states
    except ImportRuns:
        return ["busy"] * len(texts)
