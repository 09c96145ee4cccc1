"""What a model of the ladder rests on: the words of its classes, and the random texts that tell most."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from learners.engine.class_words import WORDS
from learners.models import Rung
from learners.selectors.answers import ClassHistory
from learners.selectors.parts import first_set
from learners.selectors.training import TrainingSet, training_set
from learners.services.ladder_data import texts_of
from learners.services.model_files import ModelFilesGone
from learners.services.model_predictions import Predictions, read_predictions
from learners.services.neighbours import nearest_of
from projects.models import Example, LabelClass, ModelVersion, Project, User
from projects.services.shown import closed_for

SHOWN = 10
Model = Rung | ModelVersion


@dataclass(frozen=True)
class Near:
    """A labelled text near by: its class, and its cosine in [-1, 1]."""

    text: str
    label: LabelClass | None
    cosine: float


@dataclass(frozen=True)
class ToldText:
    """A random text with the class that people gave, the model's, and how sure that was.

    `near`: None where the text has no vector.
    """

    text: str
    truth: LabelClass | None
    said: LabelClass | None
    probability: float
    near: list[Near] | None = field(default_factory=list)


@dataclass(frozen=True)
class ToldTexts:
    """`n`: random texts that could be among them; `n_wrong` of those are wrong."""

    surest: list[ToldText]
    most_wrong: list[ToldText]
    n: int
    n_wrong: int


def words_of(model: Model) -> dict[str, Any] | None:
    """`words.json` of a model; None where it is no sum over words.

    Raises:
        ModelFilesGone: it should be there and is not, or is not what was stored.
    """
    if WORDS not in model.files:
        return None
    gone = ModelFilesGone(
        "The words of this model are gone from the storage. Train the ladder again."
    )
    try:
        with default_storage.open(f"{model.folder}/{WORDS}") as stored:
            content = stored.read()
    except FileNotFoundError:
        raise gone from None
    if hashlib.sha256(content).hexdigest() != model.files[WORDS]:
        raise gone
    found: dict[str, Any] = json.loads(content)
    return found


def seen_ids(project: Project, user: User) -> NDArray[np.int64]:
    """Random texts that are closed to the user, who may see what models say of them."""
    rows = Example.objects.filter(closed_for(user, project.pk), project=project)
    return np.fromiter(rows.values_list("pk", flat=True), np.int64)


def told_texts(model: Model, project: Project, user: User) -> ToldTexts:
    """Of the random texts that the user may see, and whose answers stand and are not stale: those the
    model is surest of and right, and those it is surest of and wrong.

    Raises:
        ModelFilesGone: what the model said of them is gone from the storage.
    """
    said = read_predictions(model.predictions_file)
    training = training_set(project.pk)
    ids = training.example_ids[training.measures]
    allowed = np.isin(said.example_ids, np.intersect1d(ids, seen_ids(project, user)))
    places = np.flatnonzero(allowed)
    truth = training.class_ids[np.searchsorted(training.example_ids, said.example_ids[places])]
    now_said = ClassHistory.read(project.pk).as_now(said.said[places])
    right = now_said == truth
    chosen = [_surest(said, places[right]), _surest(said, places[~right])]
    tell = _Teller(project, said, training)
    return ToldTexts(
        surest=[tell.text(place) for place in chosen[0]],
        most_wrong=[tell.text(place, with_near=True) for place in chosen[1]],
        n=len(places),
        n_wrong=int((~right).sum()),
    )


def _surest(said: Predictions, places: NDArray[np.intp]) -> list[int]:
    sure = said.probabilities[places].max(axis=1, initial=0)
    order: list[int] = places[np.argsort(-sure, kind="stable")][:SHOWN].tolist()
    return order


class _Teller:
    """Puts rows of predictions into words."""

    def __init__(self, project: Project, said: Predictions, training: TrainingSet) -> None:
        self.said, self.source = said, first_set(project)
        self.classes = {row.pk: row for row in project.label_classes.all()}
        self.labels = dict(
            zip(training.example_ids.tolist(), training.class_ids.tolist(), strict=True)
        )
        self.known = training.example_ids[~training.is_audit]

    def text(self, place: int, *, with_near: bool = False) -> ToldText:
        """The text of one row; `with_near`: beside its nearest labelled texts of the pool."""
        pk = int(self.said.example_ids[place])
        return ToldText(
            text=texts_of([pk]).get(pk, ""),
            truth=self.classes.get(self.labels[pk]),
            said=self.classes.get(int(self.said.said[place])),
            probability=float(self.said.probabilities[place].max()),
            near=self._near(pk) if with_near else [],
        )

    def _near(self, pk: int) -> list[Near] | None:
        found = nearest_of(self.source, pk, self.known)
        if found is None:
            return None
        texts = texts_of([near for near, _ in found])
        return [
            Near(texts.get(near, ""), self.classes.get(self.labels[near]), cosine)
            for near, cosine in found
        ]
