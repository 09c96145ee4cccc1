"""A models process that takes messages and never answers: few threads wait, and not for long."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from learners.engine.serving.breaker import REST_SECONDS, Breaker
from learners.engine.serving.client import ModelsAway
from learners.services import serving
from projects.models import Project
from tests.api.worlds import Program, answer, problem
from tests.serving.worlds import make_live

pytestmark = pytest.mark.django_db


class Clock:
    """Seconds that pass when they are told to."""

    seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Of the breaker of this process."""
    clock = Clock()
    monkeypatch.setattr(serving, "breaker", Breaker(clock=clock))
    return clock


@pytest.fixture
def deaf(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listens where the models process would, and says nothing."""
    monkeypatch.setattr(serving, "ONE_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folders / "models.sock"))
        listening.listen(8)
        yield listening
    serving.client().close()


def n_callers(deaf: socket.socket) -> int:
    """How many connections were made since it was last asked."""
    deaf.setblocking(False)
    n = 0
    while True:
        try:
            deaf.accept()[0].close()
        except BlockingIOError:
            return n
        n += 1


def test_after_a_wait_in_vain_everybody_is_refused_at_once(
    deaf: socket.socket, clock: Clock, project: Project, program: Program
) -> None:
    make_live(project)
    assert problem(program.post("/predict", {"text": "soup"}), 503)["code"] == "models_away"
    assert n_callers(deaf) == 2  # the text, and whether it lives at all
    assert problem(program.post("/predict", {"text": "soup"}), 503)["code"] == "models_away"
    assert n_callers(deaf) == 0


def test_the_health_page_says_so(deaf: socket.socket, clock: Clock, project: Project) -> None:
    version = make_live(project)
    with pytest.raises(ModelsAway):
        serving.predict_texts(version, ["soup"])
    said = answer(Client().get("/health"))["models"]
    assert said == "do not answer in time; predictions are refused for 5 s"
    clock.seconds += REST_SECONDS
    assert answer(Client().get("/health"))["models"] == "do not answer"


def test_after_the_rest_one_alone_asks_again() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.open()
    clock.seconds += REST_SECONDS
    breaker.enter(3.0)
    with pytest.raises(ModelsAway):
        breaker.enter(3.0)
    breaker.close()
    breaker.enter(3.0)
    assert breaker.seconds_left == 0


def test_many_texts_are_given_more_time_than_one() -> None:
    assert serving.patience(1) == 5.0
    assert 5.0 < serving.patience(100) < serving.patience(1_000) == serving.REQUEST_SECONDS
