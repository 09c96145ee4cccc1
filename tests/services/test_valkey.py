"""Valkey as our own child."""

import stat

import pytest
import redis

from labeler.embedded.folders import Folders
from labeler.embedded.processes import working_in
from labeler.embedded.valkey import Valkey
from tests.services.conftest import kill


def again(valkey: Valkey) -> Valkey:
    return Valkey(valkey.folders, say=lambda _: None)


def test_it_asks_for_its_password(valkey: Valkey) -> None:
    valkey.start()
    stranger = redis.Redis(unix_socket_path=str(valkey.socket))
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_the_password_is_in_a_private_file_and_not_on_the_command_line(valkey: Valkey) -> None:
    valkey.start()
    assert valkey.process
    with open(f"/proc/{valkey.process.pid}/cmdline", encoding="utf-8") as line:
        assert valkey.password not in line.read()
    configuration = valkey.folders.valkey / "valkey.conf"
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600
    assert stat.S_IMODE(valkey.socket.stat().st_mode) == 0o700


def test_messages_survive_a_kill_of_the_server(valkey: Valkey) -> None:
    valkey.start()
    with valkey.client() as client:
        client.rpush("fast", "message")
    kill(valkey.process)
    successor = again(valkey)
    successor.start()
    with successor.client() as client:
        assert client.lrange("fast", 0, -1) == [b"message"]
    successor.stop()


def test_a_server_left_running_is_ended_by_the_next_start(valkey: Valkey) -> None:
    valkey.start()
    successor = again(valkey)
    successor.start()
    assert successor.process
    assert working_in(valkey.folders.valkey, "valkey-server") == [successor.process.pid]
    successor.stop()


def test_a_damaged_file_is_kept_aside_and_said(folders: Folders) -> None:
    said: list[str] = []
    valkey = Valkey(folders, say=said.append)
    valkey.start()
    with valkey.client() as client:
        client.set("a", "b")
    valkey.stop()
    manifest = next((folders.valkey / "appendonlydir").glob("*.manifest"))
    manifest.write_text("nonsense\n")
    valkey.start()
    assert "starts with an empty one" in said[0]
    assert list(folders.valkey.glob("damaged-*"))
    valkey.stop()
