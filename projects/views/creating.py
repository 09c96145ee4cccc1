"""A new project: drop a file or paste lines, look at the guesses, create."""

import io
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from labeler.sending import send
from projects.models import DataImport, LabelClass, Project, StagedUpload
from projects.reading import BadInput
from projects.services.creating import create_project
from projects.services.refusals import Refused
from projects.services.staging import read_again, stage, too_large
from projects.services.tables import features_of
from projects.views.person import person
from projects.views.wizard import TABLE, TEXT, Wizard
from projects.views.wizard_forms import UploadForm

READ_AGAIN, CLASSES = "again", "classes"
KIND_ASKED = {"as_table": TABLE, "as_text": TEXT}
ONLY_LOOKING = {READ_AGAIN, CLASSES, *KIND_ASKED}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    form, staged = uploaded(request)
    if staged:
        return redirect("project-new-check", staged=staged.pk)
    return render(request, "projects/creating/new.html", {"form": form}, status=_status(form))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def check(request: HttpRequest, staged: int) -> HttpResponse:
    upload = get_object_or_404(StagedUpload, pk=staged, user=person(request), project=None)
    wizard = wizard_of(request, upload)
    if request.method == "POST" and not wants_fragment(request) and ready(request, wizard):
        project = _create(request, wizard)
        if project:
            what = "rows" if project.is_table else "texts"
            messages.success(request, f"{project.name} is made; its {what} are coming in.")
            return redirect("project", pk=project.pk)
    return wizard_page(request, wizard, "projects/creating/check.html", {})


def _create(request: HttpRequest, wizard: Wizard) -> Project | None:
    def create(**said: Any) -> DataImport:
        _, data_import = create_project(**wizard.about.cleaned_data, classes=wizard.specs(), **said)
        return data_import

    data_import = imported(request, wizard, create)
    return data_import.project if data_import else None


# ---- shared with the page that adds texts to a project ----


def imported(
    request: HttpRequest, wizard: Wizard, save: Callable[..., DataImport]
) -> DataImport | None:
    """The import that `save` makes of what the wizard says, on its way to a worker; None where it
    was refused, which the wizard then says.
    """
    try:
        with transaction.atomic():
            data_import = save(
                actor=person(request),
                staged=wizard.staged,
                columns=wizard.choice(),
                label_classes=wizard.label_classes(),
                seed=new_seed(),
                now=timezone.now(),
            )
            send_import(data_import)
    except Refused as refused:
        wizard.refuse(refused)
        return None
    return data_import


def uploaded(
    request: HttpRequest, project: Project | None = None
) -> tuple[UploadForm, StagedUpload | None]:
    """What was dropped or pasted, staged; or the form that says why not."""
    if request.method != "POST":
        return UploadForm(), None
    form = UploadForm(request.POST, request.FILES)
    field = "lines" if request.POST.get("lines", "").strip() else "file"
    try:
        if getattr(request, "upload_too_large", False):
            raise too_large("The file")
        if form.is_valid() and (source := _source(form)):
            file, name = source
            return form, stage(
                user=person(request), file=file, name=name, project=project, now=timezone.now()
            )
        if form.is_valid():
            form.add_error("file", "Choose a file, or paste at least one line.")
    except BadInput as refused:
        form.is_valid()
        form.add_error(field, str(refused))
    return form, None


def _source(form: UploadForm) -> tuple[BinaryIO, str] | None:
    file: UploadedFile[bytes] | None = form.cleaned_data["file"]
    if file:
        return cast(BinaryIO, file), file.name or "file"
    lines = str(form.cleaned_data["lines"])
    return (io.BytesIO(lines.encode()), "pasted lines") if lines.strip() else None


def wizard_of(request: HttpRequest, staged: StagedUpload, project: Project | None = None) -> Wizard:
    """The wizard as it stands after what was posted, the file read again where that was asked."""
    standing = list(LabelClass.objects.filter(project=project).active()) if project else []
    data = request.POST if request.method == "POST" else None
    asked = request.POST.get("do", "")
    make = partial(
        Wizard,
        staged,
        data=data,
        standing=standing,
        is_new=project is None,
        features=features_of(project) if project else (),
        kind=project.input_kind if project else None,
        multilabel=project.multilabel if project else None,
    )
    if asked in KIND_ASKED and project is None:
        return make(check=False, fresh_columns=True, kind=KIND_ASKED[asked])
    wizard = make(check=asked not in ONLY_LOOKING)
    layout = wizard.layout_chosen() if data is not None else None
    if layout is None:
        return wizard
    try:
        read_again(staged=staged, layout=layout)
    except BadInput as refused:
        wizard.layout.add_error("kind", str(refused))
        return wizard
    again = make(check=False, fresh_columns=True)
    again.errors.append("The file was read again as you said: look at the rows, then go on.")
    return again


def ready(request: HttpRequest, wizard: Wizard) -> bool:
    """Whether the person asked to go on, and every form is in order."""
    if request.POST.get("do") in ONLY_LOOKING or not wizard.roles.is_bound:
        return False
    return wizard.layout.is_valid() and wizard.is_valid()


def wants_fragment(request: HttpRequest) -> bool:
    """Whether the page asks for its classes alone, because another column is the label now."""
    return request.POST.get("do") == CLASSES


def wizard_page(
    request: HttpRequest, wizard: Wizard, template: str, context: dict[str, object]
) -> HttpResponse:
    if wants_fragment(request):
        template = "projects/creating/labels.html"
    failed = request.method == "POST" and request.POST.get("do") not in ONLY_LOOKING
    return render(
        request,
        template,
        {"wizard": wizard, "staged": wizard.staged, **context},
        status=422 if failed else 200,
    )


def send_import(data_import: DataImport) -> None:
    """Ask a worker to run it, once it is committed."""
    transaction.on_commit(partial(send, "projects.import", data_import.pk))


def new_seed() -> int:
    return secrets.randbits(32)


def _status(form: UploadForm) -> int:
    return 422 if form.errors else 200
