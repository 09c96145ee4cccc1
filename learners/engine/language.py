"""Does a pool look English? MiniLM was trained on English, and a page should say when a pool is not.

py3langid (BSD) works offline. Measured on public English sets, with this threshold: all but one of
2,000 bank questions, 98 % of 2,000 voice commands (full of foreign names) and 97 % of 2,000 text
messages look English; none of 22 short sentences in thirteen other languages does
(tests/engine/test_language.py keeps such a list).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of 140 languages. Short texts spread the probability thin, so "not clearly another language".
ENGLISH_FROM = 0.05
READ_CHARACTERS = 2_000


def looks_english(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each text may well be English, (n_texts,). Meant for shares, not for single texts.

    Texts without a letter (numbers, emoji) speak no language and count as English.
    """
    return np.array([_looks_english(text[:READ_CHARACTERS]) for text in texts], dtype=np.bool_)


def _looks_english(text: str) -> bool:
    if not any(character.isalpha() for character in text):
        return True
    return bool(dict(_identifier().rank(text))["en"] >= ENGLISH_FROM)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  reads 5 MB

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
