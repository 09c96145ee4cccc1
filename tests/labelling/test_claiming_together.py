"""Two people, two tabs, real threads and transactions: nobody gets what somebody holds."""

import threading
import uuid
from collections.abc import Callable

import numpy as np
import pytest
from django.db import connection, transaction
from django.utils import timezone

from learners.services import queue
from learners.services.claiming import claim_next
from projects.models import Annotation, AnnotationEvent, LabelClass, Lease, Project, User
from projects.services.answering import Sender, record_label
from tests.factories import make_examples, make_project, make_user
from tests.labelling.people import make_queue

pytestmark = pytest.mark.django_db(transaction=True)
N_PEOPLE = 6


def at_once(works: list[Callable[[], None]]) -> None:
    """Run all in threads that start together; an error in any of them fails the test."""
    gate, errors = threading.Barrier(len(works)), list[BaseException]()

    def run(work: Callable[[], None]) -> None:
        try:
            gate.wait(10)
            work()
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def worker(project: Project, person: User, label_class: LabelClass) -> Callable[[], None]:
    """Claim and answer until nothing is open, each answer with its next claim, as the page does."""
    tab, rng = uuid.uuid4(), np.random.default_rng(person.pk)

    def claim() -> int | None:
        question = claim_next(
            project=project, annotator=person, tab=tab, rng=rng, now=timezone.now()
        )
        return question.example.pk if question else None

    def work() -> None:
        example = claim()
        while example is not None:
            with transaction.atomic():
                act = Sender(project, person, uuid.uuid4(), timezone.now())
                record_label(sender=act, example_id=example, labels=[label_class.pk])
                queue.spend(project_id=project.pk, example_id=example)
                example = claim()

    return work


def test_people_who_label_together_never_get_the_same_text() -> None:
    people = [make_user(f"person{n}") for n in range(N_PEOPLE)]
    project = make_project(owner=people[0])
    examples = make_examples(project, [f"text {n}" for n in range(60)], n_audit=12)
    make_queue(project, examples[12:40])
    yes = project.label_classes.get(name="yes")
    at_once([worker(project, person, yes) for person in people])
    project.refresh_from_db()
    assert Annotation.objects.count() == 60
    assert len(set(Annotation.objects.values_list("example_id", flat=True))) == 60
    assert (project.n_labelled, project.seq) == (60, 60)
    assert list(AnnotationEvent.objects.values_list("seq", flat=True)) == list(range(1, 61))


def test_tabs_of_one_person_claiming_at_once_hold_different_texts() -> None:
    ada = make_user("ada")
    project = make_project(owner=ada)
    make_examples(project, [f"text {n}" for n in range(10)], n_audit=2)
    tabs = [uuid.uuid4() for _ in range(N_PEOPLE)]

    def claim(tab: uuid.UUID) -> Callable[[], None]:
        rng = np.random.default_rng(tab.int)
        return lambda: void(
            claim_next(project=project, annotator=ada, tab=tab, rng=rng, now=timezone.now())
        )

    at_once([claim(tab) for tab in tabs])
    assert Lease.objects.count() == len(tabs)


def test_one_tab_claiming_twice_at_once_holds_one_text() -> None:
    ada = make_user("ada")
    project = make_project(owner=ada)
    make_examples(project, [f"text {n}" for n in range(10)])
    tab = uuid.uuid4()
    got: list[int] = []

    def claim(seed: int) -> Callable[[], None]:
        def work() -> None:
            rng = np.random.default_rng(seed)
            question = claim_next(
                project=project, annotator=ada, tab=tab, rng=rng, now=timezone.now()
            )
            got.append(question.example.pk if question else 0)

        return work

    at_once([claim(seed) for seed in range(N_PEOPLE)])
    assert Lease.objects.count() == 1
    assert set(got) == {Lease.objects.get().example_id}


def test_a_double_click_at_the_same_moment_is_one_answer() -> None:
    ada = make_user("ada")
    project = make_project(owner=ada)
    text = make_examples(project, ["one", "two"])[0]
    yes = project.label_classes.get(name="yes")
    act = Sender(project, ada, uuid.uuid4(), timezone.now())

    def click() -> None:
        record_label(sender=act, example_id=text.pk, labels=[yes.pk])

    at_once([click, click, click])
    project.refresh_from_db()
    assert (AnnotationEvent.objects.count(), project.n_labelled) == (1, 1)


def void(_: object) -> None:
    """What the caller does not need."""
