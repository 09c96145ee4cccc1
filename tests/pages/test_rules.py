"""The tab of rules: what a tree says, and what stands there when the model is none."""

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from learners.views.rules import NOT_A_TREE, TEXTS, rules_context
from projects.models import Project
from tests.factories import make_project, make_user
from tests.machine.test_tables import labelled_project, published

pytestmark = pytest.mark.django_db


def words(client: Client, project: Project) -> str:
    page = BeautifulSoup(client.get(f"/projects/{project.pk}/?tab=rules").content, "html.parser")
    found = page.select_one("#numbers")
    assert found is not None
    return " ".join(found.get_text(" ").split())


def test_a_tree_is_told_as_rules(client: Client) -> None:
    owner = make_user()
    project = labelled_project("tree", owner)
    fit = published(project)
    client.force_login(owner)
    shown = words(client, project)
    assert f"Fit {fit.pk} is" in shown
    assert "job is cook" in shown
    assert "then yes" in shown


def test_another_head_says_how_to_get_rules(client: Client) -> None:
    owner = make_user()
    project = labelled_project("logistic", owner)
    published(project)
    client.force_login(owner)
    assert NOT_A_TREE[1] in words(client, project)


def test_before_the_first_fit_that_is_said() -> None:
    project = labelled_project("tree")
    assert rules_context(project)["sentences"][0].startswith("There is no model yet")


def test_a_project_of_texts_has_no_such_tab(client: Client) -> None:
    owner = make_user()
    project = make_project(owner=owner)
    client.force_login(owner)
    page = BeautifulSoup(client.get(f"/projects/{project.pk}/").content, "html.parser")
    assert page.select_one("#tab-helping")
    assert not page.select_one("#tab-rules")
    assert rules_context(project)["sentences"] == [TEXTS]
