"""The words behind a prediction, where the live model is a sum over words."""

from typing import Any

from ninja import Schema
from pydantic import Field

from labeler.api.errors import ApiError
from labeler.api.model_troubles import model_troubles
from learners.services.serving import REQUEST_SECONDS, CannotPredict, explain_texts
from projects.models import ModelVersion

MOST_TEXTS = 32


class WordShape(Schema):
    """A word where it stands, `text[start:end]` in code points, and what it adds to each class's logit:
    above 0 it speaks `for` the class, below against it.
    """

    word: str
    start: int
    end: int
    adds: dict[str, float] = Field(alias="for")


def check_explainable(n_texts: int) -> None:
    """Raises ApiError 422 where there are no texts, or too many to explain."""
    if not n_texts:
        raise _refused("Only texts have words to explain; rows of a table have none.")
    if n_texts > MOST_TEXTS:
        raise _refused(f"{n_texts:,} texts; explained are at most {MOST_TEXTS} a request.")


def explained(version: ModelVersion, texts: list[str]) -> list[dict[str, Any]]:
    """`words` and `bias` of each text, by the version itself.

    Raises:
        ApiError: 422 where the model is no sum over words; 503 where models do not answer.
    """
    slow = f"The words were not told within {REQUEST_SECONDS:g} s; send fewer texts."
    with model_troubles(slow=slow):
        try:
            return explain_texts(version, texts)
        except CannotPredict as error:
            if error.kind != "NoSumOfWords":
                raise
            name = version.rung_label or version.rung
            raise _refused(
                f"The live model ({name}) reads a text as a whole, so that no word has a share of its own. "
                "Models of counted words and of static vectors can be explained."
            ) from error


def _refused(message: str) -> ApiError:
    return ApiError(422, message, field="explain", code="cannot_explain")
