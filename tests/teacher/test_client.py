"""One request, to a real server that answers well, badly, late or not at all."""

from typing import Any

import pytest

from projects.services.teacher.client import Later, Refusing, Rejected, Reply, ask
from tests.factories import NOW
from tests.teacher.server import Answer, Server, completion, dripping, failing

KEY = "sk-very-secret-0123"
BODY: dict[str, Any] = {"model": "m", "messages": [{"content": "s"}, {"content": "a\nb\nyes\nc"}]}


def call(server: Server, *, seconds: float = 5) -> Reply:
    return ask(base_url=server.url, key=KEY, body=BODY, now=NOW, deadline_seconds=seconds)


def test_a_good_answer_has_content_and_usage(server: Server) -> None:
    server.then(completion("hello", usage=(12, 3)))
    reply = call(server)
    assert (reply.content, reply.tokens_in, reply.tokens_out) == ("hello", 12, 3)
    assert (server.paths, server.keys) == (["/v1/chat/completions"], [f"Bearer {KEY}"])


def test_without_a_key_there_is_no_such_header(server: Server) -> None:
    ask(base_url=server.url, key="", body=BODY, now=NOW)
    assert server.keys == [None]


def test_log_probabilities_are_read(server: Server) -> None:
    token = {"token": "yes", "logprob": -0.1, "top_logprobs": [{"token": "no", "logprob": -2.0}]}
    server.then(completion("yes", logprobs={"content": [token]}))
    assert call(server).tokens[0].others == (("no", -2.0),)


@pytest.mark.parametrize("broken", [{"content": "x"}, {"content": [{"token": "a"}]}, [], "x"])
def test_broken_log_probabilities_are_none(server: Server, broken: object) -> None:
    server.then(completion("yes", logprobs=broken))
    assert call(server).tokens == ()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7.0), ("Sun, 01 Mar 2026 09:00:30 GMT", 30.0), ("soon", None), ("-3", 0.0)],
)
def test_too_many_requests_say_how_long_to_wait(
    server: Server, said: str, seconds: float | None
) -> None:
    server.then(failing(429, "slow down", Retry_After=said))
    with pytest.raises(Later, match="status 429: “slow down”") as caught:
        call(server)
    assert caught.value.wait == seconds


def test_a_fault_of_the_server_is_worth_another_try(server: Server) -> None:
    server.then(Answer(503, body=b"<h1>Bad gateway</h1>"))
    with pytest.raises(Later, match="status 503"):
        call(server)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"choices": []}', b"[]", b"null", b"\xff"])
def test_another_form_of_answer_is_told(server: Server, body: bytes) -> None:
    server.then(Answer(body=body))
    with pytest.raises(Later, match="not in the form of OpenAI"):
        call(server)


def test_a_refused_request_is_told_apart(server: Server) -> None:
    server.then(failing(400, "unknown parameter: logprobs"))
    with pytest.raises(Rejected, match="unknown parameter: logprobs"):
        call(server)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(server: Server, status: int) -> None:
    server.then(Answer(status, {"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(Refusing, match="does not follow"):
        call(server)
    assert len(server.paths) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_address_ends_it(server: Server, status: int) -> None:
    server.then(failing(status))
    with pytest.raises(Refusing, match=f"status {status}"):
        call(server)


@pytest.mark.parametrize("status", [401, 404, 400, 500])
def test_no_error_repeats_the_key(server: Server, status: int) -> None:
    server.then(failing(status, f"your key {KEY} is bad"))
    with pytest.raises(Exception) as caught:
        call(server)
    assert KEY not in str(caught.value)


def test_a_slow_server_is_given_up(server: Server) -> None:
    server.then(Answer(seconds=1.0))
    with pytest.raises(Later, match="No answer came within"):
        call(server, seconds=0.2)


def test_an_endless_answer_is_given_up(server: Server) -> None:
    server.then(Answer(body=b"x" * 2_100_000))
    with pytest.raises(Later, match="larger than"):
        call(server)


def test_nobody_there_is_told() -> None:
    with pytest.raises(Later, match="could not be reached"):
        ask(base_url="http://127.0.0.1:9/v1", key="", body=BODY, now=NOW)


def test_half_an_emoji_is_no_half_in_what_is_kept(server: Server) -> None:
    server.then(Answer(body=b'{"choices": [{"message": {"content": "well \\ud83d"}}]}'))
    assert call(server).content == "well ?"


def test_half_an_emoji_in_an_error_can_be_shown(server: Server) -> None:
    server.then(Answer(500, body=b'{"error": "oh \\ud83d"}'))
    with pytest.raises(Later, match=r"oh \?") as caught:
        call(server)
    assert str(caught.value).encode()


@pytest.mark.parametrize("logprob", [float("inf"), float("nan"), 10**400])
def test_log_probabilities_that_are_no_numbers_are_none(server: Server, logprob: float) -> None:
    token = {"token": "yes", "logprob": -0.1, "top_logprobs": [{"token": "n", "logprob": logprob}]}
    server.then(completion("yes", logprobs={"content": [token]}))
    assert call(server).tokens == ()


def test_a_log_probability_is_at_most_that_of_certainty(server: Server) -> None:
    server.then(completion("yes", logprobs={"content": [{"token": "yes", "logprob": 1000}]}))
    assert call(server).tokens[0].logprob == 0


def test_a_count_of_tokens_beyond_all_models_is_none(server: Server) -> None:
    server.then(completion("yes", usage=(100, 2**31)))
    reply = call(server)
    assert (reply.tokens_in, reply.tokens_out) == (100, None)


def test_a_server_that_drips_its_headers_is_cut_off() -> None:
    with dripping() as url, pytest.raises(Later, match="No answer came within") as caught:
        ask(base_url=url, key="", body=BODY, now=NOW, deadline_seconds=0.5)
    assert (caught.value.timed_out, caught.value.may_cost) == (True, True)


def test_what_was_never_sent_costs_nothing() -> None:
    with pytest.raises(Later) as caught:
        ask(base_url="http://127.0.0.1:9/v1", key="", body=BODY, now=NOW)
    assert not caught.value.may_cost
