"""What the rungs of the ladder and taught students get right from the same few labels, and how long they take.

    python -m benchmarks.small_models folder [--labels 128] [--seeds 20] [--tuned-seeds 3] [--sets snips,hwu64]

The folder is that of `benchmarks.labels`. For each set and seed so many texts of the pool are drawn and
labelled; every model trains on them and is measured on test texts (at most 1,000, the same for all).
Students are static vectors that learn from 2,000 unlabelled texts as a teacher tells them. A run is a
line of the output file; a benchmark that was stopped goes on where it was. Nothing is installed.

Printed: accuracy a set, and differences paired by seed with Student's 95 % interval; median seconds.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.labels import Book, Runs, data_of, labelled_files, set_up

PLAIN = ("tfidf", "static", "minilm")
PAIRS = (
    ("minilm", "static"),
    ("static taught by minilm", "static"),
    ("tuned", "minilm"),
    ("static taught by tuned", "static"),
    ("static taught by tuned", "static taught by minilm"),
)
MOST_TEST_TEXTS = 1_000


def main() -> None:
    options = _options()
    set_up()
    book = Book(options.out)
    files = [
        path
        for path in labelled_files(options.folder)
        if not options.sets or path.stem in options.sets
    ]
    for path in files:
        data = data_of(path)
        for seed in range(max(options.seeds, options.tuned_seeds)):
            _run_seed(book, path.stem, data, seed, options)
    print(report(book.runs(), [path.stem for path in files]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="small_models")
    parser.add_argument("folder", type=Path, help="labelled .csv files")
    parser.add_argument("--labels", type=int, default=128)
    parser.add_argument("--seeds", type=int, default=20, help="of what takes seconds")
    parser.add_argument("--tuned-seeds", type=int, default=3, help="of what takes minutes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="for the fine-tuned rung: cpu or cuda")
    parser.add_argument("--sets", type=lambda words: words.split(","), default=[])
    parser.add_argument("--out", type=Path, default=Path("var/bench-small-models.jsonl"))
    return parser.parse_args()


def _run_seed(book: Book, name: str, data: Any, seed: int, options: argparse.Namespace) -> None:
    done = {model for of_set, model, of_seed in book.runs() if (of_set, of_seed) == (name, seed)}
    kinds = PLAIN * (seed < options.seeds) + ("tuned",) * (seed < options.tuned_seeds)
    teachers = [kind for kind in kinds if kind in ("minilm", "tuned")]
    wanted = {*kinds, *(f"static taught by {teacher}" for teacher in teachers)}
    if wanted <= done:
        return
    training, test = _drawn(data, options.labels, seed)
    for model, seconds, runtime in _models(training, kinds, seed, options):
        if model not in done:
            print(f"{name}, seed {seed}: {model} in {seconds:.0f} s", file=sys.stderr)
            book.add(
                name, {"name": model, "seed": seed, "seconds": seconds} | _measured(runtime, *test)
            )


def _drawn(data: Any, n_labels: int, seed: int) -> tuple[Any, tuple[list[str], Any]]:
    """Labels drawn from the pool by `seed`, and the texts that measure, the same for every seed."""
    from learners.engine.rungs.base import TrainingData  # noqa: PLC0415

    rows = np.random.default_rng(seed).permutation(data.pool_rows)
    test = np.random.default_rng(0).permutation(data.test_rows)[:MOST_TEST_TEXTS]
    names = dict(enumerate(data.class_names))
    told = [(text, each) for each, text in names.items() if text not in data.unnamed]
    training = TrainingData(
        texts=[data.texts[row] for row in rows[:n_labels]],
        y=data.y[rows[:n_labels]].astype(np.int64),
        names=told,
        pool_texts=[data.texts[row] for row in rows[n_labels:]],
        class_names=names,
        class_ids=tuple(names),
    )
    return training, ([data.texts[row] for row in test], data.y[test])


def _models(
    training: Any, kinds: Sequence[str], seed: int, options: argparse.Namespace
) -> Iterator[tuple[str, float, Any]]:
    """Each model's name, the seconds its training took and its runtime; a student after its teacher."""
    from django.conf import settings  # noqa: PLC0415

    from learners.engine.embedding import minilm_folder  # noqa: PLC0415
    from learners.engine.rungs import get_rung  # noqa: PLC0415
    from learners.engine.rungs.base import Surroundings  # noqa: PLC0415
    from learners.engine.rungs.distilling import distil  # noqa: PLC0415

    around = Surroundings(
        trunk_folder=minilm_folder(),
        cache_folder=settings.VAR_DIR / "cache",
        n_threads=options.threads,
        seed=seed,
    )
    for kind in kinds:
        rung = get_rung(kind)
        where = replace(around, device=options.device) if rung.trains_trunk else around
        seconds, runtime = _trained(lambda: rung.train(training, where), options.threads)  # noqa: B023
        yield kind, seconds, runtime
        if kind not in ("minilm", "tuned"):
            continue
        taught, student = _trained(
            lambda: distil(
                teacher=runtime.predict_proba,  # noqa: B023
                teacher_class_ids=runtime.class_ids,  # noqa: B023
                data=training,
                student=get_rung("static"),
                surroundings=around,
            ),
            options.threads,
        )
        yield f"static taught by {kind}", taught, student


