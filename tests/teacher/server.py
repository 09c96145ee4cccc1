"""A real server that speaks OpenAI's chat completions, well or badly, as a test wants it."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What the server sends: a status, headers, a body, and how long it thinks before."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0


Script = Callable[[dict[str, Any]], Answer]


def completion(
    content: str, *, usage: tuple[int, int] | None = (100, 10), logprobs: Any = None
) -> Answer:
    """An answer in the right form."""
    said: dict[str, Any] = {
        "choices": [{"message": {"role": "assistant", "content": content}, "logprobs": logprobs}]
    }
    if usage:
        said["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return Answer(body=json.dumps(said).encode())


def failing(status: int, message: str = "no", **headers: str) -> Answer:
    """An error in OpenAI's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, json.dumps({"error": {"message": message}}).encode())


def text_of(body: dict[str, Any]) -> str:
    """The text that a request is about: the line between the marks."""
    lines: list[str] = body["messages"][1]["content"].split("\n")
    return "\n".join(lines[2:-1])


def by_first_word(body: dict[str, Any]) -> Answer:
    """The class whose name is the first word of the text."""
    return completion(json.dumps({"label": text_of(body).split()[0]}))


@dataclass
class Server:
    """`scripts` answer the next requests, one each; then `usual` answers all."""

    url: str
    usual: Script = by_first_word
    scripts: list[Script] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def then(self, *answers: Answer) -> None:
        """Give these answers next, in this order."""
        self.scripts += [lambda _, answer=answer: answer for answer in answers]  # type: ignore[misc]


@contextmanager
def running_server() -> Iterator[Server]:
    """A server of its own on a free port, while inside."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.bodies.append(body)
            server.paths.append(self.path)
            server.keys.append(self.headers.get("Authorization"))
            script = server.scripts.pop(0) if server.scripts else server.usual
            answer = script(body)
            time.sleep(answer.seconds)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # nobody waits any more
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Tell nobody."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_port}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    http.shutdown()
    http.server_close()
    thread.join()


@contextmanager
def dripping() -> Iterator[str]:
    """The address of a server that sends a line of its headers now and then, and never the last."""
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connected, _ = listening.accept()
        with connected, suppress(OSError):  # cut off
            connected.sendall(b"HTTP/1.1 200 OK\r\n")
            for row in range(100):
                connected.sendall(f"X-{row}: 1\r\n".encode())
                time.sleep(0.1)

    thread = threading.Thread(target=drip)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    thread.join()
    listening.close()
