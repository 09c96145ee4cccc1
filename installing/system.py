"""Whether this machine is one that Labeler's packages are made for."""

import platform
import re
import sys


class InstallProblem(Exception):
    """Labeler cannot be installed here. The message says what is wrong and what to do."""


def require_supported_system() -> None:
    """
    Raises:
        InstallProblem: not Linux on x86-64 with glibc 2.28 or later.
    """
    if problem := system_problem(sys.platform, platform.machine(), platform.libc_ver()):
        raise InstallProblem(problem)


def system_problem(name: str, machine: str, libc: tuple[str, str]) -> str:
    """The sentence for a system that Labeler does not run on, `""` for one that it does.

    `libc` is name and version as `platform.libc_ver()` gives them; musl has neither.
    """
    needed = (
        "Labeler runs on Linux, x86-64, with glibc 2.28 or later (Debian 10, Ubuntu 20.04, RHEL 8)"
    )
    if name != "linux" or machine not in {"x86_64", "AMD64", "amd64"}:
        return (
            f"{needed}; this is {name} on {machine}. Elsewhere use the container: docker compose up"
        )
    if libc[0] != "glibc":
        return (
            f"{needed}; this system has another C library (Alpine's musl?). Use docker compose up"
        )
    found = tuple(int(part) for part in re.findall(r"\d+", libc[1])[:2])
    if found < (2, 28):
        return f"{needed}; this one has glibc {libc[1]}. Use a newer system or docker compose up"
    return ""
