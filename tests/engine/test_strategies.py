"""Every registered strategy keeps the contract; and what each of them means."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from django.conf import settings
from modAL.models import ActiveLearner as PlainActiveLearner
from scipy import sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from learners.engine.asking import ask
from learners.engine.errors import NotFitted, UnknownStrategy
from learners.engine.heads import make_head
from learners.engine.learner import ActiveLearner
from learners.engine.strategies import (
    STRATEGIES,
    Strategy,
    expected_error,
    get_strategy,
    ranked_batch,
)
from tests.engine.contract import CONTRACT, N_QUEUE, rng
from tests.engine.worlds import make_estimator, make_label_sets, make_learner, make_vectors


@pytest.fixture(autouse=True)
def _few_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expected error reduction trains three models for each candidate: here for few of them."""
    monkeypatch.setattr(expected_error, "N_CANDIDATES", N_QUEUE)


def _name(thing: object) -> str:
    return getattr(thing, "__name__", "") or getattr(thing, "name", "")


@pytest.mark.parametrize("strategy", STRATEGIES, ids=_name)
@pytest.mark.parametrize("clause", CONTRACT, ids=_name)
def test_every_strategy_keeps_the_contract(
    strategy: Strategy, clause: Callable[[Strategy], None]
) -> None:
    clause(strategy)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=_name)
def test_every_strategy_runs_under_modals_own_learner(strategy: Strategy) -> None:
    X, y = make_vectors(60)
    y = make_label_sets(X) if strategy.for_ == "multilabel" else y
    learner = PlainActiveLearner(make_estimator(strategy), strategy.query, X[:20], y[:20])
    indices, rows = learner.query(X[20:], n_instances=5, rng=rng())
    assert len(set(indices)) == 5
    assert rows.shape == (5, 6)


def test_the_settings_page_offers_exactly_the_registered_strategies() -> None:
    registered = {strategy.name: strategy.label for strategy in STRATEGIES}
    assert registered == settings.LABELER_STRATEGY_LABELS


def test_the_settings_say_what_each_strategy_is_for() -> None:
    def named(for_: str) -> list[str]:
        return [strategy.name for strategy in STRATEGIES if strategy.for_ == for_]

    assert named("multilabel") == list(settings.LABELER_MULTILABEL_STRATEGIES)
    assert named("both") == list(settings.LABELER_STRATEGIES_FOR_BOTH)
    small = [strategy.name for strategy in STRATEGIES if strategy.small_pools_only]
    assert small == list(settings.LABELER_SMALL_POOL_STRATEGIES)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=_name)
def test_every_strategy_says_what_it_assumes_and_when_it_fails(strategy: Strategy) -> None:
    for words in (strategy.description, strategy.assumes, strategy.fails_when):
        assert words.endswith(".")
    assert strategy.paper


def test_margin_asks_where_the_two_likeliest_classes_are_closest() -> None:
    X, _ = make_vectors(50)
    learner = make_learner(get_strategy("margin"))
    indices, scores = ask(get_strategy("margin"), learner, X, 50, rng=rng())
    likeliest = np.sort(learner.predict_proba(X), axis=1)
    margins = likeliest[:, -1] - likeliest[:, -2]
    assert indices.tolist() == np.argsort(margins).tolist()
    np.testing.assert_allclose(scores, -np.sort(margins), atol=1e-8)


def test_least_confidence_scores_what_the_likeliest_class_leaves() -> None:
    X, _ = make_vectors(50)
    learner = make_learner(get_strategy("least_confidence"))
    indices, scores = ask(get_strategy("least_confidence"), learner, X, 1, rng=rng())
    assert scores[0] == pytest.approx((1 - learner.predict_proba(X).max(axis=1)).max())
    assert learner.predict_proba(X)[indices[0]].max() == pytest.approx(1 - scores[0])


def test_entropy_stays_between_none_and_the_logarithm_of_the_classes() -> None:
    X, _ = make_vectors(50)
    strategy = get_strategy("entropy")
    _, scores = ask(strategy, make_learner(strategy), X, 50, rng=rng())
    assert 0 <= scores.min() <= scores.max() <= np.log(3)


def test_the_reason_names_the_margin() -> None:
    strategy = get_strategy("margin")
    reasons = strategy.explain(None, None, np.array([-0.034, -0.2]))
    assert reasons[0] == "margin 0.03 between the two likeliest classes"


def test_ranked_batch_picks_what_modal_picks() -> None:
    from modAL.batch import uncertainty_batch_sampling

    X, _ = make_vectors(80)
    learner = make_learner(get_strategy("ranked_batch"))
    ours, _ = ask(get_strategy("ranked_batch"), learner, X, 20, rng=rng())
    theirs, _ = uncertainty_batch_sampling(learner, X, n_instances=20)
    assert ours.tolist() == theirs.tolist()


