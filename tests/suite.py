"""`make test`: style, types, layers, then every test; each reads what the product is, none changes it."""

import subprocess
import sys
from pathlib import Path

from tests.installed_browser import MISSING, ensure_browser

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports",),
)
# Two processes fit two cores; each has its own database and its own broker database.
PYTEST = ("pytest", "-n", "2", "--dist", "worksteal")


def main(arguments: list[str]) -> int:
    """Run all checks, then pytest with `arguments`; pytest's own closing line comes last."""
    if ensure_browser() is None:
        print(MISSING, file=sys.stderr)
        return 1
    failed = [" ".join(check) for check in CHECKS if run(check) != 0]
    status = run((*PYTEST, *arguments))
    if failed:
        print(f"These checks failed before the tests: {', '.join(failed)}", file=sys.stderr)
    return status or bool(failed)


def run(command: tuple[str, ...]) -> int:
    """Run one program of the environment, saying which."""
    print(f"--- {' '.join(command)}", flush=True)
    program, *arguments = command
    return subprocess.run([str(BIN / program), *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
