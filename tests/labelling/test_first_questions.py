"""Before the first model: the ranked first questions are asked, and answer, page and list say so."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from learners.models import SeedExample, SeedQueue
from learners.selectors.asked import why_asked
from learners.services import queue
from projects.models import AnnotationEvent, Example, LabelClass, Lease, Project, User
from projects.models.annotation import Draw
from tests.confirming.test_page import signed_in
from tests.factories import NOW, make_examples, make_project, make_user
from tests.labelling.people import TAB, always_pool, answer, asked, make_queue

pytestmark = pytest.mark.django_db

REASON = "one of 6 typical texts, before there is a model"


@pytest.fixture
def ada() -> User:
    return make_user("ada")


@pytest.fixture
def project(ada: User) -> Project:
    project = make_project(owner=ada)
    make_examples(project, [f"text {n}" for n in range(1, 11)], n_audit=4)
    return project


@pytest.fixture
def pool(project: Project) -> list[Example]:
    return list(project.examples.filter(role="pool").order_by("id"))


@pytest.fixture
def yes(project: Project) -> LabelClass:
    return project.label_classes.get(name="yes")


@pytest.fixture
def seeds(project: Project, pool: list[Example]) -> SeedQueue:
    """The pool backwards."""
    row = SeedQueue.objects.create(
        project=project, ranked_at=NOW, asked_for="margin", strategy="kmeans_seed",
        n_ranked_from=6, n_pool=6,
    )  # fmt: skip
    SeedExample.objects.bulk_create(
        SeedExample(queue=row, example=example, rank=rank, score=-0.1 * rank, reason=REASON)
        for rank, example in enumerate(pool[::-1], start=1)
    )
    return row


def said(project: Project, user: User, page: str, **query: str) -> str:
    """The words of a page, of the label page in a tab of its own."""
    address = reverse(page, args=[project.pk])
    response = signed_in(user).get(address, {"tab": str(TAB), **query}, follow=True)
    text = BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)
    return " ".join(text.replace("\u00a0", " ").split())


def test_they_are_asked_in_their_order_and_spent(
    project: Project, ada: User, pool: list[Example], yes: LabelClass, seeds: SeedQueue
) -> None:
    always_pool(project)
    for expected in pool[::-1]:
        example = asked(project, ada).example
        assert example == expected
        answer(project, ada, example, yes)
        queue.spend(project_id=project.pk, example_id=example.pk)
    assert not seeds.ranked.filter(spent=False).exists()


def test_an_undone_answer_comes_back_into_its_place(
    project: Project, pool: list[Example], seeds: SeedQueue
) -> None:
    queue.spend(project_id=project.pk, example_id=pool[2].pk)
    assert seeds.ranked.get(spent=True).example == pool[2]
    queue.bring_back(project_id=project.pk, example_id=pool[2].pk)
    assert not seeds.ranked.filter(spent=True).exists()


def test_the_answer_keeps_why_it_was_asked(
    project: Project, ada: User, yes: LabelClass, seeds: SeedQueue
) -> None:
    answer(project, ada, asked(project, ada, seed=0).example, yes)  # draws 0.64: not an audit text
    event = AnnotationEvent.objects.get()
    assert (event.draw, event.fit_id, event.strategy) == (Draw.QUEUE, None, "kmeans_seed")
    assert (event.rank, event.score, event.reason) == (1, -0.1, REASON)
    assert event.chance == 1 - project.audit_share


def test_the_share_of_random_texts_that_measure_stays(
    project: Project, ada: User, seeds: SeedQueue
) -> None:
    lease = asked(project, ada, seed=2).lease  # the first draw of seed 2 is 0.26
    assert lease.draw == Draw.QUEUE
    Lease.objects.all().delete()
    Project.objects.update(audit_share=0.3)
    lease = asked(project, ada, seed=2).lease
    assert (lease.draw, lease.chance, lease.example.role) == (Draw.AUDIT, 0.3, "audit")


def test_two_people_are_not_asked_the_same(project: Project, ada: User, seeds: SeedQueue) -> None:
    always_pool(project)
    grace = make_user("grace")
    assert asked(project, ada).example != asked(project, grace).example


def test_a_published_fit_takes_over(
    project: Project, ada: User, pool: list[Example], seeds: SeedQueue
) -> None:
    always_pool(project)
    fit = make_queue(project, pool)
    lease = asked(project, ada).lease
    assert (lease.fit_id, lease.example) == (fit.pk, pool[0])


@pytest.mark.parametrize("strategy", ["random", "typiclust"])
def test_after_a_change_of_strategy_they_are_not_asked_any_more(
    project: Project, ada: User, seeds: SeedQueue, strategy: str
) -> None:
    always_pool(project)
    Project.objects.update(strategy=strategy)
    lease = asked(project, ada).lease
    assert (lease.draw, lease.reason) == (Draw.RANDOM, "no ranking yet, so a random text")


def test_used_up_they_leave_random_texts_and_the_reason_says_so(
    project: Project, ada: User, seeds: SeedQueue
) -> None:
    always_pool(project)
    seeds.ranked.update(spent=True)
    lease = asked(project, ada).lease
    assert lease.draw == Draw.RANDOM
    assert lease.reason == "the first questions are used up, so a random text"


def test_why_says_that_there_was_no_model(
    project: Project, ada: User, yes: LabelClass, seeds: SeedQueue
) -> None:
    answer(project, ada, asked(project, ada).example, yes)
    why = why_asked(AnnotationEvent.objects.get(), project)
    assert why.sentence == f"Chosen by the strategy “k-means medoids”: {REASON}."
    assert ("Fit", "none: there was no model yet") in why.facts
    assert ("Place in the queue", "1") in why.facts


def test_the_label_page_shows_it_after_the_answer(
    project: Project, ada: User, yes: LabelClass, seeds: SeedQueue
) -> None:
    answer(project, ada, asked(project, ada).example, yes)
    event = AnnotationEvent.objects.get()
    assert REASON in said(project, ada, "label", panel="why", event=str(event.pk))


def test_the_lead_sees_them_as_a_list(project: Project, ada: User, seeds: SeedQueue) -> None:
    page = signed_in(ada).get(reverse("queue", args=[project.pk]))
    rows = BeautifulSoup(page.content, "html.parser").select(".queue-list tbody tr")
    assert [row.select("th, td")[1].get_text(strip=True) for row in rows][:2] == [
        "text 10",
        "text 9",
    ]
    words = said(project, ada, "queue")
    assert "There is no model yet, so these first questions are ranked without one" in words
    assert "k-means medoids, until Margin has a model" in words
    assert REASON in words


def test_the_project_page_says_what_is_asked(project: Project, ada: User, seeds: SeedQueue) -> None:
    words = said(project, ada, "project")
    assert "6 ranked, before there is a model" in words
    assert "The first questions are texts that stand for many others" in words


@pytest.mark.parametrize("page", ["label", "project", "queue"])
def test_what_went_wrong_is_told_on_the_pages(project: Project, ada: User, page: str) -> None:
    SeedQueue.objects.create(project=project, error="OSError: no disk", attempt=1)
    words = said(project, ada, page)
    assert "The first questions could not be ranked: OSError: no disk" in words
    assert "Meanwhile texts are drawn at random." in words


def test_random_choice_is_not_told_of_an_old_failure(project: Project, ada: User) -> None:
    SeedQueue.objects.create(project=project, error="OSError: no disk", attempt=1)
    Project.objects.update(strategy="random")
    assert "could not be ranked" not in said(project, ada, "label")
