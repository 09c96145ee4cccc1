"""An outside teacher: set it up, allow it, try it, measure it, have it answer. Owners only."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeler.sending import send
from learners.engine.intervals import Interval
from learners.selectors.curve import Measure
from learners.selectors.status import project_status
from learners.services.teacher_rung import teacher_predictions
from learners.views import teacher_sentences
from learners.views.teacher_forms import AskForm, SetUpForm, TrialForm
from projects.models import Example, LabelClass, Project, Teacher, TeacherRun
from projects.selectors.teacher import counted, estimate, open_run, prompt_of, teacher_of
from projects.services.refusals import Refused
from projects.services.teacher.prompt import around
from projects.services.teacher.runs import cancel, go_on, pause, start_run
from projects.services.teacher.setup import allow, check_suits, set_up, stop_allowing, warning_of
from projects.views.person import person

USUAL_POOL = 500
SHOWN_RUNS = 20

Purpose = TeacherRun.Purpose
FORMS: dict[str, type[forms.Form]] = {
    Purpose.TRIAL: TrialForm,
    Purpose.AUDIT: AskForm,
    Purpose.POOL: AskForm,
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def teacher(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; posting sets the teacher up."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    found = teacher_of(project.pk)
    form = SetUpForm.of(request.POST if request.method == "POST" else None, found)
    if request.method == "POST" and form.is_valid() and _set_up(request, project, form):
        return redirect("teacher", pk)
    return _page(request, project, found, form=form)


def _set_up(request: HttpRequest, project: Project, form: SetUpForm) -> bool:
    try:
        set_up(actor=person(request), project=project, fields=form.cleaned_data, now=timezone.now())
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return False
    messages.success(request, "Saved.")
    return True


def _page(
    request: HttpRequest,
    project: Project,
    found: Teacher | None,
    *,
    form: SetUpForm | None = None,
    bad: dict[str, forms.Form] | None = None,
) -> HttpResponse:
    form = form or SetUpForm.of(None, found)
    bad = bad or {}
    context: dict[str, Any] = {
        "project": project,
        "is_owner": True,
        "part": "teacher",
        "switched_on": settings.LABELER_OUTSIDE_TEACHER,
        "unsuited": _unsuited(project),
        "teacher": found,
        "form": form,
        "set_up_open": found is None or form.is_bound,
        "prompt": prompt_of(project),
        "sample": around("(the text)"),
        "runs": found.runs.select_related("label_class", "created_by")[:SHOWN_RUNS]
        if found
        else [],
    }
    if found and not context["unsuited"]:
        context |= _about(project, found, bad)
    failed = form.is_bound or bad
    return render(request, "learners/teacher.html", context, status=422 if failed else 200)


def _unsuited(project: Project) -> str:
    try:
        check_suits(project)
    except Refused as refused:
        return refused.message
    return ""


def _about(project: Project, found: Teacher, bad: dict[str, forms.Form]) -> dict[str, Any]:
    """Everything that the page says of a teacher that was set up."""
    prompt = prompt_of(project)
    count, expected = counted(found, prompt), estimate(found, prompt)
    usual = min(USUAL_POOL, count.pool_left) or 1
    return {
        "warning": _warning(found),
        "state": _state(found),
        "counted": count,
        "measured": _measured(project),
        "notes": list(
            filter(None, [teacher_sentences.probabilities(count), teacher_sentences.usage(count)])
        ),
        "audit_cost": teacher_sentences.money(expected.of(count.audit_left), found.currency),
        "pool_cost": teacher_sentences.estimated(expected, found.currency, count.pool_left),
        "spent": teacher_sentences.money(found.spent, found.currency),
        "budget": teacher_sentences.money(found.budget, found.currency),
        "trial_form": bad.get("trial") or TrialForm(initial={"sample_text": _some_text(project)}),
        "audit_form": bad.get("audit")
        or AskForm(initial={"n": count.audit_left or 1}, prefix="audit"),
        "pool_form": bad.get("pool") or AskForm(initial={"n": usual}, prefix="pool"),
        "banners": [
            banner
            for banner in project_status(project, timezone.now()).banners
            if banner.level == "error"
        ],
    }


def _warning(found: Teacher) -> str:
    """The warning, or "" where the operator has since forbidden the host."""
    try:
        return warning_of(found)
    except Refused:
        return ""


def _some_text(project: Project) -> str:
    pool = Example.objects.filter(project=project, role=Example.Role.POOL)
    return pool.order_by("random_rank").values_list("text", flat=True).first() or ""


@dataclass(frozen=True)
class Measured:
    """The numbers of a teacher on random texts that people answered."""

    sentence: str
    no_class: str
    accuracy: Measure
    macro_f1: Measure | None
    why_no_macro: str
    n: int
    cost_per_1000: str
    milliseconds: float


def _measured(project: Project) -> Measured | None:
    found = teacher_predictions(project.pk)
    if found is None or found.accuracy is None:
        return None
    macro = found.macro_f1(np.random.default_rng(abs(project.seed)))
    return Measured(
        sentence=teacher_sentences.measured(found),
        no_class=teacher_sentences.no_class(found),
        accuracy=_as_measure(found.accuracy),
        macro_f1=_as_measure(macro.interval) if macro.interval else None,
        why_no_macro=macro.why,
        n=found.n,
        cost_per_1000=teacher_sentences.money(found.cost_per_million / 1_000, found.currency),
        milliseconds=found.seconds_per_1000,
    )


def _as_measure(found: Interval) -> Measure:
    return Measure(found.value, found.low, found.high, found.n)


@dataclass(frozen=True)
class State:
    """What changes while a run works; `version` changes when any of it does."""

    version: str
    run: TeacherRun | None
    doing: str
    trial: dict[str, Any] | None


def _state(found: Teacher) -> State:
    run = open_run(found)
    trial = _newest_trial(found)
    about = f"{run.pk}.{run.status}.{run.n_ended}.{run.error}" if run else "none"
    return State(
        version=f"{about}.{trial['run'].pk if trial else 0}",
        run=run,
        doing=teacher_sentences.doing(run) if run else "",
        trial=trial,
    )


def _newest_trial(found: Teacher) -> dict[str, Any] | None:
    """The last text that was tried, with what came back."""
    run = found.runs.filter(purpose=Purpose.TRIAL, status=TeacherRun.Status.DONE).first()
    if run is None or not run.sample_answer:
        return None
    said = run.sample_answer
    return {
        "run": run,
        "class": LabelClass.objects.filter(pk=said["class"]).first(),
        "cost": teacher_sentences.money(run.cost, found.currency),
        **{key: said[key] for key in ("error", "raw", "probability", "seconds", "estimated")},
    }


@never_cache
@require_safe
@login_required
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """What changes while it works; 204 when the browser has it, and the page anew when it is over."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    found = teacher_of(project.pk)
    if found is None:
        raise Http404("There is no teacher.")
    shown = _state(found)
    have = request.GET.get("have", "")
    if have == shown.version:
        return HttpResponse(status=204)
    response = render(request, "learners/teacher/state.html", {"project": project, "state": shown})
    if have and not (shown.run and shown.run.is_open):
        response["HX-Refresh"] = "true"  # the numbers, the forms and the list of runs are new
    return response


