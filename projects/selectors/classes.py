"""Label classes with what stands on each, so that an effect can be told before it happens."""

from collections import Counter
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from projects.models import Annotation, Example, GoldLabel, GoldSet, LabelClass, Project


@dataclass(frozen=True)
class ClassLine:
    """`n_labels`: answers (of people, and known) that stand on the class; `n_gold`: gold labels."""

    row: LabelClass
    n_labels: int
    n_gold: int


def class_lines(project: Project) -> list[ClassLine]:
    """Standing classes in their order, each with its numbers."""
    labels = label_counts(project)
    gold = Counter(
        dict(
            GoldLabel.objects.filter(label_class__project=project)
            .values_list("label_class")
            .annotate(n=Count("id"))
        )
    )
    for true in GoldSet.objects.filter(example__project=project).values_list("labels", flat=True):
        gold.update(true)
    rows = LabelClass.objects.filter(project=project).active()
    return [ClassLine(row, labels[row.pk], gold[row.pk]) for row in rows]


def label_counts(project: Project) -> Counter[int]:
    """Standing answers by class id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT unnest(labels), count(*) FROM projects_annotation"
            " WHERE project_id = %s AND state = 'labelled' GROUP BY 1",
            [project.pk],
        )
        return Counter(dict(cursor.fetchall()))


def gone_classes(project: Project) -> list[LabelClass]:
    """Classes that were merged or retired, the newest first."""
    gone = LabelClass.objects.filter(project=project, retired_at__isnull=False)
    return list(gone.select_related("merged_into").order_by("-retired_at", "-pk"))


def n_audit_answers(project: Project, *, stale: bool) -> int:
    """Audit answers that measure (`stale=False`), or that wait to be asked again."""
    return Annotation.objects.filter(
        project=project,
        state=Annotation.State.LABELLED,
        stale=stale,
        annotator__isnull=False,
        example__role=Example.Role.AUDIT,
    ).count()
