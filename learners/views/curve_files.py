"""The learning curve as data: the browser's specification, a picture, a table."""

import csv
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from learners.selectors.curve import CurvePoint, Measure, SetPoint, curve, curve_marks
from learners.selectors.honesty import baseline
from learners.views.curve_chart import LIGHT, curve_spec, painted
from projects.models import Project
from projects.views.person import person

PICTURE_WIDTH = 720
COLUMNS = (
    "labels",
    "known_labels",
    *(
        f"{measure}{part}"
        for measure in ("accuracy", "macro_f1", "test_accuracy", "test_macro_f1")
        for part in ("", "_low", "_high", "_n")
    ),
    "random_texts_skipped",
    "strategy",
    "seconds",
    "fit",
    "at",
    *(
        f"{measure}{part}"
        for measure in ("micro_f1", "exact_match", "test_micro_f1")
        for part in ("", "_low", "_high", "_n")
    ),
)


@require_safe
@login_required
@never_cache
def curve_spec_json(request: HttpRequest, pk: int) -> JsonResponse:
    """What the chart script draws."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    return JsonResponse(_spec(project, width="container"))


@require_safe
@login_required
@never_cache
def curve_picture(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The same chart drawn on the server, in light colours; 404 before the first point."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    if not curve(project.pk):
        raise Http404("This project has no curve yet.")
    spec = painted(_spec(project, width=PICTURE_WIDTH), LIGHT)
    response = (
        HttpResponse(_svg(spec), content_type="image/svg+xml")
        if kind == "svg"
        else HttpResponse(_png(spec), content_type="image/png")
    )
    response["Content-Disposition"] = f'inline; filename="{file_stem(project)}-curve.{kind}"'
    return response


def _spec(project: Project, *, width: int | str) -> dict[str, Any]:
    points = curve(project.pk)
    marks = curve_marks(project, points)
    return curve_spec(
        points, marks, baseline=None if project.multilabel else baseline(project.pk), width=width
    )


def _svg(spec: dict[str, Any]) -> str:
    import vl_convert  # noqa: PLC0415  84 MB and a second: only for those who ask

    return str(vl_convert.vegalite_to_svg(spec, vl_version="6.4"))


def _png(spec: dict[str, Any]) -> bytes:
    import vl_convert  # noqa: PLC0415

    return bytes(vl_convert.vegalite_to_png(spec, vl_version="6.4", scale=2))


@require_safe
@login_required
@never_cache
def curve_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """One row a fit, oldest first; shares in [0, 1], times in the project's zone."""
    project = get_object_or_404(Project.objects.member(person(request)), pk=pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_stem(project)}-curve.csv"'
    writer = csv.writer(response)
    writer.writerow(COLUMNS)
    zone = ZoneInfo(project.time_zone)
    writer.writerows(_csv_row(point, zone) for point in curve(project.pk))
    return response


def _csv_row(point: CurvePoint, zone: ZoneInfo) -> list[Any]:
    sets = point.sets or SetPoint()
    return [
        point.n_labels,
        point.n_known,
        *_cells(point.accuracy),
        *_cells(point.macro_f1),
        *_cells(point.test_accuracy),
        *_cells(point.test_macro_f1),
        point.n_skipped,
        point.strategy,
        "" if point.seconds is None else f"{point.seconds:.3f}",
        point.fit_id,
        point.at.astimezone(zone).isoformat(timespec="seconds"),
        *_cells(sets.micro_f1),
        *_cells(sets.exact_match),
        *_cells(sets.test_micro_f1),
    ]


def _cells(measure: Measure | None) -> list[Any]:
    """Value, low, high, n; empty where nothing was measured or the number is withheld."""
    if measure is None:
        return ["", "", "", ""]
    return [f"{measure.value:.6f}", f"{measure.low:.6f}", f"{measure.high:.6f}", measure.n]


def file_stem(project: Project) -> str:
    """A file name that says which project, in plain letters."""
    return slugify(project.name) or f"project-{project.pk}"
