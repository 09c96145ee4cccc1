"""How often "is it helping here?" says yes or no where choosing cannot help: labels drawn at random.

    python -m benchmarks.helping_bias var/demo/sentences.csv --seeds 40

Each seed labels texts of the demo in random order, one in five of them an audit answer, and asks as
the product does. Reported for several numbers of labels: how often the interval excludes 0 (5 % would
be honest), and how much farther from 0 the differences lie than a plain bootstrap would say.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.audit_bias import embedded
from learners.engine.heads import make_head
from learners.engine.helping import Answered, compare, race

N_LABELS = (150, 400, 1000)
AUDIT_SHARE = 0.2
Z = 2.948  # of an interval whose tails are `engine.helping.TAIL`


def said(X: NDArray[Any], y: NDArray[Any], X_new: NDArray[Any]) -> NDArray[Any]:
    """Train the reference head and say the class of each new row."""
    if len(np.unique(y)) < 2:
        return np.full(len(X_new), y[0])
    return np.asarray(make_head().fit(X, y).predict(X_new))


def asked(
    X: NDArray[np.float64], y: NDArray[np.int64], n_labels: int, seed: int
) -> tuple[float, float, bool] | None:
    """Advantage, its standard error by the bootstrap, and whether its interval excludes 0."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))[:n_labels]
    is_audit = rng.random(n_labels) < AUDIT_SHARE
    none = np.empty((0, X.shape[1]))
    result = race(Answered(X[rows], y[rows], is_audit, is_audit, none, np.empty(0, int)), said)
    if result is None:
        return None
    found = compare(result, np.ones(result.n, bool), rng=rng).advantage
    return found.value, (found.high - found.low) / 2 / Z, not found.low <= 0 <= found.high


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sentences", type=Path)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--texts", type=int, default=12_000)
    options = parser.parse_args()
    X, y = embedded(options.sentences, options.texts)
    for n_labels in N_LABELS:
        answers = [asked(X, y, n_labels, seed) for seed in range(options.seeds)]
        found = np.array([answer for answer in answers if answer is not None], float)
        farther = np.sqrt(np.mean(found[:, 0] ** 2)) / found[:, 1].mean()
        print(
            f"{n_labels:>5} labels, {len(found)} seeds: excludes 0 in {found[:, 2].mean():.0%}; "
            f"differences {farther:.2f} times as far from 0 as the bootstrap alone says"
        )


if __name__ == "__main__":
    main()
