"""A queue that was ranked over a half-embedded pool, ranked again when the rest has been read."""

from learners.models import Fit
from learners.selectors.training import training_set_from_ledger
from learners.services.due_work import queue_to_rank_again
from learners.services.embedders import current_embedder
from learners.services.embedding import LoadEmbedder
from learners.services.fitting import partly_ranked, rank_open_pool
from learners.services.publishing import replace_queue


def rank_again(*, project_id: int, load: LoadEmbedder = current_embedder) -> Fit | None:
    """Rank the newest published fit's queue again if far more of the pool is embedded by now.

    The model, its scores and its point of the curve stay; texts answered since are left out.

    Returns:
        The fit with a new queue, None where nothing was due or a newer fit came first.

    Raises:
        EngineError: strategy or embedder cannot do it; the queue that serves stays.
    """
    fit = queue_to_rank_again(project_id)
    if fit is None:
        return None
    training = training_set_from_ledger(project_id, fit.upto_seq)
    ranking, n_open = rank_open_pool(fit=fit, training=training, load=load)
    before = partly_ranked(fit.n_ranked_from or 0, fit.n_pool or 0)
    note = fit.note.replace(before, partly_ranked(ranking.n_pool, n_open)).strip()
    columns = {"n_ranked_from": ranking.n_pool, "n_pool": n_open, "note": note}
    return fit if replace_queue(fit=fit, ranking=ranking, columns=columns) else None
