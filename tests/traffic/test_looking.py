"""A look at kept predictions: drift, offers and groups, and what a lead makes of them."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from learners.models import TrafficCheck
from learners.services.traffic_check import run_check
from learners.services.traffic_check_request import checks_to_work_on, request_check
from learners.views.traffic_sentences import drift_sentences
from projects.models import Example, IncomingText, KeptPrediction, LabelClass, Project, User
from projects.services.traffic.keeping import text_hash
from tests.accounts.test_signing_in import signed_in
from tests.factories import NOW, make_ladder, make_model_version, make_rung
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import Clock, embed_all, make_world, texts

pytestmark = pytest.mark.django_db
PLANETS = ("mercury", "venus", "mars", "jupiter")


def make_kept(project: Project, said: Sequence[str], **columns: Any) -> list[KeptPrediction]:
    made: dict[str, Any] = {
        "version_number": 1,
        "labels": ["bird"],
        "probability": 0.9,
        "probabilities": {"bird": 0.9, "tool": 0.1},
        "token_name": "mail router",
    }
    return KeptPrediction.objects.bulk_create(
        KeptPrediction(
            id=uuid.uuid4(),
            project=project,
            text=text,
            text_hash=text_hash(text),
            **({"asked_at": NOW - timedelta(minutes=place)} | made | columns),
        )
        for place, text in enumerate(said)
    )


@pytest.fixture
def world() -> tuple[Project, User]:
    project, _, user = make_world(260, n_audit=80)
    embed_all(project, TinyEmbedder())
    Project.objects.filter(pk=project.pk).update(traffic_kept=True)
    project.refresh_from_db()
    return project, user


def looked(project: Project) -> TrafficCheck:
    row = request_check(project=project, user=None, now=NOW)
    assert row is not None
    run_check(check_id=row.pk, token=uuid.uuid4(), clock=Clock(), load=TinyEmbedder)
    row.refresh_from_db()
    return row


def planets(n: int) -> list[str]:
    return [f"planet {PLANETS[i % 4]} orbit moon{i}" for i in range(n)]


def test_texts_of_the_same_kind_are_no_drift(world: tuple[Project, User]) -> None:
    project, _ = world
    make_kept(project, [text.replace("number", "nr") for text in texts(90)])
    row = looked(project)
    assert (row.status, row.error) == ("done", "")
    assert row.result["n_traffic"] == 90
    assert [one["what"] for one in row.result["tests"]] == ["embedding"] * 10 + ["distance"]
    assert "no version is live" in row.result["left_out"][0]


def test_texts_of_another_kind_are_drift_new_and_a_group(world: tuple[Project, User]) -> None:
    project, _ = world
    make_kept(project, planets(80))
    result = looked(project).result
    first, second = drift_sentences(result, "UTC")
    assert first.startswith("Drift: what the texts are about")
    assert "80 different kept texts of 1 Mar 2026, against 170 random texts" in first
    assert "Holm" in second
    assert result["n_novel"] > 60
    assert "planet" in result["groups"][0]["words"]


def test_files_never_crowd_out_what_was_asked_otherwise(
    world: tuple[Project, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learners.services.traffic_check.MAX_TRAFFIC", 100)
    project, _ = world
    make_kept(project, planets(150), origin="file", asked_at=NOW)
    make_kept(project, texts(90), origin="api", asked_at=NOW - timedelta(days=1))
    result = looked(project).result
    assert result["by_origin"] == {"api": 50, "file": 50}
    assert (
        "100 different kept texts of 28 Feb 2026 to 1 Mar 2026 (50 from files)"
        in (drift_sentences(result, "UTC")[0])
    )


def test_a_few_reserved_texts_are_filled_up_from_the_pool() -> None:
    project, _, _ = make_world(300, n_audit=10)
    embed_all(project, TinyEmbedder())
    make_kept(project, planets(60))
    result = looked(project).result
    assert (result["n_reference"], result["too_few"]) == (155, False)
    assert "planet" in result["groups"][0]["words"]


def test_a_models_process_that_is_away_is_said_in_words(world: tuple[Project, User]) -> None:
    project, _ = world
    rung = make_rung(make_ladder(project), "tfidf")
    make_model_version(project, rung=rung, stage="live")
    make_kept(project, planets(60))
    assert looked(project).result["left_out"] == [
        "Confidence and classes were not compared: the process that holds the models does not answer."
    ]


def test_few_texts_tell_nothing(world: tuple[Project, User]) -> None:
    project, _ = world
    make_kept(project, planets(49))
    result = looked(project).result
    assert result["tests"] == []
    assert drift_sentences(result, "UTC")[0].startswith("Too few to tell: 49 different kept texts")


def test_without_kept_predictions_the_look_says_so(world: tuple[Project, User]) -> None:
    row = looked(world[0])
    assert (row.status, row.error[:24]) == ("failed", "No prediction is kept, s")


def test_without_sentence_vectors_the_look_says_so() -> None:
    project, _, _ = make_world(20)
    make_kept(project, planets(5))
    assert "no sentence vectors" in looked(project).error


def test_a_look_is_due_once_a_day(world: tuple[Project, User]) -> None:
    project, _ = world
    assert checks_to_work_on(NOW) == []
    make_kept(project, planets(3))
    (first,) = checks_to_work_on(NOW)
    assert checks_to_work_on(NOW) == [first]
    run_check(check_id=first, token=uuid.uuid4(), clock=Clock(), load=TinyEmbedder)
    assert checks_to_work_on(NOW + timedelta(hours=23)) == []
    assert len(checks_to_work_on(NOW + timedelta(hours=25))) == 1


def test_a_look_whose_worker_died_is_given_up(world: tuple[Project, User]) -> None:
    row = request_check(project=world[0], user=None, now=NOW)
    assert row is not None
    TrafficCheck.objects.update(status="running", heartbeat_at=NOW)
    checks_to_work_on(NOW + timedelta(minutes=6))
    row.refresh_from_db()
    assert "stopped without a word" in row.error


def test_what_is_offered_can_be_queued_or_dismissed(world: tuple[Project, User]) -> None:
    project, user = world
    rows = make_kept(project, planets(80))
    looked(project)
    browser = signed_in(user)
    page = browser.get(reverse("traffic", args=[project.pk])).content.decode()
    assert "New to the project" in page
    assert "Classes that may be missing" in page
    address = reverse("traffic-take", args=[project.pk])
    browser.post(address, {"id": [rows[0].pk, rows[1].pk], "why": "novel", "do": "take"})
    browser.post(address, {"id": [rows[2].pk, "nonsense"], "do": "dismiss"})
    examples = Example.objects.filter(incoming__origin=IncomingText.Origin.TRAFFIC)
    assert sorted(examples.values_list("text", "role")) == [
        ("planet mercury orbit moon0", "pool"),
        ("planet venus orbit moon1", "pool"),
    ]
    rows[2].refresh_from_db()
    assert rows[2].dismissed_at is not None


def test_a_missing_class_is_added_with_the_name_the_lead_chose(
    world: tuple[Project, User],
) -> None:
    project, user = world
    rows = make_kept(project, planets(8))
    address = reverse("traffic-class", args=[project.pk])
    ids = [row.pk for row in rows]
    answer = signed_in(user).post(address, {"name": "Planets", "id": ids}, follow=True)
    assert "8 texts now stand first in line" in answer.content.decode()
    assert LabelClass.objects.filter(project=project, name="Planets").exists()
    assert IncomingText.objects.filter(project=project).count() == 8
    assert not Example.objects.filter(incoming__isnull=False, settled=True).exists()


def test_a_class_that_cannot_be_adds_nothing(world: tuple[Project, User]) -> None:
    project, user = world
    (row,) = make_kept(project, planets(1))
    address = reverse("traffic-class", args=[project.pk])
    browser: Client = signed_in(user)
    said = browser.post(address, {"name": "bird", "id": [row.pk]}, follow=True)
    assert "No class was added. There is already a class “bird”." in said.content.decode()
    browser.post(address, {"name": "Planets", "id": [str(uuid.uuid4())]})
    assert LabelClass.objects.filter(project=project).count() == 2
    assert not IncomingText.objects.exists()


def test_the_same_words_after_redaction_are_no_drift(world: tuple[Project, User]) -> None:
    project, _ = world
    Project.objects.filter(pk=project.pk).update(traffic_redaction={"own": ["number\\d+"]})
    own = [text.replace(text.split()[2], "[removed]") for text in texts(180)[80:]]
    make_kept(project, own)
    result = looked(project).result
    assert not [one for one in result["tests"] if one["p_holm"] < 0.01]
