"""Which classes are thin, and what was written for them."""

from collections import Counter
from dataclasses import dataclass

from learners.selectors.training import training_set
from projects.models import LabelClass, SyntheticExample


@dataclass(frozen=True)
class ClassNeed:
    """One class: `n_labels` of people that train (audit answers left out), written and kept texts."""

    class_id: int
    name: str
    colour: int
    n_labels: int
    n_written: int
    n_kept: int


def class_needs(project_id: int) -> list[ClassNeed]:
    """The classes in use, the thinnest first."""
    labels = training_set(project_id)
    n_labels = Counter(labels.class_ids[~labels.is_audit].tolist())
    written = SyntheticExample.objects.filter(teacher__project_id=project_id)
    n_written = Counter(written.values_list("label_class_id", flat=True))
    n_kept = Counter(written.filter(accepted=True).values_list("label_class_id", flat=True))
    classes = LabelClass.objects.filter(project_id=project_id).active()
    rows = [
        ClassNeed(
            each.pk, each.name, each.colour, n_labels[each.pk], n_written[each.pk], n_kept[each.pk]
        )
        for each in classes
    ]
    return sorted(rows, key=lambda row: row.n_labels)
