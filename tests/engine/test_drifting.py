"""Tests of drift keep their error rate, find what differs, and say what is new."""

from typing import Any

import numpy as np
import pytest

from learners.engine.drifting import (
    Comparison,
    class_shares,
    close,
    clusters,
    confidence,
    corrected,
    directions,
    far_from,
    nearest,
    telling_words,
)


def unit(rng: np.random.Generator, n: int, d: int = 24) -> Any:
    rows = rng.normal(size=(n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_texts_of_one_kind_drift_in_one_look_of_twenty() -> None:
    rng, alarms = np.random.default_rng(1), 0
    for _ in range(200):
        rows = unit(rng, 240)
        names = rng.choice(["a", "b", "c"], size=240)
        found = directions(rows[:120], rows[120:])
        found.append(confidence(rng.random(120), rng.random(120)))
        shares = class_shares(names[:120].tolist(), names[120:].tolist())
        found += [shares] if shares else []
        alarms += any(one.drifted for one in corrected(found))
    assert alarms <= 18  # 10 are expected; more than 18 come by chance in 1 of 200


def test_a_shifted_embedding_is_found() -> None:
    rng = np.random.default_rng(2)
    own = unit(rng, 200) * np.linspace(2, 0.2, 24)
    found = corrected(directions(own, own + np.eye(24)[0]))
    assert [one.drifted for one in found[:1]] == [True]


def test_shares_of_classes_are_compared_with_rare_ones_together() -> None:
    same = class_shares(["a"] * 60 + ["b"] * 40, ["a"] * 58 + ["b"] * 41 + ["c"])
    other = class_shares(["a"] * 60 + ["b"] * 40, ["a"] * 20 + ["b"] * 80)
    assert same is not None
    assert other is not None
    assert same.p > 0.5
    assert other.p < 1e-6
    assert class_shares(["a"] * 60, ["a"] * 60) is None


def test_holms_correction_is_the_one_worked_by_hand() -> None:
    found = corrected([Comparison("x", str(p), 0.0, p) for p in (0.03, 0.01, 0.04)])
    assert [one.p_holm for one in found] == pytest.approx([0.06, 0.03, 0.06])


def test_one_in_a_hundred_of_the_pools_own_texts_is_called_new() -> None:
    rng = np.random.default_rng(3)
    pool, held_out, asked = unit(rng, 2_000, 6), unit(rng, 1_000, 6), unit(rng, 1_000, 6)
    limit = far_from(nearest(held_out, pool))
    assert 0.002 < (nearest(asked, pool) > limit).mean() < 0.025


def test_a_group_of_new_texts_is_found_with_its_words() -> None:
    rng = np.random.default_rng(4)
    centre = unit(rng, 1)[0]
    near = centre + 0.05 * unit(rng, 12)
    rows = np.concatenate([near / np.linalg.norm(near, axis=1, keepdims=True), unit(rng, 8)])
    texts = [f"the invoice number {i} is overdue" for i in range(12)] + [
        f"text {i}" for i in range(8)
    ]
    (found,) = clusters(
        rows.astype(np.float32),
        texts,
        ["a number of trains", "soup"] * 20,
        within=close(unit(rng, 200)),
    )[:1]
    assert len(found.rows) >= 10
    assert set(found.rows[:10].tolist()) <= set(range(12))
    assert set(found.words[:2]) == {"invoice", "overdue"}


def test_scattered_or_few_texts_are_no_group() -> None:
    rng = np.random.default_rng(5)
    assert clusters(unit(rng, 40), ["x"] * 40, [], within=0.1) == []
    assert telling_words(["1 2 3", "of the"], []) == ()
