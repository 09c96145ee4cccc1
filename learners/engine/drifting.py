"""Whether texts that are asked about differ from the texts that a model was made for. Arrays in, facts out.

Two-sample tests with Holm's correction over all of them, as Rabanser, Günnemann and Lipton found to
work (2019, "Failing Loudly: An Empirical Study of Methods for Detecting Dataset Shift", NeurIPS):
Kolmogorov-Smirnov for each direction of a reduced embedding and for confidence, chi-square for
the shares of the predicted classes. To these comes the distance to the nearest text of the pool, the
score of Sun, Ming, Zhu and Li (2022, "Out-of-Distribution Detection with Deep Nearest Neighbors",
ICML): a class that the pool lacks moves it, even where it moves no direction by much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.stats import binom, chi2_contingency, ks_2samp
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer

N_DIRECTIONS = 10
MIN_TEXTS = 50
LEVEL = 0.05
MIN_EXPECTED = 5.0
NOVEL_SHARE = 0.01
OUTLYING_SHARE = 0.1
UNSURE_SHARE = 0.05
MIN_CLUSTER = 5
CLOSE_SHARE = 0.2
DIRECTIONS_FROM = 4_000
EMBEDDING, DISTANCE, CONFIDENCE, CLASSES = "embedding", "distance", "confidence", "classes"

Floats = NDArray[Any]


@dataclass(frozen=True)
class Comparison:
    """One comparison. `statistic`: the largest difference of two distributions (KS), in [0, 1], or
    chi-square over n, its square root in [0, 1] (Cramér's V); `p`: as it is, `p_holm`: corrected.
    """

    what: str
    name: str
    statistic: float
    p: float
    p_holm: float = 1.0

    @property
    def drifted(self) -> bool:
        return self.p_holm < LEVEL


@dataclass(frozen=True)
class Cluster:
    """Texts that lie together: `rows` of what was given, the most central first, and words of theirs."""

    rows: NDArray[np.int64]
    words: tuple[str, ...]


def directions(pool: Floats, reference: Floats, traffic: Floats) -> list[Comparison]:
    """KS tests of `reference` (n, d) against `traffic` (m, d) along the main directions of `pool` (l, d),
    which has no text of the reference, so that none both chooses and tests.
    """
    finding = pool[:DIRECTIONS_FROM]
    n = min(N_DIRECTIONS, *finding.shape)
    found = PCA(n_components=n, random_state=0).fit(finding)
    own, others = found.transform(reference), found.transform(traffic)
    tests = (ks_2samp(own[:, i], others[:, i], method="auto") for i in range(n))
    return [
        Comparison(EMBEDDING, f"direction {i}", float(one.statistic), float(one.pvalue))
        for i, one in enumerate(tests, start=1)
    ]


def distances(reference: Floats, traffic: Floats) -> Comparison:
    """KS test of the distances to the nearest text of the pool, (n,) against (m,)."""
    one = ks_2samp(reference, traffic, method="auto")
    name = "distance to the nearest text"
    return Comparison(DISTANCE, name, float(one.statistic), float(one.pvalue))


def confidence(reference: Floats, traffic: Floats) -> Comparison:
    """KS test of the likeliest class's probability, (n,) against (m,)."""
    one = ks_2samp(reference, traffic, method="auto")
    return Comparison(CONFIDENCE, "confidence", float(one.statistic), float(one.pvalue))


def class_shares(reference: Sequence[str], traffic: Sequence[str]) -> Comparison | None:
    """Chi-square test of two lists of predicted classes; those too rare to be expected five times are
    taken together. None where one class is all there is.
    """
    names, places = np.unique([*reference, *traffic], return_inverse=True)
    n = len(reference)
    table = np.array(
        [np.bincount(part, minlength=len(names)) for part in (places[:n], places[n:])], float
    )
    expected = table.sum(axis=0) * min(table.sum(axis=1)) / table.sum()
    rare = expected < MIN_EXPECTED
    if rare.any():
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    if table.shape[1] < 2:
        return None
    one = chi2_contingency(table, correction=False)
    size = float(np.sqrt(one.statistic / table.sum()))
    return Comparison(CLASSES, "shares of the classes", size, float(one.pvalue))


def corrected(tests: Sequence[Comparison]) -> list[Comparison]:
    """With Holm's 1979 step-down correction: the chance of a false alarm in any of them is 5 %."""
    order = np.argsort([one.p for one in tests], kind="stable")
    found, least = list(tests), 0.0
    for place, i in enumerate(order):
        least = max(least, min(1.0, (len(tests) - place) * tests[i].p))
        found[i] = Comparison(tests[i].what, tests[i].name, tests[i].statistic, tests[i].p, least)
    return found


def nearest(queries: Floats, pool: Floats, *, block: int = 512) -> Floats:
    """Cosine distance of each query (n, d) to the nearest row of `pool` (m, d), all L2-normalised; (n,)."""
    found = [np.empty(0, np.float32)]
    for start in range(0, len(queries), block):
        found.append(1.0 - (queries[start : start + block] @ pool.T).max(axis=1))
    return np.concatenate(found)


def far_from(held_out: Floats, *, share: float = NOVEL_SHARE) -> float:
    """The distance beyond which only `share` of texts like the pool's lie: a quantile of held-out ones."""
    return float(np.quantile(held_out, 1 - share))


def close(reference: Floats, *, share: float = CLOSE_SHARE) -> float:
    """The cosine distance within which `share` of the pairs of different rows (n, d) lie."""
    distance = 1.0 - (reference @ reference.T)[np.triu_indices(len(reference), k=1)]
    return max(float(np.quantile(distance, share)), 1e-6)


@dataclass(frozen=True)
class Outlying:
    """Texts far from the pool: of the traffic (n, d) and of the reference (m, d). `share`: of the traffic
    in all texts of both, far or not.
    """

    traffic: Floats
    reference: Floats
    share: float


def outlying_of(
    traffic: Floats,
    traffic_distances: Floats,
    reference: Floats,
    reference_distances: Floats,
) -> tuple[NDArray[np.intp], Outlying]:
    """Of traffic (n, d) and reference (m, d), with the distance of each to the pool, the texts farther than
    `OUTLYING_SHARE` of the reference leaves; and which rows of the traffic those are.
    """
    limit = far_from(reference_distances, share=OUTLYING_SHARE)
    far = np.flatnonzero(traffic_distances > limit)
    share = len(traffic) / (len(traffic) + len(reference))
    return far, Outlying(traffic[far], reference[reference_distances > limit], share)


def clusters(
    outlying: Outlying, texts: Sequence[str], others: Sequence[str], *, within: float, most: int = 5
) -> list[Cluster]:
    """Groups of outlying texts that traffic holds more of than the project does, the surest first; rows are
    those of the traffic.

    Texts of both sides are joined by average linkage on cosine distance, up to a mean distance of
    `within`, without knowing their sides. Of texts of one kind each is then traffic with the
    probability `share`, so every branch is put to a binomial test, with Bonferroni's correction for all
    branches: a group that nothing calls for is proposed in one look of twenty at most.

    `others`: texts of the pool, whose words do not tell a group.
    """
    n = len(outlying.traffic)
    if n < MIN_CLUSTER:
        return []
    branches = _branches(np.concatenate([outlying.traffic, outlying.reference]), within)
    parts = [(rows[rows < n], len(rows)) for rows in branches]
    found = [
        (p, rows)
        for rows, size in parts
        if len(rows) >= MIN_CLUSTER
        and (p := float(binom.logsf(len(rows) - 1, size, outlying.share)))
        < np.log(LEVEL / len(parts))
    ]
    chosen: list[NDArray[np.int64]] = []
    for _, rows in sorted(found, key=lambda one: one[0]):
        if not any(np.isin(rows, one).any() for one in chosen):
            chosen.append(rows)
    return [_cluster(rows, outlying.traffic, texts, others) for rows in chosen[:most]]


def _branches(vectors: Floats, within: float) -> list[NDArray[np.int64]]:
    """The rows under each joint of the tree, of `MIN_CLUSTER` or more, that lie within that distance."""
    under = [np.array([i]) for i in range(len(vectors))]
    found = []
    for one, other, height, _ in linkage(vectors, method="average", metric="cosine"):
        under.append(np.concatenate([under[int(one)], under[int(other)]]))
        if len(under[-1]) >= MIN_CLUSTER and height <= within:
            found.append(under[-1])
    return found


def _cluster(
    group: NDArray[np.int64], vectors: Floats, texts: Sequence[str], others: Sequence[str]
) -> Cluster:
    centre = vectors[group].mean(axis=0)
    central = group[np.argsort(-(vectors[group] @ centre), kind="stable")]
    return Cluster(central, telling_words([texts[i] for i in group], others))


def telling_words(texts: Sequence[str], others: Sequence[str], *, most: int = 4) -> tuple[str, ...]:
    """Words that many of `texts` hold and few of `others`, by the difference of the two shares."""
    counting = CountVectorizer(
        binary=True,
        stop_words="english",
        token_pattern=r"(?u)\b[^\W\d_]{3,}\b",  # noqa: S106  no password
    )
    try:
        held = counting.fit_transform(texts)
    except ValueError:  # no word is left
        return ()
    share = np.asarray(held.mean(axis=0)).ravel()
    elsewhere = np.asarray(counting.transform(others).mean(axis=0)).ravel() if others else 0.0
    lift = share - elsewhere
    words = counting.get_feature_names_out()
    best = np.argsort(-lift, kind="stable")[:most]
    return tuple(str(words[i]) for i in best if share[i] >= 0.3 and lift[i] > 0)
