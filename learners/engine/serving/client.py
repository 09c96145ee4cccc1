"""Asking the models process, over one kept connection a thread."""

import os
import socket
import threading
from typing import Any

from learners.engine.serving.frames import Place, receive, send

CONNECT_SECONDS = 0.5
PING_SECONDS = 0.5


class ModelsAway(ConnectionError):
    """The models process does not answer."""


class ModelsSlow(ModelsAway):
    """The models process did not come to the end of it in time."""


class Client:
    """Asks the process at `place`. Any number of threads may use it; each has a connection."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._mine = threading.local()

    def ask(self, message: dict[str, Any], *, seconds: float = 30.0) -> dict[str, Any]:
        """The answer to one message.

        A kept connection may be one to a process that has ended since: then it is tried anew, once.
        Predicting twice does no harm. The process is told how long somebody waits, and stops then.

        Raises:
            ModelsAway: nobody listens.
            ModelsSlow: no answer came within `seconds`, or the process says that none will.
        """
        said = self._answer(message | {"seconds": seconds}, seconds)
        if said.get("problem") == "TooSlow":
            raise ModelsSlow(said["message"])
        return said

    def _answer(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        kept = self._kept()
        if kept is not None:
            try:
                return self._exchange(kept, message, seconds)
            except TimeoutError as error:
                raise self._slow(seconds) from error
            except (OSError, ValueError):
                self.close()
        try:
            connection = self._new()
        except OSError as error:
            raise self._away(str(error) or type(error).__name__) from error
        try:
            return self._exchange(connection, message, seconds)
        except TimeoutError as error:
            raise self._slow(seconds) from error
        except (OSError, ValueError) as error:
            raise self._away(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Give up this thread's connection."""
        kept = getattr(self._mine, "connection", None)
        self._mine.connection = None
        if kept is not None:
            kept.close()

    def _kept(self) -> socket.socket | None:
        """A forked process must not share its parent's connection."""
        if getattr(self._mine, "pid", None) != os.getpid():
            return None
        return getattr(self._mine, "connection", None)

    def _new(self) -> socket.socket:
        self._mine.connection = self.place.connected(CONNECT_SECONDS)
        self._mine.pid = os.getpid()
        return self._mine.connection  # type: ignore[no-any-return]

    def _exchange(
        self, connection: socket.socket, message: dict[str, Any], seconds: float
    ) -> dict[str, Any]:
        connection.settimeout(seconds)
        send(connection, message)
        return receive(connection)

    def _slow(self, seconds: float) -> ModelsSlow:
        self.close()
        return ModelsSlow(f"no answer within {seconds:g} s")

    def _away(self, why: str) -> ModelsAway:
        self.close()
        return ModelsAway(why)
