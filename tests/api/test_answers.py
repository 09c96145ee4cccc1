"""What the API answers to what it cannot take: JSON of one shape, never a page, never a traceback."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from labeler.api import rates
from labeler.refusing import read_out
from projects.models import ApiToken, Membership, Project, User
from projects.models.project import Role
from tests.api.worlds import Program, answer, make_program, make_token, problem
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db


def test_without_a_token_nothing_is_told(program: Program) -> None:
    program.secret = ""
    response = program.get()
    assert "token" in problem(response, 401)["message"]
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("secret", ["lab_" + "0" * 64, "nonsense", "ünïcödé", "x" * 5000])
def test_a_wrong_token_is_no_token(program: Program, secret: str) -> None:
    program.secret = secret
    assert problem(program.get(), 401)["code"] == "unauthorized"


def test_a_session_is_no_token(project: Project, owner: User) -> None:
    client = Client()
    client.force_login(owner)
    problem(client.get(f"/api/v1/projects/{project.pk}"), 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(minutes=1)},
    ],
)
def test_a_token_that_has_ended_is_no_token(program: Program, changes: dict[str, Any]) -> None:
    ApiToken.objects.update(**changes)
    problem(program.get(), 401)


def test_a_token_of_somebody_who_is_no_owner_any_more_is_no_token(program: Program) -> None:
    Membership.objects.update(role=Role.ANNOTATOR)
    assert "no owner" in problem(program.get(), 401)["message"]


def test_a_token_of_a_closed_account_is_no_token(program: Program) -> None:
    User.objects.update(is_active=False)
    problem(program.get(), 401)


def test_another_project_is_not_found_though_its_token_is_good(program: Program) -> None:
    other = make_project(owner=make_user("grace"), name="Other")
    problem(program.get(f"/api/v1/projects/{other.pk}"), 404)
    assert problem(program.get("/api/v1/projects/999999"), 404)["field"] == "project_id"


def test_a_project_in_the_bin_is_not_found(program: Program) -> None:
    Project.objects.update(binned_at=timezone.now())
    problem(program.get(), 404)


def test_a_missing_scope_is_named(project: Project) -> None:
    program = make_program(project, scopes=["predict"])
    said = problem(program.get(), 403)
    assert (said["code"], said["scope"]) == ("missing_scope", "read")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"{", "line 1, column 2"),
        (b"\xff\xfe{}", "byte 1"),
        (b'{"budget": NaN}', "NaN"),
        (b'{"budget": 1, "budget": 2}', "stands twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"budget": ' + b"9" * 5000 + b"}", "no JSON"),
    ],
)
def test_what_is_no_json_is_told_where(program: Program, raw: bytes, message: str) -> None:
    said = problem(program.call("POST", "/simulations", raw=raw), 400)
    assert said["code"] == "bad_json"
    assert message in said["message"]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"source": "gold", "budgt": 3}, "budgt", "There is no such field."),
        ({"source": "gold", "budget": "many"}, "budget", "valid integer"),
        ({"source": "gold", "budget": 8.5}, "budget", "valid integer"),
        ({"source": "gold", "budget": True}, "budget", "valid integer"),
        ({"budget": 8}, "source", "needed"),
        ({"source": "gold", "strategies": [1]}, "strategies.0", "valid string"),
        ([], "", "valid dictionary"),
        (None, "", "valid dictionary"),
        ("text", "", "valid dictionary"),
    ],
)
def test_a_wrong_field_is_named(program: Program, body: Any, field: str, message: str) -> None:
    said = problem(program.call("POST", "/simulations", raw=json.dumps(body).encode()), 422)
    assert said.get("field", "") == field
    assert message in said["message"]


def test_no_body_at_all_is_told(program: Program) -> None:
    assert "needed" in problem(program.post("/simulations"), 422)["message"]


def test_every_wrong_field_is_listed(program: Program) -> None:
    said = problem(program.post("/simulations", {"source": "x", "budget": 0}), 422)
    assert [error["field"] for error in said["errors"]] == ["source", "budget"]


def test_a_body_that_is_too_large_is_not_read(program: Program, settings: Any) -> None:
    settings.LABELER_API_MAX_BODY_BYTES = 100
    said = problem(program.call("POST", "/simulations", raw=b" " * 101), 413)
    assert said["message"] == "101 bytes; allowed: 100 a request."


@pytest.mark.parametrize(("n_bytes", "seconds"), [(10**12, 10.0), (3, 0.0)])
def test_what_is_endless_is_not_read_to_its_end(
    n_bytes: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labeler.refusing.READ_OUT_SECONDS", seconds)
    request = RequestFactory().post("/", b"abc", "text/plain", CONTENT_LENGTH=str(n_bytes))
    read_out(request)
    assert request.read(1) == b"a"


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", ""])
def test_json_that_calls_itself_something_else_is_refused(program: Program, kind: str) -> None:
    address = f"/api/v1/projects/{program.project.pk}/predict"
    auth = {"Authorization": f"Bearer {program.secret}"}
    sent = program.client.generic("POST", address, b'{"text": "a"}', kind, headers=auth)
    assert problem(sent, 415)["code"] == "unsupported_media_type"


def test_a_body_in_chunks_is_told_to_have_a_length(program: Program) -> None:
    said = program.client.generic(
        "POST", "/api/v1/projects/1/predict", b"", headers={"Transfer-Encoding": "chunked"},
        CONTENT_LENGTH="",
    )  # fmt: skip
    assert problem(said, 411)["code"] == "length_required"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing", 404), ("GET", "/api/", 404), ("DELETE", "", 405), ("PUT", "", 405)],
)
def test_an_address_or_method_that_is_not_there_is_answered_in_json(
    program: Program, method: str, path: str, status: int
) -> None:
    problem(program.call(method, path), status)


def test_a_strange_host_is_answered_in_json(program: Program) -> None:
    problem(program.get(Host="evil.example"), 400)


def test_an_error_of_ours_is_told_without_its_traceback(
    program: Program, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    for debug in (False, True):
        settings.DEBUG = debug
        monkeypatch.setattr("labeler.api.projects.project_status", lambda *_: 1 / 0)
        assert "ZeroDivision" not in json.dumps(problem(program.get(), 500))


def test_a_database_that_is_away_is_told(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def away(*_: object) -> None:
        raise OperationalError("secret address")

    monkeypatch.setattr("labeler.api.projects.project_status", away)
    assert problem(program.get(), 503)["code"] == "database_away"


def test_too_many_requests_are_told_when_to_come_again(program: Program, settings: Any) -> None:
    settings.LABELER_API_REQUESTS_A_MINUTE = 2
    rates.client().flushdb()
    statuses = [program.get("/classes").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    response = program.get("/classes")
    assert 1 <= int(response["Retry-After"]) <= 60
    assert response["RateLimit-Counted-By"] == "the broker"


def test_each_token_has_its_own_limit(program: Program, project: Project, settings: Any) -> None:
    settings.LABELER_API_REQUESTS_A_MINUTE = 1
    rates.client().flushdb()
    assert program.get("/classes").status_code == 200
    other = Program(project, make_token(project, random=b"q" * 32)[1])
    assert other.get("/classes")["RateLimit-Remaining"] == "0"
    assert other.get("/classes").status_code == 429


def test_without_a_broker_each_process_counts_and_says_so(program: Program, settings: Any) -> None:
    settings.LABELER_API_REQUESTS_A_MINUTE = 1
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    rates.client.cache_clear()
    try:
        first, second = program.get("/classes"), program.get("/classes")
        assert first["RateLimit-Counted-By"] == "this process"
        assert second.status_code == 429
    finally:
        rates.client.cache_clear()


def test_answers_are_kept_by_nobody(program: Program) -> None:
    assert program.get()["Cache-Control"] == "no-store"


def test_the_description_lists_every_address_without_a_token(client: Client) -> None:
    said = answer(client.get(reverse("api-1:openapi-json")))
    assert "/api/v1/projects/{project_id}/simulations" in said["paths"]
    assert said["components"]["securitySchemes"]["TokenAuth"]["scheme"] == "bearer"


@pytest.mark.parametrize(
    ("broker", "expected"),
    [
        ("redis://:pw@h:6379/2", "redis://:pw@h:6379/2"),
        ("redis+socket://:pw@/run/v.sock?virtual_host=3", "unix://:pw@/run/v.sock?db=3"),
    ],
)
def test_the_brokers_address_is_read_as_celery_reads_it(broker: str, expected: str) -> None:
    assert rates.plain_url(broker) == expected
