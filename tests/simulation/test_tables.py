"""Simulations over rows of a table: kinds from the file, presets of their own, heads for tables."""

import io
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from learners.engine.errors import CannotSimulate
from learners.engine.recipes import TABLE_DEFAULT, TABLE_MARGIN, TABLE_REFERENCE
from learners.engine.simulation.choices import chosen_recipes
from learners.services.labelled_files import Columns, read_labelled
from projects.reading import BadInput, Limits
from projects.services.tables import LEARNS_WITH
from tests.creating.table_files import FILE

COLUMNS = Columns(features=("age", "job", "balance"), label="buys")


def read(content: str = FILE, columns: Columns = COLUMNS) -> Any:
    return read_labelled(
        io.BytesIO(content.encode()), file="clients.csv", columns=columns, limits=Limits()
    )


def test_kinds_come_from_the_cells() -> None:
    data = read()
    kinds = {column.name: column.kind for column in data.columns}
    assert kinds == {"age": "numeric", "job": "categorical", "balance": "numeric"}
    assert data.texts[0].startswith("age: 20\njob: nurse\nbalance: ?")
    assert "Columns: age (numeric), job (categorical), balance (numeric)." in data.notes


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match="no such column"):
        read(columns=Columns(features=("age", "jobs"), label="buys"))


def test_the_label_may_not_be_read_as_a_feature() -> None:
    with pytest.raises(BadInput, match="tells the answer"):
        read(columns=Columns(features=("age", "buys"), label="buys"))


def test_tables_have_presets_of_their_own() -> None:
    assert chosen_recipes(is_table=True) == [TABLE_DEFAULT, TABLE_REFERENCE, TABLE_MARGIN]
    trees = chosen_recipes(heads=["tree"], is_table=True)
    assert [recipe.head for recipe in trees] == ["tree", TABLE_REFERENCE.head]


def test_features_of_texts_are_refused_for_tables_and_the_reverse() -> None:
    with pytest.raises(CannotSimulate, match="needed: 'table'"):
        chosen_recipes(features=["lsi"], is_table=True)
    with pytest.raises(CannotSimulate, match="needed: features of texts"):
        chosen_recipes(features=["table"])


def test_the_default_is_what_a_new_project_of_rows_gets() -> None:
    found = {name: getattr(TABLE_DEFAULT, name) for name in LEARNS_WITH}
    assert found == LEARNS_WITH


@pytest.mark.slow
def test_a_tree_and_the_presets_run_over_a_file(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.LABELER_EMBEDDER = "no.such.embedder"
    (tmp_path / "clients.csv").write_text(FILE, "utf-8")
    out = tmp_path / "out.json"
    arguments = ["--columns", "age,job,balance", "--label", "buys", "--heads", "logistic,tree"]
    plan = ["--budget", "24", "--seeds", "2", "--workers", "1", "--json", str(out)]
    call_command(
        "simulate", str(tmp_path / "clients.csv"), *arguments, *plan, stdout=StringIO(), stderr=StringIO()
    )  # fmt: skip
    runs = json.loads(out.read_text("utf-8"))["runs"]
    assert {(run["head"], run["features"]) for run in runs} == {
        ("logistic", "table"),
        ("tree", "table"),
    }
    assert all(0 <= share <= 1 for run in runs for share in run["accuracy"])


def test_a_file_without_the_columns_is_answered(tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text(FILE, "utf-8")
    arguments = ["--columns", "wages", "--label", "buys", "--budget", "8"]
    with pytest.raises(CommandError, match="column “wages”: found no such column"):
        call_command("simulate", str(tmp_path / "clients.csv"), *arguments, stderr=StringIO())
