"""An owner with a project of two classes whose answers are there, and a storage of each test's own."""

from typing import Any

import pytest
from django.test import Client

from projects.models import Project, User
from tests.factories import make_user
from tests.ladder.worlds import ladder_project


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ada() -> User:
    return make_user("ada")


@pytest.fixture
def project(ada: User) -> Project:
    return ladder_project(ada)


@pytest.fixture
def owner(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client
