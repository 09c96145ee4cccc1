"""The packed model of a table: runs without Labeler, on a CSV, and gives Labeler's own probabilities."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learners.engine.bundle import BundleDigest
from learners.engine.errors import BadFile
from learners.engine.heads import Head, fit_head
from learners.engine.heads.stored_tree import TreeHead
from learners.engine.heads.tree import SmallTree
from learners.engine.table_bundle import write_table_bundle
from tests.engine.tables import COLUMNS, make_rows, make_table
from tests.engine.test_bundle import CARD

TABLE, ROWS, Y = make_table()
X = TABLE.vectors(ROWS)
NAMES = ["no", "yes"]
NEW, _ = make_rows(200, seed=1)
NEW += [["?", "diver", "NA", ""], ["1e30", "cook", "-1e9", "fr"], ["", "?", "", "?"]]
TABLE_CARD = replace(CARD, labels_per_class={"no": 40, "yes": 20})


def linear() -> Head:
    return fit_head(X, Y)


def tree() -> TreeHead:
    found: TreeHead = SmallTree().fit(X, Y).tree_
    return found


def packed(head: Any, **changes: Any) -> tuple[bytes, BundleDigest]:
    target = io.BytesIO()
    options = {"class_names": NAMES, "card": TABLE_CARD, "table": TABLE, **changes}
    digest = write_table_bundle(target=target, head=head, **options)
    return target.getvalue(), digest


def unpacked(head: Any, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(packed(head)[0])) as archive:
        archive.extractall(folder)
    return folder


def as_csv(rows: list[list[str]], columns: list[str]) -> str:
    target = io.StringIO()
    csv.writer(target).writerows([columns, *rows])
    return target.getvalue()


def run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-I", str(folder / "predict.py")]
    return subprocess.run(program, input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("make", [linear, tree])
def test_the_program_gives_the_applications_own_probabilities(make: Any, tmp_path: Path) -> None:
    head = make()
    shuffled = [[row[3], "passed over", *row[:3]] for row in NEW]
    text = as_csv(shuffled, ["country", "note", "age", "job", "balance"])
    answers = [json.loads(line) for line in run(unpacked(head, tmp_path), text).stdout.splitlines()]
    found = np.array([[a["probabilities"][name] for name in NAMES] for a in answers])
    assert np.abs(found - head.predict_proba(TABLE.vectors(NEW))).max() < 1e-4
    assert [a["line"] for a in answers[:2]] == [2, 3]


def test_words_among_numbers_are_named_with_their_line(tmp_path: Path) -> None:
    rows = [NEW[0], ["forty", *NEW[1][1:]]]
    ended = run(unpacked(linear(), tmp_path), as_csv(rows, [c.name for c in COLUMNS]))
    assert ended.stderr.strip() == "line 3: column “age” holds “forty”, which is no number"
    assert ended.returncode == 1


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    ended = run(unpacked(linear(), tmp_path), "age,job\n30,cook\n")
    assert "there is no column “balance”; needed: age, job, balance, country" in ended.stderr


def test_the_card_says_columns_and_kinds() -> None:
    with zipfile.ZipFile(io.BytesIO(packed(linear())[0])) as archive:
        card, words = json.loads(archive.read("card.json")), archive.read("README.md").decode()
    assert card["table"]["columns"][1] == {"name": "job", "kind": "categorical"}
    assert card["table"]["columns_without_effect"] == ["country"]
    assert "| job | categorical | 4 frequent values: " in words


@pytest.mark.parametrize(
    ("strict", "words"), [(True, "trained no model"), (False, "cross-fitting")]
)
def test_the_readme_says_how_it_was_measured(strict: bool, words: str) -> None:
    card = replace(TABLE_CARD, strict=strict, confirmed="Right on at least 80 %.")
    with zipfile.ZipFile(io.BytesIO(packed(linear(), card=card)[0])) as archive:
        readme = archive.read("README.md").decode()
    assert words in readme
    assert "random rows" in readme
    assert "Confirmed: Right on at least 80 %." in readme


def test_the_readme_of_a_tree_holds_its_rules() -> None:
    with zipfile.ZipFile(io.BytesIO(packed(tree())[0])) as archive:
        words = archive.read("README.md").decode()
    assert "## The rules" in words
    assert "job is cook" in words


def test_the_same_fit_packs_to_the_same_bytes() -> None:
    assert packed(tree()) == packed(tree())


def test_names_that_do_not_fit_the_head_are_refused() -> None:
    with pytest.raises(BadFile):
        packed(linear(), class_names=["one"])
