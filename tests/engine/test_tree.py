"""The small tree: what it learns, how sure it is, how it is kept, how it reads."""

import re

import numpy as np
import pytest

from learners.engine.errors import BadFile, BadVectors, NotFitted, OneClassOnly
from learners.engine.features.table import fit_table
from learners.engine.heads.stored_tree import TreeHead, raw
from learners.engine.heads.tree import SmallTree, settled
from learners.engine.rules import rules_of
from learners.engine.table_card import rule_words
from tests.engine.tables import COLUMNS, make_rows, make_table

TABLE, ROWS, Y = make_table()
X = TABLE.vectors(ROWS).astype(np.float16).astype(np.float32)  # as exact as a stored vector
TREE = SmallTree().fit(X, Y).tree_
NAMES = {1: "no", 2: "yes"}


def test_a_rule_of_two_columns_is_found() -> None:
    assert (TREE.predict(X) == Y).mean() > 0.98


def test_the_tree_reads_as_rules_in_the_columns_own_units() -> None:
    words = [rule_words(rule, NAMES) for rule in rules_of(TREE, TABLE)]
    old_cooks = next(rule for rule in words if "then yes" in rule)
    found = re.fullmatch(r"if job is cook and age is above (\d+), then yes .*", old_cooks)
    assert found
    assert 36 <= int(found.group(1)) <= 44


def test_what_halves_add_to_a_category_tells_no_rows_apart() -> None:
    """A one comes back as 1.0004 or 0.9996, the more so the further out the row's numbers lie."""
    for seed in range(6):
        rows, _ = make_rows(80, seed=seed)
        table = fit_table(rows, COLUMNS)
        values = settled(raw(table.vectors(rows).astype(np.float16).astype(np.float32)))
        ones = [d for d, dimension in enumerate(table.dimensions) if dimension.test == "level"]
        assert all(len(np.unique(values[:, d])) == 2 for d in ones)


def test_a_tree_never_asks_for_a_category_twice() -> None:
    found = [
        [str(20 + i % 50), ("nurse", "cook", "clerk")[i % 3], str(i * 1.5)] for i in range(120)
    ]
    table = fit_table(found, COLUMNS[:3])
    y = np.array([2 if row[1] == "cook" and float(row[0]) > 40 else 1 for row in found])
    vectors = table.vectors(found).astype(np.float16).astype(np.float32)
    for seed in range(8):
        some = np.random.default_rng(seed).permutation(120)[:80]
        for leaf in SmallTree().fit(vectors[some], y[some]).tree_.leaves():
            asked = [
                s.dimension for s in leaf.steps if table.dimensions[s.dimension].test == "level"
            ]
            assert len(asked) == len(set(asked))


def test_every_training_row_meets_one_rule() -> None:
    rules = rules_of(TREE, TABLE)
    assert sum(rule.n for rule in rules) == len(Y)
    assert sum(rule.n_right for rule in rules) == (TREE.predict(X) == Y).sum()


def test_no_leaf_is_certain_and_every_row_sums_to_one() -> None:
    probabilities = TREE.predict_proba(X)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(X)))
    assert 0 < probabilities.min() < probabilities.max() < 1


def test_leaves_are_about_as_right_as_they_are_sure() -> None:
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(len(Y)) < 0.2, 3 - Y, Y)
    sure = SmallTree().fit(X[:150], noisy[:150]).predict_proba(X[150:]).max(axis=1).mean()
    assert abs(sure - 0.8) < 0.08


def test_bytes_give_the_same_tree() -> None:
    again = TreeHead.from_bytes(TREE.to_bytes())
    assert again.predict_proba(X).tolist() == TREE.predict_proba(X).tolist()
    assert again.class_ids == (1, 2)


@pytest.mark.parametrize("stored", [b"", b"PK\x03\x04", b"\x80\x04K\x01."])
def test_a_damaged_file_is_refused(stored: bytes) -> None:
    with pytest.raises(BadFile):
        TreeHead.from_bytes(stored)


def test_a_tree_that_would_walk_in_a_circle_is_refused() -> None:
    with pytest.raises(BadFile):
        TreeHead(**{**TREE.__dict__, "left": np.zeros_like(TREE.left)})


def test_the_same_rows_grow_the_same_tree() -> None:
    assert SmallTree().fit(X, Y).tree_.to_bytes() == TREE.to_bytes()


def test_one_class_is_refused() -> None:
    with pytest.raises(OneClassOnly):
        SmallTree().fit(X[:5], np.ones(5, int))


def test_two_rows_are_enough() -> None:
    two = [int(np.argmax(Y == 1)), int(np.argmax(Y == 2))]
    assert SmallTree().fit(X[two], Y[two]).predict_proba(X).shape == (len(X), 2)


def test_an_untrained_tree_says_so() -> None:
    with pytest.raises(NotFitted):
        SmallTree().predict_proba(X)


def test_vectors_of_texts_are_refused() -> None:
    with pytest.raises(BadVectors, match="rows of a table"):
        SmallTree().fit(-X, Y)
