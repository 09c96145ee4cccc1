"""The queue as a list: in order, a page at a time, without a single reserved text."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from learners.models import RankedExample
from learners.selectors.queue_list import PAGE_SIZE
from projects.models import Membership, Project, User
from projects.models.project import Role
from projects.services.answering import skip
from tests.confirming.test_page import signed_in, words
from tests.factories import make_examples, make_project, make_user
from tests.labelling.people import always_pool, answer, asked, make_queue, sender

pytestmark = pytest.mark.django_db


def ranked(n_pool: int = 6, n_audit: int = 3) -> tuple[Project, User]:
    owner = make_user()
    project = always_pool(make_project(owner=owner))
    texts = [*(f"hidden {n}" for n in range(n_audit)), *(f"open {n}" for n in range(n_pool))]
    examples = make_examples(project, texts, n_audit=n_audit)
    make_queue(project, examples[n_audit:][::-1])
    return project, owner


def rows(owner: User, project: Project, query: str = "") -> list[list[str]]:
    page = signed_in(owner).get(reverse("queue", args=[project.pk]) + query)
    soup = BeautifulSoup(page.content, "html.parser")
    return [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in soup.select(".queue-list tbody tr")
    ]


def test_it_stands_in_the_strategys_order_with_score_and_reason() -> None:
    project, owner = ranked()
    found = rows(owner, project)
    assert [row[1] for row in found] == [f"open {n}" for n in (5, 4, 3, 2, 1, 0)]
    assert found[0] == ["1", "open 5", "-0.1000", "close call", "open"]


def test_no_reserved_text_is_in_it_even_if_a_row_were() -> None:
    project, owner = ranked()
    hidden = project.examples.filter(role="audit").first()
    assert hidden
    fit = project.fits.get()
    RankedExample.objects.create(fit=fit, example=hidden, rank=99, score=1.0)
    page = signed_in(owner).get(reverse("queue", args=[project.pk])).content.decode()
    assert "hidden" not in page.replace('type="hidden"', "").replace("visually-hidden", "").replace(
        "stay hidden", ""
    )
    assert "Random texts that measure are not in it" in page


def test_each_place_says_what_became_of_it() -> None:
    project, owner = ranked()
    first, second, third = RankedExample.objects.order_by("rank")[:3]
    answer(project, owner, first.example, project.label_classes.get(name="yes"))
    RankedExample.objects.filter(pk=first.pk).update(spent=True)
    skip(sender=sender(project, owner), example_id=second.example_id)
    RankedExample.objects.filter(pk=second.pk).update(spent=True)
    held = asked(project, owner, now=timezone.now())
    assert held.example == third.example
    assert [row[4] for row in rows(owner, project)][:4] == ["answered", "skipped", "held", "open"]
    assert [row[0] for row in rows(owner, project, "?show=open")] == ["3", "4", "5", "6"]


def test_it_comes_a_page_at_a_time_by_rank() -> None:
    project, owner = ranked(n_pool=PAGE_SIZE + 5)
    page = signed_in(owner).get(reverse("queue", args=[project.pk]))
    link = BeautifulSoup(page.content, "html.parser").select_one(".queue-pages a")
    assert link
    assert [row[0] for row in rows(owner, project, str(link["href"]))] == [
        str(PAGE_SIZE + n) for n in range(1, 6)
    ]


def test_before_the_first_model_it_says_so() -> None:
    owner = make_user()
    project = make_project(owner=owner)
    make_examples(project, ["a", "b"])
    assert "There is no queue yet: texts are drawn at random." in words(
        signed_in(owner), project, "queue"
    )


def test_a_used_up_queue_and_one_that_waits_for_the_embedder_say_what_is_next() -> None:
    project, owner = ranked()
    RankedExample.objects.update(spent=True)
    client = signed_in(owner)
    said = client.get(reverse("queue", args=[project.pk]) + "?show=open").content.decode()
    assert "Every place of this queue has been asked." in said
    RankedExample.objects.all().delete()
    project.fits.update(n_ranked_from=0, n_pool=6)
    assert "still being read, so none is ranked yet" in words(client, project, "queue")


@pytest.mark.parametrize("query", ["?show=nonsense", "?after=x", "?after=1e9"])
def test_bad_input_is_answered(query: str) -> None:
    project, owner = ranked()
    response = signed_in(owner).get(reverse("queue", args=[project.pk]) + query)
    assert response.status_code == 400
    assert "First page" in response.content.decode()


def test_a_place_behind_the_end_leads_back() -> None:
    project, owner = ranked()
    response = signed_in(owner).get(reverse("queue", args=[project.pk]) + "?after=500")
    assert "The queue ends before this place." in response.content.decode()


def test_a_long_text_is_cut_and_says_so() -> None:
    owner = make_user()
    project = make_project(owner=owner)
    make_queue(project, make_examples(project, ["word " * 200]))
    assert "more characters" in words(signed_in(owner), project, "queue")


def test_it_is_for_owners() -> None:
    project, _ = ranked()
    grace = make_user("grace")
    Membership.objects.create(project=project, user=grace, role=Role.ANNOTATOR)
    assert signed_in(grace).get(reverse("queue", args=[project.pk])).status_code == 404


def test_the_project_page_leads_owners_to_it() -> None:
    project, owner = ranked()
    grace = make_user("grace")
    Membership.objects.create(project=project, user=grace, role=Role.ANNOTATOR)
    address = reverse("queue", args=[project.pk])
    pages = [
        signed_in(user).get(reverse("project", args=[project.pk])).content.decode()
        for user in (owner, grace)
    ]
    assert [address in page for page in pages] == [True, False]
