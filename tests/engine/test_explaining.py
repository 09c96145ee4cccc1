"""Which words a guess rests on, by leaving them out."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.engine.explaining import MOST_VARIANTS, log_odds, weigh_words

WEIGHTS = {"prize": 2.0, "free": 1.0, "meeting": -1.5}


def score(texts: Sequence[str]) -> NDArray[np.float64]:
    """A model that adds up the words' weights, however often each occurs."""
    return np.array(
        [sum(w for word, w in WEIGHTS.items() if word in text.casefold()) for text in texts]
    )


def weights(text: str) -> dict[str, float]:
    return {word.word: word.weight for word in weigh_words(text, score=score)}


def test_a_word_weighs_what_the_guess_loses_without_it() -> None:
    found = weights("A prize for free at the meeting")
    assert (found["prize"], found["free"], found["meeting"], found["A"]) == (2.0, 1.0, -1.5, 0.0)


def test_the_weightiest_word_comes_first_whether_for_or_against() -> None:
    found = weigh_words("free meeting prize", score=score)
    assert [word.word for word in found] == ["prize", "meeting", "free"]


def test_a_word_that_comes_twice_is_left_out_twice() -> None:
    found = weigh_words("Free, free and FREE", score=score)
    assert [(word.word, word.weight) for word in found] == [("Free", 1.0), ("and", 0.0)]


@pytest.mark.parametrize("text", ["", "  ", "?!", "…"])
def test_a_text_without_words_rests_on_none(text: str) -> None:
    assert weigh_words(text, score=score) == []


def test_in_a_long_text_the_word_is_found_with_few_questions_to_the_model() -> None:
    asked = 0

    def counting(texts: Sequence[str]) -> NDArray[np.float64]:
        nonlocal asked
        asked += len(texts)
        return score(texts)

    text = " ".join([*(f"word{n}" for n in range(300)), "prize", *(f"more{n}" for n in range(60))])
    found = weigh_words(text, score=counting)
    assert (found[0].word, found[0].weight) == ("prize", 2.0)
    assert asked <= 2 * MOST_VARIANTS + 1


def test_the_rest_of_a_very_long_text_is_not_looked_at() -> None:
    text = " ".join(["word"] * 400 + ["prize"])
    assert "prize" not in weights(text)


def test_log_odds_stay_finite() -> None:
    found = log_odds(np.array([0.0, 0.5, 1.0]))
    assert np.isfinite(found).all()
    assert found[1] == 0
    assert found[0] == pytest.approx(-found[2])
