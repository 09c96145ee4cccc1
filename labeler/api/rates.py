"""How often a token may call: counted in the broker, or by each process alone, and then said so.

A window of one minute for each token. The broker is Valkey or Redis; while it does not answer, each web
process counts for itself, and answers carry `RateLimit-Counted-By: this process`.
"""

import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlsplit

import redis
from django.conf import settings
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
BROKER, PROCESS = "the broker", "this process"
PATIENCE_SECONDS = 0.1
ASK_AGAIN_SECONDS = 5.0
# The broker sets the end of the window with its first request, both or neither.
COUNT = """
local n = redis.call('INCRBY', KEYS[1], ARGV[1])
if n == tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return {n, redis.call('TTL', KEYS[1])}
"""


@dataclass(frozen=True)
class Standing:
    """How a token stands in its present minute, this request counted."""

    limit: int
    used: int
    seconds_left: int
    counted_by: str

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """What every answer says of it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.seconds_left),
            "RateLimit-Counted-By": self.counted_by,
        }


class _Counter:
    """The counts of this process, and when the broker was last found away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[float, int]] = {}
        self._away_until = 0.0

    def take(self, name: str, n: int) -> tuple[int, int, str]:
        """(used, seconds left, counted by) after `n` more."""
        if time.monotonic() >= self._away_until:
            try:
                used, left = client().eval(COUNT, 1, name, n, WINDOW_SECONDS)  # type: ignore[no-untyped-call]
            except (RedisError, OSError) as error:
                self._away_until = time.monotonic() + ASK_AGAIN_SECONDS
                logger.warning(
                    "the broker does not count requests, so each process does: %s", error
                )
            else:
                return int(used), max(1, int(left)), BROKER
        return self._take_here(name, n)

    def _take_here(self, name: str, n: int) -> tuple[int, int, str]:
        now = time.monotonic()
        with self._lock:
            over = [key for key, (end, _) in self._counts.items() if end <= now]
            for key in over:
                del self._counts[key]
            end, used = self._counts.get(name, (now + WINDOW_SECONDS, 0))
            self._counts[name] = (end, used + n)
        return used + n, max(1, round(end - now)), PROCESS

    def forget(self) -> None:
        """Begin anew, as a new process would."""
        self._counts.clear()
        self._away_until = 0.0


counter = _Counter()


def take(token_id: int) -> Standing:
    """Count one request of a token."""
    used, left, counted_by = counter.take(f"labeler:rate:{token_id}", 1)
    return Standing(settings.LABELER_API_REQUESTS_A_MINUTE, used, left, counted_by)


def counted_by() -> str:
    """Who counts now: `BROKER`, or `PROCESS` while the broker does not answer."""
    return counter.take("labeler:rate:nobody", 0)[2]


@lru_cache(maxsize=1)
def client() -> "redis.Redis[bytes]":
    """This process's connections to the broker."""
    return redis.Redis.from_url(
        plain_url(settings.CELERY_BROKER_URL),
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
    )


def plain_url(broker_url: str) -> str:
    """Celery's `redis+socket://:password@/path?virtual_host=0` as redis-py has it."""
    parts = urlsplit(broker_url)
    if parts.scheme != "redis+socket":
        return broker_url
    number = dict(parse_qsl(parts.query)).get("virtual_host", "0")
    secret = f":{quote(parts.password)}@" if parts.password else ""
    return f"unix://{secret}{parts.path}?db={number}"
