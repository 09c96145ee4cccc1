"""How sure a model is of each class of each text, against whether it was there."""

import numpy as np
import pytest

from learners.engine.multilabel.calibration import Pooled, pooled_calibration


def asked(
    n: int = 200, *, k: int = 4, lie: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are true, or `lie` too high."""
    rng = np.random.default_rng(seed)
    true = rng.random((n, k)) * (1 - lie)
    return true + lie, rng.random((n, k)) < true


def pooled(probabilities: np.ndarray, has: np.ndarray) -> Pooled:
    found = pooled_calibration(probabilities, has, rng=np.random.default_rng(1))
    assert found is not None
    return found


def test_true_probabilities_show_no_more_error_than_chance() -> None:
    error = pooled(*asked()).error
    assert error.error.value < error.by_chance_high
    assert 0 < error.by_chance < error.by_chance_high


def test_probabilities_that_are_too_high_show_it() -> None:
    found = pooled(*asked(lie=0.4))
    assert found.mean_probability > found.share.high
    assert found.error.error.low > found.error.by_chance_high


def test_each_row_holds_questions_of_one_fifth() -> None:
    found = pooled(*asked())
    assert [(round(b.low, 1), round(b.high, 1)) for b in found.bins] == [
        (0.0, 0.2),
        (0.2, 0.4),
        (0.4, 0.6),
        (0.6, 0.8),
        (0.8, 1.0),
    ]
    assert sum(b.right.n for b in found.bins) == 800
    assert all(b.right.low <= b.right.value <= b.right.high for b in found.bins)


@pytest.mark.parametrize(("low", "high", "n"), [(0.0, 0.1, 1), (0.9, 1.0, 1), (0.05, 0.95, 5)])
def test_rows_with_few_questions_are_joined(low: float, high: float, n: int) -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(low, high, (60, 2))
    found = pooled(probabilities, rng.random((60, 2)) < probabilities)
    assert len(found.bins) == n
    assert all(b.right.n >= 10 for b in found.bins)


def test_leftovers_at_the_top_go_to_the_row_below() -> None:
    probabilities = np.full((40, 1), 0.1)
    probabilities[:3] = 0.95
    found = pooled(probabilities, probabilities > 0.5)
    assert [b.right.n for b in found.bins] == [40]


def test_questions_of_one_text_hang_together() -> None:
    """Twenty classes that come and go as one are no twenty times as much to go by."""
    one_p, one_has = asked(60, k=1)
    repeated = pooled(np.repeat(one_p, 20, axis=1), np.repeat(one_has, 20, axis=1)).share
    alone = pooled(one_p, one_has).share
    assert repeated.high - repeated.low == pytest.approx(alone.high - alone.low, rel=0.2)


def test_a_row_that_is_all_no_keeps_a_width() -> None:
    probabilities = np.full((40, 2), 0.05)
    (row,) = pooled(probabilities, np.zeros((40, 2), bool)).bins
    assert row.right.value == 0
    assert row.right.high > 0.05


def test_below_thirty_texts_nothing_is_said() -> None:
    assert pooled_calibration(*asked(29), rng=np.random.default_rng(0)) is None


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="needed: alike"):
        pooled_calibration(np.zeros((40, 2)), np.zeros((40, 3), bool), rng=np.random.default_rng(0))
