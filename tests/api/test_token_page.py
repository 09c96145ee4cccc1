"""Settings > API: a token is made, its secret shown once, and revoked."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import ApiToken, Project, User
from tests.api.worlds import Program, answer, make_token, problem
from tests.factories import make_project

pytestmark = pytest.mark.django_db
FORM = {"name": "mail router", "scopes": ["read", "predict"], "days": "30"}


@pytest.fixture
def site(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def test_a_secret_is_shown_once_and_works(site: Client, project: Project) -> None:
    address = reverse("api-tokens", args=[project.pk])
    html = site.post(address, FORM).content.decode()
    found = re.search(r"lab_[0-9a-f]{64}", html)
    assert found
    answer(Program(project, found.group()).get())
    assert found.group() not in site.get(address).content.decode()
    token = ApiToken.objects.get()
    assert found.group() not in str(vars(token))
    assert token.last_used_at
    assert (token.expires_at - token.created_at).days == 30  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "This field is required."),
        ({"scopes": []}, "Choose at least one thing"),
        ({"scopes": ["everything"]}, "not one of the available choices"),
        ({"days": "7000"}, "not one of the available choices"),
    ],
)
def test_a_token_that_cannot_be_is_refused_at_its_field(
    site: Client, project: Project, changes: dict[str, object], words: str
) -> None:
    response = site.post(reverse("api-tokens", args=[project.pk]), FORM | changes)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not ApiToken.objects.exists()


def test_a_revoked_token_opens_nothing_and_says_so(site: Client, project: Project) -> None:
    token, secret = make_token(project)
    address = reverse("api-token-revoke", args=[project.pk, token.pk])
    page = site.post(address, follow=True).content.decode()
    assert "opens nothing any more" in page
    assert "revoked" in page
    problem(Program(project, secret).get(), 401)


def test_another_projects_token_is_not_found(site: Client, project: Project, owner: User) -> None:
    token, _ = make_token(make_project(owner=owner, name="Other"))
    response = site.post(reverse("api-token-revoke", args=[project.pk, token.pk]))
    assert response.status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_without_a_broker_the_page_says_who_counts(
    site: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.views.api_tokens.counted_by", lambda: "this process")
    page = site.get(reverse("api-tokens", args=[project.pk])).content.decode()
    assert "counted by each web process alone" in page
