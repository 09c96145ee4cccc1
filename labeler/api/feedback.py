"""Corrections of predictions, for programs that show them to people."""

import secrets
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from labeler.api.auth import project_of, token_of
from labeler.api.errors import ApiError
from labeler.api.projects import ProjectId
from labeler.api.shapes import PROBLEMS, Asked
from labeler.sending import send
from projects.models import Feedback, Project
from projects.models.api import Scope
from projects.selectors.versions import live_version
from projects.services.incoming import ImportRuns
from projects.services.traffic.feedback import IdReused, Received, Said, UnknownPrediction, receive

router = Router(tags=["predictions"])
Name = Annotated[str, Field(min_length=1, max_length=200)]


class FeedbackAsked(Asked):
    """About a kept prediction by its `prediction_id`, or about a `text`; with what is right, or with
    whether people kept what the model said. `client_id` is yours: the same one counts once.
    """

    client_id: Annotated[UUID, Field(strict=False)]
    prediction_id: Annotated[UUID, Field(strict=False)] | None = None
    text: str | None = None
    label: Name | None = None
    labels: list[Name] | None = Field(None, max_length=500)
    accepted: bool | None = None


class FeedbackShape(Schema):
    """What became of it. `accepted`: whether the model's answer was kept, null where nobody can tell."""

    client_id: UUID
    outcome: Literal["labelled", "counted", "person_stands", "reserved"]
    said: str
    labels: list[str]
    accepted: bool | None
    version: int | None
    repeated: bool


@router.post("/feedback", response={200: FeedbackShape, **PROBLEMS}, operation_id="feedback")
def feedback(request: HttpRequest, project_id: ProjectId, payload: FeedbackAsked) -> dict[str, Any]:
    """Send a correction back. It trains the next model, and never measures one."""
    project = project_of(request, project_id, Scope.FEEDBACK)
    said = _said(project, payload)
    live = live_version(project.pk)
    try:
        with transaction.atomic():
            received = receive(
                project=project,
                said=said,
                token_name=token_of(request).name,
                live_number=live.number if live else None,
                rank=secrets.randbits(63),
                now=timezone.now(),
            )
            if received.row.outcome == Feedback.Outcome.LABELLED and not received.is_resend:
                transaction.on_commit(lambda: send("learners.start_due_work") and None)
    except UnknownPrediction as error:
        message = (
            "No such prediction is kept. One that was just made is there within seconds; with"
            " “text” in place of its id, feedback can be given at any time."
        )
        raise ApiError(404, message, code="unknown_prediction", field="prediction_id") from error
    except ImportRuns as error:
        message = "A file is being imported, so no new text is taken; try again in a moment."
        headers = {"Retry-After": "15"}
        raise ApiError(503, message, code="import_runs", headers=headers) from error
    except IdReused as error:
        message = "This client_id came with other feedback before; take a new UUID."
        raise ApiError(409, message, code="key_reused", field="client_id") from error
    return _shape(project, received)


def _said(project: Project, asked: FeedbackAsked) -> Said:
    if asked.text is not None:
        _check_text(asked.text)
    if asked.label is not None and asked.labels is not None:
        raise ApiError(422, "Send label or labels, not both.", field="labels")
    if asked.labels is not None and not project.multilabel:
        raise ApiError(422, "A text has exactly one class here: send label.", field="labels")
    return Said(
        client_id=asked.client_id,
        prediction_id=asked.prediction_id,
        text=asked.text,
        labels=[asked.label] if asked.label is not None else asked.labels,
        accepted=asked.accepted,
    )


def _check_text(text: str) -> None:
    most = settings.LABELER_API_MAX_TEXT_CHARS
    if not text.strip():
        raise ApiError(422, "There is no text in it.", field="text")
    if len(text) > most:
        raise ApiError(422, f"{len(text):,} characters; allowed: {most:,}.", field="text")


def _shape(project: Project, received: Received) -> dict[str, Any]:
    row = received.row
    names = dict(project.label_classes.values_list("pk", "name"))
    return {
        "client_id": row.client_id,
        "outcome": str(row.outcome),
        "said": Feedback.Outcome(row.outcome).label,
        "labels": [names[pk] for pk in row.labels if pk in names],
        "accepted": row.accepted,
        "version": row.version_number,
        "repeated": received.is_resend,
    }
