"""What one annotator's events on one example add up to. Pure: events in, state out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from projects.models import Annotation, AnnotationEvent, LabelClass

Kind = AnnotationEvent.Kind
State = Annotation.State


@dataclass(frozen=True)
class Standing:
    """The state of an annotation, and the ledger number of the label it rests on (0: no label)."""

    state: Annotation.State = State.OPEN
    labels: tuple[int, ...] = ()
    flagged: bool = False
    comment: str = ""
    stale: bool = False
    label_seq: int = 0


def add_up(
    events: Iterable[AnnotationEvent],
    *,
    classes: Mapping[int, LabelClass],
    is_audit: bool,
    multilabel: bool = False,
) -> Standing:
    """The standing after `events` (of one example and annotator, any order).

    An undone event never happened; classes that were merged since are read as the class that took
    their labels; a label of a class retired without a successor is set aside. With `multilabel`
    such a class only leaves the answer, which goes on saying what is true of the other classes:
    nothing, where it was the only one.
    """
    events = sorted(events, key=lambda event: event.seq)
    undone = {event.undoes_id for event in events if event.kind == Kind.UNDO}
    standing = Standing()
    for event in events:
        if event.pk not in undone:
            standing = _after(standing, event)
    if standing.state != State.LABELLED:
        return standing
    present = [successor(classes, label) for label in standing.labels]
    if multilabel:
        present = [label_class for label_class in present if not label_class.retired_at]
    elif any(label_class.retired_at for label_class in present):
        return replace(standing, state=State.SET_ASIDE)
    labels = tuple(dict.fromkeys(label_class.pk for label_class in present))
    newest_class = max((c.added_seq for c in classes.values() if not c.retired_at), default=0)
    return replace(
        standing,
        labels=tuple(sorted(labels)) if multilabel else labels,
        stale=is_audit and standing.label_seq < newest_class,
    )


def _after(standing: Standing, event: AnnotationEvent) -> Standing:
    match event.kind:
        case Kind.LABEL | Kind.RELABEL:
            return replace(
                standing, state=State.LABELLED, labels=tuple(event.labels), label_seq=event.seq
            )
        case Kind.SKIP:
            return replace(standing, state=State.SKIPPED, labels=(), label_seq=0)
        case Kind.FLAG | Kind.UNFLAG:
            return replace(standing, flagged=event.kind == Kind.FLAG)
        case Kind.COMMENT:
            return replace(standing, comment=event.comment)
    return standing


def successor(classes: Mapping[int, LabelClass], class_id: int) -> LabelClass:
    """The class that holds the labels once given to `class_id`: itself, or where merges led."""
    label_class = classes[class_id]
    while label_class.merged_into_id is not None:
        label_class = classes[label_class.merged_into_id]
    return label_class
