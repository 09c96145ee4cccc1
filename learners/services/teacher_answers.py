"""What an outside teacher's answers on the pool teach a student: soft labels, as they stood at a moment.

No answer on a random text has a part in it, not even in how far the teacher is trusted: random texts
measure the student.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db.models import Max, QuerySet
from numpy.typing import NDArray

from learners.selectors.training import TrainingSet
from projects.models import Example, Teacher, TeacherAnswer
from projects.selectors.teacher import answers_to
from projects.services.teacher.prompt import Prompt

ENOUGH_COMPARED = 30
"""Pool texts that people labelled as well, from which on they say how far a teacher is trusted: with nine
in ten right, the standard error of the share is then about 5 points.
"""
PRIOR_TRUST = 0.9
"""How far a teacher is trusted before: the customary smoothing of labels by a tenth (Szegedy et al. 2016,
"Rethinking the Inception architecture for computer vision", ε = 0.1), a guess that promises no accuracy.
"""

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class StandingAnswers:
    """The answers of a teacher to one prompt up to one of them: the same rows whatever comes later.

    Attributes:
        model: as its server calls it.
        upto: id of the last answer; 0 without any.
        class_ids: (k,), the classes of the prompt, ascending.
    """

    teacher_id: int
    model: str
    prompt_digest: str
    upto: int
    class_ids: tuple[int, ...]

    def facts(self) -> dict[str, Any]:
        """As a manifest holds it; `from_facts` reads it."""
        return asdict(self) | {"class_ids": list(self.class_ids)}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "StandingAnswers":
        return cls(**{**facts, "class_ids": tuple(facts["class_ids"])})

    def on_pool(self) -> QuerySet[TeacherAnswer]:
        """Those on texts of the pool that named a class, by ascending example id."""
        return TeacherAnswer.objects.filter(
            teacher_id=self.teacher_id,
            prompt_digest=self.prompt_digest,
            pk__lte=self.upto,
            example__role=Example.Role.POOL,
            label_class_id__in=self.class_ids,
        ).order_by("example_id")


def standing_answers(teacher: Teacher, prompt: Prompt) -> StandingAnswers:
    """The answers to this prompt that stand now."""
    last = answers_to(teacher, prompt.digest).aggregate(pk=Max("pk"))["pk"]
    return StandingAnswers(
        teacher_id=teacher.pk,
        model=teacher.model,
        prompt_digest=prompt.digest,
        upto=last or 0,
        class_ids=tuple(sorted(words.pk for words in prompt.classes)),
    )


@dataclass(frozen=True)
class Trust:
    """How far a class is believed that a teacher names.

    Attributes:
        share: its soft label, from an equal share up to below 1 (1 for a single class).
        n: pool texts that people labelled as well; `share` is measured on them where they are enough.
    """

    share: float
    n: int

    @property
    def is_measured(self) -> bool:
        return self.n >= ENOUGH_COMPARED


def trust_in(answers: StandingAnswers, labels: TrainingSet) -> Trust:
    """How often the teacher named the class that people gave, of `labels` on texts of the pool.

    By Laplace's (right + 1) / (n + 2); `PRIOR_TRUST` below `ENOUGH_COMPARED` texts. Such texts were
    mostly asked of people because a model was unsure of them, so it is rather too low than too high.
    """
    by_people = ~labels.is_audit & ~labels.is_known & np.isin(labels.class_ids, answers.class_ids)
    people = dict(
        zip(
            labels.example_ids[by_people].tolist(),
            labels.class_ids[by_people].tolist(),
            strict=True,
        )
    )
    said = answers.on_pool().values_list("example_id", "label_class_id")
    agree = [people[pk] == class_id for pk, class_id in said if pk in people]
    n = len(agree)
    share = (sum(agree) + 1) / (n + 2) if n >= ENOUGH_COMPARED else PRIOR_TRUST
    return Trust(max(share, 1 / len(answers.class_ids)), n)


def soft_answers(
    answers: StandingAnswers, labels: TrainingSet
) -> tuple[Ids, NDArray[np.float64], str]:
    """What a student learns from: the answers on pool texts without one of the `labels`, as soft labels.

    Where the server gave probabilities they are the soft labels. Elsewhere the class that was named
    gets `trust_in` the teacher, and the others share the rest.

    Returns:
        (m,) example ids, ascending; (m, k) soft labels, columns as `class_ids`; and a sentence on where
        they come from.
    """
    labelled = set(labels.example_ids.tolist())
    said = answers.on_pool().values_list("example_id", "label_class_id", "probabilities")
    rows = [row for row in said if row[0] not in labelled]
    class_ids, trust = answers.class_ids, trust_in(answers, labels)
    soft = np.full((len(rows), len(class_ids)), (1 - trust.share) / max(len(class_ids) - 1, 1))
    n_given = 0
    for place, (_, class_id, given) in enumerate(rows):
        if given:
            n_given += 1
            soft[place] = [given.get(str(pk), 0.0) for pk in class_ids]
        else:
            soft[place, class_ids.index(class_id)] = trust.share
    soft /= soft.sum(axis=1, keepdims=True)
    ids = np.array([row[0] for row in rows], np.int64)
    return ids, soft, _where_from(len(rows), n_given, trust)


def _where_from(n_rows: int, n_given: int, trust: Trust) -> str:
    if n_given == n_rows:
        return "The soft labels are the probabilities that the server gave."
    whose = "The server" if not n_given else f"For {n_rows - n_given:,} of {n_rows:,} the server"
    how = (
        f"as measured on {trust.n:,} texts of the pool that people labelled as well"
        if trust.is_measured
        else f"a set share: people labelled {trust.n:,} of the pool texts that it answered, and "
        f"{ENOUGH_COMPARED} are needed to measure it"
    )
    return (
        f"{whose} gave no probabilities: the class that was named counts {100 * trust.share:.0f} % "
        f"({how}), and the others share the rest."
    )
