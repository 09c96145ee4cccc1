"""Every address of a project, also those to come: strangers get 404, annotators no owner's page."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from projects.models import Membership, Project, User
from projects.models.project import Role
from tests.accounts.test_signing_in import signed_in
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db
FILLING = {"int": 1, "uuid": "12345678-1234-5678-1234-567812345678", "string": "x", "slug": "x"}
REGEX_FILLING = {"kind": "svg"}
OWNERS_ONLY = (
    "/settings/",
    "/model/",
    "/models/",
    "/traffic/",
    "/labels.",
    "/ledger.",
    "/retrain/",
    "/confirm/",
    "/simulations/",
    "/queue/",
    "bin/<",
)


def patterns(
    within: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Each address with its whole route; the admin site has its own rules."""
    for pattern in get_resolver().url_patterns if within is None else within:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route.replace("^", "").replace("\\", ""), pattern
        elif pattern.namespace != "admin":
            yield from patterns(pattern.url_patterns, route)


PROJECT_ADDRESSES = {
    str(pattern.name): (route, pattern)
    for route, pattern in patterns()
    if route.startswith(("projects/", "bin/<"))
}
OWNER_NAMES = [
    name
    for name, (route, _) in PROJECT_ADDRESSES.items()
    if any(part in route for part in OWNERS_ONLY)
]


def address(name: str, project: Project) -> str:
    """The address `name` of `project`, other parameters filled with something."""
    pattern = PROJECT_ADDRESSES[name][1].pattern
    values: dict[str, object] = {
        key: FILLING[type(converter).__name__.removesuffix("Converter").lower()]
        for key, converter in pattern.converters.items()
    }
    values |= {key: REGEX_FILLING.get(key) for key in pattern.regex.groupindex if key not in values}
    return reverse(name, kwargs={**values, "pk": project.pk})


def statuses(client: Client, path: str) -> set[int]:
    """What GET and POST answer; 405, "not this method", says nothing about the project."""
    return {client.get(path).status_code, client.post(path).status_code} - {405}


@pytest.fixture
def project() -> Project:
    return make_project(owner=make_user("ada"))


@pytest.fixture
def annotator(project: Project) -> User:
    user = make_user("grace")
    Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR)
    return user


def test_the_walk_finds_the_projects_addresses() -> None:
    assert {"members", "member-add", "member-role"} <= PROJECT_ADDRESSES.keys()
    assert {"members", "member-link", "labels-csv", "model", "retrain"} <= set(OWNER_NAMES)


def test_every_address_of_a_project_has_a_name_and_names_the_project() -> None:
    assert "None" not in PROJECT_ADDRESSES
    assert all(
        "pk" in pattern.pattern.regex.groupindex for _, pattern in PROJECT_ADDRESSES.values()
    )


@pytest.mark.parametrize("name", PROJECT_ADDRESSES)
def test_a_stranger_gets_404(project: Project, name: str) -> None:
    assert statuses(signed_in(make_user("eve")), address(name, project)) == {404}


@pytest.mark.parametrize("name", PROJECT_ADDRESSES)
def test_an_operator_who_is_no_member_gets_404(project: Project, name: str) -> None:
    operator = User.objects.create_superuser("root", password="correct horse")
    assert statuses(signed_in(operator), address(name, project)) == {404}


@pytest.mark.parametrize("name", OWNER_NAMES)
def test_an_annotator_gets_404_on_an_owners_page(
    project: Project, annotator: User, name: str
) -> None:
    assert statuses(signed_in(annotator), address(name, project)) == {404}


@pytest.mark.parametrize("name", PROJECT_ADDRESSES)
def test_nobody_in_particular_is_sent_to_sign_in(
    client: Client, project: Project, name: str
) -> None:
    path = address(name, project)
    answers = [client.get(path), client.post(path)]
    asked = [answer for answer in answers if answer.status_code != 405]
    assert {answer.status_code for answer in asked} == {302}
    assert all(answer["Location"].startswith(reverse("sign-in")) for answer in asked)


@pytest.mark.parametrize("name", [name for name in PROJECT_ADDRESSES if "bin-" not in name])
def test_a_project_in_the_bin_is_gone_for_its_owner_too(project: Project, name: str) -> None:
    Project.objects.update(binned_at=project.created_at)
    owner = User.objects.get(username="ada")
    assert statuses(signed_in(owner), address(name, project)) == {404}


@pytest.mark.parametrize("name", ["project-list", "account", "password-change", "password-first"])
def test_pages_of_ones_own_want_a_sign_in(client: Client, name: str) -> None:
    assert client.get(reverse(name))["Location"].startswith(reverse("sign-in"))


def test_a_project_that_never_was_looks_the_same_as_another_persons(project: Project) -> None:
    client = signed_in(make_user("eve"))
    theirs = client.get(reverse("members", args=[project.pk]))
    nobodys = client.get(reverse("members", args=[project.pk + 1000]))
    assert theirs.content == nobodys.content
