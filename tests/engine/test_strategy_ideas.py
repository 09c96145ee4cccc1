"""What the strategies of several rows mean: each against its definition, written out slowly."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from learners.engine.asking import ask
from learners.engine.committees import bootstrap_rows, labels_only, make_committee
from learners.engine.errors import BadAnswer, NotFitted
from learners.engine.heads import make_head
from learners.engine.learner import ActiveLearner
from learners.engine.ranking import rank_pool
from learners.engine.strategies import badge, cal, capped_margin, get_strategy, herding, probcover
from learners.engine.strategies.closeness import closeness
from learners.engine.strategies.coverage_to_margin import sharpness
from learners.engine.strategies.expected_error import N_CANDIDATES
from learners.engine.strategies.information_density import density
from learners.engine.strategies.multilabel.decisions import distances, log_odds, probabilities
from learners.engine.training import train_learner
from tests.engine.contract import rng
from tests.engine.worlds import make_label_sets, make_learner, make_vectors


def squared(a: Any, b: Any) -> float:
    return float(((a - b) ** 2).sum())


def test_each_pick_of_herding_adds_most_coverage() -> None:
    X, learner = make_vectors(40)[0], make_learner(get_strategy("herding"), n_labels=5)
    indices, scores = ask(get_strategy("herding"), learner, X, 6, rng=rng())
    scale = herding.WIDTH * np.mean([squared(a, b) for a in X for b in X])
    top = np.sort(learner.predict_proba(X), axis=1)
    weights = 1 - (top[:, -1] - top[:, -2])
    covered = np.exp([-min(squared(x, s) for s in learner.X_training) / scale for x in X])
    for index, score in zip(indices, scores, strict=True):
        kernel = np.exp([[-squared(x, c) / scale for c in X] for x in X])
        gains = (weights[:, None] * np.maximum(kernel - covered[:, None], 0)).sum(axis=0)
        assert gains[index] == pytest.approx(gains.max(), abs=1e-4)
        assert score == pytest.approx(gains[index] / weights.sum(), abs=1e-5)
        covered = np.maximum(covered, kernel[:, index])


def test_names_of_classes_cover_nothing() -> None:
    X, learner = make_vectors(40)[0], make_learner(get_strategy("herding"), n_labels=5)
    covered = ask(get_strategy("herding"), learner, X, 1, rng=rng())[1]
    learner.n_prior = 5
    assert ask(get_strategy("herding"), learner, X, 1, rng=rng())[1] > covered


def test_without_a_model_every_row_counts_alike() -> None:
    X = np.array([[0.0, 0], [0, 0.1], [0.1, 0], [9, 9]])
    untrained = ActiveLearner(make_head(), get_strategy("herding"))
    indices, _ = ask(get_strategy("herding"), untrained, X, 2, rng=rng())
    assert indices.tolist() == [0, 3]


def test_a_round_of_capped_margin_takes_each_group_once() -> None:
    groups = np.array([0, 0, 0, 1, 0, 2, 1, 3])
    # The best of groups 0, 1, 2, 3; then no group has a place, and a new round begins.
    assert capped_margin._capped(groups, 8).tolist() == [0, 3, 5, 7, 1, 6, 2, 4]


def test_capped_margin_asks_more_kinds_than_margin() -> None:
    learner = make_learner(get_strategy("margin"))
    border = make_vectors(300)[0]
    closest = border[ask(get_strategy("margin"), learner, border, 1, rng=rng())[0]]
    many = np.concatenate([closest + 1e-3 * rng().normal(size=(30, 6)), border])
    plain = ask(get_strategy("margin"), learner, many, 8, rng=rng())[0]
    capped = ask(get_strategy("capped_margin"), learner, many, 8, rng=rng())[0]
    assert (capped < 30).sum() < (plain < 30).sum()


def test_the_default_is_herding_at_64_labels() -> None:
    strategy, X = get_strategy("coverage_to_margin"), make_vectors(60)[0]
    learner = make_learner(strategy, n_labels=64)
    ours = ask(strategy, learner, X, 9, rng=rng())[0]
    assert ours.tolist() == ask(get_strategy("herding"), learner, X, 9, rng=rng())[0].tolist()


def test_the_default_covers_first_and_asks_borders_later() -> None:
    strategy, X = get_strategy("coverage_to_margin"), make_vectors(600)[0]
    learner = make_learner(strategy, n_labels=256)
    asked_late = ask(strategy, learner, X, 9, rng=rng())[0]
    learner.n_prior = 256  # all of them names: no label yet
    asked_first = ask(strategy, learner, X, 9, rng=rng())[0]
    closest = closeness(learner, X)
    assert closest[asked_late].mean() > closest[asked_first].mean()


@pytest.mark.parametrize(("n_labels", "power"), [(0, 0.5), (64, 1), (256, 2.5), (999, 4)])
def test_the_weight_of_uncertainty_grows_with_labels_and_not_with_names(
    n_labels: int, power: float
) -> None:
    learner = make_learner(get_strategy("coverage_to_margin"), n_labels=n_labels + 4)
    learner.n_prior = 4
    assert sharpness(learner) == power


@pytest.mark.parametrize("n_labels", [0, 10, 200])
def test_a_pool_in_two_stages_gives_the_same_kind_of_queue(n_labels: int) -> None:
    strategy, X = get_strategy("coverage_to_margin"), make_vectors(5_000)[0]
    learner = (
        make_learner(strategy, n_labels=n_labels)
        if n_labels
        else ActiveLearner(make_head(), strategy)
    )
    blocks = [(np.arange(5_000), X.astype(np.float16))]
    ranking = rank_pool(learner=learner, strategy=strategy, blocks=blocks, n_queue=20, rng=rng())
    assert len(set(ranking.ids)) == 20
    assert ranking.n_pool == 5_000
    assert ranking.n_scored == herding.SUBSET


def test_capped_margin_ranks_the_whole_pool_as_it_ranks_its_shortlist() -> None:
    strategy, X = get_strategy("capped_margin"), make_vectors(3_000)[0]
    learner = make_learner(strategy)
    ranking = rank_pool(
        learner=learner, strategy=strategy, blocks=[(np.arange(3_000), X)], n_queue=1, rng=rng()
    )
    assert ranking.ids.tolist() == ask(strategy, learner, X, 1, rng=rng())[0].tolist()


def test_badge_measures_distances_between_outer_products() -> None:
    X, learner = make_vectors(50)[0], make_learner(get_strategy("badge"))
    indices, scores = ask(get_strategy("badge"), learner, X, 8, rng=rng())
    errors = badge._errors(learner.predict_proba(X))
    gradients = np.einsum("ij,ik->ijk", errors, X).reshape(50, -1)
    lengths = (gradients**2).sum(axis=1)
    assert lengths[indices[0]] == pytest.approx(lengths.max())
    apart = [lengths.max()] + [
        min(squared(gradients[b], gradients[a]) for a in indices[:n])
        for n, b in enumerate(indices)
        if n
    ]
    np.testing.assert_allclose(scores, np.minimum.accumulate(apart), atol=1e-5)


def test_cal_is_the_mean_divergence_from_labelled_neighbours() -> None:
    X, learner = make_vectors(30)[0], make_learner(get_strategy("cal"), n_labels=40)
    indices, scores = ask(get_strategy("cal"), learner, X, 1, rng=rng())
    x, p = X[indices[0]], learner.predict_proba(X[indices])[0]
    near = sorted(range(40), key=lambda row: squared(learner.X_training[row], x))[:10]
    known = learner.predict_proba(learner.X_training[near])
    assert len(near) == cal.N_NEIGHBOURS
    assert scores[0] == pytest.approx((known * np.log(known / p)).sum(axis=1).mean(), abs=1e-6)


def test_cal_compares_with_the_names_where_there_is_no_label_yet() -> None:
    learner = make_learner(get_strategy("cal"), n_labels=3)
    learner.n_prior = 3
    assert len(ask(get_strategy("cal"), learner, make_vectors(20)[0], 4, rng=rng())[0]) == 4


def test_density_is_the_mean_cosine_to_all_rows() -> None:
    X = make_vectors(30)[0]
    np.testing.assert_allclose(density(X), np.maximum(cosine_similarity(X).mean(axis=1), 0))


def test_the_radius_of_probcover_leaves_nineteen_of_twenty_balls_pure() -> None:
    X = np.concatenate([make_vectors(200)[0], 1 + make_vectors(200)[0]])
    groups = np.repeat([0, 1], 200)
    apart = np.array([[squared(a, b) for b in X] for a in X]).astype(np.float32)
    radius = probcover.squared_radius(apart, groups)
    pure = [(groups[apart[row] < radius] == groups[row]).all() for row in range(400)]
    assert np.mean(pure) == pytest.approx(probcover.PURITY, abs=0.01)


def test_probcover_counts_what_the_ball_newly_covers() -> None:
    X = np.concatenate([np.zeros((6, 2)), np.full((3, 2), 50.0), [[20.0, 0]]])
    untrained = ActiveLearner(make_head(), get_strategy("probcover"))
    _, scores = ask(get_strategy("probcover"), untrained, X, 4, rng=rng())
    np.testing.assert_allclose(scores, [0.6, 0.3, 0.1, 0], atol=1e-5)


def test_typiclust_asks_where_no_label_is() -> None:
    X, y = make_vectors(300)
    learner = ActiveLearner(make_head(), get_strategy("typiclust"), X[:60], y[:60])
    indices, scores = ask(get_strategy("typiclust"), learner, X[60:], 5, rng=rng())
    assert len(set(indices)) == 5
    assert scores[0] > 0  # a group without any label


def test_bootstrap_samples_keep_every_class() -> None:
    y = np.array([3] * 9 + [7])
    for seed in range(20):
        assert set(y[bootstrap_rows(y, np.random.default_rng(seed))]) == {3, 7}


@pytest.mark.parametrize("kind", ["vote", "consensus", "disagreement"])
def test_committees_ask_what_modals_committee_asks(kind: str) -> None:
    from modAL import disagreement

    strategy, X = get_strategy(f"committee_{kind}"), make_vectors(60)[0]
    learner = make_learner(strategy)
    indices, scores = ask(strategy, learner, X, 60, rng=rng())
    committee = make_committee(learner, X, rng())
    measure = {"disagreement": "KL_max_disagreement"}.get(kind, f"{kind}_entropy")
    np.testing.assert_allclose(
        scores, getattr(disagreement, measure)(committee, X)[indices], atol=1e-8
    )


def test_members_of_a_committee_are_trained_on_different_labels() -> None:
    learner = make_learner(get_strategy("committee_vote"))
    committee = make_committee(learner, make_vectors(5)[0], rng())
    coefficients = [member.estimator.coef_ for member in committee]
    assert all(np.abs(a - b).max() > 0.01 for a, b in pairwise(coefficients))


@pytest.mark.parametrize("name", ["committee_vote", "expected_error"])
def test_models_trained_for_one_choice_learn_from_labels_alone(name: str) -> None:
    X, y = make_vectors(30)
    pool = make_vectors(50, seed=1)[0]
    learner = train_learner(head="self_trained", X=X[:12], y=y[:12], pool=pool, rng=rng())
    plain = train_learner(head="logistic", X=X[:12], y=y[:12], rng=rng())
    light = labels_only(learner.estimator).fit(X[:12], y[:12])
    np.testing.assert_allclose(light.coef_, plain.estimator.coef_, atol=0.02)
    indices, _ = ask(get_strategy(name), learner, X, 5, rng=rng())
    assert len(set(indices.tolist())) == 5
    assert learner.estimator.pool is pool
    assert learner.estimator.n_believed_


def test_expected_error_is_that_of_roy_and_mccallum() -> None:
    X, learner = make_vectors(9)[0], make_learner(get_strategy("expected_error"), n_labels=12)
    indices, scores = ask(get_strategy("expected_error"), learner, X, 9, rng=rng())
    row, others = indices[0], np.delete(X, indices[0], axis=0)
    expected = 0.0
    for label, chance in zip((10, 11, 12), learner.predict_proba(X[row : row + 1])[0], strict=True):
        model = make_head().fit(
            np.vstack([learner.X_training, X[row]]), np.append(learner.y_training, label)
        )
        expected += chance * (1 - model.predict_proba(others).max(axis=1)).mean()
    assert scores[0] == pytest.approx(-expected, abs=1e-3)
    assert N_CANDIDATES > 9


@pytest.mark.parametrize("name", ["committee_vote", "expected_error", "cal"])
def test_strategies_that_need_labelled_rows_say_so(name: str) -> None:
    X, y = make_vectors(30)
    with pytest.raises(NotFitted, match="labelled rows"):
        get_strategy(name).query(make_head().fit(X, y), X, 5, rng=rng())


@pytest.mark.parametrize("name", ["committee_vote", "expected_error", "cal"])
def test_strategies_for_one_class_each_refuse_a_learner_of_many(name: str) -> None:
    learner = make_learner(get_strategy("multilabel_max_loss"))
    with pytest.raises(BadAnswer):
        get_strategy(name).query(learner, make_vectors(9)[0], 5, rng=rng())


@pytest.mark.parametrize("name", ["herding", "capped_margin", "coverage_to_margin", "typiclust"])
def test_strategies_for_both_rank_a_pool_for_many_classes(name: str) -> None:
    strategy, X = get_strategy(name), make_vectors(200)[0]
    learner = make_learner(get_strategy("multilabel_max_loss"), n_labels=60)
    ranking = rank_pool(
        learner=learner, strategy=strategy, blocks=[(np.arange(200), X)], n_queue=9, rng=rng()
    )
    assert len(set(ranking.ids)) == 9
    assert all(ranking.reasons)


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("min_confidence", lambda P, f, w: -np.abs(2 * P - 1).min()),
        ("avg_confidence", lambda P, f, w: -np.abs(2 * P - 1).mean()),
        ("max_score", lambda P, f, w: 2 * P.max() - 1),
        ("avg_score", lambda P, f, w: 2 * P.mean() - 1),
        ("binary_minimum", lambda P, f, w: -(np.abs(f) / w).min()),
        ("max_loss", lambda P, f, w: _hinge(f, P.argmax())),
        ("mean_max_loss", lambda P, f, w: np.mean([_hinge(f, c) for c in range(len(f))])),
    ],
)
def test_multilabel_strategies_score_by_their_papers(name: str, score: Any) -> None:
    strategy, X = get_strategy(f"multilabel_{name}"), make_vectors(30)[0]
    learner = make_learner(strategy)
    indices, scores = ask(strategy, learner, X, 30, rng=rng())
    lengths = [np.linalg.norm(machine.coef_) for machine in learner.estimator.estimators_]
    expected = [
        score(P, np.log(P / (1 - P)), np.array(lengths)) for P in learner.predict_proba(X[indices])
    ]
    np.testing.assert_allclose(scores, expected, atol=1e-8)


def _hinge(decisions: Any, only_class: int) -> float:
    signs = [1 if place == only_class else -1 for place in range(len(decisions))]
    return float(
        sum(max(0.0, 1 - sign * value) for sign, value in zip(signs, decisions, strict=True))
    )


def test_a_class_that_nobody_has_yet_has_no_border() -> None:
    X = make_vectors(30)[0]
    Y = make_label_sets(X)
    Y[:, 1] = 0
    with pytest.warns(UserWarning, match="not 1"):
        learner = make_learner(get_strategy("multilabel_max_loss")).fit(X, Y)
    assert np.isinf(distances(learner, X)[:, 1]).all()
    assert np.isfinite(log_odds(learner, X)).all()


def test_probabilities_of_a_multilabel_forest_are_read() -> None:
    from sklearn.ensemble import RandomForestClassifier

    X = make_vectors(30)[0]
    forest = RandomForestClassifier(5, random_state=0)
    learner = ActiveLearner(forest, get_strategy("multilabel_max_score"), X, make_label_sets(X))
    assert probabilities(learner, X).shape == (30, 3)
    assert len(learner.query(X, n_instances=4, rng=rng())[0]) == 4


def test_a_machine_without_probabilities_is_refused() -> None:
    X = make_vectors(30)[0]
    machines = OneVsRestClassifier(SVC(kernel="linear"))
    learner = ActiveLearner(machines, get_strategy("multilabel_max_score"), X, make_label_sets(X))
    with pytest.raises(BadAnswer, match="no probabilities"):
        learner.query(X, n_instances=4, rng=rng())
