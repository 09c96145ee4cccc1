"""Training a head on labels and on the classes' own names.

A name is a text that belongs to its class before anybody has labelled anything: embedded, it is a
first training example, so that there is a usable model at zero labels. Classifying by the names
alone is "dataless" classification (Chang, Ratinov, Roth and Srikumar 2008, "Importance of semantic
representation: dataless classification", AAAI).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats, checked_vectors
from learners.engine.errors import BadVectors
from learners.engine.heads import check_training_set, get_head

if TYPE_CHECKING:
    from learners.engine.learner import ActiveLearner

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_JOINTS = re.compile(r"[\s_\-./:|+]+")


@dataclass(frozen=True, eq=False)
class Names:
    """Label names and descriptions as training examples.

    Attributes:
        vectors: (n_texts, d), in the same features as the examples.
        class_ids: (n_texts,), whose name or description each row is.
    """

    vectors: Floats
    class_ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        rows = checked_vectors(self.vectors)
        if np.shape(self.class_ids) != (len(rows),):
            raise BadVectors(
                f"{len(rows)} vectors of names have class ids of shape {np.shape(self.class_ids)}; "
                "needed: one each"
            )

    def __len__(self) -> int:
        return len(self.vectors)


def name_texts(
    class_names: Sequence[str], descriptions: Sequence[str] = ()
) -> list[tuple[str, int]]:
    """What there is to embed of the classes: pairs of a text and the class's place in `class_names`.

    "add_to_playlist" and "AddToPlaylist" are read as words. Names and descriptions without a letter
    ("1", "?") say nothing and are left out; so is a description that only repeats its name.

    Args:
        descriptions: one per class, "" for none; or none at all.
    """
    pairs = [(_as_words(name), place) for place, name in enumerate(class_names)]
    pairs += [(" ".join(text.split()), place) for place, text in enumerate(descriptions)]
    first = {(text.casefold(), place): text for text, place in reversed(pairs)}
    return [
        (text, place)
        for text, place in pairs
        if _has_a_letter(text) and first.pop((text.casefold(), place), None) is not None
    ]


def _as_words(name: str) -> str:
    words = _JOINTS.split(_CAMEL.sub(" ", name).strip())
    return " ".join(word for word in words if word)


def _has_a_letter(text: str) -> bool:
    return any(character.isalpha() for character in text)


def with_names(
    X: Floats, y: NDArray[Any], names: Names | None
) -> tuple[NDArray[np.float64], NDArray[Any], int]:
    """The training rows with the names in front: X (n, d) as float64, y (n,), and how many are names.

    Raises:
        BadVectors: names and examples of different width, or labels that are not one per row.
    """
    rows, labels = np.asarray(X, dtype=np.float64), np.asarray(y)
    if names is None or not len(names):
        return rows, labels, 0
    if not len(rows):
        return np.asarray(names.vectors, dtype=np.float64), np.asarray(names.class_ids), len(names)
    if rows.ndim != 2 or rows.shape[1] != names.vectors.shape[1]:
        raise BadVectors(
            f"the names have {names.vectors.shape[1]} columns, the examples {rows.shape[1:]}"
        )
    stacked = np.concatenate([np.asarray(names.vectors, dtype=np.float64), rows])
    return stacked, np.concatenate([names.class_ids, labels]), len(names)


def make_estimator(head: str, rng: np.random.Generator, *, pool: Floats | None = None) -> Any:
    """An unfitted head of this name; what it draws itself is decided by one draw from `rng`.

    Args:
        pool: (n_pool, d), unlabelled rows for the heads that learn from them too.

    Raises:
        UnknownHead: no head has this name.
    """
    kind = get_head(head)
    estimator = kind.make()
    if kind.learns_from_pool:
        estimator.pool = pool
    seed = int(rng.integers(0, 2**31))
    if getattr(estimator, "draws", False):
        estimator.set_params(random_state=seed)
    return estimator


def train_learner(
    *,
    head: str,
    X: Floats,
    y: NDArray[Any],
    names: Names | None = None,
    query_strategy: Callable[..., Any] | None = None,
    pool: Floats | None = None,
    rng: np.random.Generator,
) -> "ActiveLearner":
    """A trained `ActiveLearner`, on the names first and then the labelled examples.

    Its attribute `n_prior` is the number of name rows at the front of `X_training`. With names
    alone, at zero labels, it is trained too.

    Args:
        head: a name of `HEADS`.
        X: (n_labels, d); y: class ids (n_labels,). Both may be empty when there are names.
        query_strategy: of the learner; least confidence unless told.
        pool: (n_pool, d), a sample of the texts without a label, none of them reserved to measure;
            needed by heads that `learns_from_pool`, ignored by the others.

    Raises:
        UnknownHead: no head has this name.
        OneClassOnly: names and labels together know fewer than two classes.
        BadVectors: shapes that do not agree, NaN or infinite values.
    """
    from learners.engine.learner import ActiveLearner  # noqa: PLC0415  modAL imports torch

    rows, labels, n_prior = with_names(X, y, names)
    check_training_set(rows, labels)
    strategy: dict[str, Any] = {} if query_strategy is None else {"query_strategy": query_strategy}
    learner = ActiveLearner(
        make_estimator(head, rng, pool=pool), X_training=rows, y_training=labels, **strategy
    )
    learner.n_prior = n_prior
    return learner
