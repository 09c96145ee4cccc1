"""What happens next in a project without a model, in three steps with its own numbers."""

from dataclasses import dataclass

from learners.engine.first_questions import are_ranked
from learners.selectors.curve import strategy_label
from learners.selectors.status import ProjectStatus
from learners.views.sentences import count, percent
from projects.models import Project


@dataclass(frozen=True)
class Step:
    """One step: `done`, or still to come."""

    title: str
    text: str
    done: bool = False


def first_steps(project: Project, status: ProjectStatus, n_classes: int) -> list[Step]:
    """Label, fit, measure: what each takes here."""
    return [
        _label(project, status, n_classes),
        _fit(project, status),
        _measure(project),
    ]


def _label(project: Project, status: ProjectStatus, n_classes: int) -> Step:
    if not project.n_texts:
        return Step(
            title=f"Label {count(project.batch_size, 'text')}",
            text=f"The texts come with the import; {count(n_classes, 'class', 'classes')} wait for them.",
        )
    given = f" {project.n_labelled:,} done." if project.n_labelled else ""
    known = f" {count(project.n_known, 'text')} came labelled." if project.n_known else ""
    first = (
        "The names of the classes choose the first questions;"
        if status.names_train
        else "The first questions are texts that stand for many others;"
        if are_ranked(project.strategy)
        else "The questions come at random;"
    )
    return Step(
        title=f"Label {count(project.batch_size, 'text')}",
        text=(
            f"{count(project.n_texts, 'text')} and {count(n_classes, 'class', 'classes')} are here."
            f"{known} {first} one key answers each.{given}"
        ),
        done=project.n_labelled >= project.batch_size,
    )


def _fit(project: Project, status: ProjectStatus) -> Step:
    if status.names_train and not status.newest_fit:
        return _fit_from_names(project)
    left = max(project.batch_size - status.changes_waiting, 0)
    when = (
        f"after {count(left, 'more answer')}, with at least two classes among them,"
        if left
        else "as soon as at least two classes are among the answers"
    )
    return Step(
        title="The first model is fitted",
        text=(
            f"It comes {when} and takes seconds. "
            f"From then on “{strategy_label(project.strategy)}” chooses what is asked, "
            f"and every {count(project.batch_size, 'answer')} fit a new model."
        ),
    )


def _fit_from_names(project: Project) -> Step:
    return Step(
        title="The first model is fitted",
        text=(
            "It comes from the names and descriptions of the classes, as soon as the first texts "
            "are read, and takes seconds. From then on "
            f"“{strategy_label(project.strategy)}” chooses what is asked, "
            f"and every {count(project.batch_size, 'answer')} fit a new model."
        ),
    )


def _measure(project: Project) -> Step:
    if not project.n_texts:
        return Step(
            title="The curve grows a point",
            text="A part of the texts is reserved at random as they come in, before any model sees "
            "one. Only those measure.",
        )
    if not project.audit_share or not project.n_audit:
        return Step(
            title="Nothing measures it",
            text="No question of this project is drawn at random to measure: its curve stays empty "
            "unless the data brought a test split.",
        )
    return Step(
        title="The curve grows a point",
        text=(
            f"{count(project.n_audit, 'text')} were reserved at random before any model saw one. "
            f"About {percent(project.audit_share)} of the questions come from there, unmarked, "
            "and only those measure."
        ),
    )
