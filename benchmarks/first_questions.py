"""What ranking the first questions without a model is worth, where names of classes train none.

    python -m benchmarks.first_questions FILE.csv:100-119 [FILE.csv:100-109 ...]

Each file runs through the simulated loop with every seed of its span, without label names, by margin
sampling: with its first questions drawn at random, and ranked by each method that could rank them.
Only what is asked before there is a model differs. Written to `benchmarks/results/first_questions.json`,
which `docs/strategies.md` is made from.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

RESULTS = Path(__file__).parent / "results" / "first_questions.json"
AT_RANDOM = "random"
METHODS = ("kmeans_seed", "typiclust")
STRATEGY, BUDGET, BATCH = "margin", 32, 8
DECIMALS = 5


def figures(path: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Of one file: by way of choosing the first questions, what `summarise` says."""
    from benchmarks import labels  # noqa: PLC0415
    from learners.engine.recipes import REFERENCE  # noqa: PLC0415
    from learners.engine.simulation.loop import simulate  # noqa: PLC0415
    from learners.engine.simulation.summary import summarise  # noqa: PLC0415

    recipe = replace(REFERENCE, strategy=STRATEGY)
    work = labels.work_of(path, [recipe])
    parts, runs = work.parts(), []
    for way in (AT_RANDOM, *METHODS):
        with _first_by(way):
            for seed in seeds:
                runs.append(
                    simulate(
                        data=work.data, parts=parts, recipe=replace(recipe, name=way),
                        budget=BUDGET, batch=BATCH, seed=seed,
                    )
                )  # fmt: skip
    return {
        "seeds": [seeds[0], seeds[-1]],
        "n_classes": len(work.data.class_names),
        "n_pool": work.data.n_pool,
        "n_test": len(work.data.test_rows),
        "ways": {summary.name: _as_json(summary) for summary in summarise(runs, AT_RANDOM)},
    }


@contextmanager
def _first_by(way: str) -> Iterator[None]:
    from learners.engine import first_questions  # noqa: PLC0415
    from learners.engine.simulation import loop  # noqa: PLC0415

    unranked = way == AT_RANDOM
    ranking: Any = (lambda **_: None) if unranked else first_questions.rank_first_questions
    with (
        patch.object(loop, "rank_first_questions", ranking),
        patch.object(first_questions, "FIRST", way),
    ):
        yield


def _as_json(summary: Any) -> dict[str, Any]:
    curve = zip(
        summary.labels,
        summary.accuracy.mean,
        summary.accuracy.low,
        summary.accuracy.high,
        strict=True,
    )
    found = {
        "aubc": summary.aubc,
        "difference": summary.difference,
        "macro_f1_aubc": summary.macro_f1_aubc,
        "macro_f1_difference": summary.macro_f1_difference,
    }
    return {
        "accuracy": {str(at): _rounded(values) for at, *values in curve},
        **{name: e and _rounded((e.value, e.low, e.high)) for name, e in found.items()},
    }


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, DECIMALS) for value in values]


def _span(words: str) -> tuple[Path, range]:
    name, _, span = words.rpartition(":")
    first, _, last = span.partition("-")
    return Path(name), range(int(first), int(last) + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+", type=_span, metavar="FILE.csv:FIRST-LAST")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
    import django  # noqa: PLC0415

    django.setup()
    from benchmarks.strategies import head_commit  # noqa: PLC0415

    found = {path.stem: figures(path, seeds) for path, seeds in parser.parse_args().files}
    about = {"strategy": STRATEGY, "budget": BUDGET, "batch": BATCH, "commit": head_commit()}
    RESULTS.write_text(json.dumps({**about, "data": found}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
