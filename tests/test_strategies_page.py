"""The page of strategies is what the registries and the measured figures say, and its code runs."""

import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmarks import strategies_page
from benchmarks.strategies import POINTS, CannotSummarise, results
from learners.engine.features import FEATURES
from learners.engine.heads import HEADS
from learners.engine.strategies import STRATEGIES, Strategy, get_strategy
from tests.engine.contract import CONTRACT
from tests.engine.worlds import make_vectors

PATH = "our_team.strategies.rarest_class"
ABOUT = {
    "data": "animals",
    "file": "animals.csv",
    "licence": "CC0",
    "source": "us",
    "split": "part",
    "commit": "abc",
}


def _name(strategy: Strategy) -> str:
    return strategy.name


def written() -> str:
    return strategies_page.PAGE.read_text("utf-8")


def measured(strategy: str, accuracy: float, seeds: int, head: str = "logistic") -> list[Any]:
    """Runs whose accuracy rises with the seed."""
    labels = list(range(8, 257, 8))
    return [
        {
            "name": f"{strategy}/{head}/minilm",
            "strategy": strategy,
            "head": head,
            "features": "minilm",
            "seed": seed,
            "labels": labels,
            "accuracy": [accuracy + seed / 100] * len(labels),
            "macro_f1": [0.5] * len(labels),
            "at_zero": None,
        }
        for seed in range(seeds)
    ]


def simulated(*runs: list[Any], n_pool: int = 900) -> dict[str, Any]:
    """A file of `simulate --json`."""
    return {
        "runs": [run for part in runs for run in part],
        "failed": [],
        "budget": 256,
        "batch": 8,
        "n_pool": n_pool,
        "n_test": 300,
        "classes": ["cat", "dog"],
        "multilabel": False,
        "notes": [],
    }


@pytest.fixture
def our_strategy() -> Iterator[Strategy]:
    """The page's own example, at the path that the page gives it."""
    blocks = re.findall(r"```python\n(.*?)```", written(), re.DOTALL)
    module = ModuleType("our_team.strategies")
    exec(blocks[0], module.__dict__)
    sys.modules["our_team"], sys.modules["our_team.strategies"] = ModuleType("our_team"), module
    yield get_strategy(PATH)
    del sys.modules["our_team"], sys.modules["our_team.strategies"]


def test_the_page_is_what_the_registry_and_the_figures_say() -> None:
    made = strategies_page.page(*strategies_page.read_results())
    assert written() == made, "run: python -m benchmarks.strategies_page"


def test_the_pictures_show_the_same_figures() -> None:
    pictures = (strategies_page.PICTURE, strategies_page.MULTILABEL_PICTURE)
    for results_of, picture in zip(strategies_page.read_results(), pictures, strict=True):
        assert strategies_page.picture_mark(results_of) in picture.read_text("utf-8")


@pytest.mark.parametrize("strategy", STRATEGIES, ids=_name)
def test_every_strategy_is_on_the_page(strategy: Strategy) -> None:
    _, _, section = written().partition(f'<a id="{strategy.name}"></a>')
    section = section.partition("<a id=")[0]
    for words in (strategy.label, strategy.description, strategy.assumes, strategy.fails_when):
        assert words in section
    assert strategy.paper in section
    measured_on = "whole sets right" if strategy.for_ == "multilabel" else "accuracy"
    assert f"| {measured_on} |" in section


def test_every_head_and_all_features_are_on_the_page() -> None:
    page = written()
    names = [head.name for head in HEADS] + [features.name for features in FEATURES]
    assert all(f"| `{name}` |" in page for name in names)


def test_every_registered_strategy_has_figures_and_no_other_has() -> None:
    single, several = strategies_page.read_results()
    measured_names = {*single["strategies"], *several["strategies"]}
    assert measured_names == {strategy.name for strategy in STRATEGIES}


@pytest.mark.parametrize("clause", CONTRACT, ids=lambda clause: str(clause.__name__))
def test_the_pages_own_strategy_keeps_the_contract(clause: Any, our_strategy: Strategy) -> None:
    clause(our_strategy)


