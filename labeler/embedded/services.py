"""Both services together, and the note of their addresses that the settings read."""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from labeler.embedded.folders import Folders, prepare_folders, write_private
from labeler.embedded.postgres import Postgres
from labeler.embedded.valkey import Valkey


@dataclass
class Services:
    """What Labeler runs itself: a service whose address the environment names is left alone."""

    folders: Folders
    postgres: Postgres | None = None
    valkey: Valkey | None = None
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def running(self) -> list[Postgres | Valkey]:
        return [service for service in (self.postgres, self.valkey) if service]

    def stop(self) -> None:
        """The broker first: the database is what must be whole."""
        for service in reversed(self.running):
            service.stop()


def start_services(
    var: Path, *, say: Callable[[str], None], durable: bool = True, broker: bool = True
) -> Services:
    """Start PostgreSQL and Valkey under `var` unless `DATABASE_URL` or `CELERY_BROKER_URL` name others.

    `durable=False` is for tests: the database does not wait for the disk.

    Raises:
        StartProblem: with what to do about it. What was started is stopped.
    """
    services = Services(prepare_folders(var))
    try:
        if not os.environ.get("DATABASE_URL"):
            services.postgres = Postgres(services.folders, say, durable)
            services.postgres.start()
            services.addresses["database"] = services.postgres.url
        if broker and not os.environ.get("CELERY_BROKER_URL"):
            services.valkey = Valkey(services.folders, say)
            services.valkey.start()
            services.addresses["broker"] = services.valkey.url
        write_private(services.folders.services, json.dumps(services.addresses))
        make_secret_key(var)
    except BaseException:
        services.stop()
        raise
    return services


def make_secret_key(var: Path) -> None:
    """Made before several processes ask for it at once."""
    path = var / "secret_key"
    if not path.exists() or not path.read_text().strip():
        write_private(path, secrets.token_urlsafe(50))
