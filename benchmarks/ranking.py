"""Every strategy on a pool of 100,000 x 512 half-precision rows, against modAL's margin on the same.

    python -m benchmarks.ranking [NAME ...]

The learner is the default's head, trained and with its sample of open rows; the last line names the
slowest strategy of those offered for pools of any size. All in this process, in turns, one thread. Seconds are the processor's, so that a busy machine does
not count. modAL needs the whole pool as one array and returns the first 300 in no promised order;
ours reads blocks, sorts them, and gives a reason for each.
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from modAL.uncertainty import margin_sampling
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from learners.engine.learner import ActiveLearner
from learners.engine.ranking import rank_pool
from learners.engine.recipes import DEFAULT, POOL_SAMPLE
from learners.engine.strategies import STRATEGIES, Strategy, get_strategy
from learners.engine.threads import set_threads
from learners.engine.training import make_estimator

N_ROWS, N_DIMENSIONS, N_CLASSES = 100_000, 512, 10
N_LABELS, N_QUEUE, BLOCK_ROWS, N_ROUNDS = 256, 300, 65_536, 5


@dataclass(frozen=True)
class Bench:
    """A pool as the product keeps it, and learners for one class and for any number."""

    pool: Any
    blocks: list[Any]
    single: ActiveLearner
    multilabel: ActiveLearner

    def ours(self, strategy: Strategy) -> object:
        learner = self.multilabel if strategy.for_ == "multilabel" else self.single
        rng = np.random.default_rng(1)
        return rank_pool(
            learner=learner, strategy=strategy, blocks=self.blocks, n_queue=N_QUEUE, rng=rng
        )

    def modals(self) -> object:
        return margin_sampling(self.single, self.pool, n_instances=N_QUEUE)


def make_bench() -> Bench:
    """Vectors around as many centres as there are classes, as embedded texts lie."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, N_CLASSES, N_ROWS)
    vectors = rng.normal(size=(N_ROWS, N_DIMENSIONS)) / np.sqrt(N_DIMENSIONS)
    vectors += rng.normal(size=(N_CLASSES, N_DIMENSIONS))[classes] / np.sqrt(N_DIMENSIONS)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pool, ids = vectors.astype(np.float16), np.arange(N_ROWS)
    X, y = vectors[:N_LABELS].copy(), classes[:N_LABELS]
    label_sets = (rng.random((N_LABELS, N_CLASSES)) < 0.1) | (y[:, None] == np.arange(N_CLASSES))
    open_rows = vectors[N_LABELS : N_LABELS + POOL_SAMPLE].copy()
    head = make_estimator(DEFAULT.head, rng, pool=open_rows)
    starts = range(0, N_ROWS, BLOCK_ROWS)
    machines = OneVsRestClassifier(LogisticRegression(C=10))
    return Bench(
        pool,
        [(ids[at : at + BLOCK_ROWS], pool[at : at + BLOCK_ROWS]) for at in starts],
        ActiveLearner(head, X_training=X, y_training=y),
        ActiveLearner(machines, X_training=X, y_training=label_sets.astype(int)),
    )


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main(names: Sequence[str]) -> None:
    set_threads(1)
    bench = make_bench()
    bench.modals()  # one to warm up
    print(
        f"{N_ROWS:,} x {N_DIMENSIONS} float16, {N_CLASSES} classes, {N_LABELS} labels, {DEFAULT.head}, "
        f"the first {N_QUEUE}; {platform.machine()}, 1 thread, median of {N_ROUNDS}"
    )
    print(f"{'strategy':28} {'seconds':>8} {'ratio to modAL margin':>22}  pools")
    offered: dict[str, float] = {}
    for strategy in [get_strategy(name) for name in names] or STRATEGIES:
        rounds = [
            (seconds(lambda: bench.ours(strategy)), seconds(bench.modals))  # noqa: B023  run now
            for _ in range(N_ROUNDS)
        ]
        own = statistics.median(pair[0] for pair in rounds)
        ratio = statistics.median(pair[0] / pair[1] for pair in rounds)
        pools = "small" if strategy.small_pools_only else "all"
        if not strategy.small_pools_only:
            offered[strategy.name] = own
        print(f"{strategy.name:28} {own:8.2f} {ratio:22.2f}  {pools}", flush=True)
    if offered:
        slowest = max(offered, key=lambda name: offered[name])
        print(f"slowest of those for pools of any size: {slowest}, {offered[slowest]:.2f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
