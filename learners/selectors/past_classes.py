"""Classes that a kept model answers and that the project has no more: they were merged or retired."""

import json
from dataclasses import dataclass

from django.core.files.storage import default_storage

from learners.engine.runtime import LABELS
from learners.selectors.answers import ClassHistory
from projects.models import LabelClass, ModelVersion


@dataclass(frozen=True)
class PastClass:
    """`name`: as the model answers it. `into`: what the class is called now that took its labels; ""
    where it was retired.
    """

    name: str
    into: str


def past_classes(version: ModelVersion) -> list[PastClass]:
    """Those that a version can still answer, in the order of its probabilities.

    Mostly there is none, which its row and the ledger say without a file being read.
    """
    history = ClassHistory.read(version.project_id)
    named = [(each["id"], each["name"]) for each in version.manifest.get("classes", ())]
    if all(history.now(class_id) == class_id for class_id, _ in named):
        return []
    rows = LabelClass.objects.filter(project_id=version.project_id)
    names: dict[int | None, str] = dict(rows.values_list("pk", "name"))
    return [
        PastClass(name, names.get(history.now(class_id), ""))
        for class_id, name in _answered(version, named)
        if history.now(class_id) != class_id
    ]


def _answered(version: ModelVersion, named: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The classes of its outputs; where that file is gone, all that were in use when it was made."""
    try:
        with default_storage.open(f"{version.folder}/{LABELS}") as stored:
            return [(each["id"], each["name"]) for each in json.loads(stored.read())]
    except FileNotFoundError:
        return named
