"""What goes over the connection: the length of a JSON text in four bytes, then the text."""

import json
import socket
import struct
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LENGTH = struct.Struct("!I")
MAX_BYTES = 256 * 1024 * 1024


class Closed(ConnectionError):
    """The other side closed the connection between two messages, or amid one."""


@dataclass(frozen=True)
class Place:
    """Where the process listens: a path of a Unix socket, or a host and a port."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def of_url(cls, url: str) -> "Place":
        """From `unix:///run/models.sock` or `tcp://host:port`.

        Raises:
            ValueError: it is neither.
        """
        parts = urlsplit(url)
        if parts.scheme == "unix" and parts.path:
            return cls(path=parts.path)
        if parts.scheme == "tcp" and parts.hostname and parts.port:
            return cls(host=parts.hostname, port=parts.port)
        raise ValueError(
            f"LABELER_MODELS_URL is {url!r}; allowed: unix:///folder/models.sock or tcp://host:port"
        )

    def connected(self, seconds: float) -> socket.socket:
        """A new connection; `seconds` to wait for it. Raises OSError."""
        if not self.path:
            found = socket.create_connection((self.host, self.port), timeout=seconds)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return found
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            found.settimeout(seconds)
            found.connect(self.path)
        except OSError:
            found.close()
            raise
        return found


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Raises OSError."""
    text = json.dumps(message, separators=(",", ":")).encode()
    connection.sendall(LENGTH.pack(len(text)) + text)


def receive(connection: socket.socket) -> dict[str, Any]:
    """The next message.

    Raises:
        Closed: there is none any more.
        ValueError: it is longer than `MAX_BYTES`, or no JSON object.
    """
    n_bytes = LENGTH.unpack(_exactly(connection, LENGTH.size))[0]
    if n_bytes > MAX_BYTES:
        raise ValueError(f"a message of {n_bytes:,} bytes; allowed: {MAX_BYTES:,}")
    message = json.loads(_exactly(connection, n_bytes))
    if not isinstance(message, dict):
        raise ValueError("a message that is no JSON object")  # noqa: TRY004  of the other side
    return message


def _exactly(connection: socket.socket, n_bytes: int) -> bytes:
    parts, missing = [], n_bytes
    while missing:
        part = connection.recv(min(missing, 1 << 20))
        if not part:
            raise Closed("the connection was closed")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
