"""Texts with any number of classes: the model, its thresholds, and how it is measured."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from learners.engine.errors import BadFile, BadVectors, OneClassOnly
from learners.engine.heads import Head
from learners.engine.multilabel import (
    NOT_ASKED,
    MultiLabelHead,
    OneVsRestLogistic,
    choose_thresholds,
    cross_fitted_sets,
    fitted_thresholds,
    measure_sets,
    train_multilabel,
)
from learners.engine.multilabel.thresholds import best_threshold
from learners.engine.training import Names

Floats = NDArray[np.float64]
Sets = NDArray[np.int8]


def world(n: int = 120, d: int = 16, k: int = 4, seed: int = 0) -> tuple[Floats, Sets]:
    """Rows of length 1 and, for each of k directions, whether a row leans that way."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X, (X[:, :k] + 0.1 * rng.normal(size=(n, k)) > 0.15).astype(np.int8)


@pytest.mark.parametrize("n", [12, 120], ids=["fewer rows than columns", "more"])
def test_each_class_is_scikit_learns_balanced_logistic_regression(n: int) -> None:
    X, Y = world(n=n)
    found = OneVsRestLogistic().fit(X, Y).predict_proba(X)
    for j in range(Y.shape[1]):
        one = LogisticRegression(C=10, class_weight="balanced", max_iter=2_000, tol=1e-6)
        expected = one.fit(X, Y[:, j]).predict_proba(X)[:, 1]
        np.testing.assert_allclose(found[:, j], expected, atol=0.01)


def test_a_class_of_every_text_and_one_of_none_are_constants() -> None:
    X, Y = world(n=18)
    Y[:, 0], Y[:, 1] = 1, 0
    model = OneVsRestLogistic().fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X)[:, :2], [[19 / 20, 1 / 20]] * 18)
    assert not model.coef_[:2].any()


def test_a_text_that_a_class_was_not_asked_of_teaches_nothing_of_it() -> None:
    X, Y = world()
    Y[:40, 2] = NOT_ASKED
    part = OneVsRestLogistic().fit(X[40:], Y[40:])
    whole = OneVsRestLogistic().fit(X, Y)
    np.testing.assert_allclose(whole.coef_[2], part.coef_[2], atol=0.05)
    assert np.abs(whole.coef_[1] - part.coef_[1]).max() > 0.05


def test_an_unfitted_model_says_so() -> None:
    with pytest.raises(NotFittedError):
        OneVsRestLogistic().predict_proba(np.ones((1, 2)))


def test_a_model_fitted_again_remembers_nothing_of_the_rows_before() -> None:
    X, Y = world()
    plain = OneVsRestLogistic().fit(X, Y)
    again = OneVsRestLogistic().fit(X[:60], Y[:60]).fit(X, Y)
    np.testing.assert_array_equal(plain.predict_proba(X), again.predict_proba(X))


def test_thresholds_are_the_same_whatever_the_model_has_seen() -> None:
    X, Y = world()
    found = [
        fitted_thresholds(model, X, Y, rng=np.random.default_rng(2))
        for model in (OneVsRestLogistic().fit(X, Y), OneVsRestLogistic().fit(X[:20], Y[:20]))
    ]
    np.testing.assert_array_equal(found[0], found[1])


def test_a_trained_learner_gives_a_probability_to_each_class() -> None:
    X, Y = world()
    learner = train_multilabel(X=X, Y=Y, class_ids=[5, 6, 7, 8])
    assert learner.predict_proba(X[:3]).shape == (3, 4)
    assert (learner.n_prior, learner.y_training.shape) == (0, (120, 4))


def test_names_alone_train_a_model_at_zero_labels() -> None:
    names = Names(np.eye(3), np.array([5, 6, 7]))
    learner = train_multilabel(
        X=np.empty((0, 3)), Y=np.empty((0, 3), np.int8), class_ids=[5, 6, 7], names=names
    )
    assert learner.n_prior == 3
    assert (learner.predict_proba(np.eye(3)).argmax(axis=1) == [0, 1, 2]).all()


