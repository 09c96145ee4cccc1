"""How many labels Labeler's default needs, against other libraries' strategies on the same vectors.

    make bench-labels DATA=folder            (or: python -m benchmarks.labels folder)

The folder holds labelled files, `.csv` with columns `text`, `label` and perhaps `split`; none of them
is part of Labeler. Each is read, split and embedded once. Labeler's `default` and `reference` run in
the simulated loop; modAL, scikit-activeml and small-text run in an environment of their own (made under
var/peers at the first time) on the same pool, the same test rows and the same MiniLM vectors, 8 to 256
labels in batches of 8. modAL gets scikit-learn's logistic regression as it comes, the other two the
reference's head, which is better. Every run is a line of the output file: a run that was stopped goes
on where it was.

Each library is represented by the strategy that did best for it on one development seed (100, which
no reported run uses) on snips, csabstruct, hwu64 and clickbait. scikit-activeml: max herding 71.8
(mean accuracy AUBC), BADGE 70.1, margin 69.2, FALCUN 68.5; TypiClust and contrastive were behind on
snips alone. small-text: breaking ties; contrastive (65.3) and greedy coreset (81.9) were far behind it
(90.2) on snips. Others can be named: `--peers skactiveml.badge,modal.uncertainty`.

Printed: AUBC (mean accuracy over 8, 16, ..., 256 labels) a set and in the mean over the sets, the
difference to `default` paired by seed with its 95 % interval, the labels that reach what `reference`
has at 256, and the share of the headroom to a model of the whole pool.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PEERS = ("modal.margin", "skactiveml.max_herding", "small_text.breaking_ties")
OURS = ("default", "reference")
BUDGET, BATCH = 256, 8
HERE = Path(__file__).resolve().parent

Runs = dict[tuple[str, str, int], dict[str, Any]]
"""By set, name and seed: `accuracy` and `macro_f1`, (n_points,) each."""


@dataclass(frozen=True)
class Book:
    """Runs that are done, one line of JSON each; the file may be read and continued at any time."""

    path: Path

    def runs(self) -> Runs:
        if not self.path.exists():
            return {}
        lines = self.path.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
        return {(row["set"], row["name"], row["seed"]): row for row in rows}

    def add(self, name_of_set: str, row: dict[str, Any]) -> None:
        line = json.dumps({"set": name_of_set, **row})
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def main() -> None:
    options = _options()
    set_up()
    from learners.engine.recipes import PRESETS  # noqa: PLC0415

    recipes = [PRESETS[name] for name in OURS]
    book = Book(options.out)
    files = labelled_files(options.folder)
    python = peers_python(options.peers_environment) if options.peers else None
    full = {}
    for path in files:
        print(f"{path.stem}: reading", file=sys.stderr)
        work = work_of(path, recipes)
        full[path.stem] = _full_pool_accuracy(work)
        run_ours(book, path.stem, work, recipes, options.seeds)
        if python:
            _run_peers(book, path.stem, work, options, python)
    print(report(book.runs(), full))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench-labels")
    parser.add_argument("folder", type=Path, help="labelled .csv files")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--peers", type=lambda words: words.split(","), default=list(PEERS))
    parser.add_argument("--only-ours", dest="peers", action="store_const", const=[])
    parser.add_argument("--out", type=Path, default=Path("var/bench-labels.jsonl"))
    parser.add_argument("--peers-environment", type=Path, default=Path("var/peers"))
    return parser.parse_args()


def set_up() -> None:
    """Django's settings, and one numeric thread a process."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
    import django  # noqa: PLC0415

    django.setup()


def labelled_files(folder: Path) -> list[Path]:
    """The folder's labelled files, by name. Ends the program where there is none."""
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise SystemExit(f"no .csv in {folder}")
    return files


