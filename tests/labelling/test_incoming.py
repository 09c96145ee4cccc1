"""Texts that a model in use sent back: new examples, first in line, never to measure, never twice."""

import uuid
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection

from learners.services.claiming import Question, claim_next
from projects.models import (
    DataImport,
    Example,
    IncomingText,
    Project,
    ProjectEvent,
    User,
)
from projects.services.importing import ADVISORY_KEY
from projects.services.incoming import (
    CameIn,
    ImportRuns,
    Incoming,
    add_incoming_texts,
    room_today,
)
from projects.services.refusals import Refused
from tests.factories import NOW, make_examples, make_label, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return make_user("ada")


@pytest.fixture
def project(ada: User) -> Project:
    return make_project(owner=ada)


def bring(project: Project, *texts: str, days: float = 0, **options: Any) -> CameIn:
    said = [
        Incoming(text, "the live model was unsure of it (0.41)", version_number=2, probability=0.41)
        for text in texts
    ]
    return add_incoming_texts(
        project=project,
        texts=said,
        origin="deferred",
        clock=lambda: NOW + timedelta(days=days),
        seed=7,
        **options,
    )


def claim(project: Project, user: User, *, audit: bool = False) -> Question:
    """What is asked next, from the pool unless `audit`."""
    project.audit_share = 1.0 if audit else 0.0
    found = claim_next(
        project=project,
        annotator=user,
        tab=uuid.uuid4(),
        rng=np.random.default_rng(0),
        now=NOW + timedelta(hours=1),
    )
    assert found is not None
    return found


def test_they_become_examples_of_the_pool_with_their_origin(project: Project) -> None:
    assert bring(project, "one", "two").states == ("added", "added")
    rows = Example.objects.filter(project=project).order_by("pk")
    assert [(row.text, row.role, row.settled) for row in rows] == [
        ("one", "pool", False),
        ("two", "pool", False),
    ]
    note = IncomingText.objects.get(example=rows[0])
    assert (note.origin, note.version_number, note.probability) == ("deferred", 2, 0.41)


def test_they_are_counted_and_stand_in_the_ledger(project: Project, ada: User) -> None:
    bring(project, "one", "two", actor=ada)
    project.refresh_from_db()
    event = ProjectEvent.objects.get(project=project, kind="imported")
    assert (project.n_rows, project.n_texts, project.n_pool, project.n_audit) == (2, 2, 2, 0)
    assert (event.actor, event.payload["origin"], event.payload["n_texts"]) == (ada, "deferred", 2)
    assert DataImport.objects.get(pk=event.payload["import"]).status == "done"


def test_the_same_text_comes_in_once(project: Project) -> None:
    assert bring(project, "one", " one ").states == ("added", "known")
    assert bring(project, "one").states == ("known",)
    assert Example.objects.filter(project=project).count() == 1


def test_an_open_text_of_the_pool_moves_to_the_front(project: Project, ada: User) -> None:
    make_examples(project, ["first", "second", "third"])
    assert bring(project, "third").states == ("known",)
    assert claim(project, ada).example.text == "third"
    assert Example.objects.filter(project=project).count() == 3


def test_answered_and_reserved_texts_are_left_alone(project: Project, ada: User) -> None:
    reserved, answered = make_examples(project, ["reserved", "answered"], n_audit=1)
    make_label(answered, project.label_classes.all()[0], ada)
    assert bring(project, "reserved", "answered").states == ("answered", "answered")
    assert not IncomingText.objects.exists()
    reserved.refresh_from_db()
    assert reserved.role == "audit"


def test_they_are_asked_first_in_the_order_they_came(project: Project, ada: User) -> None:
    make_examples(project, ["old"])
    bring(project, "new one")
    bring(project, "new two")
    asked = [claim(project, ada) for _ in range(3)]
    assert [question.example.text for question in asked] == ["new one", "new two", "old"]
    assert [question.lease.draw for question in asked] == ["incoming", "incoming", "random"]
    assert asked[0].lease.reason == "the live model was unsure of it (0.41)"


def test_random_texts_to_measure_keep_their_share(project: Project, ada: User) -> None:
    make_examples(project, ["reserved"], n_audit=1)
    bring(project, "new")
    assert claim(project, ada, audit=True).example.text == "reserved"


def test_no_more_than_the_limit_come_in_within_a_day(project: Project) -> None:
    Project.objects.update(incoming_per_day=2)
    assert bring(project, "a", "b", "c").states == ("added", "added", "over_limit")
    assert bring(project, "d", days=0.5).states == ("over_limit",)
    assert bring(project, "d", days=1.5).states == ("added",)
    assert room_today(project, NOW + timedelta(days=1.5)) == 1


def test_rows_of_a_table_do_not_come_back(project: Project) -> None:
    project.input_kind = "table"
    with pytest.raises(Refused, match="Rows of a table"):
        bring(project, "age: 41")


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_an_import(project: Project) -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [ADVISORY_KEY, project.pk])
        with pytest.raises(ImportRuns):
            bring(project, "one")
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [ADVISORY_KEY, project.pk])
    other.close()
    assert bring(project, "one").states == ("added",)
