"""Who may work on a project: adding, roles, leaving, links, and what an owner cannot reach."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from projects.models import Annotation, Lease, Membership, Project, ProjectEvent, User
from projects.models.project import Role
from projects.services.members import MemberRefused, add_member, change_role, remove_member
from projects.services.one_time_links import LinkRefused, issue_reset_by_owner
from tests.accounts.test_signing_in import signed_in
from tests.factories import NOW, make_examples, make_label, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    return make_project(owner=owner)


def joined(project: Project, user: User, role: Role = Role.ANNOTATOR) -> User:
    Membership.objects.create(project=project, user=user, role=role)
    return user


def added(owner: User, project: Project, name: str, role: str = "annotator") -> tuple[User, str]:
    return add_member(actor=owner, project=project, username=name, role=role, now=NOW)


def newest_event(project: Project) -> ProjectEvent:
    return ProjectEvent.objects.filter(project=project).latest("seq")


def test_an_existing_account_is_added_without_a_link(owner: User, project: Project) -> None:
    grace = make_user("grace")
    assert added(owner, project, "grace") == (grace, "")
    assert newest_event(project).payload == {
        "change": "added",
        "user_id": grace.pk,
        "username": "grace",
        "role": "annotator",
    }


def test_an_unknown_name_gets_an_account_and_a_link(
    client: Client, owner: User, project: Project
) -> None:
    user, link = added(owner, project, " grace ")
    assert (user.get_username(), user.has_usable_password()) == ("grace", False)
    assert client.get(link).status_code == 302
    assert newest_event(project).payload["change"] == "invited"


@pytest.mark.parametrize("name", ["", "two words", "a/b", "x" * 151, "nul\0"])
def test_a_name_no_account_can_have_is_refused(owner: User, project: Project, name: str) -> None:
    with pytest.raises(MemberRefused):
        added(owner, project, name)
    assert User.objects.count() == 1


def test_a_name_that_differs_in_capitals_is_refused(owner: User, project: Project) -> None:
    make_user("Grace")
    with pytest.raises(MemberRefused, match="an account named Grace"):
        added(owner, project, "grace")


def test_a_member_is_not_added_twice(owner: User, project: Project) -> None:
    with pytest.raises(MemberRefused, match="member already"):
        added(owner, project, "ada")


def test_somebody_who_never_came_in_gets_a_fresh_link_with_each_project(
    client: Client, owner: User, project: Project
) -> None:
    _, first = added(owner, project, "grace")
    _, second = added(owner, make_project(owner=owner), "grace")
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 302


def test_an_account_invited_by_somebody_else_is_not_opened(owner: User, project: Project) -> None:
    other = make_user("eve")
    added(owner, project, "grace")
    _, link = added(other, make_project(owner=other), "grace")
    assert link == ""


def test_the_last_owner_is_not_demoted(owner: User, project: Project) -> None:
    with pytest.raises(MemberRefused, match="last owner"):
        change_role(actor=owner, project=project, user=owner, role="annotator", now=NOW)
    assert project.memberships.get().role == Role.OWNER


def test_the_last_owner_does_not_leave(owner: User, project: Project) -> None:
    joined(project, make_user("grace"))
    with pytest.raises(MemberRefused, match="last owner"):
        remove_member(actor=owner, project=project, user=owner, now=NOW)


def test_an_owner_whose_account_is_closed_does_not_count(owner: User, project: Project) -> None:
    grace = joined(project, make_user("grace"), Role.OWNER)
    User.objects.filter(pk=grace.pk).update(is_active=False)
    with pytest.raises(MemberRefused, match="last owner"):
        remove_member(actor=owner, project=project, user=owner, now=NOW)


def test_with_a_second_owner_the_first_may_step_back(owner: User, project: Project) -> None:
    grace = joined(project, make_user("grace"))
    change_role(actor=owner, project=project, user=grace, role="owner", now=NOW)
    change_role(actor=grace, project=project, user=owner, role="annotator", now=NOW)
    assert project.memberships.get(user=owner).role == Role.ANNOTATOR
    assert newest_event(project).payload["change"] == "role"


def test_the_same_role_again_is_no_event(owner: User, project: Project) -> None:
    change_role(actor=owner, project=project, user=owner, role="owner", now=NOW)
    assert not ProjectEvent.objects.exists()


def test_leaving_frees_what_is_held_and_keeps_the_labels(owner: User, project: Project) -> None:
    grace = joined(project, make_user("grace"))
    first, second = make_examples(project, ["one", "two"])
    make_label(first, project.label_classes.all()[0], grace)
    Lease.objects.create(
        project=project, example=second, annotator=grace, tab=uuid4(),
        claimed_at=NOW, expires_at=NOW, draw="random",
    )  # fmt: skip
    remove_member(actor=owner, project=project, user=grace, now=NOW)
    assert not Lease.objects.exists()
    assert Annotation.objects.get().annotator == grace
    assert newest_event(project).payload["change"] == "removed"


def reset(owner: User, project: Project, user: User) -> str:
    return issue_reset_by_owner(actor=owner, project=project, user=user, now=NOW)


def test_an_owner_makes_a_link_for_her_annotator_and_it_is_recorded(
    client: Client, owner: User, project: Project
) -> None:
    link = reset(owner, project, joined(project, make_user("grace")))
    assert client.get(link).status_code == 302
    assert newest_event(project).payload["change"] == "link_issued"
    assert newest_event(project).actor == owner


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_no_link_opens_an_operators_account(owner: User, project: Project, flag: str) -> None:
    grace = joined(project, make_user("grace"))
    setattr(grace, flag, True)
    grace.save()
    with pytest.raises(LinkRefused, match="only an operator"):
        reset(owner, project, grace)


def test_no_link_opens_an_owners_account(owner: User, project: Project) -> None:
    grace = joined(project, make_user("grace"))
    make_project(owner=grace)
    with pytest.raises(LinkRefused, match="owns a project"):
        reset(owner, project, grace)


def test_no_link_opens_a_co_owners_account(owner: User, project: Project) -> None:
    grace = joined(project, make_user("grace"), Role.OWNER)
    with pytest.raises(LinkRefused, match="owns a project"):
        reset(owner, project, grace)


def test_adding_somebody_elses_annotator_does_not_make_her_account_reachable(
    owner: User, project: Project
) -> None:
    grace = joined(make_project(owner=make_user("eve")), make_user("grace"))
    added(owner, project, "grace")
    with pytest.raises(LinkRefused, match="a project that is not yours"):
        reset(owner, project, grace)


def test_who_answered_elsewhere_and_left_is_not_reachable_either(
    owner: User, project: Project
) -> None:
    eve, grace = make_user("eve"), joined(project, make_user("grace"))
    elsewhere = make_project(owner=eve)
    make_label(make_examples(elsewhere, ["one"])[0], elsewhere.label_classes.all()[0], grace)
    with pytest.raises(LinkRefused, match="a project that is not yours"):
        reset(owner, project, grace)


def test_no_link_is_made_for_a_stranger_or_for_oneself(owner: User, project: Project) -> None:
    for user in (make_user("grace"), owner):
        with pytest.raises(LinkRefused):
            reset(owner, project, user)
    assert not ProjectEvent.objects.exists()


def test_the_page_shows_who_did_what(owner: User, project: Project) -> None:
    grace = joined(project, make_user("grace"))
    make_label(make_examples(project, ["one"])[0], project.label_classes.all()[0], grace)
    remove_member(actor=owner, project=project, user=grace, now=NOW)
    page = signed_in(owner).get(reverse("members", args=[project.pk])).content.decode()
    assert "Left, with labels that stay: grace (1)." in page


def test_a_fresh_link_is_shown_once(owner: User, project: Project) -> None:
    client = signed_in(owner)
    fields = {"username": "grace", "role": "annotator"}
    shown = client.post(reverse("member-add", args=[project.pk]), fields, follow=True)
    again = client.get(reverse("members", args=[project.pk]))
    assert "http://testserver/reset/" in shown.content.decode()
    assert "/reset/" not in again.content.decode()


def test_a_refused_name_stands_beside_its_field(owner: User, project: Project) -> None:
    fields = {"username": "two words", "role": "annotator"}
    answer = signed_in(owner).post(reverse("member-add", args=[project.pk]), fields)
    assert "is no name for an account" in answer.content.decode()


def test_an_unknown_role_is_refused(owner: User, project: Project) -> None:
    grace = joined(project, make_user("grace"))
    address = reverse("member-role", args=[project.pk, grace.pk])
    answer = signed_in(owner).post(address, {"role": "emperor"}, follow=True)
    assert "Choose one of the roles" in answer.content.decode()
    assert project.memberships.get(user=grace).role == Role.ANNOTATOR


def test_who_leaves_her_own_project_arrives_at_the_list(owner: User, project: Project) -> None:
    joined(project, make_user("grace"), Role.OWNER)
    answer = signed_in(owner).post(reverse("member-remove", args=[project.pk, owner.pk]))
    assert answer["Location"] == reverse("project-list")


def test_the_page_takes_the_same_queries_for_two_members_and_for_many(
    owner: User, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        joined(project, make_user(f"grace{number}"))
    client = signed_in(owner)
    with django_assert_max_num_queries(15):
        client.get(reverse("members", args=[project.pk]))
