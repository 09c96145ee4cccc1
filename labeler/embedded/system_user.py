"""PostgreSQL refuses to run as root: the user it runs as instead, and that user's way to its files."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from labeler.embedded.problems import StartProblem
from labeler.embedded.processes import SystemUser

OWN_NAME = "labeler"
STAND_INS = ("postgres", "nobody")


def postgres_user(data: Path) -> SystemUser | None:
    """Whom PostgreSQL runs as: `None` (ourselves) unless we are root.

    Files that exist decide, so that a changed list of users never locks anyone out.

    Raises:
        StartProblem: the data belong to another user, or no unprivileged user can be found.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        _require_mine(data, owner)
        return None
    if owner:
        return SystemUser(uid=owner, gid=data.stat().st_gid, name=_name(owner))
    return _unprivileged_user()


def _require_mine(data: Path, owner: int | None) -> None:
    if owner is not None and owner != os.geteuid():
        raise StartProblem(
            f"{data} belongs to the user {_name(owner)}: Labeler was started by root before. "
            f"Start it as root again, or take the files over: sudo chown -R $(id -u) {data.parent}"
        )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


def _unprivileged_user() -> SystemUser:
    if not _known(OWN_NAME) and (
        useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    ):
        nologin = "/usr/sbin/nologin"
        command = [useradd, "--system", "--no-create-home", "--shell", nologin, OWN_NAME]
        subprocess.run(command, check=False, capture_output=True)
    for name in (OWN_NAME, *STAND_INS):
        if entry := _known(name):
            return SystemUser(uid=entry.pw_uid, gid=entry.pw_gid, name=name)
    raise StartProblem(
        "PostgreSQL does not run as root and no other user could be made for it. Start Labeler as "
        f"an ordinary user, or make one: useradd --system {OWN_NAME}"
    )


def _known(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def let_pass(user: SystemUser | None, path: Path, say: Callable[[str], None]) -> None:
    """Let `user` walk through the folders above `path` (not list them), as far as they are root's.

    Raises:
        StartProblem: a folder above `path` is someone else's and closed.
    """
    if user is None:
        return
    for folder in reversed(path.resolve().parents):
        found = folder.stat()
        if _may_enter(found, user):
            continue
        if found.st_uid != 0:
            raise StartProblem(
                f"PostgreSQL runs as the user {user.name}, who cannot pass through {folder}. "
                f"Allow it (chmod o+x {folder}), or start Labeler as {_name(found.st_uid)}."
            )
        folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)
        say(f"PostgreSQL runs as the user {user.name}: let it pass through {folder} (chmod o+x).")


def _may_enter(found: os.stat_result, user: SystemUser) -> bool:
    if found.st_uid == user.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == user.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
