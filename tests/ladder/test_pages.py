"""The Models page and the page of one version, as an owner meets them."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from learners.models import Ladder
from projects.models import Membership, Project, User
from projects.models.project import Role
from projects.services.versions import promote
from tests.factories import NOW, make_ladder, make_project, make_rung, make_user
from tests.ladder.rows import kept, measured_ladder

pytestmark = pytest.mark.django_db


def page(owner: Client, project: Project) -> str:
    return owner.get(reverse("models", args=[project.pk])).content.decode()


def sent(owner: Client, name: str, *args: int, **data: Any) -> str:
    """What the page says after a form was sent."""
    return owner.post(reverse(name, args=args), data, follow=True).content.decode()


def test_before_the_first_ladder_the_page_says_what_it_finds_out(
    owner: Client, project: Project
) -> None:
    html = page(owner, project)
    assert "Find out how small a model of these labels can be." in html
    assert "Train a ladder" in html
    assert "None is kept yet." in html


def test_without_labels_it_says_what_is_missing(owner: Client, ada: User) -> None:
    html = page(owner, make_project(owner=ada, name="New"))
    assert "needs labels of two classes" in html
    assert "Train a ladder" not in html


def test_a_ladder_of_texts_with_several_classes_is_refused_in_words(
    owner: Client, project: Project
) -> None:
    Project.objects.filter(pk=project.pk).update(multilabel=True)
    assert "exactly one class each" in page(owner, project)
    assert "exactly one class each" in sent(owner, "models-start", project.pk, rungs="tfidf") or (
        not Ladder.objects.exists()
    )


def test_starting_makes_a_ladder_with_the_chosen_models(owner: Client, project: Project) -> None:
    html = sent(owner, "models-start", project.pk, rungs=["tfidf", "static"])
    assert "Waiting for a worker to take it up." in html
    assert [rung.name for rung in Ladder.objects.get().rungs.all()] == ["tfidf", "static"]
    assert "running; wait for it" in sent(owner, "models-start", project.pk, rungs=["tfidf"])


def test_starting_with_nothing_chosen_says_so(owner: Client, project: Project) -> None:
    answer = owner.post(reverse("models-start", args=[project.pk]))
    assert answer.status_code == 422
    assert "Choose at least one kind of model." in answer.content.decode()


def test_the_sentence_names_the_smallest_good_enough(owner: Client, project: Project) -> None:
    ladder = measured_ladder(project, margin=0.3)
    html = page(owner, project)
    assert "The smallest model not measurably worse than the best is “Static vectors”" in html
    assert ladder.choice["chosen"] == "static"
    assert "smallest good enough" in html


def test_too_few_random_answers_are_said_to_be_too_few(owner: Client, project: Project) -> None:
    measured_ladder(project)
    html = page(owner, project)
    assert "The audit set is too small to tell: with 20 random texts" in html
    assert "smallest good enough" not in html


def test_the_table_shows_what_was_measured_and_what_it_costs(
    owner: Client, project: Project
) -> None:
    measured_ladder(project, prices={"cpu_hour": 0.36, "currency": "EUR", "watts": 10})
    html = page(owner, project).replace("\xa0", " ")
    assert "95 % (83–100 %)" in html
    assert "15.4 MB" in html
    assert "9.4 s" in html
    assert "Cost of a million, EUR" in html
    assert ">0.94<" in html  # 9.4 s a thousand are 2.61 hours a million
    assert "26.1 Wh" in html
    assert "Some Processor, 4 cores" in html


def test_times_of_a_busy_machine_are_told_as_such(owner: Client, project: Project) -> None:
    rung = measured_ladder(project).rungs.get(name="static")
    assert "busy with other work" not in page(owner, project)
    rung.ms_per_1000, rung.cpu_seconds_per_1000 = 256.0, 0.08
    rung.save()
    assert "by the clock one model took 3.2 times as long" in page(owner, project)


def test_failed_and_left_out_rungs_say_why(owner: Client, project: Project) -> None:
    ladder = measured_ladder(project, status="cancelled")
    make_rung(ladder, "minilm_int8", status="failed", error="The embedding model is missing.")
    make_rung(ladder, "tuned", status="left_out", note="Cancelled before it was done.")
    html = page(owner, project)
    assert "The embedding model is missing." in html
    assert "Cancelled before it was done." in html


def test_a_failed_ladder_offers_another(owner: Client, project: Project) -> None:
    make_ladder(project, status="failed", error="No model could be trained; each says why.")
    html = page(owner, project)
    assert "The ladder failed." in html
    assert "Train again" in html


def test_figures_are_kept_and_bad_ones_explained(owner: Client, project: Project) -> None:
    ladder = measured_ladder(project, prices={})
    figures = {"margin": "30", "cpu_hour": "0.05", "currency": "EUR", "watts": "12"}
    assert "with these figures" in sent(owner, "models-figures", project.pk, **figures)
    ladder.refresh_from_db()
    assert (ladder.margin, ladder.prices["watts"]) == (0.3, 12.0)
    assert ladder.choice["chosen"] == "static"
    html = sent(owner, "models-figures", project.pk, margin="200", cpu_hour="-1")
    assert "between 0 and 100 points" in html or "above 0" in html


def test_how_often_it_trains_by_itself_is_a_setting(owner: Client, project: Project) -> None:
    assert "Saved." in sent(owner, "models-every", project.pk, ladder_every="50")
    project.refresh_from_db()
    assert project.ladder_every == 50
    answer = owner.post(reverse("models-every", args=[project.pk]), {"ladder_every": "-3"})
    assert answer.status_code == 422


def test_while_it_runs_only_what_is_new_comes_back(owner: Client, project: Project) -> None:
    ladder = make_ladder(project, status="running", finished_at=None)
    rung = make_rung(ladder, "static", status="running", step="fitting a head", finished_at=None)
    address = reverse("models-state", args=[project.pk])
    first = owner.get(address)
    assert first["HX-Retarget"] == "#ladder-state"
    state = first.context["state"]
    have = {"results": state.results, "progress": state.progress}
    assert owner.get(address, have).status_code == 204
    rung.step = "measuring"
    rung.save()
    line = owner.get(address, have)
    assert "HX-Retarget" not in line
    assert "static: measuring" in line.content.decode()


def test_cancelling_is_answered(owner: Client, project: Project) -> None:
    make_ladder(project, status="running", finished_at=None)
    assert "Cancelled." in sent(owner, "models-cancel", project.pk)
    assert "over already" in sent(owner, "models-cancel", project.pk)


def test_the_picture_has_a_dot_for_each_measured_model(owner: Client, project: Project) -> None:
    address = reverse("models-chart", args=[project.pk])
    assert owner.get(address).status_code == 404
    measured_ladder(project)
    spec = owner.get(address).json()
    dots = {row["Model"]: row for row in spec["data"]["values"]}
    assert set(dots) == {"Counted words", "Static vectors", "Sentence vectors"}
    assert dots["Sentence vectors"]["frontier"]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["type"] == "log"


def test_keeping_promoting_and_rolling_back(owner: Client, project: Project) -> None:
    ladder = measured_ladder(project)
    for number, name in enumerate(("tfidf", "static"), start=1):
        rung = ladder.rungs.get(name=name)
        assert f"Version {number}" in sent(owner, "rung-keep", project.pk, rung.pk)
        html = sent(owner, "model-version-live", project.pk, number, why=f"It is {name}.")
        assert f"Version {number} is live." in html
    assert "in place of version 1: “It is static.”" in html
    assert "Version 1 is live again." in sent(owner, "models-roll-back", project.pk, to="1")
    assert "is live already" in sent(owner, "models-roll-back", project.pk, to="1")
    assert "Which version" in sent(owner, "models-roll-back", project.pk, to="²")
    assert "Version 1 is retired." in sent(owner, "model-version-retire", project.pk, 1)
    assert "No version is live." in page(owner, project)


def test_promoting_without_a_reason_asks_for_one(
    owner: Client, ada: User, project: Project
) -> None:
    kept(ada, measured_ladder(project), "static")
    answer = owner.post(reverse("model-version-live", args=[project.pk, 1]), {"why": ""})
    assert answer.status_code == 422
    assert "Say in a few words why this model goes live." in answer.content.decode()


def test_a_version_stands_beside_the_live_one(owner: Client, ada: User, project: Project) -> None:
    ladder = measured_ladder(project)
    promote(actor=ada, version=kept(ada, ladder, "tfidf"), why="First.", now=NOW)
    kept(ada, ladder, "minilm")
    html = owner.get(reverse("model-version", args=[project.pk, 2])).content.decode()
    html = html.replace("\xa0", " ")
    assert "Of 20 random texts that neither learned from, version 2 has 20 right" in html
    assert "version 1 14" in html
    assert "version 2 is measurably better" in html
    assert "6 random texts on which they differ" in html
    assert "70 % (7 of 10)" in html


def test_the_only_version_has_nothing_beside_it(owner: Client, ada: User, project: Project) -> None:
    kept(ada, measured_ladder(project), "static")
    html = owner.get(reverse("model-version", args=[project.pk, 1])).content.decode()
    assert "there is nothing to compare it with" in html
    assert owner.get(reverse("model-version", args=[project.pk, 2])).status_code == 404


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("models", []),
        ("models-state", []),
        ("models-chart", []),
        ("models-start", []),
        ("models-cancel", []),
        ("models-figures", []),
        ("models-every", []),
        ("models-roll-back", []),
        ("rung-keep", [1]),
        ("model-version", [1]),
        ("model-version-live", [1]),
        ("model-version-retire", [1]),
    ],
)
def test_annotators_find_none_of_it(
    client: Client, ada: User, project: Project, name: str, args: list[int]
) -> None:
    kept(ada, measured_ladder(project), "static")
    grace = make_user("grace")
    Membership.objects.create(project=project, user=grace, role=Role.ANNOTATOR)
    client.force_login(grace)
    address = reverse(name, args=[project.pk, *args])
    statuses = {client.get(address).status_code, client.post(address).status_code} - {405}
    assert statuses == {404}


def test_a_model_that_people_can_read_shows_its_rules(owner: Client, project: Project) -> None:
    ladder = measured_ladder(project)
    rule = {"if": ["it has “apple”", "it has no “iron”"], "then": "fruit", "n_right": 14, "n": 15}
    files = {"model.json": b"{}", "rules.json": json.dumps([rule]).encode()}
    make_rung(ladder, "rules", label="Rules over words", files=files)
    html = page(owner, project)
    assert "Read its only rule" in html
    assert "If it has “apple” and it has no “iron”: <strong>fruit</strong>" in html
    assert "14 of 15 training examples" in html
