"""Files to predict and blind answers: what nobody can hinder is said."""

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from tests.serving.worlds import make_live

pytestmark = pytest.mark.django_db


def test_the_page_says_that_reserved_texts_are_predicted_as_well(
    project: Project, owner: User, client: Client
) -> None:
    make_live(project)
    client.force_login(owner)
    page = client.get(reverse("predict-files", args=[project.pk])).content.decode()
    assert "A text of the project that is reserved to measure is predicted here" in page
