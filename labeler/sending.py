"""The only way by which pages hand work to a worker: brief, and never an error to the page.

A message is a hint. Which work is due is decided from rows every 15 s by the beat
(`learners.start_due_work`), so a message that is lost or sent twice does no harm, and an answer
must not wait for a broker that is down or hangs.
"""

import logging
import threading
from collections.abc import Callable

from celery import current_app
from kombu import Connection
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 0.2
# Each socket operation gets less than the whole limit, so that an abandoned attempt ends soon.
_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 0.1,
    "socket_timeout": 0.15,
    "max_retries": 0,
    "retry_on_timeout": False,
}


def send(name: str, *args: object) -> bool:
    """Ask a worker to run the task `name`; call it inside `transaction.on_commit`.

    Waits at most `LIMIT_SECONDS`, whether the broker refuses, is missing or never answers.

    Returns:
        True when the broker took the message; False (and a warning in the log) otherwise.
    """
    problem = _problem_within_limit(lambda: _publish(name, args))
    if problem:
        logger.warning("%s%r was not sent, the beat will start it: %s", name, args, problem)
    return not problem


def broker_answers() -> bool:
    """Whether the broker answers within `LIMIT_SECONDS`."""
    return not _problem_within_limit(_connect)


def _publish(name: str, args: tuple[object, ...]) -> None:
    with _connection() as connection:
        current_app.send_task(name, args=args, connection=connection, retry=False)


def _connect() -> None:
    with _connection() as connection:
        _ = connection.default_channel  # opening a channel pings the broker


def _connection() -> Connection:
    """A fresh connection: none is kept, so none can be stale, forked or shared by threads."""
    configured = current_app.connection_for_write()
    options = {**(configured.transport_options or {}), **_TRANSPORT_OPTIONS}
    return configured.clone(transport_options=options)


def _problem_within_limit(work: Callable[[], None]) -> str:
    """What went wrong, "" for nothing. `work` runs in a thread of its own, because a client's
    time-outs apply to each of its steps alone.
    """
    outcome: list[str] = []

    def attempt() -> None:
        try:
            work()
        except (OSError, KombuError, RedisError) as error:
            outcome.append(f"{type(error).__name__}: {error}")
        else:
            outcome.append("")

    thread = threading.Thread(target=attempt, name="labeler-send", daemon=True)
    thread.start()
    thread.join(LIMIT_SECONDS)
    return outcome[0] if outcome else f"the broker did not answer within {LIMIT_SECONDS} s"
