"""Small worlds to test in: people, projects, classes, texts, models. No file is read, no task is run."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from learners.models import Ladder, Rung
from learners.services.model_files import store
from learners.services.model_predictions import Predictions, save_predictions
from projects.models import (
    Annotation,
    AnnotationEvent,
    DataImport,
    Example,
    LabelClass,
    Membership,
    ModelVersion,
    Project,
    User,
)
from projects.models.annotation import Draw
from projects.models.project import Role
from projects.services.ledger import next_seq

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def make_user(name: str = "ada", password: str | None = "correct horse") -> User:
    return User.objects.create_user(username=name, password=password)


def make_project(
    *, owner: User | None = None, name: str = "Tickets", classes: Sequence[str] = ("yes", "no")
) -> Project:
    project = Project.objects.create(name=name, seed=7, created_at=NOW, last_activity_at=NOW)
    for position, class_name in enumerate(classes):
        LabelClass.objects.create(
            project=project,
            name=class_name,
            colour=position % 12 + 1,
            shortcut="123456789"[position] if position < 9 else "",
            position=position,
        )
    if owner:
        Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    return project


def make_examples(
    project: Project, texts: Sequence[str], *, n_audit: int = 0, seed: int = 0
) -> list[Example]:
    """The first `n_audit` texts are reserved to measure, the rest are pool."""
    data_import = DataImport.objects.create(
        project=project, name="made.csv", kind="csv", digest="", seed=seed, status="done"
    )
    ranks = np.random.default_rng(seed).integers(0, 2**63 - 1, size=len(texts))
    examples = Example.objects.bulk_create(
        Example(
            project=project,
            data_import=data_import,
            text=text,
            content_hash=hashlib.sha256(text.encode()).digest(),
            source_row=row,
            role=Example.Role.AUDIT if row <= n_audit else Example.Role.POOL,
            audit_rank=row if row <= n_audit else None,
            random_rank=int(ranks[row - 1]),
        )
        for row, text in enumerate(texts, start=1)
    )
    Project.objects.filter(pk=project.pk).update(
        n_rows=project.n_rows + len(texts),
        n_texts=project.n_texts + len(texts),
        n_pool=project.n_pool + len(texts) - n_audit,
        n_audit=project.n_audit + n_audit,
    )
    project.refresh_from_db()
    return examples


def make_label(
    example: Example, label_class: LabelClass, annotator: User, *, now: datetime = NOW
) -> Annotation:
    """A label as the labelling rules would leave it: event, state and counters."""
    event = AnnotationEvent.objects.create(
        project_id=example.project_id,
        seq=next_seq(example.project_id),
        example=example,
        annotator=annotator,
        kind=AnnotationEvent.Kind.LABEL,
        labels=[label_class.pk],
        client_uuid=uuid.uuid4(),
        created_at=now,
        duration_ms=2000,
        draw=Draw.AUDIT if example.role == Example.Role.AUDIT else Draw.RANDOM,
    )
    annotation = Annotation.objects.create(
        project_id=example.project_id,
        example=example,
        annotator=annotator,
        state=Annotation.State.LABELLED,
        labels=[label_class.pk],
        last_event=event,
        updated_at=now,
    )
    Example.objects.filter(pk=example.pk).update(settled=True)
    Project.objects.filter(pk=example.project_id).update(
        n_labelled=Project.objects.get(pk=example.project_id).n_labelled + 1
    )
    return annotation


def make_ladder(project: Project, **columns: Any) -> Ladder:
    """A ladder that is done, with the figures a lead might enter; `columns` change it."""
    made: dict[str, Any] = {
        "status": Ladder.Status.DONE,
        "requested_at": NOW,
        "started_at": NOW,
        "finished_at": NOW,
        "upto_seq": project.seq,
        "seed": 7,
        "prices": {"cpu_hour": 0.05, "currency": "EUR", "watts": 15.0},
        "class_ids": list(project.label_classes.values_list("pk", flat=True)),
    }
    return Ladder.objects.create(project=project, **(made | columns))


def make_rung(
    ladder: Ladder,
    name: str = "static",
    *,
    files: Mapping[str, bytes] | None = None,
    predictions: Predictions | None = None,
    **columns: Any,
) -> Rung:
    """A rung that is done and measured; `files` are stored as its model."""
    digest = hashlib.sha256(f"{ladder.pk} {name}".encode()).hexdigest()
    made: dict[str, Any] = {
        "label": name,
        "place": ladder.rungs.count(),
        "status": Rung.Status.DONE,
        "manifest": {"format": 1, "rung": name, "upto_seq": ladder.upto_seq, "seed": ladder.seed},
        "manifest_digest": digest,
        "n_bytes": 4_200_000,
        "ms_per_1000": 120.0,
        "cpu_seconds_per_1000": 0.12,
        "memory_mb": 90.0,
        "train_seconds": 2.0,
        "n_train": 80,
        "n_audit": 40,
        "accuracy": 0.85,
        "accuracy_low": 0.71,
        "accuracy_high": 0.93,
        "macro_f1": 0.83,
        "macro_f1_low": 0.69,
        "macro_f1_high": 0.92,
    }
    if files:
        stored = store(project_id=ladder.project_id, manifest_digest=digest, files=files)
        made |= {"folder": stored.folder, "files": stored.files, "n_bytes": stored.n_bytes}
    if predictions:
        made["predictions_file"] = save_predictions(
            project_id=ladder.project_id, predictions=predictions
        )
    return Rung.objects.create(ladder=ladder, name=name, **(made | columns))


def make_model_version(
    project: Project, *, rung: Rung | None = None, stage: str = "candidate", **columns: Any
) -> ModelVersion:
    """A version kept from a rung (one is made where none is given), past the rules."""
    rung = rung or make_rung(make_ladder(project))
    made: dict[str, Any] = {
        "number": project.model_versions.count() + 1,
        "stage": stage,
        "rung": rung.name,
        "rung_label": rung.label,
        "rung_id": rung.pk,
        "manifest": rung.manifest,
        "manifest_digest": rung.manifest_digest,
        "folder": rung.folder,
        "files": rung.files,
        "n_bytes": rung.n_bytes,
        "upto_seq": rung.ladder.upto_seq or 0,
        "predictions_file": rung.predictions_file,
        "created_at": NOW,
    }
    return ModelVersion.objects.create(project=project, **(made | columns))
