"""A project whose live model answers, and counts that nobody else made."""

from collections.abc import Iterator

import pytest

from labeler.traffic import recorder
from tests.serving.conftest import folders, models, owner, program, project

__all__ = ["folders", "models", "owner", "program", "project"]


@pytest.fixture(autouse=True)
def fresh_recorder() -> Iterator[None]:
    recorder.forget()
    yield
    recorder.forget()
