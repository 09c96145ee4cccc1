"""Which recipes a list of names stands for."""

from typing import Any

import pytest

from learners.engine.errors import CannotSimulate, UnknownFeatures, UnknownHead, UnknownStrategy
from learners.engine.recipes import DEFAULT, MARGIN, REFERENCE
from learners.engine.simulation.choices import chosen_recipes


def names(**chosen: Any) -> list[str]:
    return [recipe.name for recipe in chosen_recipes(**chosen)]


def test_nothing_named_compares_the_presets() -> None:
    assert chosen_recipes() == [DEFAULT, REFERENCE, MARGIN]


def test_every_combination_is_run_and_the_reference_with_them() -> None:
    found = names(strategies=["margin", "random"], heads=["logistic"], features=["minilm", "lsi"])
    assert found == [
        "margin/logistic/minilm",
        "margin/logistic/lsi",
        "random/logistic/minilm",
        "random/logistic/lsi",
        "reference",
    ]


def test_a_preset_may_be_named_among_strategies() -> None:
    assert names(strategies=["default", "entropy"]) == [
        "default",
        f"entropy/{DEFAULT.head}/{DEFAULT.features}",
        "reference",
    ]


def test_heads_are_crossed_with_the_strategy_of_a_preset_too() -> None:
    # Neither the head nor the preset that was asked for may be dropped in silence.
    assert names(strategies=["default", "margin"], heads=["lda"]) == [
        "default",
        f"{DEFAULT.strategy}/lda/{DEFAULT.features}",
        f"margin/lda/{DEFAULT.features}",
        "reference",
    ]
    assert f"{DEFAULT.strategy}/lda/{DEFAULT.features}" in names(
        strategies=["reference"], heads=["lda"]
    )


def test_what_is_not_named_is_the_defaults() -> None:
    assert names(heads=["logistic"])[0] == f"{DEFAULT.strategy}/logistic/{DEFAULT.features}"


@pytest.mark.parametrize(
    ("chosen", "error", "words"),
    [
        ({"strategies": ["magic"]}, UnknownStrategy, "there are coverage_to_margin"),
        ({"heads": ["magic"]}, UnknownHead, "there are logistic"),
        ({"features": ["magic"]}, UnknownFeatures, "there are minilm"),
        ({"heads": ["tree"]}, CannotSimulate, "is for tables"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    chosen: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        chosen_recipes(**chosen)
