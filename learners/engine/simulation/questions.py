"""Who is asked next, as `learners.services.claiming` decides it: reserve, queue, or a random text."""

from collections.abc import Iterable

import numpy as np

from learners.engine.arrays import Ints
from learners.engine.drawing import asks_to_measure, n_reserved

RESERVE, QUESTIONS = 0, 1  # purposes of a seed's generators; recipes of one seed share both draws


class Questions:
    """The texts of one pool that have no answer yet, in the order in which they would be asked.

    Args:
        pool: (n_pool,) row numbers.
        audit_share: probability of a reserved text at each question.
        seed: decides reserve, random order and draws, whatever the recipe: recipes can be
            compared seed by seed.
    """

    def __init__(self, *, pool: Ints, audit_share: float, seed: int) -> None:
        shuffled = np.random.default_rng([seed, RESERVE]).permutation(pool)
        n_kept = n_reserved(len(pool))
        self.reserve: Ints = shuffled[:n_kept]
        self.rest: Ints = shuffled[n_kept:]
        self._to_measure: list[int] = self.reserve[::-1].tolist()
        self._at_random: list[int] = self.rest[::-1].tolist()
        self._audit_share = audit_share
        self._rng = np.random.default_rng([seed, QUESTIONS])
        self._asked: set[int] = set()

    def open_rest(self) -> Ints:
        """Rows that may be ranked: not reserved, not asked, (n_open,), ascending."""
        asked = np.fromiter(self._asked, np.int64, len(self._asked))
        return np.setdiff1d(self.rest, asked)

    def open_in_random_order(self) -> Ints:
        """The same rows in the random order of the run, (n_open,)."""
        return self.rest[~np.isin(self.rest, list(self._asked))]

    def ask(self, n_questions: int, queue: Iterable[int]) -> list[int]:
        """The next `n_questions` rows; fewer only when no text is left.

        Args:
            queue: rows as they were ranked last; empty while nothing ranks them.
        """
        ranked = iter(queue)
        asked = []
        for _ in range(n_questions):
            measures = asks_to_measure(self._rng.random(), self._audit_share)
            row = self._next(measures, ranked)
            if row is None:
                break
            self._asked.add(row)
            asked.append(row)
        return asked

    def _next(self, measures: bool, ranked: Iterable[int]) -> int | None:
        """A stream that is dry leaves its share to the other."""
        if measures:
            found = self._pop(self._to_measure)
            return self._from_rest(ranked) if found is None else found
        found = self._from_rest(ranked)
        return self._pop(self._to_measure) if found is None else found

    def _from_rest(self, ranked: Iterable[int]) -> int | None:
        for row in ranked:
            if row not in self._asked:
                return row
        return self._pop(self._at_random)

    def _pop(self, waiting: list[int]) -> int | None:
        while waiting:
            row = waiting.pop()
            if row not in self._asked:
                return row
        return None
