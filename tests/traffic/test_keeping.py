"""Kept predictions: off by default, redacted before they are written, gone in time."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from labeler.traffic import recorder
from learners.engine.serving.shelf import Shelf
from projects.models import KeptPrediction, Project, ProjectEvent, User
from projects.services.refusals import Refused
from projects.services.traffic.keeping import (
    Served,
    change_keeping,
    delete_kept,
    forget_expired,
    keep_served,
)
from projects.services.traffic.redacting import Redaction, TooSlow, checked
from tests.api.worlds import Program, answer
from tests.factories import NOW
from tests.serving.worlds import make_live

SLOW = r"(a+)+$"


def keep(project: Project, owner: User, **changes: Any) -> bool:
    wanted: dict[str, Any] = {"kept": True, "share": 1.0, "days": 30, "redaction": Redaction()}
    return change_keeping(actor=owner, project=project, now=NOW, **(wanted | changes))


def served(project: Project, text: str = "soup", **columns: Any) -> Served:
    made: dict[str, Any] = {
        "id": uuid.uuid4(),
        "project_id": project.pk,
        "version_number": 1,
        "text": text,
        "labels": ["Food"],
        "probability": 0.9,
        "probabilities": {"Food": 0.9, "Trains": 0.1},
        "deferred": False,
        "asked_at": NOW,
        "token_name": "mail router",
    }
    return Served(**(made | columns))


@pytest.mark.django_db
def test_nothing_is_kept_unless_a_lead_says_so(
    models: Shelf, project: Project, program: Program
) -> None:
    make_live(project)
    said = answer(program.post("/predict", {"text": "soup"}))
    recorder.flush()
    assert "id" not in said["predictions"][0]
    assert not KeptPrediction.objects.exists()


@pytest.mark.django_db
def test_what_is_kept_has_the_id_that_was_answered(
    models: Shelf, project: Project, owner: User, program: Program
) -> None:
    version = make_live(project)
    keep(project, owner)
    said = answer(program.post("/predict", {"texts": ["soup for ada@example.org", "train"]}))
    recorder.flush()
    rows = {str(row.pk): row for row in KeptPrediction.objects.all()}
    first, second = (rows[one["id"]] for one in said["predictions"])
    assert (first.text, second.text) == ("soup for [e-mail]", "train")
    assert (first.labels, first.version_number) == (["Food"], version.number)
    assert first.probability == said["predictions"][0]["probability"]
    assert first.token_name == "mail router"


@pytest.mark.django_db
def test_a_share_is_a_share(models: Shelf, project: Project, owner: User, program: Program) -> None:
    make_live(project)
    keep(project, owner, share=0.5)
    said = answer(program.post("/predict", {"texts": ["soup"] * 400}))["predictions"]
    recorder.flush()
    n = sum("id" in one for one in said)
    assert 130 < n < 270
    assert KeptPrediction.objects.count() == n


@pytest.mark.django_db
def test_what_waits_is_dropped_once_keeping_is_off(project: Project, owner: User) -> None:
    keep(project, owner)
    keep(project, owner, kept=False)
    assert keep_served([served(project)]) == 0


@pytest.mark.django_db
def test_a_text_that_cannot_be_written_takes_no_other_with_it(
    project: Project, owner: User
) -> None:
    keep(project, owner)
    assert keep_served([served(project, "\ud800"), served(project, "soup")]) == 1


@pytest.mark.django_db
def test_the_same_text_has_the_same_hash_and_no_plain_one(project: Project, owner: User) -> None:
    keep(project, owner)
    keep_served([served(project, "call 030 1234567"), served(project, " call 030 1234567 ")])
    first, second = KeptPrediction.objects.all()
    assert bytes(first.text_hash) == bytes(second.text_hash)
    assert first.text == "call [phone]"


@pytest.mark.django_db
def test_switching_is_in_the_ledger_with_what_changed(project: Project, owner: User) -> None:
    assert keep(project, owner, days=7)
    assert not keep(project, owner, days=7)
    assert keep(project, owner, kept=False, days=7)
    on, off = ProjectEvent.objects.filter(project=project, kind__startswith="traffic")
    assert (on.kind, off.kind) == ("traffic_kept", "traffic_not_kept")
    assert on.actor == owner
    assert on.payload["changed"]["traffic_days"] == {"old": 30, "new": 7}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"share": 0.0}, "share"),
        ({"share": 1.01}, "share"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
        ({"redaction": Redaction(own=["("])}, "own"),
        ({"redaction": Redaction(own=["x*"])}, "own"),
        ({"redaction": Redaction(own=["a" * 301])}, "own"),
        ({"redaction": Redaction(own=["a"] * 21)}, "own"),
        ({"redaction": Redaction(own=[SLOW])}, "own"),
    ],
)
def test_what_cannot_be_is_refused(
    project: Project, owner: User, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        keep(project, owner, **changes)
    assert refused.value.field == field
    project.refresh_from_db()
    assert not project.traffic_kept


@pytest.mark.django_db
def test_old_predictions_go_by_their_projects_days(project: Project, owner: User) -> None:
    keep(project, owner, days=2)
    old, new = NOW - timedelta(days=2, seconds=1), NOW - timedelta(days=1)
    keep_served([served(project, asked_at=old), served(project, asked_at=new)])
    assert forget_expired(now=NOW) == 1
    assert KeptPrediction.objects.get().asked_at == new


@pytest.mark.django_db
def test_deleting_all_is_in_the_ledger(project: Project, owner: User) -> None:
    keep(project, owner)
    keep_served([served(project), served(project)])
    assert delete_kept(actor=owner, project=project, now=timezone.now()) == 2
    assert ProjectEvent.objects.get(kind="traffic_deleted").payload == {"n": 2}
    assert delete_kept(actor=owner, project=project, now=timezone.now()) == 0


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write to Ada.L@mail.example.org, please", "write to [e-mail], please"),
        ("call +49 (30) 123-4567 now", "call [phone] now"),
        ("order 12 of 3.50", "order 12 of 3.50"),
        ("version 1.2", "version 1.2"),
    ],
)
def test_addresses_and_phone_numbers_are_taken_out_by_default(text: str, left: str) -> None:
    assert Redaction().apply(text) == left


def test_numbers_and_own_patterns_are_taken_out_where_asked() -> None:
    redaction = checked(Redaction(numbers=True, own=[r"(?i)\bproject \w+"]))
    assert redaction.apply("Project Apollo costs 1,200.50") == "[removed] costs [number]"


def test_a_text_on_which_a_pattern_takes_too_long_is_not_kept() -> None:
    with pytest.raises(TooSlow):
        Redaction(own=[SLOW]).apply("a" * 5_000 + "!")


def test_the_built_in_patterns_are_quick_on_hostile_texts() -> None:
    for text in ("a@" * 50_000, "1 " * 50_000, "a.b" * 30_000 + "@", "-" * 100_000):
        assert len(Redaction(numbers=True).apply(text)) > 0
