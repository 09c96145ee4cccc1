"""What one model saw in one text: its guess, the words it rests on, the nearest labelled texts."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from learners.engine.explaining import Score, WordWeight, log_odds, weigh_variants, weigh_words
from learners.models import Explanation
from learners.selectors.parts import current_set, parts_of
from learners.selectors.training import training_set
from learners.services.exact_words import exact_words
from learners.services.explain_request import LONGEST
from learners.services.neighbours import nearest_of
from learners.services.prediction import Prediction

logger = logging.getLogger(__name__)

WORDS_KEPT = 12
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
    exact = None if columns else exact_words(row.fit, text, place)
    if exact is not None:
        weighed = exact
    else:
        weighed = _weigh_cells(text, columns, score) if columns else weigh_words(text, score=score)
    words = [word for word in weighed if abs(word.weight) >= LEAST_WEIGHT]
    near, note = _neighbours(row)
    return {
        "guess": int(whole.class_ids[place]),
        "probability": float(whole.probabilities[0, place]),
        "words": [[word.word, round(word.weight, 3)] for word in words[:WORDS_KEPT]],
        "is_exact": exact is not None,
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
    source = current_set(row.fit.project_id, parts_of(row.fit.features)[0])
    training = training_set(row.fit.project_id)
    known = training.example_ids[~training.is_audit | training.measures]
    near = nearest_of(source, row.example_id, known)
    if near is None:
        return [], "The text has not been read into vectors yet, so its neighbours are not known."
    return [[pk, round(cosine, 4)] for pk, cosine in near], ""
