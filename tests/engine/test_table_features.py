"""Rows of a table as unit vectors: what the pool decides, what is refused, what comes back."""

import numpy as np
import pytest

from learners.engine.errors import BadFile, BadTable
from learners.engine.features.table import (
    CATEGORICAL,
    MISSING,
    NUMERIC,
    TableColumn,
    TableModel,
    cells_of,
    fit_table,
)
from projects.reading import tables

COLUMNS = (
    TableColumn("age", NUMERIC),
    TableColumn("job", CATEGORICAL),
    TableColumn("id", "numeric"),
)
POOL = [[str(20 + i % 40), ("nurse", "cook", "clerk")[i % 3], "7"] for i in range(120)]


def test_a_number_is_standardised_by_median_and_quartiles() -> None:
    model = fit_table(POOL, COLUMNS)
    z = model.features([["39.5", "nurse", "7"]])
    assert z[0].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_vectors_have_length_one_and_keep_how_far_a_row_lies_out() -> None:
    model = fit_table(POOL, COLUMNS)
    vectors = model.vectors([["40", "cook", "7"], ["59", "cook", "7"]])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1])
    assert vectors[0, -1] > vectors[1, -1]


def test_one_outlier_does_not_squeeze_the_others() -> None:
    model = fit_table([*POOL, ["1e9", "cook", "7"]], COLUMNS)
    z = model.features([["30", "cook", "7"], ["50", "cook", "7"], ["1e9", "cook", "7"]])[:, 0]
    assert z[1] - z[0] > 1
    assert z[2] == 6


def test_a_missing_number_stands_at_the_median_and_is_marked() -> None:
    model = fit_table([*POOL, ["NA", "?", "7"]], COLUMNS)
    tests = [dimension.test for dimension in model.dimensions]
    z = dict(zip(tests, model.features([["", "cook", "7"]])[0].tolist(), strict=True))
    assert (z["value"], z["missing"]) == (0.0, 0.0 if tests[-1] == "missing" else 1.0)
    assert model.features([["", "cook", "7"]])[0, 1] == 1.0


def test_rare_and_unknown_categories_share_one_mark() -> None:
    model = fit_table([*POOL, ["30", "astronaut", "7"]], COLUMNS)
    assert [d.level for d in model.dimensions if d.test == "level"] == ["clerk", "cook", "nurse"]
    z = model.features([["30", "astronaut", "7"], ["30", "diver", "7"]])
    assert z[0].tolist() == z[1].tolist()
    assert z[0, -1] == 1.0


def test_a_constant_column_gives_no_entry_and_is_named() -> None:
    assert fit_table(POOL, COLUMNS).constant == ["id"]


def test_words_among_numbers_are_refused_with_the_column() -> None:
    with pytest.raises(BadTable, match="column “age” holds “forty”"):
        fit_table([*POOL, ["forty", "cook", "7"]], COLUMNS)


@pytest.mark.parametrize("pool", [[], [["30", "cook", "7"]]])
def test_a_pool_without_anything_that_varies_is_refused(pool: list[list[str]]) -> None:
    with pytest.raises(BadTable):
        fit_table(pool, COLUMNS)


def test_bytes_give_the_same_model_and_digest() -> None:
    model = fit_table(POOL, COLUMNS)
    again = TableModel.from_bytes(model.to_bytes())
    assert again == model
    assert again.digest == model.digest


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(BadFile):
        TableModel.from_bytes(b"PK\x03\x04 no")


def test_the_readable_text_of_a_row_gives_its_cells_back() -> None:
    cells = {"age": "41", "job": "lift: \n operator", "id": ""}
    text = tables.rendered(cells, [(c.name, c.kind) for c in COLUMNS])
    assert cells_of(text, COLUMNS) == ["41", "lift: operator", "?"]


def test_reader_and_engine_take_the_same_cells_as_missing() -> None:
    assert tuple(MISSING) == tuple(tables.MISSING)


def test_a_text_that_is_no_row_is_refused() -> None:
    with pytest.raises(BadTable, match="begins with “job:”"):
        cells_of("age: 41\nwork: cook\nid: 7", COLUMNS)
