"""Which work is due. Decided from rows alone, so that a lost, late or doubled message is harmless."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Count, Exists, Q, Subquery
from django.db.models.functions import Coalesce

from learners.models import EmbeddingSet, Fit, FitRequest, WorkerHeartbeat
from learners.selectors.class_texts import n_telling_names
from learners.selectors.parts import first_set, outgrown, parts_in_order_of_work, set_name
from projects.models import (
    Annotation,
    AnnotationEvent,
    Example,
    LabelClass,
    Lease,
    Project,
    ProjectEvent,
)

HEARTBEAT_SECONDS = 5.0
STALE_AFTER = timedelta(seconds=30)  # six missed heartbeats: the worker died
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(minutes=10)
LONGEST_EXPORT = timedelta(minutes=5)  # the first one also exports the embedder
RANK_AGAIN_FROM = 500
RERANK_PAUSE = timedelta(minutes=5)
NEEDS_TWO_CLASSES = "A model needs labels of at least two classes."
NEEDS_A_DIFFERENCE = (
    "A model needs a class that some labelled texts have and others do not, and two classes."
)
LEASES_KEPT = timedelta(hours=1)  # whoever comes back from a break gets the same text again
HEARTBEATS_KEPT = timedelta(days=7)

_LABEL_KINDS = (
    AnnotationEvent.Kind.LABEL,
    AnnotationEvent.Kind.RELABEL,
    AnnotationEvent.Kind.KNOWN,
    AnnotationEvent.Kind.FEEDBACK,
)
_CLASS_KINDS = (ProjectEvent.Kind.CLASS_MERGED, ProjectEvent.Kind.CLASS_RETIRED)
_NAME_KINDS = (*_CLASS_KINDS, ProjectEvent.Kind.CLASS_ADDED, ProjectEvent.Kind.CLASS_RENAMED)


@dataclass(frozen=True)
class FitDecision:
    """Whether a fit should start now and, in a sentence for the page, why not.

    `due_at` is when it fell due; `attempt` counts tries in a row at the same work, from 1.
    """

    due: bool
    why_not: str = ""
    due_at: datetime | None = None
    forced: bool = False
    attempt: int = 1


def fit_is_due(project_id: int, now: datetime) -> bool:
    """Whether a worker should start a fit of this project now. A few indexed queries."""
    return decide_fit(project_id, now).due


def decide_fit(project_id: int, now: datetime) -> FitDecision:
    """The rule of when to fit: `batch_size` label changes after the newest attempt's `upto_seq`,
    or "retrain now", or a failed attempt whose wait is over; two classes; none running.

    Where the classes' names are training examples they are labels too: the first fit needs no
    other, once texts are being read.
    """
    project = Project.objects.filter(pk=project_id, binned_at__isnull=True).first()
    if project is None:
        return FitDecision(False, "There is no such project, or it lies in the bin.")
    newest = newest_attempt(project_id)
    if newest and is_running(newest, now):
        return FitDecision(False, "A fit is running.")
    decision = _wanted(project, newest, now)
    if not decision.due or has_two_classes(project_id):
        return decision
    if not names_train(project):
        missing = NEEDS_A_DIFFERENCE if project.multilabel else NEEDS_TWO_CLASSES
        return FitDecision(False, missing)
    if _reading_since(project) is None:
        return FitDecision(False, "The first model comes as soon as the first texts are read.")
    return decision


def _wanted(project: Project, newest: Fit | None, now: datetime) -> FitDecision:
    wish = FitRequest.objects.filter(project=project).first()
    attempt = newest.attempt + 1 if newest and newest.status != Fit.Status.PUBLISHED else 1
    if wish:
        return FitDecision(True, due_at=wish.requested_at, forced=True, attempt=attempt)
    if newest and newest.status != Fit.Status.PUBLISHED:  # failed, or its worker died
        return _retry(newest, now)
    if newest is None and names_train(project):
        return FitDecision(True, due_at=_reading_since(project))
    return _batch_full(project.pk, newest, project.batch_size)


def names_train(project: Project) -> bool:
    """Whether the names of the classes alone make a model: two of them say something."""
    return project.label_names and n_telling_names(project.pk) > 1


def can_train(project: Project) -> bool:
    """Whether there is something to learn from: labels of two classes, or names of two."""
    return has_two_classes(project.pk) or names_train(project)


def _reading_since(project: Project) -> datetime | None:
    """When the first text had been read, None before."""
    row = first_set(project)
    return row.created_at if row and row.n_done else None


def _retry(failed: Fit, now: datetime) -> FitDecision:
    due_at = failed.retry_at or failed.heartbeat_at + retry_wait(failed.attempt)
    if now < due_at:
        return FitDecision(False, "The last fit failed and is tried again soon.", due_at=due_at)
    return FitDecision(True, due_at=due_at, forced=failed.forced, attempt=failed.attempt + 1)


def _batch_full(project_id: int, newest: Fit | None, batch_size: int) -> FitDecision:
    after = newest.upto_seq if newest else 0
    full_at = _moment_of_change(project_id, after, batch_size)
    return (
        FitDecision(True, due_at=full_at)
        if full_at
        else FitDecision(False, "Too few labels changed since the newest fit.")
    )


def _moment_of_change(project_id: int, after_seq: int, n: int) -> datetime | None:
    """When the `n`-th label change after `after_seq` was made; a merge or retirement that changed
    labels fills a batch by itself, for until then the model speaks of classes that are gone. So
    does, where names are training examples, every change of a name, a description or the classes.
    """
    moments = [
        *_changes(project_id, after_seq).values_list("created_at", flat=True)[n - 1 : n],
        *_class_changes(project_id, after_seq).values_list("created_at", flat=True)[:1],
    ]
    return min(moments, default=None)


def is_batch_full(project_id: int, after_seq: int, n: int) -> bool:
    """Whether label changes after `after_seq` fill a batch of `n`."""
    return _moment_of_change(project_id, after_seq, n) is not None


def label_changes_since_newest_attempt(project_id: int) -> int:
    """Labels, changed labels and undone labels after the newest attempt's `upto_seq`.

    A class merge or retirement that changed labels counts as a whole batch, and so does a change
    of names where they are training examples.
    """
    upto = Fit.objects.filter(project_id=project_id).order_by("-id").values("upto_seq")[:1]
    after = Coalesce(Subquery(upto), 0)
    changes = _changes(project_id, after).order_by().values("project").annotate(n=Count("pk"))
    n_changes: int
    n_changes, classes_changed, batch_size = (
        Project.objects.filter(pk=project_id)
        .values_list(
            Coalesce(Subquery(changes.values("n")), 0),
            Exists(_class_changes(project_id, after)),
            "batch_size",
        )
        .get()
    )
    return max(n_changes, batch_size) if classes_changed else n_changes


def n_label_changes_after(project_id: int, seq: int) -> int:
    """Labels, changed labels and undone labels after event `seq`."""
    return _changes(project_id, seq).count()


def label_change_marks(project_id: int) -> list[tuple[int, datetime]]:
    """Number and moment of every label change in the ledger, oldest first."""
    return list(_changes(project_id, 0).values_list("seq", "created_at"))


def _changes(project_id: int, after_seq: int | Coalesce) -> models.QuerySet[AnnotationEvent]:
    return AnnotationEvent.objects.filter(
        Q(kind__in=_LABEL_KINDS) | Q(undoes__kind__in=_LABEL_KINDS),
        project_id=project_id,
        seq__gt=after_seq,
    ).order_by("seq")


def _class_changes(project_id: int, after_seq: int | Coalesce) -> models.QuerySet[ProjectEvent]:
    labels_moved = Q(kind__in=_CLASS_KINDS, payload__n_annotations__gt=0)
    described = Q(kind=ProjectEvent.Kind.CLASS_CHANGED) & (
        Q(payload__changed__has_key="description") | Q(payload__changed__has_key="is_none")
    )
    names_moved = Q(project__label_names=True) & (Q(kind__in=_NAME_KINDS) | described)
    return ProjectEvent.objects.filter(
        labels_moved | names_moved, project_id=project_id, seq__gt=after_seq
    ).order_by("seq")


def has_two_classes(project_id: int) -> bool:
    """Whether labels that train stand of two active classes; where a text has any number of
    classes, whether some of those texts have a class and others do not.
    """
    trains = Q(project__strict_audit=False) | ~Q(example__role=Example.Role.AUDIT)
    standing = Annotation.objects.filter(
        trains, project_id=project_id, state=Annotation.State.LABELLED
    ).order_by()
    active = LabelClass.objects.filter(project_id=project_id).active().values_list("pk", flat=True)
    if Project.objects.filter(pk=project_id, multilabel=True).exists():
        having = [standing.filter(labels__contains=[pk]) for pk in active]
        return len(active) > 1 and any(
            some.exists() and standing.exclude(labels__contains=[pk]).exists()
            for pk, some in zip(active, having, strict=True)
        )
    classes = standing.filter(labels__0__in=list(active))
    return len(classes.values_list("labels__0", flat=True).distinct()[:2]) == 2


def newest_attempt(project_id: int) -> Fit | None:
    return Fit.objects.filter(project_id=project_id).order_by("-id").first()


def is_running(fit: Fit, now: datetime) -> bool:
    """Whether the worker of a running fit still shows signs of life."""
    return fit.status == Fit.Status.RUNNING and fit.heartbeat_at > now - STALE_AFTER


def retry_wait(attempt: int) -> timedelta:
    """How long to wait after the `attempt`-th failure in a row: 15 s, doubling, at most 10 min."""
    return min(FIRST_RETRY * int(2 ** min(attempt - 1, 10)), LONGEST_RETRY)


def projects_to_embed(now: datetime) -> list[int]:
    """Projects with texts that some part of their features has not read and no live task reads."""
    projects = Project.objects.filter(binned_at__isnull=True, n_rows__gt=0).order_by("pk")
    return [project.pk for project in projects if _part_to_embed(project, now)]


def part_to_embed(project_id: int, now: datetime) -> str | None:
    """The part of a project's features to read texts for now, None when there is none."""
    projects = Project.objects.filter(pk=project_id, binned_at__isnull=True, n_rows__gt=0)
    project = projects.first()
    return _part_to_embed(project, now) if project else None


