"""The outside teacher as the top rung: on the same random texts as the others, the most costly of them."""

import pytest
from django.test import Client
from django.urls import reverse

from learners.models import Ladder, Rung
from learners.services.teacher_on_ladder import complete_ladder, ladders_to_complete
from projects.models import Project, Teacher, TeacherRun, User
from tests.factories import NOW, make_user
from tests.ladder.rows import measured_ladder
from tests.teacher.rows import make_answer, make_run
from tests.teacher.worlds import make_teacher, texts_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    return texts_project(owner, n=200, n_audit=100)


@pytest.fixture
def ladder(project: Project) -> Ladder:
    return measured_ladder(project, wrong={"tfidf": 30, "static": 25})


def answered(teacher: Teacher, *, n: int = 100, wrong: int = 0, none: int = 0) -> TeacherRun:
    """The first `wrong` answers are wrong, the next `none` name no class."""
    run = make_run(teacher, "audit")
    examples = teacher.project.examples.filter(role="audit").order_by("audit_rank")[:n]
    for place, example in enumerate(examples):
        right = example.text.split()[0]
        other = "no" if right == "yes" else "yes"
        name = other if place < wrong else None if place < wrong + none else right
        make_answer(run, example, name)
    return run


def complete(ladder: Ladder) -> Rung:
    rung = complete_ladder(ladder_id=ladder.pk, now=NOW)
    assert rung
    ladder.refresh_from_db()
    return rung


def test_a_teacher_that_answered_all_of_them_joins_the_choice(
    project: Project, ladder: Ladder
) -> None:
    assert ladder.choice["best"] == "static"
    answered(make_teacher(project), wrong=2, none=1)
    rung = complete(ladder)
    assert (rung.status, rung.n_audit, rung.accuracy) == ("done", 100, 0.97)
    assert "1 of its answers named no class" in rung.note
    assert "about 300.00 USD for a million" in rung.note
    assert (ladder.choice["best"], ladder.choice["chosen"]) == ("teacher", "teacher")
    assert ladder.choice["rungs"]["static"]["verdict"] == "worse"


def test_it_is_never_the_smaller_of_equals(project: Project, ladder: Ladder) -> None:
    answered(make_teacher(project, price_in="0", price_out="0"), wrong=25)
    complete(ladder)
    assert ladder.choice["best"] == "static"


def test_one_that_has_answered_a_part_waits_beside(project: Project, ladder: Ladder) -> None:
    before = ladder.choice
    answered(make_teacher(project), n=60)
    rung = complete(ladder)
    assert rung.status == "left_out"
    assert "yet to answer 40 of the 100 random texts" in rung.note
    assert ladder.choice == before


def test_it_is_found_when_it_has_something_new_to_say(project: Project, ladder: Ladder) -> None:
    assert ladders_to_complete() == []
    run = answered(make_teacher(project), n=99)
    assert ladders_to_complete() == [ladder.pk]
    complete(ladder)
    assert ladders_to_complete() == []
    last = project.examples.filter(role="audit").order_by("audit_rank").last()
    assert last
    make_answer(run, last, last.text.split()[0])
    assert ladders_to_complete() == [ladder.pk]
    assert complete(ladder).status == "done"


def test_a_ladder_that_is_trained_is_left_alone(project: Project, ladder: Ladder) -> None:
    answered(make_teacher(project))
    Ladder.objects.update(status="running")
    assert ladders_to_complete() == []
    assert complete_ladder(ladder_id=ladder.pk, now=NOW) is None


def test_the_models_page_shows_it_and_offers_nothing_to_keep(
    owner: User, project: Project, ladder: Ladder
) -> None:
    answered(make_teacher(project), wrong=2)
    rung = complete(ladder)
    Ladder.objects.update(prices={"cpu_hour": 0.05, "currency": "USD", "watts": None})
    client = Client()
    client.force_login(owner)
    page = client.get(reverse("models", args=[project.pk])).content.decode()
    assert "Big model (outside)" in page
    assert "about 300.00 USD for a million" in page
    assert f'id="keep-{rung.pk}"' not in page
    chart = client.get(reverse("models-chart", args=[project.pk])).json()
    assert "Big model (outside)" in {value["Model"] for value in chart["data"]["values"]}
