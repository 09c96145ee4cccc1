"""modAL's `ActiveLearner`, repaired: the one place that knows what is broken in modAL 0.4.2.1.

Repaired here:
- `fit` and `teach` raise TypeError on scikit-learn >= 1.8 (`check_X_y(force_all_finite=...)` is gone);
- `repr`, `get_params` and `clone` raise AttributeError (`bootstrap_init` is never stored);
- `query` swallows any exception of the strategy and runs it again, and unpacks a bare array of two
  as (indices, scores), losing one index;
- an untrained model gets constant scores instead of an error;
- bootstrapping draws from numpy's global generator, so it is not offered.

Written anew in `learners.engine.strategies`, because modAL's own cannot be imported or trusted:
- `modAL.expected_error` names `np.float`, which numpy 1.24 took away; it also trains a model for
  every row and class of the pool, and thins the pool with numpy's global generator;
- `modAL.density.information_density` compares every pair of rows;
- `modAL.multilabel` (all of this was run):
  - `min_confidence` takes the lowest probability for the least confidence, and so asks for the rows
    from which a class is most surely absent; `avg_confidence` asks for the highest mean
    probability, as `avg_score` does;
  - `max_score` multiplies the probability by ±1/2, so that among absent classes the surest absence
    scores best; with its default `random_tie_break=1` the batch comes worst first;
  - `max_loss` and `mean_max_loss` need `classes_`, which an `ActiveLearner` has not
    (AttributeError); on a bare classifier they take the predicted yes or no for the decision value
    (three distinct losses over 300 rows), and the second adds classes up before the hinge;
  - `SVM_binary_minimum` returns a bare index, takes no `n_instances`, and with
    `random_tie_break=True` asks for the row farthest from every border;
  - a pool smaller than the batch is an AssertionError in each.
Its disagreement measures are right and are used (`learners.engine.committees`).
"""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from modAL.models import ActiveLearner as BrokenActiveLearner
from modAL.models.base import BaseLearner
from modAL.utils.data import data_vstack, retrieve_rows
from sklearn.utils import check_X_y

from learners.engine.asking import ask
from learners.engine.strategies.least_confidence import STRATEGY as LEAST_CONFIDENCE


class ActiveLearner(BrokenActiveLearner):  # type: ignore[misc]
    """A classifier, the rows it was trained on, and the strategy that picks the next ones.

    Args:
        estimator: any scikit-learn classifier; its `fit` is called, it is not copied.
        query_strategy: a modAL query strategy, `(learner, X_pool, n_instances, **kwargs) ->
            (indices, scores)`, or a `Strategy`.
        X_training, y_training: first training rows (n_rows, d) and labels (n_rows,); with them the
            constructor fits, as modAL's does.
        on_transformed: strategies see rows as the estimator's pipeline transforms them.
    """

    def __init__(
        self,
        estimator: Any,
        query_strategy: Callable[..., Any] = LEAST_CONFIDENCE,
        X_training: Any = None,
        y_training: Any = None,
        on_transformed: bool = False,
    ) -> None:
        # Not modAL's own constructor: it would fit before anything was checked.
        BaseLearner.__init__(self, estimator, query_strategy, on_transformed)
        self.X_training = X_training
        self.y_training = y_training
        if X_training is not None:
            _checked(X_training, y_training)
            self.estimator.fit(X_training, y_training)

    def fit(self, X: Any, y: Any, **fit_kwargs: Any) -> Self:
        """Forget all training rows, train on these. Unchanged when training raises.

        Raises:
            ValueError: shapes that do not agree, NaN or infinite values, or what `estimator` refuses.
        """
        X, y = _checked(X, y)
        self.estimator.fit(X, y, **fit_kwargs)
        self.X_training, self.y_training = X, y
        return self

    def teach(self, X: Any, y: Any, only_new: bool = False, **fit_kwargs: Any) -> None:
        """Add rows to the training set and train on all of it (`only_new`: on these rows alone).

        The training set is unchanged when training raises.

        Raises:
            ValueError: as `fit`, or rows that do not stack on the known ones.
        """
        X, y = _checked(X, y)
        if self.X_training is None or only_new:
            all_X, all_y = X, y
        else:
            all_X, all_y = data_vstack((self.X_training, X)), data_vstack((self.y_training, y))
        self.estimator.fit(all_X, all_y, **fit_kwargs)
        if not only_new or self.X_training is None:
            self.X_training, self.y_training = all_X, all_y

    def query(
        self, X_pool: Any, *query_args: Any, return_metrics: bool = False, **query_kwargs: Any
    ) -> tuple[Any, ...]:
        """The rows to ask next. The strategy runs exactly once; its errors are passed on.

        Returns:
            indices (n,) and the rows; with `return_metrics` also the scores (n,).

        Raises:
            NotFitted, OneClassOnly: the strategy needs a trained model and this is none.
            BadAnswer: the strategy returned something else than (indices, scores).
        """
        indices, scores = ask(self.query_strategy, self, X_pool, *query_args, **query_kwargs)
        rows = retrieve_rows(X_pool, indices)
        return (indices, rows, scores) if return_metrics else (indices, rows)

    def _add_training_data(self, X: Any, y: Any) -> None:
        # modAL's Committee calls this; its own version fails like `teach`.
        X, y = _checked(X, y)
        known = self.X_training is not None
        self.X_training = data_vstack((self.X_training, X)) if known else X
        self.y_training = data_vstack((self.y_training, y)) if known else y


def _checked(X: Any, y: Any) -> tuple[Any, Any]:
    checked: tuple[Any, Any] = check_X_y(
        X, y, accept_sparse=True, ensure_2d=False, allow_nd=True, multi_output=True, dtype=None
    )
    return checked[0], np.asarray(checked[1])
