"""The work of runs, decided from rows: one request at a time, each answer kept as it comes.

However often `work_on` is called and wherever it dies, no text is paid for twice, except the one
that was on its way when the worker was killed. What a request costs is counted before its answer is
read.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db.models import F

from projects.models import Example, SyntheticExample, Teacher, TeacherAnswer, TeacherRun
from projects.selectors.teacher import (
    TOKENS_OF_A_WRITTEN_TEXT,
    TOKENS_OF_AN_ANSWER,
    cost_of,
    prompt_of,
    runs_to_work_on,
    samples_of,
    to_ask,
    tokens_in,
)
from projects.services.import_plan import content_hash
from projects.services.refusals import Refused
from projects.services.teacher.addresses import address_of
from projects.services.teacher.answer import Said, read_label, read_texts
from projects.services.teacher.client import Later, Rejected, Reply, Trouble, ask
from projects.services.teacher.prompt import (
    ABILITIES,
    TEXTS_A_REQUEST,
    Prompt,
    Writing,
    label_request,
    synthetic_request,
)
from projects.services.teacher.runs import OPEN, Purpose, Status, check_may_ask
from projects.services.teacher.spending import expected_cost, set_aside, settle

logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(seconds=150)  # longer than a request may take
MOST_TROUBLES = 8  # in a row
FIRST_WAIT = 2.0
LONGEST_WAIT = 120.0
LONGEST_ASKED_WAIT = 3_600.0
MAX_RAW_CHARS = 2_000
MAX_ERROR_CHARS = 300

CANNOT_BE_KEPT = (DataError, IntegrityError, ValueError, ArithmeticError)

Clock = Callable[[], datetime]
Rate = Callable[[int, int], float]


class _Stop(Exception):
    """The run cannot go on; the words say why."""


@dataclass(frozen=True)
class _Job:
    """One request: of a text, or for texts of a class."""

    body: dict[str, object]
    n_chars: int
    tokens_out: int
    example: Example | None = None


def due_runs(now: datetime) -> list[int]:
    """Runs that a worker should take up now."""
    return runs_to_work_on(now, now - STALE_AFTER)


def work_on(*, run_id: int, token: UUID, clock: Clock, rate: Rate) -> float | None:
    """Make the run's next request, if it may be made.

    Args:
        rate: given the teacher's id and its requests a minute, counts one request and says in
            how many seconds it may be made: 0 for at once.

    Returns:
        Seconds until asking again makes sense (0: at once); None where the run is over, halted, or
        another task's.
    """
    run = _take(run_id, token, clock())
    if run is None:
        return None
    if run.not_before and run.not_before > clock():
        return (run.not_before - clock()).total_seconds()
    try:
        prompt = _prompt(run)
        job = _next_job(run, prompt)
        if job is None:
            _end(run, clock())
            return None
        if wait := rate(run.teacher_id, run.teacher.requests_per_minute):
            return _nap(run, wait, clock())
        return _request(run, prompt, job, clock)
    except _Stop as stop:
        _halt(run, str(stop))
        return None


def release(*, run_id: int, token: UUID) -> None:
    """Let another task take the run up at once."""
    TeacherRun.objects.filter(pk=run_id, token=token).update(token=None, heartbeat_at=None)


def _take(run_id: int, token: UUID, now: datetime) -> TeacherRun | None:
    with transaction.atomic():
        run = (
            TeacherRun.objects.select_for_update(of=("self",))
            .select_related("teacher__project", "label_class")
            .filter(pk=run_id, status__in=OPEN, teacher__project__binned_at__isnull=True)
            .first()
        )
        if run is None:
            return None
        alive = run.heartbeat_at is not None and run.heartbeat_at > now - STALE_AFTER
        if run.token not in {None, token} and alive:
            return None
        run.token, run.heartbeat_at, run.status = token, now, Status.RUNNING
        run.save(update_fields=["token", "heartbeat_at", "status"])
    return run


def _prompt(run: TeacherRun) -> Prompt:
    try:
        check_may_ask(run.teacher)
    except Refused as refused:
        raise _Stop(refused.message) from refused
    prompt = prompt_of(run.teacher.project)
    if prompt.digest != run.prompt_digest:
        raise _Stop("Guideline or classes have changed since it began: cancel it, start anew.")
    return prompt


# ---- what is asked next ----


def _next_job(run: TeacherRun, prompt: Prompt) -> _Job | None:
    n_left = run.n_wanted - run.n_ended
    if n_left <= 0:
        return None
    if run.purpose == Purpose.SYNTHETIC:
        return _writing_job(run, prompt, min(TEXTS_A_REQUEST, n_left))
    if run.purpose == Purpose.TRIAL:
        return _label_job(run, prompt, run.sample_text)
    example = to_ask(run.teacher, run.purpose, prompt.digest).first()
    return _label_job(run, prompt, example.text, example) if example else None


def _label_job(run: TeacherRun, prompt: Prompt, text: str, example: Example | None = None) -> _Job:
    ability = ABILITIES[run.teacher.ability]
    body = label_request(prompt, model=run.teacher.model, text=text, ability=ability)
    return _Job(body, _n_chars(body), TOKENS_OF_AN_ANSWER, example)


def _writing_job(run: TeacherRun, prompt: Prompt, n_texts: int) -> _Job:
    words = next((words for words in prompt.classes if words.pk == run.label_class_id), None)
    if words is None or run.label_class is None:
        raise _Stop("The class is not in use any more.")
    writing = Writing(words, n_texts, samples_of(run.label_class))
    ability = ABILITIES[run.teacher.ability]
    body = synthetic_request(prompt, writing, model=run.teacher.model, ability=ability)
    return _Job(body, _n_chars(body), TOKENS_OF_A_WRITTEN_TEXT * n_texts)


def _n_chars(body: dict[str, object]) -> int:
    messages = body["messages"]
    assert isinstance(messages, list)
    return sum(len(message["content"]) for message in messages)


def _set_aside(teacher: Teacher, job: _Job) -> Decimal:
    """What the next request is expected to cost, which must fit in."""
    expected = expected_cost(teacher, n_chars=job.n_chars, tokens_out=job.tokens_out)
    if not set_aside(teacher, expected):
        spent = Teacher.objects.values_list("spent", flat=True).get(pk=teacher.pk)
        raise _Stop(
            f"The budget is used up: {spent:.4f} of {teacher.budget:.4f} {teacher.currency} spent, "
            f"and the next request costs about {expected:.4f}. Raise the budget to go on."
        )
    return expected


# ---- asking ----


def _request(run: TeacherRun, prompt: Prompt, job: _Job, clock: Clock) -> float:
    teacher = run.teacher
    key = key_of(teacher)
    aside = _set_aside(teacher, job)
    try:
        reply = ask(base_url=teacher.base_url, key=key, body=job.body, now=clock())
    except Trouble as trouble:
        _charge(run, aside, aside if trouble.may_cost else Decimal(0))
        return _in_trouble(run, job, trouble, clock())
    _charge(run, aside, _usage(teacher, job, reply).cost)
    try:
        _keep(run, prompt, job, reply, clock())
    except CANNOT_BE_KEPT as error:  # asking again would be paid again, and bring the same
        name = type(error).__name__
        raise _Stop(f"An answer came, and was paid for, that cannot be kept ({name}).") from error
    return _pace(run, clock())


def _charge(run: TeacherRun, aside: Decimal, cost: Decimal) -> None:
    """Count the request, before anything is made of its answer."""
    with transaction.atomic():
        settle(run.teacher, aside=aside, cost=cost)
        TeacherRun.objects.filter(pk=run.pk).update(
            cost=F("cost") + cost, n_requests=F("n_requests") + 1
        )


def _in_trouble(run: TeacherRun, job: _Job, trouble: Trouble, now: datetime) -> float:
    if isinstance(trouble, Later):
        return _wait(run, str(trouble), trouble.wait, now)
    if isinstance(trouble, Rejected):
        return _rejected(run, job, str(trouble), now)
    raise _Stop(str(trouble)) from trouble


def _nap(run: TeacherRun, seconds: float, now: datetime) -> float:
    """The requests of this minute are used up, by this run or by questions from programs."""
    at = now + timedelta(seconds=seconds)
    TeacherRun.objects.filter(pk=run.pk, token=run.token).update(not_before=at)
    return seconds


class NoKey(_Stop):
    """The environment holds no key, or none that can be one."""


def key_of(teacher: Teacher) -> str:
    """The key from this process's environment, "" where none is needed.

    It goes only to a host that whoever runs the site named: in the variable with `_HOST` at its end,
    for this key alone, or else in the list of hosts. Raises NoKey.
    """
    if not teacher.key_variable:
        return ""
    key = os.environ.get(teacher.key_variable, "").strip()
    if not key:
        raise NoKey(f"The environment has no {teacher.key_variable}, which should hold the key.")
    if not key.isascii() or not key.isprintable():
        raise NoKey(f"{teacher.key_variable} holds characters that no key can have.")
    _check_host(teacher)
    return key


def _check_host(teacher: Teacher) -> None:
    variable = f"{teacher.key_variable}_HOST"
    bound = os.environ.get(variable, "").replace(" ", "")
    if bound and not address_of(teacher.base_url).is_among(bound.split(",")):
        raise NoKey(f"The key in {teacher.key_variable} is for {bound} only ({variable}).")
    if not bound and not settings.LABELER_TEACHER_HOSTS:
        raise NoKey(
            f"A key is sent only to hosts that whoever runs this site has named, in {variable} or in "
            "LABELER_TEACHER_HOSTS."
        )


def _wait(run: TeacherRun, words: str, asked: float | None, now: datetime) -> float:
    """Back off: 2 s, doubling, up to 2 minutes, and never less than the server asks for."""
    if run.troubles + 1 >= MOST_TROUBLES:
        raise _Stop(f"{words} That was the {MOST_TROUBLES}th failed request in a row.")
    if asked is not None and asked > LONGEST_ASKED_WAIT:
        raise _Stop(f"{words} It asks to wait for {asked / 60:.0f} minutes.")
    seconds = max(
        asked or 0.0, min(FIRST_WAIT * float(2**run.troubles), LONGEST_WAIT), _interval(run)
    )
    TeacherRun.objects.filter(pk=run.pk).update(
        troubles=F("troubles") + 1,
        not_before=now + timedelta(seconds=seconds),
        error=words,
    )
    return seconds


def _rejected(run: TeacherRun, job: _Job, words: str, now: datetime) -> float:
    """A server that never answered may not take this form of request: the next form is tried."""
    teacher = run.teacher
    if not teacher.ability_known and teacher.ability + 1 < len(ABILITIES):
        Teacher.objects.filter(pk=teacher.pk).update(ability=teacher.ability + 1)
        return _pace(run, now)
    if not teacher.ability_known or job.example is None:
        raise _Stop(words)
    nothing = Reply("", 0, 0, (), 0.0)
    _store_answer(run, job, nothing, Said(None, words), now)
    return _pace(run, now)


def _interval(run: TeacherRun) -> float:
    return 60.0 / run.teacher.requests_per_minute


def _pace(run: TeacherRun, now: datetime) -> float:
    """Keep to the rate: the time of the request itself counts."""
    begun = run.heartbeat_at or now
    at = max(now, begun + timedelta(seconds=_interval(run)))
    TeacherRun.objects.filter(pk=run.pk, token=run.token).update(not_before=at, heartbeat_at=now)
    return (at - now).total_seconds()


# ---- keeping ----


def _keep(run: TeacherRun, prompt: Prompt, job: _Job, reply: Reply, now: datetime) -> None:
    if not run.teacher.ability_known:
        Teacher.objects.filter(pk=run.teacher_id).update(ability_known=True)
    if run.purpose == Purpose.SYNTHETIC:
        _store_texts(run, reply, now)
        return
    said = read_label(prompt, reply.content, reply.tokens)
    if run.purpose == Purpose.TRIAL:
        _store_trial(run, job, reply, said)
    else:
        _store_answer(run, job, reply, said, now)
    if said.class_id is None and run.troubles + 1 >= MOST_TROUBLES:
        raise _Stop(f"{MOST_TROUBLES} requests in a row brought no class. The last: {said.error}")


def _store_answer(run: TeacherRun, job: _Job, reply: Reply, said: Said, now: datetime) -> None:
    """One answer, counted once: a text that another task answered meanwhile costs, and no more."""
    used = _usage(run.teacher, job, reply)
    assert job.example is not None
    answer = TeacherAnswer(
        teacher=run.teacher,
        run=run,
        example=job.example,
        label_class_id=said.class_id,
        probability=said.probability,
        probabilities=said.probabilities,
        raw=reply.content[:MAX_RAW_CHARS],
        prompt_digest=run.prompt_digest,
        seconds=reply.seconds,
        error=said.error[:MAX_ERROR_CHARS],
        purpose=run.purpose,
        asked_at=now,
        tokens_in=used.tokens_in,
        tokens_out=used.tokens_out,
        tokens_estimated=used.estimated,
        cost=used.cost,
    )
    with transaction.atomic():
        asked = TeacherAnswer.objects.filter(
            teacher=run.teacher, example=job.example, prompt_digest=run.prompt_digest
        )
        is_new = not asked.exists()
        if is_new:
            TeacherAnswer.objects.bulk_create([answer], ignore_conflicts=True)
        named = said.class_id is not None
        _count(run, good=int(is_new and named), bad=int(is_new and not named))


def _store_trial(run: TeacherRun, job: _Job, reply: Reply, said: Said) -> None:
    used = _usage(run.teacher, job, reply)
    run.sample_answer = {
        "class": said.class_id,
        "error": said.error,
        "raw": reply.content[:MAX_RAW_CHARS],
        "probability": said.probability,
        "tokens_in": used.tokens_in,
        "tokens_out": used.tokens_out,
        "estimated": used.estimated,
        "cost": str(used.cost),
        "seconds": reply.seconds,
    }
    with transaction.atomic():
        TeacherRun.objects.filter(pk=run.pk).update(sample_answer=run.sample_answer)
        named = said.class_id is not None
        _count(run, good=int(named), bad=int(not named))


def _store_texts(run: TeacherRun, reply: Reply, now: datetime) -> None:
    """Texts that are new: neither written before nor in the project, where they may measure."""
    texts = {content_hash(text): text for text in read_texts(reply.content)}
    with transaction.atomic():
        known = {
            bytes(known)
            for rows in (
                Example.objects.filter(project_id=run.teacher.project_id),
                SyntheticExample.objects.filter(teacher__project_id=run.teacher.project_id),
            )
            for known in rows.filter(content_hash__in=list(texts)).values_list(
                "content_hash", flat=True
            )
        }
        fresh = [
            SyntheticExample(
                teacher=run.teacher,
                run=run,
                label_class=run.label_class,
                text=text,
                content_hash=digest,
                made_at=now,
            )
            for digest, text in texts.items()
            if digest not in known
        ][: run.n_wanted - run.n_done]
        SyntheticExample.objects.bulk_create(fresh, ignore_conflicts=True)
        _count(run, good=len(fresh), bad=0)
    if not fresh and run.troubles + 1 >= MOST_TROUBLES:
        raise _Stop(f"{MOST_TROUBLES} requests in a row brought no new text.")


@dataclass(frozen=True)
class _Used:
    tokens_in: int
    tokens_out: int
    estimated: bool
    cost: Decimal


def _usage(teacher: Teacher, job: _Job, reply: Reply) -> _Used:
    """What the server counted; where it counts nothing, what the lengths suggest."""
    asked, said = reply.tokens_in, reply.tokens_out
    estimated = asked is None or said is None
    asked = tokens_in("x" * job.n_chars) if asked is None else asked
    said = tokens_in(reply.content) if said is None else said
    return _Used(asked, said, estimated, cost_of(teacher, asked, said))


def _count(run: TeacherRun, *, good: int, bad: int) -> None:
    TeacherRun.objects.filter(pk=run.pk).update(
        n_done=F("n_done") + good,
        n_failed=F("n_failed") + bad,
        troubles=0 if good else F("troubles") + 1,
        error="",
    )


def _end(run: TeacherRun, now: datetime) -> None:
    TeacherRun.objects.filter(pk=run.pk, status__in=OPEN).update(
        status=Status.DONE, finished_at=now, token=None, heartbeat_at=None, not_before=None
    )


def _halt(run: TeacherRun, words: str) -> None:
    logger.warning("teacher run %s stopped: %s", run.pk, words)
    TeacherRun.objects.filter(pk=run.pk, status__in=OPEN).update(
        status=Status.STOPPED, error=words, token=None, heartbeat_at=None, not_before=None
    )
