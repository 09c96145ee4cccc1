"""Write `docs/strategies.md` and its picture from the registries and from measured figures.

    python -m benchmarks.strategies_page

Every word about a strategy, head or kind of features is the registry's; every figure is of
`benchmarks/results/strategies.json`, and of `strategies_multilabel.json` and `first_questions.json` beside it. A test
writes the page anew and compares.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import first_questions
from benchmarks.strategies import BASELINE, MULTILABEL_RESULTS, POINTS, RESULTS
from learners.engine.features import FEATURES, FeatureKind
from learners.engine.first_questions import FIRST
from learners.engine.heads import HEADS, HeadKind
from learners.engine.recipes import DEFAULT
from learners.engine.seeds import kmeans_medoids, typical_points
from learners.engine.strategies import FOREIGN_MAX_POOL, STRATEGIES, Strategy

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "strategies.md"
PICTURE = ROOT / "docs" / "images" / "strategies.svg"
MULTILABEL_PICTURE = PICTURE.with_name("strategies_multilabel.svg")
Results = dict[str, Any]

PROJECTS = {
    "single": "one class a text",
    "multilabel": "any number of classes a text",
    "both": "one class a text, or any number",
}
HEAD_USES = {
    "vectors": "texts, and rows of a table",
    "table": "rows of a table",
    "multilabel": "any number of classes a text",
}
OWN_STRATEGY = '''\
import numpy as np
from learners.engine.strategies.base import pick_by


def chance_of_rarest(learner, X, **kwargs):
    """P(the class with the fewest labels), (n_rows,), in [0, 1]."""
    classes, counts = np.unique(learner.y_training, return_counts=True)
    return learner.predict_proba(X, **kwargs)[:, counts.argmin()]


def rarest_class(learner, X_pool, n_instances=1, *, rng, **kwargs):
    """Texts that most likely have the class with the fewest labels."""
    return pick_by(chance_of_rarest, learner, X_pool, n_instances, rng=rng, **kwargs)
'''
PLAIN_USE = """\
from modAL.models import ActiveLearner
from sklearn.linear_model import LogisticRegression

