"""Who simulates."""

import pytest
from django.test import Client

from projects.models import User
from tests.factories import make_user


@pytest.fixture
def owner() -> User:
    return make_user("ada")


@pytest.fixture
def site(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client
