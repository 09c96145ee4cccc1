"""Unlabelled texts for heads that learn from the pool too: which ones, so that a rebuild finds them.

They are the open pool texts of lowest random rank whose vectors are stored: as texts are read in
that order, a beginning of it. How far it went is kept with the fit, as two numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.engine.heads import get_head
from learners.engine.recipes import POOL_SAMPLE
from learners.models import Fit
from learners.selectors.training import TrainingSet
from learners.services.shards import Ids
from projects.models import Example

IsStored = Callable[[Ids], NDArray[np.bool_]]


@dataclass(frozen=True)
class PoolSample:
    """`ids`: (n,), lowest random rank first, none above `upto`."""

    ids: Ids
    upto: int


def pool_sample(*, fit: Fit, training: TrainingSet, is_stored: IsStored) -> PoolSample | None:
    """The sample of a fit, the same again where it was drawn before; None for other heads.

    Raises:
        UnknownHead: the fit's head is none.
    """
    if not get_head(fit.head).learns_from_pool:
        return None
    if fit.pool_upto is not None:
        n = fit.n_pool_sample or 0
        return PoolSample(_first_open(fit, training, fit.pool_upto, n), fit.pool_upto)
    drawn = [_stored_part(fit, training, upto, is_stored) for upto in _bounds(fit.project_id)]
    return max(drawn, key=lambda sample: len(sample.ids))


def _bounds(project_id: int) -> Iterator[int]:
    """All texts; and those before the newest import, while hardly any of that has been read."""
    newest = Example.objects.filter(project_id=project_id).order_by("-id").first()
    yield newest.pk if newest else 0
    if newest is not None:
        of_import = Example.objects.filter(data_import_id=newest.data_import_id).order_by("id")
        yield of_import.values_list("pk", flat=True)[0] - 1


def _stored_part(fit: Fit, training: TrainingSet, upto: int, is_stored: IsStored) -> PoolSample:
    ids = _first_open(fit, training, upto, POOL_SAMPLE)
    missing = np.flatnonzero(~is_stored(ids))
    return PoolSample(ids[: missing[0]] if len(missing) else ids, upto)


def _first_open(fit: Fit, training: TrainingSet, upto: int, n: int) -> Ids:
    rows = Example.objects.filter(
        project_id=fit.project_id, role=Example.Role.POOL, pk__lte=upto
    ).order_by("random_rank", "id")
    ranked = np.array(list(rows.values_list("pk", flat=True)[: n + len(training)]), np.int64)
    return ranked[~np.isin(ranked, training.example_ids)][:n]
