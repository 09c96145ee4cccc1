"""What the label page sends, read strictly: each field that cannot be read is named in words."""

from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from projects.services.answering import AnswerRefused
from projects.views.numbers import read_int

ACTS = ("label", "skip", "flag", "unflag", "comment", "undo")
LONGEST_DURATION = 10**11 - 1  # three years, in milliseconds


@dataclass(frozen=True)
class AnswerFields:
    """One act as posted. `example_id` is 0 for an undo, which names no example."""

    act: str
    client_uuid: UUID
    example_id: int
    labels: list[int]
    comment: str
    duration_ms: int | None


def read_answer(data: QueryDict) -> AnswerFields:
    """The posted act. A class button sends `label`, every other button `act`; `none` says that no
    class is true, which is never understood of a field that is missing.

    Raises:
        AnswerRefused: a field is missing or cannot be read.
    """
    act = data.get("act") or "label"
    if act not in ACTS:
        raise AnswerRefused(f"“{act[:40]}” is not something to do here; {', '.join(ACTS)} are.")
    labels = [value for value in data.getlist("label") if value]  # "": nothing chosen in a select
    if act == "label" and not labels and not data.get("none"):
        raise AnswerRefused("No class was chosen. Choose one, or skip the text.")
    if labels and data.get("none"):
        raise AnswerRefused("“None of these” and a class cannot both be true. Choose again.")
    return AnswerFields(
        act=act,
        client_uuid=read_uuid(data, "client_uuid"),
        example_id=0 if act == "undo" else _read_id(data.get("example", ""), "example"),
        labels=[_read_id(value, "label") for value in labels],
        comment=data.get("comment", ""),
        duration_ms=_read_duration(data.get("duration_ms", "")),
    )


def read_uuid(data: QueryDict, name: str) -> UUID:
    """A UUID field.

    Raises:
        AnswerRefused: missing or not a UUID.
    """
    try:
        return UUID(data.get(name, ""))
    except ValueError:
        raise AnswerRefused(
            f"The field “{name}” is not a UUID (found “{data.get(name, '')[:40]}”). "
            "Open the label page anew."
        ) from None


def _read_id(value: str, name: str) -> int:
    number = read_int(value)
    if number is None:
        raise AnswerRefused(f"The field “{name}” is not a number (found “{value[:40]}”).")
    return number


def _read_duration(value: str) -> int | None:
    """The page's own measure; without JavaScript there is none, and nonsense is none too."""
    return read_int(value, LONGEST_DURATION)
