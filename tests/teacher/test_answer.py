"""What an answer says: one of the classes, or an error; and how likely the others were."""

import math

import pytest

from projects.services.teacher.answer import Token, class_probabilities, read_label, read_texts
from projects.services.teacher.prompt import ClassWords, make_prompt

PROMPT = make_prompt(
    question="",
    guideline="",
    classes=[ClassWords(1, "spam"), ClassWords(2, "ham"), ClassWords(3, "sport")],
)


@pytest.mark.parametrize(
    "content",
    [
        '{"label": "ham"}',
        '```json\n{"label": "ham"}\n```',
        '<think>spam? no</think>\n{"label": "Ham"}',
        '"ham"',
        "Ham.",
    ],
)
def test_a_class_is_read_from(content: str) -> None:
    assert read_label(PROMPT, content).class_id == 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"label": "eggs"}',
        '{"label": ["ham"]}',
        '{"class": "ham"}',
        "I think that it is ham",
        "ham or spam",
        "null",
        "[" * 100_000,
    ],
)
def test_no_class_is_read_from(content: str) -> None:
    said = read_label(PROMPT, content)
    assert said.class_id is None
    assert said.error.startswith("The answer names no class")
    assert len(said.error) < 200


def tokens(*parts: tuple[str, float, dict[str, float]]) -> list[Token]:
    return [
        Token(text, math.log(p), tuple((other, math.log(q)) for other, q in others.items()))
        for text, p, others in parts
    ]


def test_probabilities_come_from_the_token_where_names_part() -> None:
    said = tokens(
        ('{"label": "', 1.0, {}),
        ("ham", 0.6, {"ham": 0.6, "spam": 0.3, "eggs": 0.1}),
        ('"}', 1.0, {}),
    )
    found = class_probabilities(PROMPT, 2, said)
    assert found == pytest.approx({1: 1 / 3, 2: 2 / 3, 3: 0.0})


def test_names_that_begin_alike_part_later() -> None:
    said = tokens(
        ('"', 1.0, {}),
        ("sp", 0.8, {"sp": 0.8, "ham": 0.2}),
        ("am", 0.75, {"am": 0.75, "ort": 0.25}),
        ('"', 1.0, {}),
    )
    found = class_probabilities(PROMPT, 1, said)
    assert found == pytest.approx({1: 0.6, 2: 0.2, 3: 0.2})


def test_an_alternative_that_fits_two_names_is_shared() -> None:
    said = tokens(("ham", 0.5, {"ham": 0.5, "sp": 0.5}))
    assert class_probabilities(PROMPT, 2, said) == pytest.approx({1: 0.25, 2: 0.5, 3: 0.25})


def test_without_log_probabilities_there_are_none() -> None:
    assert read_label(PROMPT, '{"label": "ham"}').probabilities is None
    assert class_probabilities(PROMPT, 2, tokens(("eggs", 1.0, {}))) is None


def test_written_texts_are_read_once_each_and_nonsense_gives_none() -> None:
    assert read_texts('{"texts": [" a ", "a", "", 7, "b"]}') == ["a", "b"]
    assert read_texts('["a"]') == ["a"]
    assert read_texts("Sure! Here are some texts.") == []
    assert read_texts('{"texts": "a"}') == []