def _part_to_embed(project: Project, now: datetime) -> str | None:
    parts = parts_in_order_of_work(project.features)
    return next((part for part in parts if _part_is_due(project, part, now)), None)


def _part_is_due(project: Project, part: str, now: datetime) -> bool:
    sets = EmbeddingSet.objects.filter(project=project, embedder=set_name(part))
    newest = sets.order_by("-id").first()
    if newest is None:
        return True
    if newest.retry_at and newest.retry_at > now:
        return False
    fresh = newest.heartbeat_at and newest.heartbeat_at > now - STALE_AFTER
    if newest.running_token and fresh:
        return False
    complete = newest.finished_at is not None and newest.n_rows_seen == project.n_rows
    return not complete or outgrown(project, newest)


def projects_to_fit(now: datetime) -> list[int]:
    """Projects whose fit is due now, among those that somebody worked on or that learn from names."""
    candidates = Project.objects.filter(
        Q(n_labelled__gt=0)
        | Q(n_known__gt=0)
        | Q(n_feedback__gt=0)
        | Q(label_names=True, n_rows__gt=0),
        binned_at__isnull=True,
    )
    return [
        pk
        for pk in candidates.order_by("pk").values_list("pk", flat=True)
        if fit_is_due(pk, now) or queue_to_rank_again(pk, now)
    ]


