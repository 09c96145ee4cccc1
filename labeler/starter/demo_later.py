"""`make demo`: the demo project, where it could not be fetched at the first start or was deleted."""

import subprocess
import sys
from pathlib import Path

from labeler.embedded.problems import StartProblem
from labeler.starter.alone import running_starter
from labeler.starter.children import child_environment


def load_demo_now(var: Path) -> int:
    """Load it into the Labeler that runs with the data in `var`.

    Raises:
        StartProblem: none runs.
    """
    if running_starter(var) is None:
        raise StartProblem(
            "Labeler is not running. Start it with `make run`, then run `make demo`."
        )
    manage = Path(__file__).resolve().parent.parent.parent / "manage.py"
    command = [sys.executable, str(manage), "load_demo"]
    return subprocess.run(command, env=child_environment(var, "demo"), check=False).returncode
