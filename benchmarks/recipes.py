"""What each part of the default is worth: the default against itself with one part taken away.

    python -m benchmarks.recipes folder [--seeds 20] [--out var/bench-recipes.jsonl]

The folder is that of `benchmarks.labels`. Printed: AUBC a set, and what the default has more, paired by
seed. Nothing is installed.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.labels import Book, areas_table, labelled_files, run_ours, set_up, work_of
from learners.engine.recipes import DEFAULT, REFERENCE, Recipe

VARIANTS: tuple[Recipe, ...] = (
    DEFAULT,
    replace(DEFAULT, name="without label names", label_names=False),
    replace(DEFAULT, name="without self-training", head="logistic"),
    replace(DEFAULT, name="without LSI", features="minilm"),
    replace(DEFAULT, name="random choice", strategy="random"),
    replace(DEFAULT, name="margin", strategy="margin"),
    replace(DEFAULT, name="herding", strategy="herding"),
    replace(DEFAULT, name="no question to measure", audit_share=0.0),
    REFERENCE,
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="recipes")
    parser.add_argument("folder", type=Path, help="labelled .csv files")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("var/bench-recipes.jsonl"))
    options = parser.parse_args()
    set_up()
    book = Book(options.out)
    files = labelled_files(options.folder)
    for path in files:
        print(f"{path.stem}: running", file=sys.stderr)
        run_ours(book, path.stem, work_of(path, VARIANTS), VARIANTS, options.seeds)
    print(areas_table(book.runs(), [path.stem for path in files]))


if __name__ == "__main__":
    main()
