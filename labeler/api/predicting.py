"""Predictions of a project's live model, one text or many."""

import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router, Schema
from pydantic import Field, model_validator

from labeler.api import shapes
from labeler.api.auth import TokenAuth, project_of, token_of
from labeler.api.deferring import (
    answers_to_rows,
    answers_to_texts,
    check_may_defer,
    send_to_people,
)
from labeler.api.errors import ApiError
from labeler.api.explaining import WordShape, check_explainable, explained
from labeler.api.model_troubles import model_troubles
from labeler.api.projects import LiveModel, ProjectId
from labeler.api.serving_notes import note, noting_what_led_on
from labeler.api.shapes import PROBLEMS
from labeler.traffic import ASKED, Asked
from learners.services.chaining import Note, follow
from learners.services.deferred_answers import Said
from learners.services.serving import CannotPredict, predict_rows, predict_texts
from projects.models import ModelVersion, Project
from projects.models.api import Scope
from projects.selectors.remembered import remembered_live_version, remembered_targets

router = Router(tags=["predictions"])
Cell = Annotated[str, Field(max_length=10_000)] | int | float | bool | None
Row = Annotated[dict[Annotated[str, Field(max_length=200)], Cell], Field(max_length=2_000)]
KINDS = ("text", "texts", "row", "rows")


class PredictAsked(shapes.Asked):
    """One of these: a text or several; of a project about tables, a row or several, cells by column.

    `defer`: whether texts that nobody could answer are kept for people to label; without it, as the
    lead has set it. `explain`: whether the words of each text are told, of 32 texts at most, where the
    live model is a sum over words.
    """

    text: str | None = None
    texts: list[str] | None = None
    row: Row | None = None
    rows: list[Row] | None = None
    defer: bool | None = None
    explain: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        said = [name for name in KINDS if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(f"Send one of {', '.join(KINDS)}; found: {', '.join(said) or 'none'}")
        return self

    @property
    def text_list(self) -> list[str]:
        """The texts that were sent; none where rows were."""
        return [self.text] if self.text is not None else self.texts or []


class Prediction(Schema):
    """Of one text: `label` and its `probability`; where a text has any number of classes, `labels`.

    `id`: only where the prediction is kept; what feedback may name. `deferred`: the model is not sure
    enough, where it has a threshold; then `answered_by` names who answered instead (`unsure` is what
    the model thought itself), or `why` says why nobody did, and `queued` what became of it in the
    labelling queue: added, known, answered, over_limit or busy. `then`: where the class leads into another
    project, that project and the prediction of its live model (with an `id` where that project keeps
    it), or `why` there is none. `words` and
    `bias`: where they were asked for; they sum to the live model's logits, which say what `probabilities` do: of one class each
    relative to the mean of all classes.
    """

    label: str | None = None
    probability: float | None = None
    labels: list[str] | None = None
    probabilities: dict[str, float]
    id: str | None = None
    deferred: bool | None = None
    answered_by: dict[str, str | int] | None = None
    unsure: dict[str, str | float] | None = None
    why: str | None = None
    queued: Literal["added", "known", "answered", "over_limit", "busy"] | None = None
    then: dict[str, Any] | None = None
    words: list[WordShape] | None = None
    bias: dict[str, float] | None = None


class PredictShape(Schema):
    """Predictions in the order in which the texts were sent."""

    model: LiveModel
    predictions: list[Prediction]


@router.post(
    "/predict",
    response={200: PredictShape, **PROBLEMS},
    operation_id="predict",
    auth=TokenAuth(often=True),
)
def predict(request: HttpRequest, project_id: ProjectId, payload: PredictAsked) -> HttpResponse:
    """Classify with the live model."""
    project = project_of(request, project_id, Scope.PREDICT)
    version = require_live(project)
    asked = Asked(project.pk, version.number)
    setattr(request, ASKED, asked)
    if payload.defer:
        check_may_defer(request, version, has_texts=bool(payload.text_list))
    if payload.explain:
        check_explainable(len(payload.text_list))
    found = _asked_model(project, version, payload, noting_what_led_on(asked))
    keeps = project.defer_to_queue if payload.defer is None else payload.defer
    if keeps and payload.text_list:
        send_to_people(request, version, payload.text_list, found)
    told = [one.told for one in found]
    note(asked, token_of(request), payload.text_list, told)
    if payload.explain:
        reasons = explained(version, payload.text_list)
        told = [{**one, **reason} for one, reason in zip(told, reasons, strict=True)]
    model = {"version": version.number, "rung": version.rung, "digest": version.manifest_digest}
    return JsonResponse({"model": model, "predictions": told})


def require_live(project: Project) -> ModelVersion:
    """The version that predicts. Raises ApiError 409 where none is live."""
    seconds = settings.LABELER_REMEMBER_SECONDS
    version = remembered_live_version(project.pk, clock=time.monotonic, seconds=seconds)
    if version is None:
        message = (
            "This project has no live model. Train models and promote one on its page “Models”."
        )
        raise ApiError(409, message, code="no_live_model")
    return version


def _targets_of(project_id: int) -> Mapping[int, Project]:
    seconds = settings.LABELER_REMEMBER_SECONDS
    return remembered_targets(project_id, clock=time.monotonic, seconds=seconds)


def _asked_model(
    project: Project, version: ModelVersion, asked: PredictAsked, note_led_on: Note
) -> list[Said]:
    with model_troubles(slow="The model did not answer in time; send fewer, or a file."):
        try:
            return _answers(project, version, asked, note_led_on)
        except CannotPredict as error:
            if error.kind != "BadTable":
                raise
            raise ApiError(422, str(error), field=_kind(asked)) from error


def _answers(
    project: Project, version: ModelVersion, asked: PredictAsked, note_led_on: Note
) -> list[Said]:
    if asked.text is None and asked.texts is None:
        rows = _rows(asked)
        return answers_to_rows(version, predict_rows(version, rows), rows)
    texts = _texts(asked)
    found = answers_to_texts(version, predict_texts(version, texts), texts)
    follow(
        project=project,
        texts=texts,
        found=found,
        predict=predict_texts,
        targets_of=_targets_of,
        note=note_led_on,
    )
    return found


def _kind(asked: PredictAsked) -> str:
    return next(name for name in KINDS if getattr(asked, name) is not None)


def _texts(asked: PredictAsked) -> list[str]:
    if asked.text is not None:
        _check_text("text", asked.text)
        return [asked.text]
    texts = asked.texts or []
    _check_number("texts", len(texts))
    for place, text in enumerate(texts):
        _check_text(f"texts.{place}", text)
    return texts


def _rows(asked: PredictAsked) -> list[dict[str, str]]:
    rows = [asked.row] if asked.row is not None else asked.rows or []
    _check_number("rows", len(rows))
    return [{name: _cell(cell) for name, cell in row.items()} for row in rows]


def _cell(cell: Any) -> str:
    """As the file readers spell a value: null is a missing one."""
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _check_number(field: str, found: int) -> None:
    most = settings.LABELER_API_MAX_TEXTS
    if not 1 <= found <= most:
        message = f"{found:,} of them; allowed: 1 to {most:,} a request. A file may have more."
        raise ApiError(422, message, field=field)


def _check_text(field: str, text: str) -> None:
    most = settings.LABELER_API_MAX_TEXT_CHARS
    if not text.strip():
        raise ApiError(422, "There is no text in it.", field=field)
    if len(text) > most:
        raise ApiError(422, f"{len(text):,} characters; allowed: {most:,} a text.", field=field)
