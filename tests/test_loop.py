"""The whole loop on the real path: pages, a real worker, the real embedder."""

import itertools
import time
from collections.abc import Callable

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.db import transaction
from django.test import Client
from django.urls import reverse

from labeler.sending import send
from learners.models import EmbeddingSet, Fit, RankedExample
from learners.selectors.parts import parts_of
from learners.services.prediction import predict
from projects.models import AnnotationEvent, Example, LabelClass, Project
from projects.models.annotation import Draw
from tests.creating.helpers import created
from tests.factories import make_user
from tests.live_worker import LiveWorker

SPORT = ("team", "goal", "match", "coach", "league", "striker", "referee", "stadium")
FOOD = ("soup", "bread", "recipe", "oven", "sauce", "butter", "kitchen", "pepper")
BEAT_SECONDS = 15
VERBS = ("surprised", "pleased", "annoyed", "delayed", "cost", "helped")


def file_of_texts() -> str:
    """Ninety-six short texts, all of sport first: the file's order is as unlike a ranking as can be."""
    rows = ["text"]
    for words in (SPORT, FOOD):
        for noun, verb in itertools.product(words, VERBS):
            rows.append(f"The {noun} and the {words[len(verb) % 8]} {verb} everybody on Sunday")
    return "\n".join(rows)


def wake_until(
    condition: Callable[[], bool], name: str, *arguments: int, what: str, seconds: float = 240
) -> None:
    """Ask a worker, and again as often as the beat would: under load a message may be lost, which
    is all right in the product, and no beat runs here.
    """
    started = time.monotonic()
    n_sent = 0
    while not condition():
        passed = time.monotonic() - started
        assert passed < seconds, f"{what} did not happen within {seconds:.0f} s"
        if passed >= n_sent * BEAT_SECONDS:
            transaction.on_commit(lambda: send(name, *arguments))
            n_sent += 1
        time.sleep(0.2)


def answer_next(client: Client, page: BeautifulSoup) -> BeautifulSoup:
    """Label the text on the page with its true class, as a browser without JavaScript would."""
    form = page.select_one("form#answer")
    shown = page.select_one("#text-body")
    assert form is not None
    assert shown is not None
    wanted = "sport" if any(word in shown.get_text() for word in SPORT) else "food"
    buttons = {
        b.get_text(" ", strip=True).split()[0]: b["value"] for b in form.select("[name=label]")
    }
    hidden = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[type=hidden]")}
    response = client.post(str(form["action"]), {**hidden, "label": buttons[wanted]}, follow=True)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def open_label_page(client: Client, project: Project) -> BeautifulSoup:
    response = client.get(reverse("label", args=[project.pk]), follow=True)
    return BeautifulSoup(response.content, "html.parser")


def is_embedded(project: Project) -> bool:
    """Whether every part of the features has read all texts."""
    done = EmbeddingSet.objects.filter(project=project, finished_at__isnull=False)
    return done.count() == len(parts_of(project.features))


def fits(project: Project) -> list[Fit]:
    return list(Fit.objects.filter(project=project, status=Fit.Status.PUBLISHED).order_by("id"))


def newest_fit(project: Project) -> Fit | None:
    return next(iter(fits(project)[::-1]), None)


@pytest.fixture
def ranked_project(live_worker: LiveWorker, client: Client) -> Project:
    """Imported, embedded, labelled through the page until the worker has published a ranking."""
    owner = make_user("olive")
    project, data_import = created(file_of_texts(), classes=("sport", "food"), owner=owner)
    Project.objects.filter(pk=project.pk).update(strategy="margin")
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    imported = Example.objects.filter(project=project).exists
    wake_until(imported, "projects.import", data_import.pk, what="the import")
    wake_until(lambda: is_embedded(project), "learners.embed", project.pk, what="embedding")
    named = "the fit of the names alone"
    wake_until(lambda: bool(fits(project)), "learners.fit", project.pk, what=named)
    page = open_label_page(client, project)
    for _ in range(project.batch_size):
        page = answer_next(client, page)
    labelled = "the first fit of labels"
    wake_until(lambda: len(fits(project)) > 1, "learners.fit", project.pk, what=labelled)
    return project


@pytest.mark.worker
@pytest.mark.slow
def test_the_served_order_is_the_strategys_order_and_not_the_files(
    ranked_project: Project, client: Client
) -> None:
    fit = newest_fit(ranked_project)
    assert fit is not None
    page = open_label_page(client, ranked_project)
    before = AnnotationEvent.objects.filter(project=ranked_project).count()
    for _ in range(9):  # fewer than a batch: no new fit steps in
        page = answer_next(client, page)
    events = list(AnnotationEvent.objects.filter(project=ranked_project).order_by("seq"))[before:]
    served = [e for e in events if e.draw == Draw.QUEUE]
    assert len(served) >= 3
    assert {e.fit_id for e in served} == {fit.pk}

    # The stored ranks, and the margins of the published model worked out here from its probabilities.
    ranks = dict(RankedExample.objects.filter(fit=fit).values_list("example_id", "rank"))
    assert [ranks[e.example_id] for e in served] == sorted(ranks[e.example_id] for e in served)
    texts = [e.example.text for e in served]
    two_best = np.sort(predict(fit=fit, texts=texts).probabilities, axis=1)[:, -2:]
    margins = two_best[:, 1] - two_best[:, 0]
    assert np.all(np.diff(margins) >= -0.002)  # vectors are stored in float16
    rows = [e.example.source_row for e in served]
    assert rows != sorted(rows)


@pytest.mark.worker
@pytest.mark.slow
def test_the_names_of_the_classes_ask_the_first_questions(ranked_project: Project) -> None:
    first = fits(ranked_project)[0]
    assert (first.n_labels, first.label_names, sorted(first.parts)) == (0, True, ["lsi", "minilm"])
    queued = AnnotationEvent.objects.filter(project=ranked_project, draw=Draw.QUEUE)
    assert queued.order_by("seq")[0].fit_id == first.pk


@pytest.mark.worker
@pytest.mark.slow
def test_the_loop_measures_on_random_texts_only_and_never_on_chosen_ones(
    ranked_project: Project,
) -> None:
    fit = newest_fit(ranked_project)
    assert fit is not None
    answered = AnnotationEvent.objects.filter(project=ranked_project, seq__lte=fit.upto_seq)
    n_audit = answered.filter(draw=Draw.AUDIT).values("example").distinct().count()
    assert fit.n_audit == n_audit
    assert not RankedExample.objects.filter(fit=fit).exclude(example__role="pool").exists()
    assert fit.class_ids == sorted(
        LabelClass.objects.filter(project=ranked_project).values_list("pk", flat=True)
    )
