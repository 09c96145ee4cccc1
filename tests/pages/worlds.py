"""Projects with fits and scores, made without a worker."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt

from django.conf import settings
from django.db import transaction

from learners.models import (
    AuditPredictions,
    EmbeddingSet,
    Fit,
    PoolPredictions,
    RandomBaseline,
    Score,
    WorkerHeartbeat,
)
from learners.selectors.curve import CurvePoint, Measure
from projects.models import LabelClass, Project, ProjectEvent, User
from projects.services.ledger import append_project_event
from tests.factories import NOW, make_examples, make_label, make_project


def wilson_by_hand(n_right: int, n: int) -> Measure:
    """Wilson's 95 % interval, written down again so that a page is not compared with itself."""
    share, z = n_right / n, 1.959964
    centre = (share + z * z / 2 / n) / (1 + z * z / n)
    half = z * sqrt(share * (1 - share) / n + z * z / 4 / n / n) / (1 + z * z / n)
    return Measure(share, max(0.0, centre - half), min(1.0, centre + half), n)


def point(
    *,
    n_labels: int = 128,
    accuracy: Measure | None = None,
    macro_f1: Measure | None = None,
    test_accuracy: Measure | None = None,
    n_known: int = 0,
    n_skipped: int = 0,
    unmeasured_because: str = "",
    newest_here: bool = True,
) -> CurvePoint:
    """One point of a curve, out of nothing."""
    return CurvePoint(
        fit_id=1,
        upto_seq=n_labels,
        n_labels=n_labels,
        n_known=n_known,
        n_skipped=n_skipped,
        strategy="Margin",
        seconds=0.8,
        at=NOW,
        accuracy=accuracy,
        macro_f1=macro_f1,
        test_accuracy=test_accuracy,
        test_macro_f1=None,
        note="",
        unmeasured_because=unmeasured_because,
        newest_here=newest_here,
    )


def make_fit(
    project: Project,
    *,
    n_labels: int,
    right: tuple[int, int] | None = None,
    status: Fit.Status = Fit.Status.PUBLISHED,
    error: str = "",
    upto_seq: int | None = None,
    at: datetime = NOW,
    strategy: str = "margin",
) -> Fit:
    """A fit as the worker leaves it; `right` is (right, answered) of the random texts."""
    project.refresh_from_db()
    fit = Fit.objects.create(
        project=project,
        status=status,
        token=uuid.uuid4(),
        strategy=strategy,
        head="logistic regression",
        seed=7,
        upto_seq=project.seq if upto_seq is None else upto_seq,
        n_labels=n_labels,
        n_audit=right[1] if right else 0,
        error=error,
        due_at=at,
        started_at=at,
        heartbeat_at=at,
        finished_at=at,
        wait_seconds=0.2,
        fit_seconds=0.3,
        score_seconds=0.5,
        retry_at=at + timedelta(days=3650) if error else None,
    )
    if right:
        add_score(fit, "accuracy", wilson_by_hand(*right))
    return fit


def add_score(fit: Fit, metric: str, measure: Measure) -> Score:
    """One measured number of a fit."""
    return Score.objects.create(
        fit=fit,
        metric=metric,
        value=measure.value,
        low=measure.low,
        high=measure.high,
        n=measure.n,
    )


def add_audit_predictions(
    fit: Fit, pairs: Sequence[tuple[LabelClass, LabelClass]], *, confidence: float = 0.8
) -> AuditPredictions:
    """What the fit said of random texts: pairs of the true class and the one said."""
    return AuditPredictions.objects.create(
        fit=fit,
        example_ids=list(range(1, len(pairs) + 1)),
        true_class_ids=[true.pk for true, _ in pairs],
        said_class_ids=[said.pk for _, said in pairs],
        confidences=[confidence - 0.001 * (place % 10) for place in range(len(pairs))],
    )


def add_random_baseline(
    fit: Fit,
    *,
    random: Sequence[int] = (20, 24, 28, 30),
    project: Sequence[int] = (24, 32, 36, 38),
    n: int = 50,
    advantage: tuple[float, float, float] = (0.14, 0.03, 0.25),
    needed: tuple[float | None, float | None, float | None] = (34.0, 18.0, None),
    needed_now: tuple[float | None, float | None, float | None] = (None, None, None),
) -> RandomBaseline:
    """Both sides at 8, 16, 32 and 40 labels, measured on `n` random texts."""
    return RandomBaseline.objects.create(
        fit=fit,
        n=n,
        sizes=[8, 16, 32, 40][: len(random)],
        random_right=list(random),
        project_right=list(project),
        advantage=advantage[0],
        advantage_low=advantage[1],
        advantage_high=advantage[2],
        saved_at=16,
        needed=needed[0],
        needed_low=needed[1],
        needed_high=needed[2],
        needed_now=needed_now[0],
        needed_now_low=needed_now[1],
        needed_now_high=needed_now[2],
    )


def add_pool_predictions(fit: Fit, said: Sequence[int]) -> PoolPredictions:
    """What the fit said of the same pool texts, numbered from 1."""
    ids = list(range(1, len(said) + 1))
    return PoolPredictions.objects.create(fit=fit, example_ids=ids, class_ids=list(said))


def all_texts_are_embedded(project: Project) -> None:
    """The embedder has read every text."""
    EmbeddingSet.objects.create(
        project=project,
        embedder=settings.LABELER_EMBEDDER,
        digest="made up",
        n_done=project.n_texts,
        n_total=project.n_texts,
        finished_at=NOW,
    )


def worker_is_running(now: datetime) -> None:
    """Worker and beat gave a sign of life just now."""
    for kind in ("worker", "beat"):
        WorkerHeartbeat.objects.create(name=kind, kind=kind, started_at=now, seen_at=now)


def labelled_project(owner: User, *, n_labels: int = 12, n_audit: int = 4) -> Project:
    """Twenty texts, the first `n_audit` reserved; `n_labels` of them labelled by the owner."""
    project = make_project(owner=owner)
    examples = make_examples(project, [f"text {n}" for n in range(20)], n_audit=n_audit)
    classes = list(project.label_classes.all())
    with transaction.atomic():
        for index, example in enumerate(examples[:n_labels]):
            make_label(example, classes[index % 2], owner)
    project.refresh_from_db()
    return project


def decide(project: Project, kind: ProjectEvent.Kind, **payload: object) -> ProjectEvent:
    """One decision in the project's ledger."""
    with transaction.atomic():
        return append_project_event(
            project_id=project.pk, kind=kind, actor=None, payload=payload, now=NOW
        )
