"""The starter's parts: addresses, the lock, the watch over children."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from labeler.embedded.problems import StartProblem
from labeler.starter.addresses import Address, require_free, wanted_address
from labeler.starter.alone import only_starter, running_starter
from labeler.starter.children import (
    Child,
    Watch,
    child_environment,
    children,
    commands,
    how_it_ended,
)

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("text", ["eighty", "0", "65536", "-1", "8000.5", "٣"])
def test_a_port_that_is_none_is_one_sentence(text: str) -> None:
    with pytest.raises(StartProblem, match="must be a number from 1 to 65535"):
        wanted_address({"PORT": text})


def test_without_wishes_it_listens_on_this_machine_alone() -> None:
    assert wanted_address({}) == Address("127.0.0.1", 8000)
    assert wanted_address({"PORT": "9", "LABELER_BIND": "::"}).bind == "[::]:9"


def test_the_printed_address_is_one_that_a_browser_can_open() -> None:
    assert Address("0.0.0.0", 8000).url == "http://127.0.0.1:8000"
    assert Address("::1", 8000).url == "http://[::1]:8000"


def test_a_taken_port_names_another_one() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartProblem, match=f"Port {port} is taken.*PORT="):
            require_free(Address("127.0.0.1", port))


def test_an_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(StartProblem, match=r"cannot listen on 192\.0\.2\.1:8000"):
        require_free(Address("192.0.2.1", 8000))


def test_a_second_starter_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    with only_starter(tmp_path, address="http://127.0.0.1:8000"):
        second = only_starter(tmp_path, address="")
        with pytest.raises(StartProblem, match=r"process \d+\) at http://127.0.0.1:8000"):
            second.__enter__()
        assert running_starter(tmp_path)
    assert running_starter(tmp_path) is None


def test_the_lock_of_a_killed_starter_is_free(tmp_path: Path) -> None:
    script = (
        "import os; from pathlib import Path\n"
        "from labeler.starter.alone import only_starter\n"
        f"with only_starter(Path({str(tmp_path)!r}), address=''): os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False, cwd=ROOT)
    assert running_starter(tmp_path) is None
    with only_starter(tmp_path, address=""):
        assert (tmp_path / "starter.lock").exists()


def test_what_keeps_dying_is_started_ever_more_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("labeler.starter.children.time.monotonic", lambda: clock[0])
    said: list[str] = []
    watch = Watch("It", Child("it", ["false"], tmp_path / "it.log", {}), said.append)
    for _ in range(3):
        watch.watched.launch()
        assert watch.watched.process
        watch.watched.process.wait()
        watch.look()
        clock[0] += watch.delay_seconds
        watch.look()
    assert [line.split(";")[1][:27] for line in said] == [
        " starting it again in 1 s. ",
        " starting it again in 2 s. ",
        " starting it again in 4 s. ",
    ]


def test_an_end_is_told_in_words() -> None:
    assert how_it_ended(-signal.SIGKILL) == "was ended by SIGKILL"
    assert how_it_ended(3) == "ended with status 3"


def test_children_know_their_data_and_their_part(tmp_path: Path) -> None:
    environment = child_environment(tmp_path, "worker")
    assert environment["LABELER_VAR"] == str(tmp_path)
    assert environment["LABELER_PROCESS"] == "worker"
    assert environment["HF_HUB_OFFLINE"] == "1"


def test_models_that_run_elsewhere_are_not_started_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address("127.0.0.1", 8000)
    monkeypatch.delenv("LABELER_MODELS_URL", raising=False)
    assert "models" in [child.name for child in children(tmp_path, address)]
    monkeypatch.setenv("LABELER_MODELS_URL", "tcp://10.0.0.5:9000")
    assert [child.name for child in children(tmp_path, address)] == ["web", "worker", "beat"]


def test_containers_get_what_the_operator_sets() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("prepare", "web", "worker", "beat", "models"):
        assert services[name]["env_file"] == [{"path": ".env", "required": False}]


def test_containers_run_what_the_starter_runs() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert {"db", "broker", "prepare", "web", "worker", "beat", "models"} == set(services)
    for name, command in commands("0.0.0.0:8000").items():
        assert [
            "python",
            *[part for part in command[1:] if "shm" not in part and "tmp" not in part],
        ] == services[name]["command"]
