"""What is remembered of an answered request, for `labeler.traffic` to count and to keep."""

import random
import uuid
from typing import Any

from django.utils import timezone

from labeler.traffic import Asked
from projects.models import ApiToken
from projects.services.traffic.keeping import Served

_chance = random.SystemRandom()


def note(asked: Asked, token: ApiToken, texts: list[str], told: list[dict[str, Any]]) -> None:
    """Fill in what `told` answers; a prediction that will be kept gets an `id` there."""
    asked.n_texts = len(told)
    asked.n_deferred = sum(bool(one.get("deferred")) for one in told)
    asked.labels = [label for one in told for label in labels_of(one)]
    project = token.project
    if not project.traffic_kept or not texts:
        return
    kept = [
        _served(asked, token, text, one)
        for text, one in zip(texts, told, strict=True)
        if _chance.random() < project.traffic_share
    ]
    asked.kept = kept


def labels_of(one: dict[str, Any]) -> list[str]:
    """The classes that a prediction names, one or any number."""
    if "labels" in one:
        return list(one["labels"])
    return [one["label"]] if one.get("label") is not None else []


def _served(asked: Asked, token: ApiToken, text: str, one: dict[str, Any]) -> Served:
    found = uuid.uuid4()
    one["id"] = str(found)
    return Served(
        id=found,
        project_id=asked.project_id,
        version_number=asked.version_number,
        text=text,
        labels=labels_of(one),
        probability=one.get("probability"),
        probabilities=one["probabilities"],
        deferred=bool(one.get("deferred")),
        asked_at=timezone.now(),
        token_name=token.name,
    )
