"""The page that freezes a model and shows what came of it: its states, its words, who may see it."""

import pytest
from bs4 import BeautifulSoup
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from learners.models import Fit
from learners.services.exporting import card_of
from projects.models import Confirmation, Membership, Project, User
from projects.models.project import Role
from projects.services.answering import skip
from projects.services.classes import ClassSpec, add_classes
from projects.services.confirming import Result, end_confirmation
from tests.confirming.worlds import answer_many, check, make_world, seeded_right, start
from tests.factories import NOW, make_examples, make_project, make_user
from tests.labelling.people import asked, sender

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(client: Client, project: Project, name: str = "confirm") -> str:
    response = client.get(reverse(name, args=[project.pk]))
    assert response.status_code == 200
    text = BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)
    return " ".join(text.replace("\u00a0", " ").split())


def begin(client: Client, project: Project, fit: Fit, **said: str) -> int:
    fields = {"fit": str(fit.pk), "target_percent": "80", "share": "1"} | said
    return client.post(reverse("confirm", args=[project.pk]), fields).status_code


def test_it_says_what_it_is_and_what_it_costs() -> None:
    project, _, owner = make_world()
    said = words(signed_in(owner), project)
    assert "One model is frozen and put to random texts" in said
    assert "60 fresh random texts are left" in said
    assert "> 60" in said


def test_starting_freezes_the_chosen_fit_and_shows_how_it_stands() -> None:
    project, fit, owner = make_world()
    client = signed_in(owner)
    assert begin(client, project, fit, target_percent="85.5", share="0.5") == 302
    confirmation = Confirmation.objects.get()
    assert (confirmation.fit_id, confirmation.target, confirmation.share) == (fit.pk, 0.855, 0.5)
    assert "No answer counts yet; the target is 86 %." in words(client, project)


def test_running_it_tells_the_interval_and_what_is_still_to_come() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, seeded_right(10, 0.8))
    check(confirmation)
    said = words(signed_in(owner), project)
    assert "8 of 10 fresh random texts right: between 34 and 99.1 %. Undecided" in said
    assert "Fresh texts left 50 of 60" in said


def test_the_state_comes_anew_only_when_it_changed() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    client, path = signed_in(owner), reverse("confirm-state", args=[project.pk])
    fragment = BeautifulSoup(client.get(path).content, "html.parser")
    again = str(fragment.select_one("#confirm-state")["hx-get"])  # type: ignore[index]
    assert client.get(again).status_code == 204
    answer_many(project, owner, [True])
    check(confirmation)
    assert "1 of 1 fresh random text right" in client.get(again).content.decode()


def test_once_it_ended_the_page_is_fetched_anew() -> None:
    project, _, owner = make_world()
    response = signed_in(owner).get(reverse("confirm-state", args=[project.pk]))
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")


def test_a_confirmed_model_gets_words_of_guarantee() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True] * 40)
    check(confirmation)
    assert (
        "With 95 % confidence, however often one looked, this model is right on at least 80 % of "
        "texts like these" in words(signed_in(owner), project)
    )


def test_each_other_end_is_told_in_its_own_words() -> None:
    project, fit, owner = make_world(n_audit=30)
    client = signed_in(owner)
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [False] * 12)
    check(confirmation)
    assert "The model does not reach 80 %" in words(client, project)
    start(project, fit, owner)
    client.post(reverse("confirm-end", args=[project.pk]))
    assert "Ended before it was decided. No answer counts." in words(client, project)
    start(project, fit, owner)
    spec = ClassSpec(name="perhaps", description="", colour=3, shortcut="", is_none=False)
    add_classes(actor=owner, project=project, specs=[spec], now=NOW)
    assert "Void, since the classes changed: “perhaps” was added" in words(client, project)


def test_used_up_is_undecided_and_keeps_its_interval() -> None:
    project, fit, owner = make_world(n_audit=5)
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True] * 5)
    check(confirmation)
    said = words(signed_in(owner), project)
    assert "Undecided: every fresh random text was asked. With 95 % confidence" in said
    assert "No fresh random text is left." in said


def test_skips_and_waiting_answers_are_said() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    skip(sender=sender(project, owner), example_id=asked(project, owner).example.pk)
    answer_many(project, owner, [True])
    client = signed_in(owner)
    assert "1 answer waits: a worker has not asked the model about it yet" in words(client, project)
    check(confirmation)
    assert "1 more was skipped and is not counted." in words(client, project)


