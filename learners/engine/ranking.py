"""From a pool of any size to the few hundred rows worth asking, best first.

Blocks are read one after another and only the best rows are kept, so memory does not grow with the
pool. The result depends on the rows and the generator alone: not on the blocks' number, bounds or
order.
"""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context

from learners.engine.arrays import Floats, Ints, Keys, as_rows, checked_vectors
from learners.engine.asking import ask, check_best_first, finite_scores, require_model
from learners.engine.errors import BadAnswer, BadVectors
from learners.engine.strategies.base import Strategy, Utility
from learners.engine.ties import id_keys, salt, settled

ROWS_AT_ONCE = 8_192  # 25 MB as float64: what is scored at once stays near the processor


@dataclass(frozen=True)
class Ranking:
    """A queue.

    Attributes:
        ids: (n,), the place in the array is the rank, best first.
        scores: (n,), never rising; the strategy's `score_range` says what they mean.
        reasons: (n,), one sentence fragment per row.
        n_pool: rows the blocks held.
        n_scored: rows that were scored; below `n_pool` when the strategy takes a random subset.
    """

    ids: Ints
    scores: NDArray[np.float64]
    reasons: list[str]
    n_pool: int
    n_scored: int


def rank_pool(
    *,
    learner: Any,
    strategy: Strategy,
    blocks: Iterable[tuple[Ints, Floats]],
    n_queue: int,
    rng: np.random.Generator,
) -> Ranking:
    """The `n_queue` rows that `strategy` would ask first, or fewer when the pool or strategy ends.

    Args:
        learner: a trained `ActiveLearner` (an untrained one for strategies with `needs_model` off).
        blocks: pairs of ids, int (n_rows,), and vectors, float16, float32 or float64 (n_rows, d).
            Every id once.
        n_queue: how many rows to keep; capped at the strategy's `max_queue`.

    Raises:
        NotFitted, OneClassOnly: the strategy needs a trained model of two classes.
        BadVectors: a block whose ids and vectors do not fit together, or that is not finite.
        BadAnswer: the strategy's scores are not finite, or not best first; an id came twice.
    """
    n_best = max(0, min(n_queue, strategy.max_queue or n_queue))
    if strategy.utility is not None:
        kept, n_pool = _streamed(learner, strategy, blocks, n_best, salt(rng))
        n_scored = n_pool
    elif strategy.shortlist is not None:
        kept, n_pool, n_scored = _two_stages(learner, strategy, blocks, n_best, rng)
    else:
        kept, n_pool, n_scored = _together(learner, strategy, blocks, n_best, rng)
    if len(np.unique(kept.ids)) != len(kept.ids):
        raise BadAnswer("an id stands in the pool twice")
    check_best_first(kept.scores)
    reasons = strategy.explain(learner, kept.vectors, kept.scores) if len(kept.ids) else []
    return Ranking(kept.ids, kept.scores, reasons, n_pool=n_pool, n_scored=n_scored)


@dataclass(frozen=True)
class _Kept:
    """Rows that are still in the running, with their vectors as they were stored."""

    ids: Ints
    scores: NDArray[np.float64]
    keys: Keys
    vectors: Any

    def best(self, n_best: int) -> "_Kept":
        """The `n_best` highest scores, best first, ties by key."""
        return self.take(np.lexsort((self.keys, -self.scores))[:n_best])

    def take(self, rows: NDArray[Any]) -> "_Kept":
        return _Kept(self.ids[rows], self.scores[rows], self.keys[rows], self.vectors[rows])

    def joined(self, other: "_Kept") -> "_Kept":
        if not len(self.ids) or not len(other.ids):
            return other if not len(self.ids) else self
        return _Kept(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.keys, other.keys]),
            np.concatenate([self.vectors, other.vectors]),
        )


_NOTHING = _Kept(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint64), np.empty((0, 0)))


@dataclass
class _Best:
    """The rows of highest utility so far, in memory that does not grow with the pool."""

    utility: Utility
    n_best: int
    salt: int
    kept: _Kept = _NOTHING

    def add(self, learner: Any, ids: Ints, vectors: Floats) -> None:
        if self.n_best < 1:
            return
        scores = _scored(self.utility, learner, vectors)
        rows = _promising(scores, self.kept, self.n_best)
        block = _Kept(ids[rows], scores[rows], id_keys(ids[rows], self.salt), vectors[rows])
        self.kept = self.kept.joined(block).best(self.n_best)


@dataclass
class _Drawn:
    """A uniform draw of `n_rows` from the rows so far, by hash of id, in hash order; None: all."""

    n_rows: int | None
    salt: int
    kept: _Kept = _NOTHING

    def add(self, ids: Ints, vectors: Floats) -> None:
        if self.n_rows is not None and self.n_rows < 1:
            return
        keys = id_keys(ids, self.salt)
        is_full = self.n_rows is not None and len(self.kept.ids) >= self.n_rows
        rows = np.flatnonzero(keys <= self.kept.keys[-1]) if is_full else np.arange(len(ids))
        block = _Kept(ids[rows], np.zeros(len(rows)), keys[rows], vectors[rows])
        joined = self.kept.joined(block)
        self.kept = joined.best(self.n_rows or len(joined.ids))


