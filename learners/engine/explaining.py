"""Which words drove a model's guess: leave each out, and see what the guess loses.

Occlusion (Zeiler and Fergus 2014 on images; "leave one out" of Li, Monroe and Jurafsky 2016,
arXiv 1612.08220, on words). It asks the whole model, so it holds for any features and head.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"\w+(?:['’.-]\w+)*")
MOST_WORDS = 400  # about what an embedder reads
MOST_VARIANTS = 48  # of the text, in each of two rounds
GROUPS_LOOKED_INTO = 4
_CERTAIN = 1e-9  # probabilities nearer to 0 or 1 count as this near

Score = Callable[[Sequence[str]], NDArray[np.float64]]


@dataclass(frozen=True)
class WordWeight:
    """`weight`: how much the guess's log-odds fall when every occurrence of `word` is left out;
    above 0 it spoke for the guess.
    """

    word: str
    weight: float


def log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln(p / (1 - p)) of each, (n,), finite for 0 and 1 too."""
    p = np.clip(probabilities, _CERTAIN, 1 - _CERTAIN)
    odds: NDArray[np.float64] = np.log(p) - np.log1p(-p)
    return odds


def weigh_words(text: str, *, score: Score) -> list[WordWeight]:
    """The words of `text` that the guess rests on, weightiest first; a word counts once, in any case.

    Args:
        score: texts -> the guess's log-odds in each, (n,).

    Of a text with many different words, stretches are left out first, and single words of the
    weightiest stretches after that.
    """
    words = _words(text)
    if not words:
        return []
    whole = float(score([text])[0])
    names = list(words)
    if len(names) > MOST_VARIANTS:
        names = _in_weighty_stretches(text, words, whole, score)
    variants = [(text[slice(*words[name][0])], _without(text, words[name])) for name in names]
    return weigh_variants(variants, whole=whole, score=score)


def weigh_variants(
    variants: Sequence[tuple[str, str]], *, whole: float, score: Score
) -> list[WordWeight]:
    """What each of (name, text without it) costs the guess, weightiest first; `whole`: its log-odds
    in the text as it is.
    """
    losses = whole - score([text for _, text in variants])
    found = [
        WordWeight(name, float(loss)) for (name, _), loss in zip(variants, losses, strict=True)
    ]
    return sorted(found, key=lambda word: (-abs(word.weight), word.word))


Spans = list[tuple[int, int]]


def _words(text: str) -> dict[str, Spans]:
    """Where each of the first words stands, by its case-folded form, in the order of the text."""
    spans: dict[str, Spans] = {}
    for n, match in enumerate(WORD.finditer(text)):
        if n == MOST_WORDS:
            break
        spans.setdefault(match.group().casefold(), []).append(match.span())
    return spans


def _in_weighty_stretches(
    text: str, words: dict[str, Spans], whole: float, score: Score
) -> list[str]:
    names = list(words)
    parts = [list(part) for part in np.array_split(np.array(names, object), MOST_VARIANTS)]
    stretches = [_without(text, [span for name in part for span in words[name]]) for part in parts]
    losses = np.abs(whole - score(stretches))
    weighty = np.argsort(-losses, kind="stable")[:GROUPS_LOOKED_INTO]
    return [name for place in sorted(weighty) for name in parts[place]]


def _without(text: str, spans: Spans) -> str:
    kept, end = [], 0
    for start, stop in sorted(spans):
        kept.append(text[end:start])
        end = stop
    return "".join([*kept, text[end:]])
