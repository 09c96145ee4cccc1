"""What a simulation means, in sentences that carry their uncertainty. Pure: values in, text out."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from learners.engine.recipes import DEFAULT, MARGIN, REFERENCE
from learners.models import Simulation
from learners.selectors.curve import strategy_label
from learners.views.sentences import NB, count, percent

REFERENCE_LABEL = "Random choice"
PRESET_LABELS = {
    DEFAULT.name: "Default",
    REFERENCE.name: REFERENCE_LABEL,
    MARGIN.name: "Margin",
}
SET_HEADS = frozenset(settings.LABELER_MULTILABEL_HEADS)
POPULATIONS = {
    Simulation.Source.GOLD: (
        "Run on {texts} of this project whose label came with the data. They stand for the project "
        "as far as those {texts} do."
    ),
    Simulation.Source.LABELS: (
        "Run on the {texts} that people have labelled here. Most of them were chosen by a strategy "
        "or came in as answers, so they are no random sample of the project: read the differences "
        "between recipes, not the heights of the curves."
    ),
    Simulation.Source.FILE: (
        "Run on the uploaded file. What holds there holds here as far as the {texts} and classes "
        "are alike."
    ),
}


def what(simulation: Simulation) -> str:
    """`texts`, or `rows` of a table."""
    return "rows" if simulation.project.is_table else "texts"


def of_sets(simulation: Simulation) -> bool:
    """Whether a text has any number of classes there."""
    return any(recipe["head"] in SET_HEADS for recipe in simulation.recipes)


def measure_of(simulation: Simulation) -> str:
    """What the curves are of."""
    return "whole sets right" if of_sets(simulation) else "accuracy"


def population(simulation: Simulation) -> str:
    """What was run on, and how far it stands for the project."""
    said = POPULATIONS[Simulation.Source(simulation.source)]
    return said.format(texts=what(simulation))


def recipe_label(recipe: Mapping[str, Any]) -> str:
    """`Default`, or strategy, classifier and features."""
    known = PRESET_LABELS.get(recipe["name"])
    if recipe["name"] == "margin" and recipe["head"] in SET_HEADS:
        known = f"{strategy_label(recipe['strategy'])}, else as the default"
    return known or f"{strategy_label(recipe['strategy'])} · {recipe_parts(recipe)}"


def recipe_parts(recipe: Mapping[str, Any]) -> str:
    """`Self-trained · MiniLM and LSI`."""
    head = settings.LABELER_HEAD_LABELS.get(recipe["head"], recipe["head"])
    features = settings.LABELER_FEATURES_LABELS.get(recipe["features"], recipe["features"])
    return f"{head} · {features}"


def labels_of(simulation: Simulation) -> dict[str, str]:
    """What each compared recipe is called, by name."""
    return {recipe["name"]: recipe_label(recipe) for recipe in simulation.recipes}


def points(share: float) -> str:
    """`6.5 points` of a difference of shares, without its sign."""
    found = f"{abs(100 * share):.1f}"
    return f"{found}{NB}point{'' if found == '1.0' else 's'}"


def verdict(simulation: Simulation) -> list[str]:
    """What the results say, most important first; nothing before there are any."""
    summaries = {found["name"]: found for found in simulation.results.get("summaries", [])}
    best = summaries.get(simulation.results.get("best"))
    if best is None or REFERENCE.name not in summaries:
        return []
    if len(summaries) == 1:
        return [f"{REFERENCE_LABEL} alone has been run; there is nothing to compare it with."]
    labels = labels_of(simulation)
    if best["name"] == REFERENCE.name:
        return [_nothing_better(simulation, summaries)]
    said = [
        _best(labels[best["name"]], best, measure_of(simulation)),
        _reached(best, summaries[REFERENCE.name], measure_of(simulation)),
    ]
    return [*filter(None, said), *_runner_up(simulation, labels)]


def _nothing_better(simulation: Simulation, summaries: Mapping[str, Any]) -> str:
    others = [found for name, found in summaries.items() if name != REFERENCE.name]
    worse = all(
        found["difference_high"] is not None and found["difference_high"] < 0 for found in others
    )
    noise = "" if worse else " The differences are within noise."
    return f"Nothing that was compared did better here than choosing at random.{noise}"


def _best(label: str, best: Mapping[str, Any], measure: str) -> str:
    low, high = best["difference_low"], best["difference_high"]
    found = f"{points(best['difference'])} of mean {measure} above {REFERENCE_LABEL.lower()}"
    runs = count(best["n_seeds"], "run")
    if low is None:
        return f"{label} is {found}, in one run: more runs are needed to tell that from noise."
    if low <= 0:
        return (
            f"No difference beyond noise: {label} is {found}, but over {runs} that could as well "
            f"be {_signed(low)} to {_signed(high)}. More runs tell smaller differences."
        )
    return (
        f"{label} is best: {found}, from {best['labels'][0]} to {best['labels'][-1]:,} labels "
        f"(between {100 * low:.1f} and {100 * high:.1f}, {runs})."
    )


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _reached(best: Mapping[str, Any], reference: Mapping[str, Any], measure: str) -> str:
    """Only within the curves, and only where the gain is beyond noise."""
    reached = best["labels_to_reference_end"]
    beyond = best["difference_low"] is not None and best["difference_low"] > 0
    if not beyond or not reached or reached["labels"] is None:
        return ""
    end = reference["labels"][-1]
    accuracy = percent(reference["accuracy"]["mean"][-1])
    whole = "" if measure == "accuracy" else f" of {measure}"
    within = _within(reached["low"], reached["high"], reached["labels"])
    return (
        f"With {reached['labels']:,} labels{within} it has the {accuracy}{whole} that "
        f"{REFERENCE_LABEL.lower()} has with {end:,}."
    )


def _within(low: int | None, high: int | None, value: int) -> str:
    if low is None or (low == value == high):
        return ""
    return f" ({low:,} to {high:,})" if high is not None else f" ({low:,} or more)"


def _runner_up(simulation: Simulation, labels: Mapping[str, str]) -> list[str]:
    against = {
        name: found
        for name, found in simulation.results["against_best"].items()
        if name != REFERENCE.name
    }
    if not against:
        return []
    name, (value, _, high) = max(against.items(), key=lambda item: item[1][0])
    if high is None:
        return []
    beyond = "beyond noise" if high < 0 else "which is within noise"
    return [f"Next is {labels[name]}, {points(value)} behind, {beyond}."]


def saved_words(reached: int | None, saved: Mapping[str, Any] | None) -> tuple[str, str]:
    """`16` and `32 fewer (24 to 40)`; a dash where the accuracy is not reached."""
    if reached is None:
        return "–", ""
    if saved is None:
        return f"{reached:,}", ""
    interval = ""
    if saved["low"] is not None:
        low, high = sorted((saved["low"], saved["high"]))
        interval = f" ({_fewer(low)} to {_fewer(high)})"
    value = saved["labels"]
    if value == 0:
        return f"{reached:,}", f"as many{interval}"
    return f"{reached:,}", f"{abs(value):,} {'fewer' if value > 0 else 'more'}{interval}"


def _fewer(n_labels: int) -> str:
    return f"−{-n_labels:,}" if n_labels < 0 else f"{n_labels:,}"
