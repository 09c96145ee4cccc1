"""One text asked of an outside teacher while somebody waits: within its budget, and soon or not at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from projects.models import Project, Teacher
from projects.selectors.teacher import TOKENS_OF_AN_ANSWER, cost_of, prompt_of, tokens_in
from projects.services.refusals import Refused
from projects.services.teacher.answer import read_label
from projects.services.teacher.client import Later, Reply, Trouble, ask
from projects.services.teacher.prompt import ABILITIES, label_request
from projects.services.teacher.runs import check_may_ask
from projects.services.teacher.spending import expected_cost, set_aside, settle
from projects.services.teacher.work import NoKey, key_of


@dataclass(frozen=True)
class Answered:
    """The class that it named, with probabilities by name where the server gave them; or `why` there
    is none. `timed_out`: no answer came in time, and the next would hardly come either.
    """

    class_id: int | None
    label: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    teacher: str = ""
    why: str = ""
    timed_out: bool = False


def teacher_in_use(project: Project) -> Teacher | None:
    """The project's teacher, if it may be asked now."""
    teacher = Teacher.objects.filter(project=project, retired_at__isnull=True).first()
    if teacher is None:
        return None
    try:
        check_may_ask(teacher)
    except Refused:
        return None
    return teacher


def answer_now(
    *, teacher: Teacher, text: str, clock: Callable[[], datetime], deadline_seconds: float
) -> Answered:
    """Ask about one text that is in no pool. What it cost is counted, also when it names no class or
    no answer comes in time; neither question nor answer is kept.
    """
    prompt = prompt_of(teacher.project)
    body = label_request(prompt, model=teacher.model, text=text, ability=ABILITIES[teacher.ability])
    n_chars = sum(len(str(message["content"])) for message in body["messages"])
    try:
        key = key_of(teacher)
    except NoKey as none:
        return Answered(None, teacher=teacher.name, why=str(none))
    aside = expected_cost(teacher, n_chars=n_chars, tokens_out=TOKENS_OF_AN_ANSWER)
    if not set_aside(teacher, aside):
        why = f"The budget of {teacher.name} is used up."
        return Answered(None, teacher=teacher.name, why=why)
    try:
        reply = ask(
            base_url=teacher.base_url,
            key=key,
            body=body,
            now=clock(),
            deadline_seconds=deadline_seconds,
        )
    except Trouble as trouble:
        settle(teacher, aside=aside, cost=aside if trouble.may_cost else Decimal(0))
        late = isinstance(trouble, Later) and trouble.timed_out
        return Answered(None, teacher=teacher.name, why=str(trouble), timed_out=late)
    settle(teacher, aside=aside, cost=_cost(teacher, n_chars, reply))
    said = read_label(prompt, reply.content, reply.tokens)
    if said.class_id is None:
        return Answered(None, teacher=teacher.name, why=said.error)
    names = {words.pk: words.name for words in prompt.classes}
    shares = {names[pk]: share for pk, share in (said.probabilities or {}).items()}
    return Answered(said.class_id, names[said.class_id], shares, teacher.name)


def _cost(teacher: Teacher, n_chars: int, reply: Reply) -> Decimal:
    """By what the server counted, else by the lengths."""
    asked = tokens_in("x" * n_chars) if reply.tokens_in is None else reply.tokens_in
    said = tokens_in(reply.content) if reply.tokens_out is None else reply.tokens_out
    return cost_of(teacher, asked, said)
