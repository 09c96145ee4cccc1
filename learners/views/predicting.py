"""Models > Predict a file: upload, watch, download, delete. Owners only."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeler.sending import send
from learners.models import PredictionFile
from learners.selectors.status import project_status
from learners.services.prediction_files import cancel_file, delete_file, take_file
from learners.services.serving import models_answer
from projects.models import Project
from projects.reading import BadInput
from projects.selectors.versions import live_version
from projects.services.refusals import Refused
from projects.services.staging import too_large
from projects.views.person import person

Status = PredictionFile.Status


class FileForm(forms.Form):
    file = forms.FileField(label="File", required=False)
    text_column = forms.CharField(
        label="Column of the texts",
        max_length=200,
        required=False,
        help_text="Left empty, the likeliest column is taken.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    @property
    def allowed(self) -> str:
        size, rows = filesizeformat(settings.LABELER_MAX_UPLOAD_BYTES), settings.LABELER_MAX_ROWS
        return f"CSV, TSV, JSON lines or one text a line, in UTF-8: up to {size} and {rows:,} rows."


@dataclass(frozen=True)
class Line:
    """One file as the page shows it."""

    row: PredictionFile
    sentence: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def predict_files(request: HttpRequest, pk: int) -> HttpResponse:
    """The form, and the files there are."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    asked = request.method == "POST"
    form = FileForm(request.POST, request.FILES) if asked else FileForm()
    if asked and _taken(request, project, form):
        return redirect("predict-files", pk)
    errors = [b for b in project_status(project, timezone.now()).banners if b.level == "error"]
    context = {
        "project": project,
        "is_owner": True,
        "form": form,
        "live": live_version(project.pk),
        "banners": errors,
        **_state(project),
    }
    status = 422 if form.errors else 200
    return render(request, "learners/predict_files.html", context, status=status)


def _taken(request: HttpRequest, project: Project, form: FileForm) -> PredictionFile | None:
    try:
        if getattr(request, "upload_too_large", False):
            raise too_large("The file")
        if not form.is_valid():
            return None
        file = form.cleaned_data["file"]
        if file is None:
            form.add_error("file", "Choose a file.")
            return None
        with transaction.atomic():
            row = take_file(
                actor=person(request),
                project=project,
                file=cast(BinaryIO, file),
                name=file.name or "file",
                text_column=form.cleaned_data["text_column"],
                now=timezone.now(),
            )
            transaction.on_commit(lambda: send("learners.predict_file", row.pk) and None)
    except BadInput as refused:
        form.is_valid()
        form.add_error("file", str(refused))
        return None
    except Refused as refused:
        form.add_error(refused.field or None, refused.message)
        return None
    return row


@never_cache
@require_safe
@login_required
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """What changes while files are predicted; 204 when the browser has it."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    shown = _state(project)
    if request.GET.get("have") == shown["version"]:
        return HttpResponse(status=204)
    context = {"project": project, **shown}
    return render(request, "learners/predict_files/state.html", context)


def _state(project: Project) -> dict[str, Any]:
    rows = list(PredictionFile.objects.filter(project=project).select_related("version", "project"))
    busy = any(not row.is_over for row in rows)
    away = busy and not models_answer()
    facts = [f"{row.pk}.{row.status}.{row.n_done}" for row in rows]
    return {
        "lines": [Line(row, _sentence(row)) for row in rows],
        "busy": busy,
        "models_away": away,
        "version": f"{away}-{'-'.join(facts)}",
    }


def _sentence(row: PredictionFile) -> str:
    blank = f", {row.n_blank:,} of them without a text" if row.n_blank else ""
    match row.status:
        case Status.WAITING if row.waits_for:
            return f"Waits for {row.waits_for}; it goes on by itself."
        case Status.WAITING:
            return "Waits for a worker; files are predicted one after the other."
        case Status.RUNNING:
            return f"{row.n_done:,} rows done, {row.percent} % of the file read."
        case Status.DONE:
            kept = f" {row.n_kept:,} of them are kept as traffic." if row.n_kept else ""
            return f"{row.n_done:,} rows{blank}, by version {row.version.number}.{kept}{_reserved(row)}"
        case Status.CANCELLED:
            return "Cancelled; nothing of it was kept."
    return row.error


def _reserved(row: PredictionFile) -> str:
    """How many random questions a reader of the file can no longer answer blind."""
    if not row.n_reserved:
        return ""
    many = row.n_reserved > 1
    number, questions = (
        (f"{row.n_reserved:,}", "are random questions") if many else ("One", "is a random question")
    )
    return (
        f" {number} of its {row.project.noun}s {questions} not answered yet: whoever reads the file has seen"
        f" the model’s {'guesses' if many else 'guess'}."
    )


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """End it."""
    row = _row(request, pk, file)
    if not cancel_file(row=row, now=timezone.now()):
        messages.info(request, f"{row.name} was over already.")
    return redirect("predict-files", pk)


@require_POST
@login_required
def delete(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """Forget it, predictions and all."""
    row = _row(request, pk, file)
    delete_file(row=row)
    messages.success(request, f"{row.name} and its predictions are deleted.")
    return redirect("predict-files", pk)


@never_cache
@require_safe
@login_required
def result(request: HttpRequest, pk: int, file: int) -> HttpResponseBase:
    """The rows with their predictions."""
    return result_response(_row(request, pk, file))


def result_response(row: PredictionFile) -> FileResponse:
    """The file with predictions. Raises Http404 while there is none."""
    if not row.result_file:
        raise Http404("There are no predictions of this file.")
    ending = PurePosixPath(row.result_file).suffix
    kind = "application/jsonl" if ending == ".jsonl" else "text/csv"
    return FileResponse(
        default_storage.open(row.result_file),
        as_attachment=True,
        filename=f"{PurePosixPath(row.name).stem}-predicted{ending}",
        content_type=f"{kind}; charset=utf-8",
    )


def _row(request: HttpRequest, pk: int, file: int) -> PredictionFile:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    return get_object_or_404(PredictionFile, pk=file, project=project)
