"""The wizard for tables: the guess, the way between texts and rows, and what is said of columns."""

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from projects.models import DataImport, Project, User
from tests.creating.helpers import staged
from tests.creating.table_files import FILE, HEADER, table_project
from tests.creating.test_wizard import checked, fields, upload
from tests.factories import make_user

pytestmark = pytest.mark.django_db
TEXTS = b"text,age,label\n" + b"".join(
    f"a remark on case {i},{i},{'ham' if i % 2 else 'spam'}\n".encode() for i in range(12)
)


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def words(response: object) -> str:
    soup = BeautifulSoup(getattr(response, "content", b""), "html.parser")
    return " ".join(soup.get_text(" ").split())


def test_a_file_of_numbers_and_categories_is_shown_as_a_table(page: Client) -> None:
    _, form = checked(page, FILE.encode(), "clients.csv")
    roles = [form[f"role-{i}"] for i in range(5)]
    assert roles == ["numeric", "categorical", "numeric", "categorical", "label"]
    assert form["input_kind"] == "table"


def test_missing_cells_and_constant_columns_are_said(page: Client) -> None:
    address, _ = checked(page, FILE.encode(), "clients.csv")
    shown = words(page.get(address))
    assert "18 in balance : allowed" in shown
    assert "“country” has one value in all rows: nothing can be learned from it." in shown


def test_creating_makes_a_project_of_rows(page: Client) -> None:
    address, form = checked(page, FILE.encode(), "clients.csv")
    page.post(address, {**form, "do": "create"})
    project = Project.objects.get()
    assert (project.input_kind, len(project.feature_columns)) == ("table", 4)
    assert DataImport.objects.get().columns["leave_out_blank"] is True


def test_the_owner_may_say_table_and_back(page: Client) -> None:
    address, form = checked(page, TEXTS)
    assert form["input_kind"] == "text"
    as_table = fields(page.post(address, {**form, "do": "as_table", "name": "Kept"}))
    assert [as_table[f"role-{i}"] for i in range(3)] == ["metadata", "numeric", "label"]
    assert (as_table["input_kind"], as_table["name"]) == ("table", "Kept")
    back = fields(page.post(address, {**as_table, "do": "as_text"}))
    assert [back[f"role-{i}"] for i in range(3)] == ["text", "metadata", "label"]


def test_a_number_column_with_words_is_answered_beside_the_columns(page: Client) -> None:
    content = (FILE + "forty,cook,1,fr,no\n").encode()
    address, form = checked(page, content, "clients.csv")
    assert form["role-0"] == "categorical"
    response = page.post(address, {**form, "role-0": "numeric", "do": "create"})
    assert response.status_code == 422
    assert "“age” holds “forty” in line 122, which is no number" in words(response)
    assert not Project.objects.exists()


def test_a_table_without_features_is_answered(page: Client) -> None:
    address, form = checked(page, FILE.encode(), "clients.csv")
    left_out = {f"role-{i}": "leave_out" for i in range(4)}
    response = page.post(address, {**form, **left_out, "do": "create"})
    assert response.status_code == 422
    assert "No column is a number or a category that the model reads" in words(response)


def test_more_rows_keep_the_roles_of_the_first(page: Client, owner: User) -> None:
    project, _ = table_project(owner=owner)
    address = reverse("project-add-texts", args=[project.pk])
    there = upload(page, b"job,extra,age,balance,country\ncook,1,30,2,fr\n", "m.csv", address)
    form = fields(page.get(there["Location"]))
    roles = [form[f"role-{i}"] for i in range(5)]
    assert roles == ["categorical", "metadata", "numeric", "numeric", "categorical"]
    response = page.post(there["Location"], {**form, "do": "create"})
    assert response["Location"] == reverse("project", args=[project.pk])


def test_more_rows_without_a_column_are_refused_naming_it(page: Client, owner: User) -> None:
    project, _ = table_project(owner=owner)
    address = reverse("project-add-texts", args=[project.pk])
    there = upload(page, b"age,balance,country\n30,2,fr\n", "m.csv", address)
    form = fields(page.get(there["Location"]))
    response = page.post(there["Location"], {**form, "do": "create"})
    assert response.status_code == 422
    assert "m.csv lacks the column “job”" in words(response)


def test_a_table_column_may_not_be_posted_as_another_kind(page: Client, owner: User) -> None:
    project, _ = table_project(owner=owner)
    address = reverse("project-add-texts", args=[project.pk])
    there = upload(page, f"{HEADER}30,cook,2,fr,no\n".encode(), "m.csv", address)
    form = fields(page.get(there["Location"]))
    response = page.post(there["Location"], {**form, "role-0": "categorical", "do": "create"})
    assert response.status_code == 422


def test_an_upload_staged_before_tables_came_still_opens(page: Client, owner: User) -> None:
    old = staged(TEXTS, user=owner)
    del old.guess["table_roles"], old.guess["input_kind"]
    old.save()
    address = reverse("project-new-check", args=[old.pk])
    form = fields(page.get(address))
    as_table = fields(page.post(address, {**form, "do": "as_table"}))
    assert as_table["role-1"] == "metadata"
