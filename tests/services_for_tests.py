"""PostgreSQL and Valkey for a test run: embedded ones in a temporary folder, unless others are named."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from labeler.embedded.problems import StartProblem
from labeler.embedded.services import start_services


def ensure_services() -> None:
    """Called while the settings load, before anything connects.

    Under pytest-xdist the controller loads them first; its workers inherit the addresses, and each
    takes a folder and a Valkey database number of its own (pytest-django gives each a database).
    """
    folder = os.environ.get("LABELER_TEST_FOLDER")
    if not folder:
        folder = _start_in_temporary_folder()
    number = _worker_number()
    os.environ["LABELER_VAR"] = str(Path(folder) / f"worker{number}")
    if number:
        os.environ["CELERY_BROKER_URL"] = with_number(os.environ["CELERY_BROKER_URL"], number)


def _start_in_temporary_folder() -> str:
    folder = tempfile.mkdtemp(prefix="labeler-tests-")
    os.environ["LABELER_TEST_FOLDER"] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        services = start_services(Path(folder), say=lambda _: None, durable=False)
    except StartProblem as problem:
        sys.exit(f"The tests need PostgreSQL and Valkey: {problem}")
    atexit.register(services.stop)
    if "database" in services.addresses:
        os.environ["DATABASE_URL"] = services.addresses["database"]
    if "broker" in services.addresses:
        os.environ["CELERY_BROKER_URL"] = services.addresses["broker"]
    return folder


def _worker_number() -> int:
    """0 without pytest-xdist, else 1 for its first worker."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(name.removeprefix("gw")) + 1 if name else 0


def with_number(broker_url: str, number: int) -> str:
    """`broker_url` with another database number: `...?virtual_host=2` or `redis://host:port/2`."""
    head, mark, _ = broker_url.rpartition("virtual_host=")
    if mark:
        return f"{head}{mark}{number}"
    return f"{broker_url.rpartition('/')[0]}/{number}"
