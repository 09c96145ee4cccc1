"""Projects in which a text has any number of classes."""

from collections.abc import Callable, Sequence
from uuid import uuid4

from projects.models import Annotation, Example, LabelClass, Project, User
from projects.services.answering import Act, record_label
from tests.factories import make_examples, make_project, make_user
from tests.labelling.people import sender
from tests.machine.worlds import BIRDS, TOOLS


def make_multilabel(
    owner: User, *, classes: Sequence[str] = ("late", "broken", "rude"), name: str = "Complaints"
) -> Project:
    project = make_project(owner=owner, name=name, classes=classes)
    project.multilabel = True
    project.head = "one_vs_rest"
    project.strategy = "multilabel_avg_confidence"
    project.save(update_fields=["multilabel", "head", "strategy"])
    return project


def mixed_texts(n: int) -> list[str]:
    """In turn about a bird, a tool, both, and neither."""
    birds, tools = BIRDS, TOOLS
    kinds: list[Callable[[int], str]] = [
        lambda i: f"{birds[i % 6]} {birds[i // 4 % 6]} n{i}",
        lambda i: f"{tools[i % 6]} {tools[i // 4 % 6]} n{i}",
        lambda i: f"{birds[i // 4 % 6]} {tools[i % 6]} n{i}",
        lambda i: f"pebble sand n{i}",
    ]
    return [kinds[i % 4](i) for i in range(n)]


def true_set(example: Example) -> list[str]:
    words = set(example.text.split())
    return [name for name, those in (("bird", BIRDS), ("tool", TOOLS)) if words & set(those)]


def make_mixed_world(
    n_texts: int = 80, *, n_audit: int = 20
) -> tuple[Project, list[Example], User]:
    """Texts with birds, tools, both or neither in them, asked about by classes of those names."""
    user = make_user(f"ada{uuid4().hex[:6]}")
    project = make_multilabel(user, classes=("bird", "tool"))
    return project, make_examples(project, mixed_texts(n_texts), n_audit=n_audit), user


def tell(examples: Sequence[Example], user: User) -> None:
    """Answer each truly."""
    for example in examples:
        say(Project.objects.get(pk=example.project_id), user, example, *true_set(example))


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
