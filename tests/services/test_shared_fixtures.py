"""The machinery of the tests themselves: a real worker, a real browser."""

import psycopg
import pytest
from playwright.sync_api import Page

from tests.factories import make_user
from tests.live_worker import LiveWorker, database_url
from tests.services_for_tests import with_number


@pytest.mark.worker
def test_a_real_worker_takes_messages_and_comes_back_after_a_kill(live_worker: LiveWorker) -> None:
    assert live_worker.answers()
    live_worker.kill()
    assert not live_worker.alive
    live_worker.start()
    assert live_worker.answers()


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_told_the_test_database() -> None:
    make_user("ada")
    with psycopg.connect(database_url()) as other:
        assert other.execute("SELECT username FROM projects_user").fetchall() == [("ada",)]


@pytest.mark.browser
def test_a_real_browser_opens_a_page(browser_page: Page) -> None:
    answer = browser_page.goto("/health")
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6399/0", "redis://127.0.0.1:6399/2"),
        (
            "redis+socket://:pw@/a/b.sock?virtual_host=0",
            "redis+socket://:pw@/a/b.sock?virtual_host=2",
        ),
    ],
)
def test_each_parallel_run_has_a_broker_database_of_its_own(url: str, expected: str) -> None:
    assert with_number(url, 2) == expected
