"""The child of `measuring.measure`: `python -m learners.engine.rungs.measured FOLDER RUNS < texts.json`."""

import json
import resource
import sys
import time
from pathlib import Path
from statistics import median

from learners.engine.runtime import load_runtime

STATUS = Path("/proc/self/status")


def main(folder: str, n_runs: int) -> None:
    texts = json.loads(sys.stdin.buffer.read())
    runtime = load_runtime(Path(folder), n_threads=1)
    runtime.predict_proba(texts)
    clock, busy = [], []
    for _ in range(n_runs):
        began, began_busy = time.perf_counter(), time.process_time()
        runtime.predict_proba(texts)
        clock.append(time.perf_counter() - began)
        busy.append(time.process_time() - began_busy)
    per_1000 = 1_000 / len(texts)
    speed = {
        "milliseconds_per_1000": median(clock) * 1_000 * per_1000,
        "cpu_seconds_per_1000": median(busy) * per_1000,
        "memory_mb": most_memory() / 1e6,
        "n_bytes": runtime.n_bytes,
    }
    sys.stdout.write(json.dumps(speed))


def most_memory() -> float:
    """Bytes at the peak. What `getrusage` says includes the parent's, from before this program."""
    if STATUS.is_file():
        lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
        return float(lines["VmHWM"].split()[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