def test_ranked_batch_measures_distances_behind_the_learners_pipeline() -> None:
    from modAL.batch import uncertainty_batch_sampling

    X, y = make_vectors(80)
    stretched = X * [1, 100, 1, 1, 1, 1]
    learner = ActiveLearner(
        make_pipeline(StandardScaler(), make_head()),
        get_strategy("ranked_batch"),
        stretched[:20],
        y[:20],
        on_transformed=True,
    )
    indices, _ = learner.query(stretched[20:], n_instances=9, rng=rng())
    theirs, _ = uncertainty_batch_sampling(learner, stretched[20:], n_instances=9)
    assert indices.tolist() == theirs.tolist()


def test_ranked_batch_takes_sparse_rows() -> None:
    X, _ = make_vectors(80)
    strategy = get_strategy("ranked_batch")
    dense, _ = ask(strategy, make_learner(strategy), X, 9, rng=rng())
    sparse_pool, sparse_learner = sparse.csr_matrix(X), make_learner(strategy)
    sparse_learner.X_training = sparse.csr_matrix(sparse_learner.X_training)
    found, _ = ask(strategy, sparse_learner, sparse_pool, 9, rng=rng())
    assert found.tolist() == dense.tolist()


def test_ranked_batch_scores_the_pick_by_the_published_formula() -> None:
    X, _ = make_vectors(40)
    learner = make_learner(get_strategy("ranked_batch"), n_labels=10)
    indices, scores = ask(get_strategy("ranked_batch"), learner, X, 1, rng=rng())
    distance = np.linalg.norm(learner.X_training - X[indices[0]], axis=1).min()
    uncertainty = 1 - learner.predict_proba(X[indices]).max()
    # alpha = 40 / (40 + 10)
    assert scores[0] == pytest.approx(0.8 * (1 - 1 / (1 + distance)) + 0.2 * uncertainty)


def test_ranked_batch_does_not_ask_for_the_same_text_twice_over() -> None:
    X, _ = make_vectors(30)
    doubled = np.concatenate([X, X])
    strategy = get_strategy("ranked_batch")
    indices, _ = ask(strategy, make_learner(strategy), doubled, 12, rng=rng())
    assert len({tuple(doubled[index]) for index in indices}) == 12


def test_ranked_batch_with_many_labels_keeps_exact_distances() -> None:
    X, _ = make_vectors(30)
    strategy = get_strategy("ranked_batch")
    learner = make_learner(strategy, n_labels=300)
    nearest = ranked_batch._that_matter(learner.X_training, X)
    assert len(nearest) <= 30
    distances = np.linalg.norm(X[:, None] - learner.X_training, axis=2).min(axis=1)
    kept = np.linalg.norm(X[:, None] - nearest, axis=2).min(axis=1)
    np.testing.assert_allclose(kept, distances)


def test_ranked_batch_needs_a_learner_that_keeps_its_rows() -> None:
    X, y = make_vectors(30)
    with pytest.raises(NotFitted, match="labelled rows"):
        ranked_batch.ranked_batch_sampling(make_head().fit(X, y), X, 5, rng=rng())


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        UnknownStrategy, match="no strategy 'margn'; there are coverage_to_margin, random"
    ):
        get_strategy("margn")


def test_a_dotted_path_to_nothing_says_what_failed() -> None:
    with pytest.raises(UnknownStrategy, match=r"no strategy at 'tests\.engine\.nowhere\.x'"):
        get_strategy("tests.engine.nowhere.x")


def test_a_dotted_path_to_something_else_is_refused() -> None:
    with pytest.raises(UnknownStrategy, match="is a int; needed: a Strategy"):
        get_strategy("tests.engine.worlds.N_CLASSES")


def test_a_dotted_path_to_a_modal_strategy_is_taken() -> None:
    strategy = get_strategy("learners.engine.strategies.margin.margin_sampling")
    assert strategy.label == "Margin sampling"
    assert strategy.needs_model
    assert strategy.max_pool == 20_000


def test_a_dotted_path_to_a_strategy_gives_that_strategy() -> None:
    path = "learners.engine.strategies.margin.STRATEGY"
    assert get_strategy(path) is get_strategy("margin")


def test_listing_the_strategies_loads_neither_torch_nor_modal() -> None:
    code = (
        "import sys, learners.engine.strategies, learners.engine.bundle, learners.engine.heads\n"
        "print([name for name in ('torch', 'modAL', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
