"""What a model rests on: words of its classes for leads, random texts for those who give them up."""

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from learners.models import Rung
from projects.models import Membership, Project, User
from projects.models.project import Role
from tests.accounts.test_signing_in import signed_in
from tests.explanations.looks import shown_upto
from tests.factories import make_rung, make_user
from tests.ladder.rows import kept, measured_ladder, predictions
from tests.ladder.worlds import ladder_project

pytestmark = pytest.mark.django_db
WORDS = {
    "format": 1,
    "n_texts": 40,
    "least_texts": 5,
    "bias": [0, 0],
    "classes": [
        {
            "id": 1,
            "name": "fruit",
            "for": [{"word": "apple", "weight": 0.71, "n_texts": 20}],
            "against": [{"word": "zinc", "weight": -0.42, "n_texts": 20}],
        }
    ],
}


@pytest.fixture
def ada() -> User:
    return make_user("ada")


@pytest.fixture
def project(ada: User) -> Project:
    return ladder_project(ada)


def rung_of(project: Project, ada: User) -> Rung:
    """A static model that knows its words and has the last three of the random texts wrong."""
    said = predictions(project, 3)
    files = {"model.onnx": b"x", "words.json": json.dumps(WORDS).encode()}
    ladder = measured_ladder(project, wrong={"tfidf": 1})
    return make_rung(ladder, "static", files=files, predictions=said, n_audit=len(said))


def said(client: Client, rung: Rung) -> str:
    answer = client.get(reverse("rung-reasons", args=[rung.ladder.project_id, rung.pk]))
    assert answer.status_code == 200
    text = BeautifulSoup(answer.content, "html.parser").get_text(" ", strip=True)
    return " ".join(text.replace("\u00a0", " ").split())


def look(client: Client, rung: Rung) -> None:
    answer = client.post(reverse("rung-reasons-look", args=[rung.ladder.project_id, rung.pk]))
    assert answer.status_code == 302


def test_the_words_of_each_class_are_shown_for_and_against(project: Project, ada: User) -> None:
    page = said(signed_in(ada), rung_of(project, ada))
    assert "over 40 texts of the pool" in page
    assert "fruit apple +0.71 Against it zinc -0.42" in page


def test_no_random_text_is_shown_before_somebody_gives_them_up(project: Project, ada: User) -> None:
    client, rung = signed_in(ada), rung_of(project, ada)
    page = said(client, rung)
    assert "the 20 random texts answered so far are closed to you for good" in page
    assert "Sure and wrong" not in page
    assert project.examples.filter(role="audit")[0].text not in page
    assert shown_upto(project.pk, ada) == 0


def test_afterwards_the_surest_right_and_wrong_ones_stand_with_truth_and_guess(
    project: Project, ada: User
) -> None:
    client, rung = signed_in(ada), rung_of(project, ada)
    look(client, rung)
    page = said(client, rung)
    assert "Wrong on 3 of the 20 random texts that you look at." in page
    assert "People say" in page
    assert "20 random texts are closed to you." in page
    assert "numbers that are mended where a model disagrees flatter the model" in page


def test_another_owner_sees_none_of_them_before_looking_too(project: Project, ada: User) -> None:
    rung = rung_of(project, ada)
    look(signed_in(ada), rung)
    grace = make_user("grace")
    Membership.objects.create(project=project, user=grace, role=Role.OWNER)
    assert "Sure and wrong" not in said(signed_in(grace), rung)


def test_answers_that_became_stale_are_not_shown(project: Project, ada: User) -> None:
    client, rung = signed_in(ada), rung_of(project, ada)
    look(client, rung)
    project.annotations.filter(example__role="audit").update(stale=True)
    assert "Sure and wrong" not in said(client, rung)


def test_versions_have_the_same_page(project: Project, ada: User) -> None:
    rung = rung_of(project, ada)
    version = kept(ada, rung.ladder, "static")
    client = signed_in(ada)
    address = reverse("version-reasons", args=[project.pk, version.number])
    assert "apple" in client.get(address).content.decode()
    where = reverse("version-reasons-look", args=[project.pk, version.number])
    assert client.post(where)["Location"] == f"{address}#texts-title"
    assert "Sure and wrong" in client.get(address).content.decode()


def test_a_model_without_words_says_why(project: Project, ada: User) -> None:
    ladder = measured_ladder(project)
    page = said(signed_in(ada), ladder.rungs.get(name="minilm"))
    assert "This model reads a text as a whole" in page


@pytest.mark.parametrize("role", [Role.ANNOTATOR, None])
def test_annotators_and_outsiders_find_nothing(project: Project, ada: User, role: Any) -> None:
    rung, other = rung_of(project, ada), make_user("otto")
    if role:
        Membership.objects.create(project=project, user=other, role=role)
    client = signed_in(other)
    for name in ("rung-reasons", "rung-reasons-look"):
        address = reverse(name, args=[project.pk, rung.pk])
        assert client.post(address).status_code in (404, 405)
        assert client.get(address).status_code in (404, 405)
    assert shown_upto(project.pk, other) == 0


def test_the_models_page_leads_there(project: Project, ada: User) -> None:
    rung = rung_of(project, ada)
    page = signed_in(ada).get(reverse("models", args=[project.pk])).content.decode()
    assert reverse("rung-reasons", args=[project.pk, rung.pk]) in page


def test_versions_side_by_side_show_random_texts_after_looking_alone(
    project: Project, ada: User
) -> None:
    ladder = measured_ladder(project)
    kept(ada, ladder, "tfidf")
    number = kept(ada, ladder, "minilm").number
    client = signed_in(ada)
    address = reverse("model-version", args=[project.pk, number])
    before = client.get(address, {"beside": 1}).content.decode()
    assert "6 random texts on which they differ" in before
    assert "shown only to owners who give up answering them" in before
    assert "differing-table" not in before
    client.post(reverse("version-reasons-look", args=[project.pk, number]))
    assert "differing-table" in client.get(address, {"beside": 1}).content.decode()
