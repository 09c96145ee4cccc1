"""Size, speed and memory of a model folder, measured in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from learners.engine.errors import BadFile

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 1_800.0


@dataclass(frozen=True)
class Speed:
    """What predicting costs, on one thread of this machine.

    Attributes:
        milliseconds_per_1000, cpu_seconds_per_1000: for a thousand predictions in batches, as the clock
            and as the processor counts; medians of the runs.
        memory_mb: most memory that the process ever held, model and libraries included, in MB of 10^6.
        n_bytes: of all files together.
    """

    milliseconds_per_1000: float
    cpu_seconds_per_1000: float
    memory_mb: float
    n_bytes: int


def measure(
    folder: Path, texts: Sequence[str], *, n_runs: int = 3, seconds: float = LONGEST
) -> Speed:
    """Load the model in a fresh process, predict all texts once to warm up, then `n_runs` times.

    Args:
        texts: like those that will come; a hundred or more.
        seconds: after which it is given up.

    Raises:
        BadFile: the folder is no model, or it took longer than `seconds`.
        ValueError: no texts, or no run.
    """
    if not len(texts) or n_runs < 1:
        raise ValueError(f"{len(texts)} texts and {n_runs} runs; needed: at least one of each")
    try:
        done = subprocess.run(  # noqa: S603  our own module
            [sys.executable, "-m", "learners.engine.rungs.measured", str(folder), str(n_runs)],
            input=json.dumps(list(texts)).encode(),
            capture_output=True,
            timeout=seconds,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadFile(f"the model took more than {seconds:.0f} seconds to measure") from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise BadFile(f"the model could not be measured: {''.join(last) or 'its process died'}")
    return Speed(**json.loads(done.stdout))


def _environment() -> dict[str, str]:
    """One thread for every library, and the engine found wherever the process starts."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
    return {**os.environ, **one, "PYTHONPATH": path, "TOKENIZERS_PARALLELISM": "false"}
