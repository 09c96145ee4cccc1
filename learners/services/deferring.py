"""What a version leaves to others: chosen and reported on audit answers, kept, and the files of before
forgotten.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from learners.engine.cascade import Cascade, cascade
from learners.engine.deferral import MIN_HALF, Choice, choose, chooses
from learners.models import ModelExport, Rung
from learners.models.ladder import TEACHER
from learners.selectors.answers import ClassHistory
from learners.selectors.training import audit_answers
from learners.services.model_predictions import read_predictions
from learners.services.rung_export_request import forget_exports
from projects.models import ModelVersion, Project, Teacher, User
from projects.services.deferral import PERSON, VERSION, Deferral, set_deferral
from projects.services.refusals import Refused
from projects.services.teacher.runs import check_may_ask


@dataclass(frozen=True, eq=False)
class Judged:
    """What a model says of the audit answers that stand, n of them.

    Attributes:
        ids: (n,), ascending. confidence: (n,), probability of the likeliest class. correct: (n,).
        choosing: (n,), the half that chooses thresholds; the other reports.
    """

    ids: NDArray[np.int64]
    confidence: NDArray[np.float64]
    correct: NDArray[np.bool_]
    choosing: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Answerer:
    """Who may answer what a version is unsure of: another version, or the outside teacher.

    Attributes:
        to, version: as in `Deferral`. predictions_file: of the audit answers.
        cpu_seconds, milliseconds: for a thousand; None where nothing was measured.
        asked_cost: money for a million answers that are paid for one by one, in `currency`.
    """

    to: str
    version: int | None
    label: str
    predictions_file: str
    cpu_seconds: float | None = None
    milliseconds: float | None = None
    asked_cost: float | None = None
    currency: str = ""

    @property
    def key(self) -> str:
        """As a form names it."""
        return f"{self.to}-{self.version}" if self.version else self.to


def judged(version: ModelVersion) -> Judged:
    """What a version says of the audit answers that it was measured on and that stand now. A class that
    was merged since is read as the one that took its labels; how sure it was stays, as it is served.

    Raises:
        ModelFilesGone: its predictions are gone from the storage.
    """
    return _judged(version.project, version.predictions_file)


def _judged(project: Project, predictions_file: str) -> Judged:
    truth = audit_answers(project.pk)
    if not predictions_file:
        return _of([], [], [], seed=project.seed)
    found = read_predictions(predictions_file)
    now_said = ClassHistory.read(project.pk).as_now(found.said)
    rows = sorted(
        (pk, share, said == truth[pk])
        for pk, share, said in zip(
            found.example_ids.tolist(),
            found.probabilities.max(axis=1).astype(float).tolist(),
            now_said.tolist(),
            strict=True,
        )
        if pk in truth
    )
    ids, confidence, correct = zip(*rows, strict=True) if rows else ((), (), ())
    return _of(ids, confidence, correct, seed=project.seed)


def _of(ids: Any, confidence: Any, correct: Any, *, seed: int) -> Judged:
    return Judged(
        np.array(ids, dtype=np.int64),
        np.array(confidence, dtype=float),
        np.array(correct, dtype=bool),
        chooses(ids, seed=seed),
    )


def decide(answers: Judged, *, wanted: float, careful: bool) -> Choice:
    """The threshold for an accuracy of what is kept, as `learners.engine.deferral.choose`."""
    return choose(
        confidence=answers.confidence,
        correct=answers.correct,
        choosing=answers.choosing,
        wanted=wanted,
        careful=careful,
    )


def answerers(version: ModelVersion) -> list[Answerer]:
    """Other versions, and the teacher where it may be asked and was measured; the newest first."""
    others = version.project.model_versions.exclude(pk=version.pk).defer("manifest")
    found = [as_answerer(other) for other in others]
    teacher = _teacher(version.project)
    return [*found, teacher] if teacher else found


def as_answerer(version: ModelVersion) -> Answerer:
    """A version as one that answers."""
    said = version.measures
    return Answerer(
        to=VERSION,
        version=version.number,
        label=f"Version {version.number}, {version.rung_label or version.rung}",
        predictions_file=version.predictions_file,
        cpu_seconds=said.get("cpu_seconds_per_1000"),
        milliseconds=said.get("ms_per_1000"),
    )


def _teacher(project: Project) -> Answerer | None:
    teacher = Teacher.objects.filter(project=project, retired_at__isnull=True).first()
    rung = _rung_of_teacher(project)
    if teacher is None or rung is None:
        return None
    try:
        check_may_ask(teacher)
    except Refused:
        return None
    return Answerer(
        to="teacher",
        version=None,
        label=rung.label,
        predictions_file=rung.predictions_file,
        milliseconds=rung.ms_per_1000,
        asked_cost=rung.manifest.get("cost_per_million"),
        currency=rung.manifest.get("currency", ""),
    )


def _rung_of_teacher(project: Project) -> Rung | None:
    """On the newest ladder, once it has answered every random text that measures there."""
    ladder = project.ladders.first()
    rungs = ladder.rungs.filter(name=TEACHER, status=Rung.Status.DONE) if ladder else None
    return rungs.first() if rungs is not None else None


def cascade_of(
    project: Project, answers: Judged, other: Answerer, threshold: float
) -> Cascade | None:
    """What the pair does on the reporting half; None where the two share too few of its answers.

    Raises:
        ModelFilesGone: the other's predictions are gone from the storage.
    """
    bigger = _judged(project, other.predictions_file)
    _, mine, theirs = np.intersect1d(answers.ids, bigger.ids, return_indices=True)
    reports = ~answers.choosing[mine]
    mine, theirs = mine[reports], theirs[reports]
    if len(mine) < MIN_HALF:
        return None
    return cascade(
        confidence=answers.confidence[mine],
        small_correct=answers.correct[mine],
        big_correct=bigger.correct[theirs],
        threshold=threshold,
    )


def rule_of(
    choice: Choice, *, wanted: float, careful: bool, other: Answerer | None, pair: Cascade | None
) -> Deferral:
    """What is kept of a choice that has a threshold."""
    assert choice.threshold is not None
    assert choice.reported is not None
    reported: dict[str, Any] = {
        "n": choice.n_reporting,
        "n_choosing": choice.n_choosing,
        **asdict(choice.reported),
    }
    if pair:
        reported["cascade"] = asdict(pair)
    return Deferral(
        threshold=choice.threshold,
        wanted=wanted,
        careful=careful,
        to=other.to if other else PERSON,
        version=other.version if other else None,
        reported=reported,
    )


@transaction.atomic
def keep_deferral(
    *, actor: User, version: ModelVersion, deferral: Deferral | None, why: str, now: datetime
) -> ModelVersion:
    """Keep the rule with the version; files that were made with another one are forgotten.

    Raises:
        Refused: as `set_deferral`.
    """
    kept = set_deferral(actor=actor, version=version, deferral=deferral, why=why, now=now)
    forget_exports(ModelExport.objects.filter(version=version))
    return kept


def told(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule as a model's `model.json` has it: what decides and nothing that was measured."""
    kept = {name: rule.get(name) for name in ("threshold", "measure", "wanted", "to", "version")}
    return {name: value for name, value in kept.items() if value is not None}
