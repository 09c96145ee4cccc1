"""Fixtures that every area's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tests.chromium import running_browser, watched_page
from tests.live_worker import LiveWorker, empty_the_queues


@pytest.fixture(scope="session")
def worker_process(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveWorker]:
    """One worker process for the whole run; use `live_worker` instead."""
    worker = LiveWorker(tmp_path_factory.mktemp("worker") / "worker.log")
    yield worker
    worker.stop()


@pytest.fixture
def live_worker(transactional_db: None, worker_process: LiveWorker) -> Iterator[LiveWorker]:
    """A real Celery worker on the test database. Mark the test `worker`."""
    empty_the_queues()
    if not worker_process.alive:
        worker_process.start()
    yield worker_process
    empty_the_queues()
    worker_process.settle()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The installed Chromium or Chrome; without one the test fails and says what to install."""
    with running_browser() as running:
        yield running


@pytest.fixture(scope="session")
def chart_bundle() -> Path:
    """The chart library where the static files expect it."""
    from labeler.static_files import write_chart_bundle

    return write_chart_bundle(Path(settings.VAR_DIR))


@pytest.fixture
def browser_page(live_server: LiveServer, browser: Browser, chart_bundle: Path) -> Iterator[Page]:
    """A page of a real browser, 1280 by 800, on `live_server`. Mark the test `browser`."""
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 1280, "height": 800}, locale="en-GB"
    )
    with watched_page(context) as page:
        yield page
    context.close()
