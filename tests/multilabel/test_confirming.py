"""A frozen model of several classes a text is right where the whole set is: on rows, a task, the page."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from learners.models import Fit, FrozenPrediction
from learners.selectors.confirming import guarantee
from learners.services.checking import Predict
from learners.services.prediction import predict
from projects.models import Confirmation, Example, Project, User
from projects.services.answering import skip
from projects.services.classes import ClassSpec, add_classes
from projects.services.confirming import Result
from tests.confirming.worlds import check, published, start
from tests.factories import NOW, make_examples, make_user
from tests.labelling.people import asked, sender
from tests.machine.worlds import embed_all, fit
from tests.multilabel.worlds import (
    ids,
    make_mixed_world,
    make_multilabel,
    say,
    tell,
    true_set,
)

pytestmark = pytest.mark.django_db


def world(n_audit: int = 60) -> tuple[Project, User, Confirmation]:
    """A confirmation that runs, of a model whose file nobody reads."""
    owner = make_user()
    project = make_multilabel(owner)
    make_examples(project, [f"text {n}" for n in range(n_audit + 20)], n_audit=n_audit)
    return project, owner, start(project, published(project), owner)


def gives(project: Project, *names: str) -> Predict:
    """A model that gives every text these classes."""

    def predicted(fit: Fit, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        return [ids(project, *names)] * len(texts)

    return predicted


def answer(project: Project, owner: User, *names: str) -> Example:
    question = asked(project, owner)
    say(project, owner, question.example, *names)
    return question.example


def test_a_text_is_right_where_its_whole_set_is() -> None:
    project, owner, confirmation = world()
    for names in (["late", "rude"], ["rude", "late"], ["late"], ["late", "rude", "broken"], []):
        answer(project, owner, *names)
    assert check(confirmation, gives(project, "rude", "late")).outcomes == "11000"


def test_no_class_at_all_is_an_answer_too() -> None:
    project, owner, confirmation = world()
    answer(project, owner)
    answer(project, owner, "late")
    assert check(confirmation, gives(project)).outcomes == "10"
    assert FrozenPrediction.objects.filter(class_ids=[]).count() == 2


def test_a_skip_stands_beside_n_and_an_empty_set_counts() -> None:
    project, owner, confirmation = world()
    skipped = asked(project, owner).example
    skip(sender=sender(project, owner), example_id=skipped.pk)
    answer(project, owner)
    assert check(confirmation, gives(project)).outcomes == "1"
    assert confirmation.n_skipped == 1


def test_enough_whole_sets_confirm_it_in_words_of_sets() -> None:
    project, owner, confirmation = world()
    for _ in range(30):
        answer(project, owner, "late")
    assert check(confirmation, gives(project, "late")).result == Result.CONFIRMED
    said = guarantee(confirmation).replace("\u00a0", " ")
    assert "this model gives exactly the right classes to at least 80 % of texts" in said


def test_a_class_added_makes_it_void() -> None:
    project, owner, confirmation = world()
    add_classes(actor=owner, project=project, specs=[ClassSpec(name="lost")], now=NOW)
    confirmation.refresh_from_db()
    assert confirmation.result == Result.VOID


def test_the_real_model_is_asked_for_its_sets(settings: Any) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"
    project, examples, owner = make_mixed_world(100, n_audit=30)
    embed_all(project)
    tell(examples[30:80], owner)
    found = fit(project)
    assert found is not None
    confirmation = start(Project.objects.get(pk=project.pk), found, owner)
    tell(examples[:12], owner)
    check(confirmation, lambda fit, texts: predict(fit=fit, texts=texts).class_sets)
    sets = predict(fit=found, texts=[example.text for example in examples[:12]]).class_sets
    truth = [tuple(sorted(ids(project, *true_set(example)))) for example in examples[:12]]
    expected = ["1" if said == true else "0" for said, true in zip(sets, truth, strict=True)]
    assert confirmation.outcomes == "".join(expected)
    assert {"0", "1"} == set(expected)


def test_the_page_begins_one_and_says_what_right_is(client: Client, settings: Any) -> None:
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"
    project, examples, owner = make_mixed_world(100, n_audit=40)
    embed_all(project)
    tell([*examples[:12], *examples[40:70]], owner)
    found = fit(project)
    assert found is not None
    client.force_login(owner)
    address = reverse("confirm", args=[project.pk])
    page = client.get(address).content.decode()
    assert "one class too many or too few makes it wrong" in page
    assert "whole sets (" in page
    said = {"fit": found.pk, "target_percent": "60", "share": "1"}
    assert client.post(address, said).status_code == 302
    assert Confirmation.objects.get().target == 0.6
    assert "No answer counts yet" in client.get(address).content.decode()
