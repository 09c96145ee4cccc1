"""Comparing recipes on known labels: start, watch, read, and make the winner the project's setting."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeler.sending import send
from learners.models import Simulation, SimulationRun
from learners.selectors.status import project_status
from learners.services.simulating import (
    OPEN,
    Source,
    cancel_simulation,
    start_simulation,
    use_recipe,
)
from learners.services.simulation_data import gold_counts, label_counts
from learners.views import sentences, simulation_sentences
from learners.views.simulation_chart import simulation_spec
from learners.views.simulation_forms import ColumnsForm, PlanForm, sources_of
from projects.models import Project, StagedUpload
from projects.services.refusals import Refused
from projects.views.creating import uploaded
from projects.views.person import person

OWN_FIELDS = {"source", "strategies", "budget", "batch", "n_seeds"}
FEWEST_TEXTS = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def simulations(request: HttpRequest, pk: int) -> HttpResponse:
    """The form that starts one, and those there were."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    staged = _staged(request, project)
    page = _Start(request, project, staged)
    if request.method == "POST" and (started := page.started()):
        return redirect("simulation", pk, started.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "learners/simulations.html", page.context(), status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """A labelled file to simulate on; it adds no text to the project."""
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    form, staged = uploaded(request, project)
    if staged:
        return redirect(f"{reverse('simulations', args=[pk])}?staged={staged.pk}")
    context = {"project": project, "is_owner": True, "form": form}
    status = 422 if form.errors else 200
    return render(request, "learners/simulation_file.html", context, status=status)


def _staged(request: HttpRequest, project: Project) -> StagedUpload | None:
    number = request.GET.get("staged") or request.POST.get("staged")
    if not number or not number.isdigit():
        return None
    rows = StagedUpload.objects.filter(user=person(request), project=project)
    return rows.filter(pk=int(number)).first()


class _Start:
    """The forms of a new simulation, as posted or as usual."""

    def __init__(self, request: HttpRequest, project: Project, staged: StagedUpload | None) -> None:
        self.request, self.project, self.staged = request, project, staged
        self.what = "rows" if project.is_table else "texts"
        gold, labels = gold_counts(project), label_counts(project)
        self.sources = sources_of(gold, labels, staged, self.what)
        data = request.POST if request.method == "POST" else None
        n_texts = {
            Source.FILE.value: staged.guess["n_rows"] if staged else 0,
            Source.GOLD.value: gold.n_texts,
            Source.LABELS.value: labels.n_texts,
        }
        first = self.sources[0][0] if self.sources else Source.FILE.value
        self.n_texts = n_texts[first]
        self.form = PlanForm(data, project=project, sources=self.sources, n_texts=self.n_texts)
        self.columns = (
            ColumnsForm(
                data, staged=staged, is_table=project.is_table, multilabel=project.multilabel
            )
            if staged
            else None
        )

    def started(self) -> Simulation | None:
        if not self.form.is_valid():
            return None
        source = self.form.cleaned_data["source"]
        columns = self.columns if source == Source.FILE else None
        if columns is not None and not columns.is_valid():
            return None
        try:
            with transaction.atomic():
                simulation = start_simulation(
                    actor=person(self.request),
                    project=self.project,
                    source=source,
                    plan=self.form.plan(),
                    staged=self.staged if columns else None,
                    columns=columns.columns() if columns else None,
                    now=timezone.now(),
                )
                transaction.on_commit(lambda: send("learners.simulate", simulation.pk) and None)
        except Refused as refused:
            field = refused.field if refused.field in OWN_FIELDS else None
            self.form.add_error(field, refused.message)
            return None
        return simulation

    def context(self) -> dict[str, Any]:
        earlier = list(self.project.simulations.defer("results", "notes"))
        return {
            "project": self.project,
            "is_owner": True,
            "what": self.what,
            "form": self.form,
            "columns": self.columns,
            "staged": self.staged,
            "sources": self.sources,
            "too_few": self.n_texts < FEWEST_TEXTS,
            "open": next((row for row in earlier if row.status in OPEN), None),
            "earlier": earlier,
            "more": [
                self.form[name]
                for name in ("strategies", "heads", "features")
                if len(self.form[name]) > 1
            ],
            "named": any(self.form[name].value() for name in ("strategies", "heads", "features")),
        }


@never_cache
@require_safe
@login_required
def simulation(request: HttpRequest, pk: int, simulation: int) -> HttpResponse:
    """One simulation: how far it is, what it says so far."""
    project, found = _found(request, pk, simulation)
    now = timezone.now()
    context = {
        "project": project,
        "is_owner": True,
        "simulation": found,
        "state": _state(project, found, now),
        "banners": [
            banner
            for banner in project_status(project, now).banners
            if banner.level == "error" and not found.is_over
        ],
    }
    return render(request, "learners/simulation.html", context)


@never_cache
@require_safe
@login_required
def state(request: HttpRequest, pk: int, simulation: int) -> HttpResponse:
    """What changes while it runs; 204 when the browser has it."""
    project, found = _found(request, pk, simulation)
    shown = _state(project, found, timezone.now())
    have = request.GET.get("have", "")
    if have == shown.version:
        return HttpResponse(status=204)
    is_news = have.rpartition(".")[2] != shown.version.rpartition(".")[2]
    context = {"project": project, "simulation": found, "state": shown, "is_news": is_news}
    return render(request, "learners/simulation/state.html", context)


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int, simulation: int) -> HttpResponse:
    """End it; what is done stays."""
    project, found = _found(request, pk, simulation)
    if cancel_simulation(simulation_id=found.pk, now=timezone.now()):
        messages.success(request, "Cancelled. The runs that were done stay.")
    else:
        messages.info(request, "It was over already.")
    return redirect("simulation", project.pk, found.pk)


