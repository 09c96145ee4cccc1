"""Two versions side by side on the audit answers that both were put to and neither learned from."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

from learners.engine.intervals import Interval, paired_difference
from learners.selectors.answers import ClassHistory
from learners.selectors.training import audit_answers
from learners.services.ladder_data import texts_of
from learners.services.model_predictions import Predictions, read_predictions
from projects.models import LabelClass, ModelVersion

SHOWN_TEXTS = 30


@dataclass(frozen=True)
class ClassRecall:
    """Of `n` texts of one class, how many each version recognises."""

    name: str
    n: int
    n_this: int
    n_other: int


@dataclass(frozen=True)
class Differing:
    """A text on which the versions differ: what a person said, and what each of them says."""

    example_id: int
    text: str
    truth: str
    this: str
    other: str
    this_is_right: bool
    other_is_right: bool


@dataclass(frozen=True)
class Comparison:
    """`difference`: accuracy of `this` less that of `other`, paired. `n_later`: random texts answered
    since one of them was measured, which are not among the `difference.n`.
    """

    this_right: int
    other_right: int
    difference: Interval
    recalls: list[ClassRecall]
    differing: list[Differing]
    n_differing: int
    n_later: int


def compare(
    this: ModelVersion, other: ModelVersion, *, shown: Container[int] = ()
) -> Comparison | None:
    """Compare on the answers that stand now; None where no text is shared.

    Versions of ladders never learned from an audit answer, so that all of them may be used. What they
    said goes through the merges of classes as the answers did: who said a class that was merged since
    said the class that took its labels.

    Args:
        shown: ids of the random texts that the reader may see beside a guess (`projects.services.shown`):
            `differing` holds those alone.

    Raises:
        ModelFilesGone: what one of them said is gone from the storage.
    """
    truth = audit_answers(this.project_id)
    history = ClassHistory.read(this.project_id)
    first, second = _said(this, history), _said(other, history)
    shared = sorted(truth.keys() & first.keys() & second.keys())
    if not shared:
        return None
    y = np.array([truth[pk] for pk in shared])
    a, b = np.array([first[pk] for pk in shared]), np.array([second[pk] for pk in shared])
    gained, lost = int(np.sum((a == y) & (b != y))), int(np.sum((a != y) & (b == y)))
    names = dict(LabelClass.objects.filter(project_id=this.project_id).values_list("pk", "name"))
    return Comparison(
        this_right=int(np.sum(a == y)),
        other_right=int(np.sum(b == y)),
        difference=paired_difference(gained, lost, len(shared)),
        recalls=[
            ClassRecall(
                name=names.get(class_id, str(class_id)),
                n=int(np.sum(y == class_id)),
                n_this=int(np.sum((y == class_id) & (a == y))),
                n_other=int(np.sum((y == class_id) & (b == y))),
            )
            for class_id in np.unique(y).tolist()
        ],
        differing=_differing([pk for pk in shared if pk in shown], truth, first, second, names),
        n_differing=int(np.sum(a != b)),
        n_later=len(truth) - len(shared),
    )


def _said(version: ModelVersion, history: ClassHistory) -> dict[int, int]:
    if not version.predictions_file:
        return {}
    found: Predictions = read_predictions(version.predictions_file)
    said = history.as_now(found.said)
    return dict(zip(found.example_ids.tolist(), said.tolist(), strict=True))


def _differing(
    shared: Sequence[int],
    truth: dict[int, int],
    first: dict[int, int],
    second: dict[int, int],
    names: dict[int, str],
) -> list[Differing]:
    """What would get worse first, then what would get better, then where both are wrong."""
    ids = [pk for pk in shared if first[pk] != second[pk]]
    ids.sort(key=lambda pk: (second[pk] != truth[pk], first[pk] != truth[pk], pk))
    texts = texts_of(ids[:SHOWN_TEXTS])
    return [
        Differing(
            example_id=pk,
            text=texts.get(pk, ""),
            truth=names.get(truth[pk], "–"),
            this=names.get(first[pk], "–"),
            other=names.get(second[pk], "–"),
            this_is_right=first[pk] == truth[pk],
            other_is_right=second[pk] == truth[pk],
        )
        for pk in ids[:SHOWN_TEXTS]
    ]
