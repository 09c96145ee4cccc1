"""JSONL: one object a line, its values as text."""

import json
import re
from collections.abc import Iterator
from typing import Any

from projects.reading.decoding import LineTooLong
from projects.reading.errors import BadInput, excerpt
from projects.reading.limits import MAX_CELL_CHARS, MAX_COLUMNS, MAX_NAME_CHARS, MAX_RECORD_CHARS

KEY_BEFORE_TEXT = re.compile(r'"((?:[^"\\]|\\.){1,80})"\s*:\s*"')
ONE_OBJECT = 'one JSON object a line, such as {"text": "..."}'


class Nested(str):
    """The JSON of a list or an object: fit for metadata, not for a text, an id or a label."""

    __slots__ = ()


class _Number(str):
    """A number as it is spelled in the file."""

    __slots__ = ()


class _DuplicatedKey(ValueError):
    """The same key twice in one object."""


def read_json_lines(
    lines: Iterator[tuple[int, str]], *, file: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows as (line, text by key): numbers keep their spelling, null is "", true is "true".

    Raises:
        BadInput: a line that is not a JSON object, a key twice, a lone surrogate, too large.
    """
    try:
        for line, text in lines:
            if text.strip():
                yield line, _row(text.rstrip("\r\n"), line=line, file=file)
    except LineTooLong as error:
        raise _too_long(error, file=file) from error


def _row(text: str, *, line: int, file: str) -> dict[str, str]:
    value = _parsed(text, line=line, file=file)
    if not isinstance(value, dict):
        raise BadInput(file=file, line=line, found=_kind(value), allowed=ONE_OBJECT)
    if len(value) > MAX_COLUMNS:
        raise BadInput(
            file=file,
            line=line,
            column=str(MAX_COLUMNS + 1),
            found=f"{len(value):,} keys",
            allowed=f"{MAX_COLUMNS:,} keys an object",
        )
    return {
        _name(key, line=line, file=file): _text(item, column=key, line=line, file=file)
        for key, item in value.items()
    }


def _parsed(text: str, *, line: int, file: str) -> Any:
    try:
        return json.loads(
            text,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except RecursionError as error:
        raise BadInput(
            file=file, line=line, found="values nested too deeply", allowed=ONE_OBJECT
        ) from error
    except json.JSONDecodeError as error:
        here = f"“{excerpt(text[error.pos :])}”" if error.pos < len(text) else "the line's end"
        found = f"{here} at character {error.pos + 1:,}, which is no valid JSON ({error.msg})"
        raise BadInput(file=file, line=line, found=found, allowed=ONE_OBJECT) from error
    except _DuplicatedKey as error:
        raise BadInput(
            file=file,
            line=line,
            column=str(error),
            found="the key twice in one object",
            allowed="each key once",
        ) from error
    except ValueError as error:
        raise BadInput(file=file, line=line, found=str(error), allowed=ONE_OBJECT) from error


def _no_constant(name: str) -> str:
    raise ValueError(f"{name}, which is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise _DuplicatedKey(next(key for key in names if names.count(key) > 1))
    return found


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a JSON list"
    return "a single value, not an object"


def _name(key: str, *, line: int, file: str) -> str:
    if not key.strip() or len(key) > MAX_NAME_CHARS:
        raise BadInput(
            file=file,
            line=line,
            found=f"a key of {len(key.strip()):,} characters",
            allowed=f"keys of 1 to {MAX_NAME_CHARS} characters",
        )
    return _storable(key, column=key, line=line, file=file)


def _text(value: Any, *, column: str, line: int, file: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _storable(value, column=column, line=line, file=file)
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        nested = _spelled(value)
    except RecursionError as error:
        raise BadInput(
            file=file,
            line=line,
            column=column,
            found="values nested too deeply",
            allowed=ONE_OBJECT,
        ) from error
    return Nested(_storable(nested, column=column, line=line, file=file))


def _spelled(value: Any) -> str:
    """JSON again, with numbers as they were spelled."""
    if isinstance(value, list):
        return "[" + ",".join(map(_spelled, value)) + "]"
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key, ensure_ascii=False)}:{_spelled(v)}" for key, v in value.items())
        return "{" + ",".join(pairs) + "}"
    return value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _storable(text: str, *, column: str, line: int, file: str) -> str:
    found = ""
    if len(text) > MAX_CELL_CHARS:
        found = f"a value of {len(text):,} characters"
    elif "\0" in text:
        found = "a NUL character (\\u0000)"
    elif not text.isascii() and (half := re.search("[\ud800-\udfff]", text)):
        found = f"half of a surrogate pair (\\u{ord(half.group()):04x})"
    if not found:
        return text
    raise BadInput(
        file=file,
        line=line,
        column=column,
        found=found,
        allowed=f"whole characters other than NUL, {MAX_CELL_CHARS:,} a value",
    )


def _too_long(error: LineTooLong, *, file: str) -> BadInput:
    keys = KEY_BEFORE_TEXT.findall(error.head)
    return BadInput(
        file=file,
        line=error.line,
        column=keys[-1] if keys else None,
        found=f"a line of more than {MAX_RECORD_CHARS:,} characters",
        allowed=f"{MAX_RECORD_CHARS:,} characters a line, {MAX_CELL_CHARS:,} a value; {ONE_OBJECT}",
    )
