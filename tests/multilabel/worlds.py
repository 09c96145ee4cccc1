"""Projects in which a text has any number of classes."""

from collections.abc import Sequence

from projects.models import Annotation, Example, LabelClass, Project, User
from projects.services.answering import Act, record_label
from tests.factories import make_project
from tests.labelling.people import sender


def make_multilabel(
    owner: User, *, classes: Sequence[str] = ("late", "broken", "rude"), name: str = "Complaints"
) -> Project:
    project = make_project(owner=owner, name=name, classes=classes)
    project.multilabel = True
    project.save(update_fields=["multilabel"])
    return project


def ids(project: Project, *names: str) -> list[int]:
    """Ids of the classes called so, in this order."""
    by_name = {c.name: c.pk for c in LabelClass.objects.filter(project=project)}
    return [by_name[name] for name in names]


def say(project: Project, annotator: User, example: Example, *names: str) -> Act:
    """The annotator answers with the classes called so; without names, that none is true."""
    project.refresh_from_db()
    act = record_label(
        sender=sender(project, annotator), example_id=example.pk, labels=ids(project, *names)
    )
    project.refresh_from_db()
    return act


def standing(project: Project) -> dict[str, set[str]]:
    """Text to class names, of every answer that stands."""
    names = {c.pk: c.name for c in LabelClass.objects.filter(project=project)}
    rows = Annotation.objects.filter(project=project, state="labelled").select_related("example")
    return {row.example.text: {names[label] for label in row.labels} for row in rows}
