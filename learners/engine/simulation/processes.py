"""Many runs at once: processes with one numeric thread each, one seed's runs together in one."""

import logging
import multiprocessing
import os
import signal
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np

from learners.engine.errors import EngineError
from learners.engine.recipes import Recipe
from learners.engine.simulation.data import LabelledData
from learners.engine.simulation.loop import Run, simulate
from learners.engine.simulation.parts import EmbedBag, Parts, PartVectors
from learners.engine.threads import set_threads

logger = logging.getLogger(__name__)

LOADED_ONCE = ["learners.engine.learner", "learners.engine.simulation.loop", "sklearn.linear_model"]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SECONDS_TO_END = 2.0


@dataclass(frozen=True)
class PartFiles:
    """Where one part's vectors lie, `.npy`, float32: processes map them instead of copying."""

    rows: Path
    names: Path

    def opened(self) -> PartVectors:
        return PartVectors(np.load(self.rows, mmap_mode="r"), np.load(self.names, mmap_mode="r"))


@dataclass(frozen=True, eq=False)
class Work:
    """What every run of a comparison shares. It travels to other processes, so it pickles.

    Attributes:
        files: by part, of the parts that need no pool.
        make_embed_bag: called once in each process; None when no recipe needs it.
    """

    data: LabelledData
    files: Mapping[str, PartFiles]
    name_texts: tuple[str, ...]
    budget: int
    batch: int
    make_embed_bag: Callable[[], EmbedBag] | None = None

    def parts(self) -> Parts:
        return Parts(
            fixed={name: files.opened() for name, files in self.files.items()},
            name_texts=self.name_texts,
            embed_bag=self.make_embed_bag() if self.make_embed_bag else None,
        )


@dataclass(frozen=True)
class Job:
    recipe: Recipe
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its run, or what went wrong."""

    job: Job
    run: Run | None
    error: str = ""


def jobs_of(recipes: Sequence[Recipe], seeds: Sequence[int]) -> list[Job]:
    """Every recipe with every seed; recipes of one seed and the same features in a row, so that
    what was fitted on the pool serves them all.
    """
    by_features = sorted(recipes, key=lambda recipe: recipe.features)
    return [Job(recipe, seed) for seed in seeds for recipe in by_features]


def run_job(work: Work, parts: Parts, job: Job) -> Outcome:
    """Run one job here. What a strategy raises is the job's outcome, not this function's."""
    try:
        run = simulate(
            data=work.data,
            parts=parts,
            recipe=job.recipe,
            budget=work.budget,
            batch=work.batch,
            seed=job.seed,
        )
    except EngineError as error:
        return Outcome(job, None, str(error))
    except Exception as error:
        logger.exception("%s, seed %s", job.recipe.name, job.seed)
        return Outcome(job, None, f"{type(error).__name__}: {error}")
    return Outcome(job, run)


def run_jobs(work: Work, jobs: Sequence[Job], *, n_workers: int) -> Iterator[Outcome]:
    """Outcomes as they come, in no order; their numbers do not depend on `n_workers`.

    A process that dies (for want of memory, say) fails its job; the others go on. Closing the
    iterator ends all processes.
    """
    waiting = _Waiting(jobs)
    workers = [_Worker(work) for _ in range(min(n_workers, len(jobs)))]
    try:
        busy = [worker for worker in workers if worker.begin(waiting)]
        while busy:
            for worker in _ready(busy):
                yield worker.outcome()
                if not (worker.alive and worker.begin(waiting)):
                    busy.remove(worker)
        for job in waiting.rest():
            yield Outcome(job, None, "not run: all processes died")
    finally:
        for worker in workers:
            worker.end()


@dataclass
class _Waiting:
    """Jobs by seed. A worker keeps to its seed, then takes the next, then helps another."""

    jobs: Sequence[Job]
    by_seed: dict[int, deque[Job]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for job in self.jobs:
            self.by_seed.setdefault(job.seed, deque()).append(job)

    def next_after(self, seed: int | None) -> Job | None:
        left = {known: jobs for known, jobs in self.by_seed.items() if jobs}
        if not left:
            return None
        fresh = [known for known in left if known not in self.taken]
        if seed in left:
            chosen = seed
        elif fresh:
            chosen = fresh[0]
        else:
            chosen = max(left, key=lambda known: len(left[known]))
        assert chosen is not None
        self.taken.add(chosen)
        return left[chosen].popleft()

    def rest(self) -> list[Job]:
        return [job for jobs in self.by_seed.values() for job in jobs]


class _Worker:
    """A process, the job it has, and the way to it."""

    def __init__(self, work: Work) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(LOADED_ONCE)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        with _environment(ONE_THREAD):  # read when numpy is loaded, in the server that forks
            self.process.start()
        theirs.close()
        self.job: Job | None = None
        self.alive = True

    def begin(self, waiting: _Waiting) -> bool:
        """Whether there was a job to begin."""
        self.job = waiting.next_after(self.job.seed if self.job else None)
        if self.job is None:
            return False
        try:
            self.pipe.send(self.job)
        except OSError:
            self.alive = False  # told by `outcome`: the end of the pipe is ready to be read
        return True

    def outcome(self) -> Outcome:
        assert self.job is not None
        try:
            found: Outcome = self.pipe.recv()
        except (EOFError, OSError):
            self.alive = False
            self.process.join(SECONDS_TO_END)
            return Outcome(self.job, None, f"its process died ({_how(self.process.exitcode)})")
        return found

    def end(self) -> None:
        self.pipe.close()  # an idle process ends by itself
        self.process.terminate()
        self.process.join(SECONDS_TO_END)


def _ready(busy: Sequence[_Worker]) -> list[_Worker]:
    readable = wait([worker.pipe for worker in busy])
    return [worker for worker in busy if worker.pipe in readable]


def _how(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    return f"signal {signal.Signals(-exit_code).name}"


def _serve(pipe: "Connection[Any, Any]", work: Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    set_threads(1)
    # Few labels of many classes are what this is about; scikit-learn takes them for a regression.
    warnings.filterwarnings("ignore", message="The number of unique classes is greater than 50%")
    parts = work.parts()
    try:
        while True:
            pipe.send(run_job(work, parts, pipe.recv()))
    except (EOFError, OSError):
        return  # the parent is gone, or has no more to do


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
