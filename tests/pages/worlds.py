"""Projects with fits and scores, made without a worker."""

import uuid
from datetime import datetime, timedelta
from math import sqrt

from django.conf import settings
from django.db import transaction

from learners.models import EmbeddingSet, Fit, Score, WorkerHeartbeat
from learners.selectors.curve import CurvePoint, Measure
from projects.models import Project, ProjectEvent, User
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