@pytest.mark.parametrize(
    ("Y", "error", "words"),
    [
        (np.zeros((6, 3), np.int8), OneClassOnly, "some labelled texts have and others do not"),
        (np.ones((6, 1), np.int8), OneClassOnly, "two classes at least"),
        (np.zeros(6, np.int8), BadVectors, r"\(n_rows, n_classes\)"),
        (np.full((6, 3), 2, np.int8), BadVectors, "other values"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_words(
    Y: Sets, error: type[Exception], words: str
) -> None:
    X, _ = world(n=6)
    with pytest.raises(error, match=words):
        train_multilabel(X=X, Y=Y, class_ids=range(Y.shape[-1]))


def test_the_best_threshold_lies_between_yes_and_no() -> None:
    falling = np.array([0.9, 0.8, 0.3, 0.2])
    assert best_threshold(falling, np.array([True, True, False, False])) == pytest.approx(0.55)
    assert best_threshold(falling, np.array([True, True, True, False])) == pytest.approx(0.25)


def test_without_any_yes_the_threshold_is_a_half() -> None:
    assert best_threshold(np.array([0.9, 0.1]), np.array([False, False])) == 0.5


def test_a_rare_class_takes_the_threshold_of_all_together() -> None:
    rng = np.random.default_rng(0)
    Y = (rng.random((60, 3)) < 0.4).astype(np.int8)
    Y[:, 2] = 0
    Y[:4, 2] = 1
    probabilities = np.clip(0.2 + 0.3 * Y + 0.05 * rng.random((60, 3)), 0, 1)
    found = choose_thresholds(probabilities, Y)
    assert found[2] == pytest.approx(best_threshold(probabilities.ravel(), Y.ravel() == 1))
    assert ((found > 0.25) & (found < 0.5)).all()


def test_thresholds_are_chosen_on_rows_their_model_did_not_see() -> None:
    X, _ = world()
    Y = (np.random.default_rng(1).random((120, 2)) < 0.3).astype(np.int8)  # nothing to learn
    model = OneVsRestLogistic(C=1e4).fit(X, Y)
    fair = fitted_thresholds(model, X, Y, rng=np.random.default_rng(2))
    flattered = choose_thresholds(model.predict_proba(X), Y)
    assert np.abs(fair - flattered).max() > 0.05


def test_an_audit_answer_decides_nothing_about_its_own_prediction() -> None:
    X, Y = world()
    is_audit = np.arange(120) < 5  # one a fold

    def crossed(sets: Sets) -> Floats:
        return cross_fitted_sets(
            X=X, Y=sets, class_ids=range(4), is_audit=is_audit, rng=np.random.default_rng(3)
        ).probabilities

    for row in range(5):
        other = Y.copy()
        other[row] = 1 - Y[row]
        np.testing.assert_array_equal(crossed(Y)[row], crossed(other)[row])


def test_strict_models_never_see_an_audit_answer() -> None:
    X, Y = world()
    is_audit = np.arange(120) < 30
    other = Y.copy()
    other[:30] = 1 - Y[:30]
    found = [
        cross_fitted_sets(
            X=X,
            Y=sets,
            class_ids=range(4),
            is_audit=is_audit,
            strict=True,
            rng=np.random.default_rng(3),
        ).probabilities
        for sets in (Y, other)
    ]
    np.testing.assert_array_equal(found[0], found[1])


def test_without_audit_answers_nothing_is_predicted() -> None:
    X, Y = world()
    none = np.zeros(120, bool)
    found = cross_fitted_sets(
        X=X, Y=Y, class_ids=range(4), is_audit=none, rng=np.random.default_rng(0)
    )
    assert (found.rows.shape, found.has.shape) == ((0,), (0, 4))


def test_measures_by_hand() -> None:
    truth = np.array([[1, 1, 0]] * 6 + [[0, 0, 0]] * 4, bool)
    said = np.array([[1, 0, 0]] * 6 + [[0, 0, 1]] * 4, bool)
    found = measure_sets(truth, said, rng=np.random.default_rng(0))
    assert found.exact_match.value == 0
    assert found.micro_recall is not None
    assert found.micro_recall.value == pytest.approx(6 / 12)
    assert found.micro_precision is not None
    assert found.micro_precision.value == pytest.approx(6 / 10)
    assert found.micro_f1 is not None
    assert found.micro_f1.value == pytest.approx(2 * 6 / (10 + 12))
    assert [r.value if r else None for r in found.recall] == [1.0, 0.0, None]
    assert found.macro_f1 is None


def test_macro_f1_is_the_mean_over_the_classes() -> None:
    truth = np.array([[1, 0], [0, 1]] * 10, bool)
    said = np.array([[1, 0], [0, 0]] * 10, bool)
    found = measure_sets(truth, said, rng=np.random.default_rng(0))
    assert found.macro_f1 is not None
    assert found.macro_f1.value == pytest.approx((1 + 0) / 2)
    assert found.macro_f1.low <= 0.5 <= found.macro_f1.high


def test_too_few_texts_withhold_f1_and_say_why() -> None:
    truth = np.array([[1, 0]] * 9, bool)
    found = measure_sets(truth, truth, rng=np.random.default_rng(0))
    assert (found.micro_f1, found.exact_match.n) == (None, 9)
    assert (
        found.withheld == "F1 needs 10 random texts with 5 labels among them; 9 with 9 are answered"
    )


def test_twelve_texts_all_right_are_no_certainty() -> None:
    truth = np.array([[1, 0], [0, 1]] * 6, bool)
    found = measure_sets(truth, truth, rng=np.random.default_rng(0)).micro_f1
    assert found is not None
    assert (found.value, found.high) == (1, 1)
    assert 0.7 < found.low < 0.8


def test_the_interval_covers_the_true_f1_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    population = rng.random((20_000, 3)) < 0.4
    wrong = rng.random(population.shape) < 0.15
    said = population ^ wrong
    whole = 2 * (population & said).sum() / (population.sum() + said.sum())
    covered = 0
    for _ in range(200):
        rows = rng.integers(0, len(population), 60)
        found = measure_sets(population[rows], said[rows], rng=rng).micro_f1
        covered += bool(found and found.low <= whole <= found.high)
    assert 0.88 <= covered / 200 <= 0.99


def head() -> MultiLabelHead:
    X, Y = world()
    model = OneVsRestLogistic().fit(X, Y)
    return MultiLabelHead.from_estimator(
        model, class_ids=[3, 5, 8, 9], thresholds=np.array([0.2, 0.5, 0.6, 0.7])
    )


def test_a_head_comes_back_from_its_file_as_it_was() -> None:
    X, _ = world()
    stored = head().to_bytes()
    found = MultiLabelHead.from_bytes(stored)
    assert found.class_ids == (3, 5, 8, 9)
    np.testing.assert_array_equal(found.predict(X), head().predict(X))


def test_a_head_says_each_class_from_its_own_threshold_on() -> None:
    X, _ = world()
    found = head()
    expected = found.predict_proba(X) >= np.array([0.2, 0.5, 0.6, 0.7])
    np.testing.assert_array_equal(found.predict(X), expected)


def test_other_files_are_no_multilabel_head() -> None:
    single = Head(np.zeros((2, 4)), np.zeros(2), (1, 2)).to_bytes()
    for stored in (single, b"nonsense"):
        with pytest.raises(BadFile):
            MultiLabelHead.from_bytes(stored)


@pytest.mark.parametrize("threshold", [0.0, 1.0, float("nan")])
def test_a_threshold_outside_is_refused(threshold: float) -> None:
    with pytest.raises(BadFile, match="between 0 and 1"):
        MultiLabelHead(np.zeros((2, 3)), np.zeros(2), (1, 2), np.array([0.5, threshold]))


def test_nothing_is_unpickled() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, kind=np.array("multilabel"), coef=np.array([object()]))
    with pytest.raises(BadFile):
        MultiLabelHead.from_bytes(buffer.getvalue())
