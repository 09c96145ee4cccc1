"""Encodings: UTF-8, UTF-16 with its mark; anything else is refused with its place."""

import codecs

import pytest

from projects.reading import Layout
from tests.reading.reading import refused, rows_of

CSV = Layout(kind="csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_these_encodings_are_read(encoding: str) -> None:
    content = "text,label\nné à Łódź 😀,x\n".encode(encoding)
    assert rows_of(content, CSV) == [(2, {"text": "né à Łódź 😀", "label": "x"})]


def test_utf_16_of_the_other_byte_order_is_read() -> None:
    content = codecs.BOM_UTF16_BE + "text\nné\n".encode("utf-16-be")
    assert rows_of(content, CSV) == [(2, {"text": "né"})]


def test_another_encoding_names_line_byte_and_the_likely_one() -> None:
    french = "Les élèves étaient très fâchés d'être arrivés en retard à l'école.\n" * 20
    error = refused(("text\nok\n" + french).encode("cp1252"), CSV)
    assert (error.line, error.byte) == (3, len("text\nok\nLes ") + 1)
    assert "0xE9" in error.found
    assert "looks like" in error.found
    assert "CSV UTF-8" in error.allowed


def test_the_line_of_a_wrong_byte_far_into_a_file_is_right() -> None:
    content = b"text\r\n" + (b"fine line " * 1000 + b"\r\n") * 400 + b"wrong \xff\r\n"
    error = refused(content, CSV)
    assert error.line == 402
    assert error.byte == len(content) - 2


def test_a_cut_off_character_at_the_end_is_refused() -> None:
    assert refused("text\ncaf\u00e9".encode()[:-1], CSV).line == 2


def test_a_nul_character_names_its_line() -> None:
    error = refused(b"text\nfine\na\0b\n", CSV)
    assert (error.line, error.found) == (3, "a NUL character after 1 characters")


def test_utf_16_without_its_mark_is_refused() -> None:
    assert "UTF-8" in refused("text\nhello\n".encode("utf-16-le"), CSV).allowed


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"%PDF-1.7", b"\x1f\x8b", b"PAR1"])
def test_files_that_are_no_text_are_called_by_their_name(magic: bytes) -> None:
    error = refused(magic + b"rest", CSV)
    assert error.found.startswith("a")
    assert "CSV, TSV, JSON lines" in error.allowed


def test_a_line_end_cut_by_a_chunk_is_one_line_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.reading.decoding.CHUNK_BYTES", 1)
    rows = rows_of(b"text,label long enough\r\na,b\r\n\rc,d\r", CSV)
    assert [line for line, _ in rows] == [2, 4]
