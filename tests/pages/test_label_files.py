"""Labels and ledger as files."""

import csv
import io
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from projects.models import Annotation, AnnotationEvent, Example, Project, ProjectEvent, User
from projects.reading.spreadsheets import neutralised
from projects.services.ledger import next_seq
from tests.factories import make_examples, make_label, make_project, make_user
from tests.pages.worlds import decide

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> User:
    user = make_user()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


@pytest.fixture
def project(owner: User) -> Project:
    project = make_project(owner=owner)
    texts = ["plain", '=HYPERLINK("http://bad.example")', "naïve, “quoted”\nline", "unlabelled"]
    examples = make_examples(project, texts, n_audit=1)
    yes, no = project.label_classes.all()
    with transaction.atomic():
        for example, label_class in zip(examples[:3], (yes, no, yes), strict=True):
            make_label(example, label_class, owner, now=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    return project


def body(client: Client, project: Project, name: str) -> str:
    response = client.get(f"/projects/{project.pk}/{name}")
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]


def rows(client: Client, project: Project) -> list[dict[str, str]]:
    text = body(client, project, "labels.csv")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def objects(client: Client, project: Project, name: str = "labels.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in body(client, project, name).splitlines()]


def test_each_standing_label_is_a_row_and_nothing_else(client: Client, project: Project) -> None:
    assert [row["labels"] for row in rows(client, project)] == ["yes", "no", "yes"]


def test_csv_begins_with_a_byte_order_mark(client: Client, project: Project) -> None:
    assert body(client, project, "labels.csv").startswith("\ufeffexample,")


def test_a_formula_is_neutralised_in_csv_and_exact_in_jsonl(
    client: Client, project: Project
) -> None:
    assert rows(client, project)[1]["text"] == '\'=HYPERLINK("http://bad.example")'
    assert objects(client, project)[1]["text"] == '=HYPERLINK("http://bad.example")'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_whatever_starts_a_formula_gets_an_apostrophe(start: str) -> None:
    assert neutralised(f"{start}1+1") == f"'{start}1+1"


def test_numbers_stay_numbers() -> None:
    assert neutralised(-0.25) == -0.25


def test_quotes_and_line_breaks_survive_csv(client: Client, project: Project) -> None:
    assert rows(client, project)[2]["text"] == "naïve, “quoted”\nline"


def test_times_are_in_the_projects_zone_with_offset(client: Client, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(time_zone="Europe/Berlin")
    assert rows(client, project)[0]["at"] == "2026-07-02T00:30:00+02:00"
    assert objects(client, project)[0]["at"] == "2026-07-02T00:30:00+02:00"


def test_who_and_how_it_was_drawn_are_told(client: Client, project: Project) -> None:
    first, second, _ = objects(client, project)
    assert (first["annotator"], first["draw"], first["seconds"]) == ("ada", "audit", 2.0)
    assert second["draw"] == "random"


def test_a_duplicate_shares_its_originals_label_and_says_so(
    client: Client, project: Project
) -> None:
    original = Example.objects.get(project=project, text="plain")
    Example.objects.create(
        project=project,
        data_import=original.data_import,
        text="plain ",
        content_hash=original.content_hash,
        source_row=9,
        role=Example.Role.DUPLICATE,
        random_rank=1,
        duplicate_of=original,
    )
    copy = next(row for row in objects(client, project) if row["role"] == "duplicate")
    assert (copy["labels"], copy["row"], copy["duplicate_of_row"]) == (["yes"], 9, 1)


def test_metadata_has_a_column_each_in_csv(client: Client, project: Project) -> None:
    project.imports.update(columns={"metadata": ["source", "=evil"]})
    Example.objects.filter(project=project, text="plain").update(metadata={"source": "desk 4"})
    first = rows(client, project)[0]
    assert first["metadata.source"] == "desk 4"
    assert first["metadata.=evil"] == ""


def test_a_skipped_text_is_not_a_label(client: Client, project: Project) -> None:
    Annotation.objects.filter(example__text="plain").update(state=Annotation.State.SKIPPED)
    assert objects(client, project)[0]["text"].startswith("=")


def test_the_label_event_is_told_even_after_a_later_comment(
    client: Client, project: Project
) -> None:
    label = AnnotationEvent.objects.get(example__text="plain")
    with transaction.atomic():
        label.pk, label.seq, label.kind = None, next_seq(project.pk), "comment"
        label.client_uuid, label.duration_ms = uuid.uuid4(), 99_000
        label.save()
    assert objects(client, project)[0]["seconds"] == 2.0


def test_the_ledger_holds_both_kinds_of_events_in_order(client: Client, project: Project) -> None:
    decide(project, ProjectEvent.Kind.CLASS_ADDED, name="maybe")
    events = objects(client, project, "ledger.jsonl")
    assert [event["seq"] for event in events] == [1, 2, 3, 4]
    assert (events[0]["labels"], events[3]["payload"]) == (["yes"], {"name": "maybe"})


def test_an_empty_project_gives_a_header_only(client: Client, owner: User) -> None:
    assert rows(client, make_project(owner=owner)) == []


def test_many_labels_take_a_fixed_number_of_queries(
    client: Client, project: Project, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(9):
        body(client, project, "labels.csv")


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl", "ledger.jsonl"])
def test_annotators_and_outsiders_get_no_file(client: Client, project: Project, name: str) -> None:
    bo = make_user("bo")
    client.force_login(bo, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/projects/{project.pk}/{name}").status_code == 404
    project.memberships.create(user=bo, role="annotator")
    assert client.get(f"/projects/{project.pk}/{name}").status_code == 404
