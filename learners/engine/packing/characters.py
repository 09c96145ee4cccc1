"""What a tokenizer does to single characters, found out by asking it.

A page in a browser must cut texts as the `tokenizers` library does, whose Unicode tables are not the
browser's. So every code point is put to the library once, and what comes back travels in the page.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

FENCE = "|"  # comes back as it is, and nothing joins with it
SYLLABLES = range(0xAC00, 0xD7A4)  # Hangul: taken apart by arithmetic
TONE_MARK, TONE_MARK_CLASS = "\u302e", 224
Ranges = list[tuple[int, int]]


@dataclass(frozen=True)
class Characters:
    """By code point; what is in none of these stays as it is and is part of a word.

    Attributes:
        dropped: ranges that vanish. spaced: ranges that get a space on each side.
        become: code point -> what it turns into.
        syllables: whether Hangul syllables are taken apart into letters.
        white, punctuation: after that, ranges that part words, and that are words of their own.
        order: code points that stay behind their neighbours -> combining class: of several in a row the lower
            class comes first.
    """

    dropped: Ranges
    spaced: Ranges
    become: list[tuple[int, str]]
    syllables: bool
    white: Ranges
    punctuation: Ranges
    order: list[tuple[int, int]]


def characters_of(tokenizer: Any) -> Characters:
    """What the normalizer and the pre-tokenizer of a `tokenizers.Tokenizer` do; about four seconds,
    once a process for each kind.
    """
    return _characters(_Key(str(tokenizer.normalizer), str(tokenizer.pre_tokenizer), tokenizer))


@dataclass(frozen=True)
class _Key:
    """Tokenizers are alike where their parts read alike."""

    normalizer: str
    pre_tokenizer: str
    tokenizer: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    @property
    def _parts(self) -> tuple[str, str]:
        return self.normalizer, self.pre_tokenizer


@cache
def _characters(key: _Key) -> Characters:
    found = _normalised(key.tokenizer.normalizer)
    changed = {point: new for point, new in found.items() if new != chr(point)}
    syllables = all(found[point] == _letters(point) for point in SYLLABLES)
    spaced = [point for point, new in changed.items() if new == f" {chr(point)} "]
    gone = {*spaced, *(point for point, new in changed.items() if not new)}
    known = gone | (set(SYLLABLES) if syllables else set())
    white, punctuation = _parting(key.tokenizer.pre_tokenizer, [p for p in found if found[p]])
    return Characters(
        dropped=ranges(point for point, new in changed.items() if not new),
        spaced=ranges(spaced),
        become=[(point, new) for point, new in changed.items() if point not in known],
        syllables=syllables,
        white=ranges(white),
        punctuation=ranges(punctuation),
        order=_kept_marks(key.tokenizer.normalizer, found),
    )


def _normalised(normalizer: Any) -> dict[int, str]:
    """Each code point that a text may hold, and what the normalizer makes of it."""
    points = [
        point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF and chr(point) != FENCE
    ]
    whole = normalizer.normalize_str(FENCE.join(map(chr, points)))
    found = dict(zip(points, whole.split(FENCE), strict=True))
    return dict(sorted((found | {ord(FENCE): FENCE}).items()))


def _letters(syllable: int) -> str:
    """Unicode standard, section 3.12: a Hangul syllable as two or three letters."""
    place = syllable - SYLLABLES.start
    last = [chr(0x11A7 + place % 28)] if place % 28 else []
    return "".join([chr(0x1100 + place // 588), chr(0x1161 + place % 588 // 28), *last])


def _parting(pre_tokenizer: Any, points: Sequence[int]) -> tuple[list[int], list[int]]:
    """Those of `points` that part words, and those that are words of their own."""
    between = "a".join(map(chr, points))
    covered = bytearray(len(between))
    alone = []
    for _, (start, end) in pre_tokenizer.pre_tokenize_str(between):
        covered[start:end] = b"\x01" * (end - start)
        if end == start + 1 and start % 2 == 0:
            alone.append(points[start // 2])
    white = [point for place, point in enumerate(points) if not covered[2 * place]]
    # The first and the last stand at an edge, where a letter looks like a word of its own.
    edges = {points[0], points[-1]}
    return white, [p for p in alone if p not in edges or not chr(p).isalnum()]


def _kept_marks(normalizer: Any, found: dict[int, str]) -> list[tuple[int, int]]:
    """Combining characters that the normalizer keeps and knows: it puts them in canonical order."""
    classes = ((point, unicodedata.combining(chr(point))) for point in found)
    kept = [(point, order) for point, order in classes if order and found[point] == chr(point)]
    return [(point, order) for point, order in kept if _is_moved(normalizer, chr(point), order)]


def _is_moved(normalizer: Any, mark: str, order: int) -> bool:
    """Whether the library, whose Unicode may be older, swaps it with a tone mark that stands wrong."""
    pair = TONE_MARK + mark if order < TONE_MARK_CLASS else mark + TONE_MARK
    return mark == TONE_MARK or bool(normalizer.normalize_str(pair) == pair[::-1])


def ranges(points: Iterable[int]) -> Ranges:
    """Ascending code points as (first, last) of each run."""
    runs: list[list[int]] = []
    for point in points:
        if runs and runs[-1][1] == point - 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return [(first, last) for first, last in runs]
