"""A student's version made again from the ledger: its teacher first, or what a teacher said and wrote then."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from learners.engine.rungs import Files, Surroundings, TrainingData, get_rung
from learners.models import Ladder, Rung
from learners.services import rebuild_student, students
from learners.services.keeping import forget_rung, keep_rung
from learners.services.ladder import request_ladder
from learners.services.model_files import delete_folder, read_files
from learners.services.rebuild_model import Rebuilt, rebuild_model
from learners.services.rebuild_student import CannotRebuild
from learners.services.students import teach, try_written
from projects.models import ModelVersion, Project, Teacher, TeacherAnswer, User
from projects.services.teacher.reviewing import review
from projects.services.teacher.setup import use_synthetic
from tests.factories import (
    NOW,
    make_ladder,
    make_model_version,
    make_project,
    make_rung,
    make_user,
)
from tests.ladder.real_rungs import label_more, real_rungs, worked
from tests.teacher.rows import make_answer, make_run, make_written
from tests.teacher.worlds import make_teacher

__all__ = ["real_rungs"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(real_rungs: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> User:
    settings.LABELER_OUTSIDE_TEACHER = True
    monkeypatch.setattr(students, "FEW_ANSWERS", 5)  # open texts that a teacher must have answered
    return make_user("ada")


def static_ladder(project: Project, *more: str) -> Ladder:
    project.refresh_from_db()
    ada = User.objects.get(username="ada")
    return worked(request_ladder(actor=ada, project=project, rungs=["static", *more], now=NOW))


def kept(student: Rung) -> ModelVersion:
    worked(student.ladder)
    student.refresh_from_db()
    return keep_rung(actor=User.objects.get(username="ada"), rung=student, now=NOW)


def taught_by_words(project: Project) -> ModelVersion:
    """Static vectors that TF-IDF taught."""
    static_ladder(project, "tfidf")
    return kept(teach(project=project, teacher="tfidf"))


def answered(project: Project, n_open: int = 8) -> Teacher:
    """A teacher that answered the random texts, and all of the pool but some of the open ones."""
    teacher = make_teacher(project)
    for purpose, role in (("audit", "audit"), ("pool", "pool")):
        run = make_run(teacher, purpose)
        rows = project.examples.filter(role=role).order_by("settled", "pk")
        for example in rows[0 if role == "audit" else 10 - n_open :]:
            make_answer(run, example, "fruit" if example.text.startswith("apple") else "metal")
    return teacher


def again(version: ModelVersion) -> Rebuilt:
    version.refresh_from_db()
    return rebuild_model(version=version, say=lambda words: None)


def is_the_same(found: Rebuilt) -> bool:
    same = found.same_manifest and found.reproducible and not found.changed
    return same and (found.n, found.largest_difference) == (20, 0)


def test_what_a_model_of_the_ladder_taught_comes_out_again_after_later_labels_and_without_both(
    project: Project,
) -> None:
    version = taught_by_words(project)
    before = read_files(version)
    label_more(project)
    for rung in Rung.objects.all():
        forget_rung(rung)
    project.ladders.all().delete()
    delete_folder(version)
    assert is_the_same(again(version))
    assert read_files(version) == before


def never_twice(data: TrainingData, surroundings: Surroundings) -> Files:
    """TF-IDF that comes out another each time."""
    weights = np.random.default_rng().uniform(0.2, 5.0, len(data.texts))
    return get_rung("tfidf").train(replace(data, weights=weights), surroundings)


def test_what_a_fine_tuned_model_taught_is_made_of_the_same_and_differs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, said = taught_by_words(project), io.StringIO()
    tuned = replace(get_rung("tfidf"), train=never_twice, reproducible=False)
    kinds = {"tfidf": tuned, "static": get_rung("static")}
    monkeypatch.setattr(rebuild_student, "get_rung", kinds.__getitem__)
    call_command("rebuild_model", project.pk, version.number, stdout=said)
    assert f"manifest {version.manifest_digest}: the same" in said.getvalue()
    assert "a fine-tuned model never comes out twice: probabilities differ by up" in said.getvalue()
    assert "It is the same model" not in said.getvalue()


def test_what_the_outside_teacher_taught_comes_out_again_whatever_it_said_later(
    project: Project,
) -> None:
    teacher = answered(project)
    static_ladder(project)
    version = kept(teach(project=project, teacher="teacher"))
    assert "counts 97 % (as measured on 30 texts of the pool" in version.measures["note"]
    label_more(project)
    run = make_run(teacher, "pool")
    for example in project.examples.filter(role="pool", teacher_answers__isnull=True):
        make_answer(run, example, "metal")
    Project.objects.update(guideline="Another prompt.")
    Teacher.objects.update(retired_at=NOW)
    assert is_the_same(again(version))


def test_another_answer_of_the_teacher_makes_another_model(project: Project) -> None:
    answered(project)
    static_ladder(project)
    version = kept(teach(project=project, teacher="teacher"))
    answer = TeacherAnswer.objects.filter(example__settled=False, purpose="pool").first()
    assert answer is not None
    answer.delete()
    with pytest.raises(CommandError, match="what a teacher said or wrote"):
        call_command("rebuild_model", project.pk, version.number, stdout=io.StringIO())


def test_what_written_texts_taught_comes_out_again_after_they_were_dropped(
    project: Project, ada: User
) -> None:
    run = make_run(make_teacher(project), "synthetic")
    plum = make_written(run, "plum 1", "fruit", accepted=True)
    static_ladder(project)
    version = kept(try_written(project=project))
    review(actor=ada, project=project, keep=[], drop=[plum.pk], now=NOW)
    make_written(run, "plum 2", "fruit", accepted=True)
    assert is_the_same(again(version))


def test_a_ladder_with_written_texts_need_not_exist_any_more(project: Project, ada: User) -> None:
    teacher = make_teacher(project)
    plum = make_written(make_run(teacher, "synthetic"), "plum 1", "fruit", accepted=True)
    use_synthetic(actor=ada, teacher=teacher, use=True, now=NOW)
    ladder = static_ladder(project)
    version = keep_rung(actor=ada, rung=ladder.rungs.get(name="static"), now=NOW)
    assert version.manifest["settings"] == {"written": [plum.pk]}
    ladder.delete()
    assert is_the_same(again(version))


@pytest.mark.parametrize(
    ("teacher", "missing"),
    [
        ("minilm", "does not say which model taught it"),
        ("teacher", "does not say which of the outside teacher's answers taught it"),
    ],
)
def test_a_student_from_before_its_teacher_was_kept_says_what_is_missing(
    teacher: str, missing: str, ada: User
) -> None:
    made = {"seed": 7, "pool": {"upto": 0}, "settings": {"student": {"teacher": teacher}}}
    ladder = make_ladder(make_project())
    version = make_model_version(
        ladder.project, rung=make_rung(ladder, "static_distilled", manifest=made)
    )
    with pytest.raises(CannotRebuild, match=missing):
        again(version)
