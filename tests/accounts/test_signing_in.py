"""Signing in and out, wrong passwords, changing the password."""

import pytest
from axes.helpers import get_failure_limit
from django.test import Client
from django.urls import reverse

from projects.models import User
from projects.services.one_time_links import issue_reset_path
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
GOOD = {"username": "ada", "password": "correct horse"}


@pytest.fixture
def ada() -> User:
    return make_user("ada")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def test_the_right_password_signs_in_and_leads_to_the_projects(client: Client, ada: User) -> None:
    answer = client.post(reverse("sign-in"), GOOD)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("project-list")
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_after_signing_in_one_arrives_where_one_wanted_to_go(client: Client, ada: User) -> None:
    wanted = client.get(reverse("account"))["Location"]
    answer = client.post(wanted, {**GOOD, "next": reverse("account")})
    assert answer["Location"] == reverse("account")


def test_signing_in_never_leads_to_another_site(client: Client, ada: User) -> None:
    answer = client.post(reverse("sign-in"), {**GOOD, "next": "https://evil.example/"})
    assert answer["Location"] == reverse("project-list")


def test_signing_in_begins_a_new_session(client: Client, ada: User) -> None:
    client.cookies["sessionid"] = "planted-by-somebody-else"
    client.post(reverse("sign-in"), GOOD)
    assert client.cookies["sessionid"].value != "planted-by-somebody-else"


def test_a_wrong_password_is_said_without_saying_which_part(client: Client, ada: User) -> None:
    pages = [
        client.post(reverse("sign-in"), {"username": name, "password": "wrong"}).content.decode()
        for name in ("ada", "nobody")
    ]
    assert all("do not belong together" in page for page in pages)
    assert "_auth_user_id" not in client.session


def test_a_closed_account_cannot_sign_in(client: Client, ada: User) -> None:
    User.objects.update(is_active=False)
    page = client.post(reverse("sign-in"), GOOD).content.decode()
    assert "do not belong together" in page


@pytest.mark.parametrize("name", ["sign-in", "admin:login"])
def test_guessing_is_stopped_at_the_limit(client: Client, ada: User, name: str) -> None:
    wrong = {**GOOD, "password": "wrong"}
    statuses = [
        client.post(reverse(name), wrong).status_code for _ in range(get_failure_limit(None, None))
    ]
    assert statuses == [200] * (len(statuses) - 1) + [429]
    page = client.post(reverse(name), GOOD)
    assert page.status_code == 429
    assert "closed to it for <b>15 minutes</b>" in page.content.decode()


def test_a_lock_holds_for_one_name_only(client: Client, ada: User) -> None:
    make_user("grace")
    for _ in range(get_failure_limit(None, None)):
        client.post(reverse("sign-in"), {**GOOD, "password": "wrong"})
    answer = client.post(reverse("sign-in"), {**GOOD, "username": "grace"})
    assert answer.status_code == 302


def test_a_reset_link_opens_a_locked_account_at_once(client: Client, ada: User) -> None:
    for _ in range(get_failure_limit(None, None)):
        client.post(reverse("sign-in"), {**GOOD, "password": "wrong"})
    form = client.get(issue_reset_path(user=ada))["Location"]
    fields = {"new_password1": "battery staple", "new_password2": "battery staple"}
    client.post(form, fields)
    assert client.get(reverse("account")).status_code == 200
    answer = Client().post(reverse("sign-in"), {"username": "ada", "password": "battery staple"})
    assert answer.status_code == 302


def test_a_fragment_without_a_session_reloads_its_page(client: Client, ada: User) -> None:
    project = make_project(owner=ada)
    address = reverse("project-status", args=[project.pk])
    answer = client.get(address, headers={"HX-Request": "true"}, follow=True)
    assert answer["HX-Refresh"] == "true"
    assert answer.content == b""


def test_signing_out_takes_a_post(ada: User) -> None:
    client = signed_in(ada)
    assert client.get(reverse("sign-out")).status_code == 405
    assert client.post(reverse("sign-out"))["Location"] == reverse("sign-in")
    assert "_auth_user_id" not in client.session


def test_a_new_password_keeps_this_session_and_ends_the_others(ada: User) -> None:
    here, elsewhere = signed_in(ada), signed_in(ada)
    fields = {
        "old_password": "correct horse",
        "new_password1": "battery staple",
        "new_password2": "battery staple",
    }
    assert here.post(reverse("password-change"), fields).status_code == 302
    assert here.get(reverse("account")).status_code == 200
    assert elsewhere.get(reverse("account")).status_code == 302


def test_a_new_password_wants_the_old_one(ada: User) -> None:
    fields = {
        "old_password": "no",
        "new_password1": "battery staple",
        "new_password2": "battery staple",
    }
    page = signed_in(ada).post(reverse("password-change"), fields).content.decode()
    assert "Your old password was entered incorrectly" in page
    assert User.objects.get().check_password("correct horse")


def test_the_account_page_shows_the_admin_site_to_staff_alone(ada: User) -> None:
    link = f'href="{reverse("admin:index")}"'
    assert link not in signed_in(ada).get(reverse("account")).content.decode()
    User.objects.update(is_staff=True)
    assert link in signed_in(ada).get(reverse("account")).content.decode()
