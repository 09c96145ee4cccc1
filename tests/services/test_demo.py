"""The demo's data: a known archive or none, and a table out of it."""

import csv
import io
import tarfile
from pathlib import Path

import pytest

from labeler import demo

LINES = {
    "movieReviewSnippets_GroundTruth.txt": "1\t2.26666666667\tA splendid film.\r\n",
    "nytEditorialSnippets_GroundTruth.txt": "1_1\t0.4\tThe mayor should resign.\r\n",
    "tweets_GroundTruth.txt": "1\t-1.5\tlate again &amp; tired\r\n2\t0\ttab\there\r\n",
    "amazonReviewSnippets_GroundTruth.txt": "1_1\t-0.9\tbattery died after a week",
}


def pack(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    inner = pack({f"hutto_ICWSM_2014/{name}": text.encode() for name, text in LINES.items()})
    path = tmp_path / demo.ARCHIVE
    path.write_bytes(pack({demo.INNER_ARCHIVE: inner}))
    return path


def rows_of(archive: Path) -> list[dict[str, str]]:
    with demo.write_csv(archive).open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_sentence_becomes_a_row_with_its_source_and_mean_rating(archive: Path) -> None:
    rows = {row["text"]: (row["source"], row["rating"]) for row in rows_of(archive)}
    assert rows == {
        "A splendid film.": ("film reviews", "2.27"),
        "The mayor should resign.": ("newspaper opinions", "0.40"),
        "late again & tired": ("tweets", "-1.50"),
        "tab\there": ("tweets", "0.00"),
        "battery died after a week": ("product reviews", "-0.90"),
    }


def test_neither_id_nor_row_gives_the_source_away(archive: Path) -> None:
    rows = rows_of(archive)
    assert all(len(row["id"]) == 12 and int(row["id"], 16) >= 0 for row in rows)
    assert [row["id"] for row in rows] == sorted({row["id"] for row in rows})


def test_characters_stored_for_the_web_are_read_as_what_they_are(archive: Path) -> None:
    texts = [text for _, text, _, _ in demo.sentences(archive)]
    assert "late again & tired" in texts
    assert "tab\there" in texts


def test_another_archive_of_that_name_is_removed_and_said(archive: Path) -> None:
    with pytest.raises(demo.DemoProblem, match=f"has SHA-256 .*, not {demo.SHA256}"):
        demo.fetch_archive(archive.parent)
    assert not archive.exists()


def test_without_network_the_reason_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(demo.DemoProblem) as caught:
        demo.fetch_archive(tmp_path)
    assert "\n" not in str(caught.value)
    assert "vaderSentiment" in str(caught.value)
