"""Tests of drift keep their error rate, find what differs, and say what is new."""

from typing import Any

import numpy as np
import pytest

from learners.engine.drifting import (
    Comparison,
    Outlying,
    class_shares,
    close,
    clusters,
    confidence,
    corrected,
    directions,
    distances,
    far_from,
    nearest,
    outlying_of,
    telling_words,
)


def unit(rng: np.random.Generator, n: int, d: int = 24) -> Any:
    rows = rng.normal(size=(n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_texts_of_one_kind_drift_in_one_look_of_twenty() -> None:
    rng, alarms = np.random.default_rng(1), 0
    for _ in range(200):
        rows = unit(rng, 360)
        names = rng.choice(["a", "b", "c"], size=240)
        pool, own, asked = np.split(rows, 3)
        found = directions(pool, own, asked)
        found.append(distances(nearest(own, pool), nearest(asked, pool)))
        found.append(confidence(rng.random(120), rng.random(120)))
        shares = class_shares(names[:120].tolist(), names[120:].tolist())
        found += [shares] if shares else []
        alarms += any(one.drifted for one in corrected(found))
    assert alarms <= 18  # 10 are expected; more than 18 come by chance in 1 of 200


def test_a_shifted_embedding_is_found() -> None:
    rng = np.random.default_rng(2)
    pool, own, other = np.split(unit(rng, 600) * np.linspace(2, 0.2, 24), 3)
    found = corrected(directions(pool, own, other + np.eye(24)[0]))
    assert [one.drifted for one in found[:1]] == [True]


def test_texts_beside_the_pool_are_found_by_their_distance() -> None:
    rng = np.random.default_rng(6)
    centre = unit(rng, 1)
    pool, own, asked = (_around(centre, rng, n) for n in (400, 100, 100))
    asked[:20] = unit(rng, 20)
    assert distances(nearest(own, pool), nearest(asked, pool)).p < 0.05


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


def _around(centre: Any, rng: np.random.Generator, n: int) -> Any:
    rows = centre + 0.5 * unit(rng, n)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_group_that_traffic_has_and_the_project_has_not_is_found_with_its_words() -> None:
    rng = np.random.default_rng(4)
    rows = np.concatenate([_around(unit(rng, 1), rng, 30), unit(rng, 8)])
    texts = [f"the invoice number {i} is overdue" for i in range(30)] + ["x"] * 8
    outlying = Outlying(rows, unit(rng, 12), share=0.5)
    others = ["a number of trains", "soup"] * 20
    (found,) = clusters(outlying, texts, others, within=0.4)
    assert sorted(found.rows.tolist()) == list(range(30))
    assert set(found.words[:2]) == {"invoice", "overdue"}


def test_a_group_that_the_project_has_too_is_not_proposed() -> None:
    rng = np.random.default_rng(7)
    centre = unit(rng, 1)
    outlying = Outlying(_around(centre, rng, 30), _around(centre, rng, 28), share=0.5)
    assert clusters(outlying, ["x"] * 30, [], within=0.9) == []


def test_two_groups_are_proposed_apart() -> None:
    rng = np.random.default_rng(8)
    rows = np.concatenate([_around(unit(rng, 1), rng, 30) for _ in range(2)])
    found = clusters(Outlying(rows, unit(rng, 12), share=0.5), ["x"] * 60, [], within=0.5)
    assert sorted(sorted(one.rows.tolist()) for one in found) == [
        list(range(30)),
        list(range(30, 60)),
    ]


def test_scattered_or_few_texts_are_no_group() -> None:
    rng = np.random.default_rng(5)
    assert clusters(Outlying(unit(rng, 40), unit(rng, 9), 0.5), ["x"] * 40, [], within=0.1) == []
    assert clusters(Outlying(unit(rng, 4), unit(rng, 9), 0.5), ["x"] * 4, [], within=2.0) == []
    assert telling_words(["1 2 3", "of the"], []) == ()
    assert 0 < close(unit(rng, 50)) < 2


def test_outlying_texts_are_those_beyond_a_tenth_of_the_reference() -> None:
    own, theirs = np.linspace(0.1, 1.0, 10), np.array([0.2, 0.95, 0.05, 2.0, 0.9])
    traffic, reference = np.eye(5), np.eye(10)
    rows, found = outlying_of(traffic, theirs, reference, own)
    assert rows.tolist() == [1, 3]  # 90 % of the reference lie within 0.91
    np.testing.assert_array_equal(found.traffic, traffic[[1, 3]])
    np.testing.assert_array_equal(found.reference, reference[[9]])
    assert found.share == pytest.approx(5 / 15)
