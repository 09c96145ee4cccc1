"""A project with an owner, and a program that may do everything there."""

import pytest

from labeler.api.rates import counter
from projects.models import Project, User
from tests.api.worlds import Program, make_program
from tests.factories import make_project, make_user


@pytest.fixture(autouse=True)
def fresh_counter() -> None:
    counter.forget()


@pytest.fixture
def owner(db: None) -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    return make_project(owner=owner)


@pytest.fixture
def program(project: Project) -> Program:
    return make_program(project)
