"""What an outside teacher is worth: its answers against people's on random texts, cost and time.

The top rung of a ladder. Its answers come from a prompt, not from labels, so the audit answers that
measure it have trained nothing of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.engine.intervals import Interval, MacroF1, macro_f1_bootstrap, wilson
from learners.selectors.training import training_set
from projects.models import Project, Teacher
from projects.selectors.teacher import answers_to, prompt_of, teacher_of
from projects.services.teacher.prompt import Prompt

NO_CLASS = -1
MILLION = 1_000_000

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TeacherPredictions:
    """A teacher's answers on audit answers that stand, by ascending example id.

    Attributes:
        example_ids, y: (n,), the texts and people's classes.
        said: (n,), the class that the teacher named, -1 where it named none (which counts as wrong).
        class_ids: (k,). probabilities: (n, k), rows adding up to 1; None unless the server gave them
            with every answer that names a class (uniform where there is none).
        cost_per_million: in `currency`. seconds_per_1000: of requests one after the other.
        accuracy: None while nothing was measured.
    """

    teacher: Teacher
    example_ids: Ids
    y: Ids
    said: Ids
    class_ids: Ids
    probabilities: NDArray[np.float64] | None
    cost_per_million: float
    currency: str
    seconds_per_1000: float
    accuracy: Interval | None

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def n_right(self) -> int:
        return int((self.said == self.y).sum())

    @property
    def n_without_class(self) -> int:
        return int((self.said == NO_CLASS).sum())

    def macro_f1(self, rng: np.random.Generator) -> MacroF1:
        """Over the classes in use; an answer without a class is wrong for the true one."""
        return macro_f1_bootstrap(
            truth=self.y, predicted=self.said, class_ids=self.class_ids.tolist(), rng=rng
        )


def teacher_predictions(project_id: int) -> TeacherPredictions | None:
    """The answers of the teacher in use to the prompt as it stands; None where there is no teacher,
    or it has answered no audit text whose answer by people stands.
    """
    teacher = teacher_of(project_id)
    if teacher is None:
        return None
    prompt = prompt_of(Project.objects.get(pk=project_id))
    found = _measured(teacher, prompt)
    return found if found.n else None


def _measured(teacher: Teacher, prompt: Prompt) -> TeacherPredictions:
    labels = training_set(teacher.project_id)
    truth = dict(
        zip(
            labels.example_ids[labels.measures].tolist(),
            labels.class_ids[labels.measures].tolist(),
            strict=True,
        )
    )
    rows = [
        row
        for row in answers_to(teacher, prompt.digest)
        .filter(example__role="audit")
        .order_by("example_id")
        if row.example_id in truth
    ]
    class_ids = np.array([words.pk for words in prompt.classes], np.int64)
    y = np.array([truth[row.example_id] for row in rows], np.int64)
    said = np.array([row.label_class_id or NO_CLASS for row in rows], np.int64)
    n = len(rows)
    return TeacherPredictions(
        teacher=teacher,
        example_ids=np.array([row.example_id for row in rows], np.int64),
        y=y,
        said=said,
        class_ids=class_ids,
        probabilities=_probabilities([row.probabilities for row in rows], said, class_ids),
        cost_per_million=float(sum(row.cost for row in rows)) / n * MILLION if n else 0.0,
        currency=teacher.currency,
        seconds_per_1000=float(np.mean([row.seconds for row in rows])) * 1_000 if n else 0.0,
        accuracy=wilson(int((said == y).sum()), n) if n else None,
    )


def _probabilities(
    given: list[dict[str, float] | None], said: Ids, class_ids: Ids
) -> NDArray[np.float64] | None:
    named = said != NO_CLASS
    if not named.any() or any(
        row is None for row, is_named in zip(given, named, strict=True) if is_named
    ):
        return None
    uniform = np.full(len(class_ids), 1 / len(class_ids))
    return np.array(
        [[row.get(str(pk), 0.0) for pk in class_ids.tolist()] if row else uniform for row in given]
    )
