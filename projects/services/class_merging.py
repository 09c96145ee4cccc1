"""Classes that go: merged into another, or taken out of use. Their labels follow, in bulk."""

from datetime import datetime

from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast

from projects.models import (
    Annotation,
    AnnotationEvent,
    Example,
    GoldLabel,
    GoldSet,
    LabelClass,
    Project,
    ProjectEvent,
    User,
)
from projects.services.classes import standing_class, weigh_audit_answers
from projects.services.confirming import void_running
from projects.services.ledger import append_project_event
from projects.services.refusals import Refused

State = Annotation.State


@transaction.atomic
def merge_classes(*, actor: User, source: LabelClass, target: LabelClass, now: datetime) -> int:
    """Every label of `source` becomes one of `target`, gold labels too; `source` retires.

    Returns how many annotations changed. The ledger of answers keeps what was chosen then.

    Raises:
        Refused: the two are one, stand in different projects, or one is no longer in use.
    """
    Project.objects.select_for_update().get(pk=source.project_id)
    source, target = standing_class(source), standing_class(target)
    if source.pk == target.pk or source.project_id != target.project_id:
        raise Refused("target", "Choose another class of this project.")
    n_annotations = _map_annotations(source, target)
    n_gold = GoldLabel.objects.filter(label_class=source).update(label_class=target)
    n_gold += _gold_sets(source).update(labels=_united(source, target))
    LabelClass.objects.filter(merged_into=source).update(merged_into=target)
    _retire(source, merged_into=target, now=now)
    payload = {"class": source.pk, "name": source.name, "into": target.pk, "into_name": target.name}
    append_project_event(
        project_id=source.project_id,
        kind=ProjectEvent.Kind.CLASS_MERGED,
        actor=actor,
        payload={**payload, "n_annotations": n_annotations, "n_gold": n_gold},
        now=now,
    )
    because = f"“{source.name}” was merged into “{target.name}”"
    void_running(project_id=source.project_id, because=because, actor=actor, now=now)
    return n_annotations


def _map_annotations(source: LabelClass, target: LabelClass) -> int:
    holding = Annotation.objects.filter(project_id=source.project_id, labels__contains=[source.pk])
    return holding.update(labels=_united(source, target))


def _united(source: LabelClass, target: LabelClass) -> Func:
    """The labels with `source` read as `target`, each once, ascending as answers hold them."""
    return _array("array_replace", source, target, template=_EACH_ONCE)


_EACH_ONCE = "ARRAY(SELECT DISTINCT unnest(%(function)s(%(expressions)s)) ORDER BY 1)"


def _array(function: str, *classes: LabelClass, template: str = Func.template) -> Func:
    ids = (Cast(Value(row.pk), BigIntegerField()) for row in classes)
    return Func(F("labels"), *ids, function=function, template=template)


def _gold_sets(row: LabelClass) -> QuerySet[GoldSet]:
    return GoldSet.objects.filter(example__project_id=row.project_id, labels__contains=[row.pk])


@transaction.atomic
def retire_class(*, actor: User, label_class: LabelClass, now: datetime) -> int:
    """Take a class out of use. Its labels are set aside; its texts go back to be asked. Where a text
    has any number of classes, it only leaves the answers, and those stand, if need be as "none of
    these": what they say of the other classes is as true as before.

    Returns how many annotations changed. A retired class's gold labels go with it.

    Raises:
        Refused: it is no longer in use.
    """
    project = Project.objects.select_for_update().get(pk=label_class.project_id)
    row = standing_class(label_class)
    n_annotations = _take_off(row) if project.multilabel else _set_aside(row)
    n_gold, _ = GoldLabel.objects.filter(label_class=row).delete()
    n_gold += _gold_sets(row).update(labels=_array("array_remove", row))
    _retire(row, merged_into=None, now=now)
    append_project_event(
        project_id=row.project_id,
        kind=ProjectEvent.Kind.CLASS_RETIRED,
        actor=actor,
        payload={
            "class": row.pk,
            "name": row.name,
            "n_annotations": n_annotations,
            "n_gold": n_gold,
        },
        now=now,
    )
    because = f"“{row.name}” was retired"
    void_running(project_id=row.project_id, because=because, actor=actor, now=now)
    return n_annotations


def _retire(row: LabelClass, *, merged_into: LabelClass | None, now: datetime) -> None:
    row.retired_at, row.merged_into = now, merged_into
    row.save(update_fields=["retired_at", "merged_into"])
    weigh_audit_answers(project_id=row.project_id)


def _set_aside(row: LabelClass) -> int:
    """As `standing.add_up` says of one annotation: a label whose class is gone is set aside."""
    n_annotations = holding_labels(row).update(state=State.SET_ASIDE, stale=False)
    labelled = Annotation.objects.filter(example=OuterRef("pk"), state=State.LABELLED)
    examples = Example.objects.filter(project_id=row.project_id, settled=True)
    examples.filter(~Exists(labelled)).update(settled=False)
    recount_labels(project_id=row.project_id)
    return n_annotations


def _take_off(row: LabelClass) -> int:
    holding = Annotation.objects.filter(project_id=row.project_id, labels__contains=[row.pk])
    return holding.update(labels=_array("array_remove", row))


def n_left_empty(row: LabelClass) -> int:
    """Answers that hold this class alone: without it they say "none of these"."""
    return holding_labels(row).filter(Q(labels=[row.pk])).count()


def holding_labels(row: LabelClass) -> QuerySet[Annotation]:
    """Annotations that stand on this class."""
    return Annotation.objects.filter(
        project_id=row.project_id, state=State.LABELLED, labels__contains=[row.pk]
    )


def recount_labels(*, project_id: int) -> None:
    """Count the labelled texts afresh, after a change in bulk."""
    standing = Annotation.objects.filter(project_id=project_id, state=State.LABELLED)
    by_people = standing.filter(annotator__isnull=False)
    by_programs = Q(annotator__isnull=True, last_event__kind=AnnotationEvent.Kind.FEEDBACK)
    Project.objects.filter(pk=project_id).update(
        n_labelled=by_people.values("example").distinct().count(),
        n_known=standing.filter(annotator__isnull=True).exclude(by_programs).count(),
        n_feedback=standing.filter(by_programs).count(),
    )
