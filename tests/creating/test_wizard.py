"""The wizard: what is wrong stands beside the field, and nothing typed is lost."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from projects.models import DataImport, LabelClass, Membership, Project, StagedUpload, User
from projects.services.creating import add_texts
from projects.services.refusals import Refused
from tests.creating.helpers import guessed, staged
from tests.factories import NOW, make_project, make_user

pytestmark = pytest.mark.django_db
GOOD = b"text,label,split,page\nwin a prize,spam,train,1\nsee you at noon,ham,test,2\n"


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def upload(page: Client, content: bytes, name: str = "mail.csv", address: str = "/new/") -> Any:
    return page.post(address, {"file": SimpleUploadedFile(name, content), "lines": ""})


def checked(
    page: Client, content: bytes = GOOD, name: str = "mail.csv"
) -> tuple[str, dict[str, str]]:
    """The second step's address, and its form as it stands."""
    response = upload(page, content, name)
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"]), fields(page.get(response["Location"]))


def fields(response: Any) -> dict[str, str]:
    soup = BeautifulSoup(response.content, "html.parser")
    form = soup.select_one("form.wizard")
    assert form is not None
    for template in form.select("template"):
        template.decompose()
    values = {
        str(i["name"]): str(i.get("value", ""))
        for i in form.select("input[name]:not([type=checkbox], [type=radio])")
    }
    values |= {str(i["name"]): str(i["value"]) for i in form.select("input[type=radio][checked]")}
    values |= {str(i["name"]): "on" for i in form.select("input[type=checkbox][checked]")}
    values |= {str(t["name"]): t.text.lstrip("\n") for t in form.select("textarea")}
    for select in form.select("select"):
        chosen = select.select_one("option[selected]") or select.select_one("option")
        assert chosen is not None
        values[str(select["name"])] = str(chosen["value"])
    values.pop("csrfmiddlewaretoken", None)
    return values


def test_the_first_rows_and_the_guesses_are_shown(page: Client) -> None:
    _, form = checked(page)
    roles = [form[f"role-{i}"] for i in range(4)]
    assert roles == ["text", "label", "split", "metadata"]
    assert (form["class-0-name"], form["class-1-name"]) == ("ham", "spam")
    assert form["name"] == "Mail"


def test_creating_makes_project_owner_classes_events_and_a_waiting_import(
    page: Client, owner: User
) -> None:
    address, form = checked(page)
    response = page.post(address, {**form, "do": "create", "time_zone": "Europe/Paris"})
    project = Project.objects.get()
    assert response["Location"] == reverse("project", args=[project.pk])
    assert Membership.objects.get(project=project).role == "owner"
    assert project.time_zone == "Europe/Paris"
    assert DataImport.objects.get(project=project).status == "waiting"
    assert [e.kind for e in project.events.all()] == ["created", "class_added", "class_added"]
    assert [e.seq for e in project.events.all()] == [1, 2, 3]
    assert not StagedUpload.objects.exists()


