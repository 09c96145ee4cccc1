"""The project page over HTTP: what it says in each state, to whom, and at what cost."""

import csv
import io
import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from learners.models import Fit, FitRequest, WorkerHeartbeat
from learners.selectors.curve import Measure
from projects.models import Annotation, AnnotationEvent, Example, Project, ProjectEvent, User
from tests.factories import make_examples, make_project, make_user
from tests.pages.worlds import (
    add_score,
    all_texts_are_embedded,
    decide,
    labelled_project,
    make_fit,
    wilson_by_hand,
    worker_is_running,
)

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def owner(client: Client) -> User:
    user = make_user()
    client.force_login(user, backend=BACKEND)
    worker_is_running(timezone.now())
    return user


@pytest.fixture
def project(owner: User) -> Project:
    return labelled_project(owner)


def page(client: Client, project: Project, path: str = "") -> str:
    response = client.get(f"/projects/{project.pk}/{path}")
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ")


def table(html: str) -> list[list[str]]:
    """Cells of the curve's table, row by row."""
    piece = html.split('id="live-curve-table"')[1].split("</table>", maxsplit=1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", piece.split("<tbody>")[1], re.DOTALL)
    strip = re.compile(r"<[^>]+>")
    return [
        [strip.sub("", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def test_an_empty_project_says_what_happens_next_in_its_own_numbers(
    client: Client, owner: User
) -> None:
    project = make_project(owner=owner)
    make_examples(project, [f"text {n}" for n in range(50)], n_audit=10)
    html = page(client, project)
    assert "No model yet: the first one comes after 10 more answers." in html
    assert "50 texts and 2 classes are here." in html
    assert "10 texts were reserved at random" in html
    assert "About 20 % of the questions" in html


def test_an_empty_project_shows_an_empty_chart_that_explains_itself(
    client: Client, owner: User
) -> None:
    html = page(client, make_project(owner=owner))
    assert "The curve is empty." in html
    assert "curve.csv" not in html


def test_a_project_that_waits_for_its_texts_promises_no_numbers(
    client: Client, owner: User
) -> None:
    html = page(client, make_project(owner=owner))
    assert "No texts are here yet." in html
    assert "The texts come with the import; 2 classes wait for them." in html


def test_labels_of_one_class_are_said_to_be_too_few_classes(client: Client, owner: User) -> None:
    project = labelled_project(owner)
    yes = project.label_classes.get(name="yes")
    Annotation.objects.filter(project=project).update(labels=[yes.pk])
    html = page(client, project)
    assert "No model yet. A model needs labels of at least two classes." in html


def test_known_labels_are_counted_apart_in_each_class(client: Client, project: Project) -> None:
    Annotation.objects.filter(example__text="text 11").update(annotator=None)
    Project.objects.filter(pk=project.pk).update(n_known=1, n_labelled=11)
    classes = page(client, project).split('id="classes-title"')[1].split("</table>")[0]
    assert re.findall(r'<td class="num">(\d+)</td>', classes) == ["6", "0", "5", "1"]


def test_one_fit_gives_one_sentence_and_one_row(client: Client, project: Project) -> None:
    make_fit(project, n_labels=10, right=(3, 4))
    html = page(client, project)
    assert "At 10 labels, 3 of 4 random texts right: between 30 and 95 %." in html
    assert len(table(html)) == 1


def test_ten_fits_are_ten_rows_newest_first(client: Client, project: Project) -> None:
    for n in range(1, 11):
        make_fit(project, n_labels=10 * n, right=(2 * n - 1, 2 * n))
    assert [row[0] for row in table(page(client, project))][:2] == ["100", "90"]
    assert len(table(page(client, project))) == 10


def test_macro_f1_is_shown_as_withheld_and_why(client: Client, project: Project) -> None:
    make_fit(project, n_labels=10, right=(3, 4))
    html = page(client, project)
    assert table(html)[0][3] == "withheld"
    assert "“yes” has 2, “no” has 2." in html


def test_the_csv_holds_the_numbers_of_the_page(client: Client, project: Project) -> None:
    add_score(make_fit(project, n_labels=20, right=(6, 8)), "macro_f1", Measure(0.7, 0.4, 0.9, 8))
    text = client.get(f"/projects/{project.pk}/curve.csv").content.decode()
    (row,) = csv.DictReader(io.StringIO(text))
    shown = table(page(client, project))[0]
    assert shown[:4] == ["20", "75 % (41–93 %)", "8", "70 % (40–90 %)"]
    assert (row["labels"], row["accuracy_n"]) == ("20", "8")
    assert [round(100 * float(row[f"accuracy{part}"])) for part in ("", "_low", "_high")] == [
        75,
        41,
        93,
    ]
    assert float(row["macro_f1"]) == 0.7


def test_a_withheld_number_is_empty_in_the_csv(client: Client, project: Project) -> None:
    make_fit(project, n_labels=20)
    text = client.get(f"/projects/{project.pk}/curve.csv").content.decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["accuracy"], row["macro_f1_n"]) == ("", "")


def test_a_test_split_is_a_second_curve_and_a_column(client: Client, project: Project) -> None:
    fit = make_fit(project, n_labels=20, right=(6, 8))
    add_score(fit, "test_accuracy", wilson_by_hand(840, 1000))
    spec = client.get(f"/projects/{project.pk}/curve.json").json()
    assert {row["series"] for row in spec["data"]["values"]} == {"accuracy", "accuracy, test split"}
    assert table(page(client, project))[0][4] == "84 % (82–86 %)"


def test_an_added_class_and_a_changed_strategy_are_marked(client: Client, project: Project) -> None:
    make_fit(project, n_labels=10, right=(3, 4))
    decide(project, ProjectEvent.Kind.CLASS_ADDED, name="maybe")
    decide(project, ProjectEvent.Kind.STRATEGY_CHANGED, old="margin", new="entropy")
    make_fit(project, n_labels=20, right=(6, 8))
    html = page(client, project)
    assert "“maybe” was added" in html
    assert "strategy changed to Entropy" in html
    assert len(client.get(f"/projects/{project.pk}/curve.json").json()["layer"]) == 5


def test_decisions_before_the_first_point_are_not_marked(client: Client, project: Project) -> None:
    decide(project, ProjectEvent.Kind.CLASS_ADDED, name="maybe")
    make_fit(project, n_labels=10, right=(3, 4))
    assert "was added" not in page(client, project)


def test_answers_older_than_a_class_are_said_to_be_asked_again(
    client: Client, project: Project
) -> None:
    make_fit(project, n_labels=10, right=(3, 4))
    event = decide(project, ProjectEvent.Kind.CLASS_ADDED, name="maybe")
    project.label_classes.create(name="maybe", position=3, added_seq=event.seq)
    audit = Annotation.objects.filter(project=project, example__role=Example.Role.AUDIT)
    audit.filter(pk__in=list(audit.order_by("pk").values_list("pk", flat=True)[:3])).update(
        stale=True
    )
    assert "1 of 4 random texts answered again since “maybe” was added" in page(client, project)


def test_a_failed_fit_is_a_banner_and_a_row(client: Client, project: Project) -> None:
    make_fit(project, n_labels=10, right=(3, 4))
    make_fit(project, n_labels=12, status=Fit.Status.FAILED, error="no room for <vectors>")
    html = page(client, project, "?tab=fits")
    assert "The last fit failed: no room for &lt;vectors&gt;" in html
    assert "failed: no room for &lt;vectors&gt;" in html.split('id="fits-table"')[1]


def test_no_worker_is_a_banner_that_says_what_to_do(client: Client, project: Project) -> None:
    WorkerHeartbeat.objects.all().delete()
    html = page(client, project)
    assert "No worker is running." in html
    assert "“make run” starts it" in html


def test_days_are_those_of_the_projects_zone(client: Client, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(time_zone="Pacific/Auckland")
    now = timezone.now()
    AnnotationEvent.objects.filter(project=project).update(created_at=now - timedelta(hours=1))
    day = (now - timedelta(hours=1)).astimezone(ZoneInfo("Pacific/Auckland"))
    assert f"{day:%a} {day.day} {day:%b}: 12" in page(client, project)


def test_labels_per_class_and_people_are_counted(client: Client, project: Project) -> None:
    html = page(client, project)
    people = html.split('id="people-title"')[1]
    assert re.search(r"ada<br>.*?>12</td>", people, re.DOTALL)
    classes = html.split('id="classes-title"')[1]
    assert re.findall(r'<td class="num">(\d+)</td>', classes.split("</table>")[0]) == ["6", "6"]


def test_a_page_of_a_hundred_fits_takes_few_queries(
    client: Client, project: Project, django_assert_max_num_queries: Any
) -> None:
    all_texts_are_embedded(project)
    for n in range(100):
        make_fit(project, n_labels=n + 10, right=(n + 1, n + 2))
    with django_assert_max_num_queries(32):
        page(client, project)


def test_an_annotator_sees_the_page_without_what_owners_do(
    client: Client, project: Project
) -> None:
    make_fit(project, n_labels=10, right=(3, 4))
    bo = make_user("bo")
    project.memberships.create(user=bo, role="annotator")
    client.force_login(bo, backend=BACKEND)
    html = page(client, project)
    assert "At 10 labels" in html
    for address in ("retrain/", "model/", "settings/"):
        assert f"/projects/{project.pk}/{address}" not in html


@pytest.mark.parametrize(
    "path",
    [
        "",
        "status/",
        "numbers/classes/",
        "numbers/classes.json",
        "curve.csv",
        "curve.json",
        "curve.svg",
        "curve.png",
    ],
)
def test_an_outsider_gets_404(client: Client, project: Project, path: str) -> None:
    make_fit(project, n_labels=10, right=(3, 4))
    client.force_login(make_user("eve"), backend=BACKEND)
    assert client.get(f"/projects/{project.pk}/{path}").status_code == 404


def test_retrain_now_asks_for_a_fit(client: Client, project: Project) -> None:
    client.post(f"/projects/{project.pk}/retrain/")
    assert FitRequest.objects.filter(project=project).exists()


def test_retrain_now_with_one_class_says_why_not(client: Client, owner: User) -> None:
    project = labelled_project(owner, n_labels=1)
    answer = client.post(f"/projects/{project.pk}/retrain/", follow=True)
    assert "A model needs labels of at least two classes." in answer.content.decode()


def test_an_annotator_cannot_retrain(client: Client, project: Project) -> None:
    bo = make_user("bo")
    project.memberships.create(user=bo, role="annotator")
    client.force_login(bo, backend=BACKEND)
    assert client.post(f"/projects/{project.pk}/retrain/").status_code == 404


def test_there_is_no_picture_before_the_first_point(client: Client, project: Project) -> None:
    assert client.get(f"/projects/{project.pk}/curve.svg").status_code == 404


def test_the_picture_is_drawn_on_the_server(client: Client, project: Project) -> None:
    make_fit(project, n_labels=10, right=(3, 4))
    svg = client.get(f"/projects/{project.pk}/curve.svg")
    assert svg["Content-Type"] == "image/svg+xml"
    assert svg.content.startswith(b"<svg")
