"""Texts that a teacher writes: apart from the pool, looked at one by one, never an example."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Example, LabelClass, Project, SyntheticExample, TeacherRun, User
from projects.services.refusals import Refused
from projects.services.teacher.reviewing import review
from tests.factories import NOW, make_user
from tests.teacher.rows import make_run, make_written
from tests.teacher.server import Answer, Server, completion
from tests.teacher.worlds import label, make_teacher, start, texts_project, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    return texts_project(owner)


def numbered(server: Server) -> None:
    """Each request brings ten texts that no other brought."""

    def write(_: object) -> Answer:
        first = 10 * len(server.bodies)
        texts = [f"no, number {n}" for n in range(first, first + 10)]
        return completion(json.dumps({"texts": texts}))

    server.usual = write


def written(server: Server, project: Project, n: int = 12) -> TeacherRun:
    teacher = make_teacher(project, base_url=server.url)
    no = LabelClass.objects.get(project=project, name="no")
    return work(start(teacher, "synthetic", n, label_class=no))


def test_so_many_texts_are_written_and_stand_apart(server: Server, project: Project) -> None:
    numbered(server)
    before = Example.objects.count()
    run = written(server, project)
    assert (run.status, run.n_done, len(server.bodies)) == ("done", 12, 2)
    assert SyntheticExample.objects.filter(accepted=None, label_class__name="no").count() == 12
    assert Example.objects.count() == before
    project.refresh_from_db()
    assert project.n_texts == 12


def test_what_is_in_the_project_already_is_thrown_away(server: Server, project: Project) -> None:
    server.usual = lambda _: completion('{"texts": ["yes 0", " no 11 "]}')
    run = written(server, project)
    assert (run.status, run.n_done) == ("stopped", 0)
    assert "brought no new text" in run.error
    assert not SyntheticExample.objects.exists()


def test_samples_are_labelled_texts_of_the_pool_and_never_random_ones(
    server: Server, project: Project, owner: User
) -> None:
    numbered(server)
    sample = project.examples.get(text="no 11")
    label(sample, "no", owner)
    written(server, project)
    told = server.bodies[0]["messages"][0]["content"]
    assert "\nno 11\n" in told
    assert "\nno 1\n" not in told


def test_a_class_of_another_project_is_refused(project: Project) -> None:
    other = texts_project(make_user("eve")).label_classes.first()
    with pytest.raises(Refused, match="one of the project’s classes"):
        start(make_teacher(project), "synthetic", 5, label_class=other)


def test_a_lead_keeps_and_drops_and_the_ledger_says_who(project: Project, owner: User) -> None:
    run = make_run(make_teacher(project), "synthetic")
    first, second = make_written(run, "never", "no"), make_written(run, "nope", "no")
    assert review(actor=owner, project=project, keep=[first.pk], drop=[second.pk], now=NOW) == (
        1,
        1,
    )
    assert review(actor=owner, project=project, keep=[first.pk], drop=[], now=NOW) == (0, 0)
    event = project.events.get(kind="synthetic_reviewed")
    assert (event.actor, event.payload) == (owner, {"kept": [first.pk], "dropped": [second.pk]})


def test_a_text_of_another_project_is_left_alone(project: Project, owner: User) -> None:
    other = texts_project(make_user("eve"))
    theirs = make_written(make_run(make_teacher(other), "synthetic"), "never", "no")
    assert review(actor=owner, project=project, keep=[theirs.pk], drop=[], now=NOW) == (0, 0)
    theirs.refresh_from_db()
    assert theirs.accepted is None


def test_the_page_orders_shows_and_judges_them(
    server: Server, project: Project, owner: User
) -> None:
    numbered(server)
    make_teacher(project, base_url=server.url)
    client = Client()
    client.force_login(owner)
    path = reverse("teacher-written", args=[project.pk])
    no = LabelClass.objects.get(project=project, name="no")
    client.post(path, {"write": "1", "label_class": no.pk, "n": 10})
    work(TeacherRun.objects.get())
    page = client.get(path).content.decode()
    assert "written by Big model" in page
    kept, dropped = SyntheticExample.objects.order_by("pk")[:2]
    client.post(path, {f"text-{kept.pk}": "keep", f"text-{dropped.pk}": "drop"})
    assert "1 written text kept; they train nothing yet" in client.get(path).content.decode()
    assert dropped.text in client.get(path, {"show": "dropped"}).content.decode()


def test_a_number_that_cannot_be_is_told(project: Project, owner: User) -> None:
    make_teacher(project)
    client = Client()
    client.force_login(owner)
    path = reverse("teacher-written", args=[project.pk])
    assert client.post(path, {"write": "1", "label_class": 1, "n": 0}).status_code == 422
    assert client.get(path, {"show": "nonsense"}).status_code == 404


def test_switching_them_on_is_in_the_ledger(project: Project, owner: User) -> None:
    teacher = make_teacher(project)
    client = Client()
    client.force_login(owner)
    client.post(reverse("teacher-written-use", args=[project.pk]), {"use": "1"})
    teacher.refresh_from_db()
    assert teacher.use_synthetic
    last = project.events.filter(kind="teacher_set").last()
    assert last
    assert last.payload == {"teacher": teacher.pk, "use_synthetic": True}
