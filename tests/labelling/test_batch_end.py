"""The end of a batch and of the pool: what is due, and for owners whether more labels look worth it."""

from typing import Any

import pytest
from django.test import Client

from projects.models import LabelClass, Membership, Project, User
from projects.models.project import Role
from tests.factories import make_examples, make_project, make_user
from tests.labelling.pages import LabelPage
from tests.labelling.people import always_pool
from tests.pages.worlds import make_fit

pytestmark = pytest.mark.django_db
BATCH = 3
TOO_EARLY = "Too early to say whether the labels are enough"


@pytest.fixture
def project(ada: User) -> Project:
    project = make_project(owner=ada)
    make_examples(project, [f"text {n}" for n in range(1, 9)])
    project.batch_size = BATCH
    project.save(update_fields=["batch_size"])
    return always_pool(project)


@pytest.fixture
def page(client: Client, ada: User, project: Project) -> LabelPage:
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    return LabelPage(client, project, ada)


def labelled(page: LabelPage, n: int, label: LabelClass) -> str:
    """The page after so many more answers."""
    for _ in range(n):
        page.open()
        page.act(label=label.pk)
    return page.open()


def test_the_batchs_last_answer_is_told_with_the_advisers_sentence(
    page: LabelPage, yes: LabelClass
) -> None:
    assert "That was a batch" not in labelled(page, BATCH - 1, yes)
    found = labelled(page, 1, yes)
    assert f"That was a batch of {BATCH}; a fit is due" in found
    assert TOO_EARLY in found
    assert f"/projects/{page.project.pk}/?tab=enough#numbers" in found
    assert 'name="example"' in found  # it stops nobody


def test_it_is_gone_with_the_next_answer(page: LabelPage, yes: LabelClass) -> None:
    assert "batch-end" in labelled(page, BATCH, yes)
    assert "batch-end" not in labelled(page, 1, yes)


def test_an_annotator_is_told_of_the_batch_and_not_advised(
    page: LabelPage, project: Project, yes: LabelClass
) -> None:
    ben = make_user("ben")
    Membership.objects.create(project=project, user=ben, role=Role.ANNOTATOR)
    page.client.force_login(ben, backend="django.contrib.auth.backends.ModelBackend")
    found = labelled(page, BATCH, yes)
    assert "That was a batch" in found
    assert TOO_EARLY not in found
    assert "Enough labels?" not in found


def test_the_advice_is_that_of_the_fits(page: LabelPage, yes: LabelClass) -> None:
    make_fit(page.project, n_labels=60, right=(50, 60))
    found = labelled(page, BATCH, yes)
    assert "More labels look worth it" in found


def test_the_end_of_the_pool_is_advised_too(page: LabelPage, yes: LabelClass) -> None:
    found = labelled(page, 8, yes)
    assert "Every text has its answer" in found
    assert TOO_EARLY in found


def test_an_answer_at_the_end_of_a_batch_takes_few_more_queries(
    page: LabelPage, yes: LabelClass, django_assert_max_num_queries: Any
) -> None:
    labelled(page, BATCH - 1, yes)
    with django_assert_max_num_queries(33):
        response = page.send(label=yes.pk)
    assert b"That was a batch" in response.content
