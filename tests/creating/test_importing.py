"""An import: all rows or none, each text once, and what measures is never what trains."""

import hashlib
import unicodedata
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from projects.models import Annotation, AnnotationEvent, DataImport, Example, GoldLabel, Project
from projects.services.import_writing import copy_examples
from projects.services.importing import (
    MAX_ATTEMPTS,
    imports_to_restart,
    retry_import,
    run_import,
)
from projects.services.refusals import Refused
from tests.creating.helpers import added, clock, created, imported, ran
from tests.factories import NOW, make_label, make_user

pytestmark = pytest.mark.django_db
LABELLED = "text,label\nwin a prize,spam\nsee you at noon,ham\nfree money,spam\n"


def many(n: int, label: str = "") -> str:
    return "text,label\n" + "".join(f"text number {i},{label}\n" for i in range(n))


def test_every_row_becomes_an_example_with_its_line_and_hash() -> None:
    project, _ = imported("text,label\n  café ,ham\n")
    example = Example.objects.get(project=project)
    nfc = unicodedata.normalize("NFC", "café").encode()
    assert (example.text, example.source_row) == ("  café ", 2)
    assert bytes(example.content_hash) == hashlib.sha256(nfc).digest()


def test_gold_labels_stand_apart_and_label_nothing() -> None:
    project, _ = imported(LABELLED)
    assert GoldLabel.objects.filter(example__project=project).count() == 3
    assert not Annotation.objects.filter(project=project).exists()
    assert (project.n_known, project.n_texts) == (0, 3)


def test_known_answers_are_events_and_state_and_settle_their_texts() -> None:
    project, _ = imported(LABELLED, label_use="known")
    event = AnnotationEvent.objects.filter(project=project).first()
    assert event is not None
    assert (event.kind, event.annotator, event.draw) == ("known", None, "known")
    assert Annotation.objects.filter(project=project, state="labelled").count() == 3
    assert Example.objects.filter(project=project, settled=True).count() == 3
    assert project.n_known == 3
    assert not GoldLabel.objects.exists()


def test_known_events_take_the_numbers_after_the_import_event() -> None:
    project, _ = imported(LABELLED, label_use="known")
    imported_at = project.events.get(kind="imported").seq
    seqs = AnnotationEvent.objects.filter(project=project).values_list("seq", flat=True)
    assert list(seqs) == [imported_at + 1, imported_at + 2, imported_at + 3]
    assert project.seq == imported_at + 3


def test_known_texts_are_never_reserved_to_measure() -> None:
    project, _ = imported(many(40, "ham"), label_use="known")
    assert (project.n_audit, project.n_pool) == (0, 40)


def test_a_fifth_of_the_texts_is_reserved_in_the_order_of_their_random_rank() -> None:
    project, _ = imported(many(50))
    audit = Example.objects.filter(project=project, role="audit")
    assert (audit.count(), project.n_audit, project.n_pool) == (10, 10, 40)
    assert all(e.audit_rank == e.random_rank for e in audit)


def test_the_reserve_has_a_limit(settings: object) -> None:
    settings.LABELER_AUDIT_LIMIT = 3  # type: ignore[attr-defined]
    project, _ = imported(many(50))
    assert (project.n_audit, project.n_pool) == (3, 47)


def test_the_seed_alone_decides_which_texts_are_reserved() -> None:
    owner = make_user()
    reserved = []
    for seed in (1, 1, 2):
        project, _ = imported(many(50), seed=seed, owner=owner)
        audit = Example.objects.filter(project=project, role="audit")
        reserved.append(set(audit.values_list("text", "random_rank")))
    assert reserved[0] == reserved[1] != reserved[2]


def test_pool_ranks_do_not_tell_that_the_reserve_was_taken_out() -> None:
    project, _ = imported(many(200))
    ranks = Example.objects.filter(project=project).order_by("random_rank")
    roles = list(ranks.values_list("role", flat=True))
    assert 0 < roles[:100].count("audit") < 40


