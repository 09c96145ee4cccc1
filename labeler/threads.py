"""How many threads a worker process may compute with.

Two processes with two BLAS threads each on two cores ran small fits over ten times slower than
with one thread each, so the cores are shared out among the processes.
"""

import os
import sys

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PROCESSES = 2  # `--concurrency` of the worker as Labeler starts it


def threads_per_process() -> int:
    """LABELER_THREADS, else this machine's cores divided by the worker's processes."""
    if chosen := os.environ.get("LABELER_THREADS"):
        return max(1, int(chosen))
    return max(1, len(os.sched_getaffinity(0)) // PROCESSES)


def limit_threads_of_workers() -> None:
    """Set the libraries' own variables, when this process is a Celery worker."""
    if "worker" in sys.argv[1:]:
        for variable in VARIABLES:
            os.environ.setdefault(variable, str(threads_per_process()))
