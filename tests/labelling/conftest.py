"""Who answers, and the two classes of the tests of labelling; each module has texts of its own."""

import pytest

from projects.models import LabelClass, Project, User
from tests.factories import make_user


@pytest.fixture
def ada() -> User:
    return make_user("ada")


@pytest.fixture
def yes(project: Project) -> LabelClass:
    return project.label_classes.get(name="yes")


@pytest.fixture
def no(project: Project) -> LabelClass:
    return project.label_classes.get(name="no")
