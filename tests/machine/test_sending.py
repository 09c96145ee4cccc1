"""Handing work to a broker that is there, away, missing, or hangs."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app, shared_task
from django.conf import settings

from labeler import sending
from labeler.sending import broker_answers, send
from tests.services_for_tests import with_number


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A listener that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []
        threading.Thread(target=lambda: kept.append(server.accept()[0]), daemon=True).start()
        yield server.getsockname()[1]
        for connection in kept:
            connection.close()


def use_broker(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(current_app.conf, "broker_url", url)
    monkeypatch.setattr(current_app.conf, "broker_write_url", url)


def test_a_message_reaches_the_queue_of_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    # A database of the broker in which no worker of another test listens.
    use_broker(monkeypatch, with_number(settings.CELERY_BROKER_URL, 15))
    with current_app.connection_for_write() as broker:
        queue = broker.SimpleQueue("slow")
        queue.clear()
        assert send("learners.embed", 12)
        message = queue.get(timeout=5)
        message.ack()
        assert message.headers["task"] == "learners.embed"
        assert message.payload[0] == [12]


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:1/0", "redis+socket:///nowhere/valkey.sock?virtual_host=0"],
    ids=["refused", "socket missing"],
)
def test_a_broker_that_is_down_costs_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    use_broker(monkeypatch, url)
    assert send("learners.fit", 1) is False
    assert "the beat will start it" in caplog.text
    assert broker_answers() is False


def test_a_broker_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    use_broker(monkeypatch, f"redis://127.0.0.1:{silent_port}/0")
    assert send("learners.fit", 1) is False


def test_a_task_waits_longer_than_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a page's limit is over before the broker's turn comes."""
    waits: list[float] = []

    def noted(limit: float, work: object) -> str:
        waits.append(limit)
        return ""

    monkeypatch.setattr(sending, "_problem_within", noted)

    @shared_task
    def hand_on() -> bool:
        return send("learners.fit", 1)

    assert hand_on.apply().get()
    assert send("learners.fit", 1)
    assert waits == [sending.TASK_LIMIT_SECONDS, sending.LIMIT_SECONDS]


def test_a_socket_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        use_broker(monkeypatch, f"redis+socket://:pw@{tmp_path}/s?virtual_host=0")
        assert broker_answers() is False


def test_the_broker_answers_when_it_is_there() -> None:
    assert broker_answers()
