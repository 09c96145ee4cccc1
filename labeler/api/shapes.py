"""Shapes that several addresses share, and what every address may answer besides success."""

from typing import Any

from ninja import Schema
from pydantic import ConfigDict


class Asked(Schema):
    """What may be sent: these fields, of these types, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ProblemBody(Schema):
    code: str
    message: str
    field: str | None = None


class Problem(Schema):
    """Every error; some carry more, such as `allowed`."""

    error: ProblemBody


PROBLEMS: dict[Any, Any] = {
    frozenset({400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429, 503}): Problem
}


class Share(Schema):
    """A share in [0, 1] with its 95 % interval, measured on `n` texts."""

    value: float
    low: float
    high: float
    n: int
