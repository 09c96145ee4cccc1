"""What nobody thought of, sent to every address that takes JSON: a clear answer, and never an error of ours."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labeler.api.site import api
from tests.api.worlds import Program

DESCRIPTION = json.loads(json.dumps(api.get_openapi_schema(), default=str))
START = "/api/v1/projects/{project_id}"


def addresses() -> list[tuple[str, str, list[str]]]:
    """Method, path and the names of the fields of what takes JSON."""
    found = []
    for path, methods in DESCRIPTION["paths"].items():
        for method, told in methods.items():
            content = told.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
                fields = list(DESCRIPTION["components"]["schemas"][name]["properties"])
                found.append((method.upper(), path.removeprefix(START), fields))
    return found


ADDRESSES = addresses()
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Something of any kind in fields that there are."""
    method, path, fields = draw(st.sampled_from(ADDRESSES))
    body = draw(ANYTHING | st.dictionaries(st.sampled_from(fields), ANYTHING, max_size=4))
    return method, path, body


def test_addresses_that_take_json_are_found() -> None:
    paths = {path for _, path, _ in ADDRESSES}
    assert {"/predict", "/feedback", "/examples", "/simulations", "/learning"} <= paths


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(asked=requests())
def test_anything_is_answered_as_described(program: Program, asked: tuple[str, str, Any]) -> None:
    method, path, body = asked
    response = program.call(method, path, body)
    said = json.loads(response.content)
    assert response.status_code < 500 or said["error"]["code"] == "models_away"
    assert ("error" in said) == (response.status_code >= 400)