def peers_python(folder: Path) -> Path:
    """The Python of the environment that holds the other libraries, made when it is not there."""
    python = folder.absolute() / "bin" / "python"
    if not python.exists():
        print(f"installing the other libraries into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        wanted = ["-r", str(HERE / "peers" / "requirements.txt")]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def data_of(path: Path) -> Any:
    """One file, read and split."""
    from learners.services.labelled_files import Columns, read_labelled  # noqa: PLC0415
    from projects.services.staging import limits  # noqa: PLC0415

    header = path.open(encoding="utf-8").readline().strip().split(",")
    columns = Columns(split="split" if "split" in header else None)
    with path.open("rb") as file:
        return read_labelled(file, file=path.name, columns=columns, limits=limits())


def work_of(path: Path, recipes: Sequence[Any]) -> Any:
    """One file, read, split and embedded, for runs of `recipes`."""
    from learners.services.simulation_vectors import prepare  # noqa: PLC0415

    return prepare(
        data=data_of(path),
        recipes=recipes,
        budget=BUDGET,
        batch=BATCH,
        progress=lambda done, total: print(f"embedding {done} of {total}", file=sys.stderr),
    )


def _full_pool_accuracy(work: Any) -> float:
    """Of the reference's head and features, trained on the whole pool: what labels can buy."""
    from learners.engine.heads import make_head  # noqa: PLC0415

    arrays = _arrays(work)
    model = make_head().fit(arrays["X"].astype(float), arrays["y"])
    return float((model.predict(arrays["X_test"].astype(float)) == arrays["y_test"]).mean())


def _arrays(work: Any) -> dict[str, Any]:
    data, rows = work.data, work.files["minilm"].opened().rows
    return {
        "X": rows[data.pool_rows],
        "y": data.y[data.pool_rows],
        "X_test": rows[data.test_rows],
        "y_test": data.y[data.test_rows],
        "n_classes": np.array(len(data.class_names)),
    }


def run_ours(book: Book, name: str, work: Any, recipes: Sequence[Any], n_seeds: int) -> None:
    """Every recipe and seed that the book does not hold yet."""
    from learners.engine.simulation.processes import Job, run_jobs  # noqa: PLC0415

    done = book.runs()
    jobs = [
        Job(recipe, seed)
        for seed in range(n_seeds)
        for recipe in recipes
        if (name, recipe.name, seed) not in done
    ]
    for outcome in run_jobs(work, jobs, n_workers=len(os.sched_getaffinity(0))):
        if outcome.run is None:
            raise SystemExit(f"{name}, {outcome.job.recipe.name}: {outcome.error}")
        run = outcome.run
        row = {"accuracy": run.accuracy, "macro_f1": run.macro_f1}
        book.add(name, {"name": run.name, "seed": run.seed, "labels": run.labels, **row})


def _run_peers(book: Book, name: str, work: Any, options: argparse.Namespace, python: Path) -> None:
    vectors = options.out.with_suffix(f".{name}.npz")
    np.savez(vectors, **_arrays(work))
    done = book.runs()
    try:
        for peer in options.peers:
            seeds = [seed for seed in range(options.seeds) if (name, peer, seed) not in done]
            for row in _curves(python, vectors, peer, seeds):
                book.add(name, row)
    finally:
        vectors.unlink()


def _curves(
    python: Path, vectors: Path, peer: str, seeds: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """The peer's curves, as each is ready."""
    script = HERE / "peers" / "curves.py"
    command = [str(python), str(script), str(vectors), "-", peer, *map(str, seeds)]
    if not seeds:
        return
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise SystemExit(f"{peer} failed with {process.returncode}")


def report(runs: Runs, full: dict[str, float]) -> str:
    """The tables, over the sets and seeds that every name has."""
    names = list(dict.fromkeys(name for _, name, _ in runs))
    sets = [name for name in full if any(key[0] == name for key in runs)]
    reached, share = _reached(runs, sets, names), _headroom(runs, sets, full)
    return "\n".join([areas_table(runs, sets), "", *reached, "", share])


def areas_table(runs: Runs, sets: Sequence[str]) -> str:
    """AUBC of accuracy and macro-F1 of every name, and what the default has more."""
    names = list(dict.fromkeys(name for _, name, _ in runs))
    lines = ["sets: " + ", ".join(sets)]
    for metric in ("accuracy", "macro_f1"):
        lines += ["", f"AUBC of {metric}, per cent"]
        lines += [_line(runs, sets, name, metric) for name in names]
    return "\n".join(lines)


def _line(runs: Runs, sets: Sequence[str], name: str, metric: str) -> str:
    """One name: its mean over sets and seeds, by set, and what the default has more, paired."""
    by_set = [_areas(runs, dataset, name, metric) for dataset in sets]
    means = [100 * float(np.mean(list(areas.values()))) for areas in by_set if areas]
    cells = " ".join(f"{mean:5.1f}" for mean in means)
    n_seeds = min((len(areas) for areas in by_set), default=0)
    words = f"{name:26s} {np.mean(means):5.1f}  [{cells}]  {n_seeds} seeds"
    if name == "default":
        return words
    low, middle, high = paired(runs, sets, name, metric)
    return f"{words}; default has {middle:+.1f} ({low:+.1f} to {high:+.1f})"


def _areas(runs: Runs, dataset: str, name: str, metric: str) -> dict[int, float]:
    return {
        seed: float(np.mean(run[metric]))
        for (of_set, of_name, seed), run in runs.items()
        if (of_set, of_name) == (dataset, name)
    }


def paired(runs: Runs, sets: Sequence[str], name: str, metric: str) -> tuple[float, float, float]:
    """Default minus `name`, points: mean over the sets seed by seed, with Student's t interval."""
    from learners.engine.simulation.summary import mean_with_interval  # noqa: PLC0415

    gaps: dict[int, list[float]] = defaultdict(list)
    for dataset in sets:
        ours = _areas(runs, dataset, "default", metric)
        theirs = _areas(runs, dataset, name, metric)
        for seed in ours.keys() & theirs.keys():
            gaps[seed].append(100 * (ours[seed] - theirs[seed]))
    whole = [float(np.mean(found)) for found in gaps.values() if len(found) == len(sets)]
    if not whole:
        return (np.nan, np.nan, np.nan)
    found = mean_with_interval(whole)
    return (
        np.nan if found.low is None else found.low,
        found.value,
        np.nan if found.high is None else found.high,
    )


def _mean_curve(runs: Runs, sets: Sequence[str], name: str) -> Any:
    """Accuracy at each number of labels, mean over seeds, then over sets, (n_points,)."""
    return np.mean(
        [
            np.mean(
                [run["accuracy"] for key, run in runs.items() if key[:2] == (one, name)], axis=0
            )
            for one in sets
        ],
        axis=0,
    )


def _reached(runs: Runs, sets: Sequence[str], names: Sequence[str]) -> list[str]:
    goal = _mean_curve(runs, sets, "reference")[-1]
    lines = [
        f"labels to reach {100 * goal:.1f} %, which reference has at {BUDGET}, mean over sets:"
    ]
    for name in names:
        at = np.flatnonzero(_mean_curve(runs, sets, name) >= goal)
        lines.append(f"{name:26s} {BATCH * (int(at[0]) + 1) if len(at) else f'more than {BUDGET}'}")
    return lines


def _headroom(runs: Runs, sets: Sequence[str], full: dict[str, float]) -> str:
    top = 100 * float(np.mean([full[one] for one in sets]))
    low = 100 * float(_mean_curve(runs, sets, "reference").mean())
    ours = 100 * float(_mean_curve(runs, sets, "default").mean())
    return (
        f"reference's head on the whole pool: {top:.1f} %. Of the {top - low:.1f} points between the "
        f"reference's AUBC and that, default takes {ours - low:.1f}, "
        f"{100 * (ours - low) / (top - low):.0f} %."
    )


if __name__ == "__main__":
    main()
