"""One run of the loop: draw a reserve, ask, train, measure, rank, ask again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Ints
from learners.engine.drawing import MOST_FITTED_TEXTS, QUEUE_LENGTH
from learners.engine.first_questions import rank_first_questions
from learners.engine.heads import Head
from learners.engine.heads.keeping import FittedHead, head_from
from learners.engine.multilabel.thresholds import fitted_thresholds
from learners.engine.multilabel.training import tells_apart, train_multilabel, with_names
from learners.engine.ranking import Ranking, rank_pool
from learners.engine.recipes import POOL_SAMPLE, Recipe
from learners.engine.simulation.data import LabelledData, check_plan
from learners.engine.simulation.metrics import accuracy, exact_match, macro_f1, set_f1
from learners.engine.simulation.parts import Parts, PartVectors
from learners.engine.simulation.questions import Questions
from learners.engine.strategies import get_strategy
from learners.engine.training import Names, train_learner

TRAINING, RANKING, THRESHOLDS = (
    2,
    3,
    4,
)  # purposes of a seed's generators, beside those of `questions`


@dataclass(frozen=True)
class Measured:
    """What a model gets right on the test rows: all in [0, 1]. Where a text has any number of classes,
    `accuracy` is the share whose whole set is right; only then there is a `micro_f1`.
    """

    accuracy: float
    macro_f1: float
    micro_f1: float | None = None


@dataclass(frozen=True)
class Run:
    """One recipe, one seed.

    Attributes:
        name, strategy, head, features, seed: what ran.
        labels: (n_points,), labels at each measurement: batch, 2·batch, ..., budget.
        accuracy, macro_f1: (n_points,), of the model trained on so many labels, in [0, 1]; where a
            text has any number of classes, `accuracy` is the share whose whole set is right.
        at_zero: of the model before the first label; None where there is no such model.
        micro_f1: (n_points,), where a text has any number of classes.
    """

    name: str
    strategy: str
    head: str
    features: str
    seed: int
    labels: tuple[int, ...]
    accuracy: tuple[float, ...]
    macro_f1: tuple[float, ...]
    at_zero: Measured | None
    micro_f1: tuple[float, ...] | None = None


def simulate(
    *,
    data: LabelledData,
    parts: Parts,
    recipe: Recipe,
    budget: int,
    batch: int,
    seed: int,
    pulse: Callable[[int], object] = lambda n_labels: None,
) -> Run:
    """The learning curve of `recipe` on the test rows, with the same functions as the product.

    As there: a reserve is drawn from the pool; each question is a reserved text with the recipe's
    chance, else the top of the newest queue, else a random text; after each batch a model is
    trained on all labels and ranks what is neither asked nor reserved. While labels and names know
    fewer than two classes there is no model, and `rank_first_questions` ranks without one.
    Unlike there, training takes no time: each queue serves exactly one batch.

    Args:
        pulse: called after each batch with the labels so far; raises to end the run.

    Raises:
        CannotSimulate: budget or batch do not fit the pool.
        EngineError: strategy, head or vectors cannot do it. What a strategy of somebody's own
            raises comes through as it is.
    """
    check_plan(data, budget=budget, batch=batch)
    loop = _SetLoop if data.multilabel else _Loop
    return loop(data, parts, recipe, seed).run(budget, batch, pulse)


class _Loop:
    def __init__(self, data: LabelledData, parts: Parts, recipe: Recipe, seed: int) -> None:
        self.data, self.recipe, self.seed = data, recipe, seed
        self.strategy = get_strategy(recipe.strategy)
        self.questions = Questions(pool=data.pool_rows, audit_share=recipe.audit_share, seed=seed)
        fitted_on = np.sort(self.questions.rest[:MOST_FITTED_TEXTS])
        vectors = parts.vectors(recipe.features, data=data, fitted_on=fitted_on, seed=seed)
        self.rows = vectors.rows
        self.names = _names(data, vectors) if recipe.label_names else None
        self.test = self.rows[data.test_rows]
        self.truth = data.y[data.test_rows]
        self.asked: list[int] = []

    def run(self, budget: int, batch: int, pulse: Callable[[int], object]) -> Run:
        learner = self._learner()
        at_zero = None if learner is None else self._measured(learner)
        points = []
        for n_labels in range(batch, budget + 1, batch):
            self.asked += self.questions.ask(batch, self._queue(learner))
            learner = self._learner()
            points.append(self._measured(learner))
            pulse(n_labels)
        return Run(
            name=self.recipe.name,
            strategy=self.recipe.strategy,
            head=self.recipe.head,
            features=self.recipe.features,
            seed=self.seed,
            labels=tuple(range(batch, budget + 1, batch)),
            accuracy=tuple(point.accuracy for point in points),
            macro_f1=tuple(point.macro_f1 for point in points),
            at_zero=at_zero,
            micro_f1=self._micro_f1(points),
        )

    def _micro_f1(self, points: list[Measured]) -> tuple[float, ...] | None:
        return None

    def _learner(self) -> Any:
        """Trained on names and labels; None as long as they know one class only."""
        y = self.data.y[self.asked]
        known = set(y.tolist())
        if self.names is not None:
            known |= set(self.names.class_ids.tolist())
        if len(known) < 2:
            return None
        return train_learner(
            head=self.recipe.head,
            X=self.rows[self.asked],
            y=y,
            names=self.names,
            query_strategy=self.strategy,
            pool=self._pool_sample(),
            rng=self._generator(TRAINING),
        )

    def _pool_sample(self) -> NDArray[np.float32]:
        """Open rows as the product gives them to heads that learn from the pool too: the first in
        the random order that has not changed since the start."""
        open_rows = self.questions.open_in_random_order()[:POOL_SAMPLE]
        return self.rows[open_rows]

    def _queue(self, learner: Any) -> list[int]:
        """As long as the product's: some strategies choose otherwise for a shorter one."""
        rows = self.questions.open_rest()
        pool: dict[str, Any] = {
            "blocks": [(rows, self.rows[rows])],
            "n_queue": QUEUE_LENGTH,
            "rng": self._generator(RANKING),
        }
        ranking = (
            self._first_ranking(pool)
            if learner is None
            else rank_pool(learner=learner, strategy=self.strategy, **pool)
        )
        return [] if ranking is None else [int(row) for row in ranking.ids]

    def _first_ranking(self, pool: dict[str, Any]) -> Ranking | None:
        """None where the strategy is random choice."""
        return rank_first_questions(
            strategy=self.recipe.strategy,
            X=self.rows[self.asked],
            y=self.data.y[self.asked],
            **pool,
        )

    def _measured(self, learner: Any) -> Measured:
        if learner is None:  # one class is known: nothing else could be said
            predicted = np.full(len(self.truth), self.data.y[self.asked[0]])
        else:
            predicted = _predicted(head_from(learner.estimator), self.test)
        return Measured(
            accuracy(self.truth, predicted),
            macro_f1(self.truth, predicted, len(self.data.class_names)),
        )

    def _generator(self, purpose: int) -> np.random.Generator:
        """Of this moment of this run: no draw shifts another."""
        return np.random.default_rng([self.seed, purpose, len(self.asked)])


