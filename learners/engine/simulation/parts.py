"""From embedded parts to the vectors that one recipe sees, LSI and TF-IDF fitted on the open pool."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Ints, checked_vectors
from learners.engine.errors import BadVectors, CannotSimulate
from learners.engine.features import get_features, joined
from learners.engine.simulation.data import LabelledData

Vectors = NDArray[np.float32]
EmbedBag = Callable[[str, Sequence[str], int, Sequence[str]], NDArray[np.floating]]
"""(kind, texts to fit on, seed, texts to embed) -> vectors of the latter, (n_texts, d)."""


@dataclass(frozen=True, eq=False)
class PartVectors:
    """One part's vectors.

    Attributes:
        rows: float32 (n_rows, d), of the texts of the data, in their order.
        names: float32 (n_name_texts, d), of the texts that `name_texts` makes of the classes.
    """

    rows: Vectors
    names: Vectors


@dataclass(eq=False)
class Parts:
    """The features of labelled data, for any recipe and seed.

    What was made last is kept: recipes of one seed and the same features follow each other.

    Attributes:
        fixed: vectors by part, for parts that need no pool.
        name_texts: the texts made of the classes' names and descriptions.
        embed_bag: fits and embeds the parts that need one; None when no recipe has such a part.
    """

    fixed: Mapping[str, PartVectors]
    name_texts: Sequence[str]
    embed_bag: EmbedBag | None = None
    _bags: dict[tuple[str, int], PartVectors] = field(default_factory=dict)
    _joined: dict[tuple[str, int], PartVectors] = field(default_factory=dict)

    def vectors(
        self, features: str, *, data: LabelledData, fitted_on: Ints, seed: int
    ) -> PartVectors:
        """What the recipe sees: parts side by side.

        Args:
            features: a name of `FEATURES`.
            fitted_on: rows that LSI and TF-IDF learn from: the pool without its reserve.
            seed: the run's; decides `fitted_on`, and the generator of the fit.

        Raises:
            UnknownFeatures: no features have this name.
            BadVectors: not one finite vector per text, or all of them the same.
        """
        names = get_features(features).parts
        is_fixed = all(name in self.fixed for name in names)
        key = (features, -1 if is_fixed else seed)
        if key not in self._joined:
            parts = [self._part(name, data, fitted_on, seed) for name in names]
            self._joined.clear()
            self._joined[key] = _side_by_side(parts)
        return self._joined[key]

    def _part(self, name: str, data: LabelledData, fitted_on: Ints, seed: int) -> PartVectors:
        known = self.fixed.get(name)
        part = self._bag(name, data, fitted_on, seed) if known is None else known
        _check(part, name, data)
        return part

    def _bag(self, kind: str, data: LabelledData, fitted_on: Ints, seed: int) -> PartVectors:
        if self.embed_bag is None:
            raise CannotSimulate(f"no vectors of {kind!r} were given, and no way to make them")
        if any(known != seed for _, known in self._bags):
            self._bags.clear()
        if (kind, seed) not in self._bags:
            pool = [data.texts[row] for row in fitted_on.tolist()]
            vectors = self.embed_bag(kind, pool, seed, [*data.texts, *self.name_texts])
            found = np.asarray(vectors, dtype=np.float32)
            n_rows = len(data.texts)
            self._bags[kind, seed] = PartVectors(found[:n_rows], found[n_rows:])
        return self._bags[kind, seed]


def _side_by_side(parts: Sequence[PartVectors]) -> PartVectors:
    if len(parts) == 1:
        return parts[0]
    return PartVectors(
        np.asarray(joined([part.rows for part in parts]), dtype=np.float32),
        np.asarray(joined([part.names for part in parts]), dtype=np.float32),
    )


def _check(part: PartVectors, name: str, data: LabelledData) -> None:
    rows = checked_vectors(part.rows)
    checked_vectors(part.names, n_dimensions=rows.shape[1])
    if len(rows) != len(data.texts):
        raise BadVectors(f"{len(rows)} vectors of {name!r} for {len(data.texts)} texts")
    if len(rows) and bool((rows == rows[0]).all()):
        raise BadVectors(
            f"the vectors of {name!r} are the same for all {len(rows)} texts; nothing can be "
            "learnt from them"
        )
