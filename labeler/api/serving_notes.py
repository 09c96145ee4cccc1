"""What is remembered of an answered request, for `labeler.traffic` to count and to keep."""

import random
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone

from labeler.traffic import Asked
from learners.services.chaining import Answered
from projects.models import ApiToken, Project
from projects.models.traffic import Origin
from projects.services.traffic.keeping import Served, labels_of

_chance = random.SystemRandom()


def note(asked: Asked, token: ApiToken, texts: list[str], told: list[dict[str, Any]]) -> None:
    """Fill in what `told` answers; a prediction that will be kept gets an `id` there."""
    _fill(asked, token.project, token.name, texts, told)


def noting_what_led_on(asked: Asked) -> Callable[[Answered], None]:
    """Notes the same of texts that went on to other projects: each as its own project keeps them."""

    def note_one(one: Answered) -> None:
        other = Asked(one.target.pk, one.version.number, origin=Origin.ROUTE)
        _fill(other, one.target, one.source.name, one.texts, one.told)
        asked.led_on.append(other)

    return note_one


def _fill(
    asked: Asked,
    project: Project,
    token_name: str,
    texts: Sequence[str],
    told: Sequence[dict[str, Any]],
) -> None:
    asked.n_texts = len(told)
    asked.n_deferred = sum(bool(one.get("deferred")) for one in told)
    asked.labels = [label for one in told for label in labels_of(one)]
    if not project.traffic_kept or not texts:
        return
    asked.kept = [
        _served(asked, token_name, text, one)
        for text, one in zip(texts, told, strict=True)
        if _chance.random() < project.traffic_share
    ]


def _served(asked: Asked, token_name: str, text: str, told: dict[str, Any]) -> Served:
    found = uuid.uuid4()
    told["id"] = str(found)
    return Served.of(
        told,
        id=found,
        project_id=asked.project_id,
        version_number=asked.version_number,
        text=text,
        asked_at=timezone.now(),
        token_name=token_name,
        origin=asked.origin,
    )
