"""One request to an OpenAI-compatible server. The key goes into one header and nowhere else."""

import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from projects.services.teacher.answer import Token

DEADLINE_SECONDS = 60.0
CONNECT_SECONDS = 10.0
MAX_ANSWER_BYTES = 2_000_000
MAX_TOLD_CHARS = 200
MAX_TOKENS = 10_000_000  # no model takes or gives as many: a larger count is a mistake

TRY_LATER = frozenset({408, 409, 425, 429})
ABOUT_THIS_REQUEST = frozenset({400, 413, 415, 422})
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    UnicodeError,
)

Trace = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Reply:
    """What came back. Token counts are None where the server gave none."""

    content: str
    tokens_in: int | None
    tokens_out: int | None
    tokens: tuple[Token, ...]
    seconds: float


class Trouble(Exception):
    """A request brought no answer; the words are a sentence for the page.

    `may_cost`: it was sent and may have been worked on, so that it may be billed.
    """

    may_cost = False


class Later(Trouble):
    """Worth another try: too many requests, a fault of the server, no connection.

    `wait`: seconds that the server asked for, None where it said nothing. `timed_out`: the deadline
    passed.
    """

    def __init__(
        self,
        words: str,
        wait: float | None = None,
        *,
        may_cost: bool = False,
        timed_out: bool = False,
    ) -> None:
        super().__init__(words)
        self.wait = wait
        self.may_cost = may_cost
        self.timed_out = timed_out


class Rejected(Trouble):
    """The server understood and refuses this very request: another one may be taken."""


class Refusing(Trouble):
    """No request will be taken: wrong key, wrong address, redirects."""


def ask(
    *,
    base_url: str,
    key: str,
    body: Mapping[str, Any],
    now: datetime,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Reply:
    """POST `body` to `base_url`/chat/completions and read the answer. Redirects are never followed.

    Raises:
        Later, Rejected, Refusing: see there.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = httpx.Timeout(deadline_seconds, connect=min(CONNECT_SECONDS, deadline_seconds))
    begun = time.monotonic()
    try:
        with (
            _cut_off(begun + deadline_seconds) as trace,
            httpx.Client(timeout=timeout, follow_redirects=False) as client,
            client.stream(
                "POST",
                f"{base_url.rstrip('/')}/chat/completions",
                json=body,
                headers=headers,
                extensions={"trace": trace},
            ) as response,
        ):
            said = _read(response, begun + deadline_seconds)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise _no_answer(error, key, begun, deadline_seconds) from error
    _check_status(response, said, key, now)
    return _reply(said, time.monotonic() - begun)


@contextmanager
def _cut_off(deadline: float) -> Iterator[Trace]:
    """Shut the connection at the deadline: time-outs alone bound each read, and a server that sends a
    byte now and then would never meet one.
    """
    sockets: list[socket.socket] = []

    def trace(event: str, info: dict[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            sockets.append(info["return_value"].get_extra_info("socket"))

    def cut() -> None:
        for connected in sockets:
            with suppress(OSError):  # closed already
                socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield trace
    finally:
        timer.cancel()


def _no_answer(error: Exception, key: str, begun: float, deadline_seconds: float) -> Later:
    """What a broken request comes to; a connection that was cut off ran out of time as well."""
    may_cost = not isinstance(error, NEVER_SENT)
    is_late = time.monotonic() >= begun + deadline_seconds
    if isinstance(error, httpx.TimeoutException) or is_late:
        words = f"No answer came within {deadline_seconds:.0f} seconds."
        return Later(words, may_cost=may_cost, timed_out=True)
    words = f"The server could not be reached: {_told(str(error), key)}."
    return Later(words, may_cost=may_cost)


def _read(response: httpx.Response, deadline: float) -> bytes:
    """The body, which may neither be too large nor drip for ever."""
    parts, n_bytes = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        n_bytes += len(part)
        if n_bytes > MAX_ANSWER_BYTES:
            raise Later(f"The answer is larger than {MAX_ANSWER_BYTES:,} bytes.", may_cost=True)
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer did not end in time")
    return b"".join(parts)


def _check_status(response: httpx.Response, said: bytes, key: str, now: datetime) -> None:
    code = response.status_code
    if code == httpx.codes.OK:
        return
    if 300 <= code < 400:
        raise Refusing(
            f"The server sends the request on to another address (status {code}). Labeler does not "
            "follow, since texts and key would go where nobody agreed to. Enter the final address."
        )
    if code in {401, 403}:
        raise Refusing(f"The server refuses the key (status {code}).")
    words = f"The server answers with status {code}{_reason(said, key)}."
    if code in TRY_LATER or code >= 500:
        raise Later(words, _wait(response.headers.get("Retry-After", ""), now))
    raise (Rejected if code in ABOUT_THIS_REQUEST else Refusing)(words)


def _wait(said: str, now: datetime) -> float | None:
    """`Retry-After` in seconds: a number, or a date."""
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def _reason(said: bytes, key: str) -> str:
    """The message of an error as OpenAI's form has it, else the beginning of the body."""
    found = said.decode("utf-8", "replace")
    try:
        error = json.loads(found)["error"]
        found = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    told = _told(found, key)
    return f": “{told}”" if told else ""


def _told(words: str, key: str) -> str:
    """Words of a stranger for a page: one line, short, and without the key."""
    hidden = words.replace(key, "[key]") if key else words
    line = " ".join(_storable(hidden).split()).rstrip(".")
    return line if len(line) <= MAX_TOLD_CHARS else f"{line[:MAX_TOLD_CHARS]}…"


def _storable(words: str) -> str:
    """Without what no database takes: NUL, and halves of surrogate pairs (an emoji cut in two)."""
    return words.replace("\x00", "").encode("utf-8", "replace").decode()


def _reply(said: bytes, seconds: float) -> Reply:
    try:
        answer = json.loads(said)
        choice = answer["choices"][0]
        content = choice["message"]["content"]
        usage = answer.get("usage") or {}
        tokens = _tokens(choice.get("logprobs"))
        if not isinstance(content, str):
            raise TypeError(f"content is {type(content).__name__}")
        return Reply(
            _storable(content),
            _count(usage.get("prompt_tokens")),
            _count(usage.get("completion_tokens")),
            tokens,
            seconds,
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise Later(
            "The answer is not in the form of OpenAI's chat completions. Is the address right?",
            may_cost=True,
        ) from error


def _count(said: object) -> int | None:
    if not isinstance(said, int) or isinstance(said, bool):
        return None
    return said if 0 <= said <= MAX_TOKENS else None


def _tokens(said: object) -> tuple[Token, ...]:
    """Log-probabilities where the server gave them whole; () otherwise."""
    listed = said.get("content") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        return ()
    try:
        return tuple(
            Token(
                str(token["token"]),
                _logprob(token["logprob"]),
                tuple(
                    (str(other["token"]), _logprob(other["logprob"]))
                    for other in token.get("top_logprobs") or []
                ),
            )
            for token in listed
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return ()


def _logprob(said: Any) -> float:
    """At most 0, as the logarithm of a probability is. Raises ValueError where it is no number."""
    value = float(said)
    if not math.isfinite(value):
        raise ValueError(f"a log-probability of {value}")
    return min(0.0, value)
