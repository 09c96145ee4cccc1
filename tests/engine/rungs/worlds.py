"""Small worlds that rungs can learn: sentences about food or about trains, and a table."""

import numpy as np

from learners.engine.features.table import rows_of
from learners.engine.rungs import TrainingData
from learners.engine.rungs.base import OwnRecipe
from tests.engine.tables import COLUMNS, make_rows

FOOD = ("soup", "bread", "cheese", "apple", "curry")
TRAINS = ("ticket", "platform", "engine", "station", "delay")
FRAMES = ("I like the {}", "where is the {} today", "that {} was not good", "a {} and another {}")
ODD = ["", "👍 数字 Ünïcode", "soup " * 400, "\ud800 half a character", "UPPER soup\nlines"]


def make_texts(n: int, *, seed: int = 0) -> tuple[list[str], list[int]]:
    """Sentences (n,) and their classes: 7 for food, 9 for trains."""
    rng = np.random.default_rng(seed)
    classes = [7 if place % 2 else 9 for place in range(n)]
    words = [str(rng.choice(FOOD if each == 7 else TRAINS)) for each in classes]
    frames = [str(rng.choice(FRAMES)) for _ in classes]
    return [frame.replace("{}", word) for frame, word in zip(frames, words, strict=True)], classes


def make_data(input_kind: str = "text", n: int = 24) -> TrainingData:
    if input_kind == "table":
        return make_table_data(n * 4)
    texts, y = make_texts(n)
    return TrainingData(
        texts=texts,
        y=np.array(y),
        names=[("food and meals", 7), ("railways", 9)],
        pool_texts=make_texts(60, seed=1)[0],
        class_names={7: "Food", 9: "Trains"},
        recipe=OwnRecipe("minilm+lsi", "self_trained"),
    )


def make_table_data(n: int) -> TrainingData:
    rows, y = make_rows(n)
    return TrainingData(
        texts=row_texts(rows),
        y=y,
        pool_texts=row_texts(make_rows(200, seed=5)[0]),
        class_names={1: "others", 2: "old cooks"},
        columns=[(column.name, column.kind) for column in COLUMNS],
        recipe=OwnRecipe("table", "logistic"),
    )


def row_texts(rows: list[list[str]]) -> list[str]:
    texts = [
        "\n".join(f"{column.name}: {cell}" for column, cell in zip(COLUMNS, row, strict=True))
        for row in rows
    ]
    assert rows_of(texts, COLUMNS) == rows
    return texts


def make_questions(input_kind: str) -> list[str]:
    """What a trained model is asked: also the oddest texts."""
    if input_kind == "table":
        return row_texts(make_rows(40, seed=8)[0])
    return make_texts(40, seed=8)[0] + ODD
