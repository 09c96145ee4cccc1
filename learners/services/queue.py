"""The queue that is served, as answers come in: what was asked is spent, what was undone is not."""

from django.db.models import QuerySet, Subquery

from learners.models import Fit, RankedExample, SeedExample, SeedQueue
from projects.models import Project


def newest_published_fit(project_id: int) -> Fit | None:
    """The fit whose queue is served; None before the first one."""
    return _published(project_id).first()


def serving_seed_queue(project: Project) -> SeedQueue | None:
    """The first questions as ranked for the project's strategy of today, for as long as no fit is
    published; None where they are random.
    """
    ranked = SeedQueue.objects.filter(project_id=project.pk, ranked_at__isnull=False)
    return ranked.filter(asked_for=project.strategy).first()


def spend(*, project_id: int, example_id: int) -> None:
    """The example was answered or skipped: the queue does not offer it any more."""
    _set_spent(project_id, example_id, spent=True)


def bring_back(*, project_id: int, example_id: int) -> None:
    """The answer was undone: the example takes its old place in the queue."""
    _set_spent(project_id, example_id, spent=False)


def _set_spent(project_id: int, example_id: int, *, spent: bool) -> None:
    newest = _published(project_id).values("pk")[:1]
    ranked = RankedExample.objects.filter(fit=Subquery(newest), example_id=example_id)
    if ranked.update(spent=spent):
        return  # publishing a fit ended the first questions
    seeds = SeedExample.objects.filter(queue__project_id=project_id, example_id=example_id)
    seeds.update(spent=spent)


def _published(project_id: int) -> QuerySet[Fit]:
    published = Fit.objects.filter(project_id=project_id, status=Fit.Status.PUBLISHED)
    return published.order_by("-id")
