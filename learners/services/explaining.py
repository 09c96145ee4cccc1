"""What one model saw in one text: its guess, the words it rests on, the nearest labelled texts."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from learners.engine.explaining import Score, WordWeight, log_odds, weigh_variants, weigh_words
from learners.models import Explanation
from learners.selectors.parts import current_set, parts_of
from learners.selectors.training import training_set
from learners.services.explain_request import LONGEST
from learners.services.prediction import Prediction
from learners.services.shards import Ids, Vectors, blocks, open_shards

logger = logging.getLogger(__name__)

WORDS_KEPT = 12
NEIGHBOURS_KEPT = 5
LEAST_WEIGHT = 0.01  # of the log-odds: less is no reason

Predict = Callable[[Sequence[str]], Prediction]
PredictWith = Callable[[Explanation], Predict]


def explain(*, explanation_id: int, clock: Callable[[], datetime], predict: PredictWith) -> None:
    """Fill in an explanation that was asked for and that nobody is at; an error goes on the row."""
    row = _claimed(explanation_id, clock())
    if row is None:
        return
    try:
        columns = _columns(row, predict(row))
    except Exception as error:
        logger.exception("explanation %s failed", explanation_id)
        columns = {"error": str(error) or type(error).__name__}
    Explanation.objects.filter(pk=row.pk, done_at__isnull=True).update(**columns, done_at=clock())


def _claimed(explanation_id: int, now: datetime) -> Explanation | None:
    free = Q(started_at__isnull=True) | Q(started_at__lt=now - LONGEST)
    mine = Explanation.objects.filter(free, pk=explanation_id, done_at__isnull=True, error="")
    if not mine.update(started_at=now):
        return None
    return Explanation.objects.select_related("fit__project", "example").get(pk=explanation_id)


def _columns(row: Explanation, predict: Predict) -> dict[str, object]:
    text = row.example.text
    whole = predict([text])
    place = int(whole.probabilities[0].argmax())

    def score(texts: Sequence[str]) -> NDArray[np.float64]:
        return log_odds(predict(texts).probabilities[:, place])

    columns = [str(column["name"]) for column in row.fit.project.feature_columns]
    weighed = _weigh_cells(text, columns, score) if columns else weigh_words(text, score=score)
    words = [word for word in weighed if abs(word.weight) >= LEAST_WEIGHT]
    near, note = _neighbours(row)
    return {
        "guess": int(whole.class_ids[place]),
        "probability": float(whole.probabilities[0, place]),
        "words": [[word.word, round(word.weight, 3)] for word in words[:WORDS_KEPT]],
        "neighbours": near,
        "note": note,
    }


def _weigh_cells(text: str, columns: Sequence[str], score: Score) -> list[WordWeight]:
    """Of a table's row, "column: value" a line, what each value weighs beside a missing one."""
    lines = text.split("\n")
    variants = []
    for place, (line, name) in enumerate(zip(lines, columns, strict=True)):
        missing = f"{line[: len(' '.join(name.split()))]}: ?"
        if line != missing:
            variants.append((line, "\n".join([*lines[:place], missing, *lines[place + 1 :]])))
    if not variants:
        return []
    return weigh_variants(variants, whole=float(score([text])[0]), score=score)


def _neighbours(row: Explanation) -> tuple[list[list[float]], str]:
    """[example id, cosine] of the nearest labelled texts by the stored vectors of the features'
    first part, and what a reader must know. Texts that are being asked again are left out.
    """
    project_id = row.fit.project_id
    source = current_set(project_id, parts_of(row.fit.features)[0])
    shards = open_shards(source) if source else []
    own = list(blocks(shards, np.array([row.example_id], np.int64)))
    if not own:
        return [], "The text has not been read into vectors yet, so its neighbours are not known."
    training = training_set(project_id)
    known = training.example_ids[~training.is_audit | training.measures]
    wanted = known[known != row.example_id]
    ids, cosines = _nearest(_unit(own[0][1])[0], blocks(shards, wanted))
    return [[int(pk), round(float(c), 4)] for pk, c in zip(ids, cosines, strict=True)], ""


def _nearest(
    vector: NDArray[np.float32], parts: Iterable[tuple[Ids, Vectors]]
) -> tuple[list[int], list[float]]:
    best: list[tuple[float, int]] = []
    for ids, vectors in parts:
        cosines = _unit(vectors) @ vector
        top = np.argsort(-cosines, kind="stable")[:NEIGHBOURS_KEPT]
        best += [(float(cosines[place]), int(ids[place])) for place in top]
        best = sorted(best, key=lambda pair: (-pair[0], pair[1]))[:NEIGHBOURS_KEPT]
    return [pk for _, pk in best], [cosine for cosine, _ in best]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
    return unit
