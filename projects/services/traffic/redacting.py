"""What is taken out of a text before it is kept: addresses, numbers, and what a lead's own patterns match.

Patterns of a lead's own can be slow on purpose or by mistake, so each match has a time limit
(the library `regex`), and a text on which it passes is not kept at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import regex

from projects.services.refusals import Refused

MAX_PATTERNS = 20
MAX_PATTERN_CHARS = 300
SECONDS_A_PATTERN = 0.1
REMOVED = "[removed]"
# Texts on which a pattern that backtracks without end shows it.
_HARD = ("a" * 2_000 + "!", "1" * 2_000 + "x", " ab" * 700 + "!", "a@" * 1_000, "_-" * 1_000 + "\t")
_EMAIL = regex.compile(r"[\w.+%-]{1,64}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+)++")
# Seven or more digits with at most two other signs between any two.
_PHONE = regex.compile(r"(?<![\w])\+?\d(?:[ ()./-]{0,2}\d){6,18}+(?!\w)")
_NUMBER = regex.compile(r"\d(?:[\d., ]*\d)?")


class TooSlow(Exception):
    """A pattern took longer than it may on some text."""


@dataclass(frozen=True)
class Redaction:
    """What is taken out: of the kinds that are known, and by patterns of the lead's own."""

    emails: bool = True
    phones: bool = True
    numbers: bool = False
    own: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Redaction":
        """From `Project.traffic_redaction`; what is not said there is as by default."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        return cls(**known)

    def stored(self) -> dict[str, Any]:
        """As `Project.traffic_redaction` keeps it."""
        kinds = {"emails": self.emails, "phones": self.phones, "numbers": self.numbers}
        return {**kinds, "own": list(self.own)}

    def apply(self, text: str) -> str:
        """The text without them; each is replaced by what it was, in brackets.

        Raises:
            TooSlow: a pattern needed more than `SECONDS_A_PATTERN` on this text.
        """
        for pattern, word in self._steps():
            try:
                text = pattern.sub(word, text, timeout=SECONDS_A_PATTERN, concurrent=True)
            except TimeoutError as error:
                raise TooSlow(pattern.pattern) from error
        return text

    def _steps(self) -> Iterator[tuple[Any, str]]:
        for said in self.own:
            yield regex.compile(said), REMOVED
        if self.emails:
            yield _EMAIL, "[e-mail]"
        if self.phones:
            yield _PHONE, "[phone]"
        if self.numbers:
            yield _NUMBER, "[number]"


def checked(redaction: Redaction) -> Redaction:
    """The redaction, each own pattern tried on hard texts.

    Raises:
        Refused: a pattern that is none, is too long, matches nothing at all ("") or is too slow.
    """
    if len(redaction.own) > MAX_PATTERNS:
        raise Refused("own", f"{len(redaction.own)} patterns; allowed: {MAX_PATTERNS}.")
    for line, said in enumerate(redaction.own, start=1):
        _check(said, line)
    return redaction


def _check(said: str, line: int) -> None:
    if len(said) > MAX_PATTERN_CHARS or "\0" in said:
        found = f"{len(said)} characters"
        raise Refused("own", f"Line {line}: {found}; allowed: {MAX_PATTERN_CHARS}, no NUL.")
    try:
        pattern = regex.compile(said)
    except regex.error as error:
        raise Refused("own", f"Line {line} is no pattern: {error}.") from error
    if pattern.fullmatch(""):
        raise Refused("own", f"Line {line} also matches where there is nothing; make it stricter.")
    for text in _HARD:
        try:
            pattern.sub(REMOVED, text, timeout=SECONDS_A_PATTERN, concurrent=True)
        except TimeoutError as error:
            message = f"Line {line} takes too long on some texts; avoid repeats within repeats."
            raise Refused("own", message) from error
