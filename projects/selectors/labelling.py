"""What the label page says beside the text: the last act, and why there may be no text."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from projects.models import Annotation, AnnotationEvent, DataImport, Example, Lease, Project, User
from projects.selectors.imports import ImportLine, line_of
from projects.services.incoming import KIND

Kind = AnnotationEvent.Kind
ANSWERS = (Kind.LABEL, Kind.RELABEL, Kind.SKIP)


class PauseReason(StrEnum):
    """Why there is no question right now."""

    IMPORTING = "importing"
    IMPORT_FAILED = "import_failed"
    NO_TEXTS = "no_texts"
    NO_CLASSES = "no_classes"
    OTHERS_HOLD = "others_hold"
    SKIPPED_REST = "skipped_rest"
    ALL_DONE = "all_done"


AT_THE_END = (PauseReason.OTHERS_HOLD, PauseReason.SKIPPED_REST, PauseReason.ALL_DONE)
"""Pauses of somebody for whom there is nothing, or next to nothing, left to label."""


@dataclass(frozen=True)
class Pause:
    """No question, and what to say instead. `n`: texts that the reason is about; `data_import`:
    the import that brings the first texts, or did not.
    """

    reason: PauseReason
    n: int = 0
    data_import: ImportLine | None = None


def pause(*, project: Project, annotator: User, now: datetime) -> Pause:
    """Why the annotator gets no question. For a project where `claim_next` found none."""
    if project.n_texts == 0:
        return _without_texts(project)
    if not project.label_classes.active().exists():
        return Pause(PauseReason.NO_CLASSES)
    held = Lease.objects.filter(project=project, expires_at__gt=now).count()
    if held:
        return Pause(PauseReason.OTHERS_HOLD, n=held)
    skipped = Annotation.objects.filter(
        project=project,
        annotator=annotator,
        state=Annotation.State.SKIPPED,
        example__settled=False,
    ).count()
    if skipped:
        return Pause(PauseReason.SKIPPED_REST, n=skipped)
    return Pause(PauseReason.ALL_DONE, n=project.n_labelled)


def _without_texts(project: Project) -> Pause:
    newest = project.imports.exclude(kind=KIND).order_by("-id").first()
    if newest is None or newest.status == DataImport.Status.DONE:
        return Pause(PauseReason.NO_TEXTS)
    failed = newest.status == DataImport.Status.FAILED
    reason = PauseReason.IMPORT_FAILED if failed else PauseReason.IMPORTING
    return Pause(reason, data_import=line_of(newest))


def newest_act(*, project: Project, annotator: User) -> AnnotationEvent | None:
    """The annotator's last event in the project, for the line under the text."""
    mine = AnnotationEvent.objects.filter(project=project, annotator=annotator)
    return mine.select_related("undoes").order_by("-seq").first()


def newest_answer(newest_act: AnnotationEvent) -> AnnotationEvent | None:
    """The annotator's last label or skip that stands: what `w` explains.

    It is `newest_act` or an earlier act of its annotator in its project.
    """
    if newest_act.kind in ANSWERS:
        return newest_act
    mine = AnnotationEvent.objects.filter(
        project_id=newest_act.project_id,
        annotator_id=newest_act.annotator_id,
        kind__in=ANSWERS,
        undone_by__isnull=True,
    )
    return mine.order_by("-seq").first()


def may_show_origin(example: Example) -> bool:
    """Whether id, file name and row may stand beside a text that is still to be answered.

    Not in a project whose labels came with the data: in a sorted file they would tell the answer.
    """
    if example.data_import.columns.get("label"):
        return False
    labelled = DataImport.objects.filter(project_id=example.project_id, columns__has_key="label")
    return not labelled.exclude(columns__label=None).exclude(columns__label="").exists()


def my_annotation(*, example: Example, annotator: User) -> Annotation | None:
    """The annotator's flag, comment and state on an example, if there is any."""
    return Annotation.objects.filter(example=example, annotator=annotator).first()
