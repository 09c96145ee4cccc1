"""Where the web process listens."""

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from labeler.embedded.problems import StartProblem

ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  compared with, not bound to


@dataclass(frozen=True)
class Address:
    """`host` and `port` to listen on."""

    host: str
    port: int

    @property
    def bind(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        if self.host in ANY:
            return f"http://{ANY[self.host]}:{self.port}"
        return f"http://{self.bind}"


def wanted_address(environment: Mapping[str, str] = os.environ) -> Address:
    """`LABELER_BIND` (127.0.0.1) and `PORT` (8000).

    Raises:
        StartProblem: `PORT` is no port.
    """
    text = environment.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        raise StartProblem(
            f"PORT is {text!r}; it must be a number from 1 to 65535: PORT=8001 make run"
        )
    return Address(environment.get("LABELER_BIND") or "127.0.0.1", int(text))


def require_free(address: Address) -> None:
    """
    Raises:
        StartProblem: another program listens there, or we may not.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise StartProblem(_refused(address, error)) from error


def _refused(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {address.port} is taken by another program. Choose another one: "
            f"PORT={min(address.port + 1, 65_535)} make run"
        )
    if error.errno == errno.EACCES:
        return (
            f"Port {address.port} needs special rights. Choose one above 1023: PORT=8000 make run"
        )
    return (
        f"Labeler cannot listen on {address.bind}: {error.strerror}. Check LABELER_BIND and PORT."
    )
