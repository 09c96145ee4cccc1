"""Students of a ladder: have a better model, or written texts, teach the smallest; and what it gained."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from learners.models import Ladder
from learners.services.model_files import ModelFilesGone
from learners.services.students import (
    DISTILLED,
    WITH_WRITTEN,
    Gain,
    TeacherOption,
    gains,
    teach,
    teachers_for,
    try_written,
)
from learners.views.sentences import NB, percent
from projects.models import Project
from projects.services.refusals import Refused
from projects.views.person import person

WHAT = {
    DISTILLED: "learning from a teacher",
    WITH_WRITTEN: "training with the written texts",
}


@dataclass(frozen=True)
class Students:
    """What the page says of students: sentences by rung, and who can teach."""

    taught: str
    written: str
    teachers: list[TeacherOption]


def students_of(ladder: Ladder | None) -> Students | None:
    """None where there is no ladder that is over."""
    if ladder is None or not ladder.is_over:
        return None
    try:
        found = {gain.rung.name: gain_sentence(gain) for gain in gains(ladder)}
    except ModelFilesGone as gone:
        found = {DISTILLED: str(gone)}
    return Students(
        taught=found.get(DISTILLED, ""),
        written=found.get(WITH_WRITTEN, ""),
        teachers=teachers_for(ladder),
    )


def gain_sentence(gain: Gain) -> str:
    """With and without, the paired difference and its interval; also where there is no gain."""
    difference = gain.difference
    shares = (
        f"{gain.rung.label}: right on {percent(gain.n_right_with / gain.n)} of {gain.n:,} random texts, "
        f"{percent(gain.n_right_without / gain.n)} without"
    )
    points = (
        f"{_signed(difference.value)} points, 95{NB}% interval {_signed(difference.low)} to "
        f"{_signed(difference.high)}"
    )
    return f"{shares} ({points}, paired). {_verdict(gain)}"


def _verdict(gain: Gain) -> str:
    what = WHAT[gain.rung.name]
    if gain.difference.low > 0:
        return f"So {what} helps here."
    if gain.difference.high < 0:
        return f"So {what} does harm here."
    return f"So no gain can be told from {what}."


def _signed(share: float) -> str:
    """`+1.2`, `−0.8`, `0`."""
    value = f"{100 * share:+.1f}".replace("-", "−")
    return "0" if value in {"+0.0", "−0.0"} else value.removesuffix(".0")


@require_POST
@login_required
def teach_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Train the static rung once more, on what a teacher says of open texts."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    try:
        teach(project=project, teacher=request.POST.get("teacher", ""))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("models", pk)


@require_POST
@login_required
def compare_written(request: HttpRequest, pk: int) -> HttpResponse:
    """Train the static rung once more, with the kept written texts."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    try:
        try_written(project=project)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("teacher-written", pk)
    messages.success(
        request, "It is trained on the Models page; the comparison appears there and here."
    )
    return redirect("teacher-written", pk)
