"""How often the same random texts were looked at, what was compared, and figures changed in between."""

import pytest
from django.test import Client
from django.urls import reverse

from learners.models import Ladder, Rung
from learners.selectors.looks import Looks, looks_of
from learners.services.keeping import forget_rung
from learners.services.ladder import Figures
from learners.services.ladder_choice import choice_of, set_figures
from projects.models import Project, ProjectEvent, User
from tests.factories import NOW, make_ladder
from tests.ladder.rows import measured_ladder, measured_rung

pytestmark = pytest.mark.django_db


def set_margin(ada: User, ladder: Ladder, margin: float) -> Ladder:
    figures = Figures(margin=margin, **ladder.prices)
    return set_figures(actor=ada, ladder_id=ladder.pk, figures=figures, now=NOW)


def page(client: Client, ada: User, project: Project) -> str:
    client.force_login(ada)
    html = client.get(reverse("models", args=[project.pk])).content.decode()
    return html.replace("\xa0", " ")


def test_a_changed_margin_is_in_the_ledger_with_who_from_what_to_what(
    ada: User, project: Project
) -> None:
    ladder = set_margin(ada, measured_ladder(project), 0.3)
    event = ProjectEvent.objects.get(project=project, kind="ladder_figures")
    assert (event.actor, event.created_at) == (ada, NOW)
    assert event.payload == {
        "ladder": ladder.pk,
        "changed": {"margin": {"old": 0.02, "new": 0.3}},
        "after_result": True,
    }


def test_prices_are_in_the_ledger_too_and_no_change_writes_nothing(
    ada: User, project: Project
) -> None:
    ladder = make_ladder(project, prices={})
    figures = Figures(cpu_hour=0.04, currency="EUR")
    for _ in range(2):
        set_figures(actor=ada, ladder_id=ladder.pk, figures=figures, now=NOW)
    payload = ProjectEvent.objects.get(project=project, kind="ladder_figures").payload
    assert payload["changed"] == {
        "cpu_hour": {"old": None, "new": 0.04},
        "currency": {"old": "", "new": "EUR"},
    }
    assert payload["after_result"] is False


def test_a_margin_changed_after_the_result_is_told_under_the_sentence(
    client: Client, ada: User, project: Project
) -> None:
    ladder = measured_ladder(project)
    assert "The margin was set" not in page(client, ada, project)
    set_margin(ada, ladder, 0.1)
    set_margin(ada, ladder, 0.3)
    html = page(client, ada, project)
    assert "The margin was set to 30 points by ada on" in html
    assert "after the result was seen; it was 2 points." in html
    assert "margin from 10 points to 30 points, by ada" in html


def test_a_margin_that_was_set_back_is_not_told(
    client: Client, ada: User, project: Project
) -> None:
    ladder = measured_ladder(project)
    for margin in (0.3, 0.02):
        set_margin(ada, ladder, margin)
    assert "The margin was set" not in page(client, ada, project)


def test_a_margin_set_before_the_result_is_not_told(ada: User, project: Project) -> None:
    ladder = make_ladder(project, status="running", finished_at=None)
    set_margin(ada, ladder, 0.05)
    for name in ("tfidf", "static"):
        measured_rung(ladder, name, 1)
    ladder.choice = choice_of(ladder)
    assert looks_of(ladder).margin is None


def test_a_margin_chosen_by_the_ladder_before_is_told_as_long_as_the_texts_are_the_same(
    client: Client, ada: User, project: Project
) -> None:
    set_margin(ada, measured_ladder(project), 0.05)
    ladder = measured_ladder(project, margin=0.05)
    assert "after an earlier result on these texts was seen" in page(client, ada, project)
    ladder.n_audit = 40
    assert looks_of(ladder) == Looks(n=1, margin=None)


def test_looks_at_mostly_the_same_random_texts_are_counted(
    client: Client, ada: User, project: Project
) -> None:
    make_ladder(project, n_audit=20, status="failed")  # without a result
    few = measured_ladder(project)
    Ladder.objects.filter(pk=few.pk).update(n_audit=10)
    first = measured_ladder(project)
    assert looks_of(first).n == 1
    assert "this look alone" not in page(client, ada, project)
    assert looks_of(measured_ladder(project)).n == 2
    assert "it is number 2 at mostly the same random texts" in page(client, ada, project)


def test_a_student_that_was_taught_again_still_counts_among_the_compared(
    client: Client, ada: User, project: Project
) -> None:
    ladder = measured_ladder(project)
    assert "corrected for the 3 models compared." in page(client, ada, project)
    forget_rung(ladder.rungs.get(name="tfidf"))
    measured_rung(ladder, "tfidf", 5)
    before, ladder.choice = ladder.choice, choice_of(ladder)
    ladder.save()
    html = page(client, ada, project)
    assert "corrected for the 4 models compared, 1 replaced since among them." in html
    assert ladder.choice["rungs"]["static"]["bound"] > before["rungs"]["static"]["bound"]


def test_the_same_answers_again_are_no_other_model(project: Project) -> None:
    ladder = measured_ladder(project)
    forget_rung(ladder.rungs.get(name="tfidf"))
    measured_rung(ladder, "tfidf", 6)
    assert choice_of(ladder) == ladder.choice


def test_one_model_alone_has_no_small_print(client: Client, ada: User, project: Project) -> None:
    measured_ladder(project, wrong={"static": 2})
    measured_ladder(project, wrong={"static": 2})
    assert Rung.objects.count() == 2
    assert "ladder-small-print" not in page(client, ada, project)
