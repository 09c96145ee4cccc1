"""A look at the newest kept predictions: have they drifted, which are worth a label, what is new in them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
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

    `tests`: what, name, statistic, p, p_holm; `left_out`: sentences on what could not be compared;
    `novel`, `unsure`: the farthest and the least sure first; `groups`: ids, words.
    """

    n_traffic: int
    n_reference: int
    since: str
    until: str
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
    """Texts and vectors of one project: what was asked, what stands for the pool, the pool itself."""

    asked: Sequence[KeptPrediction]
    asked_vectors: NDArray[np.float32]
    reference: Sequence[str]
    reference_vectors: NDArray[np.float32]
    pool_vectors: NDArray[np.float32]


def _looked(project: Project, load: LoadEmbedder) -> Result:
    world = _world(project, load)
    result = Result(
        n_traffic=len(world.asked),
        n_reference=len(world.reference),
        since=min(one.asked_at for one in world.asked).isoformat(),
        until=max(one.asked_at for one in world.asked).isoformat(),
        too_few=min(len(world.asked), len(world.reference)) < drifting.MIN_TEXTS,
    )
    sure = _confidence(project, world, result)
    if not result.too_few:
        tests = drifting.directions(world.reference_vectors, world.asked_vectors)
        found = drifting.corrected([*tests, *_model_tests(sure)])
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
    reference_ids, texts = _sample(examples.filter(role=Example.Role.AUDIT), MAX_REFERENCE)
    pool = examples.filter(role=Example.Role.POOL).order_by("random_rank")[:MAX_POOL]
    pool_ids = np.fromiter(pool.values_list("pk", flat=True), np.int64)
    have, reference_vectors = vectors_of(shards, reference_ids)
    _, pool_vectors = vectors_of(shards, pool_ids)
    if not len(pool_vectors) or not have.any():
        raise CannotCheck("No text of the project has been read yet; it goes on by itself.")
    reference = [text for text, there in zip(texts, have, strict=True) if there]
    redacted = _redacted(reference, Redaction.of(project.traffic_redaction))
    changed = [i for i, text in enumerate(redacted) if text != reference[i]]
    if changed:
        reference_vectors[changed] = _embedded(embedder, [redacted[i] for i in changed])
    return _World(
        asked=asked,
        asked_vectors=_embedded(embedder, [one.text for one in asked]),
        reference=redacted,
        reference_vectors=reference_vectors,
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
    """The newest kept predictions, each text once."""
    rows = KeptPrediction.objects.filter(project=project).order_by("-asked_at")
    found: dict[bytes, KeptPrediction] = {}
    for row in rows[: 4 * MAX_TRAFFIC]:
        found.setdefault(bytes(row.text_hash), row)
    return list(found.values())[:MAX_TRAFFIC]


def _sample(rows: Any, n: int) -> tuple[NDArray[np.int64], list[str]]:
    """Ids and texts of `n` rows by their random rank."""
    found = list(rows.order_by("random_rank").values_list("pk", "text")[:n])
    return np.array([pk for pk, _ in found], np.int64), [text for _, text in found]


@dataclass(frozen=True)
class _Sure:
    """Of the live version: the likeliest class and its probability, of what was asked of it and of
    the texts that stand for the pool. `rows`: which of the kept predictions those are.
    """

    rows: list[int]
    asked: list[tuple[str, float]]
    reference: list[tuple[str, float]]


def _confidence(project: Project, world: _World, result: Result) -> _Sure | None:
    """None, and why in `left_out`, where the live version cannot be asked."""
    version = live_version(project.pk)
    if project.multilabel:
        result.left_out.append("Confidence and classes are compared where a text has one class.")
        return None
    if version is None:
        result.left_out.append("Confidence and classes were not compared: no version is live.")
        return None
    try:
        said = predict_texts(version, world.reference)
    except (ModelsAway, ModelFilesGone, CannotPredict) as error:
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
    if sure is None or min(len(sure.asked), len(sure.reference)) < drifting.MIN_TEXTS:
        return []
    own, others = (np.array([p for _, p in part]) for part in (sure.reference, sure.asked))
    shares = drifting.class_shares(
        [name for name, _ in sure.reference], [name for name, _ in sure.asked]
    )
    return [drifting.confidence(own, others), *([shares] if shares else [])]


def _offer(project: Project, world: _World, sure: _Sure | None, result: Result) -> None:
    """Texts farther from the pool than 99 % of texts like its own, groups of them, and those less sure
    than 95 % of texts like the pool's.
    """
    if len(world.reference) < drifting.MIN_TEXTS:
        result.left_out.append(
            f"New and unsure texts are told by {drifting.MIN_TEXTS} random texts of the project or more;"
            f" there are {len(world.reference)}."
        )
        return
    limit = drifting.far_from(drifting.nearest(world.reference_vectors, world.pool_vectors))
    distance = drifting.nearest(world.asked_vectors, world.pool_vectors)
    novel = np.flatnonzero(distance > limit)
    novel = novel[np.argsort(-distance[novel], kind="stable")]
    result.n_novel = len(novel)
    result.novel = [str(world.asked[i].pk) for i in novel[:MAX_OFFERED]]
    others = world.reference[:MAX_WORDS_FROM]
    texts = [world.asked[i].text for i in novel.tolist()]
    within = drifting.close(world.reference_vectors)
    for group in drifting.clusters(world.asked_vectors[novel], texts, others, within=within):
        ids = [str(world.asked[i].pk) for i in novel[group.rows].tolist()]
        result.groups.append({"ids": ids, "words": list(group.words)})
    if sure is not None and sure.asked:
        border = float(np.quantile([p for _, p in sure.reference], drifting.UNSURE_SHARE))
        pairs = zip(sure.rows, sure.asked, strict=True)
        unsure = sorted((p, i) for i, (_, p) in pairs if p < border)
        result.unsure = [str(world.asked[i].pk) for _, i in unsure[:MAX_OFFERED]]
