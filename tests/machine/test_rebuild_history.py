"""Fits made again from the ledger alone: with the settings, classes and texts of their time."""

from typing import Any

import pytest

from learners.models import EmbeddingSet, Fit
from learners.selectors.settings_history import newest_text_at, settings_at
from learners.services.rebuild import planned_fits
from projects.models import Example, Project, ProjectEvent, User
from projects.services.ledger import append_project_event, one_transaction
from projects.services.project_settings import change_settings
from tests.factories import NOW, make_examples
from tests.machine.test_rebuild import rebuild
from tests.machine.worlds import embed_all, label, make_named_world, make_world, texts

pytestmark = pytest.mark.django_db


def change(project: Project, user: User, **changes: Any) -> None:
    change_settings(actor=user, project=project, changes=changes, now=NOW)


def record_import(project: Project, example: Example) -> None:
    with one_transaction():
        append_project_event(
            project_id=project.pk,
            kind=ProjectEvent.Kind.IMPORTED,
            actor=None,
            payload={"import": example.data_import_id},
            now=NOW,
        )


def seq_of(project: Project) -> int:
    return Project.objects.get(pk=project.pk).seq


def planned(project: Project) -> list[tuple[Any, ...]]:
    return [(fit.strategy, fit.head, fit.strict_audit) for fit in planned_fits(project.pk)]


def test_settings_are_read_as_they_were_after_any_event() -> None:
    project, _, user = make_world()
    change(project, user, strategy="entropy", batch_size=5)
    seq = seq_of(project)
    change(project, user, strategy="random", batch_size=20)
    change(project, user, strategy="badge", head="lda")
    assert [settings_at(project.pk, at)["strategy"] for at in (0, seq)] == ["margin", "entropy"]
    assert [settings_at(project.pk, at)["batch_size"] for at in (0, seq)] == [10, 5]
    assert settings_at(project.pk, seq_of(project))["head"] == "lda"


def test_each_fit_is_planned_with_what_was_set_at_its_time() -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    change(project, user, strategy="entropy", head="lda", strict_audit=True)
    label(examples[20:30], user)
    change(project, user, strategy="random")
    assert planned(project) == [("margin", "logistic", False), ("entropy", "lda", True)]


def test_a_batch_is_as_large_as_it_was_set_at_its_time() -> None:
    project, examples, user = make_world()
    label(examples[10:20], user)
    change(project, user, batch_size=5)
    label(examples[20:30], user)
    counts = [fit.upto_seq for fit in planned_fits(project.pk)]
    assert counts == [10, 16, 21]  # the change of the setting is event 11


def test_names_that_trained_give_a_fit_before_the_first_label() -> None:
    project, examples, user = make_named_world()
    record_import(project, examples[0])
    label(examples[10:20], user)
    embed_all(project)
    assert rebuild(project) == 2
    assert list(Fit.objects.values_list("n_labels", "label_names")) == [(0, True), (10, True)]


def test_names_that_train_only_since_then_give_no_such_fit() -> None:
    project, examples, user = make_world()
    record_import(project, examples[0])
    label(examples[10:20], user)
    change(project, user, label_names=True)
    assert [fit.label_names for fit in planned_fits(project.pk)] == [False]


def test_texts_of_later_imports_do_not_enter_the_pool_of_an_old_fit() -> None:
    project, examples, user = make_named_world(head="self_trained", label_names=False)
    record_import(project, examples[0])
    label(examples[10:20], user)
    late = make_examples(project, [f"late {text}" for text in texts(60)], seed=8)
    record_import(project, late[0])
    label(late[:10], user)
    rebuild(project)
    facts = list(Fit.objects.values_list("pool_upto", "n_pool_sample"))
    assert facts == [(examples[-1].pk, 40), (late[-1].pk, 90)]


def test_the_newest_text_is_known_where_no_import_is_in_the_ledger() -> None:
    project, examples, _ = make_world()
    assert newest_text_at(project.pk, 0) == examples[-1].pk
    assert newest_text_at(0, 0) == 0
    assert not EmbeddingSet.objects.exists()
