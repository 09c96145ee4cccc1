"""Ladders by the rules: asked for, trained rung by rung, taken up again, cancelled."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from learners.models import Ladder, ModelExport, Rung
from learners.services.due_work import STALE_AFTER
from learners.services.keeping import keep_rung
from learners.services.ladder import (
    Figures,
    cancel_ladder,
    ladders_to_work_on,
    request_due_ladders,
    request_ladder,
)
from learners.services.ladder_choice import set_figures
from learners.services.ladder_work import DIED, work_on
from learners.services.model_files import open_folder
from learners.services.model_predictions import read_predictions
from projects.models import Example, Project, User
from projects.services.bin import bin_project, empty_bin
from projects.services.project_settings import change_settings
from projects.services.refusals import Refused
from tests.factories import NOW, make_examples, make_label, make_project
from tests.ladder.worlds import Kitchen, audit_ids, kitchen, ladder_project, too_few

__all__ = ["kitchen"]
pytestmark = pytest.mark.django_db


def asked(project: Project, actor: User | None = None, **facts: Any) -> Ladder:
    return request_ladder(actor=actor, project=project, now=NOW, **facts)


def trained(ladder: Ladder, *, now: datetime = NOW) -> Ladder:
    while work_on(ladder_id=ladder.pk, token=uuid4(), clock=lambda: now):
        pass
    ladder.refresh_from_db()
    return ladder


def rung(ladder: Ladder, name: str) -> Rung:
    return ladder.rungs.get(name=name)


def test_every_rung_is_trained_stored_and_measured(kitchen: Kitchen, project: Project) -> None:
    ladder = trained(asked(project))
    assert (ladder.status, ladder.n_train, ladder.n_audit) == ("done", 30, 20)
    keen, blind = rung(ladder, "keen"), rung(ladder, "blind")
    assert (keen.accuracy, blind.accuracy) == (1.0, 0.5)
    assert (keen.macro_f1, keen.memory_mb, keen.n_bytes) == (1.0, 80.0, 6)
    assert (open_folder(keen) / "model.onnx").read_bytes() == b"keen"
    assert (open_folder(keen) / "manifest.json").exists()


def test_no_rung_sees_an_answer_that_measures(kitchen: Kitchen, project: Project) -> None:
    trained(asked(project))
    measuring = set(Example.objects.filter(role="audit").values_list("text", flat=True))
    for _, data, _surroundings in kitchen.given:
        assert not measuring & {*data.texts, *data.pool_texts}
    assert len(kitchen.given) == 2


def test_what_a_rung_says_of_the_random_texts_is_kept(kitchen: Kitchen, project: Project) -> None:
    ladder = trained(asked(project))
    said = read_predictions(rung(ladder, "keen").predictions_file)
    assert said.example_ids.tolist() == audit_ids(project)
    assert (said.said == said.y).all()
    assert said.probabilities.shape == (20, 2)


def test_the_smallest_good_enough_is_named(kitchen: Kitchen, project: Project) -> None:
    ladder = trained(asked(project))
    assert ladder.choice["best"] == "keen"
    assert ladder.choice["rungs"]["blind"]["verdict"] == "worse"
    assert ladder.choice["n"] == 20


def test_a_wide_margin_makes_more_of_them_good_enough(
    kitchen: Kitchen, project: Project, ada: User
) -> None:
    ladder = trained(asked(project))
    assert ladder.choice["rungs"]["blind"]["verdict"] == "worse"
    figures = Figures(margin=0.9, cpu_hour=0.04, currency="EUR")
    changed = set_figures(actor=ada, ladder_id=ladder.pk, figures=figures, now=NOW)
    assert changed.choice["rungs"]["blind"]["verdict"] == "good_enough"
    assert changed.prices["cpu_hour"] == 0.04
    assert asked(project).prices == changed.prices


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        (Figures(margin=0), "margin"),
        (Figures(margin=1), "margin"),
        (Figures(cpu_hour=-1), "cpu_hour"),
        (Figures(cpu_hour=float("nan")), "cpu_hour"),
        (Figures(watts=0), "watts"),
        (Figures(currency="x" * 13), "currency"),
    ],
)
def test_figures_that_cannot_be_are_refused(
    kitchen: Kitchen, project: Project, ada: User, figures: Figures, field: str
) -> None:
    ladder = asked(project)
    with pytest.raises(Refused) as refused:
        set_figures(actor=ada, ladder_id=ladder.pk, figures=figures, now=NOW)
    assert refused.value.field == field


def test_a_rung_that_fails_says_why_and_the_others_go_on(
    kitchen: Kitchen, project: Project
) -> None:
    kitchen.before = {"blind": too_few}
    ladder = trained(asked(project))
    assert ladder.status == "done"
    assert rung(ladder, "blind").error == (
        "Training needs labels of two classes; all 3 are of one class."
    )
    assert rung(ladder, "keen").status == "done"


def test_a_ladder_of_failures_has_failed(kitchen: Kitchen, project: Project) -> None:
    def broken(_: Any) -> None:
        raise MemoryError("no room")

    kitchen.before = {"blind": broken, "keen": broken}
    ladder = trained(asked(project))
    assert (ladder.status, ladder.error) == ("failed", "No model could be trained; each says why.")
    assert rung(ladder, "keen").error == "There was not enough memory."


def test_one_ladder_of_a_project_at_a_time(kitchen: Kitchen, project: Project) -> None:
    asked(project)
    with pytest.raises(Refused, match="running; wait for it or cancel it"):
        asked(project)


def test_two_workers_do_not_work_on_one_ladder(kitchen: Kitchen, project: Project) -> None:
    ladder = asked(project)
    inside: list[bool] = []
    kitchen.before = {
        "blind": lambda _: inside.append(
            work_on(ladder_id=ladder.pk, token=uuid4(), clock=lambda: NOW)
        )
    }
    trained(ladder)
    assert inside == [False]
    assert [name for name, *_ in kitchen.given] == ["blind", "keen"]


def killed(_: Any) -> None:
    raise SystemExit


def test_a_killed_workers_ladder_is_taken_up_and_done_rungs_are_kept(
    kitchen: Kitchen, project: Project
) -> None:
    ladder = asked(project)
    kitchen.before = {"keen": killed}
    with pytest.raises(SystemExit):
        trained(ladder)
    assert ladders_to_work_on(NOW) == []
    later, kitchen.before = NOW + 2 * STALE_AFTER, {}
    assert ladders_to_work_on(later) == [ladder.pk]
    assert trained(ladder, now=later).status == "done"
    assert [name for name, *_ in kitchen.given] == ["blind", "keen", "keen"]


def test_a_rung_that_kills_its_worker_twice_is_given_up(kitchen: Kitchen, project: Project) -> None:
    ladder = asked(project)
    kitchen.before = {"blind": killed}
    for place in range(2):
        with pytest.raises(SystemExit):
            trained(ladder, now=NOW + place * 2 * STALE_AFTER)
    trained(ladder, now=NOW + 4 * STALE_AFTER)
    assert rung(ladder, "blind").error == DIED
    assert rung(ladder, "keen").status == "done"


def test_who_was_taken_for_dead_writes_nothing(kitchen: Kitchen, project: Project) -> None:
    ladder = asked(project)
    later = NOW + 2 * STALE_AFTER

    def overtaken(_: Any) -> None:
        kitchen.before = {}
        trained(ladder, now=later)

    kitchen.before = {"blind": overtaken}
    trained(ladder)
    assert rung(ladder, "blind").finished_at == later
    assert rung(ladder, "blind").attempts == 2


def test_cancelling_stops_it_and_keeps_what_is_done(kitchen: Kitchen, project: Project) -> None:
    ladder = asked(project)
    kitchen.before = {"keen": lambda _: cancel_ladder(ladder_id=ladder.pk, now=NOW)}
    trained(ladder)
    assert ladder.status == "cancelled"
    assert rung(ladder, "blind").status == "done"
    assert rung(ladder, "keen").note == "Cancelled before it was done."
    assert not cancel_ladder(ladder_id=ladder.pk, now=NOW)
    assert asked(project).status == "waiting"


def test_only_the_chosen_kinds_are_trained(kitchen: Kitchen, project: Project) -> None:
    assert [one.name for one in asked(project, rungs=["keen"]).rungs.all()] == ["keen"]


def test_unknown_kinds_and_none_are_refused(kitchen: Kitchen, project: Project) -> None:
    with pytest.raises(Refused, match="No rung 'gpt' here; there are blind, keen"):
        asked(project, rungs=["gpt"])
    with pytest.raises(Refused, match="at least one"):
        asked(project, rungs=[])


def test_labels_of_one_class_are_too_few(kitchen: Kitchen, ada: User) -> None:
    project = make_project(owner=ada)
    for example in make_examples(project, ["one", "two"], n_audit=1):
        make_label(example, project.label_classes.all()[0], ada)
    with pytest.raises(Refused, match="labels of two classes that do not only measure"):
        asked(project)


def test_a_ladder_without_random_answers_is_trained_and_unmeasured(
    kitchen: Kitchen, ada: User
) -> None:
    ladder = trained(asked(ladder_project(ada, n_audit=0)))
    assert (ladder.status, ladder.choice) == ("done", {})
    assert rung(ladder, "keen").accuracy is None
    assert "Not measured" in rung(ladder, "keen").note


def test_a_ladder_comes_by_itself_after_so_many_labels(
    kitchen: Kitchen, ada: User, project: Project
) -> None:
    assert request_due_ladders(NOW) == 0
    change_settings(actor=ada, project=project, changes={"ladder_every": 5}, now=NOW)
    assert request_due_ladders(NOW) == 1
    assert request_due_ladders(NOW) == 0
    ladder = trained(Ladder.objects.get())
    assert (ladder.forced, ladder.requested_by) == (False, None)
    assert request_due_ladders(NOW) == 0
    for example in Example.objects.filter(project=project, settled=False)[:5]:
        make_label(example, project.label_classes.all()[0], ada)
    assert request_due_ladders(NOW) == 1


def test_files_of_old_ladders_go_and_those_of_versions_stay(
    kitchen: Kitchen,
    ada: User,
    project: Project,
    django_capture_on_commit_callbacks: Any,
) -> None:
    first = trained(asked(project))
    version = keep_rung(actor=ada, rung=rung(first, "keen"), now=NOW)
    gone = rung(first, "blind")
    zip_name = default_storage.save("exports/blind.zip", ContentFile(b"zip"))
    ModelExport.objects.create(project=project, rung=gone, kind="zip", file=zip_name)
    for number in range(2):
        make_label(
            Example.objects.filter(project=project, settled=False)[number],
            project.label_classes.all()[0],
            ada,
            now=NOW + timedelta(days=number),
        )
        with django_capture_on_commit_callbacks(execute=True):
            trained(asked(project))
    assert not gone.exports.exists()
    assert not default_storage.exists(zip_name)
    assert not default_storage.exists(f"{gone.folder}/model.onnx")
    assert (open_folder(version) / "model.onnx").read_bytes() == b"keen"
    with pytest.raises(Refused, match="taken away"):
        keep_rung(actor=ada, rung=rung(first, "blind"), now=NOW)


def test_the_bin_takes_models_with_the_project(
    kitchen: Kitchen, ada: User, project: Project
) -> None:
    ladder = trained(asked(project))
    keep_rung(actor=ada, rung=rung(ladder, "keen"), now=NOW)
    folder = rung(ladder, "keen").folder
    bin_project(actor=ada, project=project, typed_name="Stalls", now=NOW)
    assert empty_bin(now=NOW + timedelta(days=30)) == 1
    assert not default_storage.exists(f"{folder}/model.onnx")
    assert not Ladder.objects.exists()


def test_a_kept_model_carries_what_was_measured(
    kitchen: Kitchen, ada: User, project: Project
) -> None:
    ladder = trained(asked(project))
    version = keep_rung(actor=ada, rung=rung(ladder, "keen"), now=NOW)
    assert (version.number, version.rung, version.stage) == (1, "keen", "candidate")
    assert version.measures["accuracy"] == 1.0
    assert version.upto_seq == ladder.upto_seq
    with pytest.raises(Refused, match="kept already"):
        keep_rung(actor=ada, rung=rung(ladder, "keen"), now=NOW)
