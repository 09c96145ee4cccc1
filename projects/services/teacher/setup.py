"""Setting a teacher up, and the owner's word that texts may leave for it."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Field

from projects.models import Project, ProjectEvent, Teacher, User
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused
from projects.services.teacher.addresses import address_of
from projects.services.teacher.runs import cancel_open_runs

MOST_A_MINUTE = 6_000
KEY_VARIABLE = re.compile(r"LABELER_TEACHER_KEY(_[A-Z0-9_]+)?")
OPERATOR_SWITCH = "LABELER_OUTSIDE_TEACHER"

Kind = ProjectEvent.Kind
WHO = ("base_url", "model")  # another of these is another teacher
FIELDS = (
    "name",
    *WHO,
    "key_variable",
    "price_in",
    "price_out",
    "currency",
    "requests_per_minute",
    "budget",
)


def warning_of(teacher: Teacher) -> str:
    """What an owner confirms before the first request, word for word."""
    address = address_of(teacher.base_url)
    if address.is_here:
        return (
            f"Texts of this project are sent to {address.host}, a program on the machine where "
            "Labeler's worker runs. What that program does with them is its own affair."
        )
    return (
        f"Texts of this project leave this machine and are sent to {address.host}, with the "
        "guideline and the classes. Whoever runs that host can read and keep them. They cannot be "
        "called back."
    )


def check_suits(project: Project) -> None:
    """Raises Refused where a teacher is not for this kind of project."""
    if project.is_table:
        raise Refused("", "A teacher answers texts; this project’s examples are rows of a table.")
    if project.multilabel:
        raise Refused(
            "", "A teacher names one class a text; in this project a text has any number of them."
        )


def check_switched_on() -> None:
    """Raises Refused where the operator has not switched outside teachers on."""
    if not settings.LABELER_OUTSIDE_TEACHER:
        raise Refused("", f"Outside teachers are switched off on this site ({OPERATOR_SWITCH}=0).")


@transaction.atomic
def set_up(*, actor: User, project: Project, fields: Mapping[str, Any], now: datetime) -> Teacher:
    """Describe the project's teacher, or change it. Another address or model is a new teacher, which
    must be allowed anew; the old one keeps what it said.

    Raises:
        Refused: a value that cannot be, or a kind of project that has no teachers.
        ValueError: not exactly the `FIELDS`.
    """
    if set(fields) != set(FIELDS):
        raise ValueError(f"fields are {sorted(fields)}; needed: {sorted(FIELDS)}")
    check_switched_on()
    check_suits(project)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    before = Teacher.objects.filter(project=project, retired_at__isnull=True).first()
    cleaned = _cleaned(fields)
    _check(cleaned)
    if before and all(getattr(before, name) == cleaned[name] for name in WHO):
        return _changed(actor, before, cleaned, now)
    if before:
        _retire(before, now)
    teacher = Teacher.objects.create(project=project, created_by=actor, created_at=now, **cleaned)
    _note(actor, teacher, {name: _plain(cleaned[name]) for name in FIELDS}, now)
    return teacher


def _changed(actor: User, teacher: Teacher, cleaned: Mapping[str, Any], now: datetime) -> Teacher:
    changed = [name for name in FIELDS if getattr(teacher, name) != cleaned[name]]
    for name in changed:
        setattr(teacher, name, cleaned[name])
    if changed:
        teacher.save(update_fields=changed)
        _note(actor, teacher, {name: _plain(cleaned[name]) for name in changed}, now)
    return teacher


def _note(actor: User, teacher: Teacher, said: dict[str, Any], now: datetime) -> None:
    append_project_event(
        project_id=teacher.project_id,
        kind=Kind.TEACHER_SET,
        actor=actor,
        payload={"teacher": teacher.pk, **said},
        now=now,
    )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _cleaned(fields: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for name in FIELDS:
        value = fields[name]
        value = value.strip() if isinstance(value, str) else value
        try:
            field: Field[Any, Any] = Teacher._meta.get_field(name)  # type: ignore[assignment]
            cleaned[name] = field.clean(value, None)
        except ValidationError as error:
            raise Refused(name, " ".join(error.messages)) from error
    cleaned["base_url"] = cleaned["base_url"].rstrip("/")
    return cleaned


def _check(cleaned: Mapping[str, Any]) -> None:
    if cleaned["base_url"].endswith("/chat/completions"):
        raise Refused("base_url", "Leave out /chat/completions at the end: it is added.")
    address_of(cleaned["base_url"])
    if cleaned["key_variable"] and not _may_hold_a_key(cleaned["key_variable"]):
        raise Refused(
            "key_variable",
            "The name of an environment variable: LABELER_TEACHER_KEY, or one that begins with "
            "LABELER_TEACHER_KEY_. Never the key itself.",
        )
    if not 1 <= cleaned["requests_per_minute"] <= MOST_A_MINUTE:
        raise Refused("requests_per_minute", f"Allowed: 1 to {MOST_A_MINUTE:,}.")
    for name in ("price_in", "price_out", "budget"):
        if cleaned[name] < 0:
            raise Refused(name, "Allowed: 0 or more.")
    if (cleaned["price_in"] or cleaned["price_out"]) and not cleaned["budget"]:
        raise Refused(
            "budget", "Where tokens cost something, the most that may be spent is needed."
        )


def _may_hold_a_key(variable: str) -> bool:
    """`..._HOST` says whose key another one is, and holds none."""
    return KEY_VARIABLE.fullmatch(variable) is not None and not variable.endswith("_HOST")


@transaction.atomic
def allow(*, actor: User, teacher: Teacher, acknowledged: str, now: datetime) -> None:
    """An owner's word that texts may leave for the teacher's host.

    Raises:
        Refused: what was acknowledged is not the warning as it reads now.
    """
    check_switched_on()
    check_suits(teacher.project)
    row = Teacher.objects.select_for_update().get(pk=teacher.pk)
    if row.retired_at is not None:
        raise Refused("", "Another teacher has taken its place; look again.")
    warning = warning_of(row)
    if acknowledged != warning:
        raise Refused(
            "acknowledged", "Confirm that you have read the warning; it may have changed."
        )
    if row.consent_at is not None:
        return
    row.consent_at, row.consent_by, row.consent_text = now, actor, warning
    row.save(update_fields=["consent_at", "consent_by", "consent_text"])
    append_project_event(
        project_id=row.project_id,
        kind=Kind.TEACHER_ALLOWED,
        actor=actor,
        payload={"teacher": row.pk, "host": address_of(row.base_url).host, "acknowledged": warning},
        now=now,
    )


@transaction.atomic
def stop_allowing(*, actor: User, teacher: Teacher, now: datetime) -> None:
    """No request any more until somebody allows it again; what runs is cancelled."""
    row = Teacher.objects.select_for_update().get(pk=teacher.pk)
    if row.consent_at is None:
        return
    row.consent_at = None
    row.save(update_fields=["consent_at"])
    cancel_open_runs(row, now)
    append_project_event(
        project_id=row.project_id,
        kind=Kind.TEACHER_STOPPED,
        actor=actor,
        payload={"teacher": row.pk},
        now=now,
    )


def _retire(teacher: Teacher, now: datetime) -> None:
    teacher.retired_at, teacher.consent_at = now, None
    teacher.save(update_fields=["retired_at", "consent_at"])
    cancel_open_runs(teacher, now)


@transaction.atomic
def use_synthetic(*, actor: User, teacher: Teacher, use: bool, now: datetime) -> None:
    """Whether texts that it wrote and a lead kept train the ladder, from its next run on."""
    if Teacher.objects.filter(pk=teacher.pk).exclude(use_synthetic=use).update(use_synthetic=use):
        _note(actor, teacher, {"use_synthetic": use}, now)