@require_POST
@login_required
def use(request: HttpRequest, pk: int, simulation: int) -> HttpResponse:
    """Make one of the compared recipes what this project learns with."""
    _, found = _found(request, pk, simulation)
    place = request.POST.get("place", "")
    try:
        recipe, changed = use_recipe(
            actor=person(request),
            simulation=found,
            place=int(place) if place.isdigit() else -1,
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, f"Nothing was changed: {refused.message}")
        return redirect("simulation", pk, found.pk)
    label = simulation_sentences.labels_of(found)[recipe.name]
    if changed:
        messages.success(request, f"“{label}” is what this project learns with from the next fit.")
    else:
        messages.info(request, f"The project learns with “{label}” already.")
    return redirect("simulation", pk, found.pk)


@never_cache
@require_safe
@login_required
def curves(request: HttpRequest, pk: int, simulation: int) -> JsonResponse:
    """The picture of the curves so far, as the chart script draws it."""
    _, found = _found(request, pk, simulation)
    summaries = found.results.get("summaries")
    if not summaries:
        raise Http404("There is nothing to draw yet.")
    spec = simulation_spec(
        summaries,
        simulation_sentences.labels_of(found),
        measure=simulation_sentences.measure_of(found).capitalize(),
    )
    return JsonResponse(spec)


@never_cache
@require_safe
@login_required
def runs_json(request: HttpRequest, pk: int, simulation: int) -> HttpResponse:
    """All numbers, as `manage.py simulate --json` writes them."""
    project, found = _found(request, pk, simulation)
    runs = found.runs.filter(status=SimulationRun.Status.DONE).order_by("place", "seed")
    said = {
        "runs": list(runs.values_list("result", flat=True)),
        "summaries": found.results.get("summaries", []),
        "failed": found.results.get("failed", []),
        "budget": found.budget,
        "batch": found.batch,
        **found.facts,
        "notes": found.notes,
    }
    response = JsonResponse(said, json_dumps_params={"ensure_ascii": False})
    name = f"simulation-{project.pk}-{found.pk}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _found(request: HttpRequest, pk: int, simulation: int) -> tuple[Project, Simulation]:
    project = get_object_or_404(Project.objects.owned(person(request)), pk=pk)
    return project, get_object_or_404(Simulation, pk=simulation, project=project)


