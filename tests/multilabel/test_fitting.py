"""A fit where a text has any number of classes: trained, measured, ranked, published, rebuilt."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from learners.engine.multilabel import MultiLabelHead
from learners.models import Fit, RankedExample, Score
from learners.services import due_work
from learners.services.exporting import write_model
from learners.services.prediction import head_of, predict
from learners.services.rebuild import rebuild_project
from projects.models import Example, GoldSet, LabelClass, Project, User
from projects.services.classes import ClassSpec, add_classes
from tests.factories import NOW, make_examples
from tests.machine.fakes import TinyEmbedder
from tests.machine.worlds import BIRDS, TOOLS, Clock, embed_all, fit
from tests.multilabel.worlds import ids, make_mixed_world, mixed_texts, say, tell, true_set

pytestmark = pytest.mark.django_db


def ready_world(n_labels: int = 60, **columns: Any) -> tuple[Project, list[Example], User]:
    """Twenty random texts and forty others, all answered truly."""
    project, examples, user = make_mixed_world(120)
    Project.objects.filter(pk=project.pk).update(**columns)
    embed_all(project)
    tell(examples[:n_labels], user)
    project.refresh_from_db()
    return project, examples, user


def published(project: Project) -> Fit:
    found = fit(project)
    assert found is not None
    assert found.status == Fit.Status.PUBLISHED, found.error
    return found


def scores(found: Fit) -> dict[str, Score]:
    return {score.metric: score for score in found.scores.all()}


@pytest.fixture(autouse=True)
def tiny(settings: Any) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"


def test_a_fit_learns_which_texts_have_which_classes() -> None:
    project, examples, _ = ready_world()
    said = predict(fit=published(project), texts=[e.text for e in examples[60:]])
    assert said.has is not None
    columns = dict(zip(said.class_ids, said.has.T, strict=True))
    for name in ("bird", "tool"):
        (class_id,) = ids(project, name)
        truth = np.array([name in true_set(example) for example in examples[60:]])
        assert (columns[class_id] == truth).mean() > 0.8


def test_sets_are_measured_on_random_texts_alone() -> None:
    project, _, _ = ready_world()
    found = published(project)
    measured = scores(found)
    classes = {
        f"{metric}_{pk}"
        for metric in ("recall", "precision")
        for pk in ids(project, "bird", "tool")
    }
    micro = {"micro_f1", "micro_precision", "micro_recall"}
    assert set(measured) == {"exact_match", "macro_f1", "gain_50", *micro, *classes}
    assert (found.n_audit, measured["micro_f1"].n, found.unmeasured_because) == (20, 20, "")
    assert measured["micro_f1"].low <= measured["micro_f1"].value <= measured["micro_f1"].high


def test_too_few_random_texts_say_so() -> None:
    project, _, user = make_mixed_world(60, n_audit=4)
    embed_all(project)
    tell(list(Example.objects.order_by("pk")[:16]), user)
    found = published(project)
    assert "micro_f1" not in scores(found)
    assert scores(found)["exact_match"].n == 4
    assert "F1 needs 10 random texts" in found.note


def test_the_head_is_stored_with_its_thresholds() -> None:
    project, _, _ = ready_world()
    head = head_of(published(project))
    assert isinstance(head, MultiLabelHead)
    assert head.class_ids == tuple(ids(project, "bird", "tool"))
    assert ((head.thresholds > 0) & (head.thresholds < 1)).all()


@pytest.mark.parametrize(
    "strategy", ["multilabel_min_confidence", "coverage_to_margin", "random", "capped_margin"]
)
def test_strategies_for_any_number_of_classes_rank_the_pool(strategy: str) -> None:
    project, _, _ = ready_world(strategy=strategy)
    ranked = RankedExample.objects.filter(fit=published(project))
    assert ranked.count() == 60
    assert all(ranked.values_list("reason", flat=True))


@pytest.mark.parametrize("column", [{"strategy": "margin"}, {"head": "logistic"}])
def test_what_gives_one_class_a_text_is_refused_in_words(column: dict[str, Any]) -> None:
    project, _, _ = ready_world(**column)
    failed = fit(project)
    assert failed is not None
    assert failed.status == Fit.Status.FAILED
    assert "cannot serve any number of classes a text; choose another" in failed.error


def test_one_class_a_text_refuses_what_gives_any_number() -> None:
    project, examples, user = ready_world(n_labels=0)
    Project.objects.update(multilabel=False, head="one_vs_rest")
    for example in examples[:10]:
        say(project, user, example, (true_set(example) or ["tool"])[0])
    failed = fit(project)
    assert failed is not None
    assert "cannot serve one class a text" in failed.error


def test_a_class_that_no_text_has_is_a_constant_no() -> None:
    project, examples, user = make_mixed_world(120)
    add_classes(actor=user, project=project, specs=[ClassSpec(name="fish")], now=NOW)
    embed_all(project)
    tell(examples[:60], user)
    said = predict(fit=published(project), texts=[e.text for e in examples[60:]])
    fish = said.class_ids.index(ids(project, "fish")[0])
    assert said.has is not None
    assert not said.has[:, fish].any()
    assert said.probabilities[:, fish] == pytest.approx(1 / 62)


def test_labels_without_a_difference_are_no_fit_and_say_why() -> None:
    project, examples, user = make_mixed_world(60)
    embed_all(project)
    for example in examples[20:32]:
        say(project, user, example, "bird", "tool")
    decision = due_work.decide_fit(project.pk, NOW)
    assert not decision.due
    assert decision.why_not == due_work.NEEDS_A_DIFFERENCE
    say(project, user, examples[32], "bird")
    assert due_work.decide_fit(project.pk, NOW).due


def test_names_of_the_classes_make_a_model_at_zero_labels() -> None:
    project, _, _ = ready_world(n_labels=0, label_names=True)
    LabelClass.objects.filter(name="bird").update(description=" ".join(BIRDS))
    LabelClass.objects.filter(name="tool").update(description=" ".join(TOOLS))
    found = published(project)
    said = predict(fit=found, texts=[" ".join(BIRDS), " ".join(TOOLS)])
    assert found.n_labels == 0
    assert said.probabilities[0, 0] > said.probabilities[0, 1]
    assert said.probabilities[1, 1] > said.probabilities[1, 0]


def test_a_given_test_split_is_measured_against_gold_sets() -> None:
    project, _, _ = ready_world()
    tests = make_examples(project, [f"{text} test" for text in mixed_texts(24)])
    Example.objects.filter(pk__in=[e.pk for e in tests]).update(role=Example.Role.TEST)
    GoldSet.objects.bulk_create(
        GoldSet(example=example, labels=ids(project, *true_set(example))) for example in tests
    )
    embed_all(project)
    measured = scores(published(project))
    assert (measured["test_micro_f1"].n, measured["test_exact_match"].n) == (24, 24)
    assert measured["test_micro_f1"].value > 0.6


def test_strict_random_texts_never_train() -> None:
    project, _, _ = ready_world(strict_audit=True)
    loose = scores(published(project))["exact_match"].n
    assert loose == 20


def test_a_rebuild_finds_the_same() -> None:
    project, _, _ = ready_world()
    before = published(project)
    queue = list(RankedExample.objects.filter(fit=before).values_list("example_id", "score"))
    expected = sorted(before.scores.values_list("metric", "value", "low", "high", "n"))
    rebuild_project(
        project_id=project.pk,
        new_token=uuid4,
        clock=Clock(),
        say=lambda words: None,
        load=TinyEmbedder,
    )
    after = Fit.objects.get()
    assert sorted(after.scores.values_list("metric", "value", "low", "high", "n")) == expected
    assert list(RankedExample.objects.filter(fit=after).values_list("example_id", "score")) == queue


def test_a_packed_model_gives_the_applications_sets(tmp_path: Path) -> None:
    project, examples, _ = ready_world(n_labels=0, features="lsi")
    embed_all(project)
    tell(examples[:60], User.objects.get())
    found = published(project)
    with (tmp_path / "model.zip").open("wb") as target:
        write_model(fit=found, target=target)
    zipfile.ZipFile(tmp_path / "model.zip").extractall(tmp_path)
    texts = [example.text for example in examples[60:80]]
    command = [sys.executable, "-I", str(tmp_path / "predict.py"), *texts]
    lines = subprocess.run(command, capture_output=True, check=True).stdout.decode().splitlines()
    names = dict(LabelClass.objects.values_list("pk", "name"))
    said = predict(fit=found, texts=texts)
    assert said.has is not None
    for line, has in zip(lines, said.has, strict=True):
        expected = {names[pk] for pk, true in zip(said.class_ids, has, strict=True) if true}
        assert {label["label"] for label in json.loads(line)["labels"]} == expected
    card = json.loads((tmp_path / "card.json").read_text("utf-8"))
    assert (card["multilabel"], card["micro_f1"]["n"], card["accuracy"]) == (True, 20, None)
    assert card["labels_per_class"] == {"bird": 30, "tool": 30}
