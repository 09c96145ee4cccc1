"""The learning curve: one point a published fit, and what happened between the points."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import pairwise

from django.conf import settings
from django.db.models import F, Prefetch, Q

from learners.models import Fit, Score
from projects.models import Project, ProjectEvent

MARKED_KINDS = (
    ProjectEvent.Kind.CLASS_ADDED,
    ProjectEvent.Kind.CLASS_MERGED,
    ProjectEvent.Kind.CLASS_RETIRED,
    ProjectEvent.Kind.STRATEGY_CHANGED,
)
MARKED_SETTINGS = ("head", "features", "label_names", "strict_audit")


@dataclass(frozen=True)
class Measure:
    """A share in [0, 1] with its 95 % interval, measured on `n` texts."""

    value: float
    low: float
    high: float
    n: int

    @property
    def n_right(self) -> int:
        """How many of the `n` texts an accuracy counts as right."""
        return round(self.value * self.n)


@dataclass(frozen=True)
class SetPoint:
    """How good the sets of a fit are, where a text has any number of classes.

    `exact_match`: the share of texts whose whole set is right; the micro measures are over all
    classes of all texts together.
    """

    micro_f1: Measure | None = None
    micro_recall: Measure | None = None
    micro_precision: Measure | None = None
    exact_match: Measure | None = None
    test_micro_f1: Measure | None = None
    test_exact_match: Measure | None = None


@dataclass(frozen=True)
class CurvePoint:
    """One published fit. `n_labels` counts texts labelled by people, `n_known` those that came labelled.

    `unmeasured_because`: a clause that says why there is no accuracy, "" where there is one.
    `sets`: where a text has any number of classes; then there is no accuracy.
    `newest_here`: no later fit saw the same number of labels; only such points are joined by a line.
    """

    fit_id: int
    upto_seq: int
    n_labels: int
    n_known: int
    n_skipped: int
    strategy: str
    seconds: float | None
    at: datetime
    accuracy: Measure | None
    macro_f1: Measure | None
    test_accuracy: Measure | None
    test_macro_f1: Measure | None
    note: str
    unmeasured_because: str
    newest_here: bool
    sets: "SetPoint | None" = None

    @property
    def main(self) -> Measure | None:
        """What the curve and the lists show: accuracy, or where a text has any number of classes
        micro-F1.
        """
        return self.sets.micro_f1 if self.sets else self.accuracy

    @property
    def right(self) -> Measure | None:
        """The share of examples that are right as a whole: what a confirmation promises."""
        return self.sets.exact_match if self.sets else self.accuracy


@dataclass(frozen=True)
class CurveMark:
    """Something people decided that changes what the curve means; `n_labels` is where on the axis."""

    n_labels: float
    kind: str
    text: str
    at: datetime


def strategy_label(name: str) -> str:
    """What a page calls a strategy: the built-in ones by their label, a user's own by its path."""
    return settings.LABELER_STRATEGY_LABELS.get(name, name)


def head_label(name: str) -> str:
    """What a page calls a classifier."""
    return settings.LABELER_HEAD_LABELS.get(name, name)


def features_label(name: str) -> str:
    """What a page calls the features."""
    return settings.LABELER_FEATURES_LABELS.get(name, name)


def curve(project_id: int) -> list[CurvePoint]:
    """The project's published fits, oldest first. Two queries, whatever their number."""
    fits = list(
        Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED)
        .prefetch_related(Prefetch("scores", queryset=Score.objects.order_by("metric")))
        .order_by("id")
    )
    newest = {fit.n_labels - fit.n_known: fit.pk for fit in fits}
    return [_point(fit, newest=newest[fit.n_labels - fit.n_known] == fit.pk) for fit in fits]


