"""Whether web, worker, beat and models answer yet."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from labeler.embedded.services import Services
from labeler.environment import database_url
from labeler.starter.addresses import Address


class Readiness:
    """Asked again and again after the processes were launched; forgets nothing that answered."""

    def __init__(self, var: Path, address: Address, services: Services) -> None:
        self.var = var
        self.address = address
        self.services = services
        self.since = datetime.now(UTC)
        self._missing = {"web", "worker", "beat", "models"}

    def missing(self) -> list[str]:
        """Names of what has not answered yet."""
        if self._missing & {"web", "models"} and (said := _health(f"{self.address.url}/health")):
            self._missing -= {"web"}
            self._missing -= {"models"} if said.get("models") == "ok" else set()
        if self._missing & {"worker", "beat"}:
            self._missing -= self._signs_of_life()
        return sorted(self._missing)

    def _signs_of_life(self) -> set[str]:
        """Which kinds of process wrote that they live since we started."""
        url = database_url(self.var)
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                rows = connection.execute(
                    "SELECT DISTINCT kind FROM learners_workerheartbeat WHERE seen_at >= %s",
                    [self.since],
                )
                return {kind for (kind,) in rows}
        except psycopg.OperationalError:
            return set()


def _health(url: str) -> dict[str, str]:
    """What the web process says of itself and the models, `{}` while it does not answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return dict(json.load(answer))
    except (urllib.error.URLError, OSError, ValueError):
        return {}
