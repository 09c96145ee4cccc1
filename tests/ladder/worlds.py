"""A project whose labels suit a ladder, and rungs that train in no time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from django.db import transaction

from learners.engine.errors import OneClassOnly
from learners.engine.rungs import RungKind, Surroundings, TrainingData
from projects.models import Example, Project, User
from tests.factories import make_examples, make_label, make_project

WORDS = {"fruit": "apple pear", "metal": "iron zinc"}


@transaction.atomic
def ladder_project(owner: User, *, n_texts: int = 60, n_audit: int = 20) -> Project:
    """Texts of two classes in turn, the first `n_audit` random; all but ten are labelled."""
    project = make_project(owner=owner, name="Stalls", classes=tuple(WORDS))
    kinds = list(project.label_classes.all())
    texts = [f"{WORDS[kinds[place % 2].name]} {place}" for place in range(n_texts)]
    for place, example in enumerate(make_examples(project, texts, n_audit=n_audit)):
        if place < n_texts - 10:
            make_label(example, kinds[place % 2], owner)
    project.refresh_from_db()
    return project


@dataclass
class Speed:
    milliseconds_per_1000: float = 200.0
    cpu_seconds_per_1000: float = 0.2
    memory_mb: float = 80.0
    n_bytes: int = 10


@dataclass
class FakeRuntime:
    """Knows the first word of each class; `blind` says the first class of everything."""

    class_ids: tuple[int, ...]
    words: list[str]
    blind: bool

    def predict_proba(self, texts: list[str]) -> Any:
        said = [0 if self.blind else self._place(text) for text in texts]
        return np.eye(len(self.class_ids), dtype=np.float32)[said] * 0.8 + 0.1

    def _place(self, text: str) -> int:
        return next((place for place, word in enumerate(self.words) if word in text), 0)


@dataclass
class Kitchen:
    """The rungs of a test, and what they were given."""

    kinds: list[RungKind] = field(default_factory=list)
    given: list[tuple[str, TrainingData, Surroundings]] = field(default_factory=list)
    before: Mapping[str, Any] = field(default_factory=dict)

    def train(self, name: str) -> Any:
        def train(data: TrainingData, surroundings: Surroundings) -> Mapping[str, bytes]:
            self.given.append((name, data, surroundings))
            if act := self.before.get(name):
                act(surroundings)
            surroundings.go_on("training", 0.5)
            return {"model.onnx": name.encode(), "model.json": b"{}"}

        return train


def too_few(_: Surroundings) -> None:
    raise OneClassOnly("training needs labels of two classes; all 3 are of one class")


@pytest.fixture
def kitchen(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> Kitchen:
    """Fake rungs "blind" and "keen" in the place of the real ones, a fake clock of speed."""
    from learners.services import ladder, ladder_work

    settings.MEDIA_ROOT, settings.VAR_DIR = tmp_path / "storage", tmp_path / "var"
    settings.LABELER_EMBEDDER = "minilm"
    made = Kitchen()
    made.kinds = [
        RungKind(name, name.title(), "", "", "text", True, False, made.train(name))
        for name in ("blind", "keen")
    ]
    kinds = {kind.name: kind for kind in made.kinds}
    monkeypatch.setattr(ladder, "RUNGS", tuple(made.kinds))
    monkeypatch.setattr(ladder_work, "get_rung", kinds.__getitem__)
    monkeypatch.setattr(ladder_work, "measure", lambda folder, texts, n_runs: Speed())
    monkeypatch.setattr(ladder_work, "load_runtime", _load)
    return made


def _load(folder: Any, n_threads: int) -> FakeRuntime:
    name = (folder / "model.onnx").read_text()
    from projects.models import LabelClass

    classes = list(LabelClass.objects.order_by("pk"))
    return FakeRuntime(
        class_ids=tuple(one.pk for one in classes),
        words=[WORDS[one.name].split()[0] for one in classes],
        blind=name == "blind",
    )


def audit_ids(project: Project) -> list[int]:
    rows = Example.objects.filter(project=project, role=Example.Role.AUDIT)
    return list(rows.order_by("pk").values_list("pk", flat=True))
