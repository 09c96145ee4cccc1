"""Files whose rows have several labels: recognised, confirmed, imported as gold or known sets."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from projects.models import AnnotationEvent, Example, GoldLabel, GoldSet, LabelClass, Project, User
from projects.reading.texts import KNOWN
from projects.services.creating import add_texts
from projects.services.importing import run_import
from projects.services.refusals import Refused
from tests.creating.helpers import clock, created, guessed, staged
from tests.creating.test_wizard import checked
from tests.factories import NOW, make_user
from tests.multilabel.worlds import standing

pytestmark = pytest.mark.django_db
DOCCANO = (
    b'{"id": 1, "text": "late and rude", "label": ["late", "rude"]}\n'
    b'{"id": 2, "text": "just late", "label": ["late"]}\n'
    b'{"id": 3, "text": "nobody looked at it", "label": []}\n'
)
BARS = b"text,tags\nlate and rude,late|rude\njust late,late\nall well,\nrude,rude\n"


@pytest.fixture
def owner() -> User:
    return make_user()


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def imported(content: bytes, owner: User, **choice: Any) -> Project:
    name = "lists.jsonl" if content.startswith(b"{") else "lists.csv"
    project, data_import = created(
        content, owner=owner, name=name, classes=("late", "rude"), multilabel=True, **choice
    )
    run_import(data_import_id=data_import.pk, clock=clock)
    data_import.refresh_from_db()
    assert data_import.error == ""
    project.refresh_from_db()
    return project


def gold() -> dict[str, set[str]]:
    names = {c.pk: c.name for c in LabelClass.objects.all()}
    rows = GoldSet.objects.select_related("example")
    return {row.example.text: {names[label] for label in row.labels} for row in rows}


def test_doccano_lists_become_gold_sets_and_an_empty_list_is_no_label(owner: User) -> None:
    project = imported(DOCCANO, owner)
    assert project.multilabel
    assert gold() == {"late and rude": {"late", "rude"}, "just late": {"late"}}
    assert not GoldLabel.objects.exists()


def test_known_sets_are_answers_in_the_ledger(owner: User) -> None:
    project = imported(BARS, owner, label="tags", label_separator="|", label_use=KNOWN)
    assert standing(project) == {
        "late and rude": {"late", "rude"},
        "just late": {"late"},
        "rude": {"rude"},
    }
    assert sorted(len(event.labels) for event in AnnotationEvent.objects.all()) == [1, 1, 2]
    assert (project.n_known, Example.objects.filter(settled=True).count()) == (3, 3)


def test_the_same_text_with_other_sets_is_told(owner: User) -> None:
    content = b"text,tags\nsame,late|rude\nsame,rude|late\nsame,late\n"
    project = imported(content, owner, label="tags", label_separator="|")
    assert gold() == {"same": {"late", "rude"}}
    assert project.imports.get().counts["n_conflicts"] == 1


def test_an_unknown_label_within_a_list_is_named(owner: User) -> None:
    with pytest.raises(Refused, match=r"“broken” .* has no class"):
        created(
            b"text,tags\na,late|broken\nb,rude\nc,late\nd,rude\n",
            owner=owner,
            classes=("late", "rude"),
            label="tags",
            multilabel=True,
            label_separator="|",
        )


def test_more_texts_keep_to_what_the_project_asks(owner: User) -> None:
    project = imported(DOCCANO, owner)
    upload = staged(b"text\nanother\n", user=owner)
    with pytest.raises(Refused, match="any number of classes a text; keep to that"):
        add_texts(
            actor=owner,
            project=project,
            staged=upload,
            columns=guessed(upload),
            new_classes=[],
            seed=1,
            now=NOW,
        )


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_lists_of_several_choose_any_number_by_themselves(page: Client) -> None:
    address, form = checked(page, DOCCANO, "tickets.jsonl")
    assert form["multilabel"] == "any"
    assert {form["class-0-name"], form["class-1-name"]} == {"late", "rude"}
    page.post(address, {**form, "do": "create"})
    project = Project.objects.get()
    assert project.multilabel
    assert project.events.get(kind="created").payload["multilabel"] is True


def test_a_separator_is_pointed_out_and_confirmed_by_the_owner(page: Client) -> None:
    address, form = checked(page, BARS)
    assert form["multilabel"] == "one"
    assert "hold “|”" in soup(page.get(address)).text
    form |= {"multilabel": "any", "label_separator": "|", "do": "classes"}
    names = [i.get("value") for i in soup(page.post(address, form)).select("input[name$=-name]")]
    assert set(names) >= {"late", "rude"}
    assert "late|rude" not in names


def test_one_class_a_text_refuses_lists_before_anything_is_made(page: Client) -> None:
    address, form = checked(page, DOCCANO, "tickets.jsonl")
    response = page.post(address, {**form, "multilabel": "one", "do": "create"})
    assert response.status_code == 422
    assert "list several labels" in response.content.decode()
    assert not Project.objects.exists()


def test_none_of_these_takes_no_class_and_the_key_0_stays_free(page: Client) -> None:
    rows = "".join(f"text {n},label {n % 12}\n" for n in range(48))
    address, form = checked(page, f"text,tags\n{rows}".encode())
    shown = soup(page.post(address, {**form, "multilabel": "any", "do": "classes"}))
    keys = [i.get("value") for i in shown.select("input[name$=-shortcut]")]
    assert "0" not in keys
    assert "“None of these” is always an answer here" in shown.text
    page.post(
        address,
        {
            **form,
            "multilabel": "any",
            "none_of_these": "on",
            "class-9-shortcut": "k",
            "do": "create",
        },
    )
    assert LabelClass.objects.filter(is_none=True).count() == 0
    assert Project.objects.get().label_classes.count() == 12
