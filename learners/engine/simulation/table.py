"""Summaries as a table for a terminal."""

from collections.abc import Sequence

from learners.engine.simulation.summary import Estimate, Reached, Summary

HEADINGS = (
    "recipe",
    "seeds",
    "accuracy AUBC",
    "to reference",
    "macro-F1 AUBC",
    "to reference",
    "labels to 80 %",
    "to 90 %",
    "to reference's end",
)


SET_HEADINGS = (
    *("recipe", "seeds", "whole sets AUBC", "to reference", "micro-F1 AUBC", "to reference"),
    *HEADINGS[4:],
)


def table(summaries: Sequence[Summary]) -> str:
    """One line a recipe, best area first; areas and differences in points (0 to 100). Where a text has
    any number of classes, accuracy is the share of whole sets right, and micro-F1 stands beside it.
    """
    best_first = sorted(summaries, key=lambda summary: -summary.aubc.value)
    of_sets = any(summary.micro_f1_aubc for summary in summaries)
    lines = [
        SET_HEADINGS if of_sets else HEADINGS,
        *[_cells(summary, of_sets=of_sets) for summary in best_first],
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(summary: Summary, *, of_sets: bool) -> tuple[str, ...]:
    micro = (_points(summary.micro_f1_aubc), _points(summary.micro_f1_difference, sign="+"))
    return (
        summary.name,
        str(len(summary.seeds)),
        _points(summary.aubc),
        _points(summary.difference, sign="+"),
        *(micro if of_sets else ()),
        _points(summary.macro_f1_aubc),
        _points(summary.macro_f1_difference, sign="+"),
        _labels(summary.labels_to[0.8]),
        _labels(summary.labels_to[0.9]),
        _labels(summary.to_reference_end),
    )


def _points(estimate: Estimate | None, sign: str = "") -> str:
    if estimate is None:
        return "–"
    value = f"{100 * estimate.value:{sign}.1f}"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{100 * estimate.low:{sign}.1f}, {100 * estimate.high:{sign}.1f}]"


def _labels(reached: Reached | None) -> str:
    return "–" if reached is None or reached.labels is None else str(reached.labels)
