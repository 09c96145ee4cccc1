"""Running a packed model away from Labeler: what is checked before anybody is offered it.

The zip is unpacked into a new folder and its own `predict.py --parity` is run by a new Python that
sees the standard library, the distributions that `requirements.txt` pins, and what those say they
need: nothing else of what is installed here, no environment variable, no folder of ours, and no
network (a connection that Python makes is refused). It proves that the files are whole, that
the requirements suffice, and that the answers are the application's. It does not prove that another
machine's package index has these versions, nor what another processor computes.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, BinaryIO

from learners.engine.errors import CheckFailed
from learners.engine.packing.comparing import Checked
from learners.engine.packing.zip_file import SUMS

LONGEST = 900
MOST_SHOWN = 400

RUNNER = """
import runpy, sys
site, script = sys.argv[1], sys.argv[2]
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"):
        raise RuntimeError("predict.py tried " + event)
sys.addaudithook(refuse)
sys.path.append(site)
sys.argv = [script, "--parity"]
runpy.run_path(script, run_name="__main__")
"""


def check_zip(source: BinaryIO) -> Checked:
    """Run a packed model in a clean environment over its own parity file.

    Raises:
        CheckFailed: a file is damaged, it does not run there, or its answers are not the
            application's; the message says which.
    """
    with tempfile.TemporaryDirectory(prefix="labeler-check-") as made:
        folder, site = Path(made) / "model", Path(made) / "site"
        with zipfile.ZipFile(source) as archive:
            archive.extractall(folder)
        check_sums(folder)
        link_requirements(folder / "requirements.txt", site)
        parity = json.loads((folder / "parity.json").read_bytes())
        return _judged(run_clean(folder, site), parity)


def _judged(answer: dict[str, Any], parity: dict[str, Any]) -> Checked:
    by_labels = parity["rule"] == "labels"
    needed = (
        f"the same label on {100 * parity['labels_equal']:.1f} %"
        if by_labels
        else f"probabilities within {parity['tolerance']:g}"
    )
    found = Checked(
        n=int(answer.get("texts", answer.get("rows", 0))),
        largest_difference=float(answer["largest_difference"]),
        labels_equal=float(answer["labels_equal"]),
        needed=needed,
    )
    if found.n != len(parity["probabilities"]):
        raise CheckFailed(f"it answered {found.n} of {len(parity['probabilities'])} inputs")
    equal = found.labels_equal >= parity["labels_equal"]
    if not (equal if by_labels else found.largest_difference <= parity["tolerance"]):
        raise CheckFailed(
            f"in a clean environment its probabilities differ from the application's by up to "
            f"{found.largest_difference:.2g}, and {100 * found.labels_equal:.1f} % of the labels are "
            f"equal; needed: {needed}"
        )
    return found


def check_sums(folder: Path) -> None:
    """Raises `CheckFailed` unless the folder holds what SHA256SUMS lists, and no more."""
    lines = (folder / SUMS).read_text("utf-8").splitlines()
    told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != SUMS
    }
    if wrong := sorted(name for name, _ in found.items() ^ told.items()):
        raise CheckFailed(f"{', '.join(dict.fromkeys(wrong))}: not as {SUMS} says")


def link_requirements(requirements: Path, site: Path) -> list[str]:
    """A folder with links to the distributions that a file of pins names and to what they need.

    Returns:
        Names of the distributions, ascending.

    Raises:
        CheckFailed: one is not installed here, or in another version.
    """
    site.mkdir()
    waiting = [line.split("==") for line in requirements.read_text("utf-8").split()]
    for name, pinned in waiting:
        if (installed := _distribution(name).version) != pinned:
            raise CheckFailed(f"requirements.txt pins {name} {pinned}; installed: {installed}")
    names = {name for name, _ in waiting}
    done: set[str] = set()
    while todo := names - done:
        for name in todo:
            _link(name, site)
            names |= _needs(name)
        done |= todo
    return sorted(done)


def _distribution(name: str) -> Any:
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        raise CheckFailed(f"{name} is needed and not installed here") from error


def _needs(name: str) -> set[str]:
    """Distributions that this one says it needs here, without extras."""
    from packaging.requirements import Requirement  # noqa: PLC0415
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    found = map(Requirement, _distribution(name).requires or [])
    needed = [each for each in found if not each.marker or each.marker.evaluate({"extra": ""})]
    return {canonicalize_name(each.name) for each in needed}


def _link(name: str, site: Path) -> None:
    """Link each top folder and file of a distribution that pip put into site-packages."""
    installed = _distribution(name)
    tops = {path.parts[0] for path in installed.files or [] if path.parts[0] != ".."}
    for top in tops - {"__pycache__"}:
        link = site / top
        if not link.exists():
            link.symlink_to(Path(installed.locate_file(top)).resolve())


def run_clean(folder: Path, site: Path) -> dict[str, Any]:
    """What `predict.py --parity` prints, run by an isolated Python with `site` and nothing else.

    Raises:
        CheckFailed: it ended with an error, said nothing readable or took too long.
    """
    command = [
        sys.executable,
        "-I",
        "-S",
        "-B",
        "-c",
        RUNNER,
        str(site),
        str(folder / "predict.py"),
    ]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and script
            command, capture_output=True, check=False, timeout=LONGEST, cwd=folder, env={}
        )
    except subprocess.TimeoutExpired as error:
        raise CheckFailed(f"it did not answer within {LONGEST // 60} minutes") from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if not lines:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]  # no traceback
        said = "".join(last)[:MOST_SHOWN] or f"exit status {done.returncode}"
        raise CheckFailed(f"it does not run in a clean environment: {said}")
    try:
        answer: dict[str, Any] = json.loads(lines[-1])
    except ValueError as error:
        raise CheckFailed(f"it answered “{lines[-1][:MOST_SHOWN]}”, which is no JSON") from error
    return answer
