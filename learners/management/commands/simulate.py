"""`manage.py simulate FILE`: how many labels each recipe needs, on texts whose labels are known."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learners.engine.errors import EngineError
from learners.engine.recipes import Recipe
from learners.engine.simulation.as_json import results_as_json
from learners.engine.simulation.choices import chosen_recipes
from learners.engine.simulation.data import LabelledData, check_plan, plan_notes
from learners.engine.simulation.loop import Run
from learners.engine.simulation.processes import Outcome, Work, jobs_of, run_jobs
from learners.engine.simulation.summary import summarise
from learners.engine.simulation.table import table
from learners.services.labelled_files import Columns, read_labelled
from learners.services.simulation_vectors import prepare
from projects.reading import BadInput
from projects.reading.labels import SEPARATORS
from projects.services.staging import limits

INTERRUPTED = 130
LISTS_ALONE = "none"
SECONDS_BETWEEN_WRITES = 5.0


class Command(BaseCommand):
    help = (
        "Run the loop that serves people over a labelled file and compare recipes. Without "
        "--strategies, --heads or --features: default (what a new project gets), reference "
        "(random choice, logistic regression, MiniLM) and margin; else every combination of "
        "those, and reference. Accuracy is measured on the test rows of --split, or on a fixed "
        "quarter of the texts. With --columns the file is a table, and its rows are asked about. "
        "With --multilabel a text has any number of classes, and accuracy is the share of texts "
        "whose whole set of classes is right."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, TSV or JSON lines")
        parser.add_argument("--text", default="text", help="column of the texts")
        parser.add_argument(
            "--columns",
            type=_names,
            default=[],
            metavar="A,B,C",
            help="columns of a table, in place of --text: numbers and categories that a model reads",
        )
        parser.add_argument("--label", default="label", help="column of the labels")
        parser.add_argument(
            "--multilabel", action="store_true", help="a cell of labels holds any number of them"
        )
        parser.add_argument(
            "--separator",
            help=f"what ends a label within a cell: one of {' '.join(SEPARATORS)}, or "
            f"{LISTS_ALONE!r}; without it the file's own cells tell",
        )
        parser.add_argument("--split", help="column that says 'test' of the rows that measure")
        for name in ("strategies", "heads", "features"):
            parser.add_argument(f"--{name}", type=_names, default=[], metavar="A,B,C")
        parser.add_argument("--budget", type=int, default=256, help="labels of a run")
        parser.add_argument("--batch", type=int, default=8, help="labels between two fits")
        parser.add_argument("--seeds", type=int, default=20, help="runs of each recipe")
        parser.add_argument("--workers", type=int, help="processes; as many as cores without it")
        parser.add_argument("--json", type=Path, metavar="OUT", help="write all numbers there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            work, recipes = self._prepared(options)
        except (EngineError, BadInput) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("interrupted before the first run", returncode=INTERRUPTED) from None
        jobs = jobs_of(recipes, range(options["seeds"]))
        outcomes: list[Outcome] = []
        results = _Results(work, recipes, options["json"])
        interrupted = False
        try:
            for outcome in run_jobs(work, jobs, n_workers=_n_workers(options["workers"])):
                outcomes.append(outcome)
                self._say_progress(outcome, len(outcomes), len(jobs))
                results.write_now_and_then(outcomes)
        except KeyboardInterrupt:
            interrupted = True
        results.write(outcomes, interrupted=interrupted)  # at the end without fail
        self._report(results, outcomes, len(jobs), interrupted=interrupted)

    def _prepared(self, options: dict[str, Any]) -> tuple[Work, list[Recipe]]:
        _check(options)
        recipes = chosen_recipes(
            strategies=options["strategies"],
            heads=options["heads"],
            features=options["features"],
            is_table=bool(options["columns"]),
            multilabel=options["multilabel"],
        )
        data = _read(options)
        check_plan(data, budget=options["budget"], batch=options["batch"])
        for note in [
            *data.notes,
            *plan_notes(data, budget=options["budget"], batch=options["batch"]),
        ]:
            self.stderr.write(note)
        work = prepare(
            data=data,
            recipes=recipes,
            budget=options["budget"],
            batch=options["batch"],
            progress=lambda done, total: self._say(f"embedding {done:,} of {total:,} texts"),
        )
        return work, recipes

    def _say_progress(self, outcome: Outcome, n_done: int, n_jobs: int) -> None:
        if outcome.run is None:
            job = outcome.job
            self.stderr.write(f"\n{job.recipe.name}, seed {job.seed}, failed: {outcome.error}")
        self._say(f"{n_done} of {n_jobs} runs done")

    def _say(self, words: str) -> None:
        """On a terminal one line that changes, elsewhere nothing but its lines."""
        terminal = sys.stderr.isatty()
        self.stderr.write(
            f"\r{words}\x1b[K" if terminal else words, ending="" if terminal else "\n"
        )
        self.stderr.flush()

    def _report(
        self, results: "_Results", outcomes: list[Outcome], n_jobs: int, *, interrupted: bool
    ) -> None:
        if sys.stderr.isatty():
            self.stderr.write("")
        if results.summaries:
            self.stdout.write(table(results.summaries))
        if interrupted:
            raise CommandError(
                f"interrupted: {len(outcomes)} of {n_jobs} runs were done", returncode=INTERRUPTED
            )
        failed = [outcome for outcome in outcomes if outcome.run is None]
        if failed:
            names = ", ".join(dict.fromkeys(outcome.job.recipe.name for outcome in failed))
            raise CommandError(f"{len(failed)} of {n_jobs} runs failed: {names}")


class _Results:
    """What is done so far, in the order of recipes and seeds, and the file that holds it."""

    def __init__(self, work: Work, recipes: list[Recipe], path: Path | None) -> None:
        self.work, self.path = work, path
        self.order = {recipe.name: place for place, recipe in enumerate(recipes)}
        self.runs: list[Run] = []
        self.next_write = 0.0

    @property
    def summaries(self) -> list[Any]:
        return summarise(self.runs)

    def write_now_and_then(self, outcomes: list[Outcome]) -> None:
        """Every few seconds: with thousands of runs the file is long, and written whole each time."""
        if self.path is None or time.monotonic() < self.next_write:
            return
        self.write(outcomes)
        self.next_write = time.monotonic() + SECONDS_BETWEEN_WRITES

    def write(self, outcomes: list[Outcome], *, interrupted: bool = False) -> None:
        runs = [outcome.run for outcome in outcomes if outcome.run is not None]
        self.runs = sorted(runs, key=lambda run: (self.order[run.name], run.seed))
        if self.path is None:
            return
        failed = [
            {
                "name": outcome.job.recipe.name,
                "seed": outcome.job.seed,
                "error": outcome.error,
            }
            for outcome in outcomes
            if outcome.run is None
        ]
        found = results_as_json(runs=self.runs, summaries=self.summaries, failed=failed)
        _write_json(self.path, {**found, "interrupted": interrupted, **_about(self.work)})


def _about(work: Work) -> dict[str, Any]:
    data = work.data
    return {
        "budget": work.budget,
        "batch": work.batch,
        "n_pool": data.n_pool,
        "n_test": len(data.test_rows),
        "classes": list(data.class_names),
        "multilabel": data.multilabel,
        "notes": [*data.notes, *plan_notes(data, budget=work.budget, batch=work.batch)],
    }


def _write_json(path: Path, found: dict[str, Any]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(found, file, ensure_ascii=False, allow_nan=False)
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _names(words: str) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))


def _check(options: dict[str, Any]) -> None:
    for name in ("seeds", "budget", "batch"):
        if options[name] < 1:
            raise CommandError(f"--{name} {options[name]}: needed is a number from 1")
    if options["workers"] is not None and options["workers"] < 1:
        raise CommandError(f"--workers {options['workers']}: needed is a number from 1")
    _check_separator(options["separator"], multilabel=options["multilabel"])
    path = options["json"]
    if path is not None and not path.parent.is_dir():
        raise CommandError(f"--json {path}: there is no folder {path.parent}")


def _check_separator(said: str | None, *, multilabel: bool) -> None:
    if said is None:
        return
    if not multilabel:
        raise CommandError(f"--separator {said}: it goes with --multilabel")
    if said != LISTS_ALONE and said not in SEPARATORS:
        allowed = " ".join([*SEPARATORS, LISTS_ALONE])
        raise CommandError(f"--separator {said}: allowed is one of {allowed}")


def _n_workers(wanted: int | None) -> int:
    return wanted or len(os.sched_getaffinity(0))


def _read(options: dict[str, Any]) -> LabelledData:
    path: Path = options["file"]
    columns = Columns(
        text=options["text"],
        features=tuple(options["columns"]),
        label=options["label"],
        split=options["split"],
        multilabel=options["multilabel"],
        separator="" if options["separator"] == LISTS_ALONE else options["separator"],
    )
    try:
        with path.open("rb") as file:
            return read_labelled(file, file=path.name, columns=columns, limits=limits())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