def _streamed(
    learner: Any, strategy: Strategy, blocks: Iterable[Any], n_best: int, salt: int
) -> tuple[_Kept, int]:
    assert strategy.utility is not None
    best, n_pool = _Best(strategy.utility, n_best, salt), 0
    for ids, vectors in _checked(blocks):
        if strategy.needs_model and not n_pool:
            require_model(learner, vectors)
        n_pool += len(ids)
        best.add(learner, ids, vectors)
    return best.kept, n_pool


def _scored(utility: Utility, learner: Any, vectors: Floats) -> NDArray[np.float64]:
    with config_context(assume_finite=True):  # checked when the block was read
        scores = finite_scores(np.asarray(utility(learner, as_rows(vectors))))
    if scores.shape != (len(vectors),):
        raise BadAnswer(
            f"scores have shape {scores.shape}; needed: one for each of {len(vectors)} rows"
        )
    return settled(scores)


def _promising(scores: NDArray[np.float64], kept: _Kept, n_best: int) -> NDArray[np.intp]:
    """Rows that may still come among the best: a cheap cut before anything is sorted."""
    cut = -np.inf if len(kept.ids) < n_best else kept.scores[-1]
    if len(scores) > n_best:
        cut = max(cut, np.partition(scores, len(scores) - n_best)[len(scores) - n_best])
    return np.flatnonzero(scores >= cut)


def _two_stages(
    learner: Any, strategy: Strategy, blocks: Iterable[Any], n_best: int, rng: np.random.Generator
) -> tuple[_Kept, int, int]:
    """A cheap utility streams over the pool; its best rows and some random ones go to the query."""
    assert strategy.shortlist is not None
    wanted = strategy.shortlist(learner, n_best)
    best, drawn = (
        _Best(wanted.utility, wanted.n_best, salt(rng)),
        _Drawn(wanted.n_random, salt(rng)),
    )
    n_pool = 0
    for ids, vectors in _checked(blocks):
        if strategy.needs_model and not n_pool:
            require_model(learner, vectors)
        n_pool += len(ids)
        best.add(learner, ids, vectors)
        drawn.add(ids, vectors)
    besides = drawn.kept.take(~np.isin(drawn.kept.ids, best.kept.ids))
    candidates = best.kept.joined(besides)
    n_scored = n_pool if wanted.n_best else len(candidates.ids)
    return _asked(learner, strategy, candidates, n_best, rng), n_pool, n_scored


def _together(
    learner: Any, strategy: Strategy, blocks: Iterable[Any], n_best: int, rng: np.random.Generator
) -> tuple[_Kept, int, int]:
    """Strategies that weigh rows against each other get them all, up to `max_pool`, in hash order."""
    drawn, n_pool = _Drawn(strategy.max_pool, salt(rng)), 0
    for ids, vectors in _checked(blocks):
        n_pool += len(ids)
        drawn.add(ids, vectors)
    n_scored = len(drawn.kept.ids) if n_best else 0
    return _asked(learner, strategy, drawn.kept, n_best, rng), n_pool, n_scored


def _asked(
    learner: Any, strategy: Strategy, candidates: _Kept, n_best: int, rng: np.random.Generator
) -> _Kept:
    if not len(candidates.ids) or n_best < 1:
        return _NOTHING
    n_instances = min(n_best, len(candidates.ids))
    picks, scores = ask(
        strategy, learner, as_rows(candidates.vectors), n_instances, **_accepted(strategy, rng)
    )
    picked = candidates.take(picks[:n_best])
    return _Kept(picked.ids, scores[:n_best], picked.keys, picked.vectors)


def _accepted(strategy: Strategy, rng: np.random.Generator) -> dict[str, Any]:
    # modAL's own strategies hand unknown keywords on to predict_proba, which refuses them.
    return {"rng": rng} if "rng" in inspect.signature(strategy.query).parameters else {}


def _checked(blocks: Iterable[Any]) -> Iterable[tuple[Ints, Floats]]:
    n_dimensions: int | None = None
    for ids, vectors in blocks:
        if not len(ids) and not len(vectors):
            continue
        rows = checked_vectors(vectors, n_dimensions=n_dimensions)
        n_dimensions = rows.shape[1]
        if np.shape(ids) != (len(rows),):
            raise BadVectors(f"a block has ids {np.shape(ids)} for {len(rows)} vectors")
        whole = np.asarray(ids, dtype=np.int64)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            yield whole[part], rows[part]