def _trained(train: Callable[[], Any], n_threads: int) -> tuple[float, Any]:
    from learners.engine.runtime import load_runtime  # noqa: PLC0415

    start = time.perf_counter()
    files = train()
    return time.perf_counter() - start, load_runtime(files, n_threads=n_threads)


def _measured(runtime: Any, texts: list[str], y: Any) -> dict[str, float]:
    from sklearn.metrics import f1_score  # noqa: PLC0415

    found = np.array(runtime.class_ids)[runtime.predict_proba(texts).argmax(axis=1)]
    macro_f1 = f1_score(y, found, average="macro", zero_division=0)
    return {"accuracy": float((found == y).mean()), "macro_f1": float(macro_f1)}


def report(runs: Runs, sets: Sequence[str]) -> str:
    """Accuracy of each model, what one has more than another, and what training took."""
    names = list(dict.fromkeys(name for _, name, _ in runs))
    lines = [f"{'':26s} " + " ".join(f"{name:>13s}" for name in sets) + "   median s"]
    for name in names:
        cells = [_values(runs, one, name, "accuracy") for one in sets]
        words = " ".join(_mean_words(list(found.values())) for found in cells)
        seconds = [run["seconds"] for key, run in runs.items() if key[1] == name]
        lines.append(f"{name:26s} {words} {np.median(seconds):10.1f}")
    return "\n".join([*lines, "", *(_difference(runs, sets, *pair) for pair in PAIRS)])


def _mean_words(values: Sequence[float]) -> str:
    return f"{100 * np.mean(values):8.1f} ({len(values):2d})" if values else f"{'–':>13s}"


def _values(runs: Runs, dataset: str, name: str, metric: str) -> dict[int, float]:
    return {key[2]: run[metric] for key, run in runs.items() if key[:2] == (dataset, name)}


def _difference(runs: Runs, sets: Sequence[str], first: str, second: str) -> str:
    """Points by which `first` is ahead, a set."""
    from learners.engine.simulation.summary import mean_with_interval  # noqa: PLC0415

    words = []
    for dataset in sets:
        one = _values(runs, dataset, first, "accuracy")
        other = _values(runs, dataset, second, "accuracy")
        gaps = [100 * (one[seed] - other[seed]) for seed in sorted(one.keys() & other.keys())]
        if gaps:
            found = mean_with_interval(gaps)
            between = "" if found.low is None else f" ({found.low:+.1f} to {found.high:+.1f})"
            words.append(f"{dataset} {found.value:+.1f}{between}, {len(gaps)} seeds")
    return f"{first} minus {second}: " + ("; ".join(words) or "not measured")


if __name__ == "__main__":
    main()
