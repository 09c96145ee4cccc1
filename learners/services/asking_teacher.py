"""The outside teacher as the one that answers what a live model is unsure of: few texts, soon.

Somebody's thread waits meanwhile, one of few that serve the whole site. So all texts of a request
share one deadline, few requests wait at the same time, and a teacher that was too slow is left alone
for a while.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from learners.services.deferred_answers import Said, nobody
from projects.models import Project, Teacher
from projects.services.teacher.answering import Answered, answer_now, teacher_in_use

AT_ONCE = 5  # texts of one request; each may take some seconds
DEADLINE_SECONDS = 10.0  # of all texts of a request together
LEAST_SECONDS = 1.0  # too little for another text
LEFT_ALONE = timedelta(seconds=30)
MOST_WAITING = 2  # requests of this process
LATE = "The outside teacher does not answer in time; a person decides."
BUSY = "The outside teacher is busy with other requests; a person decides."
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
    until = _late_until.get(teacher.pk)
    if until and until > clock():
        return nobody(places, LATE)
    if not _waiting.acquire(blocking=False):
        return nobody(places, BUSY)
    try:
        found = _ask_each(teacher, texts, places[:AT_ONCE], may_ask, clock)
    finally:
        _waiting.release()
    more = f"The outside teacher answers {AT_ONCE} texts of a request; a person decides."
    return found | nobody(places[AT_ONCE:], more)


_waiting = threading.BoundedSemaphore(MOST_WAITING)
_late_until: dict[int, datetime] = {}


def _ask_each(
    teacher: Teacher,
    texts: Sequence[str],
    places: Sequence[int],
    may_ask: Callable[[int, int], bool],
    clock: Callable[[], datetime],
) -> dict[int, Said]:
    """One after the other, to the first for which there is no time left."""
    found = nobody(places, LATE)
    ends = time.monotonic() + DEADLINE_SECONDS
    for place in places:
        if not may_ask(teacher.pk, teacher.requests_per_minute):
            words = "The outside teacher’s requests of this minute are used up; a person decides."
            found |= nobody([place], words)
            continue
        left = ends - time.monotonic()
        if left < LEAST_SECONDS:
            break
        answer = answer_now(teacher=teacher, text=texts[place], clock=clock, deadline_seconds=left)
        found[place] = _said(answer)
        if answer.timed_out:
            _late_until[teacher.pk] = clock() + LEFT_ALONE
            break
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
