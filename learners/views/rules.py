"""The rules of a table project's newest model, where that model is a tree."""

from dataclasses import dataclass
from typing import Any, cast

from learners.engine.errors import BadFile
from learners.engine.features.table import TableModel
from learners.engine.heads.stored_tree import TreeHead
from learners.engine.rules import Rule, rules_of
from learners.selectors.honesty import newest_fit
from learners.services.prediction import head_of, pool_models_of
from projects.models import LabelClass, Project

TEXTS = "Rules are read from models of table rows; this project holds texts."
NONE_YET = "There is no model yet: the rules are told from the first fit on."
NOT_A_TREE = (
    "The newest model weighs all columns at once and does not read as rules.",
    "With “Small decision tree” as the head (in the settings) the next model does; it is often a little less accurate.",
)
GONE = "The stored model of the newest fit cannot be read; “manage.py rebuild_learners” makes it again."


@dataclass(frozen=True)
class ShownRule:
    """A rule and the class that it leads to; `share`: how sure the model is there, in words."""

    rule: Rule
    label_class: LabelClass
    share: str


def rules_context(project: Project) -> dict[str, Any]:
    """What the tab shows: sentences, and the rules where there are some."""
    if not project.is_table:
        return {"sentences": [TEXTS]}
    fit = newest_fit(project.pk)
    if fit is None:
        return {"sentences": [NONE_YET]}
    try:
        head = head_of(fit)
        table = cast(TableModel, pool_models_of(fit)[0]) if isinstance(head, TreeHead) else None
    except (BadFile, FileNotFoundError):
        return {"sentences": [GONE]}
    if table is None or not isinstance(head, TreeHead):
        return {"sentences": list(NOT_A_TREE)}
    classes = {row.pk: row for row in LabelClass.objects.filter(project=project)}
    rules = [
        ShownRule(rule, classes[rule.class_id], _share(rule.probability))
        for rule in rules_of(head, table)
    ]
    return {"sentences": _sentences(fit.pk, rules, table), "rules": rules}


def _share(probability: float) -> str:
    """Never rounded to certainty, which no rule has."""
    return "over 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def _sentences(fit_id: int, rules: list[ShownRule], table: TableModel) -> list[str]:
    if len(rules) == 1:
        first = (
            f"Fit {fit_id} found no column that tells the classes apart: it always answers alike."
        )
    else:
        first = f"Fit {fit_id} is {len(rules)} rules; each row meets exactly one of them."
    read = {c for shown in rules for c in shown.rule.columns}
    names = [column.name for column in table.columns if column.name in read]
    return [first, f"It looks at {', '.join(names)}, and at no other column."] if names else [first]
