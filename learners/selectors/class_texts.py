"""What the classes were called and how they were described, after any event of the ledger."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from projects.models import LabelClass, ProjectEvent

_ABOUT = ("name", "description", "is_none")


@dataclass(frozen=True)
class ClassText:
    """One class in use, by its own words."""

    class_id: int
    name: str
    description: str

    @property
    def says_something(self) -> bool:
        """Whether there is a letter in it: "1" or "?" tells nothing about a text."""
        return any(letter.isalpha() for letter in self.name + self.description)


def class_texts(project_id: int, upto_seq: int | None = None) -> list[ClassText]:
    """The classes in use after event `upto_seq` (now without it), by ascending id.

    "None of these" is left out: its name describes no text. Names are read back from the rows by
    undoing what the ledger says was changed later.
    """
    return [
        ClassText(pk, said["name"], said["description"])
        for pk, said in _in_use(project_id, upto_seq)
        if not said["is_none"]
    ]


def class_names_after(project_id: int, upto_seq: int) -> dict[int, str]:
    """What every class in use after event `upto_seq` was called then, "none of these" included; two
    of one name are told apart by their numbers.
    """
    names = {pk: str(said["name"]) for pk, said in _in_use(project_id, upto_seq)}
    n_times = Counter(names.values())
    return {pk: f"{name} ({pk})" if n_times[name] > 1 else name for pk, name in names.items()}


def _in_use(project_id: int, upto_seq: int | None) -> list[tuple[int, dict[str, Any]]]:
    rows = {row.pk: row for row in LabelClass.objects.filter(project_id=project_id)}
    gone = {pk for pk, row in rows.items() if row.retired_at}
    about = {pk: {name: getattr(row, name) for name in _ABOUT} for pk, row in rows.items()}
    if upto_seq is not None:
        for event in _later(project_id, upto_seq):
            _take_back(event, about, gone)
        gone |= {pk for pk, row in rows.items() if row.added_seq > upto_seq}
    return [(pk, said) for pk, said in sorted(about.items()) if pk not in gone]


def n_telling_names(project_id: int, upto_seq: int | None = None) -> int:
    """How many classes in use after event `upto_seq` (now without it) have a name or description
    that says something.
    """
    return sum(text.says_something for text in class_texts(project_id, upto_seq))


def _later(project_id: int, upto_seq: int) -> Iterable[ProjectEvent]:
    """Changes of classes after `upto_seq`, newest first."""
    kinds = ProjectEvent.Kind
    return ProjectEvent.objects.filter(
        project_id=project_id,
        seq__gt=upto_seq,
        kind__in=(
            kinds.CLASS_RENAMED,
            kinds.CLASS_CHANGED,
            kinds.CLASS_MERGED,
            kinds.CLASS_RETIRED,
        ),
    ).order_by("-seq")


def _take_back(event: ProjectEvent, about: dict[int, dict[str, Any]], gone: set[int]) -> None:
    class_id = event.payload.get("class")
    if class_id not in about:  # a new order of all classes
        return
    if event.kind in (ProjectEvent.Kind.CLASS_MERGED, ProjectEvent.Kind.CLASS_RETIRED):
        gone.discard(class_id)
        return
    for name, pair in event.payload["changed"].items():
        if name in _ABOUT:
            about[class_id][name] = pair["old"]
