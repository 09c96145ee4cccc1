"""What a packed model of a table says of itself: `card.json` for programs, `README.md` for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from learners.engine.card import BundleCard, confirmed_words, measured_how, measured_words
from learners.engine.features.table import LEVEL, NUMERIC, VALUE, TableModel
from learners.engine.heads import Head
from learners.engine.heads.stored_tree import TreeHead
from learners.engine.rules import Rule, rules_of


def table_card_data(
    card: BundleCard, *, table: TableModel, class_names: Sequence[str], files: Mapping[str, str]
) -> dict[str, Any]:
    """`card.json`: the facts, the columns and their kinds, and the SHA-256 of every other file."""
    return {
        "format": 1,
        **asdict(card),
        "versions": dict(sorted(card.versions.items())),
        "classes": list(class_names),
        "table": {
            "sha256": table.digest,
            "n_dimensions": table.n_dimensions,
            "columns": [asdict(column) for column in table.columns],
            "columns_without_effect": table.constant,
        },
        "files_sha256": dict(sorted(files.items())),
    }


def table_readme(
    card: BundleCard, *, table: TableModel, head: Head | TreeHead, class_names: Sequence[str]
) -> str:
    """`README.md`: how to run the model, how good it is, what it reads and what it was made from."""
    sections = [
        f"# {_line(card.project)}\n\n{card.description.strip() or 'A classifier of table rows.'}",
        RUN,
        f"## How good it is\n\n{_measured(card)}",
        f"## The columns it reads\n\n{_columns(table)}",
        *([_rules(head, table, class_names)] if isinstance(head, TreeHead) else []),
        f"## What it learned from\n\n{_learned(card, class_names)}",
        f"## What is inside\n\n{_inside(card, table)}",
    ]
    return "\n\n".join(sections) + "\n"


RUN = """## Run it

With Python 3.11 or later:

    pip install -r requirements.txt
    python predict.py rows.csv
    python predict.py < rows.csv

The first line of the CSV names the columns; columns that the model does not read are passed over.
One JSON object a row comes out: line, label, probability, and the probability of every label. Empty
cells, ?, NA, N/A, NaN and null are missing values. From Python: `from predict import predict`, with
one dictionary a row. Nothing is fetched from a network."""


def _measured(card: BundleCard) -> str:
    because = card.unmeasured_because
    lines = [
        measured_words(interval, name=name, because=because, texts="randomly chosen rows")
        for name, interval in (("Accuracy", card.accuracy), ("Macro-F1", card.macro_f1))
    ]
    given = (("Accuracy", card.test_accuracy), ("Macro-F1", card.test_macro_f1))
    lines += [
        measured_words(interval, name=name, because="", texts="rows of the given test split")
        for name, interval in given
        if interval
    ]
    how = measured_how(card).replace("texts", "rows")
    return "\n".join(f"- {line}" for line in lines) + f"\n\n{how}{confirmed_words(card)}"


def _columns(table: TableModel) -> str:
    rows = [
        f"| {_cell(c.name)} | {c.kind} | {_read(i, table)} |" for i, c in enumerate(table.columns)
    ]
    return "\n".join(["| Column | Kind | How it is read |", "|---|---|---|", *rows])


def _read(column: int, table: TableModel) -> str:
    found = [d for d in table.dimensions if d.column == column]
    if not found:
        return "one value in the whole pool: no effect"
    if table.columns[column].kind == NUMERIC:
        value = next((d for d in found if d.test == VALUE), None)
        if value is None:
            return "whether it is missing"
        return f"less {value.centre:.6g}, by {value.scale:.6g}; a missing one stands at the median"
    levels = [d.level for d in found if d.test == LEVEL]
    shown = ", ".join(_cell(level) for level in levels[:12]) + (", …" if len(levels) > 12 else "")
    return f"{len(levels)} frequent values: {shown}" if levels else "whether it is missing"


def _rules(tree: TreeHead, table: TableModel, class_names: Sequence[str]) -> str:
    names = dict(zip(tree.class_ids, class_names, strict=True))
    lines = [f"- {rule_words(rule, names)}" for rule in rules_of(tree, table)]
    intro = "Each row meets one rule. In brackets: how many of the training rows that met it were of that class."
    return "\n".join(["## The rules", "", intro, "", *lines])


def rule_words(rule: Rule, names: Mapping[int, str]) -> str:
    """One rule as a sentence: "if age is above 40, then yes (12 of 13)"."""
    end = f"{_line(names[rule.class_id])} ({rule.n_right} of {rule.n})"
    conditions = " and ".join(_line(condition) for condition in rule.conditions)
    return f"if {conditions}, then {end}" if conditions else f"always {end}"


def _learned(card: BundleCard, class_names: Sequence[str]) -> str:
    known = (
        f", {card.n_known} of them with labels that came with the data or from programs"
        if card.n_known
        else ""
    )
    chosen = "; ".join(f"{how} ({n})" for how, n in card.chosen_by.items()) or "there are none"
    words = (
        f"{card.data.strip()} {card.n_labels} labelled rows{known}. How they were chosen: {chosen}."
    )
    rows = [f"| {_cell(name)} | {card.labels_per_class.get(name, 0)} |" for name in class_names]
    return "\n".join([words.strip(), "", "| Class | Labelled rows |", "|---|---|", *rows])


def _inside(card: BundleCard, table: TableModel) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(card.versions.items()))
    lines = [
        f"Classifier: {card.head}, fit {card.fit} of {card.created_at}, seed {card.seed}.",
        f"Strategy at that fit: {card.strategy}.",
        f"Columns as {table.n_dimensions - 1} numbers, by medians, ranges and frequent values of the pool.",
        f"Trained with {versions}.",
        "`table.json` says how cells become numbers; `model.onnx` takes those and gives probabilities (fp32).",
        "`card.json` holds all of this for programs, with the SHA-256 of every other file.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")
