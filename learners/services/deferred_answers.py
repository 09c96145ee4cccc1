"""Predictions as they are told: which texts a version leaves to others, and what those say of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learners.services.model_files import ModelFilesGone
from learners.services.serving import CannotPredict, Predicted
from projects.models import ModelVersion
from projects.services.deferral import PERSON, VERSION, deferral_of

Told = dict[str, Any]
Predict = Callable[[ModelVersion, Sequence[int]], Predicted]


@dataclass(frozen=True)
class Said:
    """What is told of a text, and the class that was said; None where there are several or none."""

    told: Told
    class_id: int | None


AskTeacher = Callable[[Sequence[int]], Mapping[int, Said]]


@dataclass(frozen=True)
class Others:
    """Who may be asked about texts, given by their places: another version, the outside teacher.

    `teacher`: None where it is not asked here.
    """

    version: Predict
    teacher: AskTeacher | None = None


def answers(version: ModelVersion, predicted: Predicted, others: Others) -> list[Said]:
    """What is answered of each text. Where the version leaves texts to others, each has `deferred`; one
    that another model answered says so in `answered_by`, and in `unsure` what the version thought; one
    that nobody could answer says `why`.

    Raises:
        ModelsAway: the models process does not answer for the other version.
    """
    found = [_said(predicted, place) for place in range(len(predicted.probabilities))]
    rule = deferral_of(version)
    if rule is None or predicted.thresholds is not None:
        return found
    for one, shares in zip(found, predicted.probabilities, strict=True):
        one.told["deferred"] = max(shares) < rule.threshold  # not what is told, which is rounded
    places = [place for place, one in enumerate(found) if one.told["deferred"]]
    if not places or rule.to == PERSON:
        return found
    if rule.to == VERSION:
        better = _of_version(version, rule.version, places, others.version)
    elif others.teacher is None:
        better = nobody(places, "The outside teacher is not asked here; a person decides.")
    else:
        better = others.teacher(places)
    for place, said in better.items():
        found[place] = _over(found[place], said)
    return found


def nobody(places: Sequence[int], why: str) -> dict[int, Said]:
    """Nobody answers these, and why."""
    return {place: Said({"why": why}, None) for place in places}


def is_left_to_people(told: Told) -> bool:
    """Whether a person has yet to decide."""
    return bool(told.get("deferred")) and not told.get("answered_by")


def _said(predicted: Predicted, row: int) -> Said:
    told = predicted.told(row)
    if predicted.thresholds is not None:
        return Said(told, None)
    return Said(told, predicted.class_ids[predicted.class_names.index(told["label"])])


def _over(first: Said, said: Said) -> Said:
    """The other's answer, with what the version itself thought."""
    if not said.told.get("answered_by"):
        return Said(first.told | said.told, first.class_id)
    unsure = {name: first.told[name] for name in ("label", "probability")}
    return Said({**said.told, "deferred": True, "unsure": unsure}, said.class_id)


def _of_version(
    version: ModelVersion, number: int | None, places: Sequence[int], predict: Predict
) -> Mapping[int, Said]:
    other = ModelVersion.objects.filter(project_id=version.project_id, number=number or 0).first()
    if other is None:
        return nobody(places, f"Version {number} is gone; a person decides.")
    try:
        predicted = predict(other, places)
    except (CannotPredict, ModelFilesGone) as error:
        return nobody(places, f"Version {number} cannot answer; a person decides. {error}")
    by = {"version": other.number, "rung": other.rung}
    found = {place: _said(predicted, row) for row, place in enumerate(places)}
    return {
        place: Said({**said.told, "answered_by": by}, said.class_id)
        for place, said in found.items()
    }
