"""Labelled texts as the loop meets them: a pool of distinct texts, and a part that only measures."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Ints
from learners.engine.errors import CannotSimulate
from learners.engine.features.table import TableColumn
from learners.engine.multilabel.training import tells_apart
from learners.engine.training import name_texts

TEST_FRACTION = 4  # one text in four measures where no split was given


@dataclass(frozen=True, eq=False)
class LabelledData:
    """Texts with their true classes.

    Attributes:
        texts: (n,). Those of the pool are distinct, and none is a test text.
        y: (n,), places in `class_names`; where a text has any number of classes, (n, n_classes) of
            0 and 1.
        is_test: (n,), True for the rows that measure, and that are never asked or trained on.
        class_names, class_descriptions: (n_classes,) each, in one order; "" for no description.
        notes: what a reader of the curve must know of the data, a sentence each.
        unnamed: classes whose name describes no text, such as "none of these".
        columns: of the table whose rows the texts are; none where they are texts.
    """

    texts: tuple[str, ...]
    y: NDArray[np.integer]
    is_test: NDArray[np.bool_]
    class_names: tuple[str, ...]
    class_descriptions: tuple[str, ...]
    notes: tuple[str, ...]
    unnamed: frozenset[str] = frozenset()
    columns: tuple[TableColumn, ...] = ()

    @property
    def multilabel(self) -> bool:
        """Whether a text has any number of classes."""
        return self.y.ndim == 2

    def name_pairs(self) -> list[tuple[str, int]]:
        """Texts made of the classes' names and descriptions, each with its class's place."""
        pairs = name_texts(self.class_names, self.class_descriptions)
        return [(text, at) for text, at in pairs if self.class_names[at] not in self.unnamed]

    @property
    def pool_rows(self) -> Ints:
        """Where the pool's texts stand, (n_pool,), ascending."""
        return np.flatnonzero(~self.is_test).astype(np.int64)

    @property
    def test_rows(self) -> Ints:
        """Where the test texts stand, (n_test,), ascending."""
        return np.flatnonzero(self.is_test).astype(np.int64)

    @property
    def n_pool(self) -> int:
        return int((~self.is_test).sum())


def labelled_data(
    *,
    texts: Sequence[str],
    labels: Sequence[str],
    keys: Sequence[bytes],
    is_test: Sequence[bool],
    descriptions: Mapping[str, str] | None = None,
) -> LabelledData:
    """Sort rows into pool and test part.

    A split that was given measures as it was given, row by row. Without one, the quarter of the
    distinct texts with the smallest keys measures: the same texts for every seed, and for any
    order of the rows. A text of the test part leaves the pool; rows of one text become one, with
    its first label, as in an import.

    Args:
        texts, labels: (n_rows,) each; labels are class names.
        keys: (n_rows,), equal for equal texts: digests of their contents.
        is_test: (n_rows,); nowhere True when no split was given.
        descriptions: what the classes mean, by name.

    Raises:
        CannotSimulate: fewer than two classes, or nothing left to ask or to measure on.
    """
    split = _split(keys, is_test)
    names = tuple(sorted({labels[row] for row in split.rows}))
    _check(names, len(split.pool), len(split.test))
    _check_pool(labels, split.pool)
    place = {name: index for index, name in enumerate(names)}
    return LabelledData(
        texts=tuple(texts[row] for row in split.rows),
        y=np.array([place[labels[row]] for row in split.rows], dtype=np.int64),
        is_test=np.arange(len(split.rows)) >= len(split.pool),
        class_names=names,
        class_descriptions=tuple((descriptions or {}).get(name, "") for name in names),
        notes=(*split.notes, *_about_classes([labels[row] for row in split.pool], names)),
    )


def labelled_sets(
    *,
    texts: Sequence[str],
    sets: Sequence[Collection[str]],
    keys: Sequence[bytes],
    is_test: Sequence[bool],
    descriptions: Mapping[str, str] | None = None,
) -> LabelledData:
    """The same for texts with any number of classes. `sets`: class names of each row, maybe none.

    Raises:
        CannotSimulate: fewer than two classes, none that some texts of the pool have and others
            have not, or nothing left to ask or to measure on.
    """
    split = _split(keys, is_test)
    names = tuple(sorted({name for row in split.rows for name in sets[row]}))
    _check(names, len(split.pool), len(split.test))
    of_rows = [frozenset(sets[row]) for row in split.rows]
    y = np.array([[name in of_row for name in names] for of_row in of_rows], dtype=np.int8)
    pool = y[: len(split.pool)]
    if not tells_apart(pool):
        raise CannotSimulate(
            f"all {len(pool)} texts of the pool have the same classes; needed: a class that some have "
            "and others have not"
        )
    in_pool = [name for row in split.pool for name in set(sets[row])]
    n_none = sum(not of_row for of_row in of_rows)
    about = f"Classes a text: {y.sum() / len(y):.2f} on average"
    return LabelledData(
        texts=tuple(texts[row] for row in split.rows),
        y=y,
        is_test=np.arange(len(split.rows)) >= len(split.pool),
        class_names=names,
        class_descriptions=tuple((descriptions or {}).get(name, "") for name in names),
        notes=(
            *split.notes,
            f"{about}, none for {n_none:,} of them." if n_none else f"{about}.",
            *_about_classes(in_pool, names),
        ),
    )


