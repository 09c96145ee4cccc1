"""Streaming margin ranking of 100,000 x 384 half-precision rows, against modAL on the same array.

    python -m benchmarks.ranking

Both in this process, in turns, one thread. modAL needs the whole pool as one array and returns the
first 300 in no promised order; ours reads blocks, sorts them, and gives a reason for each.
"""

import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
from modAL.uncertainty import margin_sampling

from learners.engine.heads import make_head
from learners.engine.learner import ActiveLearner
from learners.engine.ranking import rank_pool
from learners.engine.strategies import get_strategy
from learners.engine.threads import set_threads

N_ROWS, N_DIMENSIONS, N_CLASSES = 100_000, 384, 10
N_LABELS, N_QUEUE, BLOCK_ROWS, N_ROUNDS = 256, 300, 65_536, 9


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    set_threads(1)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(N_ROWS, N_DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pool, ids = vectors.astype(np.float16), np.arange(N_ROWS)
    strategy = get_strategy("margin")
    learner = ActiveLearner(
        make_head(), strategy, vectors[:N_LABELS], rng.integers(0, N_CLASSES, N_LABELS)
    )
    starts = range(0, N_ROWS, BLOCK_ROWS)
    blocks = [(ids[at : at + BLOCK_ROWS], pool[at : at + BLOCK_ROWS]) for at in starts]

    def ours() -> object:
        return rank_pool(
            learner=learner,
            strategy=strategy,
            blocks=blocks,
            n_queue=N_QUEUE,
            rng=np.random.default_rng(1),
        )

    def modals() -> object:
        return margin_sampling(learner, pool, n_instances=N_QUEUE)

    rounds = [(seconds(ours), seconds(modals)) for _ in range(N_ROUNDS + 1)][1:]  # one to warm up
    our_median = statistics.median(pair[0] for pair in rounds)
    modal_median = statistics.median(pair[1] for pair in rounds)
    ratio = statistics.median(pair[0] / pair[1] for pair in rounds)
    print(
        f"{N_ROWS:,} x {N_DIMENSIONS} float16, {N_CLASSES} classes, {platform.machine()}, 1 thread"
    )
    print(f"ours:  median {our_median:.3f} s of {N_ROUNDS}")
    print(f"modAL: median {modal_median:.3f} s of {N_ROUNDS}")
    print(f"ratio of each round, ours / modAL: median {ratio:.2f}")


if __name__ == "__main__":
    main()
