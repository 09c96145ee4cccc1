"""The tabs below the curve: what each says, as context for its template, and its picture."""

from dataclasses import dataclass
from typing import Any

from learners.engine.confusion import Cell
from learners.selectors.curve import Measure, attempts
from learners.selectors.honesty import (
    Measured,
    advice,
    as_measure,
    baseline,
    class_measures,
    measured,
    measured_sets,
    newest_fit,
)
from learners.selectors.progress import audit_progress
from learners.views import honest_sentences, numbers_charts, set_sentences
from learners.views.rules import rules_context
from learners.views.sentences import UNANSWERED
from projects.models import LabelClass, Project

SHOWN_FITS = 20
MOST_IN_GRID = 12  # classes; beyond, the grid is a list of the worst
NAMED_IN_GRID = 5  # classes; beyond, columns are numbered
INTERVAL_FROM = 10  # answers of a class, before its cells carry an interval
SHOWN_MISTAKES = 15
SHOWN_IN_CHART = 30  # classes


@dataclass(frozen=True)
class Tab:
    """One of the tabs: `name` in addresses and of its template; some are for tables alone, and some
    tell nothing where a text has any number of classes.
    """

    name: str
    label: str
    has_chart: bool = False
    of_tables: bool = False
    of_sets: bool = True


TABS = (
    Tab("helping", "Is it helping?", has_chart=True),
    Tab("classes", "Classes", has_chart=True),
    Tab("confusion", "Confusion", of_sets=False),
    Tab("calibration", "Calibration", has_chart=True),
    Tab("enough", "Enough labels?"),
    Tab("rules", "Rules", of_tables=True, of_sets=False),
    Tab("fits", "Fits"),
)
DEFAULT_TAB = TABS[0]
BY_NAME = {tab.name: tab for tab in TABS}


@dataclass(frozen=True)
class ClassRow:
    """Recall and precision of one class; None where no answer tells."""

    label_class: LabelClass
    recall: Measure | None
    precision: Measure | None


@dataclass(frozen=True)
class GridCell:
    """One cell of the grid. `heat`: 0 to 4, how much of the row it is; `share` where n allows."""

    n: int
    heat: int
    is_right: bool
    share: Measure | None


@dataclass(frozen=True)
class GridRow:
    """One true class, its place from 1, and its answers by what was said."""

    place: int
    label_class: LabelClass
    n: int
    cells: list[GridCell]


@dataclass(frozen=True)
class Mistake:
    """One pair of classes that is confused."""

    truth: LabelClass
    said: LabelClass
    n: int
    share: Measure


def tabs_of(project: Project) -> list[Tab]:
    """The tabs that say something of this project, the one that stands open at first in front."""
    return [
        tab
        for tab in TABS
        if (project.is_table or not tab.of_tables) and (tab.of_sets or not project.multilabel)
    ]


def numbers_context(project: Project, tab: Tab) -> dict[str, Any]:
    """What the template of `tab` shows."""
    match tab.name:
        case "fits":
            return {"fits": attempts(project.pk, limit=SHOWN_FITS)}
        case "helping":
            return _helping(project)
        case "rules":
            return rules_context(project)
        case "enough":
            found = advice(project.pk)
            sentences = [honest_sentences.verdict(found), *_what_right_is(project)]
            return {
                "sentences": sentences,
                "criteria": honest_sentences.criteria(
                    found, project.noun, of_sets=project.multilabel
                ),
                "can_confirm": newest_fit(project.pk) is not None,
            }
    return _measured_context(project, tab)


def chart_spec(project: Project, tab: Tab) -> dict[str, Any] | None:
    """The picture of a tab; None where it has none, or nothing to draw yet."""
    if tab.name == "helping":
        compared = baseline(project.pk)
        return numbers_charts.helping_spec(compared, project.noun) if compared else None
    if not tab.has_chart:
        return None
    if project.multilabel:
        return _chart_of_sets(project, tab)
    found = measured(project.pk)
    if found is None:
        return None
    if tab.name == "calibration":
        return numbers_charts.calibration_spec(found.bins, project.noun) if found.bins else None
    rows = [(row.label_class.name, row.recall) for row in _worst_first(found)]
    return _recall_spec(rows, project.noun)


def _chart_of_sets(project: Project, tab: Tab) -> dict[str, Any] | None:
    if tab.name == "classes":
        rows = [(row.label_class.name, row.recall) for row in _set_rows(project)]
        return _recall_spec(rows, project.noun)
    if tab.name != "calibration":
        return None
    found = measured_sets(project.pk)
    pooled = found.pooled if found else None
    return numbers_charts.pooled_spec(pooled.bins) if pooled else None


def _recall_spec(rows: list[tuple[str, Measure | None]], noun: str) -> dict[str, Any] | None:
    told = [(name, recall) for name, recall in rows if recall][:SHOWN_IN_CHART]
    return numbers_charts.recall_spec(told, noun) if told else None


def _helping(project: Project) -> dict[str, Any]:
    found, noun = baseline(project.pk), project.noun
    n_answered = audit_progress(project).n_answered
    has_fit = newest_fit(project.pk) is not None
    sentences = [
        honest_sentences.helping(found, n_answered=n_answered, has_fit=has_fit, noun=noun),
        *_what_right_is(project),
    ]
    if found:
        sentences += [honest_sentences.saved(found, noun), honest_sentences.needed_now(found, noun)]
    return {"sentences": sentences, "baseline": found, "has_picture": found is not None}


def _what_right_is(project: Project) -> list[str]:
    return [honest_sentences.WHOLE_SETS] if project.multilabel else []


