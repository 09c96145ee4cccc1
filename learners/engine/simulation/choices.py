"""From names on a command line or a form to the recipes that are compared."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from learners.engine.errors import CannotSimulate
from learners.engine.features import get_features
from learners.engine.heads import get_head
from learners.engine.recipes import MULTILABEL_PRESETS, PRESETS, TABLE_PRESETS, Recipe
from learners.engine.strategies import get_strategy


def chosen_recipes(
    *,
    strategies: Sequence[str] = (),
    heads: Sequence[str] = (),
    features: Sequence[str] = (),
    is_table: bool = False,
    multilabel: bool = False,
) -> list[Recipe]:
    """The recipes of every combination, the reference always among them, each once.

    Nothing named: the presets. A preset's name stands for the whole preset; "margin", which is
    also a strategy, does so unless heads or features are named too. Those are crossed with every
    strategy that is named, the default's among them where `default` is. What is not named is the
    default's, label names included.

    Args:
        is_table: the data are rows of a table, which have presets, heads and features of their own.
        multilabel: a text has any number of classes; presets, strategies and heads are for that.

    Raises:
        UnknownStrategy, UnknownHead, UnknownFeatures: says what there is.
        CannotSimulate: a strategy, a head or features for another kind of data.
    """
    if is_table and multilabel:
        raise CannotSimulate("rows of a table have one class each; needed: texts, or one class")
    known = PRESETS
    if is_table or multilabel:
        known = TABLE_PRESETS if is_table else MULTILABEL_PRESETS
    default = known["default"]
    if not (strategies or heads or features):
        return list(known.values())
    crossed = bool(heads or features)
    presets = [name for name in strategies if _is_preset(name, crossed)]
    named = [name for name in strategies if name not in presets]
    if crossed and ("default" in presets or not named):
        named = [default.strategy, *(name for name in named if name != default.strategy)]
    grid = product(named, heads or [default.head], features or [default.features])
    recipes = [known[name] for name in presets]
    recipes += [_combined(default, *names) for names in grid]
    distinct = {recipe.name: recipe for recipe in [*recipes, known["reference"]]}
    for recipe in distinct.values():
        _check(recipe, is_table=is_table, multilabel=multilabel)
    return list(distinct.values())


ASKED = {"single": "a single class", "multilabel": "any number of classes"}


def _such_as(what: str, wanted: str) -> str:
    if wanted == "single":
        return ""
    return f", such as {'multilabel_binary_minimum' if what == 'strategy' else 'one_vs_rest'}"


def _is_preset(name: str, crossed: bool) -> bool:
    return name in PRESETS and not (crossed and name == PRESETS[name].strategy)


def _combined(default: Recipe, strategy: str, head: str, features: str) -> Recipe:
    name = f"{strategy}/{head}/{features}"
    return replace(default, name=name, strategy=strategy, head=head, features=features)


def _check(recipe: Recipe, *, is_table: bool, multilabel: bool) -> None:
    wanted, other = ("multilabel", "single") if multilabel else ("single", "multilabel")
    strategy, head = get_strategy(recipe.strategy), get_head(recipe.head)
    for what, name, is_for in (
        ("strategy", recipe.strategy, strategy.for_),
        ("head", recipe.head, "multilabel" if head.kind == "multilabel" else "single"),
    ):
        if is_for == other:
            raise CannotSimulate(
                f"the {what} {name!r} is for {ASKED[other]} a text; "
                f"needed: one for {ASKED[wanted]}{_such_as(what, wanted)}"
            )
    if head.kind not in {"vectors", "multilabel"} and not is_table:
        raise CannotSimulate(f"the head {recipe.head!r} is for tables; needed: one for texts")
    if (get_features(recipe.features).kind == "table") != is_table:
        needed = "'table'" if is_table else "features of texts"
        raise CannotSimulate(
            f"the features {recipe.features!r} are not for these data; needed: {needed}"
        )
