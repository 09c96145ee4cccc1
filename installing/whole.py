"""Whether what was installed is still all there: pins against what the environment holds."""

import csv
import os
import re
from pathlib import Path


def pinned(lock: str) -> dict[str, str]:
    """Version by normalised name of every pin in a lock file's text."""
    found = re.findall(r"^([\w.-]+)==([^\s\\;]+)", lock, re.MULTILINE)
    return {normalised(name): version for name, version in found}


def normalised(name: str) -> str:
    """A package's name as all its spellings share it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def site_packages(environment: Path) -> Path | None:
    """The folder that an environment's packages lie in."""
    return next(environment.glob("lib/python3.*/site-packages"), None)


def damage(environment: Path, pins: dict[str, str]) -> str:
    """The first thing missing, in words; `""` when every pinned package is there with all its files."""
    packages = site_packages(environment)
    if packages is None:
        return "it has no packages"
    installed = _installed(packages)
    for name, version in pins.items():
        found, folder = installed.get(name, ("", packages))
        # A build's own suffix (torch's +cpu) is no other version.
        if found.split("+")[0] != version:
            return f"{name} {version} is missing" + (f", {found} is there" if found else "")
        if lost := _first_lost(packages, folder):
            return f"the file {lost} of {name} is missing"
    return ""


def _installed(packages: Path) -> dict[str, tuple[str, Path]]:
    found = {}
    for folder in packages.glob("*.dist-info"):
        name, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
        found[normalised(name)] = (version, folder)
    return found


def _first_lost(packages: Path, dist_info: Path) -> str:
    """The first file of a package's own list that is gone. Compiled files come and go by themselves."""
    record = dist_info / "RECORD"
    if not record.exists():
        return record.name
    base = str(packages)
    with record.open(encoding="utf-8", newline="") as lines:
        names = (row[0] for row in csv.reader(lines) if row)
        return next((name for name in names if _is_lost(base, name)), "")


def _is_lost(base: str, name: str) -> bool:
    return not name.endswith(".pyc") and not os.path.exists(os.path.join(base, name))
