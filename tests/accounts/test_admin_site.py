"""The operator's site: everything can be looked at, ledgers cannot be touched, others are kept out."""

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from tests.accounts.test_signing_in import signed_in
from tests.factories import make_examples, make_label, make_project, make_user

pytestmark = pytest.mark.django_db
OURS = [
    model for model in admin.site._registry if model._meta.app_label in {"projects", "learners"}
]


@pytest.fixture
def operator() -> Client:
    return signed_in(User.objects.create_superuser("root", password="correct horse"))


def address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", OURS)
def test_every_table_can_be_looked_at_and_searched(operator: Client, model: type[Model]) -> None:
    project = make_project(owner=make_user("ada"))
    make_label(
        make_examples(project, ["one"])[0], project.label_classes.all()[0], User.objects.all()[0]
    )
    assert operator.get(address(model, "changelist")).status_code == 200
    assert operator.get(address(model, "changelist"), {"q": "1"}).status_code == 200


@pytest.mark.parametrize("model", [model for model in OURS if model is not User])
def test_nothing_but_accounts_can_be_added(operator: Client, model: type[Model]) -> None:
    assert operator.post(address(model, "add")).status_code == 403


def test_a_project_is_neither_changed_nor_deleted_there(operator: Client) -> None:
    project = make_project()
    assert operator.get(address(Project, "change", project.pk)).status_code == 200
    assert operator.post(address(Project, "change", project.pk), {"name": "x"}).status_code == 403
    assert operator.post(address(Project, "delete", project.pk), {"post": "yes"}).status_code == 403
    assert Project.objects.get().name == "Tickets"


def test_an_account_is_closed_and_not_deleted(operator: Client) -> None:
    ada = make_user("ada")
    assert operator.post(address(User, "delete", ada.pk), {"post": "yes"}).status_code == 403
    assert "is_active" in operator.get(address(User, "change", ada.pk)).content.decode()


def test_who_is_no_operator_is_asked_to_sign_in_as_one(client: Client) -> None:
    ada = signed_in(make_user("ada"))
    assert ada.get(reverse("admin:index"))["Location"].startswith(reverse("admin:login"))
    assert client.get(reverse("admin:index"))["Location"].startswith(reverse("admin:login"))


def test_every_row_of_ours_is_registered() -> None:
    from django.apps import apps

    ours = {
        *apps.get_app_config("projects").get_models(),
        *apps.get_app_config("learners").get_models(),
    }
    assert ours == set(OURS)
