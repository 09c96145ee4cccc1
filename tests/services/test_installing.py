"""From a bare machine to an environment: what is refused, what is explained, what is repaired."""

import ast
import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from installing import environment
from installing.__main__ import other_python, version_problem
from installing.environment import Environment, last_step, torch_options
from installing.explaining import explain
from installing.locking import pins, without_torch
from installing.system import InstallProblem, system_problem
from installing.whole import damage, normalised, pinned

ROOT = Path(__file__).resolve().parent.parent.parent
GLIBC = ("glibc", "2.36")
LOG = Path("install.log")


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 9), (3, 10, 1), (3, 14, 0)])
def test_another_python_is_answered_with_the_supported_ones(version: tuple[int, ...]) -> None:
    problem = version_problem(version)
    assert "Python 3.11, 3.12 or 3.13" in problem
    assert f"this one is {version[0]}.{version[1]}" in problem


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 4), (3, 13, 1)])
def test_supported_pythons_go_on(version: tuple[int, ...]) -> None:
    assert version_problem(version) == ""


def test_what_an_old_python_reads_first_has_nothing_newer_in_it() -> None:
    source = (ROOT / "installing" / "__main__.py").read_text()
    ast.parse(source, feature_version=(3, 4))
    assert not re.search(r"\bf\"|:=|->", source)


def test_a_supported_python_beside_the_default_one_is_found(tmp_path: Path) -> None:
    (tmp_path / "python3.12").touch(mode=0o755)
    assert other_python(f"/nowhere:{tmp_path}") == str(tmp_path / "python3.12")
    assert other_python("/nowhere") is None


@pytest.mark.parametrize(
    ("name", "machine", "libc", "said"),
    [
        ("darwin", "arm64", ("", ""), "this is darwin on arm64"),
        ("linux", "aarch64", GLIBC, "this is linux on aarch64"),
        ("linux", "x86_64", ("", ""), "musl"),
        ("linux", "x86_64", ("glibc", "2.17"), "this one has glibc 2.17"),
    ],
)
def test_another_system_is_named_with_what_is_supported(
    name: str, machine: str, libc: tuple[str, str], said: str
) -> None:
    problem = system_problem(name, machine, libc)
    assert "Linux, x86-64, with glibc 2.28 or later" in problem
    assert said in problem


@pytest.mark.parametrize("version", ["2.28", "2.36", "3.0"])
def test_a_supported_system_goes_on(version: str) -> None:
    assert system_problem("linux", "x86_64", ("glibc", version)) == ""


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "not the one that the lock file"),
        ("... Temporary failure in name resolution ...", "could not be reached"),
        ("ERROR: No matching distribution found for x==1", "has no build of a pinned package"),
        ("ERROR: something else.", "pip could not install the packages: something else. Log"),
    ],
)
def test_pips_stories_become_sentences_with_the_logs_path(output: str, said: str) -> None:
    sentence = explain(output, LOG)
    assert said in sentence
    assert "\n" not in sentence
    assert str(LOG) in sentence


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """An environment with one package of one file."""
    folder = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    (folder / "a_package-1.0.dist-info").mkdir(parents=True)
    (folder / "a_package.py").touch()
    (folder / "a_package-1.0.dist-info" / "RECORD").write_text(
        "a_package.py,,\n__pycache__/a_package.cpython-311.pyc,,\n"
    )
    return folder


def test_a_whole_installation_has_no_damage(packages: Path, tmp_path: Path) -> None:
    assert damage(tmp_path / ".venv", {"a-package": "1.0"}) == ""


def test_a_lost_file_another_version_and_a_missing_package_are_found(
    packages: Path, tmp_path: Path
) -> None:
    (packages / "a_package.py").unlink()
    environment = tmp_path / ".venv"
    assert (
        damage(environment, {"a-package": "1.0"}) == "the file a_package.py of a-package is missing"
    )
    assert damage(environment, {"a-package": "2.0"}) == "a-package 2.0 is missing, 1.0 is there"
    assert damage(environment, {"other": "1.0"}) == "other 1.0 is missing"


def test_a_torch_build_with_a_suffix_is_the_pinned_version(packages: Path, tmp_path: Path) -> None:
    (packages / "torch-2.13.0+cpu.dist-info").mkdir()
    (packages / "torch-2.13.0+cpu.dist-info" / "RECORD").touch()
    assert damage(tmp_path / ".venv", {"torch": "2.13.0"}) == ""


def test_a_long_installation_tells_what_it_is_at() -> None:
    output = "Collecting numpy\n  Downloading numpy.whl (18 MB)\nWARNING: something\n"
    assert last_step(output) == "Downloading numpy.whl (18 MB)"
    assert last_step("") == "working"


def test_torch_may_come_from_another_index() -> None:
    assert torch_options({"TORCH_INDEX": "file:///wheels"}) == ["--index-url", "file:///wheels"]
    assert torch_options({}) == []


class Played(Environment):
    """An environment whose programs are not run: their exit statuses are given."""

    def __init__(self, root: Path, statuses: list[int]) -> None:
        super().__init__(root)
        self.statuses = statuses
        self.commands: list[str] = []

    def _run(self, command: object, *, patient: bool = False) -> int:
        self.commands.append(" ".join(map(str, command)))  # type: ignore[call-overload]
        self.log.parent.mkdir(exist_ok=True)
        self.log.write_text("ERROR: Temporary failure in name resolution")
        return self.statuses.pop(0)


