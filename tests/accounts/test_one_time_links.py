"""Links that sign in or reset a password once."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from projects.models import Membership, User
from projects.models.project import Role
from projects.services.first_account import NameTaken, ensure_first_account
from projects.services.one_time_links import (
    LinkTokens,
    entry_tokens,
    issue_entry_path,
    issue_reset_path,
    reset_tokens,
)
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db
NEW = {"new_password1": "battery staple", "new_password2": "battery staple"}


@pytest.fixture
def owner() -> User:
    return ensure_first_account()[0]


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def later(tokens: LinkTokens, days: float) -> AbstractContextManager[object]:
    """Pretend that `days` have passed for `tokens`."""
    then = datetime.now() + timedelta(days=days)  # noqa: DTZ005 - Django's tokens count naive local time
    return patch.object(tokens, "_now", lambda: then)


def test_an_entry_link_signs_in_and_asks_for_a_password(client: Client, owner: User) -> None:
    answer = client.get(issue_entry_path(user=owner))
    assert answer["Location"] == reverse("password-first")
    assert is_signed_in(client)


def test_an_entry_link_works_once(client: Client, owner: User) -> None:
    path = issue_entry_path(user=owner)
    client.get(path)
    other = Client()
    answer = other.get(path)
    assert answer.status_code == 410
    assert "make_link" in answer.content.decode()
    assert not is_signed_in(other)


def test_two_links_of_one_second_are_both_dead_after_the_first(client: Client, owner: User) -> None:
    paths = [issue_entry_path(user=owner), issue_entry_path(user=owner)]
    client.get(paths[0])
    assert Client().get(paths[1]).status_code == 410


@pytest.mark.parametrize("header", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}])
def test_a_prefetch_does_not_burn_the_link(
    client: Client, owner: User, header: dict[str, str]
) -> None:
    path = issue_entry_path(user=owner)
    assert client.get(path, headers=header).status_code == 204
    assert not is_signed_in(client)
    assert client.get(path).status_code == 302


def test_a_head_request_does_not_burn_the_link(client: Client, owner: User) -> None:
    path = issue_entry_path(user=owner)
    client.head(path)
    assert not is_signed_in(client)
    assert client.get(path).status_code == 302


def test_a_link_expires_after_three_days(client: Client, owner: User) -> None:
    path = issue_entry_path(user=owner)
    with later(entry_tokens, 3.1):
        assert client.get(path).status_code == 410
    with later(entry_tokens, 2.9):
        assert client.get(path).status_code == 302


@pytest.mark.parametrize("name", ["one-time-link", "password-reset"])
@pytest.mark.parametrize("uid", ["MQ", "!!", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_a_tampered_link_gets_a_page_and_no_session(
    client: Client, owner: User, name: str, uid: str
) -> None:
    answer = client.get(reverse(name, args=[uid, "abc-def"]))
    assert answer.status_code == 410
    assert not is_signed_in(client)


def test_one_persons_token_does_not_open_another_account(client: Client, owner: User) -> None:
    token = issue_entry_path(user=make_user("ada")).rstrip("/").rpartition("/")[2]
    uid = issue_entry_path(user=owner).split("/")[2]
    assert client.get(reverse("one-time-link", args=[uid, token])).status_code == 410


def test_a_link_dies_once_a_password_is_set(client: Client, owner: User) -> None:
    path = issue_entry_path(user=owner)
    owner.set_password("battery staple")
    owner.save()
    assert client.get(path).status_code == 410


def test_a_link_to_a_closed_account_is_dead(client: Client) -> None:
    ada = make_user("ada", password=None)
    path = issue_entry_path(user=ada)
    User.objects.update(is_active=False)
    assert client.get(path).status_code == 410


@pytest.mark.parametrize("name", ["project-list", "account", "password-change", "admin:index"])
def test_without_a_password_every_page_leads_to_choosing_one(
    client: Client, owner: User, name: str
) -> None:
    client.get(issue_entry_path(user=owner))
    assert client.get(reverse(name))["Location"] == reverse("password-first")


def test_a_chosen_password_opens_the_pages_and_signs_in_later(client: Client, owner: User) -> None:
    client.get(issue_entry_path(user=owner))
    assert client.post(reverse("password-first"), NEW)["Location"] == reverse("project-list")
    assert client.get(reverse("project-list")).status_code == 200
    later_on = Client()
    later_on.post(reverse("sign-in"), {"username": "owner", "password": "battery staple"})
    assert is_signed_in(later_on)


def test_a_weak_first_password_is_refused(client: Client, owner: User) -> None:
    client.get(issue_entry_path(user=owner))
    weak = {"new_password1": "12345678", "new_password2": "12345678"}
    assert "too common" in client.post(reverse("password-first"), weak).content.decode()
    assert not User.objects.get().has_usable_password()


def test_looking_at_a_reset_link_does_not_use_it_up(client: Client) -> None:
    path = issue_reset_path(user=make_user("ada"))
    for _ in range(3):
        assert Client().get(path, follow=True).status_code == 200
    assert User.objects.get().check_password("correct horse")


def test_a_reset_link_sets_the_password_once_and_signs_in(client: Client) -> None:
    path = issue_reset_path(user=make_user("ada"))
    form = client.get(path)["Location"]
    assert client.post(form, NEW)["Location"] == reverse("project-list")
    assert is_signed_in(client)
    assert Client().get(path).status_code == 410


def test_a_reset_link_expires_after_three_days(client: Client) -> None:
    path = issue_reset_path(user=make_user("ada"))
    with later(reset_tokens, 3.1):
        assert client.get(path).status_code == 410


def test_a_link_dies_when_the_account_gains_a_project(client: Client) -> None:
    ada = make_user("ada")
    path = issue_reset_path(user=ada)
    Membership.objects.create(project=make_project(), user=ada, role=Role.ANNOTATOR)
    assert client.get(path).status_code == 410


def test_the_operator_can_print_a_link_for_anyone(
    client: Client, owner: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("make_link", "owner", site="http://labeler.example/")
    address = capsys.readouterr().out.strip()
    assert address.startswith("http://labeler.example/reset/")
    assert client.get(address.removeprefix("http://labeler.example")).status_code == 302


def test_a_link_for_nobody_names_the_accounts_there_are(owner: User) -> None:
    with pytest.raises(CommandError, match=r"no account named 'ownr'. Accounts: owner"):
        call_command("make_link", "ownr")


def test_the_first_account_is_made_once() -> None:
    first, was_made = ensure_first_account()
    again, was_made_again = ensure_first_account()
    assert (first, was_made, was_made_again) == (again, True, False)
    assert first.is_superuser
    assert not first.has_usable_password()


def test_an_ordinary_account_is_never_made_an_operator() -> None:
    make_user("owner")
    with pytest.raises(NameTaken):
        ensure_first_account()
    assert not User.objects.get().is_superuser