def test_duplicates_share_one_original_and_are_counted() -> None:
    project, data_import = imported("text,label\nsame,ham\nother,spam\n same ,ham\nsame,ham\n")
    originals = Example.objects.filter(project=project).exclude(role="duplicate")
    duplicates = Example.objects.filter(project=project, role="duplicate")
    assert [d.duplicate_of_id for d in duplicates] == [originals.get(text="same").pk] * 2
    assert (project.n_rows, project.n_texts, data_import.n_duplicates) == (4, 2, 2)


def test_the_first_label_of_a_text_stands_and_conflicts_are_counted() -> None:
    _, data_import = imported("text,label\nsame,ham\nsame,spam\nother,spam\n")
    assert GoldLabel.objects.get(example__text="same").label_class.name == "ham"
    assert data_import.counts["n_conflicts"] == 1


def test_test_rows_are_kept_apart_with_their_gold_whatever_labels_are_for() -> None:
    content = "text,label,split\na b,ham,train\nc d,spam,test\n"
    project, _ = imported(content, label_use="known")
    test = Example.objects.get(project=project, role="test")
    assert (test.text, test.gold.label_class.name, test.settled) == ("c d", "spam", False)
    assert (project.n_known, project.n_pool, project.n_texts) == (1, 1, 2)


def test_a_text_that_is_also_in_the_test_split_is_not_trained_on() -> None:
    content = "text,label,split\nleak,ham,train\nleak,ham,test\nfine,ham,train\n"
    project, _ = imported(content)
    assert Example.objects.get(project=project, text="leak", role="test").source_row == 2
    assert project.n_pool == 1


def test_a_later_import_knows_the_texts_of_the_earlier() -> None:
    owner = make_user()
    project, _ = imported(LABELLED, owner=owner)
    later = added(project, "text,label\nfree money,spam\nbrand new,ham\n", owner=owner)
    project.refresh_from_db()
    duplicate = Example.objects.get(data_import=later, role="duplicate")
    assert duplicate.duplicate_of is not None
    assert duplicate.duplicate_of.data_import_id != later.pk
    assert (project.n_texts, project.n_rows, later.counts["n_present"]) == (4, 5, 1)


def test_a_known_label_settles_an_earlier_text_only_while_it_is_open() -> None:
    owner = make_user()
    project, _ = imported("text\nopen text\nanswered text\n", owner=owner, classes=["ham", "spam"])
    answered = Example.objects.get(text="answered text")
    make_label(answered, project.label_classes.get(name="ham"), owner)
    content = "text,label\nopen text,spam\nanswered text,spam\n"
    later = added(project, content, owner=owner, label_use="known")
    assert Example.objects.get(text="open text", role="pool").settled
    assert (later.counts["n_known"], later.counts["n_labels_left_aside"]) == (1, 1)


def test_an_unknown_label_refuses_the_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    project, data_import = created(LABELLED)
    project.label_classes.filter(name="spam").update(name="x")
    data_import.columns["classes"].pop("spam")
    data_import.save()
    project, data_import = ran(project, data_import)
    assert data_import.status == "failed"
    assert data_import.error.startswith(
        "tickets.csv, line 2, column “label”: found the label “spam”"
    )
    assert (Example.objects.count(), project.n_rows) == (0, 0)


def test_labels_of_a_class_merged_meanwhile_follow_it() -> None:
    project, data_import = created(LABELLED)
    ham, spam = project.label_classes.get(name="ham"), project.label_classes.get(name="spam")
    spam.retired_at, spam.merged_into = NOW, ham
    spam.save()
    ran(project, data_import)
    assert set(GoldLabel.objects.values_list("label_class", flat=True)) == {ham.pk}


def test_blank_rows_are_left_out_and_counted_when_that_was_chosen() -> None:
    content = "text,label\nfull,ham\n   ,spam\n\u200b,ham\n"
    project, data_import = imported(content, leave_out_blank=True)
    assert (project.n_rows, data_import.n_blank) == (1, 2)


def test_metadata_and_ids_come_in_as_text() -> None:
    content = '{"text": "a b", "id": 7, "source": {"page": [1, 2.50]}, "n": 1e3, "none": null}\n'
    imported(content, name="a.jsonl", classes=[])
    example = Example.objects.get()
    assert example.external_id == "7"
    assert example.metadata == {"source": '{"page":[1,2.50]}', "n": "1e3"}


