"""What a version leaves to others: looked at, kept with a reason, taken back; and a cascade."""

import re
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from learners.engine.deferral import choose, curve
from learners.models import ModelExport
from learners.services.model_predictions import Predictions
from learners.views.deferral_sentences import verdict
from projects.models import ModelVersion, Project, ProjectEvent, User
from tests.factories import NOW, make_ladder, make_model_version, make_rung
from tests.ladder.rows import predictions
from tests.ladder.worlds import ladder_project

pytestmark = pytest.mark.django_db
N = 120


@pytest.fixture
def project(ada: User) -> Project:
    return ladder_project(ada, n_texts=N + 12, n_audit=N)


def unsure(project: Project, *, n_wrong: int = 20) -> Predictions:
    """Sure of all but the last ones, which are wrong and less likely the later they come."""
    found = predictions(project, n_wrong)
    top = np.linspace(0.99, 0.51, len(found), dtype=np.float32)
    sides = found.probabilities > 0.5
    shares = np.where(sides, top[:, None], 1 - top[:, None])
    return Predictions(found.example_ids, found.y, shares, found.class_ids)


def version_of(project: Project, name: str = "tfidf", **options: Any) -> ModelVersion:
    said = unsure(project, **options)
    speed: dict[str, Any] = {
        "cpu_seconds_per_1000": 0.06 if name == "tfidf" else 9.0,
        "ms_per_1000": 80.0,
    }
    rung = make_rung(
        make_ladder(project, status="done"), name, label=name.title(), predictions=said, **speed
    )
    return make_model_version(project, rung=rung, measures=speed)


def page(owner: Client, version: ModelVersion, **asked: Any) -> str:
    address = reverse("model-deferral", args=[version.project_id, version.number])
    return owner.get(address, asked).content.decode()


def post(owner: Client, name: str, version: ModelVersion, **data: Any) -> Any:
    address = reverse(f"model-deferral-{name}", args=[version.project_id, version.number])
    return owner.post(address, data)


def seen(owner: Client, version: ModelVersion, **asked: Any) -> dict[str, Any]:
    """What the page's form would send back."""
    address = reverse("model-deferral", args=[version.project_id, version.number])
    context = owner.get(address, asked).context
    return {**context["kept_values"], "threshold": context["found"].choice.threshold}


def rule(version: ModelVersion) -> dict[str, Any]:
    """As it is kept now."""
    version.refresh_from_db()
    assert version.deferral is not None
    return dict(version.deferral)


def test_the_page_says_what_a_threshold_does_on_the_half_that_did_not_choose_it(
    owner: Client, project: Project
) -> None:
    html = page(owner, version_of(project))
    assert "It answers all texts, however unsure it is." in html
    assert "half" not in html.split("What that does")[0]
    assert (
        "the random answers that did not choose the threshold); the rest goes to a person." in html
    )
    assert "that figure flatters" in html


@pytest.mark.parametrize(
    ("n_wrong", "words"),
    [(0, ""), (3, "with so few answers it may be chance"), (12, "That is measurably less")],
)
def test_a_threshold_that_falls_short_on_the_other_half_is_told(n_wrong: int, words: str) -> None:
    n = 60
    correct = np.ones(n, dtype=bool)
    correct[30 : 30 + n_wrong] = False  # of the half that reports
    choice = choose(
        confidence=np.full(n, 0.9), correct=correct, choosing=np.arange(n) < 30, wanted=0.95
    )
    said = verdict(choice, wanted=0.95, careful=False, other=None, what="texts")
    assert words in " ".join(said[1:])
    assert len(said) == 1 + bool(words)


def test_with_few_random_answers_it_says_how_many_are_needed(owner: Client, ada: User) -> None:
    project = ladder_project(ada)  # twenty random answers
    html = page(owner, version_of(project, n_wrong=2), wanted="95", to="person")
    assert "Too few answered random texts to tell" in html
    assert "Keep this threshold" not in html


@pytest.mark.parametrize("wanted", ["", "0", "100", "words"])
def test_an_accuracy_that_is_none_is_told_by_its_field(
    owner: Client, project: Project, wanted: str
) -> None:
    version = version_of(project)
    address = reverse("model-deferral", args=[project.pk, version.number])
    response = owner.get(address, {"wanted": wanted, "to": "person"})
    assert response.status_code == 422
    assert 'class="error" id="id_wanted_error"' in response.content.decode()


def test_a_threshold_is_kept_with_what_was_measured_and_an_event(
    owner: Client, project: Project, ada: User
) -> None:
    version = version_of(project)
    post(owner, "keep", version, **seen(owner, version, wanted="95", to="person"))
    kept = rule(version)
    assert kept["to"] == "person"
    assert 0.5 < kept["threshold"] < 0.7
    assert kept["reported"]["accuracy"]["n"] > 30
    event = ProjectEvent.objects.get(project=project, kind="model_deferral")
    assert (event.actor, event.payload["version"], event.payload["old"]) == (ada, 1, None)
    assert "Below 0." in page(owner, version)


