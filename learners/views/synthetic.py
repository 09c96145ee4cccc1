"""Texts that an outside teacher wrote for thin classes: order them, look at each, switch them on."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from labeler.sending import send
from learners.selectors.synthetic import class_needs
from learners.services.ladder import newest_ladder
from learners.views import teacher_sentences
from learners.views.students import students_of
from learners.views.teacher_forms import WriteForm
from projects.models import Project, SyntheticExample, Teacher, TeacherRun
from projects.selectors.teacher import open_run, prompt_of, teacher_of
from projects.services.refusals import Refused
from projects.services.teacher.prompt import TEXTS_A_REQUEST, Writing, synthetic_system
from projects.services.teacher.reviewing import review
from projects.services.teacher.runs import start_run
from projects.services.teacher.setup import use_synthetic
from projects.views.person import person

TEXTS_A_PAGE = 25
USUAL_TEXTS = 20
SHOWS = {"new": "to be looked at", "kept": "kept", "dropped": "dropped", "all": "all"}
ACCEPTED = {"new": None, "kept": True, "dropped": False}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def written(request: HttpRequest, pk: int) -> HttpResponse:
    """The texts, a page at a time; posting keeps and drops, or has more written."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    found = teacher_of(project.pk)
    if found is None:
        return redirect("teacher", pk)
    form = _write_form(request, project)
    if request.method == "POST" and "write" not in request.POST:
        return _judge(request, project)
    if form.is_bound and form.is_valid() and _write(request, found, form):
        return redirect("teacher-written", pk)
    return _page(request, project, found, form)


def _write_form(request: HttpRequest, project: Project) -> WriteForm:
    wanted = request.method == "POST" and "write" in request.POST
    thin = class_needs(project.pk)
    initial = {"n": USUAL_TEXTS, "label_class": thin[0].class_id if thin else None}
    return WriteForm(request.POST if wanted else None, project=project, initial=initial)


def _judge(request: HttpRequest, project: Project) -> HttpResponse:
    kept, dropped = review(
        actor=person(request),
        project=project,
        keep=_judged(request.POST, "keep"),
        drop=_judged(request.POST, "drop"),
        now=timezone.now(),
    )
    messages.success(request, f"{kept} kept, {dropped} dropped.")
    return redirect("teacher-written", project.pk)


def _judged(posted: QueryDict, verdict: str) -> list[int]:
    """Numbers of the texts judged so: fields are named `text-12`."""
    names = (name.removeprefix("text-") for name in posted if posted[name] == verdict)
    return [int(name) for name in names if name.isdecimal() and len(name) < 19]


def _write(request: HttpRequest, found: Teacher, form: WriteForm) -> bool:
    try:
        with transaction.atomic():
            run = start_run(
                actor=person(request),
                teacher=found,
                purpose=TeacherRun.Purpose.SYNTHETIC,
                label_class=form.cleaned_data["label_class"],
                n=form.cleaned_data["n"],
                now=timezone.now(),
            )
            transaction.on_commit(lambda: send("projects.teach", run.pk) and None)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return False
    return True


def _page(request: HttpRequest, project: Project, found: Teacher, form: WriteForm) -> HttpResponse:
    show = request.GET.get("show", "new")
    if show not in SHOWS:
        raise Http404("There is no such list.")
    texts = SyntheticExample.objects.filter(teacher__project=project)
    rows = texts if show == "all" else texts.filter(accepted=ACCEPTED[show])
    page = Paginator(rows.select_related("label_class", "teacher"), TEXTS_A_PAGE)
    run = open_run(found)
    context: dict[str, Any] = {
        "project": project,
        "is_owner": True,
        "part": "teacher",
        "teacher": found,
        "form": form,
        "needs": class_needs(project.pk),
        "page": page.get_page(request.GET.get("page")),
        "show": show,
        "shows": SHOWS,
        "n_kept": texts.filter(accepted=True).count(),
        "n_new": texts.filter(accepted=None).count(),
        "run": run,
        "doing": teacher_sentences.doing(run) if run else "",
        "told": _told(project),
        "students": students_of(newest_ladder(project.pk)),
    }
    status = 422 if form.errors else 200
    return render(request, "learners/written.html", context, status=status)


def _told(project: Project) -> str:
    """What it is told before it writes, for the thinnest class, without the samples."""
    prompt, needs = prompt_of(project), class_needs(project.pk)
    words = {each.pk: each for each in prompt.classes}
    if not needs or needs[0].class_id not in words:
        return ""
    return synthetic_system(prompt, Writing(words[needs[0].class_id], TEXTS_A_REQUEST))


@require_POST
@login_required
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether kept texts train the ladder."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    found = teacher_of(project.pk)
    if found is None:
        raise Http404("There is no teacher.")
    wanted = request.POST.get("use") == "1"
    use_synthetic(actor=person(request), teacher=found, use=wanted, now=timezone.now())
    said = "Kept texts train the ladder from its next run on." if wanted else "They train nothing."
    messages.success(request, said)
    return redirect("teacher-written", pk)
