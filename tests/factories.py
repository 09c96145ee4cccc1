"""Small worlds to test in: people, projects, classes, texts. No file is read, no task is run."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from projects.models import (
    Annotation,
    AnnotationEvent,
    DataImport,
    Example,
    LabelClass,
    Membership,
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
