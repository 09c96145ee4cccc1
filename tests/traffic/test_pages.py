"""The traffic page: sentences, picture and table from the counts, and the switch for what is kept."""

import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from learners.views.traffic_chart import CHARTS, traffic_spec
from projects.models import Feedback, KeptPrediction, Project, User
from projects.selectors.traffic import SPANS, Traffic, traffic_over_time
from projects.services.traffic.counting import write_counts
from projects.services.traffic.keeping import text_hash
from projects.services.traffic.tally import Counts, Tally, file_key
from tests.accounts.test_signing_in import signed_in
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(owner: User) -> Client:
    return signed_in(owner)


def make_traffic(
    project: Project, *, at: datetime, milliseconds: float = 4.0, number: int = 1, n: int = 1
) -> None:
    tally = Tally()
    for _ in range(n):
        tally.answered(
            project_id=project.pk,
            version_number=number,
            at=at,
            milliseconds=milliseconds,
            n_texts=2,
            n_deferred=1,
            labels=["Food", "Trains"],
        )
    write_counts(tally.take())


def make_feedback(project: Project, *, accepted: bool | None, at: datetime = NOW) -> Feedback:
    return Feedback.objects.create(
        project=project,
        client_id=uuid.uuid4(),
        digest="",
        version_number=1,
        accepted=accepted,
        outcome="counted",
        token_name="mail router",
        received_at=at,
    )


def form(**changes: Any) -> dict[str, Any]:
    return {"kept": "on", "share": "50", "days": "7", "emails": "on", "own": "", **changes}


def test_without_traffic_the_page_says_how_there_would_be_some(
    project: Project, browser: Client
) -> None:
    page = browser.get(reverse("traffic", args=[project.pk])).content.decode()
    assert "No predictions were asked for" in page
    assert "No model is live yet" in page
    assert "No text that is sent for a prediction is kept" in page


def test_traffic_is_said_in_sentences_and_by_version(project: Project, browser: Client) -> None:
    now = timezone.now()
    make_traffic(project, at=now, n=19)
    make_traffic(project, at=now, number=2, milliseconds=150)
    for accepted in (True, True, False, None):
        make_feedback(project, accepted=accepted, at=now)
    page = browser.get(reverse("traffic", args=[project.pk])).content.decode()
    assert "40 texts in 20 requests" in page
    assert "2 of 3 cases" in page
    assert "Version 1" in page
    assert "Version 2" in page
    assert "50 %" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_only_the_span_that_was_asked_counts(project: Project) -> None:
    for hours in (1, 30, 24 * 20):
        make_traffic(project, at=NOW - timedelta(hours=hours))
    numbers = [
        traffic_over_time(project, SPANS[name], NOW).total.n_requests
        for name in ("day", "week", "month")
    ]
    assert numbers == [1, 2, 3]


def test_steps_begin_at_midnight_of_the_project(project: Project) -> None:
    project.time_zone = "Asia/Kolkata"
    make_traffic(project, at=NOW - timedelta(hours=20))
    (point,) = traffic_over_time(project, SPANS["month"], NOW).at_home(project.time_zone)
    assert point.at is not None
    assert (point.at.hour, point.at.minute) == (0, 0)


def test_percentiles_lie_within_their_bins() -> None:
    one = Traffic(1)
    one.latency[3], one.latency[6], one.latency[-1] = 90, 9, 1
    assert 3 < (one.milliseconds(0.5) or 0) <= 5
    assert 12 < (one.milliseconds(0.95) or 0) <= 20
    assert one.is_beyond(0.999)
    assert Traffic(1).milliseconds(0.5) is None


@pytest.mark.parametrize("show", CHARTS)
def test_each_picture_has_its_points(project: Project, browser: Client, show: str) -> None:
    make_traffic(project, at=timezone.now())
    make_feedback(project, accepted=True, at=timezone.now())
    address = reverse("traffic-chart", args=[project.pk])
    counts = Counts(n_requests=1, n_texts=9)
    key = file_key(project_id=project.pk, version_number=1, at=timezone.now())
    write_counts({key: counts})
    spec = browser.get(address, {"show": show}).json()
    assert spec["data"]["values"]
    assert spec["width"] == "container"


def test_texts_in_files_have_a_picture_of_their_own(project: Project) -> None:
    one = Traffic(1, NOW, n_texts=12_003, by_origin=Counter(api=2, route=1, file=12_000))
    drawn = [
        traffic_spec([one], show, "UTC")["data"]["values"][0]["n"] for show in ("texts", "files")
    ]
    assert drawn == [3, 12_000]


def test_an_empty_picture_is_one_too() -> None:
    assert all(traffic_spec([], show, "UTC")["data"]["values"] == [] for show in CHARTS)


def test_keeping_is_switched_on_with_its_settings(project: Project, browser: Client) -> None:
    browser.post(reverse("traffic-keeping", args=[project.pk]), form(own="x\\d+\r\n\r\ny+"))
    project.refresh_from_db()
    assert (project.traffic_kept, project.traffic_share, project.traffic_days) == (True, 0.5, 7)
    assert project.traffic_redaction == {
        "emails": True,
        "phones": False,
        "numbers": False,
        "own": ["x\\d+", "y+"],
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"share": "0"}, "0.01"),
        ({"share": "nan"}, "Enter a number"),
        ({"days": "400"}, "365"),
        ({"own": "("}, "Line 1 is no pattern"),
        ({"own": "x*"}, "Line 1 also matches"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    project: Project, browser: Client, changes: dict[str, str], words: str
) -> None:
    answer = browser.post(reverse("traffic-keeping", args=[project.pk]), form(**changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    project.refresh_from_db()
    assert not project.traffic_kept


def test_kept_predictions_can_be_deleted(project: Project, browser: Client) -> None:
    KeptPrediction.objects.create(
        project=project,
        version_number=1,
        text="soup",
        text_hash=text_hash("soup"),
        asked_at=NOW,
        token_name="mail router",
    )
    page = browser.get(reverse("traffic", args=[project.pk])).content.decode()
    assert "Delete all 1 now" in page
    answer = browser.post(reverse("traffic-delete", args=[project.pk]), follow=True)
    assert "1 kept prediction deleted" in answer.content.decode()
    assert not KeptPrediction.objects.exists()
