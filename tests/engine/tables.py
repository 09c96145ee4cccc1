"""A table with numbers, categories and holes, whose answer follows a rule."""

import numpy as np
from numpy.typing import NDArray

from learners.engine.features.table import (
    CATEGORICAL,
    NUMERIC,
    TableColumn,
    TableModel,
    fit_table,
)

COLUMNS = (
    TableColumn("age", NUMERIC),
    TableColumn("job", CATEGORICAL),
    TableColumn("balance", NUMERIC),
    TableColumn("country", CATEGORICAL),
)
JOBS = ("nurse", "cook", "clerk", "pilot")


def make_rows(n: int, seed: int = 0) -> tuple[list[list[str]], NDArray[np.int64]]:
    """Cells (n, 4) and classes (n,): 2 for a cook above 40, 1 for everybody else."""
    rng = np.random.default_rng(seed)
    ages, jobs = rng.integers(18, 80, n), rng.integers(0, len(JOBS), n)
    balances = rng.standard_cauchy(n) * 100
    rows = [
        [
            "?" if rng.random() < 0.05 else str(age),
            JOBS[job],
            "NA" if rng.random() < 0.2 else f"{balance:.2f}",
            "fr",
        ]
        for age, job, balance in zip(ages, jobs, balances, strict=True)
    ]
    is_old = np.array([row[0] != "?" and float(row[0]) > 40 for row in rows])
    return rows, np.where(is_old & (jobs == 1), 2, 1)


def make_table(n: int = 300) -> tuple[TableModel, list[list[str]], NDArray[np.int64]]:
    rows, y = make_rows(n)
    return fit_table(rows, COLUMNS), rows, y
