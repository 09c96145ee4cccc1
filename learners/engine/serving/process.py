"""The process itself: one thread a connection, until it is told to end."""

import fcntl
import logging
import os
import signal
import socketserver
import threading
from pathlib import Path
from types import FrameType
from typing import IO, Any

from learners.engine.serving.answering import Answering
from learners.engine.serving.frames import Closed, Place, receive, send
from learners.engine.serving.shelf import Shelf

logger = logging.getLogger("labeler.models")
MEGABYTE = 2**20
USUAL_MB = 1024


class _Connection(socketserver.BaseRequestHandler):
    """Messages of one client, one after the other."""

    server: "_Server"

    def handle(self) -> None:
        try:
            while True:
                send(self.request, self.server.answering.answer(receive(self.request)))
        except Closed:
            return
        except OSError as error:
            logger.info("a connection broke: %s", error)
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("a message that cannot be read ended its connection: %s", error)


class _Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    allow_reuse_address = True
    answering: Answering


class _UnixServer(_Server, socketserver.UnixStreamServer):
    """Behind a path that this user alone can open, and that one process alone listens at."""

    lock: IO[bytes] | None = None

    def server_bind(self) -> None:
        path = Path(str(self.server_address))
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.lock = _locked(path.with_name(f"{path.name}.lock"))
        path.unlink(missing_ok=True)  # of a process that was killed
        before = os.umask(0o177)
        try:
            super().server_bind()
        finally:
            os.umask(before)

    def server_close(self) -> None:
        super().server_close()
        if self.lock is not None:
            Path(str(self.server_address)).unlink(missing_ok=True)
            self.lock.close()
            self.lock = None


def _locked(path: Path) -> IO[bytes]:
    """The file, locked until it is closed or this process ends. Raises OSError where another has it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise OSError(f"another process listens there already (it holds {path})") from error
    return file


class _TcpServer(_Server, socketserver.TCPServer):
    """For another machine of a private network: whoever reaches the port may ask."""


def listening(place: Place, answering: Answering) -> _Server:
    """A server that is bound and not yet serving. Raises OSError where it cannot listen."""
    server: Any = (
        _UnixServer(place.path, _Connection)
        if place.path
        else _TcpServer((place.host, place.port), _Connection)
    )
    server.answering = answering
    return server  # type: ignore[no-any-return]


def run(environment: dict[str, str]) -> None:
    """Serve until SIGTERM or SIGINT, as the environment says: docs/operate.md.

    Raises:
        ValueError: a variable that cannot be.
        OSError: nobody can listen there.
    """
    place = Place.of_url(environment.get("LABELER_MODELS_URL", ""))
    shelf = Shelf(max_bytes=models_mb(environment) * MEGABYTE)
    root = Path(environment.get("LABELER_VAR", "var"))
    cores = len(os.sched_getaffinity(0))
    server = listening(place, Answering(shelf, root=root, n_cores=cores))

    def stop(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logger.info("models may take %d MB; listening at %s", shelf.max_bytes // MEGABYTE, place)
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        server.server_close()


def models_mb(environment: dict[str, str]) -> int:
    """LABELER_MODELS_MB, 1,024 without one. Raises ValueError."""
    said = environment.get("LABELER_MODELS_MB", str(USUAL_MB))
    if not said.isascii() or not said.isdigit() or int(said) < 64:
        raise ValueError(f"LABELER_MODELS_MB is {said!r}; allowed: a whole number from 64")
    return int(said)
