"""Ladders and versions as rows, for pages: measured rungs whose predictions lie in storage."""

from typing import Any

import numpy as np

from learners.models import Ladder, Rung
from learners.selectors.training import training_set
from learners.services.keeping import keep_rung
from learners.services.ladder_choice import choice_of
from learners.services.model_predictions import Predictions
from projects.models import ModelVersion, Project, User
from tests.factories import NOW, make_ladder, make_rung

RUNGS: dict[str, dict[str, Any]] = {
    "tfidf": {"label": "Counted words", "cpu_seconds_per_1000": 0.06, "n_bytes": 610_000},
    "static": {"label": "Static vectors", "cpu_seconds_per_1000": 0.08, "n_bytes": 15_400_000},
    "minilm": {"label": "Sentence vectors", "cpu_seconds_per_1000": 9.4, "n_bytes": 91_000_000},
}


def predictions(project: Project, n_wrong: int) -> Predictions:
    """Of every audit answer that stands, the last `n_wrong` of them wrong."""
    found = training_set(project.pk)
    ids, y = found.example_ids[found.measures], found.class_ids[found.measures]
    class_ids = np.array(sorted(project.label_classes.values_list("pk", flat=True)))
    places = np.searchsorted(class_ids, y)
    places[len(y) - n_wrong :] = 1 - places[len(y) - n_wrong :]
    return Predictions(ids, y, np.eye(len(class_ids), dtype=np.float32)[places], class_ids)


def measured_ladder(
    project: Project, *, wrong: dict[str, int] | None = None, **columns: Any
) -> Ladder:
    """A ladder whose rungs have so many of the audit answers wrong."""
    ladder = make_ladder(project, n_train=30, machine="Some Processor, 4 cores", **columns)
    for name, n_wrong in (wrong or {"tfidf": 6, "static": 1, "minilm": 0}).items():
        measured_rung(ladder, name, n_wrong)
    ladder.n_audit, ladder.choice = 20, choice_of(ladder)
    ladder.save()
    return ladder


def measured_rung(ladder: Ladder, name: str, n_wrong: int) -> Rung:
    said = predictions(ladder.project, n_wrong)
    n = len(said)
    facts = RUNGS[name] | {
        "n_audit": n,
        "accuracy": (n - n_wrong) / n,
        "accuracy_low": max(0.0, (n - n_wrong) / n - 0.12),
        "accuracy_high": min(1.0, (n - n_wrong) / n + 0.08),
        "finished_at": NOW,
        "ms_per_1000": 1_000 * RUNGS[name]["cpu_seconds_per_1000"],
    }
    files = {"model.onnx": f"{ladder.pk} {name}".encode(), "model.json": b"{}"}
    return make_rung(ladder, name, files=files, predictions=said, **facts)


def kept(ada: User, ladder: Ladder, name: str) -> ModelVersion:
    """A version by the rules."""
    return keep_rung(actor=ada, rung=ladder.rungs.get(name=name), now=NOW)
