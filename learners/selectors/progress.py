"""What people have done on a project so far: progress, classes, days, pace, people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Aggregate, Count, F, FloatField, Func, Max, Q
from django.db.models.functions import TruncDate

from projects.models import Annotation, AnnotationEvent, Example, LabelClass, Project

LABELLED = Annotation.State.LABELLED
AUDIT = Example.Role.AUDIT
MEASURING_ANSWERS_PER_CLASS = 5  # macro-F1 is withheld below


class Median(Aggregate):
    """PostgreSQL's continuous median; null rows do not count."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


class Unnest(Func):
    """One row an element of an array."""

    function = "UNNEST"
    set_returning = True


@dataclass(frozen=True)
class AuditProgress:
    """Random texts reserved to measure: how many are answered, skipped, or wait to be asked again.

    `stale_since` names the class whose addition made answers old, "" if none waits;
    `answered_again` counts the answers given anew since then.
    """

    n_reserved: int
    n_answered: int
    n_skipped: int
    n_stale: int
    answered_again: int = 0
    stale_since: str = ""

    @property
    def n_to_answer_again(self) -> int:
        """Answers from before the newest class, whether given anew or not."""
        return self.n_stale + self.answered_again


@dataclass(frozen=True)
class ClassCount:
    """Texts that carry a class: by people, of them random ones that measure, and known before.

    `share` is of the largest class, in [0, 1], over labels by people and known ones together.
    """

    label_class: LabelClass
    n_labels: int
    n_measuring: int
    share: float
    n_known: int = 0


@dataclass(frozen=True)
class DayCount:
    """Labels given on one day of the project's time zone."""

    day: date
    n_labels: int


@dataclass(frozen=True)
class PersonCount:
    """What one person gave: labels, median seconds a label (None before the first), last answer."""

    name: str
    n_labels: int
    median_seconds: float | None
    last_at: datetime | None


@dataclass(frozen=True)
class Pace:
    """Median seconds from shown to answered, over the labels that have a time."""

    median_seconds: float | None
    n_timed: int


def audit_progress(project: Project) -> AuditProgress:
    """Counts over the distinct reserved texts that somebody answered or skipped."""
    counts = Annotation.objects.filter(project=project, example__role=AUDIT).aggregate(
        answered=Count("example", distinct=True, filter=Q(state=LABELLED, stale=False)),
        skipped=Count(
            "example",
            distinct=True,
            filter=Q(state=Annotation.State.SKIPPED, example__settled=False),
        ),
        stale=Count("example", distinct=True, filter=Q(state=LABELLED, stale=True)),
    )
    again: tuple[int, str] = (0, "")
    if counts["stale"]:
        again = _answered_again(project)
    return AuditProgress(
        n_reserved=project.n_audit,
        n_answered=counts["answered"],
        n_skipped=counts["skipped"],
        n_stale=counts["stale"],
        answered_again=again[0],
        stale_since=again[1],
    )


def _answered_again(project: Project) -> tuple[int, str]:
    """How many answers from before the newest class were given anew, and the class's name."""
    newest = LabelClass.objects.filter(project=project).active().order_by("-added_seq").first()
    if newest is None:
        return 0, ""
    earlier = AnnotationEvent.objects.filter(
        project=project, kind=AnnotationEvent.Kind.LABEL, seq__lt=newest.added_seq
    )
    answered = Annotation.objects.filter(
        project=project,
        state=LABELLED,
        stale=False,
        example__role=AUDIT,
        example__in=earlier.values("example"),
    )
    return answered.values("example").distinct().count(), newest.name


def class_counts(project: Project) -> list[ClassCount]:
    """One row an active class, in page order."""
    rows = (
        Annotation.objects.filter(project=project, state=LABELLED)
        .annotate(label=Unnest(F("labels")))
        .values("label")
        .annotate(
            n=Count("example", distinct=True, filter=Q(annotator__isnull=False)),
            n_known=Count("example", distinct=True, filter=Q(annotator__isnull=True)),
            n_measuring=Count("example", distinct=True, filter=Q(example__role=AUDIT, stale=False)),
        )
    )
    counts = {row["label"]: (row["n"], row["n_measuring"], row["n_known"]) for row in rows}
    most = max((n + n_known for n, _, n_known in counts.values()), default=0)
    return [
        _class_count(label_class, *counts.get(label_class.pk, (0, 0, 0)), most=most)
        for label_class in LabelClass.objects.filter(project=project).active()
    ]


def _class_count(
    label_class: LabelClass, n: int, n_measuring: int, n_known: int, *, most: int
) -> ClassCount:
    share = (n + n_known) / most if most else 0.0
    return ClassCount(label_class, n, n_measuring, share=share, n_known=n_known)


def _labels(project: Project) -> Any:
    """Label events of people that stand: not undone."""
    return AnnotationEvent.objects.filter(
        project=project,
        kind=AnnotationEvent.Kind.LABEL,
        annotator__isnull=False,
        undone_by__isnull=True,
    )


def labels_per_day(project: Project, *, now: datetime, n_days: int = 14) -> list[DayCount]:
    """The last `n_days` days up to today in the project's time zone, empty days included."""
    zone = ZoneInfo(project.time_zone)
    today = now.astimezone(zone).date()
    first = today - timedelta(days=n_days - 1)
    counts = dict(
        _labels(project)
        .annotate(day=TruncDate("created_at", tzinfo=zone))
        .filter(day__gte=first)
        .values_list("day")
        .annotate(n=Count("id"))
    )
    days: Sequence[date] = [first + timedelta(days=k) for k in range(n_days)]
    return [DayCount(day, counts.get(day, 0)) for day in days]


def pace(project: Project) -> Pace:
    """How long a label takes: the median, since a coffee break must not count."""
    row = _labels(project).aggregate(
        median=Median("duration_ms"), n=Count("id", filter=Q(duration_ms__isnull=False))
    )
    return Pace(_seconds(row["median"]), row["n"])


def people(project: Project) -> list[PersonCount]:
    """Everybody who labelled, the busiest first."""
    rows = (
        _labels(project)
        .values("annotator__username")
        .annotate(n=Count("id"), median=Median("duration_ms"), last=Max("created_at"))
        .order_by("-n", "annotator__username")
    )
    return [
        PersonCount(row["annotator__username"], row["n"], _seconds(row["median"]), row["last"])
        for row in rows
    ]


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
