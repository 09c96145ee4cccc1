"""Students: taught by a rung, by an outside teacher, or with written texts; and what it gained, either way."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from learners.engine.rungs import RungKind, Surroundings, TrainingData
from learners.models import Ladder, ModelExport, Rung
from learners.selectors.ladder import rung_rows
from learners.services import ladder_work, student_data
from learners.services.keeping import keep_rung
from learners.services.ladder import request_ladder
from learners.services.ladder_work import work_on
from learners.services.model_files import open_folder
from learners.services.students import gains, teach, teachers_for, try_written
from learners.views.students import gain_sentence
from projects.models import Example, LabelClass, Project, User
from projects.services.refusals import Refused
from projects.services.teacher.setup import use_synthetic
from tests.factories import NOW, make_user
from tests.ladder.worlds import Kitchen, _load, kitchen, ladder_project
from tests.teacher.rows import make_answer, make_run, make_written
from tests.teacher.worlds import make_teacher

__all__ = ["kitchen"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return make_user("ada")


@pytest.fixture
def project(ada: User) -> Project:
    return ladder_project(ada)


@pytest.fixture
def given(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> list[TrainingData]:
    """What the static rung was trained on, in order; taught or with more texts it is right, else blind."""
    seen: list[TrainingData] = []

    def static(data: TrainingData, surroundings: Surroundings) -> Mapping[str, bytes]:
        seen.append(data)
        clever = data.soft is not None or len(data.texts) > 30
        return {"model.onnx": b"keen" if clever else b"blind", "model.json": b"{}"}

    kinds = {
        "static": RungKind("static", "Static vectors", "", "", "text", True, False, static),
        "keen": kitchen.kinds[1],
    }
    monkeypatch.setattr("learners.services.ladder.RUNGS", tuple(kinds.values()))
    monkeypatch.setattr(ladder_work, "get_rung", kinds.__getitem__)
    monkeypatch.setattr(student_data, "load_runtime", _load)
    return seen


def trained(ladder: Ladder) -> Ladder:
    while work_on(ladder_id=ladder.pk, token=uuid4(), clock=lambda: NOW):
        pass
    ladder.refresh_from_db()
    assert list(ladder.rungs.exclude(error="").values_list("error", flat=True)) == []
    return ladder


@pytest.fixture
def ladder(given: list[TrainingData], project: Project, ada: User) -> Ladder:
    return trained(request_ladder(actor=ada, project=project, now=NOW))


def example_class(example: Example) -> str:
    return "fruit" if example.text.startswith("apple") else "metal"


def reserved(project: Project) -> set[str]:
    return set(project.examples.filter(role="audit").values_list("text", flat=True))


def test_a_better_rung_teaches_the_static_one_on_open_texts(
    given: list[TrainingData], project: Project, ladder: Ladder
) -> None:
    assert [option.name for option in teachers_for(ladder)] == ["keen"]
    student = teach(project=project, teacher="keen")
    trained(ladder)
    student.refresh_from_db()
    taught = given[-1]
    assert (student.name, student.status, student.n_train) == ("static_distilled", "done", 30)
    assert taught.soft is not None
    assert len(taught.texts) == 40
    assert not set(taught.texts) & reserved(project)
    assert "Learned from 30 labels and 10 open texts" in student.note


def test_the_manifest_names_the_teacher_and_the_texts_but_not_what_was_said_of_them(
    project: Project, ladder: Ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a model says differs in its last digits from machine to machine."""
    keen, digests = ladder.rungs.get(name="keen"), set()
    for _ in range(2):
        student = teach(project=project, teacher="keen")
        trained(ladder)
        student.refresh_from_db()
        digests.add(student.manifest_digest)
        monkeypatch.setattr("tests.ladder.worlds.FakeRuntime._place", lambda self, text: 0)
    made = student.manifest["settings"]
    named = {"manifest_digest": keen.manifest_digest, "settings": {}}
    assert made["student"] == {"teacher": "keen", **named}
    assert (made["weight"], len(made["taught"]), len(digests)) == (1.0, 64, 1)


def test_the_gain_is_paired_and_said(project: Project, ladder: Ladder) -> None:
    teach(project=project, teacher="keen")
    gain = gains(trained(ladder))[0]
    assert (gain.n, gain.n_right_without, gain.n_right_with) == (20, 10, 20)
    assert gain.difference.low > 0
    assert gain_sentence(gain).endswith("So learning from a teacher helps here.")
    assert "+50 points" in gain_sentence(gain)


