"""`make lock`: pin every package that the product and its tests need, with hashes.

torch is kept apart, pinned without a hash: which of its builds pip finds (CPU or GPU) depends on
where it looks, and a lock made beside one build would refuse the other.
"""

import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path("requirements")
OPTIONS = (
    "--generate-hashes",
    "--strip-extras",
    "--allow-unsafe",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
    "--quiet",
)
ONLY_FOR_GPU = re.compile(r"(nvidia|cuda|triton)\b")


def main(arguments: list[str]) -> int:
    """Write both locks anew; what is pinned already is kept unless `--upgrade` is given."""
    torch = next(
        line
        for line in (FOLDER / "runtime.in").read_text().splitlines()
        if line.startswith("torch")
    )
    (FOLDER / "torch.txt").write_text(f"{torch}\n")
    for name in ("runtime", "dev"):
        lock = FOLDER / f"{name}.txt"
        command = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *arguments]
        done = subprocess.run([*command, "-o", str(lock), str(FOLDER / f"{name}.in")], check=False)
        if done.returncode:
            print(f"{lock} could not be made anew; the reason stands above.", file=sys.stderr)
            return 1
        lock.write_text(without_torch(lock.read_text()))
        print(f"{lock}: {len(pins(lock.read_text()))} packages")
    return 0


def blocks(lock: str) -> list[str]:
    """The lock's entries: a pin, its hashes, and the comments below it."""
    return re.findall(r"^\S[^\n]*\n(?:[ ]+[^\n]*\n)*", lock, re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Version by name of every pinned package in a lock file."""
    return dict(re.findall(r"^([\w.-]+)==([^\s\\;]+)", lock, re.MULTILINE))


def without_torch(lock: str) -> str:
    """The lock without torch and the GPU packages that some of its builds bring along."""
    return "".join(
        block
        for block in blocks(lock)
        if not block.startswith("torch==") and not ONLY_FOR_GPU.match(block)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
