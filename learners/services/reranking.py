"""A queue that was ranked over a half-embedded pool, ranked again when the rest has been read."""

import logging
from datetime import datetime

from django.db.models import Q

from learners.models import Fit
from learners.selectors.training import training_set_from_ledger
from learners.services.due_work import RERANK_PAUSE, queue_to_rank_again
from learners.services.embedders import LoadEmbedder, current_embedder
from learners.services.fitting import partly_ranked, rank_open_pool
from learners.services.publishing import replace_queue

logger = logging.getLogger(__name__)


def rank_again(
    *, project_id: int, now: datetime, load: LoadEmbedder = current_embedder
) -> Fit | None:
    """Rank the newest published fit's queue again if far more of the pool is embedded by now.

    The model, its scores and its point of the curve stay; texts answered since are left out. An
    error is stored on the fit for the page to show; the queue that serves stays, and another try
    comes after `RERANK_PAUSE`.

    Returns:
        The fit with a new queue; None where nothing was due, it failed, or a newer fit came first.
    """
    fit = queue_to_rank_again(project_id, now)
    if fit is None or not _claim(fit, now):
        return None
    try:
        return fit if _rank(fit, load) else None
    except Exception as error:
        logger.exception("ranking the grown pool of project %s failed", project_id)
        text = f"{type(error).__name__}: {error}"
        Fit.objects.filter(pk=fit.pk, token=fit.token).update(rerank_error=text)
    return None


def _claim(fit: Fit, now: datetime) -> bool:
    """One task at a time: the first to write the moment has it."""
    free = Q(rerank_started_at__isnull=True) | Q(rerank_started_at__lte=now - RERANK_PAUSE)
    mine = Fit.objects.filter(free, pk=fit.pk, token=fit.token)
    return mine.update(rerank_started_at=now) == 1


def _rank(fit: Fit, load: LoadEmbedder) -> bool:
    training = training_set_from_ledger(fit.project_id, fit.upto_seq)
    ranking, n_open = rank_open_pool(fit=fit, training=training, load=load)
    before = partly_ranked(fit.n_ranked_from or 0, fit.n_pool or 0)
    columns = {
        "n_ranked_from": ranking.n_pool,
        "n_pool": n_open,
        "note": fit.note.replace(before, partly_ranked(ranking.n_pool, n_open)).strip(),
        "rerank_started_at": None,
        "rerank_error": "",
    }
    return replace_queue(fit=fit, ranking=ranking, columns=columns)
