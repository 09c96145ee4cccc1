"""What a teacher's answer says. Pure and strict: a class by its name, or the reason why it is none."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from projects.services.teacher.prompt import Prompt

MAX_SHOWN_CHARS = 120
MAX_SYNTHETIC_CHARS = 10_000


@dataclass(frozen=True)
class Token:
    """One token of an answer with its natural log-probability, and the likeliest in its place."""

    text: str
    logprob: float
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Said:
    """The class that was named, or why there is none. `probabilities` add up to 1, by class id."""

    class_id: int | None
    error: str = ""
    probabilities: dict[int, float] | None = field(default=None)

    @property
    def probability(self) -> float | None:
        """Of the class that was named."""
        if self.class_id is None or self.probabilities is None:
            return None
        return self.probabilities[self.class_id]


def read_label(prompt: Prompt, content: str, tokens: Sequence[Token] = ()) -> Said:
    """The class that `content` names: `{"label": name}`, or the bare name and nothing else.

    What a model thinks aloud before (`<think>...</think>`) and a code fence around are left out.
    """
    bare = _bare(content)
    name = _named(bare)
    class_id = prompt.class_id(name) if name is not None else None
    if class_id is None:
        return Said(None, f"The answer names no class: “{_shown(bare)}”")
    return Said(class_id, probabilities=class_probabilities(prompt, class_id, tokens))


def read_texts(content: str) -> list[str]:
    """The texts of `{"texts": [...]}`, blank ones and repeats left out; [] where there are none."""
    said = _json(_bare(content))
    listed = said.get("texts") if isinstance(said, dict) else said
    if not isinstance(listed, list):
        return []
    texts = (text.strip()[:MAX_SYNTHETIC_CHARS] for text in listed if isinstance(text, str))
    return list(dict.fromkeys(text.replace("\x00", "") for text in texts if text))


def class_probabilities(
    prompt: Prompt, class_id: int, tokens: Sequence[Token]
) -> dict[int, float] | None:
    """By class id, from the log-probabilities of the tokens of the name; None where there are none.

    The named class has the product over its tokens. Another class has, where its name parts from the
    named one, the mass of the alternatives that its name can go on with (shared equally between
    classes that an alternative fits alike). Then all are divided by their sum: what no name begins
    with, and what the server did not list, counts for nobody.
    """
    name = next(words.name for words in prompt.classes if words.pk == class_id)
    spelt = json.dumps(name, ensure_ascii=False)[1:-1]
    span = _tokens_of(spelt, tokens)
    if span is None:
        return None
    names = {words.pk: json.dumps(words.name, ensure_ascii=False)[1:-1] for words in prompt.classes}
    mass = dict.fromkeys(names, 0.0)
    so_far, chance = "", 1.0
    for token, begins in span:
        for other, logprob in token.others:
            if other != token.text and other[:begins] == token.text[:begins]:
                _share(mass, names, class_id, so_far + other[begins:], chance * math.exp(logprob))
        so_far += token.text[begins:]
        chance *= math.exp(min(0.0, token.logprob))
    mass[class_id] = chance
    total = sum(mass.values())
    return {pk: share / total for pk, share in mass.items()} if total > 0 else None


def _share(
    mass: dict[int, float], names: dict[int, str], named: int, begun: str, chance: float
) -> None:
    """Give the mass of an alternative to the other classes whose name goes on like that."""
    fits = [
        pk
        for pk, name in names.items()
        if begun and (name.startswith(begun) or begun.startswith(f'{name}"'))
    ]
    for pk in fits:
        if pk != named:
            mass[pk] += chance / len(fits)


def _tokens_of(spelt: str, tokens: Sequence[Token]) -> list[tuple[Token, int]] | None:
    """The tokens that spell the last `spelt` of the answer, each with where in it the name begins."""
    whole = "".join(token.text for token in tokens)
    start = whole.rfind(spelt)
    if not tokens or start < 0:
        return None
    found, place = [], 0
    for token in tokens:
        ends = place + len(token.text)
        if ends > start and place < start + len(spelt):
            found.append((token, max(0, start - place)))
        place = ends
    return found


def _bare(content: str) -> str:
    said = content.rsplit("</think>", 1)[-1].strip()
    if said.startswith("```") and said.endswith("```"):
        said = said.removeprefix("```").removesuffix("```").removeprefix("json").strip()
    return said


def _named(bare: str) -> str | None:
    said = _json(bare)
    if isinstance(said, dict):
        label = said.get("label")
        return label if isinstance(label, str) else None
    if isinstance(said, str):
        return said
    return bare.strip(" \"'.*`") if said is None else None


def _json(said: str) -> object:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return None


def _shown(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= MAX_SHOWN_CHARS else f"{line[: MAX_SHOWN_CHARS - 1]}…"