class _SetLoop(_Loop):
    """The same where a text has any number of classes: trained and measured as
    `learners.services.label_sets` does.
    """

    def _micro_f1(self, points: list[Measured]) -> tuple[float, ...] | None:
        return tuple(point.micro_f1 for point in points if point.micro_f1 is not None)

    def _learner(self) -> Any:
        """Trained on names and labels; None as long as no class is there in some and not in others."""
        class_ids = range(len(self.data.class_names))
        _, sets, _ = with_names(self.rows[self.asked], self._answers(), class_ids, self.names)
        if not tells_apart(sets):
            return None
        return train_multilabel(
            X=self.rows[self.asked],
            Y=self._answers(),
            class_ids=class_ids,
            names=self.names,
            query_strategy=self.strategy,
        )

    def _answers(self) -> NDArray[np.int8]:
        answers: NDArray[np.int8] = self.data.y[self.asked].astype(np.int8)
        return answers

    def _measured(self, learner: Any) -> Measured:
        truth = self.truth == 1
        said = self._set_of_all() if learner is None else self._said(learner)
        micro, macro = set_f1(truth, said)
        return Measured(exact_match(truth, said), macro, micro)

    def _said(self, learner: Any) -> NDArray[np.bool_]:
        thresholds = fitted_thresholds(
            learner.estimator,
            learner.X_training,
            learner.y_training,
            n_prior=learner.n_prior,
            rng=self._generator(THRESHOLDS),
        )
        said: NDArray[np.bool_] = learner.estimator.predict_proba(self.test) >= thresholds
        return said

    def _set_of_all(self) -> NDArray[np.bool_]:
        """All labels so far are the same set: nothing else could be said."""
        said: NDArray[np.bool_] = np.tile(self._answers()[0] == 1, (len(self.truth), 1))
        return said


def _names(data: LabelledData, vectors: PartVectors) -> Names | None:
    pairs = data.name_pairs()
    if not pairs:
        return None
    return Names(vectors.names, np.array([place for _, place in pairs], dtype=np.int64))


def _predicted(head: FittedHead, rows: NDArray[np.float32]) -> Ints:
    """The likeliest class of each row. In float32, so that the test part is not copied for it."""
    if not isinstance(head, Head):
        return head.predict(rows)
    scores = rows @ head.coef.T.astype(np.float32) + head.intercept.astype(np.float32)
    classes: Ints = np.array(head.class_ids, dtype=np.int64)[scores.argmax(axis=1)]
    return classes
