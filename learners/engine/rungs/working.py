"""The project's own recipe as a model of its own: the features, head and class names of its fits."""

from collections.abc import Mapping
from typing import Any

from learners.engine.errors import BadTrainingData
from learners.engine.rungs.base import (
    TABLE,
    TEXT,
    Files,
    OwnRecipe,
    RungKind,
    Surroundings,
    TrainingData,
)


def train(data: TrainingData, surroundings: Surroundings) -> Files:
    """Make the vectors of the project's features and fit its head.

    Raises:
        OneClassOnly, BadTrainingData, UnknownFeatures, UnknownHead, PoolTooSmall, EmbedderUnavailable,
        CannotExport, TrainingCancelled.
    """
    from learners.engine.rungs.on_recipe import train_on_recipe  # noqa: PLC0415

    return train_on_recipe(
        rung=KIND.name, recipe=recipe_of(data), data=data, surroundings=surroundings
    )


def train_table(data: TrainingData, surroundings: Surroundings) -> Files:
    """Fit the project's head on the columns of its table.

    Raises:
        OneClassOnly, BadTrainingData, UnknownHead, BadTable, TrainingCancelled.
    """
    from learners.engine.recipes import POOL_SAMPLE  # noqa: PLC0415
    from learners.engine.rungs.on_table import train_on_table  # noqa: PLC0415

    return train_on_table(
        rung=TABLE_KIND.name,
        heads=(recipe_of(data).head,),
        data=data,
        surroundings=surroundings,
        n_pool=POOL_SAMPLE,
    )


def recipe_of(data: TrainingData) -> OwnRecipe:
    """Raises `BadTrainingData` where nobody said what the project learns with."""
    if data.recipe is None:
        raise BadTrainingData("the project's own recipe was not told: its features and its head")
    return data.recipe


def came_out_as(meta: Mapping[str, Any]) -> OwnRecipe:
    """The features and head that a trained model has, from its `model.json`."""
    return OwnRecipe(str(meta.get("features", "")), str(meta.get("head_kind", "")))


LABEL = "The project’s own recipe"
PAPER = "Settles 2009, Active learning literature survey"

KIND = RungKind(
    name="working",
    label=LABEL,
    description="The model that the project works with: the features, the classifier and the class "
    "names of its settings. Trained without the answers that measure.",
    paper=PAPER,
    input_kind=TEXT,
    linear=False,
    trains_trunk=False,
    train=train,
)
TABLE_KIND = RungKind(
    name="working_table",
    label=LABEL,
    description="The model that the project works with: the classifier of its settings, over the "
    "columns. Trained without the answers that measure.",
    paper=PAPER,
    input_kind=TABLE,
    linear=False,
    trains_trunk=False,
    train=train_table,
)
KINDS = (KIND.name, TABLE_KIND.name)