@dataclass(frozen=True)
class _Split:
    """Rows of the pool, rows of the test part, and what a reader must know of both."""

    pool: list[int]
    test: list[int]
    notes: tuple[str, ...]

    @property
    def rows(self) -> list[int]:
        return [*self.pool, *self.test]


def _split(keys: Sequence[bytes], is_test: Sequence[bool]) -> _Split:
    first = _first_rows(keys)
    given = any(is_test)
    if given:
        test = [row for row, tests in enumerate(is_test) if tests]
    else:
        smallest = sorted(first)[: round(len(first) / TEST_FRACTION)]
        test = sorted(first[key] for key in smallest)
    test_keys = {keys[row] for row in test}
    pool = sorted(row for key, row in first.items() if key not in test_keys)
    same = sum(keys[row] in test_keys for row in range(len(keys)) if not is_test[row])
    n_left = same if given else 0
    notes = [
        _about_test(given, len(test)),
        _about_left(n_left),
        _about_duplicates(len(keys) - len(pool) - len(test) - n_left),
    ]
    return _Split(pool, test, tuple(filter(None, notes)))


def check_plan(data: LabelledData, *, budget: int, batch: int) -> None:
    """Raises CannotSimulate on a budget or batch that this pool cannot be asked by."""
    if batch < 1:
        raise CannotSimulate(f"a batch of {batch} labels; needed: at least 1")
    if budget < batch or budget % batch:
        near = max(1, round(budget / batch)) * batch
        raise CannotSimulate(
            f"a budget of {budget} labels in batches of {batch}; needed: a multiple of the batch, "
            f"such as {near}"
        )
    if budget > data.n_pool:
        most = data.n_pool // batch * batch
        advice = f"at most {most}" if most else "more texts, or a smaller batch"
        raise CannotSimulate(
            f"a budget of {budget} labels for a pool of {data.n_pool} distinct texts; "
            f"needed: {advice}"
        )


def plan_notes(data: LabelledData, *, budget: int, batch: int) -> list[str]:
    """What a reader must know of a plan that can be run, a sentence each."""
    n_classes = len(data.class_names)
    if n_classes <= budget or data.multilabel:
        return []
    note = (
        f"{n_classes} classes and {budget} labels: {n_classes - budget} classes or more are never "
        "labelled, and only a recipe that reads the classes' names can predict them."
    )
    return [note]


def _first_rows(keys: Sequence[bytes]) -> dict[bytes, int]:
    first: dict[bytes, int] = {}
    for row, key in enumerate(keys):
        first.setdefault(key, row)
    return first


def _check_pool(labels: Sequence[str], pool: Sequence[int]) -> None:
    in_pool = sorted({labels[row] for row in pool})
    if len(in_pool) < 2:
        raise CannotSimulate(
            f"all {len(pool)} texts of the pool are of one class, “{in_pool[0]}”; other classes stand "
            "among the test texts only; needed: a pool of two classes"
        )


def _check(names: Sequence[str], n_pool: int, n_test: int) -> None:
    if not n_pool + n_test:
        raise CannotSimulate("no labelled texts; needed: texts of two classes")
    if len(names) < 2:
        which = f", “{names[0]}”" if names else ""
        raise CannotSimulate(
            f"all texts are of one class{which}; needed: two classes, or there is nothing to learn"
        )
    if not n_pool:
        raise CannotSimulate(
            "the pool is empty: every text is, or is the same as, a text of the test split; "
            "needed: other texts to learn from"
        )
    if not n_test:
        raise CannotSimulate(
            f"{n_pool} distinct texts are too few to keep a quarter for measuring; needed: 2"
        )


def _about_test(given: bool, n_test: int) -> str:
    if given:
        return f"Measured on the {n_test:,} rows of the test split."
    return (
        f"Measured on {n_test:,} texts, a fixed quarter of the distinct ones, chosen by a digest "
        "of their contents."
    )


def _about_left(n_left: int) -> str:
    if not n_left:
        return ""
    return f"Left out of the pool, being the same as a test text: {n_left:,} rows."


def _about_duplicates(n_repeated: int) -> str:
    return f"Repeated texts that count once: {n_repeated:,} rows." if n_repeated > 0 else ""


def _about_classes(pool_labels: Sequence[str], names: Sequence[str]) -> list[str]:
    counts = Counter(pool_labels)
    none = [name for name in names if not counts[name]]
    one = [name for name in names if counts[name] == 1]
    notes = []
    if none:
        notes.append(f"No text of the pool to learn from: {_listed(none)}.")
    if one:
        notes.append(f"One text in the pool alone: {_listed(one)}.")
    return notes


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:6])
    return shown if len(names) <= 6 else f"{shown} and {len(names) - 6} more classes"
