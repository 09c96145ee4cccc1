"""What a running confirmation asks: fresh random texts, in their order, with its share of the questions."""

import uuid

import pytest
from django.db import connection

from learners.models import ConfirmationCheck
from projects.models import AnnotationEvent, Example, Lease
from projects.models.annotation import Draw
from projects.selectors.confirming import texts_of
from projects.services.answering import skip
from projects.services.undoing import undo
from tests.confirming.worlds import (
    answer_many,
    answer_next,
    check,
    fails,
    make_world,
    no,
    start,
    yes,
)
from tests.factories import make_examples, make_user
from tests.labelling.people import OTHER_TAB, answer, asked, claim, make_queue, sender

pytestmark = pytest.mark.django_db


def audit_texts(n: int, *, first: int = 0) -> list[str]:
    return [f"text {place}" for place in range(first, first + n)]


def test_only_fresh_random_texts_are_asked_in_their_order() -> None:
    project, fit, owner = make_world()
    start(project, fit, owner)
    found = [answer_next(project, owner, yes(project), seed=n).text for n in range(10)]
    assert found == audit_texts(10)
    assert set(AnnotationEvent.objects.values_list("draw", "chance", "fit_id")) == {
        (Draw.CONFIRM, 1.0, None)
    }


def test_a_text_somebody_dealt_with_before_is_not_fresh() -> None:
    project, fit, owner = make_world()
    first, second, third = project.examples.order_by("audit_rank", "id")[:3]
    answer(project, owner, first, yes(project))
    skip(sender=sender(project, owner), example_id=second.pk)
    answer(project, owner, third, yes(project))
    undo(sender=sender(project, owner))  # a model may have learned from it meanwhile
    confirmation = start(project, fit, owner)
    assert confirmation.n_fresh == 57
    assert asked(project, owner).example.text == "text 3"


def test_texts_that_came_later_are_not_part_of_it() -> None:
    project, fit, owner = make_world(n_audit=2)
    start(project, fit, owner)
    make_examples(project, ["later a", "later b", "later c"], n_audit=3, seed=5)
    answer_many(project, owner, [True, True])
    assert asked(project, owner).lease.draw != Draw.CONFIRM


def test_with_a_share_the_other_questions_go_on_beside_it() -> None:
    project, fit, owner = make_world()
    make_queue(project, list(project.examples.filter(role="pool")))
    start(project, fit, owner, share=0.5)
    for seed in range(20):
        answer_next(project, owner, yes(project), seed=seed)
    drawn = list(AnnotationEvent.objects.values_list("draw", "chance"))
    assert {draw for draw, _ in drawn} == {Draw.CONFIRM, Draw.QUEUE}
    assert {chance for _, chance in drawn} == {0.5}


def test_what_this_annotator_skipped_goes_to_another_one() -> None:
    project, fit, owner = make_world()
    start(project, fit, owner)
    first = asked(project, owner).example
    skip(sender=sender(project, owner), example_id=first.pk)
    assert asked(project, owner).example.text == "text 1"
    assert asked(project, make_user("grace"), tab=OTHER_TAB).example == first


def test_with_the_fresh_texts_used_up_the_pool_is_asked_and_says_so_in_its_chance() -> None:
    project, fit, owner = make_world(n_audit=3)
    start(project, fit, owner)
    answer_many(project, owner, [True] * 3)
    lease = asked(project, owner).lease
    assert lease.draw == Draw.RANDOM
    assert lease.chance == pytest.approx(1 / 40)


def test_once_it_ended_the_ordinary_draw_goes_on() -> None:
    project, fit, owner = make_world(n_audit=100)
    confirmation = start(project, fit, owner, target=0.5)
    answer_many(project, owner, [True] * 30)
    assert check(confirmation).result == "confirmed"
    drawn = {answer_next(project, owner, yes(project), seed=n) for n in range(20)}
    assert {example.role for example in drawn} == {"audit", "pool"}
    assert not Lease.objects.filter(draw=Draw.CONFIRM).exists()


def test_while_the_model_cannot_be_asked_the_fresh_texts_are_left_for_later() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_next(project, owner, yes(project))
    check(confirmation, fails(RuntimeError("no such model")))
    assert ConfirmationCheck.objects.get().error == "no such model"
    drawn = {asked(project, owner, tab=uuid.UUID(int=n), seed=n).lease.draw for n in range(3, 12)}
    assert Draw.CONFIRM not in drawn


def test_two_people_never_hold_the_same_text() -> None:
    project, fit, owner = make_world()
    start(project, fit, owner)
    mine, yours = asked(project, owner), asked(project, make_user("grace"), tab=OTHER_TAB)
    assert (mine.example.text, yours.example.text) == ("text 0", "text 1")


def test_a_question_held_when_it_began_is_answered_first() -> None:
    project, fit, owner = make_world(n_audit=5)
    project.audit_share = 0
    project.save()
    held = asked(project, owner).example
    start(project, fit, owner)
    again = claim(project, owner)
    assert again
    assert again.example == held


def test_the_search_for_a_fresh_text_walks_an_index_and_no_pool() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    rows = texts_of(confirmation).filter(settled=False).order_by("audit_rank", "id")
    with connection.cursor() as cursor:
        # So few rows cost the same either way: the question is whether an index can do it.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plan = rows.explain()
    assert "open_audit" in plan or "audit_order" in plan
    assert Example.objects.filter(settled=False).count() == 100


def test_its_answers_are_ordinary_ones() -> None:
    project, fit, owner = make_world()
    start(project, fit, owner)
    example = answer_next(project, owner, no(project))
    example.refresh_from_db()
    project.refresh_from_db()
    assert (example.settled, project.n_labelled) == (True, 1)