def test_the_pages_own_strategy_runs_in_modals_learner() -> None:
    blocks = re.findall(r"```python\n(.*?)```", written(), re.DOTALL)
    X, y = make_vectors(60)
    kept = np.r_[0:20:3, 1:20:3, 2]  # one label of class 12, seven of each other
    names: dict[str, Any] = {"X": X[kept], "y": y[kept], "X_pool": X[20:]}
    for block in blocks:
        exec(block, names)
    assert (y[20:][names["indices"]] == 12).mean() >= 0.6
    np.testing.assert_array_equal(names["rows"], X[20:][names["indices"]])


def test_figures_are_means_over_seeds_paired_with_random_choice() -> None:
    runs = [measured("random", 0.5, seeds=3), measured("margin", 0.6, seeds=2)]
    found = results([simulated(*runs)], ABOUT)["strategies"]
    assert found["random"]["difference"] is None
    assert found["margin"]["n_seeds"] == 2
    assert found["margin"]["difference"] == pytest.approx([0.1, 0.1, 0.1])
    assert list(found["margin"]["accuracy"]) == [str(at) for at in POINTS]
    # Mean of 0.60 and 0.61; t with one degree of freedom is 12.706, s/√2 is 0.005.
    assert found["margin"]["aubc"] == pytest.approx([0.605, 0.5415, 0.6685], abs=1e-4)


def test_there_is_a_command_for_each_number_of_seeds() -> None:
    runs = [measured("random", 0.5, seeds=3), measured("margin", 0.6, seeds=2)]
    commands = results([simulated(*runs)], ABOUT)["commands"]
    assert [command.rpartition(" ")[2] for command in commands] == ["3", "2"]
    assert "animals.csv --split part --strategies random --heads logistic" in commands[0]


def test_micro_f1_is_told_where_a_text_has_any_number_of_classes() -> None:
    runs = [measured("random", 0.5, seeds=2), measured("margin", 0.4, seeds=2)]
    for run in (*runs[0], *runs[1]):
        run["micro_f1"] = [accuracy + 0.2 for accuracy in run["accuracy"]]
    found = results([simulated(*runs) | {"multilabel": True}], ABOUT)
    assert found["strategies"]["margin"]["micro_f1_difference"] == pytest.approx([-0.1, -0.1, -0.1])
    assert found["strategies"]["margin"]["micro_f1"]["8"][0] == pytest.approx(0.605)
    assert "--multilabel " in found["commands"][0]


def test_seeds_after_a_missing_one_do_not_count() -> None:
    runs = measured("margin", 0.6, seeds=4)
    del runs[2]
    found = results([simulated(measured("random", 0.5, seeds=4), runs)], ABOUT)
    assert found["strategies"]["margin"]["n_seeds"] == 2


def test_files_of_other_data_are_refused() -> None:
    random = measured("random", 0.5, seeds=2)
    with pytest.raises(CannotSummarise, match="differ in their data"):
        results([simulated(random), simulated(random, n_pool=901)], ABOUT)


def test_a_run_that_two_files_tell_differently_is_refused() -> None:
    files = [simulated(measured("random", share, seeds=1)) for share in (0.5, 0.6)]
    with pytest.raises(CannotSummarise, match=r"random/logistic/minilm, seed 0, differs"):
        results(files, ABOUT)


def test_failed_runs_and_missing_random_choice_are_refused() -> None:
    margin = simulated(measured("margin", 0.5, seeds=2))
    with pytest.raises(CannotSummarise, match="no runs of 'random'"):
        results([margin], ABOUT)
    with pytest.raises(CannotSummarise, match="1 runs failed, the first with: no memory"):
        results([{**margin, "failed": [{"error": "no memory"}]}], ABOUT)


def test_runs_of_two_heads_are_refused() -> None:
    runs = [measured("random", 0.5, seeds=1), measured("margin", 0.5, seeds=1, head="ridge")]
    with pytest.raises(CannotSummarise, match="one head and features"):
        results([simulated(*runs)], ABOUT)
