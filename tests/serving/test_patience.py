"""Nothing is computed for somebody who has stopped waiting."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learners.engine.serving.answering import Answering
from learners.engine.serving.client import Client, ModelsSlow
from learners.engine.serving.frames import Place
from learners.engine.serving.shelf import Shelf
from projects.models import Project
from tests.api.worlds import Program, problem
from tests.serving.worlds import make_live

MANY = ["soup"] * 640  # ten pieces


class SlowModel:
    """Takes its time over each piece, and counts them."""

    class_ids, class_names, table, thresholds = (1, 2), ("a", "b"), None, None

    def __init__(self) -> None:
        self.n_pieces = 0

    def predict_proba(self, texts: Sequence[str]) -> Any:
        self.n_pieces += 1
        time.sleep(0.1)
        return np.full((len(texts), 2), 0.5, np.float32)


@pytest.fixture
def answering(tmp_path: Path) -> Answering:
    shelf = Shelf(max_bytes=2**30, load=lambda folder: SlowModel())  # type: ignore[arg-type,return-value]
    shelf.load("m", tmp_path)
    return Answering(shelf, root=tmp_path, n_cores=1)


def asked(answering: Answering, seconds: float) -> dict[str, Any]:
    return answering.answer({"model": "m", "texts": MANY, "seconds": seconds})


def test_it_stops_when_the_time_of_a_request_is_over(answering: Answering) -> None:
    said = asked(answering, 0.25)
    assert said["problem"] == "TooSlow"
    assert "of 640 were done, and no more would be in 0.25 s" in said["message"]
    assert answering.shelf.get("m").n_pieces < 4  # type: ignore[union-attr]


def test_it_does_not_begin_while_others_have_every_core(answering: Answering) -> None:
    answering._cores.acquire()
    assert "0 of 640 were done" in asked(answering, 0.05)["message"]
    answering._cores.release()
    assert asked(answering, 60)["class_ids"] == (1, 2)


def test_a_client_is_told_that_it_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(Place(path="/nowhere"))
    told = {"problem": "TooSlow", "message": "Too slow."}
    monkeypatch.setattr(Client, "_answer", lambda *given: told)
    with pytest.raises(ModelsSlow, match="Too slow"):
        client.ask({"do": "predict"})


@pytest.mark.django_db
def test_a_program_is_told_to_send_fewer(
    project: Project, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*given: Any) -> Any:
        raise ModelsSlow("no answer")

    make_live(project)
    monkeypatch.setattr("labeler.api.predicting.predict_texts", slow)
    said = problem(program.post("/predict", {"text": "soup"}), 503)
    assert said["code"] == "too_slow"
    assert "send fewer, or a file" in said["message"]
