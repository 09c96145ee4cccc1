"""What a rung of the ladder is, what it is trained on, and what it may use. Imports no torch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.errors import BadTrainingData, OneClassOnly, TrainingCancelled

TEXT, TABLE = "text", "table"
Files = Mapping[str, bytes]
"""The files of a model by name, as `runtime.load_runtime` reads them."""
RULES = "rules.json"
"""Beside a model that people can read; nothing is run from it."""


@dataclass(frozen=True)
class OwnRecipe:
    """What a project learns with: names of `FEATURES` and of `HEADS`."""

    features: str
    head: str


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Labelled examples, and texts without a label. None of them may be a text that measures.

    Attributes:
        texts: (n,); rows of a table as their text, one line a column.
        y: int64 (n,), class ids.
        soft: float32 (n, k), how likely each class is of each text, rows sum to 1, columns as in
            `class_ids`; None where `y` is all there is. Linear rungs train on it in place of `y`.
        weights: (n,), above 0, what each text counts; None for 1 each.
        names: pairs of a text and a class id that it belongs to: what the classes are called. Each is
            a training example of linear rungs.
        pool_texts: without labels: what a self-trained head believes and a teacher tells of.
        class_names: what to call each class id; ids without one are called by their number.
        class_ids: (k,), the columns of `soft`; the classes in `y`, ascending, unless told. Those that
            only `names` tell of must be told here to be learned.
        columns: of a table, pairs of a name and "numeric" or "categorical", as in the rows.
        recipe: what the project's own fits learn with; only the rungs of that recipe look at it.

    Raises:
        BadTrainingData: shapes that do not agree, or numbers that cannot be.
    """

    texts: Sequence[str]
    y: NDArray[np.int64]
    soft: NDArray[np.float32] | None = None
    weights: NDArray[Any] | None = None
    names: Sequence[tuple[str, int]] = ()
    pool_texts: Sequence[str] = ()
    class_names: Mapping[int, str] = field(default_factory=dict)
    class_ids: Sequence[int] = ()
    columns: Sequence[tuple[str, str]] = ()
    recipe: OwnRecipe | None = None

    def __post_init__(self) -> None:
        n, k = len(self.texts), len(self.classes)
        if np.shape(self.y) != (n,):
            raise BadTrainingData(f"{n} texts have labels of shape {np.shape(self.y)}")
        if self.soft is not None and np.shape(self.soft) != (n, k):
            raise BadTrainingData(f"soft labels are {np.shape(self.soft)}; needed: {(n, k)}")
        if self.soft is not None and not _are_shares(self.soft):
            raise BadTrainingData("soft labels must be 0 or more, and those of a text sum to 1")
        if self.weights is not None and np.shape(self.weights) != (n,):
            raise BadTrainingData(f"{n} texts have weights of shape {np.shape(self.weights)}")
        if self.weights is not None and not np.all(np.asarray(self.weights) > 0):
            raise BadTrainingData("a weight is not above 0")
        unknown = set(np.unique(self.y).tolist()) - set(self.classes)
        if unknown:
            raise BadTrainingData(f"labels {sorted(unknown)} are not among {list(self.classes)}")

    @cached_property
    def classes(self) -> tuple[int, ...]:
        """`class_ids`, or the classes in `y`, ascending."""
        return tuple(self.class_ids) or tuple(int(each) for each in np.unique(self.y))

    @property
    def all_texts(self) -> list[str]:
        """Every text, each once: what TF-IDF, LSI and tables learn frequencies and ranges from. Those
        without a label alone would be fewer the more is labelled.
        """
        return list(dict.fromkeys([*self.texts, *self.pool_texts]))

    @property
    def targets(self) -> NDArray[np.float64]:
        """How likely each class is of each text, (n, k): `soft`, or a one for each label."""
        if self.soft is not None:
            return np.asarray(self.soft, np.float64)
        one_hot: NDArray[np.float64] = np.equal.outer(self.y, self.classes).astype(np.float64)
        return one_hot

    @property
    def row_weights(self) -> NDArray[np.float64]:
        """(n,), 1 each unless told."""
        given = np.ones(len(self.texts)) if self.weights is None else self.weights
        return np.asarray(given, np.float64)

    def require_two_classes(self) -> None:
        """Raises `OneClassOnly` on what no classifier can be trained on."""
        found = np.unique(self.y)
        if len(found) < 2:
            words = f"all {len(self.y)} are of one class" if len(found) else "there are none"
            raise OneClassOnly(f"training needs labels of two classes; {words}")

    def nameless(self) -> "TrainingData":
        """The same without the classes' names as examples."""
        return replace(self, names=())

    def name_of(self, class_id: int) -> str:
        return self.class_names.get(class_id, str(class_id))


def _are_shares(soft: NDArray[Any]) -> bool:
    sums = np.asarray(soft, np.float64).sum(axis=1)
    return bool((np.asarray(soft) >= 0).all() and np.allclose(sums, 1, atol=1e-3))


def _say_nothing(doing: str, share: float) -> None:
    """Reports to nobody."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Surroundings:
    """Where and how a rung is trained.

    Attributes:
        trunk_folder: the sentence-transformers folder of the embedding model
            (`embedding.minilm_folder` for MiniLM's).
        cache_folder: keeps what depends on the embedding model alone: its graph in `trunks`, its
            static vectors in `static`, its int8 graph in `int8`.
        n_threads: that training and embedding may use.
        device: "cpu", or "cuda" for rungs that train the embedding model.
        seed: decides everything that is drawn.
        report: called with what is being done and which share of the rung is done, in [0, 1].
        cancelled: asked often; true stops the training with `TrainingCancelled`.
    """

    trunk_folder: Path
    cache_folder: Path
    n_threads: int = 1
    device: str = "cpu"
    seed: int = 0
    report: Callable[[str, float], None] = _say_nothing
    cancelled: Callable[[], bool] = _never

    def part(self, start: float, end: float) -> "Surroundings":
        """The same for a part of the work: its shares from 0 to 1 are told as `start` to `end`."""
        return replace(
            self, report=lambda doing, share: self.report(doing, start + (end - start) * share)
        )

    def go_on(self, doing: str, share: float) -> None:
        """Report, and raise `TrainingCancelled` if somebody asked for that."""
        if self.cancelled():
            raise TrainingCancelled(f"stopped while {doing}")
        self.report(doing, share)


@dataclass(frozen=True)
class RungKind:
    """One kind of model.

    Attributes:
        name: what ladders store.
        label, description: for people; a few words, and a sentence or two.
        paper: where the idea comes from.
        input_kind: "text", or "table" for rows of a table.
        linear: a linear head on a sum of token vectors: fast, and each word's share can be told.
        trains_trunk: also changes the embedding model, which takes minutes.
        train: `TrainingData` and `Surroundings` to the files of a model. Raises `EngineError`.
        reproducible: the same data and seed give the same files on one machine.
    """

    name: str
    label: str
    description: str
    paper: str
    input_kind: str
    linear: bool
    trains_trunk: bool
    train: Callable[[TrainingData, Surroundings], Files]
    reproducible: bool = True