def _measured_context(project: Project, tab: Tab) -> dict[str, Any]:
    if project.multilabel:
        of_sets = {"classes": _classes_of_sets, "calibration": _calibration_of_sets}
        return of_sets.get(tab.name, _no_confusion)(project)
    found = measured(project.pk)
    if found is None:
        return {"sentences": [_why_nothing(project)], "found": None}
    shared = {
        "found": found,
        "how": honest_sentences.how_measured(strict=found.fit.strict_audit, noun=project.noun),
    }
    match tab.name:
        case "classes":
            return shared | _classes(found, project.noun)
        case "confusion":
            return shared | _confusion(found, project.noun)
    return shared | {
        "sentences": honest_sentences.calibration(found, project.noun),
        "bins": [(bin_, as_measure(bin_.right)) for bin_ in found.bins],
        "has_picture": bool(found.bins),
    }


def _why_nothing(project: Project) -> str:
    fit = newest_fit(project.pk)
    if fit is None:
        return "There is no model yet: this is told from the first fit on."
    if fit.n_audit:
        return "The newest fit was made before Labeler kept this; the next fit will tell."
    return f"Nothing can be told yet: {fit.unmeasured_because or UNANSWERED}."


def _no_confusion(project: Project) -> dict[str, Any]:
    """The tab is not offered; its address may still be asked for."""
    said = (
        f"Which class is taken for which is told where a {project.noun} has one class; here each "
        "class is a yes or no of its own. “Classes” tells how each of them does."
    )
    return {"sentences": [said], "found": None}


def _calibration_of_sets(project: Project) -> dict[str, Any]:
    found = measured_sets(project.pk)
    if found is None:
        return {"sentences": [_why_nothing(project)], "found": None}
    bins = found.pooled.bins if found.pooled else []
    return {
        "found": found,
        "how": honest_sentences.how_measured(strict=found.fit.strict_audit),
        "sentences": set_sentences.calibration(found),
        "bins": [(bin_, as_measure(bin_.right)) for bin_ in bins],
        "has_picture": bool(bins),
    }


def _worst_first(found: Measured) -> list[ClassRow]:
    rows = zip(
        found.classes.values(), found.confusion.recall(), found.confusion.precision(), strict=True
    )
    every = [
        ClassRow(c, as_measure(recall) if recall else None, as_measure(said) if said else None)
        for c, recall, said in rows
    ]
    return sorted(
        every, key=lambda row: (row.recall is None, row.recall.value if row.recall else 0)
    )


def _classes_of_sets(project: Project) -> dict[str, Any]:
    """Each class by itself: how many of its texts are found, how many it is rightly said of."""
    fit = newest_fit(project.pk)
    rows = [row for row in _set_rows(project) if row.recall or row.precision]
    if fit is None or not rows:
        because = fit.unmeasured_because if fit else "there is no model yet"
        return {"sentences": [f"Nothing can be told yet: {because or UNANSWERED}."], "found": None}
    return {
        "found": fit,
        "how": honest_sentences.how_measured(strict=fit.strict_audit),
        "sentences": honest_sentences.weakest([(row.label_class, row.recall) for row in rows]),
        "rows": rows,
        "has_picture": any(row.recall for row in rows),
        "left_out_of_picture": max(0, len(rows) - SHOWN_IN_CHART),
    }


def _set_rows(project: Project) -> list[ClassRow]:
    """Classes in use, those found least often first."""
    recalls, precisions = class_measures(project.pk)
    rows = [
        ClassRow(label_class, recalls.get(label_class.pk), precisions.get(label_class.pk))
        for label_class in LabelClass.objects.filter(project=project).active()
    ]
    return sorted(rows, key=lambda row: (row.recall is None, row.recall.value if row.recall else 0))


def _classes(found: Measured, noun: str) -> dict[str, Any]:
    rows = _worst_first(found)
    return {
        "sentences": honest_sentences.weakest(
            [(row.label_class, row.recall) for row in rows], noun
        ),
        "rows": rows,
        "has_picture": True,
        "left_out_of_picture": max(0, sum(row.recall is not None for row in rows) - SHOWN_IN_CHART),
    }


def _confusion(found: Measured, noun: str) -> dict[str, Any]:
    mistakes = found.confusion.mistakes()
    return {
        "sentences": [honest_sentences.worst_confusion(found, mistakes, noun)],
        "grid": _grid(found) if len(found.classes) <= MOST_IN_GRID else None,
        "columns": list(enumerate(found.classes.values(), start=1)),
        "named": len(found.classes) <= NAMED_IN_GRID,
        "mistakes": [_mistake(found, cell) for cell in mistakes[:SHOWN_MISTAKES]],
        "more_mistakes": max(0, len(mistakes) - SHOWN_MISTAKES),
    }


def _mistake(found: Measured, cell: Cell) -> Mistake:
    return Mistake(
        found.classes[cell.truth], found.classes[cell.said], cell.n, as_measure(cell.share)
    )


def _grid(found: Measured) -> list[GridRow]:
    return [
        GridRow(
            place=row + 1,
            label_class=label_class,
            n=int(found.confusion.counts[row].sum()),
            cells=[_grid_cell(found, row, column) for column in range(len(found.classes))],
        )
        for row, label_class in enumerate(found.classes.values())
    ]


def _grid_cell(found: Measured, row: int, column: int) -> GridCell:
    cell = found.confusion.cell(row, column)
    if cell is None:
        return GridCell(0, 0, row == column, None)
    told = cell.share.n >= INTERVAL_FROM and cell.n
    heat = min(4, int(cell.share.value * 5)) if cell.n else 0
    return GridCell(cell.n, heat, row == column, as_measure(cell.share) if told else None)
