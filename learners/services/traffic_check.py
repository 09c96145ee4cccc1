"""A look at the newest kept predictions: have they drifted, which are worth a label, what is new in them."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from learners.engine import drifting
from learners.engine.errors import EmbedderUnavailable
from learners.models import TrafficCheck
from learners.selectors.parts import MINILM, current_set
from learners.services.embedders import LoadEmbedder, TextEmbedder, current_embedder
from learners.services.heartbeat import Heartbeat
from learners.services.model_files import ModelFilesGone
from learners.services.serving import CannotPredict, ModelsAway, predict_texts
from learners.services.shards import open_shards, vectors_of
from projects.models import Example, KeptPrediction, Project
from projects.models.traffic import Origin
from projects.selectors.versions import live_version
from projects.services.traffic.redacting import Redaction, TooSlow

logger = logging.getLogger(__name__)

MAX_TRAFFIC, MAX_REFERENCE, MAX_POOL, MAX_WORDS_FROM = 1_000, 1_000, 20_000, 1_000
MAX_OFFERED = 50
EMBED_AT_ONCE = 64
UNEXPECTED = "The look stopped at an error of Labeler’s own. The worker’s log has the details."

Status = TrafficCheck.Status
Clock = Callable[[], datetime]


class CannotCheck(Exception):
    """There is nothing to compare yet; the message is a sentence."""


def run_check(
    *, check_id: int, token: UUID, clock: Clock, load: LoadEmbedder = current_embedder
) -> None:
    """Look, unless somebody else does. What stands in the way is said on the row."""
    claimed = TrafficCheck.objects.filter(pk=check_id, status=Status.WAITING)
    if not claimed.update(status=Status.RUNNING, token=token, heartbeat_at=clock()):
        return
    mine = TrafficCheck.objects.filter(pk=check_id, token=token, status=Status.RUNNING)
    project = Project.objects.get(traffic_checks=check_id)
    ended: dict[str, Any]
    with Heartbeat(lambda: mine.update(heartbeat_at=clock()), longest_seconds=900):
        try:
            ended = {"status": Status.DONE, "result": asdict(_looked(project, load))}
        except (CannotCheck, EmbedderUnavailable) as error:
            ended = {"status": Status.FAILED, "error": str(error)}
        except Exception:
            logger.exception("a look at the traffic of project %s failed", project.pk)
            ended = {"status": Status.FAILED, "error": UNEXPECTED}
    mine.update(finished_at=clock(), **ended)


@dataclass
class Result:
    """What was found, as `TrafficCheck.result` keeps it. Ids are of kept predictions.

    `by_origin`: of the kept predictions; `tests`: what, name, statistic, p, p_holm; `left_out`: sentences on what could not be compared;
    `novel`, `unsure`: the farthest and the least sure first; `groups`: ids, words.
    """

    n_traffic: int
    n_reference: int
    since: str
    until: str
    by_origin: dict[str, int]
    too_few: bool = False
    version: int | None = None
    tests: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    n_novel: int = 0
    novel: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _World:
    """Texts and vectors of one project: what was asked, what stands for the project, its other texts.

    The first `n_reserved` of the reference are reserved, so that no version was trained on them.
    """

    asked: Sequence[KeptPrediction]
    asked_vectors: NDArray[np.float32]
    reference: Sequence[str]
    reference_vectors: NDArray[np.float32]
    n_reserved: int
    pool_vectors: NDArray[np.float32]

    @property
    def reserved(self) -> Sequence[str]:
        return self.reference[: self.n_reserved]

    @cached_property
    def asked_distances(self) -> NDArray[np.float32]:
        """To the nearest of the other texts, (n_asked,)."""
        return drifting.nearest(self.asked_vectors, self.pool_vectors)

    @cached_property
    def reference_distances(self) -> NDArray[np.float32]:
        """The same of the reference, (n_reference,)."""
        return drifting.nearest(self.reference_vectors, self.pool_vectors)


def _looked(project: Project, load: LoadEmbedder) -> Result:
    world = _world(project, load)
    result = Result(
        n_traffic=len(world.asked),
        n_reference=len(world.reference),
        by_origin=dict(Counter(one.origin for one in world.asked)),
        since=min(one.asked_at for one in world.asked).isoformat(),
        until=max(one.asked_at for one in world.asked).isoformat(),
        too_few=min(len(world.asked), len(world.reference)) < drifting.MIN_TEXTS,
    )
    sure = _confidence(project, world, result)
    if not result.too_few:
        tests = drifting.directions(
            world.pool_vectors, world.reference_vectors, world.asked_vectors
        )
        far = drifting.distances(world.reference_distances, world.asked_distances)
        found = drifting.corrected([*tests, far, *_model_tests(sure)])
        result.tests = [asdict(one) for one in found]
    _offer(project, world, sure, result)
    return result


def _world(project: Project, load: LoadEmbedder) -> _World:
    asked = _newest_texts(project)
    if not asked:
        raise CannotCheck("No prediction is kept, so there is nothing to look at.")
    row = current_set(project.pk, MINILM)
    embedder = load()
    if row is None or row.digest != embedder.digest:
        raise CannotCheck(
            "The project’s texts have no sentence vectors of the present embedder (yet): choose"
            " features with sentence vectors under Settings > Learning, or wait until they are read."
        )
    shards = open_shards(row)
    examples = Example.objects.filter(project=project)
    reserved_ids, texts = _sample(examples.filter(role=Example.Role.AUDIT), MAX_REFERENCE)
    pool = examples.filter(role=Example.Role.POOL).order_by("random_rank")
    pool_ids = np.fromiter(pool.values_list("pk", flat=True)[:MAX_POOL], np.int64)
    # Any prefix by rank is a random sample, and so is the rest; both sides are compared with the rest.
    n_more = min(MAX_REFERENCE - len(texts), len(pool_ids) // 2)
    more_ids, more_texts = _sample(pool, n_more)
    have, reference_vectors = vectors_of(shards, np.concatenate([reserved_ids, more_ids]))
    _, pool_vectors = vectors_of(shards, pool_ids[n_more:])
    if not len(pool_vectors) or not have.any():
        raise CannotCheck("No text of the project has been read yet; it goes on by itself.")
    reference = [text for text, there in zip([*texts, *more_texts], have, strict=True) if there]
    redacted = _redacted(reference, Redaction.of(project.traffic_redaction))
    changed = [i for i, text in enumerate(redacted) if text != reference[i]]
    if changed:
        reference_vectors[changed] = _embedded(embedder, [redacted[i] for i in changed])
    return _World(
        asked=asked,
        asked_vectors=_embedded(embedder, [one.text for one in asked]),
        reference=redacted,
        reference_vectors=reference_vectors,
        n_reserved=int(have[: len(texts)].sum()),
        pool_vectors=pool_vectors,
    )


def _redacted(texts: Sequence[str], redaction: Redaction) -> list[str]:
    """As kept texts are: else what was taken out of those would look like drift."""
    found = []
    for text in texts:
        try:
            found.append(redaction.apply(text))
        except TooSlow:  # such a text would not have been kept; one of a thousand tells nothing
            found.append(text)
    return found


def _embedded(embedder: TextEmbedder, texts: Sequence[str]) -> NDArray[np.float32]:
    parts = [
        embedder.embed(texts[start : start + EMBED_AT_ONCE]).vectors
        for start in range(0, len(texts), EMBED_AT_ONCE)
    ]
    return np.concatenate(parts).astype(np.float32)


def _newest_texts(project: Project) -> list[KeptPrediction]:
    """The newest kept predictions, each text once; half of them from files at most, unless there are too
    few others: a file says what was in one file, however long it is.
    """
    rows = KeptPrediction.objects.filter(project=project).order_by("-asked_at")
    others = _each_once(rows.exclude(origin=Origin.FILE))
    files = _each_once(rows.filter(origin=Origin.FILE))
    n = min(len(files), max(MAX_TRAFFIC // 2, MAX_TRAFFIC - len(others)))
    return _each_once([*others[: MAX_TRAFFIC - n], *files[:n]])


def _each_once(rows: QuerySet[KeptPrediction] | list[KeptPrediction]) -> list[KeptPrediction]:
    """The first of each text."""
    found: dict[bytes, KeptPrediction] = {}
    for row in rows[: 4 * MAX_TRAFFIC]:
        found.setdefault(bytes(row.text_hash), row)
    return list(found.values())


def _sample(rows: Any, n: int) -> tuple[NDArray[np.int64], list[str]]:
    """Ids and texts of `n` rows by their random rank."""
    found = list(rows.order_by("random_rank").values_list("pk", "text")[:n])
    return np.array([pk for pk, _ in found], np.int64), [text for _, text in found]


@dataclass(frozen=True)
class _Sure:
    """Of the live version: the likeliest class and its probability, of what was asked of it and of
    the reserved texts. `rows`: which of the kept predictions those are.
    """

    rows: list[int]
    asked: list[tuple[str, float]]
    reserved: list[tuple[str, float]]


def _confidence(project: Project, world: _World, result: Result) -> _Sure | None:
    """None, and why in `left_out`, where the live version cannot be asked."""
    version = live_version(project.pk)
    if project.multilabel:
        result.left_out.append("Confidence and classes are compared where a text has one class.")
        return None
    if version is None:
        result.left_out.append("Confidence and classes were not compared: no version is live.")
        return None
    if len(world.reserved) < drifting.MIN_TEXTS:
        result.left_out.append(
            "Confidence and classes were not compared: that takes"
            f" {drifting.MIN_TEXTS} reserved texts, and there are {len(world.reserved)}."
        )
        return None
    try:
        said = predict_texts(version, world.reserved)
    except ModelsAway:
        result.left_out.append(
            "Confidence and classes were not compared: the process that holds the models does not answer."
        )
        return None
    except (ModelFilesGone, CannotPredict) as error:
        result.left_out.append(f"Confidence and classes were not compared: {error}.")
        return None
    result.version = version.number
    rows = [
        i
        for i, one in enumerate(world.asked)
        if one.version_number == version.number and one.probabilities
    ]
    asked = [_likeliest(world.asked[i].probabilities) for i in rows]
    places = (dict(zip(said.class_names, shares, strict=True)) for shares in said.probabilities)
    return _Sure(rows, asked, [_likeliest(one) for one in places])


def _likeliest(shares: dict[str, float]) -> tuple[str, float]:
    name = max(shares, key=shares.__getitem__)
    return name, float(shares[name])


def _model_tests(sure: _Sure | None) -> list[drifting.Comparison]:
    if sure is None or len(sure.asked) < drifting.MIN_TEXTS:
        return []
    own, others = (np.array([p for _, p in part]) for part in (sure.reserved, sure.asked))
    shares = drifting.class_shares(
        [name for name, _ in sure.reserved], [name for name, _ in sure.asked]
    )
    return [drifting.confidence(own, others), *([shares] if shares else [])]


def _offer(project: Project, world: _World, sure: _Sure | None, result: Result) -> None:
    """Texts farther from the pool than 99 % of texts like its own, groups of those farther than 90 %, and
    those less sure than 95 % of the reserved ones.
    """
    if len(world.reference) < drifting.MIN_TEXTS:
        result.left_out.append(
            f"New and unsure texts are told by {drifting.MIN_TEXTS} random texts of the project or more;"
            f" there are {len(world.reference)}."
        )
        return
    distance = world.asked_distances
    limit = drifting.far_from(world.reference_distances)
    novel = np.flatnonzero(distance > limit)
    novel = novel[np.argsort(-distance[novel], kind="stable")]
    result.n_novel = len(novel)
    result.novel = [str(world.asked[i].pk) for i in novel[:MAX_OFFERED]]
    result.groups = _groups(world)
    if sure is not None and sure.asked:
        border = float(np.quantile([p for _, p in sure.reserved], drifting.UNSURE_SHARE))
        pairs = zip(sure.rows, sure.asked, strict=True)
        unsure = sorted((p, i) for i, (_, p) in pairs if p < border)
        result.unsure = [str(world.asked[i].pk) for _, i in unsure[:MAX_OFFERED]]


def _groups(world: _World) -> list[dict[str, Any]]:
    """Of texts that the project has few of: ids of kept predictions, and words."""
    far, outlying = drifting.outlying_of(
        world.asked_vectors,
        world.asked_distances,
        world.reference_vectors,
        world.reference_distances,
    )
    found = drifting.clusters(
        outlying,
        [world.asked[i].text for i in far.tolist()],
        world.reference[:MAX_WORDS_FROM],
        within=drifting.close(world.reference_vectors),
    )
    return [
        {
            "ids": [str(world.asked[i].pk) for i in far[group.rows].tolist()],
            "words": list(group.words),
        }
        for group in found
    ]
