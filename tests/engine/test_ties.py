"""Tie-breaking: by a seeded hash of the content, whatever the order, the block or the dtype."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from learners.engine.ties import best_rows, id_keys, row_keys, settled

scores_with_ties = arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, 0.5, 1.0]))
numbers = st.floats(-9, 9, width=16)


@given(scores=scores_with_ties, n=st.integers(0, 50), seed=st.integers(0, 2**32))
def test_the_best_rows_are_a_prefix_of_the_sorted_pool(
    scores: np.ndarray, n: int, seed: int
) -> None:
    X = np.arange(len(scores), dtype=float)[:, None]
    indices, chosen = best_rows(scores, X, n, rng=np.random.default_rng(seed))
    assert chosen.tolist() == sorted(scores.tolist(), reverse=True)[:n]
    assert len(set(indices.tolist())) == len(indices) == min(n, len(scores))


@given(scores=scores_with_ties, n=st.integers(1, 50), seed=st.integers(0, 2**32), data=st.data())
def test_shuffling_the_pool_changes_nothing(
    scores: np.ndarray, n: int, seed: int, data: st.DataObject
) -> None:
    X = np.arange(len(scores), dtype=float)[:, None]
    order = np.array(data.draw(st.permutations(range(len(scores)))))
    straight, _ = best_rows(scores, X, n, rng=np.random.default_rng(seed))
    shuffled, _ = best_rows(scores[order], X[order], n, rng=np.random.default_rng(seed))
    assert order[shuffled].tolist() == straight.tolist()


@given(rows=arrays(np.float16, (6, 5), elements=numbers), salt=st.integers(0, 2**63 - 1))
def test_a_rows_key_does_not_know_its_dtype_or_its_sign_of_zero(
    rows: np.ndarray, salt: int
) -> None:
    keys = row_keys(rows, salt)
    assert row_keys(rows.astype(np.float64), salt).tolist() == keys.tolist()
    assert row_keys(np.where(rows == 0, -0.0, rows), salt).tolist() == keys.tolist()


def test_equal_rows_have_equal_keys_and_different_ones_do_not() -> None:
    rows = np.random.default_rng(0).integers(0, 3, size=(2_000, 8)).astype(float)
    n_distinct = len(np.unique(rows, axis=0))
    assert len(np.unique(row_keys(rows, 7))) == n_distinct


def test_keys_are_the_same_beyond_one_chunk() -> None:
    rows = np.random.default_rng(0).normal(size=(9_000, 3))
    assert row_keys(rows, 7)[8_500:].tolist() == row_keys(rows[8_500:], 7).tolist()


def test_sparse_rows_are_told_apart_by_column_too() -> None:
    rows = sparse.csr_matrix(np.array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 0, 0]]))
    keys = row_keys(rows, 7)
    assert keys[0] == keys[2] != keys[1]


def test_another_salt_gives_another_order() -> None:
    ids = np.arange(100)
    orders = {tuple(np.argsort(id_keys(ids, salt))) for salt in range(50)}
    assert len(orders) == 50


def test_keys_of_neighbouring_ids_are_spread_evenly() -> None:
    keys = id_keys(np.arange(80_000), 3)
    counts, _ = np.histogram(keys.astype(np.float64), bins=16, range=(0, 2.0**64))
    # 5,000 a bin, standard deviation 68
    assert np.abs(counts - 5_000).max() < 5 * 68


def test_noise_in_the_last_bits_is_a_tie() -> None:
    assert settled(np.array([0.1 + 0.2]))[0] == settled(np.array([0.3]))[0]
