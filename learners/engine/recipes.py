"""What one project learns with: features, head, strategy and the knowledge it starts from.

`simulate` and the product read the same recipes, so that a measured curve is that of the product.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a learning curve, besides data and seed.

    Attributes:
        name: what tables and files call it.
        strategy: a name of `STRATEGIES`, or a dotted path.
        head: a name of `HEADS`.
        features: a name of `FEATURES`.
        label_names: whether the classes' names and descriptions are training examples.
        audit_share: share of the questions drawn at random, to measure, in [0, 1].
    """

    name: str
    strategy: str
    head: str
    features: str
    label_names: bool
    audit_share: float = 0.2


DEFAULT = Recipe(
    name="default",
    strategy="coverage_to_margin",
    head="self_trained",
    features="minilm+lsi",
    label_names=True,
)
"""What a new project gets."""

REFERENCE = Recipe(
    name="reference",
    strategy="random",
    head="logistic",
    features="minilm",
    label_names=False,
)
"""Random choice with a good plain head: what has to be beaten."""

MARGIN = replace(DEFAULT, name="margin", strategy="margin")
"""The default with the strategy that most tools ship."""

POOL_SAMPLE = 4_000
"""Open texts of the pool, drawn at random, that a head which learns from the pool too is given."""

TABLE_DEFAULT = Recipe(
    name="default",
    strategy="coverage_to_margin",
    head="logistic",
    features="table",
    label_names=False,
)
"""What a new project of table rows gets; names of classes are no rows."""

TABLE_REFERENCE = replace(REFERENCE, features="table")
TABLE_MARGIN = replace(TABLE_DEFAULT, name="margin", strategy="margin")

MULTILABEL_DEFAULT = replace(DEFAULT, head="one_vs_rest")
"""What a new project gets in which a text has any number of classes."""

MULTILABEL_REFERENCE = replace(REFERENCE, head="one_vs_rest")
MULTILABEL_MARGIN = replace(MULTILABEL_DEFAULT, name="margin", strategy="multilabel_binary_minimum")
"""Of a yes or no, the one nearest to the border has the smallest margin."""

PRESETS: dict[str, Recipe] = {recipe.name: recipe for recipe in (DEFAULT, REFERENCE, MARGIN)}

TABLE_PRESETS: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (TABLE_DEFAULT, TABLE_REFERENCE, TABLE_MARGIN)
}
"""The same for rows of a table."""

MULTILABEL_PRESETS: dict[str, Recipe] = {
    recipe.name: recipe for recipe in (MULTILABEL_DEFAULT, MULTILABEL_REFERENCE, MULTILABEL_MARGIN)
}
"""The same for texts with any number of classes."""
