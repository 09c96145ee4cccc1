"""Of what a project's vectors are made: the parts of its features, and the rows that hold each."""

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from learners.engine.features import POOL_PARTS, STATIC, get_features
from learners.models import EmbeddingSet
from projects.models import Project

MINILM = "minilm"  # stands for the embedder that LABELER_EMBEDDER names
POOL_FITTED = (*POOL_PARTS, "table")
"""Parts whose weights come from the project's own pool."""


def parts_of(features: str) -> tuple[str, ...]:
    """The parts that are joined, in order; the first one decides which texts can be ranked.

    Raises:
        UnknownFeatures: no features have this name.
    """
    return get_features(features).parts


def parts_in_order_of_work(features: str) -> list[str]:
    """What the pool itself makes comes first: it takes seconds, an embedder takes minutes."""
    return sorted(parts_of(features), key=lambda part: part not in POOL_FITTED)


def set_name(part: str) -> str:
    """What `EmbeddingSet.embedder` says of sets of this part."""
    name: str = settings.LABELER_EMBEDDER
    return name if part == MINILM else part


def outgrown(project: Project, row: EmbeddingSet) -> bool:
    """Whether the pool is twice what made the weights of a set, if it was the pool that made them."""
    return row.n_fitted is not None and project.n_pool >= 2 * max(row.n_fitted, 1)


def newest_set(project_id: int, part: str) -> EmbeddingSet | None:
    """The set that is filled or was filled last."""
    rows = EmbeddingSet.objects.filter(project_id=project_id, embedder=set_name(part))
    return rows.order_by("-id").first()


def static_being_made(fresh_after: datetime) -> QuerySet[EmbeddingSet]:
    """Sets whose task distils static vectors now, or did so until shortly before."""
    return EmbeddingSet.objects.filter(
        embedder=STATIC, digest="", running_token__isnull=False, heartbeat_at__gt=fresh_after
    )


def current_set(project_id: int, part: str = MINILM) -> EmbeddingSet | None:
    """The vectors that fits use now: the newest set of the part. Of what the pool made, the newest
    that was once complete, as long as its successor is not.
    """
    if part in POOL_FITTED:
        rows = EmbeddingSet.objects.filter(project_id=project_id, embedder=set_name(part))
        if complete := rows.filter(ready_at__isnull=False).order_by("-id").first():
            return complete
    return newest_set(project_id, part)


def first_set(project: Project) -> EmbeddingSet | None:
    """The set of the first part of the project's features, by which pages say how far it is."""
    return current_set(project.pk, parts_of(project.features)[0])
