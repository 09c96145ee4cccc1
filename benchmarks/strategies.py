"""From simulated runs to `benchmarks/results/strategies.json`, which `docs/strategies.md` is made from.

    python manage.py simulate FILE --split split --strategies a,b,c --heads H --features F \\
        --seeds N --workers 1 --json RUNS.json
    python -m benchmarks.strategies RUNS.json [RUNS.json ...] --data NAME --licence L --source S

Runs of texts with any number of classes (`simulate --multilabel`) are written to
`benchmarks/results/strategies_multilabel.json` in its place. All runs have one head and one kind of features; of several files, a run that two of them hold has
to be the same in both. No figure is written here that was not computed from the runs.
"""

import argparse
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from learners.engine.simulation.as_json import run_from_json
from learners.engine.simulation.loop import Run
from learners.engine.simulation.summary import Band, Estimate, Summary, summarise

RESULTS = Path(__file__).parent / "results" / "strategies.json"
MULTILABEL_RESULTS = RESULTS.with_name("strategies_multilabel.json")
POINTS = (8, 16, 32, 64, 128, 256)
BASELINE = "random"
PLAN = ("budget", "batch", "n_pool", "n_test", "classes", "multilabel", "notes")
DECIMALS = 5


class CannotSummarise(ValueError):
    """The files do not belong together, or hold too little; says what."""


def results(files: Sequence[Mapping[str, Any]], about: Mapping[str, str]) -> dict[str, Any]:
    """What the runs of all files say of each strategy.

    Args:
        files: what `simulate --json` wrote.
        about: `data`, `file`, `licence`, `source`, `split` and `commit` of the runs.

    Raises:
        CannotSummarise: failed runs, plans or recipes that differ, no runs of random choice.
    """
    plan = _plan(files)
    runs = _whole_seeds(_runs(files))
    recipe = _recipe(runs)
    reference = next((run.name for run in runs if run.strategy == BASELINE), None)
    if reference is None:
        raise CannotSummarise(
            f"there are no runs of {BASELINE!r}, which the others are compared to"
        )
    summaries = summarise(runs, reference)
    return {
        "data": {
            **{key: about[key] for key in ("data", "licence", "source")},
            **{key: plan[key] for key in ("n_pool", "n_test", "notes")},
            "n_classes": len(plan["classes"]),
        },
        **recipe,
        "multilabel": plan["multilabel"],
        "budget": plan["budget"],
        "batch": plan["batch"],
        "commit": about["commit"],
        "commands": _commands(summaries, recipe, plan, about),
        "compared_with": BASELINE,
        "strategies": {summary.strategy: _figures(summary) for summary in summaries},
    }


def _plan(files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    plans = [{key: file[key] for key in PLAN} for file in files]
    failed = [failure for file in files for failure in file["failed"]]
    if failed:
        raise CannotSummarise(f"{len(failed)} runs failed, the first with: {failed[0]['error']}")
    if any(plan != plans[0] for plan in plans):
        raise CannotSummarise("the files differ in their data, budget or batch")
    return plans[0]


def _runs(files: Iterable[Mapping[str, Any]]) -> list[Run]:
    """Every run of a crossed recipe once; presets, which have another head, stay out."""
    found: dict[tuple[str, int], Run] = {}
    for file in files:
        for run in map(run_from_json, file["runs"]):
            if "/" not in run.name:
                continue
            if found.setdefault((run.name, run.seed), run) != run:
                raise CannotSummarise(f"{run.name}, seed {run.seed}, differs between two files")
    return list(found.values())


def _whole_seeds(runs: Sequence[Run]) -> list[Run]:
    """Of each name the seeds 0, 1, 2, ... up to the first that is missing, so that a command gives
    the same."""
    kept: list[Run] = []
    for name in dict.fromkeys(run.name for run in runs):
        by_seed = {run.seed: run for run in runs if run.name == name}
        kept += [by_seed[seed] for seed in takewhile(by_seed.__contains__, count())]
    return kept


def _recipe(runs: Sequence[Run]) -> dict[str, str]:
    kinds = {(run.head, run.features) for run in runs}
    if len(kinds) != 1:
        raise CannotSummarise(f"runs of one head and features are needed; found: {sorted(kinds)}")
    if any(not set(POINTS) <= set(run.labels) for run in runs):
        raise CannotSummarise(f"a run was not measured at each of {POINTS} labels")
    head, features = kinds.pop()
    return {"head": head, "features": features}


def _commands(
    summaries: Sequence[Summary],
    recipe: Mapping[str, str],
    plan: Mapping[str, Any],
    about: Mapping[str, str],
) -> list[str]:
    """One command for each number of seeds that strategies have."""
    by_seeds: dict[int, list[str]] = {}
    for summary in summaries:
        by_seeds.setdefault(len(summary.seeds), []).append(summary.strategy)
    return [
        f"python manage.py simulate {about['file']} --split {about['split']} "
        f"{'--multilabel ' if plan['multilabel'] else ''}"
        f"--strategies {','.join(names)} --heads {recipe['head']} --features {recipe['features']} "
        f"--budget {plan['budget']} --batch {plan['batch']} --seeds {n_seeds}"
        for n_seeds, names in sorted(by_seeds.items(), reverse=True)
    ]


def _figures(summary: Summary) -> dict[str, Any]:
    """Where a text has any number of classes, `accuracy` is of whole sets, and micro-F1 is added."""
    found = {
        "n_seeds": len(summary.seeds),
        "aubc": _estimate(summary.aubc),
        "difference": _estimate(summary.difference),
        "accuracy": _curve(summary.labels, summary.accuracy),
    }
    if summary.micro_f1:
        found |= {
            "micro_f1_aubc": _estimate(summary.micro_f1_aubc),
            "micro_f1_difference": _estimate(summary.micro_f1_difference),
            "micro_f1": _curve(summary.labels, summary.micro_f1),
        }
    return found


def _curve(labels: Sequence[int], band: Band) -> dict[str, Any]:
    """At each of `POINTS`."""
    curve = zip(labels, band.mean, band.low, band.high, strict=True)
    return {
        str(at): _estimate(Estimate(mean, low, high))
        for at, mean, low, high in curve
        if at in POINTS
    }


def _estimate(estimate: Estimate | None) -> list[float | None] | None:
    """Mean and the bounds of its interval, null for one seed."""
    if estimate is None:
        return None
    values = (estimate.value, estimate.low, estimate.high)
    return [None if value is None else round(value, DECIMALS) for value in values]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", help="what simulate --json wrote")
    for name in ("data", "licence", "source"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--file", help="what the data's file is called; NAME.csv unless told")
    parser.add_argument("--split", default="split")
    parser.add_argument(
        "--commit", default=head_commit(), help="the commit that the runs were made with"
    )
    options = vars(parser.parse_args())
    files = [json.loads(path.read_text("utf-8")) for path in options.pop("runs")]
    options["file"] = options["file"] or f"{options['data']}.csv"
    found = results(files, options)
    path = MULTILABEL_RESULTS if found["multilabel"] else RESULTS
    path.write_text(_as_text(found), "utf-8")


def _as_text(found: Mapping[str, Any]) -> str:
    """One line a strategy, so that a change shows where it is."""
    lines = [
        f'    "{name}": {json.dumps(figures)}' for name, figures in found["strategies"].items()
    ]
    head = json.dumps({**found, "strategies": {}}, indent=2, ensure_ascii=False)
    return (
        head.replace('"strategies": {}', '"strategies": {\n' + ",\n".join(lines) + "\n  }") + "\n"
    )


def head_commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
