"""Projects whose examples are rows of a table: which columns there are, and what is refused."""

from collections.abc import Sequence
from typing import Any

from projects.models import Project, StagedUpload
from projects.models.project import InputKind
from projects.reading import ColumnChoice
from projects.reading.tables import KINDS, NUMERIC, Feature
from projects.services.refusals import Refused

MAX_FEATURES = 200
LEARNS_WITH = {
    "strategy": "coverage_to_margin",
    "head": "logistic",
    "features": "table",
    "label_names": False,
}
"""What a new project of table rows learns with: class names are no rows, so they teach nothing."""


def project_columns(columns: ColumnChoice) -> dict[str, Any]:
    """The columns of `Project` that say what its examples are, and for a table what learns."""
    if not columns.is_table:
        return {"input_kind": InputKind.TEXT}
    features = [{"name": name, "kind": kind} for name, kind in columns.features]
    return {"input_kind": InputKind.TABLE, "feature_columns": features, **LEARNS_WITH}


def features_of(project: Project) -> tuple[Feature, ...]:
    """(name, kind) of the columns that the model reads, in their order; none for texts."""
    return tuple((column["name"], column["kind"]) for column in project.feature_columns)


def check_same_columns(project: Project, columns: ColumnChoice, staged: StagedUpload) -> None:
    """More rows have the columns that the first ones had.

    Raises:
        Refused: on `columns`, naming those that the file lacks, or texts for a table and the reverse.
    """
    features = features_of(project)
    if not features and columns.is_table:
        raise Refused("columns", "This project holds texts: choose the column that is the text.")
    seen = {column["name"] for column in staged.guess["columns"]}
    lacking = [name for name, _ in features if name not in seen]
    if lacking:
        verb = "lacks the column" if len(lacking) == 1 else "lacks the columns"
        words = f"{staged.name} {verb} {_quoted(lacking)}. The rows of this project have: {_quoted([name for name, _ in features])}."
        raise Refused("columns", words)
    if features and columns.features != features:
        raise Refused(
            "columns", "The features of this project are fixed by its first rows; keep them."
        )


def check_features(columns: ColumnChoice, staged: StagedUpload) -> None:
    """Each feature can be what it is said to be.

    Raises:
        Refused: on `columns`; numbers with words among them are named with the first line.
    """
    if len(columns.features) > MAX_FEATURES:
        found = f"{len(columns.features):,} columns are features"
        raise Refused("columns", f"{found}; allowed: {MAX_FEATURES}. Make the others metadata.")
    facts = {column["name"]: column for column in staged.guess["columns"]}
    for name, kind in columns.features:
        if kind not in KINDS:
            raise Refused("columns", f"“{name}” is {kind!r}; allowed: {', '.join(KINDS)}.")
        if kind == NUMERIC and facts[name].get("first_word"):
            line, cell = facts[name]["first_word"]
            words = f"“{name}” holds “{cell}” in line {line:,}, which is no number: make the column a category, or mend the file."
            raise Refused("columns", words)


def check_varies(columns: ColumnChoice, staged: StagedUpload) -> None:
    """Raises Refused on `columns` where no feature of a first file has two values."""
    facts = {column["name"]: column for column in staged.guess["columns"]}
    found = [facts[name].get("varies", True) for name, _ in columns.features if name in facts]
    if columns.is_table and not any(found):
        words = "No feature varies: every row has the same values, so nothing can be learned."
        raise Refused("columns", words)


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown
