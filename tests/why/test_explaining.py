"""What a model saw in a text, worked out by a worker, and when a page may show it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from learners.models import Explanation, Fit
from learners.services.explain_request import explanations_to_make, request_explanation
from learners.services.explaining import Predict, explain
from learners.services.prediction import Prediction
from projects.models import AnnotationEvent, Membership, Project, User
from projects.models.project import Role
from projects.services.answering import change_label, skip
from projects.services.leases import hold_again
from projects.services.undoing import undo
from tests.confirming.test_page import signed_in
from tests.confirming.worlds import answer_many, check, start
from tests.confirming.worlds import make_world as confirm_world
from tests.factories import NOW, make_examples, make_project, make_user
from tests.labelling.people import TAB, answer, asked, sender
from tests.machine.worlds import embed_all, label
from tests.machine.worlds import make_world as embedded_world
from tests.pages.worlds import make_fit

pytestmark = pytest.mark.django_db


def model(project: Project) -> Callable[[Explanation], Predict]:
    """Says "yes" the surer the more often "prize" stands in the text, and against it "meeting"."""
    yes, no = (project.label_classes.get(name=name).pk for name in ("yes", "no"))

    def predict(texts: Sequence[str]) -> Prediction:
        odds = [2.0 * ("prize" in t) - 1.0 * ("meeting" in t) + 0.5 for t in texts]
        p = 1 / (1 + np.exp(-np.array(odds)))
        return Prediction((yes, no), np.stack([p, 1 - p], axis=1))

    return lambda row: predict


def world(text: str = "a prize at the meeting") -> tuple[Project, Fit, User, AnnotationEvent]:
    """A model, then one pool text asked and answered."""
    owner = make_user()
    project = make_project(owner=owner)
    first, example = make_examples(project, ["an earlier one", text])
    answer(project, owner, first, project.label_classes.get(name="no"))
    fit = make_fit(project, n_labels=1)
    answer(project, owner, example, project.label_classes.get(name="no"))
    return project, fit, owner, AnnotationEvent.objects.get(example=example)


def address(event: AnnotationEvent) -> str:
    return reverse("why", args=[event.project_id, event.pk])


def words(client: Client, event: AnnotationEvent, **headers: str) -> str:
    response = client.get(address(event), headers={"HX-Request": "true", **headers})
    assert response.status_code == 200
    text = BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)
    return " ".join(text.replace("\u00a0", " ").split())


def explained(
    project: Project, fit: Fit, event: AnnotationEvent, predict: Any = None
) -> Explanation:
    row = request_explanation(fit=fit, example_id=event.example_id, now=NOW)
    explain(explanation_id=row.pk, clock=lambda: NOW, predict=predict or model(project))
    row.refresh_from_db()
    return row


def test_the_words_that_drove_the_guess_stand_with_their_weight_and_sign() -> None:
    project, fit, _, event = world()
    row = explained(project, fit, event)
    assert row.guess == project.label_classes.get(name="yes").pk
    assert row.words == [["prize", 2.0], ["meeting", -1.0]]
    assert row.probability == pytest.approx(1 / (1 + np.exp(-1.5)))


def test_it_is_worked_out_once() -> None:
    project, fit, _, event = world()
    row = explained(project, fit, event)

    def never(row: Explanation) -> Predict:
        raise AssertionError("asked again")

    explain(explanation_id=row.pk, clock=lambda: NOW, predict=never)
    assert request_explanation(fit=fit, example_id=event.example_id, now=NOW) == row


def test_an_error_is_kept_for_the_page_and_can_be_tried_again() -> None:
    project, fit, owner, event = world()

    def broken(row: Explanation) -> Predict:
        raise RuntimeError("no weights")

    explained(project, fit, event, predict=broken)
    client = signed_in(owner)
    assert "could not be found out: no weights Try again" in words(client, event)
    client.post(address(event))
    row = Explanation.objects.get()
    assert (row.error, row.done_at) == ("", None)


def test_a_lost_message_or_a_dead_worker_is_made_up_for() -> None:
    _, fit, _, event = world()
    row = request_explanation(fit=fit, example_id=event.example_id, now=NOW)
    assert explanations_to_make(NOW) == []
    assert explanations_to_make(NOW + timedelta(seconds=15)) == [row.pk]
    Explanation.objects.update(started_at=NOW)
    assert explanations_to_make(NOW + timedelta(seconds=60)) == []
    assert explanations_to_make(NOW + timedelta(minutes=3)) == [row.pk]


def test_neighbours_are_the_nearest_labelled_texts_by_the_stored_vectors() -> None:
    project, examples, user = embedded_world()
    embed_all(project)
    label(examples[10:40], user)
    fit = make_fit(project, n_labels=30)
    fit.features = "minilm"
    fit.save()
    event = AnnotationEvent.objects.get(example=examples[20])
    bird = project.label_classes.get(name="bird").pk
    tool = project.label_classes.get(name="tool").pk

    def predict(row: Explanation) -> Predict:
        return lambda texts: Prediction((bird, tool), np.full((len(texts), 2), 0.5))

    row = explained(project, fit, event, predict=predict)
    ids = [pk for pk, _ in row.neighbours]
    cosines = [cosine for _, cosine in row.neighbours]
    assert len(ids) == 5
    assert examples[20].pk not in ids
    assert cosines == sorted(cosines, reverse=True)
    assert set(ids) <= {example.pk for example in examples[10:40]}


def test_the_page_says_guess_answer_words_and_that_there_are_no_neighbours_yet() -> None:
    project, fit, owner, event = world()
    explained(project, fit, event)
    said = words(signed_in(owner), event)
    assert f"Fit {fit.pk} guessed yes , at 82 %; you said no ." in said
    assert "Spoke for it prize +2" in said
    assert "Spoke against it meeting -1" in said
    assert "not been read into vectors yet" in said


def test_asking_makes_the_row_and_the_page_waits_for_the_worker() -> None:
    _, fit, owner, event = world()
    client = signed_in(owner)
    assert "What did the model see?" in words(client, event)
    assert client.post(address(event)).status_code == 302
    assert Explanation.objects.get().fit == fit
    assert "No worker is running, so this waits." in words(client, event)


def test_the_model_is_the_one_that_chose_the_text_and_never_one_that_learned_from_it() -> None:
    project, fit, owner, event = world()
    make_fit(project, n_labels=2)
    signed_in(owner).post(address(event))
    assert Explanation.objects.get().fit == fit


def test_without_a_model_then_there_is_nothing_to_see() -> None:
    owner = make_user()
    project = make_project(owner=owner)
    (example,) = make_examples(project, ["one"])
    answer(project, owner, example, project.label_classes.get(name="no"))
    make_fit(project, n_labels=1)
    event = AnnotationEvent.objects.get()
    assert "There was no model yet" in words(signed_in(owner), event)


def assert_withheld(client: Client, event: AnnotationEvent, because: str) -> None:
    """Neither shown, nor worked out on request."""
    before = Explanation.objects.count()
    client.post(address(event))
    said = words(client, event)
    assert because in said
    assert Explanation.objects.count() == before
    assert "guessed" not in said


def test_a_skipped_text_has_no_answer_so_nothing_is_shown() -> None:
    project, _, owner, _ = world()
    (example,) = make_examples(project, ["a third"], seed=3)
    skip(sender=sender(project, owner), example_id=example.pk)
    event = AnnotationEvent.objects.get(example=example)
    assert_withheld(signed_in(owner), event, "opens once it has an answer")


def test_an_undone_answer_hides_what_was_shown_before() -> None:
    project, fit, owner, event = world()
    explained(project, fit, event)
    undo(sender=sender(project, owner))
    assert_withheld(signed_in(owner), event, "opens once it has an answer")


def audit_world() -> tuple[Project, User, AnnotationEvent]:
    project, _, owner = confirm_world(n_audit=5)
    example = project.examples.filter(role="audit").order_by("audit_rank")[0]
    answer(project, owner, example, project.label_classes.get(name="yes"))
    return project, owner, AnnotationEvent.objects.get(example=example)


def test_no_guess_at_a_random_text_is_shown_even_after_its_answer() -> None:
    _, owner, event = audit_world()
    assert_withheld(signed_in(owner), event, "This text was drawn at random, to measure.")


def test_a_guess_at_a_random_text_that_was_worked_out_before_stays_hidden() -> None:
    project, owner, event = audit_world()
    explained(project, Fit.objects.get(), event)
    assert_withheld(signed_in(owner), event, "No model's guess at such a text is shown")


def test_an_answer_that_is_changed_afterwards_was_never_led_by_a_guess() -> None:
    project, owner, event = audit_world()
    change_label(
        sender=sender(project, owner),
        example_id=event.example_id,
        labels=[project.label_classes.get(name="no").pk],
    )
    newest = AnnotationEvent.objects.order_by("seq").last()
    assert newest is not None
    assert newest.kind == AnnotationEvent.Kind.RELABEL
    assert_withheld(signed_in(owner), newest, "No model's guess at such a text is shown")


def test_a_text_of_a_confirmation_stays_closed_when_that_is_over() -> None:
    project, fit, owner = confirm_world(n_audit=2)
    confirmation = start(project, fit, owner)
    answer_many(project, owner, [True, True])
    event = AnnotationEvent.objects.order_by("seq")[0]
    assert check(confirmation).result == "used_up"
    assert_withheld(signed_in(owner), event, "No model's guess at such a text is shown")


def test_the_history_says_so_and_offers_no_button_for_it() -> None:
    project, owner, _ = audit_world()
    page = signed_in(owner).get(reverse("history", args=[project.pk])).content.decode()
    assert "This text was drawn at random, to measure." in page
    assert "What did the model see?" not in page


def test_a_text_that_somebody_has_before_them_stays_closed() -> None:
    project, _, owner, event = world()
    grace = make_user("grace")
    held = hold_again(project=project, annotator=grace, tab=TAB, undone=event, now=timezone.now())
    assert held
    assert_withheld(signed_in(owner), event, "Somebody has this text before them now")


def test_an_annotator_sees_it_of_their_own_answers_an_owner_of_everyones() -> None:
    project, _, owner, event = world()
    grace = make_user("grace")
    Membership.objects.create(project=project, user=grace, role=Role.ANNOTATOR)
    question = asked(project, grace) if project.n_texts > 2 else None
    assert question is None
    assert signed_in(grace).get(address(event)).status_code == 404
    AnnotationEvent.objects.update(annotator=grace)
    assert signed_in(grace).get(address(event)).status_code == 200
    assert signed_in(owner).get(address(event)).status_code == 200


def test_the_label_page_holds_nothing_of_it_before_the_answer() -> None:
    project, fit, owner, event = world()
    explained(project, fit, event)
    make_examples(project, ["yet to be answered"], seed=4)
    page = signed_in(owner).get(reverse("label", args=[project.pk]), follow=True).content.decode()
    assert "yet to be answered" in page
    assert "why-model" not in page
    assert "prize" not in page


def test_without_javascript_there_is_a_page_for_it() -> None:
    project, fit, owner, event = world()
    explained(project, fit, event)
    page = signed_in(owner).get(address(event)).content.decode()
    assert "Why this text was asked" in page
    assert "a prize at the meeting" in page
    assert "Spoke for it" in page


def test_of_a_tables_row_each_value_weighs_what_the_guess_loses_when_it_is_missing() -> None:
    project, fit, _, event = world("what came: prize\nwhen: meeting\nhow many: ?")
    project.feature_columns = [
        {"name": name, "kind": "categorical"} for name in ("what came", "when", "how many")
    ]
    project.save()
    row = explained(project, fit, event)
    assert row.words == [["what came: prize", 2.0], ["when: meeting", -1.0]]
