"""The parts of the project page that keep themselves up to date, each with a digest of its content.

The page asks for what is new every few seconds and says what it has; only changed parts come
back, so that nothing on the page moves without a reason. Work that depends on the ledger and the
fits alone is not done again while these stand still.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from learners.selectors.curve import CurvePoint, curve, curve_marks
from learners.selectors.honesty import advice
from learners.selectors.progress import (
    audit_progress,
    class_counts,
    labels_per_day,
    pace,
    people,
)
from learners.selectors.status import ProjectStatus, project_status
from learners.views import honest_sentences, sentences, set_sentences
from learners.views.curve_chart import mark_letter
from learners.views.day_bars import day_bars
from learners.views.first_steps import first_steps
from learners.views.numbers import DEFAULT_TAB, TABS, Tab, numbers_context
from projects.models import Project
from projects.selectors.confirming import running_confirmation

MACHINE = ("banners", "machine")
COUNTED = ("headline", "particulars", "curve-files", "curve-marks", "curve-table", "people")
TEMPLATE = "learners/live/{}.html"


@dataclass(frozen=True)
class LivePieces:
    """Rendered parts by name, and `have`: the state they show, for the next question."""

    pieces: dict[str, SafeString]
    have: dict[str, str]

    @property
    def curve_version(self) -> str:
        """Changes when the chart would: a new point, or a new mark."""
        return self.have["curve"]

    @property
    def have_as_text(self) -> str:
        """`have` as one parameter of an address."""
        return ",".join(f"{name}:{value}" for name, value in sorted(self.have.items()))


def live_pieces(
    request: HttpRequest,
    project: Project,
    *,
    is_owner: bool,
    now: datetime,
    have: Mapping[str, str] | None = None,
    tab: Tab = DEFAULT_TAB,
    tab_state: str = "",
) -> LivePieces:
    """Render what differs from `have`; everything without it.

    `tab`: which of the tabs stands open, and `tab_state`, what its state was when it was rendered.
    """
    have = have or {}
    status = _status(project, now)
    context = {"project": project, "is_owner": is_owner, "status": status, "now": now}
    rendered = _rendered(request, MACHINE, {**context, **_machine_context(project, status)})
    keys = {"ledger": _ledger_key(project, status, now), "curve": have.get("curve", "")}
    numbers = _numbers(request, context, tab, keys["ledger"], tab_state)
    if have.get("ledger") != keys["ledger"]:
        counted = {**context, **_counted_context(project, status, now)}
        rendered |= _rendered(request, COUNTED, counted)
        keys["curve"] = curve_version(counted["points"], counted["marks"])
    digests = {name: _digest(html) for name, html in rendered.items()}
    changed = {name: html for name, html in rendered.items() if have.get(name) != digests[name]}
    return LivePieces(pieces=changed | numbers, have={**have, **digests, **keys})


def numbers_pieces(
    request: HttpRequest, project: Project, *, is_owner: bool, now: datetime, tab: Tab
) -> LivePieces:
    """The open tab alone, for when it is changed."""
    status = _status(project, now)
    context = {"project": project, "is_owner": is_owner, "status": status, "now": now}
    return LivePieces(
        _numbers(request, context, tab, _ledger_key(project, status, now), ""), have={}
    )


def _numbers(
    request: HttpRequest, context: dict[str, Any], tab: Tab, ledger: str, state: str
) -> dict[str, SafeString]:
    """The open tab and its state: "tab.ledger.digest". Only attempts to fit change without a change
    in the ledger or a new published fit.
    """
    if tab.name != "fits" and state.startswith(f"{tab.name}.{ledger}."):
        return {}
    within = numbers_context(context["project"], tab)
    shown = {**context, **within, "tab": tab, "tab_template": f"learners/numbers/{tab.name}.html"}
    html = render_to_string(TEMPLATE.format("numbers"), shown, request)
    now = f"{tab.name}.{ledger}.{_digest(html)}"
    if now == state:
        return {}
    pieces = _rendered(request, ("numbers-state",), {"numbers_state": now})
    same = state.startswith(f"{tab.name}.") and state.endswith(f".{_digest(html)}")
    return pieces if same else pieces | {"numbers": html}


def read_tab(text: str, default: Tab = DEFAULT_TAB) -> Tab:
    """The tab of a name or a state, the default where it names none."""
    return next((tab for tab in TABS if tab.name == text.partition(".")[0]), default)


def _status(project: Project, now: datetime) -> ProjectStatus:
    """The machine's state. A broker is asked only where work seems to lie: it may need longer than
    its limit on a busy machine, and a banner that comes and goes would frighten for nothing.
    """
    status = project_status(project, now)
    lies = status.changes_waiting >= status.batch_size and not status.running_fit
    if status.worker_alive and not lies and not status.embedding.stalled:
        return status
    return project_status(project, now, ask_broker=True)


def read_have(text: str) -> dict[str, str]:
    """The inverse of `LivePieces.have_as_text`; what is malformed counts as not had."""
    pairs = (item.partition(":") for item in text.split(","))
    return {name: value for name, colon, value in pairs if colon}


def curve_version(points: Sequence[CurvePoint], marks: Sequence[object]) -> str:
    """The newest point's fit and the number of marks; "0.0" before the first point."""
    return f"{points[0].fit_id if points else 0}.{len(marks)}"


def _ledger_key(project: Project, status: ProjectStatus, now: datetime) -> str:
    fit = status.published_fit
    today = now.astimezone(ZoneInfo(project.time_zone)).date()
    first = "" if fit else f"{status.why_no_fit}{bool(status.running_fit)}"
    state = f"{project.seq}/{fit.pk if fit else 0}/{project.n_texts}/{today.isoformat()}/{first}"
    return _digest(state)


def _rendered(
    request: HttpRequest, names: tuple[str, ...], context: dict[str, Any]
) -> dict[str, SafeString]:
    return {name: render_to_string(TEMPLATE.format(name), context, request) for name in names}


def _digest(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:8]


def _machine_context(project: Project, status: ProjectStatus) -> dict[str, Any]:
    return {
        "learning": sentences.learning(status),
        "embedding": sentences.embedding(status.embedding),
        "cut": sentences.cut(status.embedding),
        "confirmation": running_confirmation(project.pk),
    }


def _counted_context(project: Project, status: ProjectStatus, now: datetime) -> dict[str, Any]:
    points = curve(project.pk)
    audit = audit_progress(project)
    classes = class_counts(project)
    context: dict[str, Any] = {
        "points": points[::-1],
        "newest": points[-1] if points else None,
        "marks": [
            (mark_letter(index), mark) for index, mark in enumerate(curve_marks(project, points))
        ],
        "has_test_split": any(
            point.test_accuracy or (point.sets and point.sets.test_micro_f1) for point in points
        ),
        "audit": audit,
        "n_askable": project.n_pool + project.n_audit,
        "classes": classes,
        "people": people(project),
        "pace": pace(project),
        "day_bars": day_bars(labels_per_day(project, now=now)),
    }
    words = set_sentences if project.multilabel else sentences
    if points:
        context["headline"] = words.headline(points[-1])
        context["particulars"] = words.particulars(points[-1], audit, classes)
        if advised := honest_sentences.in_short(advice(project.pk)):
            context["particulars"].append(advised)
    else:
        context["headline"] = sentences.before_the_first_fit(project, status)
        context["steps"] = first_steps(project, status, len(classes))
    return context
