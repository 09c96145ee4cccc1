"""The account `make rehearse` plays with: its own, and shut when the play is over."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from projects.models import User
from tests.factories import make_project, make_user


def opened() -> tuple[str, str]:
    out = io.StringIO()
    call_command("rehearsal_account", "open", stdout=out)
    name, path = out.getvalue().split()
    return name, path


def test_it_signs_in_once_and_is_gone_after_the_play(db: None, client: Client) -> None:
    name, path = opened()
    assert client.get(path).status_code == 302
    call_command("rehearsal_account", "close", name)
    assert not User.objects.filter(username=name).exists()


def test_with_a_project_still_in_the_bin_it_is_shut_and_goes_next_time(db: None) -> None:
    name, _ = opened()
    project = make_project(owner=User.objects.get(username=name))
    project.events.create(
        seq=1,
        kind="created",
        actor_id=User.objects.get(username=name).pk,
        created_at=project.created_at,
    )
    call_command("rehearsal_account", "close", name)
    assert not User.objects.get(username=name).is_active
    project.delete()
    opened()
    assert not User.objects.filter(username=name).exists()


def test_a_persons_account_is_never_taken_for_it(db: None) -> None:
    make_user("rehearsal")
    opened()
    with pytest.raises(CommandError, match="No rehearsal plays"):
        call_command("rehearsal_account", "close", "rehearsal")
    assert User.objects.get(username="rehearsal").check_password("correct horse")
