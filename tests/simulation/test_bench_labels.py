"""What `make bench-labels` says of runs that are done."""

import math
from pathlib import Path

import pytest

from benchmarks.labels import Book, Runs, paired, report


def runs_of(curves: dict[tuple[str, str, int], list[float]]) -> Runs:
    return {
        key: {"accuracy": curve, "macro_f1": [value / 2 for value in curve]}
        for key, curve in curves.items()
    }


TWO_SETS = runs_of(
    {
        ("a", "default", 0): [0.8, 0.9],
        ("a", "reference", 0): [0.6, 0.7],
        ("b", "default", 0): [0.5, 0.7],
        ("b", "reference", 0): [0.4, 0.5],
        ("a", "default", 1): [0.7, 0.9],
        ("a", "reference", 1): [0.6, 0.7],
        ("b", "default", 1): [0.5, 0.7],
        ("b", "reference", 1): [0.4, 0.4],
    }
)


def test_differences_are_paired_by_seed_over_all_sets() -> None:
    # Seed 0: (20 + 15) / 2 = 17.5; seed 1: (15 + 20) / 2 = 17.5: no spread.
    low, middle, high = paired(TWO_SETS, ["a", "b"], "reference", "accuracy")
    assert (low, middle, high) == pytest.approx((17.5, 17.5, 17.5))


def test_a_seed_that_one_set_lacks_does_not_count() -> None:
    fewer = {key: run for key, run in TWO_SETS.items() if key != ("b", "reference", 1)}
    low, middle, _ = paired(fewer, ["a", "b"], "reference", "accuracy")
    assert middle == pytest.approx(17.5)
    assert math.isnan(low)  # no interval from one seed


def test_the_report_says_when_the_references_end_is_reached() -> None:
    said = report(TWO_SETS, {"a": 0.95, "b": 0.75})
    # The reference ends at (0.7 + 0.45) / 2 = 57.5 %; the default begins at (0.75 + 0.5) / 2.
    assert "labels to reach 57.5 %" in said
    assert "\ndefault                    8\n" in said
    # 85 % are possible; the reference's area is 53.75 %, the default's 71.25 %.
    assert "default takes 17.5, 56 %" in said


def test_runs_that_are_done_are_read_again(tmp_path: Path) -> None:
    book = Book(tmp_path / "runs.jsonl")
    assert book.runs() == {}
    book.add("a", {"name": "default", "seed": 3, "accuracy": [0.5], "macro_f1": [0.4]})
    assert book.runs()["a", "default", 3]["accuracy"] == [0.5]
