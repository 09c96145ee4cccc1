"""What is asked before there is a model: which strategy ranks, and what it is told."""

from typing import Any

import numpy as np
import pytest

from learners.engine.errors import UnknownStrategy
from learners.engine.first_questions import FIRST, first_strategy, rank_first_questions
from learners.engine.ranking import Ranking
from learners.engine.strategies import STRATEGIES
from tests.engine.test_seeds import make_heaps

RANKED = [strategy.name for strategy in STRATEGIES if strategy.name != "random"]


def ranked(strategy: str, *, labelled: Any = (), n_queue: int = 20, seed: int = 0) -> Ranking:
    """The heaps of `make_heaps`, of which the rows `labelled` have one and the same class."""
    X, _ = make_heaps()
    rows = np.array(labelled, np.int64)
    pool = np.setdiff1d(np.arange(len(X)), rows)
    ranking = rank_first_questions(
        strategy=strategy,
        X=X[rows],
        y=np.full(len(rows), 3),
        blocks=[(pool, X[pool])],
        n_queue=n_queue,
        rng=np.random.default_rng(seed),
    )
    assert ranking is not None
    return ranking


def broken(learner: Any, X_pool: Any, n_instances: int = 1, **kwargs: Any) -> Any:
    """A strategy of somebody's own."""
    raise ZeroDivisionError("no density here")


broken.needs_model = False  # type: ignore[attr-defined]


def test_a_strategy_that_needs_a_model_leaves_the_first_questions_to_the_medoids() -> None:
    assert {first_strategy(name) for name in ("margin", "badge", "multilabel_max_loss")} == {FIRST}
    assert FIRST == "kmeans_seed"


def test_a_strategy_that_needs_no_model_ranks_by_itself() -> None:
    for name in ("coverage_to_margin", "herding", "typiclust", "probcover", "kmeans_seed"):
        assert first_strategy(name) == name


def test_random_choice_is_random_from_the_first_question() -> None:
    nothing = np.empty((0, 4))
    assert first_strategy("random") is None
    assert rank_first_questions(
        strategy="random", X=nothing, y=np.empty(0), blocks=[(np.arange(3), np.eye(4)[:3])],
        n_queue=3, rng=np.random.default_rng(0),
    ) is None  # fmt: skip


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(UnknownStrategy, match="no strategy 'wishful'"):
        first_strategy("wishful")


@pytest.mark.parametrize("labelled", [(), (0, 1, 2)])
@pytest.mark.parametrize("strategy", RANKED)
def test_every_strategy_has_first_questions(strategy: str, labelled: tuple[int, ...]) -> None:
    found = ranked(strategy, labelled=labelled)
    assert len(set(found.ids.tolist()) - set(labelled)) == 20
    assert (np.diff(found.scores) <= 1e-9).all()
    assert all(reason.endswith(", before there is a model") for reason in found.reasons)


def test_each_kind_of_text_is_asked_from_early() -> None:
    _, heaps = make_heaps()
    assert set(heaps[ranked("margin").ids[:16]]) == {0, 1, 2, 3}


def test_what_is_labelled_already_lets_the_other_kinds_come_first() -> None:
    _, heaps = make_heaps()
    largest = np.flatnonzero(heaps == 0)
    assert heaps[ranked("coverage_to_margin").ids[0]] == 0
    assert 0 not in heaps[ranked("coverage_to_margin", labelled=largest[:20]).ids[:3]]


def test_the_reason_says_how_many_typical_texts_there_are() -> None:
    assert set(ranked("margin", n_queue=7).reasons) == {
        "one of 7 typical texts, before there is a model"
    }
    assert set(ranked("typiclust").reasons) == {
        "typical of a kind of text with few labels, before there is a model"
    }


def test_the_same_seed_ranks_the_same() -> None:
    assert ranked("margin", seed=2).ids.tolist() == ranked("margin", seed=2).ids.tolist()


def test_a_strategy_of_somebodys_own_that_raises_is_heard() -> None:
    with pytest.raises(ZeroDivisionError, match="no density here"):
        ranked("tests.engine.test_first_questions.broken")