def test_the_ledger_keeps_the_digest_the_seed_the_columns_and_the_counts() -> None:
    project, _ = imported(LABELLED)
    payload = project.events.get(kind="imported").payload
    assert payload["digest"] == hashlib.sha256(LABELLED.encode()).hexdigest()
    assert (payload["seed"], payload["n_texts"], payload["columns"]["label"]) == (5, 3, "label")


def test_an_import_that_is_done_or_alive_is_not_run_again() -> None:
    _, data_import = imported(LABELLED)
    run_import(data_import_id=data_import.pk, clock=clock)
    assert Example.objects.count() == 3
    DataImport.objects.update(status="running", heartbeat_at=clock() - timedelta(seconds=59))
    run_import(data_import_id=data_import.pk, clock=clock)
    assert Example.objects.count() == 3


def test_an_import_whose_worker_died_is_found_and_begun_again() -> None:
    project, data_import = created(LABELLED)
    died = NOW - timedelta(seconds=61)
    DataImport.objects.update(status="running", heartbeat_at=died, started_at=died, attempts=1)
    assert imports_to_restart(now=NOW) == [data_import.pk]
    _, data_import = ran(project, data_import)
    assert (data_import.status, data_import.attempts) == ("done", 2)


def test_a_worker_that_was_overtaken_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    project, data_import = created(LABELLED)

    def overtaken(**kwargs: object) -> object:
        DataImport.objects.update(started_at=NOW + timedelta(hours=1))
        return copy_examples(**kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("projects.services.importing.copy_examples", overtaken)
    project, data_import = ran(project, data_import)
    assert (Example.objects.count(), project.n_rows) == (0, 0)
    assert data_import.finished_at is None


def test_an_import_that_dies_three_times_is_given_up_with_a_sentence() -> None:
    project, data_import = created(LABELLED)
    DataImport.objects.update(status="running", heartbeat_at=NOW - timedelta(hours=1))
    DataImport.objects.update(attempts=MAX_ATTEMPTS)
    _, data_import = ran(project, data_import)
    assert data_import.status == "failed"
    assert "Nothing was imported" in data_import.error


def test_a_crash_leaves_nothing_says_so_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, data_import = created(LABELLED)
    with monkeypatch.context() as broken:
        broken.setattr("projects.services.importing.copy_gold", lambda pairs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_import(data_import_id=data_import.pk, clock=clock)
    data_import.refresh_from_db()
    assert (data_import.status, Example.objects.count()) == ("failed", 0)
    retry_import(data_import=data_import, now=NOW)
    project, data_import = ran(project, data_import)
    assert (data_import.status, project.n_rows) == ("done", 3)


def test_only_a_failed_import_can_be_tried_again() -> None:
    _, data_import = imported(LABELLED)
    with pytest.raises(Refused, match="did not fail"):
        retry_import(data_import=data_import, now=NOW)


def test_a_lost_message_is_made_good_after_a_while() -> None:
    _, data_import = created(LABELLED)
    assert imports_to_restart(now=NOW + timedelta(seconds=10)) == []
    assert imports_to_restart(now=NOW + timedelta(seconds=16)) == [data_import.pk]


@pytest.mark.django_db(transaction=True)
def test_the_file_goes_once_its_rows_are_in() -> None:
    project, data_import = created(LABELLED)
    stored = str(data_import.file.name)
    assert default_storage.exists(stored)
    ran(project, data_import)
    assert not default_storage.exists(stored)


def test_counters_agree_with_the_rows() -> None:
    content = many(30, "ham") + "text number 3,ham\nlast,spam\n"
    project, _ = imported(content)
    rows = Example.objects.filter(project=project)
    assert Project.objects.get() == project
    assert project.n_rows == rows.count() == 32
    assert project.n_texts == rows.exclude(role="duplicate").count() == 31
    assert project.n_pool == rows.filter(role="pool").count()
    assert project.n_audit == rows.filter(role="audit").count() == 6
