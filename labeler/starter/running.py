"""`make run`, from the lock on the data to the last process stopped."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from labeler.embedded.folders import prepare_folders
from labeler.embedded.postgres import Postgres
from labeler.embedded.problems import StartProblem
from labeler.embedded.services import Services, start_services
from labeler.starter.addresses import Address, require_free, wanted_address
from labeler.starter.alone import only_starter
from labeler.starter.children import Child, Watch, children, end_leftovers, stop_children
from labeler.starter.preparing import prepare_site
from labeler.starter.readiness import Readiness
from labeler.starter.swapping import finish_swap

READY_SECONDS = 180
PORT_SECONDS = 5
DEATHS_BEFORE_GIVING_UP = 3


class Stopped(BaseException):
    """The person at the terminal (or the system) asked for the end."""


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, flush=True)


def run(var: Path) -> int:
    """Start everything, say where it is, watch it until a signal, stop everything.

    Raises:
        StartProblem: something keeps Labeler from starting; nothing is left running.
    """
    address = wanted_address()
    prepare_folders(var)
    with only_starter(var, address=address.url), stop_signals():
        try:
            return _run_alone(var, address)
        except Stopped:
            return 0
        except BaseException:
            _ignore_signals()
            raise


def _run_alone(var: Path, address: Address) -> int:
    if n := end_leftovers(var):
        say(f"Ended {n} process{'es' * (n != 1)} that an earlier start had left behind.")
        _wait_for_their_port(address)
    require_free(address)
    with embedded(var) as services:
        entry = prepare_site(var, say)
        require_free(address)
        running = children(var, address)
        try:
            watches = _launch(services, running)
            _wait_until_ready(Readiness(var, address, services), watches)
            say(_welcome(address, entry, var))
            _watch(watches)
        finally:
            _ignore_signals()
            say("\nStopping ...")
            stop_children(running)
    return 0


def _wait_for_their_port(address: Address) -> None:
    """A process that was killed gives up its memory, and so its mark, a moment before its sockets."""
    deadline = time.monotonic() + PORT_SECONDS
    while time.monotonic() < deadline:
        with suppress(StartProblem):
            require_free(address)
            return
        time.sleep(0.1)


@contextmanager
def embedded(var: Path, *, broker: bool = True) -> Iterator[Services]:
    """PostgreSQL and Valkey for as long as the block runs, on data that are whole."""
    finish_swap(var, say)
    services = start_services(var, say=say, broker=broker)
    try:
        yield services
    finally:
        _ignore_signals()
        services.stop()


def _launch(services: Services, running: Sequence[Child]) -> list[Watch]:
    for child in running:
        child.launch()
    named = [(_service_name(service), service) for service in services.running]
    return [
        *(Watch(name, service, say) for name, service in named),
        *(Watch(f"The {child.name} process", child, say) for child in running),
    ]


def _service_name(service: object) -> str:
    return "PostgreSQL" if isinstance(service, Postgres) else "Valkey"


def _wait_until_ready(readiness: Readiness, watches: Sequence[Watch]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while missing := readiness.missing():
        for watch in watches:
            watch.look()
            if watch.deaths >= DEATHS_BEFORE_GIVING_UP:
                raise StartProblem(
                    f"{watch.name} does not stay up; the reason stands in {watch.watched.log}."
                )
        if time.monotonic() > deadline:
            raise StartProblem(
                f"{' and '.join(missing)} did not answer within {READY_SECONDS} seconds; see the "
                f"logs in {readiness.var / 'log'}."
            )
        time.sleep(0.1)


def _watch(watches: Sequence[Watch]) -> None:
    while True:
        for watch in watches:
            watch.look()
        time.sleep(0.2)


def _welcome(address: Address, entry: str, var: Path) -> str:
    if not entry:
        return f"\nLabeler is ready: {address.url}/\nCtrl-C stops it. Logs: {var / 'log'}"
    return (
        "\nLabeler is ready. This link signs you in once, then asks you for a password:\n\n"
        f"  {address.url}{entry}\n\nCtrl-C stops Labeler. Logs: {var / 'log'}"
    )


@contextmanager
def stop_signals() -> Iterator[None]:
    """Ctrl-C, `kill` and a closed terminal raise `Stopped`, once."""

    def stop(number: int, frame: FrameType | None) -> None:
        _ignore_signals()
        raise Stopped

    before = _set_signals(stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


Handler = Callable[[int, FrameType | None], object] | int | None


def _set_signals(handler: Handler) -> dict[signal.Signals, Handler]:
    stopping = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return {number: signal.signal(number, handler) for number in stopping}


def _ignore_signals() -> None:
    """While stopping, a second Ctrl-C must not leave a process behind; every wait has its limit.

    Handlers that do nothing, and not SIG_IGN: that one would be inherited by what is started.
    """
    _set_signals(lambda number, frame: None)
