"""How far the cross-fitted audit accuracy lies from the truth when a strategy chooses the rest.

    python -m benchmarks.audit_bias var/demo/sentences.csv --seeds 60

Each seed draws its own texts from the demo: 1,000 to test, 1,000 reserved, 4,000 pool. Margin sampling
in batches of ten, one question in five the next reserved text, as the product does, up to 200 labels.
Compared: audit accuracy as the product computes it (five folds), with one fold an answer, and with a
model that never trained on audit answers, each against 1,000 texts that nothing else saw.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learners.engine.audit import cross_fitted_predictions
from learners.engine.embedding import load_embedder
from learners.engine.heads import make_head

Rows = NDArray[np.int64]
BATCH, AUDIT_SHARE, N_LABELS = 10, 0.2, 200
N_TEST, N_AUDIT, N_POOL, N_START = 1000, 1000, 4000, 10


def chosen(
    X: NDArray[np.float64], y: Rows, pool: Rows, audit: Rows, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """Rows labelled because margin sampling chose them, and rows of the audit set answered."""
    asked, n_audit = list(rng.choice(pool, N_START - 2, replace=False)), 2
    while len(asked) + n_audit < N_LABELS:
        rows = np.array([*asked, *audit[:n_audit]])
        p = np.sort(make_head().fit(X[rows], y[rows]).predict_proba(X[pool]), axis=1)
        queue = [row for row in pool[np.argsort(p[:, -1] - p[:, -2])] if row not in set(asked)]
        n_random = int((rng.random(BATCH) < AUDIT_SHARE).sum())
        asked += queue[: BATCH - n_random]
        n_audit += n_random
    return np.array(asked), audit[:n_audit]


def differences(X: NDArray[np.float64], y: Rows, seed: int) -> NDArray[np.float64]:
    """Audit accuracy less test accuracy for: five folds, one fold an answer, never trained on."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(X))[: N_TEST + N_AUDIT + N_POOL]
    test, audit, pool = np.split(order, [N_TEST, N_TEST + N_AUDIT])
    asked, answered = chosen(X, y, pool, audit, rng)
    rows = np.concatenate([asked, answered])
    is_audit = np.arange(len(rows)) >= len(asked)
    truth = make_head().fit(X[rows], y[rows]).score(X[test], y[test])
    found = []
    for n_folds in (5, len(answered)):
        crossed = cross_fitted_predictions(
            make_head=make_head, X=X[rows], y=y[rows], is_audit=is_audit, n_folds=n_folds, rng=rng
        )
        found.append(float((crossed.predictions == y[rows][crossed.rows]).mean()) - truth)
    apart = make_head().fit(X[asked], y[asked])
    found.append(apart.score(X[answered], y[answered]) - apart.score(X[test], y[test]))
    return np.array(found)


def embedded(source: Path, n_texts: int) -> tuple[NDArray[np.float64], Rows]:
    """Vectors and classes of `n_texts` sentences, the same ones each time."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rng = np.random.default_rng(0)
    sample = [rows[i] for i in rng.permutation(len(rows))[:n_texts]]
    names = sorted({row["source"] for row in sample})
    vectors = load_embedder("minilm").embed([row["text"] for row in sample]).vectors
    return vectors.astype(np.float64), np.array([names.index(row["source"]) for row in sample])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sentences", type=Path)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--texts", type=int, default=12_000)
    options = parser.parse_args()
    X, y = embedded(options.sentences, options.texts)
    found = np.array([differences(X, y, seed) for seed in range(options.seeds)])
    means, errors = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))
    print(
        f"{options.seeds} seeds, {N_LABELS} labels, points of accuracy against {N_TEST} test texts"
    )
    for name, mean, error in zip(
        ("five folds", "one fold an answer", "never trained on"), means, errors, strict=True
    ):
        low, high = 100 * (mean - 1.96 * error), 100 * (mean + 1.96 * error)
        print(f"{name:>20}: {100 * mean:+.1f} ({low:+.1f} to {high:+.1f})")


if __name__ == "__main__":
    main()
