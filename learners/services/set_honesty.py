"""What `honesty` finds out, where a text has any number of classes: right is a text whose every class is
right, and each class of each text is a yes or no of its own.
"""

import numpy as np
from numpy.typing import NDArray

from learners.engine.arrays import Floats
from learners.engine.helping import Said
from learners.engine.multilabel import (
    CrossFittedSets,
    MultiLabelHead,
    pooled_calibration,
    sets_said,
)
from learners.models import AuditSets, Fit, PoolSets
from learners.selectors.label_sets import LabelSets
from learners.services.honesty import (
    BINS,
    HEADS,
    HonestNumbers,
    Loop,
    beside_chance,
    error_scores,
    pool_said,
)
from learners.services.material import Material


def set_numbers(
    *,
    fit: Fit,
    material: Material,
    sets: LabelSets,
    head: MultiLabelHead,
    measured: NDArray[np.int64],
    crossed: CrossFittedSets,
) -> HonestNumbers:
    """Everything of one fit; nothing is written.

    Args:
        measured: rows of `material` that were measured, in the order of `crossed.has`.
    """
    numbers = HonestNumbers([_pool_sets(material, head)])
    if not len(measured):
        return numbers
    truth = sets.has[measured]
    numbers.rows.append(_audit_sets(material, sets, measured, crossed))
    pooled = pooled_calibration(
        crossed.probabilities, truth, rng=np.random.default_rng([fit.seed, BINS])
    )
    numbers.scores.update(error_scores(pooled.error) if pooled else {})
    right = (crossed.has == truth).all(axis=1)
    loop = Loop.of(fit, material, sets.answers, _said(fit, material, sets))
    return beside_chance(fit, loop, numbers, dict(zip(measured.tolist(), right, strict=True)))


def _pool_sets(material: Material, head: MultiLabelHead) -> PoolSets:
    said = pool_said(material, head.predict)
    return PoolSets(
        example_ids=list(said),
        class_ids=list(head.class_ids),
        said=[has for row in said.values() for has in row],
    )


def _audit_sets(
    material: Material, sets: LabelSets, measured: NDArray[np.int64], crossed: CrossFittedSets
) -> AuditSets:
    return AuditSets(
        example_ids=material.training.example_ids[measured].tolist(),
        class_ids=sets.class_ids.tolist(),
        truth=sets.has[measured].ravel().tolist(),
        said=crossed.has.ravel().tolist(),
        probabilities=crossed.probabilities.ravel().tolist(),
    )


def _said(fit: Fit, material: Material, sets: LabelSets) -> Said:
    def said(X: Floats, Y: NDArray[np.int8], X_new: Floats) -> NDArray[np.int8]:
        return sets_said(
            X=X,
            Y=Y,
            class_ids=sets.class_ids.tolist(),
            X_new=X_new,
            names=material.names,
            rng=np.random.default_rng([fit.seed, HEADS]),
        )

    return said
