"""Texts with several classes each, made by joining texts that have one.

    python -m benchmarks.mixed FILE.csv OUT.csv [--pool 5000] [--test 1000] [--seed 0]

Every new text is one, two or three texts of different classes, one after the other, with chances 0.3,
0.5 and 0.2, as Qin et al. 2020 joined requests ("AGIF: An adaptive graph-interactive framework for joint
multiple intent detection and slot filling", MixSNIPS); its classes are theirs. Texts of the test split are
joined with one another alone, and so are the others. FILE has columns `text`, `label` and `split`.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

CHANCES = {1: 0.3, 2: 0.5, 3: 0.2}
SEPARATOR = ";"


def mixed(
    texts: Sequence[str], labels: Sequence[str], n_mixed: int, rng: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """`n_mixed` joined texts, each with its classes in one cell."""
    classes = sorted(set(labels))
    of_class = {
        each: [text for text, has in zip(texts, labels, strict=True) if has == each]
        for each in classes
    }
    for n_parts in rng.choice(list(CHANCES), n_mixed, p=list(CHANCES.values())):
        chosen = rng.choice(classes, min(int(n_parts), len(classes)), replace=False).tolist()
        parts = [of_class[each][rng.integers(len(of_class[each]))] for each in chosen]
        yield " ".join(part.rstrip(" .") + "." for part in parts), SEPARATOR.join(sorted(chosen))


def main() -> None:
    parser = argparse.ArgumentParser(prog="mixed")
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pool", type=int, default=5_000)
    parser.add_argument("--test", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with options.file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "split"])
        for split, n_mixed in (("train", options.pool), ("test", options.test)):
            kept = [row for row in rows if (row["split"] == "test") == (split == "test")]
            texts, labels = [row["text"] for row in kept], [row["label"] for row in kept]
            writer.writerows([*pair, split] for pair in mixed(texts, labels, n_mixed, rng))


if __name__ == "__main__":
    main()