def test_without_network_the_first_start_is_one_sentence(tmp_path: Path) -> None:
    make_lock(tmp_path)
    played = Played(tmp_path, [0, 0, 1])  # venv, pip --version, pip install
    with pytest.raises(InstallProblem, match="package index could not be reached"):
        played.ensure(["runtime.txt"])
    assert "--require-hashes --no-deps" in played.commands[-1]
    assert not (tmp_path / ".venv" / environment.STAMP).exists()


def test_a_python_without_venv_is_told_the_package_to_install(tmp_path: Path) -> None:
    make_lock(tmp_path)
    with pytest.raises(InstallProblem, match=r"apt-get install python3\.\d+-venv"):
        Played(tmp_path, [1, 1]).ensure(["runtime.txt"])


def test_a_finished_installation_is_not_made_twice_but_a_broken_one_is(
    packages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_lock(tmp_path)
    make_python(tmp_path)
    Environment(tmp_path)._write_stamp(["runtime.txt"])
    Played(tmp_path, [0]).ensure(["runtime.txt"])
    assert capsys.readouterr().out == ""
    (packages / "a_package.py").unlink()
    with pytest.raises(InstallProblem):
        Played(tmp_path, [0, 0, 0, 1]).ensure(["runtime.txt"])
    assert "is broken: the file a_package.py" in capsys.readouterr().out


def test_a_disk_without_room_is_said_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_lock(tmp_path)
    monkeypatch.setattr(environment, "NEEDED_BYTES", 2**60)
    with pytest.raises(InstallProblem, match="MB left; installing Labeler"):
        Played(tmp_path, []).ensure(["runtime.txt"])


def make_lock(root: Path) -> None:
    (root / "requirements").mkdir()
    (root / "requirements" / "runtime.txt").write_text("a-package==1.0 \\\n    --hash=sha256:00\n")


def make_python(root: Path) -> None:
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)


def requirement(name: str) -> str:
    return (ROOT / "requirements" / name).read_text()


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_every_direct_dependency_is_pinned_with_hashes(name: str) -> None:
    wanted = re.findall(r"^(\w[\w-]*)", requirement(f"{name}.in"), re.MULTILINE)
    lock = requirement(f"{name}.txt")
    for package in {package.lower() for package in wanted} - {"torch"}:
        assert re.search(rf"^{package}==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE), package


def test_locks_name_no_index_and_torch_has_neither_hash_nor_suffix() -> None:
    assert re.fullmatch(r"torch==[\d.]+\n", requirement("torch.txt"))
    for name in ("runtime.txt", "dev.txt"):
        assert "torch" not in pinned(requirement(name))
        assert not re.search(r"https?://|--index|--find-links", requirement(name))


def test_a_lock_made_beside_a_gpu_build_loses_what_only_that_build_needs() -> None:
    lock = (
        "numpy==1 \\\n    --hash=sha256:a\n    # via x\n"
        "nvidia-cublas==2 \\\n    --hash=sha256:b\n    # via torch\n"
        "torch==3+cpu \\\n    --hash=sha256:c\n    # via x\n"
        "triton==4 \\\n    --hash=sha256:d\n    # via torch\n"
    )
    assert pins(without_torch(lock)) == {"numpy": "1"}


def test_the_development_lock_agrees_with_the_products() -> None:
    runtime, development = pinned(requirement("runtime.txt")), pinned(requirement("dev.txt"))
    shared = runtime.keys() & development.keys()
    assert {name: development[name] for name in shared} == {name: runtime[name] for name in shared}


@pytest.mark.parametrize("version", ["3.11.0", "3.11.7", "3.12.0", "3.13.0"])
def test_the_locks_hold_what_every_supported_python_needs(version: str) -> None:
    locked = {*pinned(requirement("runtime.txt")), *pinned(requirement("dev.txt")), "torch"}
    missing = [
        f"{name} needs {need.name}"
        for name, needs in requirements_of_installed().items()
        for need in needs
        if name in locked and applies(need, version) and normalised(need.name) not in locked
    ]
    assert missing == []


@pytest.mark.parametrize("version", ["3.11.0", "3.12.0", "3.13.0"])
def test_no_pinned_package_wants_a_younger_python(version: str) -> None:
    locked = {**pinned(requirement("runtime.txt")), **pinned(requirement("dev.txt"))}
    refusing = [
        found.metadata["Name"]
        for found in distributions()
        if locked.get(normalised(found.metadata["Name"])) == found.version
        and not SpecifierSet(wanted_python(found)).contains(version)
    ]
    assert refusing == []


def wanted_python(found: Distribution) -> str:
    return str(found.metadata.json.get("requires_python", ""))


def requirements_of_installed() -> dict[str, list[Requirement]]:
    return {
        normalised(found.metadata["Name"]): [Requirement(text) for text in found.requires or []]
        for found in distributions()
    }


def applies(need: Requirement, version: str) -> bool:
    """Whether a Python of `version` needs it, no extra being asked for."""
    if need.marker is None:
        return True
    python = {"python_version": version.rpartition(".")[0], "python_full_version": version}
    return need.marker.evaluate({**python, "extra": ""})
