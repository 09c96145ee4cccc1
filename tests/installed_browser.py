"""The browser that tests drive: an installed one, else one from the system's packages."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "The browser tests need Chrome or Chromium and none is installed. Install one, for instance: "
    "sudo apt-get install chromium. LABELER_BROWSER may name the program."
)


def browser_program() -> str | None:
    """`LABELER_BROWSER`, else the first known name on the path, `None` if there is none."""
    named = os.environ.get("LABELER_BROWSER")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


def ensure_browser() -> str | None:
    """The browser, after an attempt to install Debian's Chromium where there is none."""
    if found := browser_program():
        return found
    if apt := _apt_get():
        print("Installing Chromium for the browser tests ...", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        options = ["-qq", "-o", "Dpkg::Use-Pty=0"]
        subprocess.run([*apt, "update", *options], env=quiet, check=False)
        install = [*apt, "install", "-y", "--no-install-recommends", *options, "chromium"]
        subprocess.run(install, env=quiet, stdout=subprocess.DEVNULL, check=False)
    return browser_program()


def _apt_get() -> list[str]:
    """apt-get with the rights to install, `[]` where there are none."""
    if not shutil.which("apt-get"):
        return []
    if os.geteuid() == 0:
        return ["apt-get"]
    sudo = shutil.which("sudo")
    may = sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
    return [sudo, "-n", "apt-get"] if sudo and may and may.returncode == 0 else []
