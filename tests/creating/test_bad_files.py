"""Every kind of bad file, through the real page: a sentence beside the field, nothing kept."""

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from projects.models import Project, StagedUpload
from tests.factories import make_user

pytestmark = pytest.mark.django_db
BAD = {
    "empty": ("f.csv", b"", "The submitted file is empty"),
    "blank": ("f.csv", b"\n\n", "f.csv, line 1: found an empty file. Allowed: at least one row."),
    "header only": ("f.csv", b"text,label\n", "a line of column names and no rows"),
    "cp1252": (
        "f.csv",
        "text\ncafé au lait\n".encode("cp1252"),
        "f.csv, line 2, byte 9: found the byte 0xE9",
    ),
    "utf-16 without mark": (
        "f.csv",
        "text\nhé\n".encode("utf-16-le"),
        "UTF-16 with a byte order mark",
    ),
    "nul": ("f.csv", b"text\na\0b\n", "f.csv, line 2: found a NUL character"),
    "a cell too large": (
        "f.csv",
        b"text\n" + b"a" * 4_500_000,
        "f.csv, line 2, column “1”: found a cell of",
    ),
    "a million columns": ("f.csv", b"text\n" + b"," * 999_999, "more than 1,000 columns"),
    "ragged": ("f.csv", b"text,label\na,b\nc\n", "f.csv, line 3, column “label”: found 1 cell"),
    "open quote": (
        "f.csv",
        b'text,label\na,b\n"c,d\n',
        "f.csv, line 3, column “1”: found a quote that opens here",
    ),
    "after a quote": ("f.csv", b'text\n"a"b\n', "text after a closing quote"),
    "a name twice": ("f.csv", b"text,text\na,b\n", "the name in columns 1 and 2"),
    "bad json": ("f.jsonl", b'{"text": "a"}\n{"text"\n', "f.jsonl, line 2: found the line"),
    "a json list": ("f.jsonl", b"[1]\n", "f.jsonl, line 1: found a JSON list"),
    "a lone surrogate": ("f.jsonl", b'{"text": "\\ud800"}\n', "half of a surrogate pair"),
    "a spreadsheet": ("f.xlsx", b"PK\x03\x04rest", "a zip archive or a spreadsheet"),
    "a json file": ("f.json", b'[{"text": "a"}]', "one object a line"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_answered_beside_its_field_and_not_kept(client: Client, case: str) -> None:
    client.force_login(make_user())
    name, content, words = BAD[case]
    response = client.post("/new/", {"file": SimpleUploadedFile(name, content), "lines": ""})
    error = BeautifulSoup(response.content, "html.parser").select_one(".drop .error")
    assert response.status_code == 422
    assert error is not None
    assert words in error.text
    assert not StagedUpload.objects.exists()


def test_too_many_rows_are_refused_with_the_line(client: Client, settings: object) -> None:
    settings.LABELER_MAX_ROWS = 2  # type: ignore[attr-defined]
    client.force_login(make_user())
    file = SimpleUploadedFile("f.csv", b"text\na\nb\nc\n")
    response = client.post("/new/", {"file": file, "lines": ""})
    assert "f.csv, line 4: found more than 2 rows" in response.content.decode()


def test_bad_pasted_lines_are_answered_beside_them_and_still_there(client: Client) -> None:
    client.force_login(make_user())
    response = client.post("/new/", {"lines": '{"text": "a"}\n{broken\n'})
    soup = BeautifulSoup(response.content, "html.parser")
    assert "pasted lines, line 2" in soup.select(".field")[1].text
    area = soup.select_one("textarea")
    assert area is not None
    assert "{broken" in area.text
    assert not Project.objects.exists()