learner = ActiveLearner(LogisticRegression(), rarest_class, X_training=X, y_training=y)
indices, rows = learner.query(X_pool, n_instances=5, rng=np.random.default_rng(1))
"""


def page(single: Results, several: Results) -> str:
    """The whole of `docs/strategies.md`.

    Args:
        single: figures on texts with one class each. several: on texts with any number.
    """
    parts = [
        *_introduction(single),
        *_overview(single),
        *_overview_of_several(several),
        "## One by one",
        *(part for strategy in STRATEGIES for part in _section(strategy, single, several)),
        *_seeds(),
        *_heads(),
        *_features(),
        *_own(),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(results: Results) -> list[str]:
    data = results["data"]
    return [
        "# Query strategies",
        (
            "A query strategy decides which texts are asked next. This page says of each one what it does, what it assumes, "
            "when it fails, where it was published and what it came to when measured. It is written by "
            "`python -m benchmarks.strategies_page` from the registries in the code and from "
            "[benchmarks/results/strategies.json](../benchmarks/results/strategies.json); do not edit it by hand."
        ),
        (
            f"New projects get “{_labels()[DEFAULT.strategy]}” (`{DEFAULT.strategy}`). A project’s strategy is changed with one click "
            "on its page, and the curve marks where."
        ),
        "## How to read the figures",
        (
            f"- **Measured on** {data['data']} ({data['source']}, licence {data['licence']}): {data['n_classes']} classes, a pool of "
            f"{data['n_pool']:,} texts, accuracy on {data['n_test']:,} test texts that no model learns from.\n"
            f"- **The loop is the product’s**: head `{results['head']}`, features `{results['features']}`, the names of the classes as "
            f"first examples, a new model every {results['batch']} labels up to {results['budget']}, and one question in five drawn at "
            "random whatever the strategy, as a project draws them to measure itself. So curves lie closer together than they would "
            "without that fifth. It is not the whole default, whose head and features are others.\n"
            "- **AUBC**, the area under the curve, is the mean accuracy over all those models, in points from 0 to 100. It is what a "
            "strategy is worth over the whole of the labelling, not at its end.\n"
            f"- **To random** is the AUBC less that of `{BASELINE}`, paired by seed: the same random fifth, the same start.\n"
            "- **In brackets** are 95 % intervals over seeds (Student’s t). They say what another draw would change, not what "
            "other texts would: a strategy that wins here can lose on yours. `python manage.py simulate YOURS.csv` measures yours, "
            "and so does the “Simulate” page of a project. "
            "With so many strategies, one or another interval leaves out zero by luck alone.\n"
            "- **Seeds** is how many runs a figure is the mean of; slow strategies have fewer. One has no interval, and proves nothing.\n"
            "- **Cost** is what `python -m benchmarks.ranking` times: the next batch from 100,000 texts of 512 columns."
        ),
        *_commands(results),
    ]


def _commands(results: Results) -> list[str]:
    return [
        f"Runs of commit {results['commit']}, made with:",
        "```\n" + "\n".join(results["commands"]) + "\n```",
    ]


def _overview(results: Results) -> list[str]:
    rows = [
        (
            f"[{strategy.label}](#{strategy.name})",
            PROJECTS[strategy.for_],
            "yes" if strategy.needs_model else "no",
            *_headline(results["strategies"].get(strategy.name)),
        )
        for strategy in STRATEGIES
        if strategy.for_ != "multilabel"
    ]
    headings = ("strategy", "for projects with", "needs a model", "AUBC", "to random", "seeds")
    return [
        "## All of them: one class a text",
        _table(headings, rows, numbers_from=3),
        "![Learning curves of every measured strategy, each beside random choice](images/strategies.svg)",
        (
            "Each panel: accuracy against the number of labels (a doubling at each step) with its 95 % band, and random choice as "
            "a broken grey line over all its seeds. A panel without a band is a single run."
        ),
    ]


def _overview_of_several(results: Results) -> list[str]:
    data, measured = results["data"], results["strategies"]
    rows = [
        (f"[{strategy.label}](#{strategy.name})", *_headline_of_several(measured[strategy.name]))
        for strategy in STRATEGIES
        if strategy.name in measured
    ]
    headings = ("strategy", "whole sets, AUBC", "to random", "micro-F1, AUBC", "to random", "seeds")
    return [
        "## All of them: any number of classes a text",
        (
            f"Measured on {data['data']} ({data['source']}, licence {data['licence']}): {data['n_classes']} classes, a pool of "
            f"{data['n_pool']:,} texts, {data['n_test']:,} test texts. Each text is one, two or three requests of different classes, "
            "joined by `python -m benchmarks.mixed`: made texts, though of real sentences, so what differs between strategies here may not on "
            f"texts that were written with several classes. Head `{results['head']}`, features `{results['features']}`; everything else is as above. "
            "“Whole sets” is the share of test texts whose every class is right; micro-F1 counts classes found against classes wrongly given, "
            "over all texts together."
        ),
        *_commands(results),
        _table(headings, rows, numbers_from=1),
        "![Micro-F1 of every measured strategy, each beside random choice](images/strategies_multilabel.svg)",
        "Each panel: micro-F1 against the number of labelled texts, as above.",
    ]


def _headline_of_several(figures: dict[str, Any]) -> tuple[str, ...]:
    """Of a strategy: area and difference of whole sets, and of micro-F1."""
    whole = _headline(figures)
    micro = {"aubc": figures["micro_f1_aubc"], "difference": figures["micro_f1_difference"]}
    return (*whole[:2], *_headline({**figures, **micro}))


def _headline(figures: dict[str, Any] | None) -> tuple[str, str, str]:
    if figures is None:
        return "not measured here", "–", "–"
    return (
        _points(figures["aubc"]),
        _points(figures["difference"], sign="+") if figures["difference"] else "–",
        str(figures["n_seeds"]),
    )


def _section(strategy: Strategy, single: Results, several: Results) -> list[str]:
    file = strategy.query.__module__.replace(".", "/") + ".py"
    return [
        f'<a id="{strategy.name}"></a>\n\n### {strategy.label}',
        f"`{strategy.name}`, in [{file}](../{file}). {strategy.description}",
        (
            f"- **Assumes:** {strategy.assumes}\n"
            f"- **Fails when:** {strategy.fails_when}\n"
            f"- **For projects with** {PROJECTS[strategy.for_]}.\n"
            f"- **Score:** {strategy.score_range}.\n"
            f"- **Cost:** {_cost(strategy)}\n"
            f"- **Paper:** {strategy.paper}."
        ),
        *_measured(strategy, single, several),
    ]


def _cost(strategy: Strategy) -> str:
    sentences = [
        "Over a second for the next batch from 100,000 texts, so it is offered for small pools only."
        if strategy.small_pools_only
        else "Under a second for the next batch from 100,000 texts on one core."
    ]
    if strategy.max_pool is not None:
        sentences.append(
            f"Of a larger pool it looks at {strategy.max_pool:,} texts drawn at random."
        )
    elif strategy.shortlist is not None:
        sentences.append("A cheap look at every text of a pool of any size, a second one at few.")
    else:
        sentences.append("It looks at every text of a pool of any size.")
    if strategy.max_queue is not None:
        sentences.append(f"It queues {strategy.max_queue:,} texts at most.")
    needs = "It needs a trained model." if strategy.needs_model else "It needs no trained model."
    return " ".join([*sentences, needs])


def _measured(strategy: Strategy, single: Results, several: Results) -> list[str]:
    """Its curve on texts with one class, and on those with any number, where it was measured."""
    one, many = (results["strategies"].get(strategy.name) for results in (single, several))
    if not one and not many:
        return ["Not measured here. `python manage.py simulate` measures it on a file of yours."]
    return [*(_curves(one) if one else []), *(_curves_of_several(many) if many else [])]


def _curves(figures: dict[str, Any]) -> list[str]:
    return [
        _curve_table([("accuracy", figures["accuracy"])]),
        f"AUBC {_points(figures['aubc'])} over {_seeds_of(figures)}{_verdict(figures['difference'])}",
    ]


def _curves_of_several(figures: dict[str, Any]) -> list[str]:
    rows = [("whole sets right", figures["accuracy"]), ("micro-F1", figures["micro_f1"])]
    return [
        _curve_table(rows),
        (
            f"With any number of classes a text, over {_seeds_of(figures)}: AUBC of whole sets "
            f"{_points(figures['aubc'])}{_verdict(figures['difference'])} AUBC of micro-F1 "
            f"{_points(figures['micro_f1_aubc'])}{_verdict(figures['micro_f1_difference'])}"
        ),
    ]


def _curve_table(rows: Sequence[tuple[str, dict[str, Any]]]) -> str:
    cells = [[name, *(_points(curve[str(at)]) for at in POINTS)] for name, curve in rows]
    return _table(["labels", *map(str, POINTS)], cells, numbers_from=1)


def _seeds_of(figures: dict[str, Any]) -> str:
    return "1 seed" if figures["n_seeds"] == 1 else f"{figures['n_seeds']} seeds"


def _verdict(difference: Sequence[float | None] | None) -> str:
    if difference is None:
        return ", which the others are compared with."
    _, low, high = difference
    words = f"; to random {_points(difference, sign='+')}"
    if low is None or high is None:
        return f"{words}, from one seed: no interval."
    if low > 0:
        return f"{words}: better here."
    return f"{words}: worse here." if high < 0 else f"{words}: no difference beyond noise here."


def _seeds() -> list[str]:
    lines = [
        f"- `learners.engine.seeds.{seed.__name__}`: {_first_line(seed)}"
        for seed in (kmeans_medoids, typical_points)
    ]
    return [
        "## Seeds: the first questions",
        (
            "The best seed costs no question: the names and descriptions of the classes are the first training examples "
            "(`learners.engine.training.Names`), so that there is a model before the first answer. A project’s setting turns it off, "
            "and names without letters are none."
        ),
        (
            "Where names train no model, there is none until labels of two classes stand and the first fit is made. Until then, as soon as some "
            "texts are read, the first questions are ranked without one, in a project and in a simulation by the same function "
            "(`learners.engine.first_questions.rank_first_questions`): a strategy that needs no model ranks by itself, `random` stays "
            f"random, and for every other `{FIRST}` ranks. The reserved texts keep their share of the questions, and each answer keeps why "
            "its text was asked."
        ),
        *_first_questions(),
        (
            "Outside the loop, two seeds are there as plain functions of vectors, a number and a generator:"
        ),
        "\n".join(lines),
    ]


def _first_questions() -> list[str]:
    found = json.loads(first_questions.RESULTS.read_text("utf-8"))
    columns = range(found["batch"], found["budget"] + 1, found["batch"])
    headings = ("data", "first questions", *map(str, columns), "mean", "to random")
    rows = [
        (
            data,
            _way(way),
            *(_points(ways[way]["accuracy"][str(at)]) for at in columns),
            *_means(ways[way]),
        )
        for data, ways in ((data, about["ways"]) for data, about in found["data"].items())
        for way in ways
    ]
    spans = "; ".join(_span(data, about) for data, about in found["data"].items())
    return [
        (
            f"What that is worth, by `{found['strategy']}` without names, head `logistic` on `minilm`, one question in five drawn at random as "
            f"everywhere: accuracy at so many labels, their mean, and its difference to first questions drawn at random, paired by seed, with "
            f"95 % intervals over seeds ({spans}). Made by `python -m benchmarks.first_questions` at commit {found['commit']}."
        ),
        _table(headings, rows, numbers_from=2),
        (
            "Either method is far better than random first questions; between the two there is no difference beyond noise. "
            "k-means medoids had the higher mean over both sets with seeds 100 to 109, by which they were chosen."
        ),
    ]


def _way(name: str) -> str:
    return "at random" if name == first_questions.AT_RANDOM else f"`{name}`"


def _means(way: dict[str, Any]) -> tuple[str, str]:
    is_random = way["difference"] is None or not any(way["difference"])
    return _points(way["aubc"]), "–" if is_random else _points(way["difference"], sign="+")


def _span(data: str, about: dict[str, Any]) -> str:
    first, last = about["seeds"]
    return (
        f"{data}: {about['n_classes']} classes, a pool of {about['n_pool']:,}, {about['n_test']:,} test texts, "
        f"seeds {first} to {last}"
    )


def _heads() -> list[str]:
    def row(head: HeadKind) -> tuple[str, ...]:
        return head.label, f"`{head.name}`", HEAD_USES[head.kind], head.description, head.paper

    return [
        "## Heads: what learns",
        f"The small model on top of the features. New projects of texts get `{DEFAULT.head}`.",
        _table(("head", "name", "for", "what it does", "paper"), map(row, HEADS)),
    ]


def _features() -> list[str]:
    def row(features: FeatureKind) -> tuple[str, ...]:
        return features.label, f"`{features.name}`", features.description

    return [
        "## Features: what it sees",
        f"New projects of texts get `{DEFAULT.features}`. Parts that are fitted on the pool never see texts kept to measure.",
        _table(("features", "name", "what they are"), map(row, FEATURES)),
    ]


def _own() -> list[str]:
    return [
        "## Your own",
        (
            "A strategy is a [modAL](https://modal-python.readthedocs.io) query strategy: a function of a learner and a pool that "
            "returns row numbers and their scores, best first. This one, in a module `our_team/strategies.py`, is whole:"
        ),
        f"```python\n{OWN_STRATEGY}```",
        "It runs outside Labeler with modAL’s own learner, as every strategy above does:",
        f"```python\n{PLAIN_USE}```",
        (
            "To measure it: `python manage.py simulate YOURS.csv --strategies margin,our_team.strategies.rarest_class`. To offer it to "
            'projects: a line `"our_team.strategies.rarest_class": "Rarest class"` in `LABELER_STRATEGY_LABELS` of '
            "`labeler/settings.py`. The path may also lead to a `learners.engine.strategies.Strategy`, which says how large a pool it can take; "
            f"a plain function is given {FOREIGN_MAX_POOL:,} texts drawn at random from a larger one."
        ),
        (
            "What it has to keep, and how that is checked, is in [tests/engine/contract.py](../tests/engine/contract.py): distinct rows, best first, "
            "the same for the same seed even among ties, whatever the order of the pool, the whole pool when too few are left, an error "
            "from an untrained model. `pick_by` sees to all of that for strategies that score each text by itself."
        ),
    ]


def _labels() -> dict[str, str]:
    return {strategy.name: strategy.label for strategy in STRATEGIES}


def _first_line(function: Any) -> str:
    return str(function.__doc__).strip().partition("\n")[0]


def _points(estimate: Sequence[float | None], *, sign: str = "") -> str:
    """Shares as points from 0 to 100: "81.2 [80.1, 82.3]"."""
    value, *bounds = (
        "–" if share is None else f"{100 * share:{sign}.1f}".replace("-", "−") for share in estimate
    )
    return value if None in estimate else f"{value} [{', '.join(bounds)}]"


def _table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int | None = None
) -> str:
    """Columns from `numbers_from` on are set to the right."""
    right = len(headings) if numbers_from is None else numbers_from
    rule = ["---" if place < right else "---:" for place in range(len(headings))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (headings, rule, *rows))


def picture_spec(results: Results) -> dict[str, Any]:
    """One panel for each measured strategy but random choice, in the registry's order, as Vega-Lite."""
    measure = "micro_f1" if results["multilabel"] else "accuracy"
    measured = [name for name in _labels() if name in results["strategies"] and name != BASELINE]
    rows = [row for name in measured for row in _panel(name, results["strategies"], measure)]
    x = {
        "field": "labels",
        "type": "quantitative",
        "title": "labels",
        "scale": {"type": "log", "base": 2, "domain": [POINTS[0], POINTS[-1]]},
        "axis": {"values": list(POINTS), "format": "d", "grid": False},
    }
    y = {
        "type": "quantitative",
        "title": "micro-F1" if results["multilabel"] else "accuracy",
        "scale": {"zero": False},
        "axis": {"format": ".0%", "tickCount": 4},
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "#ffffff",
        "data": {"values": rows},
        "facet": {
            "field": "strategy",
            "type": "nominal",
            "title": None,
            "sort": [_labels()[name] for name in measured],
            "header": {"labelFontSize": 12, "labelFontWeight": "bold", "labelColor": "#1b1c1e"},
        },
        "columns": 4,
        "spacing": 14,
        "spec": {
            "width": 170,
            "height": 110,
            "layer": [
                _layer({"type": "area", "opacity": 0.18, "color": "#1f5fbf"}, x, y, "low", "high"),
                _layer({"type": "line", "strokeDash": [4, 3], "color": "#6b6f76"}, x, y, "random"),
                _layer({"type": "line", "strokeWidth": 2, "color": "#1f5fbf"}, x, y, "mean"),
            ],
        },
        "config": {
            "axis": {"labelColor": "#55585e", "titleColor": "#55585e", "gridColor": "#dcdcd8"}
        },
    }


