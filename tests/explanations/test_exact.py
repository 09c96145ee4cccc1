"""What a fit saw in a text of the pool, exact where it is a sum over words."""

from typing import Any

import numpy as np
import pytest

from learners.engine.features.bag import BagModel
from learners.engine.heads import Head
from learners.models import Fit
from learners.services import exact_words as module
from learners.services.exact_words import exact_words
from tests.engine.packing.models import counted_bag, head_for, vector_bag

TEXT = "Refund the late loan, refund my card"


@pytest.fixture
def bags(monkeypatch: pytest.MonkeyPatch) -> list[BagModel]:
    bags = [vector_bag(4), counted_bag()]
    monkeypatch.setattr(module, "token_tables_of", lambda fit: bags)
    monkeypatch.setattr(module, "head_of", lambda fit: head())
    return bags


def head() -> Head:
    return head_for(4 + counted_bag().n_dimensions)


def test_the_words_add_up_to_the_logit_of_the_guess(bags: list[Any]) -> None:
    found = exact_words(Fit(features="static+lsi"), TEXT, 1)
    assert found is not None
    vector = np.concatenate([bag.embed([TEXT]).vectors for bag in bags], axis=1)[0]
    logits = head().coef @ vector
    assert sum(word.weight for word in found) == pytest.approx(logits[1] - logits.mean(), abs=1e-5)


def test_a_word_stands_once_and_the_weightiest_first(bags: list[Any]) -> None:
    found = exact_words(Fit(features="static+lsi"), TEXT, 0)
    assert found is not None
    assert [word.word for word in found].count("Refund") == 1
    assert "refund" not in [word.word for word in found]
    sizes = [abs(word.weight) for word in found]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("features", ["minilm", "minilm+lsi", "table"])
def test_other_fits_are_no_sum_over_words(bags: list[Any], features: str) -> None:
    assert exact_words(Fit(features=features), TEXT, 0) is None
