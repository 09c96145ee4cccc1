"""Runs and summaries as plain values, for files, rows and pages, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from learners.engine.simulation.loop import Measured, Run
from learners.engine.simulation.summary import Estimate, Reached, Summary


def run_as_json(run: Run) -> dict[str, Any]:
    """`name strategy head features seed labels accuracy macro_f1`, and `at_zero` labels; `micro_f1`
    where a text has any number of classes, and there `accuracy` is of whole sets.
    """
    found = asdict(run)
    for values in filter(None, (found, found["at_zero"])):
        if values["micro_f1"] is None:
            del values["micro_f1"]
    return found


def run_from_json(stored: Mapping[str, Any]) -> Run:
    """What `run_as_json` gave."""
    values = dict(stored)
    for curve in ("labels", "accuracy", "macro_f1", "micro_f1"):
        if curve in values:
            values[curve] = tuple(values[curve])
    at_zero = values.get("at_zero")
    values["at_zero"] = Measured(**at_zero) if at_zero else None
    return Run(**values)


def summary_as_json(summary: Summary) -> dict[str, Any]:
    """`name aubc aubc_low aubc_high labels_to` as numbers, null for what is not known, and the
    rest beside them: `difference` is to the reference, paired by seed.
    """
    return {
        "name": summary.name,
        "strategy": summary.strategy,
        "head": summary.head,
        "features": summary.features,
        "n_seeds": len(summary.seeds),
        **_flat("aubc", summary.aubc),
        **_flat("macro_f1_aubc", summary.macro_f1_aubc),
        "labels_to": {_key(at): found.labels for at, found in summary.labels_to.items()},
        "labels_to_interval": {
            _key(at): [found.low, found.high] for at, found in summary.labels_to.items()
        },
        **(_flat("difference", summary.difference) if summary.difference else {}),
        **(
            _flat("macro_f1_difference", summary.macro_f1_difference)
            if summary.macro_f1_difference
            else {}
        ),
        "labels_saved": {_key(at): asdict(saved) for at, saved in summary.saved.items()},
        "labels_to_reference_end": _reached(summary.to_reference_end),
        "accuracy_at_zero": summary.at_zero,
        "labels": list(summary.labels),
        "accuracy": asdict(summary.accuracy),
        "macro_f1": asdict(summary.macro_f1),
        **_micro_f1(summary),
    }


def _micro_f1(summary: Summary) -> dict[str, Any]:
    """Where a text has any number of classes."""
    found: dict[str, Any] = {}
    if summary.micro_f1 and summary.micro_f1_aubc:
        found = {
            "micro_f1": asdict(summary.micro_f1),
            **_flat("micro_f1_aubc", summary.micro_f1_aubc),
        }
    if summary.micro_f1_difference:
        found |= _flat("micro_f1_difference", summary.micro_f1_difference)
    return found


def results_as_json(
    *, runs: Iterable[Run], summaries: Iterable[Summary], failed: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """`runs`, `summaries` and `failed`: one object a run that did not end, with its `error`."""
    return {
        "runs": [run_as_json(run) for run in runs],
        "summaries": [summary_as_json(summary) for summary in summaries],
        "failed": [dict(failure) for failure in failed],
    }


def _flat(name: str, estimate: Estimate) -> dict[str, Any]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _key(accuracy: float) -> str:
    return f"{accuracy:g}"


def _reached(found: Reached | None) -> dict[str, Any] | None:
    return None if found is None else asdict(found)