@require_POST
@login_required
def allow_it(request: HttpRequest, pk: int) -> HttpResponse:
    """An owner's word that texts may leave."""
    project, found = _found(request, pk)
    try:
        allow(
            actor=person(request),
            teacher=found,
            acknowledged=request.POST.get("acknowledged", ""),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, f"Nothing was allowed: {refused.message}")
    else:
        messages.success(request, "Allowed, and written into the project’s ledger.")
    return redirect("teacher", project.pk)


@require_POST
@login_required
def stop_it(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it back."""
    project, found = _found(request, pk)
    stop_allowing(actor=person(request), teacher=found, now=timezone.now())
    messages.success(request, "No text leaves for it any more. What it answered stays.")
    return redirect("teacher", project.pk)


@require_POST
@login_required
def ask_it(request: HttpRequest, pk: int, purpose: str) -> HttpResponse:
    """Try one text, measure, or answer texts of the pool."""
    project, found = _found(request, pk)
    if purpose not in FORMS:
        raise Http404("It can be asked for no such thing.")
    form = FORMS[purpose](request.POST, prefix=None if purpose == Purpose.TRIAL else purpose)
    if not form.is_valid():
        return _page(request, project, found, bad={purpose: form})
    said = form.cleaned_data
    try:
        with transaction.atomic():
            run = start_run(
                actor=person(request),
                teacher=found,
                purpose=purpose,
                n=said.get("n", 1),
                sample_text=said.get("sample_text", ""),
                now=timezone.now(),
            )
            transaction.on_commit(lambda: send("projects.teach", run.pk) and None)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return _page(request, project, found, bad={purpose: form})
    return redirect("teacher", project.pk)


@require_POST
@login_required
def pause_run(request: HttpRequest, pk: int, run: int) -> HttpResponse:
    """Ask nothing until somebody goes on with it."""
    project, row = _run(request, pk, run)
    if not pause(run=row):
        messages.info(request, "It was not at work.")
    return redirect(_back(row), project.pk)


@require_POST
@login_required
def go_on_with(request: HttpRequest, pk: int, run: int) -> HttpResponse:
    """Go on where it was."""
    project, row = _run(request, pk, run)
    try:
        with transaction.atomic():
            going = go_on(run=row)
            transaction.on_commit(lambda: send("projects.teach", row.pk) and None)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        if not going:
            messages.info(request, "It was neither paused nor stopped.")
    return redirect(_back(row), project.pk)


@require_POST
@login_required
def cancel_run(request: HttpRequest, pk: int, run: int) -> HttpResponse:
    """End it; what was answered stays."""
    project, row = _run(request, pk, run)
    if cancel(run=row, now=timezone.now()):
        messages.success(request, "Cancelled. What was answered stays.")
    else:
        messages.info(request, "It was over already.")
    return redirect(_back(row), project.pk)


def _back(run: TeacherRun) -> str:
    return "teacher-written" if run.purpose == Purpose.SYNTHETIC else "teacher"


def _found(request: HttpRequest, pk: int) -> tuple[Project, Teacher]:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    found = teacher_of(project.pk)
    if found is None:
        raise Http404("There is no teacher.")
    return project, found


def _run(request: HttpRequest, pk: int, run: int) -> tuple[Project, TeacherRun]:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    return project, get_object_or_404(TeacherRun, pk=run, teacher__project=project)
