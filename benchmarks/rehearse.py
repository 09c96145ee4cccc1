"""Play an annotator over HTTP against the running product and print what the curve says.

Run by `make rehearse` while `make run` is up. It makes throw-away projects from a sample of the demo
sentences, one a strategy, with the same texts, seed of the sample and gold test split. It answers
every question with the gold label, through the same pages and the same worker as a person would, waits
for each fit as a slow reader would, prints the curves, and removes what it made. One run is no claim.
"""

import argparse
import csv
import io
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np

from benchmarks.person import PageTrouble, Person

FIT_PATIENCE_SECONDS = 240
READING_PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class Sentence:
    """One demo sentence with its gold label and the split it is put in."""

    id: str
    text: str
    gold: str
    split: str


@dataclass(frozen=True)
class Outcome:
    """What one rehearsal came to."""

    strategy: str
    n_answers: int
    n_in_file_order: int
    seconds: float
    points: list[dict[str, str]]


def sample(source: Path, *, n_pool: int, n_test: int, rng: np.random.Generator) -> list[Sentence]:
    """A random sample of the demo's distinct sentences, the last `n_test` as a gold test split."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = list({squeeze(row["text"]): row for row in csv.DictReader(file)}.values())
    chosen = [rows[i] for i in rng.permutation(len(rows))[: n_pool + n_test]]
    return [
        Sentence(row["id"], row["text"], row["source"], "train" if i < n_pool else "test")
        for i, row in enumerate(chosen)
    ]


def squeeze(text: str) -> str:
    """The text with every run of white space as one space: what a page shows of it."""
    return " ".join(text.split())


def as_csv(sentences: Sequence[Sentence]) -> bytes:
    """The upload a lead would have: id, text, label, split."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "text", "source", "split"])
    writer.writerows([s.id, s.text, s.gold, s.split] for s in sentences)
    return out.getvalue().encode("utf-8")


def make_project(person: Person, *, name: str, sentences: Sequence[Sentence]) -> str:
    """Upload, confirm the guesses, wait for the import. Returns the project's path."""
    person.open("/new/")
    upload = {"file": ("sentences.csv", as_csv(sentences), "text/csv")}
    person.submit(person.form("input[type=file]"), {}, files=upload)
    person.submit(person.form("[name=name]"), {"name": name})
    if not person.address.rstrip("/").rsplit("/", 1)[-1].isdigit() or "/new/" in person.address:
        raise PageTrouble(f"the project was not made: {person.said()}")
    return httpx.URL(person.address).path


def set_strategy(person: Person, path: str, strategy: str) -> None:
    """Choose the strategy on the settings page, as an owner does."""
    person.open(f"{path}settings/learning/")
    person.submit(person.form("select[name=strategy]"), {"strategy": strategy})
    chosen = person.page.select_one("select[name=strategy] option[selected]")
    if chosen is None or chosen.get("value") != strategy:
        raise PageTrouble(f"the strategy was not taken: {person.said()}")


def wait_until_read(person: Person, path: str) -> None:
    """Look at the project page until every text is embedded: this annotator answers faster than a
    person, and would be through before the strategy had a pool to choose from.
    """
    deadline = time.monotonic() + READING_PATIENCE_SECONDS
    while person.open(path).select_one("#texts-read") is None:
        if time.monotonic() > deadline:
            raise PageTrouble(f"the texts were not read within {READING_PATIENCE_SECONDS} s")
        time.sleep(1)


def wait_for_question(person: Person, path: str, *, patience_seconds: float = 120) -> None:
    """Stand on the label page with a question on it."""
    deadline = time.monotonic() + patience_seconds
    person.open(f"{path}label/")
    while person.page.select_one("#text-body") is None:
        if time.monotonic() > deadline:
            raise PageTrouble(f"no question came: {person.said()}")
        time.sleep(0.5)
        person.open(person.address)


def answer(person: Person, gold: dict[str, Sentence]) -> Sentence:
    """Read the text, find its gold label among the buttons, press it."""
    shown = person.page.select_one("#text-body")
    if shown is None:
        raise PageTrouble(f"no text to label: {person.page.get_text(' ', strip=True)[:300]}")
    sentence = gold[squeeze(shown.get_text())]
    form = person.form("#answer")
    buttons = {
        squeeze(button.select_one(".class-name").get_text()): str(button["value"])  # type: ignore[union-attr]
        for button in form.select("button[name=label]")
    }
    person.submit(form, {"label": buttons[sentence.gold]})
    return sentence


def curve(person: Person, path: str) -> list[dict[str, str]]:
    """The points of the curve so far, as the page's own CSV gives them."""
    return list(csv.DictReader(io.StringIO(person.fetch(f"{path}curve.csv").text)))


