"""Learning curves of other libraries' query strategies, run where those libraries are installed.

    python curves.py VECTORS.npz OUT.jsonl STRATEGY SEED [SEED ...]

Knows nothing of Labeler: `benchmarks.labels` writes the vectors and reads the curves. The first
batch is random, as in those libraries' own examples; then the strategy chooses a batch, the model is
trained on all labels, and accuracy and macro-F1 are taken on the test rows.
"""

import json
import sys
import warnings
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

warnings.filterwarnings("ignore")
BATCH, BUDGET = 8, 256
CANDIDATES = 2_048  # for strategies whose cost is the square of the pool
MISSING = -1


def plain_head() -> Any:
    """scikit-learn's own setting: what a library that takes any estimator is mostly given."""
    return LogisticRegression(max_iter=1_000)


def good_head() -> Any:
    """The head of Labeler's reference, so that only the choice of texts differs."""
    return LogisticRegression(C=10, class_weight="balanced", max_iter=1_000)


def modal(name: str) -> Any:
    """modAL with the estimator as scikit-learn gives it."""
    from modAL import uncertainty  # noqa: PLC0415

    query = getattr(uncertainty, f"{name}_sampling")

    def choose(world: "World", model: Any, rng: np.random.Generator) -> Any:
        np.random.seed(int(rng.integers(2**31)))  # noqa: NPY002  modAL draws from it
        return world.open[query(model, world.X[world.open], n_instances=BATCH)[0]]

    return choose


def skactiveml(name: str) -> Any:
    """scikit-activeml: strategies that look at every pair of rows get a random part of the pool."""
    from skactiveml import pool  # noqa: PLC0415
    from skactiveml.classifier import SklearnClassifier  # noqa: PLC0415

    makers = {
        "margin": lambda seed: pool.UncertaintySampling("margin_sampling", random_state=seed),
        "typiclust": lambda seed: pool.TypiClust(random_state=seed),
        "max_herding": lambda seed: pool.MaxHerding(random_state=seed),
        "falcun": lambda seed: pool.Falcun(random_state=seed),
        "contrastive": lambda seed: pool.ContrastiveAL(random_state=seed),
        "badge": lambda seed: pool.Badge(random_state=seed),
    }

    def choose(world: "World", model: Any, rng: np.random.Generator) -> Any:
        strategy = makers[name](int(rng.integers(2**31)))
        part = world.open
        if name != "margin" and len(part) > CANDIDATES:
            part = np.sort(rng.choice(part, CANDIDATES, replace=False))
        rows = np.concatenate([world.asked, part])
        known = np.concatenate([world.y[world.asked], np.full(len(part), MISSING)])
        more: dict[str, Any] = {}
        if name not in {"typiclust", "max_herding"}:
            head = SklearnClassifier(
                good_head(), classes=np.arange(world.n_classes), missing_label=MISSING
            )
            more = {"clf": head, "fit_clf": True}
        strategy.missing_label = MISSING
        picks = strategy.query(X=world.X[rows], y=known, batch_size=BATCH, **more)
        return rows[np.asarray(picks)]

    return choose


class _Fitted:
    """A trained model as small-text's strategies see it."""

    def __init__(self, model: Any, n_classes: int) -> None:
        self.model, self.num_classes = model, n_classes

    def predict_proba(self, dataset: Any) -> Any:
        full = np.zeros((len(dataset.x), self.num_classes))
        full[:, self.model.classes_] = self.model.predict_proba(dataset.x)
        return full

    def embed(self, dataset: Any, return_proba: bool = False, pbar: Any = None) -> Any:
        return (dataset.x, self.predict_proba(dataset)) if return_proba else dataset.x


class _Rows:
    """Vectors as small-text's strategies see a data set."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Any) -> "_Rows":
        return _Rows(self.x[rows])


def small_text(name: str) -> Any:
    """small-text, its strategies that need no neural network."""
    import small_text as library  # noqa: PLC0415

    makers = {
        "breaking_ties": library.BreakingTies,
        "contrastive": library.ContrastiveActiveLearning,
        "greedy_coreset": library.GreedyCoreset,
    }

    def choose(world: "World", model: Any, rng: np.random.Generator) -> Any:
        np.random.seed(int(rng.integers(2**31)))  # noqa: NPY002  small-text draws from it
        picks = makers[name]().query(
            _Fitted(model, world.n_classes),
            _Rows(world.X),
            world.open,
            world.asked,
            world.y[world.asked],
            n=BATCH,
        )
        return np.asarray(picks)

    return choose


class World:
    """A pool that is being labelled. `asked` and `open` are row numbers of `X`."""

    def __init__(self, X: Any, y: Any, n_classes: int, rng: np.random.Generator) -> None:
        self.X, self.y, self.n_classes = X, y, n_classes
        order = rng.permutation(len(X))
        self.asked, self.open = order[:BATCH], np.sort(order[BATCH:])

    def ask(self, rows: Any) -> None:
        if len(np.unique(rows)) != BATCH or not np.isin(rows, self.open).all():
            raise SystemExit("the strategy did not choose a batch of open rows")
        self.asked = np.concatenate([self.asked, rows])
        self.open = np.setdiff1d(self.open, rows)


LIBRARIES = {"modal": modal, "skactiveml": skactiveml, "small_text": small_text}


def curve(vectors: Any, strategy: str, seed: int) -> dict[str, Any]:
    """Accuracy and macro-F1 at BATCH, 2·BATCH, ..., BUDGET labels."""
    library, _, name = strategy.partition(".")
    choose = LIBRARIES[library](name)
    make_head = plain_head if library == "modal" else good_head
    rng = np.random.default_rng(seed)
    n_classes = int(vectors["n_classes"])
    world = World(vectors["X"], vectors["y"], n_classes, rng)
    X_test, y_test = vectors["X_test"], vectors["y_test"]
    accuracy, macro_f1 = [], []
    while True:
        y = world.y[world.asked]
        one_class = len(np.unique(y)) == 1
        model = None if one_class else make_head().fit(world.X[world.asked], y)
        said = np.full(len(y_test), y[0]) if model is None else model.predict(X_test)
        accuracy.append(float((said == y_test).mean()))
        macro_f1.append(float(f1_score(y_test, said, average="macro", zero_division=0)))
        if len(world.asked) >= BUDGET:
            break
        at_random = rng.choice(world.open, BATCH, replace=False)
        world.ask(at_random if model is None else choose(world, model, rng))
    labels = list(range(BATCH, BUDGET + 1, BATCH))
    return {
        "name": strategy,
        "seed": seed,
        "labels": labels,
        "accuracy": accuracy,
        "macro_f1": macro_f1,
    }


def main(vectors_path: str, out_path: str, strategy: str, *seeds: str) -> None:
    """One line of JSON for each seed, appended to a file, or printed where that is "-"."""
    with np.load(vectors_path) as vectors:
        loaded = {name: vectors[name] for name in vectors}
    for seed in seeds:
        line = json.dumps(curve(loaded, strategy, int(seed)))
        if out_path == "-":
            print(line, flush=True)
            continue
        with open(out_path, "a", encoding="utf-8") as out:
            out.write(line + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
