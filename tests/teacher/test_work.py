"""Asking, text by text: kept as they come, counted, held to rate and budget, gone on with."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from projects.models import Example, LabelClass, Project, TeacherAnswer, TeacherRun
from projects.services.refusals import Refused
from projects.services.teacher.answer import Said
from projects.services.teacher.prompt import ABILITIES
from projects.services.teacher.runs import cancel, go_on, pause
from projects.services.teacher.work import MOST_TROUBLES, STALE_AFTER, due_runs, work_on
from tests.factories import NOW
from tests.teacher.server import Answer, Server, completion, failing, text_of
from tests.teacher.worlds import (
    Clock,
    at_once,
    label,
    make_teacher,
    start,
    texts_project,
    waits,
    work,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return texts_project()


def asked(server: Server) -> list[str]:
    return [text_of(body) for body in server.bodies]


def test_every_answered_random_text_is_asked_once(server: Server, project: Project) -> None:
    run = work(start(make_teacher(project, base_url=server.url)))
    assert (run.status, run.n_done, run.n_failed) == ("done", 4, 0)
    assert sorted(asked(server)) == ["no 1", "no 3", "yes 0", "yes 2"]
    said = TeacherAnswer.objects.values_list("example__text", "label_class__name")
    assert all(text.startswith(name) for text, name in said)


def test_a_random_text_that_nobody_answered_is_never_sent(server: Server) -> None:
    project = texts_project(n_audit=0)
    Example.objects.filter(text="yes 0").update(role="audit", audit_rank=1)
    with pytest.raises(Refused, match="no random text"):
        start(make_teacher(project, base_url=server.url))
    work(start(make_teacher(project, base_url=server.url), "pool"))
    assert "yes 0" not in asked(server)


def test_an_answer_that_is_older_than_a_class_is_not_enough(
    server: Server, project: Project
) -> None:
    project.annotations.update(stale=True)
    with pytest.raises(Refused, match="no random text"):
        start(make_teacher(project, base_url=server.url))


def test_the_pool_is_answered_in_random_order_without_labelled_texts(
    server: Server, project: Project
) -> None:
    first = project.examples.filter(role="pool").order_by("random_rank")[0]
    label(first, first.text.split()[0], project.memberships.get().user)
    run = work(start(make_teacher(project, base_url=server.url), "pool", 5))
    by_rank = project.examples.filter(role="pool", settled=False).order_by("random_rank")
    assert asked(server) == list(by_rank.values_list("text", flat=True)[:5])
    assert run.n_done == 5


def test_cost_is_counted_from_usage(server: Server, project: Project) -> None:
    teacher = make_teacher(project, base_url=server.url)
    run = work(start(teacher))
    teacher.refresh_from_db()
    each = Decimal("0.0003")  # 100 tokens at 2 and 10 tokens at 10 per million
    assert (run.cost, teacher.spent) == (4 * each, 4 * each)
    assert TeacherAnswer.objects.filter(cost=each, tokens_estimated=False).count() == 4


def test_without_usage_the_cost_is_estimated_and_said_to_be(
    server: Server, project: Project
) -> None:
    server.usual = lambda _: completion('{"label": "yes"}', usage=None)
    work(start(make_teacher(project, base_url=server.url)))
    answer = TeacherAnswer.objects.all()[0]
    assert answer.tokens_estimated
    assert answer.cost > 0


def test_it_stops_at_the_budget_and_goes_on_when_that_is_raised(
    server: Server, project: Project
) -> None:
    teacher = make_teacher(project, base_url=server.url, budget="0.001")
    run = work(start(teacher))
    assert run.status == "stopped"
    assert "The budget is used up" in run.error
    assert 0 < run.n_done < 4
    make_teacher(project, base_url=server.url, budget="1")
    assert go_on(run=TeacherRun.objects.get())
    assert work(run).n_done == 4


def test_the_rate_is_kept(server: Server, project: Project) -> None:
    run = start(make_teacher(project, base_url=server.url, requests_per_minute=10))
    assert list(waits(run, Clock())) == [6.0] * 4


def test_nonsense_is_an_error_of_that_text_and_is_not_asked_again(
    server: Server, project: Project
) -> None:
    server.then(completion("I would rather not say."))
    run = work(start(make_teacher(project, base_url=server.url)))
    assert (run.n_done, run.n_failed, run.status) == (3, 1, "done")
    failed = TeacherAnswer.objects.get(label_class=None)
    assert failed.error == "The answer names no class: “I would rather not say.”"
    assert len(server.bodies) == 4


def test_nothing_but_nonsense_stops_it(server: Server, project: Project) -> None:
    server.usual = lambda _: completion("?")
    Example.objects.filter(role="pool").update(settled=False)
    run = work(start(make_teacher(project, base_url=server.url), "pool", 8))
    assert run.status == "stopped"
    assert "in a row brought no class" in run.error


def test_too_many_requests_wait_as_long_as_the_server_says(
    server: Server, project: Project
) -> None:
    server.then(failing(429, Retry_After="40"))
    clock = Clock()
    run = start(make_teacher(project, base_url=server.url))
    assert next(waits(run, clock)) == 40
    assert due_runs(clock.now) == []
    clock.sleep(STALE_AFTER.total_seconds())
    assert work(run, clock).n_done == 4


def test_faults_of_the_server_back_off_and_then_stop(server: Server, project: Project) -> None:
    server.usual = lambda _: failing(500, "oh dear")
    run = start(make_teacher(project, base_url=server.url))
    assert list(waits(run, Clock())) == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 120.0]
    run.refresh_from_db()
    assert run.status == "stopped"
    assert "oh dear" in run.error
    assert f"{MOST_TROUBLES}th" in run.error


def test_after_a_fault_the_same_text_is_asked_again(server: Server, project: Project) -> None:
    server.then(failing(503))
    run = work(start(make_teacher(project, base_url=server.url)))
    assert (run.status, run.n_done, run.n_requests) == ("done", 4, 5)
    assert asked(server)[0] == asked(server)[1]


@pytest.mark.parametrize("status", [302, 401, 404])
def test_what_no_retry_mends_stops_at_once(server: Server, project: Project, status: int) -> None:
    server.then(Answer(status, {"Location": "https://example.com/"}))
    run = work(start(make_teacher(project, base_url=server.url)))
    assert (run.status, len(server.bodies)) == ("stopped", 1)
    assert f"status {status}" in run.error


def test_a_plain_server_is_asked_in_a_plainer_form(server: Server, project: Project) -> None:
    server.then(failing(400, "no logprobs"), failing(400, "no schema"))
    teacher = make_teacher(project, base_url=server.url)
    assert work(start(teacher)).n_done == 4
    teacher.refresh_from_db()
    assert (ABILITIES[teacher.ability].form, teacher.ability_known) == ("object", True)


def test_a_text_that_is_refused_later_is_that_texts_error(server: Server, project: Project) -> None:
    teacher = make_teacher(project, base_url=server.url)
    run = start(teacher)
    steps = waits(run, Clock())
    next(steps)
    server.then(failing(400, "content filter"))
    list(steps)
    run.refresh_from_db()
    assert (run.n_done, run.n_failed) == (3, 1)
    assert "content filter" in TeacherAnswer.objects.get(label_class=None).error


def test_a_server_that_takes_no_form_stops_it(server: Server, project: Project) -> None:
    server.usual = lambda _: failing(400, "bad model")
    run = work(start(make_teacher(project, base_url=server.url)))
    assert (run.status, len(server.bodies)) == ("stopped", len(ABILITIES))
    assert "bad model" in run.error


def test_another_worker_goes_on_after_a_kill_and_pays_no_text_twice(
    server: Server, project: Project
) -> None:
    run, clock = start(make_teacher(project, base_url=server.url)), Clock()
    killed = waits(run, clock)
    next(killed)
    next(killed)
    assert work(run, clock).n_done == 2  # the dead one's hold has not ended
    clock.sleep(STALE_AFTER.total_seconds() + 1)
    assert due_runs(clock.now) == [run.pk]
    assert work(run, clock).n_done == 4
    assert len(set(asked(server))) == len(asked(server)) == 4


def test_two_workers_do_not_share_a_run(server: Server, project: Project) -> None:
    run = start(make_teacher(project, base_url=server.url))
    assert next(waits(run, Clock())) is not None
    assert work_on(run_id=run.pk, token=uuid4(), clock=Clock(), rate=at_once) is None


def test_a_paused_run_asks_nothing_and_goes_on_where_it_was(
    server: Server, project: Project
) -> None:
    run, clock = start(make_teacher(project, base_url=server.url)), Clock()
    next(waits(run, clock))
    assert pause(run=run)
    assert (work(run, clock).status, len(server.bodies)) == ("paused", 1)
    assert go_on(run=run)
    assert work(run, clock).n_done == 4


def test_a_cancelled_run_keeps_what_was_answered(server: Server, project: Project) -> None:
    run = start(make_teacher(project, base_url=server.url))
    next(waits(run, Clock()))
    assert cancel(run=run, now=NOW)
    assert work(run).status == "cancelled"
    assert TeacherAnswer.objects.count() == 1
    assert not go_on(run=run)


def test_a_changed_guideline_ends_what_was_begun_with_another(
    server: Server, project: Project
) -> None:
    run = start(make_teacher(project, base_url=server.url))
    next(waits(run, Clock()))
    Project.objects.update(guideline="Now otherwise.")
    clock = Clock(NOW + timedelta(hours=1))
    assert "have changed" in work(run, clock).error
    with pytest.raises(Refused, match="have changed"):
        go_on(run=TeacherRun.objects.get())


def test_the_key_comes_from_the_environment_alone(
    server: Server, project: Project, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LABELER_TEACHER_HOSTS = frozenset({"127.0.0.1"})
    monkeypatch.setenv("LABELER_TEACHER_KEY_A", " sk-1 \n")
    work(start(make_teacher(project, base_url=server.url, key_variable="LABELER_TEACHER_KEY_A")))
    assert set(server.keys) == {"Bearer sk-1"}


def test_a_missing_key_is_told_and_nothing_is_sent(server: Server, project: Project) -> None:
    teacher = make_teacher(project, base_url=server.url, key_variable="LABELER_TEACHER_KEY_B")
    run = work(start(teacher))
    assert run.status == "stopped"
    assert "has no LABELER_TEACHER_KEY_B" in run.error
    assert server.bodies == []


def test_the_operators_switch_stops_what_runs(
    server: Server, project: Project, settings: Any
) -> None:
    run = start(make_teacher(project, base_url=server.url))
    settings.LABELER_OUTSIDE_TEACHER = False
    assert "switched off" in work(run).error
    assert server.bodies == []


def test_a_trial_sends_one_text_and_leaves_no_answer(server: Server, project: Project) -> None:
    teacher = make_teacher(project, base_url=server.url)
    run = work(start(teacher, "trial", sample_text="yes of course"))
    yes = LabelClass.objects.get(name="yes")
    assert (run.sample_answer["class"], run.status) == (yes.pk, "done")
    assert not TeacherAnswer.objects.exists()
    teacher.refresh_from_db()
    assert teacher.spent == run.cost > 0


def test_only_one_run_of_a_teacher_is_open(server: Server, project: Project) -> None:
    teacher = make_teacher(project, base_url=server.url)
    start(teacher)
    with pytest.raises(Refused, match="at work already"):
        start(teacher, "pool", 1)


def test_every_run_is_in_the_ledger(server: Server, project: Project) -> None:
    run = start(make_teacher(project, base_url=server.url), "pool", 3)
    payload = project.events.get(kind="teacher_asked").payload
    assert (payload["run"], payload["purpose"], payload["n"]) == (run.pk, "pool", 3)
    assert payload["prompt_digest"] == run.prompt_digest


def test_an_answer_that_cannot_be_kept_is_paid_for_once_and_stops_the_run(
    server: Server, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.services.teacher.work.read_label", broken)
    teacher = make_teacher(project, base_url=server.url)
    run = work(start(teacher))
    teacher.refresh_from_db()
    assert (run.status, run.n_requests, len(server.bodies)) == ("stopped", 1, 1)
    assert teacher.spent == run.cost == Decimal("0.0003")
    assert "cannot be kept (OverflowError)" in run.error


def broken(*_: object) -> Said:
    raise OverflowError


def test_half_an_emoji_is_an_answer_like_others(server: Server, project: Project) -> None:
    half = '{"choices": [{"message": {"content": "no \\ud83d"}}]}'
    server.then(Answer(body=half.encode()))
    run = work(start(make_teacher(project, base_url=server.url)))
    assert (run.status, run.n_done, run.n_failed) == ("done", 3, 1)


def test_a_lost_answer_counts_as_what_it_was_expected_to_cost(
    server: Server, project: Project
) -> None:
    teacher = make_teacher(project, base_url=server.url)
    server.then(Answer(body=b"{}"))
    run = start(teacher)
    next(waits(run, Clock()))
    run.refresh_from_db()
    teacher.refresh_from_db()
    assert teacher.spent == run.cost > 0


def test_a_refused_request_costs_nothing(server: Server, project: Project) -> None:
    teacher = make_teacher(project, base_url=server.url)
    server.then(failing(429))
    next(waits(start(teacher), Clock()))
    teacher.refresh_from_db()
    assert teacher.spent == 0


def test_a_run_waits_while_programs_use_the_minute_up(server: Server, project: Project) -> None:
    run, token = start(make_teacher(project, base_url=server.url)), uuid4()
    left = work_on(run_id=run.pk, token=token, clock=Clock(), rate=lambda *_: 42.0)
    assert (left, server.bodies) == (42.0, [])
    assert work_on(run_id=run.pk, token=token, clock=Clock(), rate=at_once) == 42.0


def test_a_host_that_the_operator_takes_off_the_list_is_asked_no_more(
    server: Server, project: Project, settings: Any
) -> None:
    run = start(make_teacher(project, base_url=server.url))
    settings.LABELER_TEACHER_HOSTS = frozenset({"api.example.com"})
    assert "these hosts only: api.example.com" in work(run).error
    assert server.bodies == []


@pytest.mark.parametrize(
    ("bound", "words"), [("", "LABELER_TEACHER_KEY_A_HOST"), ("api.example.com", "is for api")]
)
def test_a_key_goes_to_no_host_that_the_operator_did_not_name(
    server: Server, project: Project, monkeypatch: pytest.MonkeyPatch, bound: str, words: str
) -> None:
    monkeypatch.setenv("LABELER_TEACHER_KEY_A", "sk-1")
    monkeypatch.setenv("LABELER_TEACHER_KEY_A_HOST", bound)
    teacher = make_teacher(project, base_url=server.url, key_variable="LABELER_TEACHER_KEY_A")
    assert words in work(start(teacher)).error
    assert server.bodies == []


def test_a_key_goes_to_the_host_that_it_is_for(
    server: Server, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABELER_TEACHER_KEY_A", "sk-1")
    monkeypatch.setenv("LABELER_TEACHER_KEY_A_HOST", "127.0.0.1")
    work(start(make_teacher(project, base_url=server.url, key_variable="LABELER_TEACHER_KEY_A")))
    assert set(server.keys) == {"Bearer sk-1"}
