"""What keeps a live model from answering, as the API tells it."""

from collections.abc import Iterator
from contextlib import contextmanager

from labeler.api.errors import ApiError
from learners.services.model_files import ModelFilesGone
from learners.services.serving import CannotPredict, ModelsAway, ModelsSlow


@contextmanager
def model_troubles(*, slow: str) -> Iterator[None]:
    """Turns what a model that is asked inside may raise into ApiError 503.

    Args:
        slow: the message where it does not answer in time.
    """
    try:
        yield
    except ModelsSlow as error:
        raise ApiError(503, slow, code="too_slow") from error
    except ModelsAway as error:
        message = "The process that holds the models does not answer; try again in a moment."
        raise ApiError(503, message, code="models_away", headers={"Retry-After": "2"}) from error
    except ModelFilesGone as error:
        raise ApiError(503, str(error), code="model_files_gone") from error
    except CannotPredict as error:
        raise ApiError(503, str(error), code="model_unusable") from error