def queue_to_rank_again(project_id: int, now: datetime) -> Fit | None:
    """The newest published fit if its queue was ranked over a part of the pool and far more of it
    is embedded by now: all of it, or twice as much and `RANK_AGAIN_FROM` texts more. None for
    `RERANK_PAUSE` after a task began it, so that two do not do it and a failure waits.
    """
    fit = newest_attempt(project_id)
    if fit is None or fit.status != Fit.Status.PUBLISHED or fit.n_ranked_from is None:
        return None
    begun = fit.rerank_started_at
    if fit.n_ranked_from >= (fit.n_pool or 0) or (begun and begun > now - RERANK_PAUSE):
        return None
    source = EmbeddingSet.objects.filter(
        project_id=project_id, digest=fit.embedder_digest, error=""
    ).first()
    if source is None:
        return None
    enough = source.n_done >= 2 * fit.n_ranked_from + RANK_AGAIN_FROM
    return fit if source.finished_at or enough else None


def reap_dead_fits(now: datetime, project_id: int | None = None) -> int:
    """Call fits failed whose worker shows no sign of life any more; their late publish writes
    nothing. Returns how many.
    """
    dead = Fit.objects.filter(status=Fit.Status.RUNNING, heartbeat_at__lte=now - STALE_AFTER)
    if project_id is not None:
        dead = dead.filter(project_id=project_id)
    n_reaped = 0
    for fit in dead:
        n_reaped += dead.filter(pk=fit.pk, token=fit.token).update(
            status=Fit.Status.FAILED,
            error="The worker died while it trained this model.",
            finished_at=now,
            retry_at=fit.heartbeat_at + retry_wait(fit.attempt),
        )
    return n_reaped


def exports_to_build(now: datetime) -> list[int]:
    """Fits whose zip was asked for a while ago and that no worker took up, or whose worker died."""
    asked = Fit.objects.filter(
        bundle_requested_at__lt=now - STALE_AFTER, bundle_file="", bundle_error=""
    )
    free = Q(bundle_started_at__isnull=True) | Q(bundle_started_at__lt=now - LONGEST_EXPORT)
    return list(asked.filter(free).values_list("pk", flat=True))


def tidy(now: datetime) -> None:
    """Take away leases that ended and signs of life of processes long gone."""
    Lease.objects.filter(expires_at__lt=now - LEASES_KEPT).delete()
    WorkerHeartbeat.objects.filter(seen_at__lt=now - HEARTBEATS_KEPT).delete()
