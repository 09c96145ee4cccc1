"""The models process as it is started: what it imports, where it listens, how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from learners.engine.serving.client import Client, ModelsAway
from learners.engine.serving.frames import Place
from learners.engine.serving.process import models_mb
from tests.serving.worlds import tiny_files

HEAVY = ("torch", "sklearn", "django", "celery", "scipy")
IMPORTED = f"""
import sys
import learners.engine.serving.process
from learners.engine.runtime import load_runtime
from pathlib import Path
load_runtime(Path(sys.argv[1])).predict_proba(["soup"])
print([name for name in {HEAVY} if name in sys.modules])
"""
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "storage" / "model"
    folder.mkdir(parents=True)
    for name, content in tiny_files().items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(path=str(tmp_path / "run" / "models.sock"))


@pytest.fixture
def start(tmp_path: Path, place: Place) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def launch() -> "subprocess.Popen[bytes]":
        environment = os.environ | {
            "LABELER_VAR": str(tmp_path),
            "LABELER_MODELS_URL": f"unix://{place.path}",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "learners.engine.serving"], env=environment
        )
        running.append(process)
        wait_for(place)
        return process

    yield launch
    for process in running:
        process.kill()
        process.wait()


def wait_for(place: Place) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            asking = Client(place)
            asking.ask({"do": "ping"}, seconds=5)
        except ModelsAway:
            time.sleep(0.05)
        else:
            asking.close()
            return
    raise AssertionError("the models process did not answer")


def asked(model: Path) -> dict[str, object]:
    return {"do": "predict", "model": "m", "folder": str(model), "texts": ["soup"]}


def test_it_imports_nothing_that_trains_and_no_django(model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, str(model)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr


def test_a_kept_connection_survives_a_restart_of_the_process(
    start: Start, place: Place, model: Path
) -> None:
    first = start()
    asking = Client(place)
    assert asking.ask(asked(model))["class_names"] == ["Food", "Trains"]
    first.kill()
    first.wait()
    with pytest.raises(ModelsAway):
        asking.ask({"do": "ping"})
    start()
    assert asking.ask({"do": "ping"})["models"] == []
    assert asking.ask(asked(model))["probabilities"][0][0] > 0.8
    asking.close()


def test_this_user_alone_can_reach_it_and_it_ends_when_told(start: Start, place: Place) -> None:
    process = start()
    assert Path(place.path).stat().st_mode & 0o777 == 0o600
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert not Path(place.path).exists()


def test_a_second_process_leaves_the_first_its_socket(start: Start, place: Place) -> None:
    start()
    environment = os.environ | {"LABELER_MODELS_URL": f"unix://{place.path}"}
    second = subprocess.run(
        [sys.executable, "-m", "learners.engine.serving"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "another process listens there already" in second.stderr
    wait_for(place)


def test_a_folder_outside_of_the_data_is_not_loaded(start: Start, place: Place) -> None:
    start()
    asking = Client(place)
    said = asking.ask(asked(Path("/etc")))
    assert said["problem"] == "BadFile"
    assert "outside of LABELER_VAR" in said["message"]
    asking.close()


@pytest.mark.parametrize("url", ["", "http://h:1", "unix://", "tcp://h"])
def test_an_address_that_cannot_be_is_one_sentence(url: str) -> None:
    with pytest.raises(ValueError, match="allowed: unix:///folder"):
        Place.of_url(url)
    done = subprocess.run(
        [sys.executable, "-m", "learners.engine.serving"],
        env=os.environ | {"LABELER_MODELS_URL": url},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("The models process cannot start: LABELER_MODELS_URL")


@pytest.mark.parametrize("said", ["many", "-1", "10", "1e3", ""])
def test_a_bound_that_cannot_be_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="LABELER_MODELS_MB"):
        models_mb({"LABELER_MODELS_MB": said})


def test_an_address_of_tcp_is_read() -> None:
    assert Place.of_url("tcp://models:8001") == Place(host="models", port=8001)