def test_the_import_is_sent_once_the_project_is_committed(
    page: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr("projects.views.creating.send", lambda *message: sent.append(message))
    address, form = checked(page)
    with django_capture_on_commit_callbacks(execute=True):
        page.post(address, {**form, "do": "create"})
    assert sent == [("projects.import", DataImport.objects.get().pk)]


def test_a_number_of_rows_that_cannot_be_read_loses_no_label(page: Client) -> None:
    address, form = checked(page)
    response = page.post(address, {**form, "n_classes": "1" * 5000, "do": "create"})
    assert response.status_code == 422
    assert "Labels were found in “label”: ham, spam." in response.content.decode()
    assert not Project.objects.exists()


def test_an_error_keeps_everything_that_was_typed(page: Client) -> None:
    address, form = checked(page)
    typed = {**form, "name": "", "guideline": "# Rules", "class-0-description": "unwanted mail"}
    response = page.post(address, {**typed, "do": "create"})
    again = fields(response)
    assert response.status_code == 422
    assert (again["guideline"], again["class-0-description"]) == ("# Rules", "unwanted mail")
    assert "This field is required" in response.content.decode()
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class-1-name": "HAM"}, "There is already a class “ham”"),
        ({"class-0-shortcut": "s"}, "already does something on the label page"),
        ({"class-0-shortcut": "S"}, "The key s already does something on the label page"),
        ({"class-0-shortcut": "/"}, "The key / already does something on the label page"),
        ({"class-1-shortcut": "1"}, "belongs to “ham”"),
        ({"class-0-shortcut": "a", "class-1-shortcut": "A"}, "The key a belongs to “ham”"),
        ({"class-0-shortcut": "!"}, "one letter or digit"),
        ({"class-0-name": " "}, "A name has 1 to 120"),
        ({"class-0-colour": "13"}, "valid choice"),
        ({"time_zone": "Mars/Base"}, "valid choice"),
        ({"name": "x" * 121}, "at most 120"),
        ({"role-0": "metadata"}, "0 columns are “text”"),
        ({"role-3": "label"}, "2 columns are “label”"),
        ({"role-3": "nonsense"}, "valid choice"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(
    page: Client, change: dict[str, str], words: str
) -> None:
    address, form = checked(page)
    response = page.post(address, {**form, **change, "do": "create"})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert (Project.objects.count(), LabelClass.objects.count()) == (0, 0)


def test_typed_classes_come_after_those_found_and_none_of_these_last(page: Client) -> None:
    address, form = checked(page)
    page.post(
        address, {**form, "more_classes": "maybe\n\n other ", "none_of_these": "on", "do": "create"}
    )
    rows = LabelClass.objects.order_by("position")
    assert [row.name for row in rows] == ["ham", "spam", "maybe", "other", "none of these"]
    assert [row.shortcut for row in rows] == ["1", "2", "3", "4", "0"]
    assert [row.is_none for row in rows] == [False] * 4 + [True]


def test_a_found_label_can_be_renamed_or_left_without_a_class(page: Client) -> None:
    address, form = checked(page)
    change = {"class-1-name": "unwanted", "class-0-target": "none"}
    page.post(address, {**form, **change, "do": "create"})
    data_import = DataImport.objects.get()
    unwanted = LabelClass.objects.get()
    assert data_import.columns["classes"]["spam"] == unwanted.pk
    assert data_import.columns["ignored_labels"] == ["ham"]


def test_another_label_column_shows_its_labels_before_anything_is_made(page: Client) -> None:
    address, form = checked(page)
    change = {"role-1": "metadata", "role-3": "label"}
    response = page.post(address, {**form, **change, "do": "create"})
    again = fields(response)
    assert "Labels were found in “page”" in response.content.decode()
    assert (again["class-0-found"], again["class-1-found"]) == ("1", "2")
    assert not Project.objects.exists()


def test_the_fragment_for_another_label_column_is_the_classes_alone(page: Client) -> None:
    address, form = checked(page)
    response = page.post(
        address, {**form, "role-1": "metadata", "role-3": "label", "do": "classes"}
    )
    body = response.content.decode()
    assert response.status_code == 200
    assert body.lstrip().startswith('<div id="labels">')
    assert "“page”" in body


def test_the_file_can_be_read_another_way(page: Client) -> None:
    address, form = checked(page, b"text;label\na b;x\nc d;y\n")
    response = page.post(address, {**form, "delimiter": ",", "name": "Kept", "do": "again"})
    again = fields(response)
    assert "role-1" not in again
    assert "text;label" in response.content.decode()
    assert again["name"] == "Kept"


def test_a_header_that_is_none_becomes_a_row(page: Client) -> None:
    address, form = checked(page)
    form.pop("header")
    response = page.post(address, {**form, "do": "again"})
    assert "column 1" in response.content.decode()
    assert "3 rows" in response.content.decode()


def test_blank_texts_refuse_until_they_are_left_out(page: Client) -> None:
    address, form = checked(page, b"text,label\n,spam\nfull,ham\n")
    refused = page.post(address, {**form, "do": "create"})
    assert "1 row has no text (line 2)" in refused.content.decode()
    assert not Project.objects.exists()
    page.post(address, {**form, "leave_out_blank": "on", "do": "create"})
    assert DataImport.objects.get().columns["leave_out_blank"]


def test_pasted_lines_are_texts(page: Client) -> None:
    response = page.post("/new/", {"lines": "first line\r\n\r\nsecond, with a comma\r\n"})
    staged = StagedUpload.objects.get()
    assert response.status_code == 302
    assert (staged.kind, staged.guess["n_rows"], staged.name) == ("lines", 2, "pasted lines")


def test_rows_pasted_from_a_spreadsheet_are_columns(page: Client) -> None:
    page.post("/new/", {"lines": "text\tlabel\na b\tx\nc d\ty\n"})
    staged = StagedUpload.objects.get()
    assert (staged.kind, staged.guess["roles"]) == ("tsv", {"text": "text", "label": "label"})


def test_nothing_chosen_is_said(page: Client) -> None:
    response = page.post("/new/", {"lines": "  "})
    assert response.status_code == 422
    assert "Choose a file, or paste at least one line." in response.content.decode()


def test_a_file_above_the_limit_is_said_and_not_kept(page: Client, settings: Any) -> None:
    settings.LABELER_MAX_UPLOAD_BYTES = 100
    response = upload(page, b"text\n" + b"a" * 200_000)
    assert "100 bytes a file" in response.content.decode()
    assert not StagedUpload.objects.exists()


def test_another_persons_upload_is_not_there(page: Client, client: Client) -> None:
    address, _ = checked(page)
    client.force_login(make_user("eve"))
    assert client.get(address).status_code == 404
    assert client.post(address, {"do": "create"}).status_code == 404


def test_a_project_with_77_classes_is_made_in_one_go(page: Client) -> None:
    rows = "".join(f"text {i},class {i}\n" for i in range(77))
    address, form = checked(page, f"text,label\n{rows}".encode())
    page.post(address, {**form, "do": "create"})
    assert LabelClass.objects.count() == 77
    assert LabelClass.objects.exclude(shortcut="").count() <= 36


def test_texts_can_be_added_to_a_project_and_their_labels_mapped(page: Client, owner: User) -> None:
    project = make_project(owner=owner, classes=("ham", "junk"))
    response = upload(page, GOOD, address=reverse("project-add-texts", args=[project.pk]))
    form = fields(page.get(response["Location"]))
    assert (form["class-0-found"], "class-1-found" in form) == ("spam", False)
    junk = project.label_classes.get(name="junk")
    page.post(response["Location"], {**form, "class-0-target": str(junk.pk), "do": "create"})
    data_import = DataImport.objects.get(project=project)
    assert data_import.columns["classes"]["spam"] == junk.pk
    assert project.label_classes.count() == 2


def test_labels_of_added_texts_can_become_new_classes(page: Client, owner: User) -> None:
    project = make_project(owner=owner, classes=("ham",))
    response = upload(page, GOOD, address=reverse("project-add-texts", args=[project.pk]))
    page.post(response["Location"], {**fields(page.get(response["Location"])), "do": "create"})
    assert project.label_classes.filter(name="spam").exists()
    assert project.events.filter(kind="class_added").count() == 1


def test_a_label_whose_class_went_meanwhile_is_refused(owner: User) -> None:
    upload = staged(GOOD, user=owner)
    with pytest.raises(Refused, match="“gone” is no longer a class; choose another for “spam”"):
        add_texts(
            actor=owner,
            project=make_project(owner=owner),
            staged=upload,
            columns=guessed(upload),
            new_classes=[],
            label_classes={"spam": "gone"},
            seed=1,
            now=NOW,
        )


def test_too_much_pasted_is_answered_with_its_size_and_the_way_out(
    page: Client, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    response = page.post("/new/", {"lines": "word\n" * 420_000})
    words = response.content.decode()
    assert response.status_code == 413
    assert "sent 2.0 MB of typed or pasted text; allowed: 1 MB" in words
    assert "upload it as a file" in words


def test_too_many_fields_are_answered_with_the_limit(page: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
    response = page.post("/new/", {f"role-{n}": "text" for n in range(1_001)})
    assert response.status_code == 413
    assert "more than 1,000 fields; allowed: 1,000" in response.content.decode()


def test_a_request_that_cannot_be_read_is_a_plain_400(page: Client) -> None:
    response = page.get("/", headers={"Host": "no such host"})
    assert response.status_code == 400
    assert "open for too long" in response.content.decode()
