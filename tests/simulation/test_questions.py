"""Reserve, queue and random texts, as the product draws them."""

import numpy as np

from learners.engine.drawing import n_reserved
from learners.engine.simulation.questions import Questions
from projects.services.import_plan import RowFacts, make_plan


def make_questions(n_pool: int = 100, *, share: float = 0.2, seed: int = 0) -> Questions:
    return Questions(pool=np.arange(n_pool), audit_share=share, seed=seed)


def test_a_fifth_of_the_pool_is_reserved_but_at_most_2000() -> None:
    assert [n_reserved(n) for n in (4, 5, 100, 10_000, 50_000)] == [0, 1, 20, 2_000, 2_000]


def test_an_import_reserves_as_many() -> None:
    facts = RowFacts(
        hashes=np.arange(4 * 57, dtype=np.uint64).reshape(57, 4),
        labels=np.zeros(57, np.int64),
        is_test=np.zeros(57, bool),
        n_blank=0,
    )
    plan = make_plan(
        facts,
        known_before=np.zeros(57, bool),
        label_use="gold",
        rng=np.random.default_rng(0),
        audit_limit=2_000,
        audit_fraction=0.2,
    )
    assert plan.is_audit.sum() == n_reserved(57)


def test_the_reserve_is_random_by_seed() -> None:
    one, other = make_questions(seed=1), make_questions(seed=2)
    assert set(one.reserve) != set(other.reserve)
    assert set(one.reserve) == set(make_questions(seed=1).reserve)


def test_no_reserved_text_can_be_ranked() -> None:
    questions = make_questions()
    assert not set(questions.open_rest()) & set(questions.reserve)


def test_about_one_in_five_questions_is_of_the_reserve() -> None:
    questions = make_questions(5_000)
    asked = questions.ask(1_000, queue=questions.rest.tolist())
    assert 160 < len(set(asked) & set(questions.reserve)) < 240


def test_the_others_are_the_top_of_the_queue_in_its_order() -> None:
    questions = make_questions(share=0)
    queue = sorted(questions.rest.tolist())
    assert questions.ask(8, queue) == queue[:8]


def test_two_recipes_of_one_seed_measure_on_the_same_texts() -> None:
    one, other = make_questions(), make_questions()
    queue = one.rest.tolist()
    kept = set(one.reserve.tolist())
    first = [row for row in one.ask(40, queue) if row in kept]
    assert first == [row for row in other.ask(40, queue[::-1]) if row in kept]


def test_without_a_queue_texts_are_drawn_at_random() -> None:
    questions = make_questions(share=0)
    assert questions.ask(8, []) == questions.rest[:8].tolist()


def test_a_dry_stream_leaves_its_share_to_the_other() -> None:
    questions = make_questions(10)
    assert sorted(questions.ask(10, [])) == list(range(10))
    assert questions.ask(1, []) == []