def _layer(
    mark: dict[str, Any], x: dict[str, Any], y: dict[str, Any], field: str, upto: str | None = None
) -> dict[str, Any]:
    bounds = {"y2": {"field": upto}} if upto else {}
    return {"mark": mark, "encoding": {"x": x, "y": {"field": field, **y}, **bounds}}


def _panel(name: str, measured: dict[str, Any], measure: str) -> Iterable[dict[str, Any]]:
    for at in POINTS:
        mean, low, high = measured[name][measure][str(at)]
        yield {
            "strategy": _labels()[name],
            "labels": at,
            "mean": mean,
            "low": mean if low is None else max(0.0, low),
            "high": mean if high is None else min(1.0, high),
            "random": measured[BASELINE][measure][str(at)][0],
        }


def picture_mark(results: Results) -> str:
    """A comment for the picture's end that says which figures it shows."""
    drawn = json.dumps(picture_spec(results), sort_keys=True).encode()
    return f"<!-- of {hashlib.sha256(drawn).hexdigest()} -->\n"


def read_results() -> tuple[Results, Results]:
    """What `benchmarks.strategies` wrote: of texts with one class each, and with any number."""
    single, several = (
        json.loads(path.read_text("utf-8")) for path in (RESULTS, MULTILABEL_RESULTS)
    )
    return single, several


def main() -> None:
    import vl_convert  # noqa: PLC0415  84 MB, and the page alone needs none of it

    found = read_results()
    PAGE.write_text(page(*found), "utf-8")
    for results, path in zip(found, (PICTURE, MULTILABEL_PICTURE), strict=True):
        drawn = str(vl_convert.vegalite_to_svg(picture_spec(results), vl_version="6.4"))
        path.write_text(drawn.rstrip() + "\n" + picture_mark(results), "utf-8")


if __name__ == "__main__":
    main()
