"""What a look at kept predictions finds in real texts: drift, new texts, and classes that are missing.

    python -m benchmarks.traffic FOLDER

The folder holds labelled files, `.csv` with columns `text` and `label`; none of them is part of Labeler.
Each is embedded with MiniLM once (the vectors are kept under `--vectors`). A run leaves classes out of
the project (one of few, one in sixteen of many), draws random texts that stand for it and asks about others:

- same: other texts of the same classes. Whatever is found is a false alarm.
- mixed: a fifth of them are of the classes that were left out.
- other: all of them are of another file.

Printed, mean over the seeds: how often drift was told; which share of the texts of known and of new
classes were told to be new; how many groups were proposed, which share of their texts is of new
classes, how pure they are (share of the commonest class), which share of the new texts they hold, and
how many of the classes left out are the commonest of a group. Thresholds were chosen on snips and
csabstruct; no other set was looked at for that.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.labels import labelled_files, set_up, work_of

N_REFERENCE, NEW_SHARE, MOST_POOL = 1_000, 0.2, 20_000
MADE_UP = 1_000_000
HEADS = ("drift", "known", "new", "groups", "of new", "pure", "held", "classes", "left out")

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Set:
    """One file: L2-normalised vectors (n, d) and the class of each (n,)."""

    name: str
    vectors: Vectors
    classes: Ids


@dataclass(frozen=True)
class World:
    """A project: vectors of texts that stand for it, and of its others; which classes it lacks."""

    reference: Vectors
    pool: Vectors
    left_out: Ids


@dataclass(frozen=True)
class Found:
    """Of one look; what cannot be told is NaN. In the order of `HEADS`."""

    drift: float
    known: float
    new: float
    groups: float
    of_new: float
    pure: float
    held: float
    classes: float
    left_out: float


def main() -> None:
    """Read, look, print."""
    parser = argparse.ArgumentParser(prog="bench-traffic")
    parser.add_argument("folder", type=Path, help="labelled .csv files")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--texts", type=int, default=1_000, help="asked about in a look")
    parser.add_argument("--vectors", type=Path, default=Path("var/bench-traffic"))
    options = parser.parse_args()
    set_up()
    sets = [read(path, options.vectors) for path in labelled_files(options.folder)]
    print("set          texts  " + " ".join(f"{head:>8s}" for head in HEADS))
    for place, one in enumerate(sets):
        runs: dict[str, list[Found]] = defaultdict(list)
        for seed in range(options.seeds):
            for case, found in looks(one, sets[place - 1], seed=seed, n=options.texts):
                runs[case].append(found)
        for case, several in runs.items():
            print(f"{one.name:12s} {case:6s} {line(several)}", flush=True)


def read(path: Path, folder: Path) -> Set:
    """One file and its vectors, which are made where they are not kept yet."""
    kept = folder / f"{path.stem}.npz"
    if not kept.exists():
        from learners.engine.recipes import PRESETS  # noqa: PLC0415

        print(f"{path.stem}: reading", file=sys.stderr)
        work = work_of(path, [PRESETS["reference"]])
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(kept, vectors=work.files["minilm"].opened().rows, classes=work.data.y)
    with np.load(kept) as stored:
        return Set(path.stem, stored["vectors"], stored["classes"])


def looks(one: Set, other: Set, *, seed: int, n: int) -> Iterator[tuple[str, Found]]:
    """The three cases of one seed."""
    rng = np.random.default_rng(seed)
    n_classes = len(np.unique(one.classes))
    left_out = rng.choice(n_classes, max(1, n_classes // 16), replace=False)
    is_new = np.isin(one.classes, left_out)
    known, new = (rng.permutation(np.flatnonzero(part)) for part in (~is_new, is_new))
    asked, rest = known[:n], known[n:]
    world = World(
        reference=one.vectors[rest[:N_REFERENCE]],
        pool=one.vectors[rest[N_REFERENCE:][:MOST_POOL]],
        left_out=left_out,
    )
    yield "same", look(world, one.vectors[asked], one.classes[asked])
    n_new = min(round(NEW_SHARE * n), len(new))
    mixed = np.concatenate([asked[n_new:], new[:n_new]])
    yield "mixed", look(world, one.vectors[mixed], one.classes[mixed])
    if other is not one:
        drawn = rng.choice(len(other.vectors), min(n, len(other.vectors)), replace=False)
        yield "other", look(world, other.vectors[drawn], MADE_UP + other.classes[drawn])


def look(world: World, asked: Vectors, classes: Ids) -> Found:
    """As `learners.services.traffic_check` looks, without a model's confidence and classes."""
    from learners.engine import drifting  # noqa: PLC0415

    own = drifting.nearest(world.reference, world.pool)
    theirs = drifting.nearest(asked, world.pool)
    tests = drifting.directions(world.pool, world.reference, asked)
    drifted = any(
        one.drifted for one in drifting.corrected([*tests, drifting.distances(own, theirs)])
    )
    novel = theirs > drifting.far_from(own)
    far, outlying = drifting.outlying_of(asked, theirs, world.reference, own)
    within = drifting.close(world.reference)
    groups = drifting.clusters(outlying, [""] * len(far), [], within=within)
    is_new = np.isin(classes, world.left_out) | (classes >= MADE_UP)
    return Found(
        drift=float(drifted),
        known=_mean(novel[~is_new]),
        new=_mean(novel[is_new]),
        **told_of([far[group.rows] for group in groups], classes, is_new),
    )


def told_of(groups: Sequence[Ids], classes: Ids, is_new: NDArray[np.bool_]) -> dict[str, float]:
    """What the groups hold; `classes` counts those left out that are the commonest of a group."""
    counts = [np.unique(classes[rows], return_counts=True) for rows in groups]
    commonest = {int(names[np.argmax(n)]) for names, n in counts}
    wanted = {int(one) for one in np.unique(classes[is_new])}
    held = sum(int(is_new[rows].sum()) for rows in groups)
    return {
        "groups": float(len(groups)),
        "of_new": _mean([is_new[rows].mean() for rows in groups]),
        "pure": _mean([n.max() / n.sum() for _, n in counts]),
        "held": held / is_new.sum() if wanted else np.nan,
        "classes": float(len(commonest & wanted)) if wanted else np.nan,
        "left_out": float(len(wanted)) if wanted else np.nan,
    }


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def line(found: Sequence[Found]) -> str:
    """Means over the runs that can tell."""
    table = np.array([list(asdict(one).values()) for one in found])
    told = [column[~np.isnan(column)] for column in table.T]
    return " ".join(f"{column.mean():8.2f}" if len(column) else f"{'-':>8s}" for column in told)


if __name__ == "__main__":
    main()