def test_the_live_version_changes_for_a_reason_alone(owner: Client, project: Project) -> None:
    version = version_of(project)
    ModelVersion.objects.update(stage="live")
    asked = seen(owner, version, wanted="95", to="person")
    refused = post(owner, "keep", version, **asked)
    assert refused.status_code == 422
    assert "This version is live: say in a few words why" in refused.content.decode()
    post(owner, "keep", version, **asked, why="Complaints about wrong desks.")
    assert "Complaints about wrong desks." in page(owner, version)


def test_a_threshold_that_moved_meanwhile_is_looked_at_again(
    owner: Client, project: Project
) -> None:
    version = version_of(project)
    asked = seen(owner, version, wanted="95", to="person") | {"threshold": 0.123}
    response = post(owner, "keep", version, **asked)
    version.refresh_from_db()
    assert response.status_code == 409
    assert version.deferral is None


def test_files_with_another_rule_are_forgotten(owner: Client, project: Project) -> None:
    version = version_of(project)
    ModelExport.objects.create(
        project=project, version=version, kind="zip", file="exports/old.zip", requested_at=NOW
    )
    post(owner, "keep", version, **seen(owner, version, wanted="95", to="person"))
    assert not ModelExport.objects.exists()


def test_it_answers_everything_again(owner: Client, project: Project) -> None:
    version = version_of(project)
    post(owner, "keep", version, **seen(owner, version, wanted="95", to="person"))
    post(owner, "clear", version, why="People are away.")
    version.refresh_from_db()
    assert version.deferral is None
    assert "answers everything" in page(owner, version)


def test_a_cascade_is_shown_beside_each_model_alone_and_kept(
    owner: Client, project: Project
) -> None:
    small, big = version_of(project), version_of(project, "minilm", n_wrong=3)
    asked = {"wanted": "97", "to": f"version-{big.number}"}
    html = page(owner, small, **asked)
    assert "Together they are right on" in html
    assert "Version 2, Minilm" in html
    rows = re.findall(r'<tr><th scope="row">(.+?)</th>.*?<td class="num">([\d.]+)', html)
    cpu_hours = {label: float(hours) for label, hours in rows}
    assert cpu_hours["Version 1, Tfidf"] == 0.0167 < cpu_hours["Version 2, Minilm"]
    post(owner, "keep", small, **seen(owner, small, **asked))
    found = rule(small)
    assert (found["to"], found["version"]) == ("version", big.number)
    assert found["reported"]["cascade"]["both"]["value"] > 0.9
    assert "it leaves texts to version 2, Minilm" in page(owner, small)


def test_models_measured_on_other_answers_cannot_be_put_together(
    owner: Client, project: Project
) -> None:
    small, big = version_of(project), make_model_version(project)
    html = page(owner, small, wanted="95", to=f"version-{big.number}")
    assert "cannot be told" in html


def test_picture_and_table_are_of_the_half_that_chooses(owner: Client, project: Project) -> None:
    version = version_of(project)
    address = reverse("model-deferral", args=[project.pk, version.number])
    context = owner.get(address, {"wanted": "95", "to": "person"}).context
    found, half = context["found"], context["found"].answers.choosing
    assert found.points == curve(found.answers.confidence[half], found.answers.correct[half])
    assert (found.choice.chosen_on, True) in context["rows"]


def test_the_picture_has_one_chosen_threshold(owner: Client, project: Project) -> None:
    version = version_of(project)
    address = reverse("model-deferral-chart", args=[project.pk, version.number])
    spec = owner.get(address, {"wanted": "95", "to": "person"}).json()
    values = spec["data"]["values"]
    assert sum(value["chosen"] for value in values) == 1
    assert max(value["coverage"] for value in values) == 1.0


def test_an_unknown_answerer_is_refused(owner: Client, project: Project) -> None:
    version = version_of(project)
    response = post(owner, "keep", version, wanted="95", to="version-9", threshold="0.5")
    assert response.status_code == 422


def test_texts_of_any_number_of_classes_have_thresholds_already(
    owner: Client, project: Project
) -> None:
    version = version_of(project)
    Project.objects.update(multilabel=True)
    assert "a threshold for each class decides there already" in page(owner, version)


def test_a_model_whose_predictions_are_gone_says_so(owner: Client, project: Project) -> None:
    version = version_of(project)
    ModelVersion.objects.update(predictions_file="models/gone.npz")
    assert "gone from the storage" in page(owner, version)


def test_the_lead_switches_on_that_unsure_texts_are_kept(owner: Client, project: Project) -> None:
    version = version_of(project)
    assert "Nothing of what is predicted is kept." in page(owner, version)
    post(owner, "queue", version, defer_to_queue="on", incoming_per_day="50")
    project.refresh_from_db()
    assert (project.defer_to_queue, project.incoming_per_day) == (True, 50)
    assert "50 more may come within these 24 hours" in page(owner, version)


def test_a_limit_that_is_none_is_told(owner: Client, project: Project) -> None:
    response = post(owner, "queue", version_of(project), incoming_per_day="-1")
    assert response.status_code == 422
    assert "id_incoming_per_day_error" in response.content.decode()
