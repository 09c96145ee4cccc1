"""Where settings come from: the environment first, then what the embedded services left under `var/`."""

import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def services(var_dir: Path) -> dict[str, str]:
    """Addresses of the embedded services, `{}` while none were started."""
    try:
        return dict(json.loads((var_dir / "services.json").read_text("utf-8")))
    except FileNotFoundError:
        return {}


def secret_key(var_dir: Path) -> str:
    """`LABELER_SECRET_KEY`, else a key made once and kept in `var/secret_key` (mode 600)."""
    if key := os.environ.get("LABELER_SECRET_KEY"):
        return key
    path = var_dir / "secret_key"
    if not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50), "utf-8")
    return path.read_text("utf-8").strip()


def broker_url(var_dir: Path) -> str:
    """`CELERY_BROKER_URL`, else the embedded Valkey."""
    return os.environ.get("CELERY_BROKER_URL") or services(var_dir).get(
        "broker", "redis://127.0.0.1:1/0"
    )


def database(var_dir: Path) -> dict[str, Any]:
    """Django's `DATABASES` entry from `DATABASE_URL`, else from the embedded PostgreSQL."""
    return database_from_url(database_url(var_dir))


def database_url(var_dir: Path) -> str:
    """`DATABASE_URL`, else the embedded PostgreSQL; while none was started, one that refuses."""
    return os.environ.get("DATABASE_URL") or services(var_dir).get(
        "database", "postgresql://labeler@/labeler?host=/nowhere"
    )


def database_from_url(url: str) -> dict[str, Any]:
    """Parse `postgresql://user:password@host:port/name?host=/socket/folder`.

    Raises:
        ValueError: the scheme is not PostgreSQL's, which is the only database Labeler runs on.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(
            f"DATABASE_URL starts with {parts.scheme!r}; Labeler runs on PostgreSQL only: "
            "postgresql://user:password@host:5432/name"
        )
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**pool(), **query},
    }


def pool() -> dict[str, Any]:
    """psycopg's connection pool, for the threaded web process only.

    A pool that is opened before a Celery worker forks would be shared by its children.
    """
    if os.environ.get("LABELER_PROCESS") != "web":
        return {}
    return {"pool": {"min_size": 0, "max_size": 8, "timeout": 10}}