@dataclass(frozen=True)
class RecipeRow:
    """One compared recipe as the table shows it; `summary` is None before its first run."""

    place: int
    label: str
    parts: str
    summary: dict[str, Any] | None
    is_best: bool
    is_used: bool


@dataclass(frozen=True)
class State:
    """Everything that changes while a simulation runs; `version` changes when any of it does, and
    its last part only when there is something to be told to those who do not see the page.
    """

    version: str
    doing: str
    told: str
    verdict: list[str]
    rows: list[RecipeRow]
    reached: list[tuple[str, list[tuple[str, str]]]]
    failed: list[dict[str, Any]]
    population: str
    what: str
    measure: str
    of_sets: bool


def _state(project: Project, found: Simulation, now: datetime) -> State:
    rows = _rows(project, found)
    used = [row.place for row in rows if row.is_used]
    verdict = simulation_sentences.verdict(found)
    return State(
        version=f"{found.status}.{found.n_ended}.{found.n_read}.{used}.{_stage(found)}",
        doing=_doing(found, now),
        told=" ".join([_doing(found, now), *verdict[:1]]) if found.is_over else _doing(found, now),
        verdict=verdict,
        rows=rows,
        reached=_reached(rows),
        failed=found.results.get("failed", []),
        population=simulation_sentences.population(found),
        what=simulation_sentences.what(found),
        measure=simulation_sentences.measure_of(found),
        of_sets=simulation_sentences.of_sets(found),
    )


def _rows(project: Project, found: Simulation) -> list[RecipeRow]:
    summaries = {summary["name"]: summary for summary in found.results.get("summaries", [])}
    labels = simulation_sentences.labels_of(found)
    rows = [
        RecipeRow(
            place=place,
            label=labels[recipe["name"]],
            parts=simulation_sentences.recipe_parts(recipe),
            summary=summaries.get(recipe["name"]),
            is_best=recipe["name"] == found.results.get("best"),
            is_used=all(
                getattr(project, name) == recipe[name]
                for name in ("strategy", "head", "features", "label_names")
            ),
        )
        for place, recipe in enumerate(found.recipes)
    ]
    return sorted(rows, key=lambda row: -row.summary["aubc"] if row.summary else 1)


def _reached(rows: list[RecipeRow]) -> list[tuple[str, list[tuple[str, str]]]]:
    """By accuracy that any curve reaches: labels of each recipe, and how many fewer that is."""
    summaries = [row.summary for row in rows if row.summary]
    if not summaries:
        return []
    table = []
    for accuracy in sorted(summaries[0]["labels_to"], key=float):  # rows in jsonb keep no order
        reached = [summary["labels_to"][accuracy] for summary in summaries]
        if any(reached):
            words = [
                simulation_sentences.saved_words(n, summary["labels_saved"].get(accuracy))
                for n, summary in zip(reached, summaries, strict=True)
            ]
            table.append((reached, (sentences.percent(float(accuracy)), words)))
    first = summaries[0]["labels"][0]
    at_once = [place for place, (reached, _) in enumerate(table) if set(reached) == {first}]
    return [row for _, row in table[max(at_once, default=0) :]]


def _doing(found: Simulation, now: datetime) -> str:
    if found.status == Simulation.Status.WAITING:
        if found.n_to_read:
            return f"Reading the texts: {found.n_read:,} of {found.n_to_read:,}."
        return "Waiting for a worker to take it up." if not found.attempts else "Reading the texts."
    done = f"{found.n_ended:,} of {sentences.count(found.n_runs, 'run')} done"
    if found.status != Simulation.Status.RUNNING:
        return f"{done}."
    return f"{done}{_time_left(found, now)}."


def _stage(found: Simulation) -> str:
    """Changes at each quarter of the runs, so that a screen reader is not told of every single one."""
    quarter = 4 * found.n_ended // max(1, found.n_runs)
    return f"{found.status}-{quarter}"


def _time_left(found: Simulation, now: datetime) -> str:
    if not found.n_ended or found.started_at is None:
        return ""
    passed = (now - found.started_at).total_seconds()
    left = passed / found.n_ended * (found.n_runs - found.n_ended)
    return f", about {sentences.duration(left)} left"
