"""Shared steps of the labelling tests: who acts, what is ranked, what a claim brings."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from learners.models import Fit, RankedExample
from learners.services.claiming import Question, claim_next
from projects.models import Example, LabelClass, Project, User
from projects.services.answering import Act, Sender, record_label
from tests.factories import NOW

TAB = uuid.UUID(int=1)
OTHER_TAB = uuid.UUID(int=2)


def sender(
    project: Project,
    annotator: User,
    *,
    client_uuid: uuid.UUID | None = None,
    now: datetime = NOW,
    duration_ms: int | None = None,
    from_history: bool = False,
) -> Sender:
    return Sender(project, annotator, client_uuid or uuid.uuid4(), now, duration_ms, from_history)


def claim(
    project: Project,
    annotator: User,
    *,
    tab: uuid.UUID = TAB,
    seed: int = 0,
    now: datetime = NOW,
) -> Question | None:
    project.refresh_from_db()
    rng = np.random.default_rng(seed)
    return claim_next(project=project, annotator=annotator, tab=tab, rng=rng, now=now)


def asked(
    project: Project,
    annotator: User,
    *,
    tab: uuid.UUID = TAB,
    seed: int = 0,
    now: datetime = NOW,
) -> Question:
    """A claim that must bring a question."""
    question = claim(project, annotator, tab=tab, seed=seed, now=now)
    assert question is not None
    return question


def answer(project: Project, annotator: User, example: Example, label_class: LabelClass) -> Act:
    return record_label(
        sender=sender(project, annotator), example_id=example.pk, labels=[label_class.pk]
    )


def make_queue(project: Project, examples: Sequence[Example], *, strategy: str = "margin") -> Fit:
    """A published fit that ranks `examples` in this order, scores falling from 0."""
    fit = Fit.objects.create(
        project=project,
        status=Fit.Status.PUBLISHED,
        token=uuid.uuid4(),
        strategy=strategy,
        head="logistic_regression",
        seed=1,
        upto_seq=project.seq,
        n_labels=8,
        due_at=NOW,
        started_at=NOW,
        finished_at=NOW,
    )
    RankedExample.objects.bulk_create(
        RankedExample(fit=fit, example=example, rank=rank, score=-0.1 * rank, reason="close call")
        for rank, example in enumerate(examples, start=1)
    )
    return fit


def always_pool(project: Project) -> Project:
    """No audit questions: what is served is the queue or the open pool."""
    project.audit_share = 0.0
    project.save(update_fields=["audit_share"])
    return project
