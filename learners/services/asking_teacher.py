"""The outside teacher as the one that answers what a live model is unsure of: few texts, soon."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from learners.services.deferred_answers import Said, nobody
from projects.models import Project
from projects.services.teacher.answering import Answered, answer_now, teacher_in_use

AT_ONCE = 5  # texts of one request; each may take some seconds
NOT_IN_USE = "The outside teacher is not in use any more; a person decides."


def ask_teacher(
    *,
    project: Project,
    texts: Sequence[str],
    places: Sequence[int],
    may_ask: Callable[[int, int], bool],
    clock: Callable[[], datetime],
) -> Mapping[int, Said]:
    """What the teacher says of the texts in these places, or why it says nothing.

    Args:
        texts: of the whole request. may_ask: given the teacher's id and its requests a minute,
            whether one more may be made now.
    """
    teacher = teacher_in_use(project)
    if teacher is None:
        return nobody(places, NOT_IN_USE)
    found: dict[int, Said] = nobody(
        places[AT_ONCE:],
        f"The outside teacher answers {AT_ONCE} texts of a request; a person decides.",
    )
    for place in places[:AT_ONCE]:
        if not may_ask(teacher.pk, teacher.requests_per_minute):
            words = "The outside teacher’s requests of this minute are used up; a person decides."
            found |= nobody([place], words)
            continue
        found[place] = _said(answer_now(teacher=teacher, text=texts[place], clock=clock))
    return found


def _said(answer: Answered) -> Said:
    if answer.class_id is None:
        return Said({"why": f"{answer.why} A person decides."}, None)
    told = {
        "label": answer.label,
        "probability": answer.probabilities.get(answer.label),
        "probabilities": dict(answer.probabilities),
        "answered_by": {"teacher": answer.teacher},
    }
    return Said(told, answer.class_id)
