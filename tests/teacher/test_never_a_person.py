"""What a teacher says is nobody's label: counters, ledger, training set, curve and queue stand still."""

from typing import Any

import numpy as np
import pytest

from learners.selectors.curve import curve
from learners.selectors.training import training_set, training_set_from_ledger
from learners.services.due_work import label_changes_since_newest_attempt
from projects.models import Annotation, AnnotationEvent, Example, Project, TeacherAnswer
from tests.pages.worlds import make_fit
from tests.teacher.server import Server
from tests.teacher.worlds import make_teacher, start, texts_project, work

pytestmark = pytest.mark.django_db
COUNTERS = ("n_labelled", "n_known", "n_pool", "n_audit", "n_texts", "n_rows")


def world(project: Project) -> dict[str, Any]:
    """Everything that a label would change."""
    labels = training_set(project.pk)
    return {
        "counters": Project.objects.values(*COUNTERS).get(pk=project.pk),
        "events": AnnotationEvent.objects.count(),
        "annotations": list(Annotation.objects.values_list("pk", "state", "labels")),
        "settled": sorted(Example.objects.filter(settled=True).values_list("pk", flat=True)),
        "trains": (labels.example_ids.tolist(), labels.class_ids.tolist()),
        "curve": curve(project.pk),
        "due": label_changes_since_newest_attempt(project.pk),
    }


@pytest.fixture
def project(server: Server) -> Project:
    project = texts_project()
    make_fit(project, n_labels=4, right=(3, 4))
    return project


@pytest.mark.parametrize("purpose", ["audit", "pool"])
def test_nothing_that_a_label_changes_is_changed(
    server: Server, project: Project, purpose: str
) -> None:
    teacher = make_teacher(project, base_url=server.url)
    before = world(project)
    work(start(teacher, purpose))
    assert TeacherAnswer.objects.count() >= 4
    assert world(project) == before


def test_the_ledger_gives_the_same_training_set(server: Server, project: Project) -> None:
    work(start(make_teacher(project, base_url=server.url), "pool"))
    project.refresh_from_db()
    now, from_ledger = training_set(project.pk), training_set_from_ledger(project.pk, project.seq)
    np.testing.assert_array_equal(now.example_ids, from_ledger.example_ids)
    assert len(now) == 4


def test_a_text_that_the_teacher_answered_is_still_asked_of_people(
    server: Server, project: Project
) -> None:
    work(start(make_teacher(project, base_url=server.url), "pool"))
    assert Example.objects.filter(role="pool", settled=False).count() == 8
