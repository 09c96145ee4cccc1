"""From names on a command line or a form to the recipes that are compared."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from learners.engine.errors import CannotSimulate
from learners.engine.features import get_features
from learners.engine.heads import get_head
from learners.engine.recipes import DEFAULT, PRESETS, REFERENCE, Recipe
from learners.engine.strategies import get_strategy


def chosen_recipes(
    *,
    strategies: Sequence[str] = (),
    heads: Sequence[str] = (),
    features: Sequence[str] = (),
) -> list[Recipe]:
    """The recipes of every combination, the reference always among them, each once.

    Nothing named: the presets. A preset's name stands for the whole preset; "margin", which is
    also a strategy, does so unless heads or features are named too. What is not named is the
    default's, label names included.

    Raises:
        UnknownStrategy, UnknownHead, UnknownFeatures: says what there is.
        CannotSimulate: a head that cannot learn from vectors of texts, or a strategy for
            projects of several classes a text.
    """
    if not (strategies or heads or features):
        return list(PRESETS.values())
    crossed = bool(heads or features)
    presets = [name for name in strategies if _is_preset(name, crossed)]
    named = [name for name in strategies if name not in presets]
    if not strategies:
        named = [DEFAULT.strategy]
    grid = product(named, heads or [DEFAULT.head], features or [DEFAULT.features])
    recipes = [PRESETS[name] for name in presets] + [_combined(*names) for names in grid]
    distinct = {recipe.name: recipe for recipe in [*recipes, REFERENCE]}
    for recipe in distinct.values():
        _check(recipe)
    return list(distinct.values())


def _is_preset(name: str, crossed: bool) -> bool:
    return name in PRESETS and not (crossed and name == PRESETS[name].strategy)


def _combined(strategy: str, head: str, features: str) -> Recipe:
    name = f"{strategy}/{head}/{features}"
    return replace(DEFAULT, name=name, strategy=strategy, head=head, features=features)


def _check(recipe: Recipe) -> None:
    if get_strategy(recipe.strategy).for_ == "multilabel":
        raise CannotSimulate(
            f"the strategy {recipe.strategy!r} is for projects of several classes a text; "
            "needed: one for a single class"
        )
    if get_head(recipe.head).kind != "vectors":
        raise CannotSimulate(f"the head {recipe.head!r} is for tables; needed: one for texts")
    get_features(recipe.features)
