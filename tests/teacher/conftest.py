"""A server, and a site whose operator has switched outside teachers on."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.teacher.server import Server, running_server


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture(autouse=True)
def switched_on(settings: Any) -> None:
    settings.LABELER_OUTSIDE_TEACHER = True