def wait_for_fit(person: Person, path: str, *, labels: int, batch: int) -> None:
    """A person is slower than a fit; wait until no whole batch is left without one."""
    deadline = time.monotonic() + FIT_PATIENCE_SECONDS
    while True:
        points = curve(person, path)
        if points and int(points[-1]["labels"]) > labels - batch:
            return
        if time.monotonic() > deadline:
            raise PageTrouble(f"no fit came for {labels} labels within {FIT_PATIENCE_SECONDS} s")
        time.sleep(0.25)


def rehearse(
    person: Person, strategy: str, sentences: Sequence[Sentence], *, questions: int, batch: int = 10
) -> Outcome:
    """One throw-away project: made, answered, read off, removed."""
    name = f"Rehearsal of {strategy} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    gold = {squeeze(s.text): s for s in sentences}
    order = {s.id: i for i, s in enumerate(sentences)}
    started = time.monotonic()
    path = make_project(person, name=name, sentences=sentences)
    try:
        set_strategy(person, path, strategy)
        wait_until_read(person, path)
        wait_for_question(person, path)
        asked: list[int] = []
        for n in range(1, questions + 1):
            asked.append(order[answer(person, gold).id])
            if n % batch == 0:
                say(f"\r  {strategy}: {n} of {questions} answered", end="")
                wait_for_fit(person, path, labels=n, batch=batch)
                person.open(person.address)
        say("")
        steps = sum(b == a + 1 for a, b in pairwise(asked))
        return Outcome(strategy, questions, steps, time.monotonic() - started, curve(person, path))
    finally:
        remove(person, path, name)


def remove(person: Person, path: str, name: str) -> None:
    """Put the project in the bin and then out of it for good, through the pages."""
    person.open(f"{path}settings/delete/")
    person.submit(person.form("main input[name=typed_name]"), {"typed_name": name})
    person.open("/bin/")
    number = path.rstrip("/").rsplit("/", 1)[-1]
    person.submit(person.form(f'form[action$="/bin/{number}/delete/"]'))


def say(text: str, *, end: str = "\n") -> None:
    """Print at once."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def interval(point: dict[str, str], metric: str) -> str:
    """`88 % (71-96, n 26)`, or a dash where the point has no such measure."""
    if not point.get(metric):
        return "-"
    value, low, high = (
        100 * float(point[key]) for key in (metric, f"{metric}_low", f"{metric}_high")
    )
    return f"{value:.0f} % ({low:.0f}-{high:.0f}, n {point[f'{metric}_n']})"


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The curves side by side, a row a fit."""
    yield f"{'labels':>6}  " + "".join(
        f"{o.strategy + ': audit':<28}{o.strategy + ': gold test':<28}" for o in outcomes
    )
    rows: dict[int, list[str]] = {}
    for column, outcome in enumerate(outcomes):
        for point in outcome.points:
            cells = rows.setdefault(int(point["labels"]), [f"{'':<56}"] * len(outcomes))
            cells[column] = (
                f"{interval(point, 'accuracy'):<28}{interval(point, 'test_accuracy'):<28}"
            )
    for labels in sorted(rows):
        yield f"{labels:>6}  " + "".join(rows[labels]).rstrip()


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """What is printed at the end."""
    yield ""
    yield from table(outcomes)
    yield ""
    for outcome in outcomes:
        last = outcome.points[-1]
        yield (
            f"{outcome.strategy}: after {outcome.n_answers} answers and {len(outcome.points)} fits in "
            f"{outcome.seconds:.0f} s: audit accuracy {interval(last, 'accuracy')}; gold test split "
            f"{interval(last, 'test_accuracy')}; {outcome.n_in_file_order} questions came in the file's order."
        )
    yield "One run, no claim: repeat it with other seeds before you compare strategies."


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="where the product answers")
    parser.add_argument("--enter", required=True, help="path of a link that signs in once")
    parser.add_argument("--sentences", type=Path, required=True, help="the demo's CSV")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--pool", type=int, default=5000)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--strategies", default="coverage_to_margin,random")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def sign_in(person: Person, enter: str) -> None:
    """Use the one-time link and choose a password, as a newcomer does."""
    password = secrets.token_urlsafe()
    person.open(enter)
    person.submit(person.form("main form"), {"new_password1": password, "new_password2": password})


def main() -> int:
    options = arguments()
    rng = np.random.default_rng(options.seed)
    sentences = sample(options.sentences, n_pool=options.pool, n_test=options.test, rng=rng)
    person = Person(options.url)
    try:
        sign_in(person, options.enter)
        say(
            f"{len(sentences):,} sentences (seed {options.seed}), {options.test:,} of them a gold "
            f"test split; {options.questions} questions a strategy."
        )
        outcomes = [
            rehearse(person, strategy, sentences, questions=options.questions)
            for strategy in options.strategies.split(",")
        ]
    except (PageTrouble, httpx.HTTPError) as trouble:
        say(f"The rehearsal stopped: {trouble}")
        return 1
    for line in report(outcomes):
        say(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
