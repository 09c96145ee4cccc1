"""A project for programs: what it is, what it learns with, its classes, fits and curve."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import Field

from labeler.api.auth import project_of, token_of
from labeler.api.errors import ApiError
from labeler.api.shapes import PROBLEMS, Asked, Share
from learners.models import Fit
from learners.selectors.curve import Measure, curve, curve_marks
from learners.selectors.past_classes import past_classes
from learners.selectors.status import project_status
from projects.models import ModelVersion, Project
from projects.models.api import Scope
from projects.selectors.versions import live_version
from projects.services.project_settings import change_settings
from projects.services.refusals import Refused
from projects.views.learning import choices_of

router = Router(tags=["project"])
ProjectId = Annotated[int, Path(ge=1)]
MEASURES = ("accuracy", "macro_f1", "test_accuracy", "test_macro_f1", "micro_f1", "exact_match")


class Learning(Schema):
    """What the project learns with, under the names of its settings."""

    strategy: str
    head: str
    features: str
    label_names: bool
    strict_audit: bool
    batch_size: int
    audit_share: float


class LearningChange(Asked):
    """What is to differ; what is left out stays."""

    strategy: str | None = Field(None, max_length=200)
    head: str | None = Field(None, max_length=100)
    features: str | None = Field(None, max_length=100)
    label_names: bool | None = None
    strict_audit: bool | None = None
    batch_size: int | None = Field(None, ge=1, le=1000)
    audit_share: float | None = Field(None, ge=0, le=1)


class FitShape(Schema):
    """One attempt to train. `measures` are on texts reserved at random to measure, by name."""

    id: int
    status: Literal["running", "published", "failed"]
    started_at: datetime
    finished_at: datetime | None
    n_labels: int
    n_known: int
    strategy: str
    head: str
    features: str
    label_names: bool
    strict_audit: bool
    measures: dict[str, Share]
    unmeasured_because: str
    note: str
    error: str


class Counts(Schema):
    """Distinct texts: all, open to strategies, reserved to measure, labelled by people, with a label
    that came with the data.
    """

    texts: int
    pool: int
    audit: int
    labelled: int
    known: int


class LiveModel(Schema):
    """The version that predictions come from."""

    version: int
    rung: str
    digest: str


class PastClassShape(Schema):
    """A class that the live model still answers and that is no longer in use. `name`: as it answers;
    `into`: what the class is called now that took its labels, null where it was retired.
    """

    name: str
    into: str | None


class LiveModelNow(LiveModel):
    """`past_classes`: what it still answers though the project has it no more."""

    past_classes: list[PastClassShape]


class Notice(Schema):
    """What a reader must know. `level`: info, warning or error."""

    level: str
    text: str
    what_to_do: str


class ProjectShape(Schema):
    id: int
    name: str
    description: str
    input_kind: Literal["text", "table"]
    multilabel: bool
    time_zone: str
    counts: Counts
    learning: Learning
    newest_fit: FitShape | None
    live_model: LiveModelNow | None
    notices: list[Notice]


class ClassShape(Schema):
    id: int
    name: str
    description: str
    is_none: bool


class CurvePoint(Schema):
    """A published fit on the curve; `n_labels` counts texts labelled by people."""

    fit: int
    n_labels: int
    at: datetime
    strategy: str
    measures: dict[str, Share]
    unmeasured_because: str


class Mark(Schema):
    n_labels: float
    kind: str
    text: str
    at: datetime


class CurveShape(Schema):
    points: list[CurvePoint]
    marks: list[Mark]


class LearningShape(Schema):
    learning: Learning
    choices: dict[str, list[str]]


class ChangedShape(Schema):
    """`changed`: names of the settings that differ now."""

    learning: Learning
    changed: list[str]


@router.get("", response={200: ProjectShape, **PROBLEMS}, operation_id="project")
def project(request: HttpRequest, project_id: ProjectId) -> dict[str, Any]:
    """Settings, counts, the newest published fit and the live model."""
    found = project_of(request, project_id, Scope.READ)
    status = project_status(found, timezone.now())
    live = live_version(found.pk)
    return {
        **{
            name: getattr(found, name)
            for name in ("id", "name", "description", "input_kind", "multilabel", "time_zone")
        },
        "counts": {
            name: getattr(found, f"n_{name}")
            for name in ("texts", "pool", "audit", "labelled", "known")
        },
        "learning": _learning(found),
        "newest_fit": _fit(status.published_fit) if status.published_fit else None,
        "live_model": live and _live(live),
        "notices": [asdict(banner) for banner in status.banners],
    }


@router.get("/learning", response={200: LearningShape, **PROBLEMS}, operation_id="learning")
def learning(request: HttpRequest, project_id: ProjectId) -> dict[str, Any]:
    """What the project learns with, and what it can be set to."""
    found = project_of(request, project_id, Scope.READ)
    choices = {name: [key for key, _ in offered] for name, offered in choices_of(found).items()}
    return {"learning": _learning(found), "choices": choices}


@router.patch("/learning", response={200: ChangedShape, **PROBLEMS}, operation_id="change_learning")
def change_learning(
    request: HttpRequest, project_id: ProjectId, payload: LearningChange
) -> dict[str, Any]:
    """Change these settings and no others: all of them, or none. They count from the next fit on."""
    found = project_of(request, project_id, Scope.MANAGE)
    changes = payload.model_dump(exclude_unset=True)
    for name, value in changes.items():
        if value is None:
            raise ApiError(422, "null is no setting; leave the field out.", field=name)
    try:
        changed = change_settings(
            actor=token_of(request).created_by, project=found, changes=changes, now=timezone.now()
        )
    except Refused as refused:
        raise _with_choices(found, refused) from refused
    found.refresh_from_db()
    return {"learning": _learning(found), "changed": changed}


def _with_choices(project: Project, refused: Refused) -> ApiError:
    offered = choices_of(project).get(refused.field)
    allowed: dict[str, Any] = {"allowed": [name for name, _ in offered]} if offered else {}
    return ApiError(422, refused.message, field=refused.field, **allowed)


@router.get("/classes", response={200: list[ClassShape], **PROBLEMS}, operation_id="classes")
def classes(request: HttpRequest, project_id: ProjectId) -> list[dict[str, Any]]:
    """The classes that are offered to annotators, in their order."""
    found = project_of(request, project_id, Scope.READ)
    names = ClassShape.model_fields
    return [{name: getattr(row, name) for name in names} for row in found.label_classes.active()]


@router.get("/fits", response={200: list[FitShape], **PROBLEMS}, operation_id="fits")
def fits(
    request: HttpRequest,
    project_id: ProjectId,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> list[dict[str, Any]]:
    """Attempts to train, newest first, failed ones too; `before` is the id to go on from."""
    found = project_of(request, project_id, Scope.READ)
    rows = Fit.objects.filter(project=found).prefetch_related("scores").order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_fit(fit) for fit in rows[:limit]]


@router.get("/curve", response={200: CurveShape, **PROBLEMS}, operation_id="curve")
def learning_curve(request: HttpRequest, project_id: ProjectId) -> dict[str, Any]:
    """One point a published fit, oldest first, and what people decided between them."""
    found = project_of(request, project_id, Scope.READ)
    points = curve(found.pk)
    return {
        "points": [
            {
                "fit": point.fit_id,
                "n_labels": point.n_labels,
                "at": point.at,
                "strategy": point.strategy,
                "unmeasured_because": point.unmeasured_because,
                "measures": {
                    name: asdict(measure)
                    for name in MEASURES
                    if (measure := getattr(point, name, None) or getattr(point.sets, name, None))
                    and isinstance(measure, Measure)
                },
            }
            for point in points
        ],
        "marks": [asdict(mark) for mark in curve_marks(found, points)],
    }


def _live(live: ModelVersion) -> dict[str, Any]:
    past = [{"name": each.name, "into": each.into or None} for each in past_classes(live)]
    return {
        "version": live.number,
        "rung": live.rung,
        "digest": live.manifest_digest,
        "past_classes": past,
    }


def _learning(project: Project) -> dict[str, Any]:
    return {name: getattr(project, name) for name in Learning.model_fields}


def _fit(fit: Fit) -> dict[str, Any]:
    plain = (name for name in FitShape.model_fields if name not in {"measures", "n_labels"})
    return {
        **{name: getattr(fit, name) for name in plain},
        "n_labels": fit.n_labels - fit.n_known,
        "measures": {
            score.metric: {"value": score.value, "low": score.low, "high": score.high, "n": score.n}
            for score in fit.scores.all()
            if score.metric in MEASURES
        },
    }
