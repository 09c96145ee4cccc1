"""A tree told as rules: "if age is above 40 and job is technician", "if it has “refund”, no “card”".

One rule is one leaf: all its conditions hold together, and no row or text meets two rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learners.engine.features.table import IS_MISSING, LEVEL, NUMERIC, VALUE, TableModel
from learners.engine.heads.stored_tree import Leaf, Step, TreeHead


@dataclass(frozen=True)
class Rule:
    """One leaf in words.

    Attributes:
        conditions: all hold together; none for a tree that asks nothing.
        columns: names of the columns that they speak of.
        class_id: what is answered, with `probability` in (0, 1].
        n_right, n: training rows of that class, of all that end here.
    """

    conditions: tuple[str, ...]
    columns: tuple[str, ...]
    class_id: int
    probability: float
    n_right: int
    n: int


def rules_of(tree: TreeHead, table: TableModel) -> list[Rule]:
    """The rules, those with the most training rows first."""
    rules = [_rule(leaf, tree.class_ids, table) for leaf in tree.leaves()]
    return sorted(rules, key=lambda rule: -rule.n)


def word_rules_of(tree: TreeHead, words: Sequence[str]) -> list[Rule]:
    """The same of a tree that asks which of `words` a text has."""
    rules = [_told(leaf, tree.class_ids, _of_words(leaf.steps, words)) for leaf in tree.leaves()]
    return sorted(rules, key=lambda rule: -rule.n)


def _of_words(steps: Sequence[Step], words: Sequence[str]) -> dict[str, str]:
    """What a text has, and then what it has not, by the word."""
    quoted = {step.dimension: f"“{words[step.dimension]}”" for step in steps}
    has = {words[s.dimension]: f"it has {quoted[s.dimension]}" for s in steps if s.above}
    lacks = [step.dimension for step in steps if not step.above]
    if not lacks:
        return has
    said = f"it has no {' or '.join(quoted[each] for each in lacks)}"
    return has | {words[lacks[0]]: said}


def _rule(leaf: Leaf, class_ids: Sequence[int], table: TableModel) -> Rule:
    return _told(leaf, class_ids, _conditions(leaf.steps, table))


def _told(leaf: Leaf, class_ids: Sequence[int], conditions: dict[str, str]) -> Rule:
    best = int(leaf.probabilities.argmax())
    return Rule(
        conditions=tuple(conditions.values()),
        columns=tuple(conditions),
        class_id=class_ids[best],
        probability=float(leaf.probabilities[best]),
        n_right=int(leaf.counts[best]),
        n=int(leaf.counts.sum()),
    )


def _conditions(steps: Sequence[Step], table: TableModel) -> dict[str, str]:
    """One condition a column, by its name, in the order in which the tree first asks for it."""
    by_column: dict[int, list[Step]] = {}
    for step in steps:
        by_column.setdefault(table.dimensions[step.dimension].column, []).append(step)
    return {
        table.columns[column].name: _of_number(found, column, table)
        if table.columns[column].kind == NUMERIC
        else _of_category(found, column, table)
        for column, found in by_column.items()
    }


def _of_number(steps: Sequence[Step], column: int, table: TableModel) -> str:
    name = table.columns[column].name
    tests = {step: table.dimensions[step.dimension].test for step in steps}
    known = {step.above for step in steps if tests[step] == IS_MISSING}
    if known == {True}:  # a missing number stands at the middle: bounds say nothing more
        return f"{name} is missing"
    bounds = [step for step in steps if tests[step] == VALUE]
    low = max((step.threshold for step in bounds if step.above), default=-np.inf)
    high = min((step.threshold for step in bounds if not step.above), default=np.inf)
    words = _between(low, high, column, table)
    if not bounds:
        return f"{name} is known"
    has_mark = any(d.column == column and d.test == IS_MISSING for d in table.dimensions)
    stands_inside = has_mark and not known and low < 0 <= high
    return f"{name} is {words}{' or missing' if stands_inside else ''}"


def _between(low: float, high: float, column: int, table: TableModel) -> str:
    above, most = (_shown(bound, column, table) for bound in (low, high))
    if np.isfinite(low) and np.isfinite(high):
        return f"above {above} and at most {most}"
    return f"above {above}" if np.isfinite(low) else f"at most {most}"


def _shown(threshold: float, column: int, table: TableModel) -> str:
    """A threshold in the column's own unit, four digits of it."""
    if not np.isfinite(threshold):
        return ""
    of_value = (d for d in table.dimensions if d.column == column and d.test == VALUE)
    dimension = next(of_value)
    number = dimension.centre + dimension.scale * threshold / table.weight
    return f"{number:,.0f}" if abs(number) >= 10_000 else f"{number:.4g}"


def _of_category(steps: Sequence[Step], column: int, table: TableModel) -> str:
    name = table.columns[column].name
    said = {table.dimensions[step.dimension]: step.above for step in steps}
    words = {
        dimension: dimension.level
        if dimension.test == LEVEL
        else "missing"
        if dimension.test == IS_MISSING
        else "a rare or unknown value"
        for dimension in said
    }
    held = [words[dimension] for dimension, above in said.items() if above]
    if held:
        return f"{name} is {held[-1]}"
    not_held = [words[dimension] for dimension, above in said.items() if not above]
    return f"{name} is not {' or '.join(not_held)}"
