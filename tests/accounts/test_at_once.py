"""Two people at the same moment: rules about members and links hold all the same."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection

from projects.models import Membership, User
from projects.models.project import Role
from projects.services.first_account import ensure_first_account
from projects.services.members import MemberRefused, change_role
from projects.services.one_time_links import issue_entry_path, use_entry_link
from tests.factories import NOW, make_project, make_user

Answer = TypeVar("Answer")
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Answer]) -> list[Answer]:
    """Each act in a thread of its own, with a connection of its own, begun together."""
    begin = Barrier(len(acts))

    def alone(act: Callable[[], Answer]) -> Answer:
        begin.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(alone, acts))


def test_two_owners_who_step_back_at_once_leave_one() -> None:
    ada, grace = make_user("ada"), make_user("grace")
    project = make_project(owner=ada)
    Membership.objects.create(project=project, user=grace, role=Role.OWNER)

    def step_back(user: User) -> str:
        try:
            change_role(actor=user, project=project, user=user, role="annotator", now=NOW)
        except MemberRefused:
            return "refused"
        return "done"

    answers = at_once(lambda: step_back(ada), lambda: step_back(grace))
    assert sorted(answers) == ["done", "refused"]
    assert project.memberships.filter(role=Role.OWNER).count() == 1


def test_a_link_opened_twice_at_once_signs_in_once() -> None:
    _, _, uid, token, _ = issue_entry_path(user=ensure_first_account()[0]).split("/")
    users = at_once(*[lambda: use_entry_link(uidb64=uid, token=token)] * 4)
    assert sum(user is not None for user in users) == 1