def test_a_model_that_cannot_be_asked_is_said_with_what_to_do() -> None:
    project, fit, owner = make_world()
    confirmation = start(project, fit, owner)
    default_storage.delete(confirmation.head_file)
    check(confirmation)
    said = words(signed_in(owner), project)
    assert "The frozen model cannot be asked" in said
    assert "Bring it back from a backup, or end this confirmation." in said


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"target_percent": "100"}, "less than or equal to 99.9"),
        ({"target_percent": "many"}, "Enter a number"),
        ({"share": "3"}, "Select a valid choice"),
        ({"fit": "0"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_answered_beside_its_field(said: dict[str, str], answer: str) -> None:
    project, fit, owner = make_world()
    fields = {"fit": str(fit.pk), "target_percent": "80", "share": "1"} | said
    response = signed_in(owner).post(reverse("confirm", args=[project.pk]), fields)
    assert response.status_code == 422
    assert answer in response.content.decode()
    assert not Confirmation.objects.exists()


def test_a_model_whose_file_is_gone_is_refused_beside_its_field() -> None:
    project, fit, owner = make_world()
    default_storage.delete(fit.head_file)
    fields = {"fit": str(fit.pk), "target_percent": "80", "share": "1"}
    response = signed_in(owner).post(reverse("confirm", args=[project.pk]), fields)
    soup = BeautifulSoup(response.content, "html.parser")
    assert "is gone from the storage" in soup.select_one("#id_fit_error").get_text()  # type: ignore[union-attr]


def test_before_the_first_model_there_is_nothing_to_confirm() -> None:
    owner = make_user()
    project = make_project(owner=owner)
    make_examples(project, ["a", "b"], n_audit=1)
    assert "There is no model yet." in words(signed_in(owner), project)


def test_an_annotator_gets_404() -> None:
    project, _, _ = make_world()
    grace = make_user("grace")
    Membership.objects.create(project=project, user=grace, role=Role.ANNOTATOR)
    assert signed_in(grace).get(reverse("confirm", args=[project.pk])).status_code == 404


def test_the_model_of_another_project_cannot_be_frozen() -> None:
    project, _, owner = make_world()
    other = make_project(owner=make_user("grace"))
    fit = Fit.objects.create(
        project=other,
        status=Fit.Status.PUBLISHED,
        token="12345678-1234-5678-1234-567812345678",
        strategy="margin",
        head="logistic",
        seed=1,
        upto_seq=0,
        due_at=timezone.now(),
    )
    assert begin(signed_in(owner), project, fit) == 422


def test_the_card_in_the_zip_speaks_of_what_was_confirmed() -> None:
    project, fit, owner = make_world()
    assert card_of(fit, ["yes", "no"]).confirmed == ""
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True] * 40)
    check(confirmation)
    promised = card_of(fit, ["yes", "no"]).confirmed.replace("\u00a0", " ")
    assert "this model is right on at least 80 % of texts like these" in promised


def test_the_card_tells_how_many_tries_and_skips_there_were() -> None:
    project, fit, owner = make_world()
    end_confirmation(
        confirmation_id=start(project, fit, owner).pk, result=Result.ENDED, actor=owner, now=NOW
    )
    confirmation = start(project, fit, owner)
    skip(sender=sender(project, owner), example_id=asked(project, owner).example.pk)
    answer_many(project, owner, [True] * 40)
    check(confirmation)
    promised = card_of(fit, ["yes", "no"]).confirmed.replace("\u00a0", " ")
    assert "With 97.5 % confidence" in promised
    assert "fresh random texts; 1 more skipped)" in promised
    assert promised.endswith("It was confirmation 2 of 2 of this model.")


def test_the_form_says_how_often_a_model_was_tried_and_what_that_costs() -> None:
    project, fit, owner = make_world()
    client = signed_in(owner)
    assert "tried" not in words(client, project).split("What it costs")[0].split("Model")[1][:80]
    begin(client, project, fit)
    assert "Confidence 95 %, try 1 of this model" in words(client, project)
    client.post(reverse("confirm-end", args=[project.pk]))
    assert "tried once before: needs 97.5 % confidence" in words(client, project)


def test_the_project_page_says_that_random_texts_are_asked_meanwhile() -> None:
    project, fit, owner = make_world()
    client = signed_in(owner)
    assert "Asking" not in words(client, project, "project")
    start(project, fit, owner)
    said = words(client, project, "project")
    assert f"Asking only random texts, to confirm fit {fit.pk}" in said
