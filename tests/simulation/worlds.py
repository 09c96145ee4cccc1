"""Small labelled worlds: texts whose vectors tell their class."""

from collections.abc import Sequence

import numpy as np

from learners.engine.simulation.data import LabelledData, labelled_data
from learners.engine.simulation.loop import Run
from learners.engine.simulation.parts import Parts, PartVectors
from learners.engine.training import name_texts
from projects.services.import_plan import content_hash

CLASSES = ("fruit", "metal", "river")
WORDS = {"fruit": "apple pear", "metal": "iron zinc", "river": "rhine oder"}


def make_rows(n_rows: int) -> list[tuple[str, str]]:
    """Distinct texts and their labels, the three classes in turn."""
    return [(f"{WORDS[CLASSES[i % 3]]} {i}", CLASSES[i % 3]) for i in range(n_rows)]


def make_data(rows: Sequence[tuple[str, str]], tests: Sequence[int] = ()) -> LabelledData:
    """Data of (text, label) rows; those whose places are in `tests` are the test split."""
    return labelled_data(
        texts=[text for text, _ in rows],
        labels=[label for _, label in rows],
        keys=[content_hash(text) for text, _ in rows],
        is_test=[place in set(tests) for place in range(len(rows))],
    )


def make_parts(data: LabelledData) -> Parts:
    """Vectors (n, 6) around one direction a class, the classes' names exactly on it."""
    rng = np.random.default_rng(7)
    rows = rng.normal(scale=0.4, size=(len(data.texts), 6))
    rows[np.arange(len(rows)), data.y] += 1
    pairs = name_texts(data.class_names)
    names = np.eye(6)[[place for _, place in pairs]]
    return Parts(
        fixed={"minilm": PartVectors(rows.astype(np.float32), names.astype(np.float32))},
        name_texts=[text for text, _ in pairs],
    )


def make_run(name: str, seed: int, accuracy: Sequence[float]) -> Run:
    """A run of 8, 16, ... labels whose macro-F1 is half its accuracy."""
    return Run(
        name=name,
        strategy="random",
        head="logistic",
        features="minilm",
        seed=seed,
        labels=tuple(8 * (place + 1) for place in range(len(accuracy))),
        accuracy=tuple(accuracy),
        macro_f1=tuple(value / 2 for value in accuracy),
        at_zero=None,
    )
