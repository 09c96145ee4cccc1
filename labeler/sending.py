"""The only way by which pages and tasks hand work to a worker: brief, and never an error.

A message is a hint. Which work is due is decided from rows every 15 s by the beat
(`learners.start_due_work`), so a message that is lost or sent twice does no harm, and an answer
must not wait for a broker that is down or hangs.
"""

import logging
import threading
from collections.abc import Callable

from celery import current_app, current_task
from kombu import Connection
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 0.2
TASK_LIMIT_SECONDS = 5.0  # on a busy machine the short one is over before a worker is served


def send(name: str, *args: object) -> bool:
    """Ask a worker to run the task `name`; call it inside `transaction.on_commit`.

    Waits at most `LIMIT_SECONDS`, inside a task `TASK_LIMIT_SECONDS`, whether the broker refuses,
    is missing or never answers.

    Returns:
        True when the broker took the message; False (and a warning in the log) otherwise.
    """
    limit = TASK_LIMIT_SECONDS if current_task else LIMIT_SECONDS
    problem = _problem_within(limit, lambda: _publish(name, args, limit))
    if problem:
        logger.warning("%s%r was not sent, the beat will start it: %s", name, args, problem)
    return not problem


def broker_answers() -> bool:
    """Whether the broker answers within `LIMIT_SECONDS`."""
    return not _problem_within(LIMIT_SECONDS, _connect)


def _publish(name: str, args: tuple[object, ...], limit: float) -> None:
    with _connection(limit) as connection:
        current_app.send_task(name, args=args, connection=connection, retry=False)


def _connect() -> None:
    with _connection(LIMIT_SECONDS) as connection:
        _ = connection.default_channel  # opening a channel pings the broker


def _connection(limit: float) -> Connection:
    """A fresh connection: none is kept, so none can be stale, forked or shared by threads.

    Each socket operation gets less than the whole limit, so that an abandoned attempt ends soon.
    """
    configured = current_app.connection_for_write()
    options = {
        **(configured.transport_options or {}),
        "socket_connect_timeout": limit / 2,
        "socket_timeout": limit * 0.75,
        "max_retries": 0,
        "retry_on_timeout": False,
    }
    return configured.clone(transport_options=options)


def _problem_within(limit: float, work: Callable[[], None]) -> str:
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
    thread.join(limit)
    return outcome[0] if outcome else f"the broker did not answer within {limit:g} s"
