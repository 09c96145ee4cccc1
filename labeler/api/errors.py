"""Every error of the API: {"error": {"code", "message", "field"?}}, whatever went wrong."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, JsonResponse
from ninja.parser import Parser

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    411: "length_required",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "server_error",
    503: "unavailable",
}


NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
ESCAPED = re.compile(r"\\u(0000|d[89a-f])", re.IGNORECASE)  # in JSON the only way to write them


class ApiError(Exception):
    """An answer that is no success. `field` is a dotted path into what was sent."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "",
        field: str = "",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.field, self.more = status, message, field, more
        self.code = code or CODES[status]
        self.headers = headers or {}

    def response(self) -> JsonResponse:
        """The same as an answer."""
        said: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            said["field"] = self.field
        return JsonResponse(
            {"error": said | self.more}, status=self.status, headers=self.headers,
            json_dumps_params={"ensure_ascii": True},
        )  # fmt: skip


class StrictParser(Parser):
    """JSON as the standard has it: no NaN, no key twice, no half of a surrogate pair, no NUL."""

    def parse_body(self, request: HttpRequest) -> Any:
        """
        Raises:
            ApiError: 400 with line and column of what cannot be read, 422 with the field of a character
                that no text can have.
        """
        sent = _decoded(request)
        found = _loaded(sent)
        if ESCAPED.search(sent):
            _check_characters(found)
        return found


def _decoded(request: HttpRequest) -> str:
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start + 1} cannot be read."
        raise ApiError(400, message, code="bad_json") from error


def _loaded(sent: str) -> Any:
    try:
        return json.loads(sent, parse_constant=_no_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ApiError(
            400, f"The body is no JSON: {error.msg} at {where}.", code="bad_json"
        ) from error
    except ValueError as error:  # a number of thousands of digits
        raise ApiError(
            400, f"The body is no JSON that can be read: {error}.", code="bad_json"
        ) from error
    except RecursionError as error:
        raise ApiError(400, "The body is nested too deeply.", code="bad_json") from error


def _check_characters(found: Any) -> None:
    """Raises ApiError for NUL or half of a surrogate pair in any string, with the path to it."""
    levels: list[Iterator[tuple[str, Any]]] = [iter([("", found)])]
    while levels:
        for path, one in levels[-1]:
            if isinstance(one, str) and NO_CHARACTER.search(one):
                message = "There is NUL or half of a surrogate pair in it; no text can have that."
                raise ApiError(422, message, field=_shown(path[1:]))
            if isinstance(one, dict | list):
                levels.append(_within(path, one))
                break
        else:
            levels.pop()


def _within(path: str, one: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(one, dict):
        yield from ((path, name) for name in one)
    inner = one.items() if isinstance(one, dict) else enumerate(one)
    yield from ((f"{path}.{name}", value) for name, value in inner)


def _no_constant(name: str) -> Any:
    raise ApiError(400, f"{name} is no JSON; send a number or null.", code="bad_json")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ApiError(
            400, f"The key “{_shown(twice)}” stands twice in one object.", code="bad_json"
        )
    return found


def of_validation(errors: list[dict[str, Any]]) -> ApiError:
    """What pydantic found: the first in `message` and `field`, all of them in `errors`."""
    told = list(_told(errors))
    first = told[0]
    more: dict[str, Any] = {"errors": told} if len(told) > 1 else {}
    return ApiError(422, first["message"], field=first["field"], **more)


def _told(errors: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for error in errors[:20]:
        # ("body", "payload", "budget"): where it was sent, our name for it, the path within it.
        path = [str(part) for part in error["loc"][1:]]
        path = path[1:] if path[:1] == ["payload"] else path
        yield {"field": _shown(".".join(path)), "message": _sentence(error)}


def _sentence(error: dict[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field."
    if error["type"] == "missing":
        return "This field is needed."
    said = str(error["msg"]).removeprefix("Value error, ")
    return said if said.endswith(".") else f"{said}."


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:120])