def _point(fit: Fit, *, newest: bool) -> CurvePoint:
    measures = {
        score.metric: Measure(score.value, score.low, score.high, score.n)
        for score in fit.scores.all()
    }
    return CurvePoint(
        fit_id=fit.pk,
        upto_seq=fit.upto_seq,
        n_labels=fit.n_labels - fit.n_known,
        n_known=fit.n_known,
        n_skipped=fit.n_audit_skipped,
        strategy=strategy_label(fit.strategy),
        seconds=_total_seconds(fit),
        at=fit.finished_at or fit.started_at,
        accuracy=measures.get("accuracy"),
        macro_f1=measures.get("macro_f1"),
        test_accuracy=measures.get("test_accuracy"),
        test_macro_f1=measures.get("test_macro_f1"),
        note=fit.note,
        unmeasured_because=fit.unmeasured_because,
        newest_here=newest,
        sets=_set_point(fit, measures),
    )


def _set_point(fit: Fit, measures: dict[str, Measure]) -> SetPoint | None:
    if fit.head not in settings.LABELER_MULTILABEL_HEADS:
        return None
    return SetPoint(**{field.name: measures.get(field.name) for field in fields(SetPoint)})


def _total_seconds(fit: Fit) -> float | None:
    if fit.fit_seconds is None:
        return None
    return fit.fit_seconds + (fit.score_seconds or 0.0)


def curve_marks(project: Project, points: Sequence[CurvePoint]) -> list[CurveMark]:
    """Classes added, merged or retired and what learns changed since the first point, oldest first.

    An event lies between two fits by its `seq`; its place on the axis is interpolated there,
    since most events of a project are labels.
    """
    if not points:
        return []
    marked = Q(kind__in=MARKED_KINDS) | Q(
        kind=ProjectEvent.Kind.SETTINGS_CHANGED, payload__setting__in=MARKED_SETTINGS
    )
    events = ProjectEvent.objects.filter(
        marked, project=project, seq__gt=points[0].upto_seq
    ).order_by("seq")
    places = [
        *((point.upto_seq, point.n_labels) for point in points),
        (project.seq, max(project.n_labelled, points[-1].n_labels)),
    ]
    return [
        CurveMark(_place(event.seq, places), event.kind, mark_text(event), event.created_at)
        for event in events
    ]


def _place(seq: int, places: Sequence[tuple[int, int]]) -> float:
    for (seq_before, n_before), (seq_after, n_after) in pairwise(places):
        if seq_before < seq <= seq_after:
            share = (seq - seq_before) / (seq_after - seq_before)
            return n_before + share * (n_after - n_before)
    return float(places[-1][1])


def mark_text(event: ProjectEvent) -> str:
    """One decision in words, from its payload."""
    payload = event.payload
    name = payload.get("name", "a class")
    match event.kind:
        case ProjectEvent.Kind.CLASS_ADDED:
            return f"“{name}” was added"
        case ProjectEvent.Kind.CLASS_RETIRED:
            return f"“{name}” was retired"
        case ProjectEvent.Kind.CLASS_MERGED:
            return f"“{name}” was merged into “{payload.get('into_name', 'another class')}”"
        case ProjectEvent.Kind.STRATEGY_CHANGED:
            return f"strategy changed to {strategy_label(str(payload.get('new', 'another')))}"
        case ProjectEvent.Kind.SETTINGS_CHANGED:
            return _setting_text(str(payload.get("setting", "")), payload.get("new"))
    return event.get_kind_display()


def _setting_text(setting: str, new: object) -> str:
    match setting:
        case "head":
            return f"classifier changed to {head_label(str(new))}"
        case "features":
            return f"features changed to {features_label(str(new))}"
        case "label_names":
            return f"names of the classes {'train' if new else 'no longer train'}"
        case "strict_audit":
            return f"answers to random texts {'no longer train' if new else 'train too'}"
    return "settings changed"


def attempts(project_id: int, *, limit: int | None = None) -> list[Fit]:
    """Every attempt to fit, failed and running ones included, newest first."""
    fits = Fit.objects.filter(project_id=project_id).order_by(F("id").desc())
    return list(fits[:limit] if limit else fits)