def test_no_gain_is_said_too(
    project: Project, ladder: Ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.ladder.worlds.FakeRuntime._place", lambda self, text: 0)
    teach(project=project, teacher="keen")
    gain = gains(trained(ladder))[0]
    assert gain.difference.value == 0
    assert gain_sentence(gain).endswith("So no gain can be told from learning from a teacher.")


def test_an_outside_teacher_teaches_with_its_answers_on_the_pool(
    given: list[TrainingData], project: Project, ladder: Ladder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(make_teacher(project), "pool")
    open_texts = list(project.examples.filter(role="pool", settled=False))
    with pytest.raises(Refused, match="Choose a model"):
        teach(project=project, teacher="teacher")
    for example in open_texts:
        make_answer(run, example, "metal")
    monkeypatch.setattr("learners.services.students.FEW_ANSWERS", 5)
    assert "teacher" not in {option.name for option in teachers_for(ladder)}  # not measured
    for example in project.examples.filter(role="audit"):
        make_answer(make_run(run.teacher, "audit"), example, example_class(example))
    student = teach(project=project, teacher="teacher")
    trained(ladder)
    student.refresh_from_db()
    taught = given[-1]
    assert set(taught.texts[30:]) == {example.text for example in open_texts}
    metal = LabelClass.objects.get(name="metal").pk
    assert taught.soft is not None
    assert np.array(taught.classes)[taught.soft[30:].argmax(axis=1)].tolist() == [metal] * 10
    assert "gave no probabilities" in student.note


def test_written_texts_train_a_student_and_are_no_labels(
    given: list[TrainingData], project: Project, ladder: Ladder
) -> None:
    run = make_run(make_teacher(project), "synthetic")
    kept = make_written(run, "plum 1", "fruit", accepted=True)
    make_written(run, "plum 2", "fruit", accepted=False)
    make_written(run, "plum 3", "fruit")
    student = try_written(project=project)
    trained(ladder)
    student.refresh_from_db()
    assert given[-1].texts[30:] == ["plum 1"]
    assert (student.name, student.n_train) == ("static_synthetic", 30)
    assert student.manifest["settings"]["student"] == {"synthetic": [kept.pk]}
    assert "helps here" in gain_sentence(gains(ladder)[0])


def test_written_texts_train_ladders_only_when_switched_on(
    given: list[TrainingData], project: Project, ada: User
) -> None:
    teacher = make_teacher(project)
    make_written(make_run(teacher, "synthetic"), "plum 1", "fruit", accepted=True)
    trained(request_ladder(actor=ada, project=project, now=NOW))
    assert len(given[-1].texts) == 30
    use_synthetic(actor=ada, teacher=teacher, use=True, now=NOW)
    ladder = trained(request_ladder(actor=ada, project=project, now=NOW))
    assert given[-1].texts[30:] == ["plum 1"]
    assert ladder.n_train == 30
    assert "1 texts beside that a teacher wrote" in ladder.rungs.get(name="static").note
    with pytest.raises(Refused, match="trained with written texts"):
        try_written(project=project)


@pytest.mark.parametrize("teacher", ["static", "static_distilled", "nobody", ""])
def test_nobody_else_teaches(project: Project, ladder: Ladder, teacher: str) -> None:
    with pytest.raises(Refused, match="Choose a model"):
        teach(project=project, teacher=teacher)


def test_without_a_ladder_there_is_nothing_to_teach(project: Project) -> None:
    with pytest.raises(Refused, match="Train a ladder first"):
        teach(project=project, teacher="keen")


def test_both_pages_show_the_gain(ada: User, project: Project, ladder: Ladder) -> None:
    run = make_run(make_teacher(project), "synthetic")
    make_written(run, "plum 1", "fruit", accepted=True)
    client = Client()
    client.force_login(ada)
    client.post(reverse("models-teach", args=[project.pk]), {"teacher": "keen"})
    trained(ladder)
    client.post(reverse("models-written", args=[project.pk]))
    trained(ladder)
    models = client.get(reverse("models", args=[project.pk])).content.decode()
    assert "Static vectors, taught by Keen: right on 100" in models
    assert "Static vectors, with written texts: right on" in models
    written = client.get(reverse("teacher-written", args=[project.pk])).content.decode()
    assert "Static vectors, with written texts: right on" in written


def test_teaching_again_makes_another_student(
    project: Project,
    ladder: Ladder,
    ada: User,
    django_capture_on_commit_callbacks: Any,
) -> None:
    former = teach(project=project, teacher="keen")
    trained(ladder)
    former.refresh_from_db()
    keep_rung(actor=ada, rung=former, now=NOW)
    zip_name = default_storage.save("exports/former.zip", ContentFile(b"zip"))
    ModelExport.objects.create(project=project, rung=former, kind="zip", file=zip_name)
    with django_capture_on_commit_callbacks(execute=True):
        student = teach(project=project, teacher="keen")
    ladder.refresh_from_db()
    assert "static_distilled" not in ladder.choice["rungs"]
    (row,) = (row for row in rung_rows(ladder) if row.rung == student)
    assert (row.version, row.accuracy, row.rung.exports.count()) == (None, None, 0)
    assert not default_storage.exists(zip_name)
    assert open_folder(project.model_versions.get())


def test_teaching_again_takes_the_files_of_a_student_that_nobody_kept(
    project: Project, ladder: Ladder, django_capture_on_commit_callbacks: Any
) -> None:
    former = teach(project=project, teacher="keen")
    trained(ladder)
    former.refresh_from_db()
    assert default_storage.exists(f"{former.folder}/model.onnx")
    with django_capture_on_commit_callbacks(execute=True):
        teach(project=project, teacher="keen")
    assert not default_storage.exists(f"{former.folder}/model.onnx")


def test_a_students_model_can_be_kept(ada: User, project: Project, ladder: Ladder) -> None:
    student: Any = teach(project=project, teacher="keen")
    trained(ladder)
    client = Client()
    client.force_login(ada)
    client.post(reverse("rung-keep", args=[project.pk, student.pk]))
    assert project.model_versions.get().rung == "static_distilled"
    assert Rung.objects.get(pk=student.pk).folder
