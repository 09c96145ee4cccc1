"""Chains: what a project's model calls a class is asked of another project's model, too."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from projects.models import LabelClass, Project, ProjectEvent, Route, User
from projects.selectors.remembered import TARGETS
from projects.services.ledger import append_project_event, lock
from projects.services.refusals import Refused

MAX_PROJECTS = 4  # that one text may pass through, the first included


@transaction.atomic
def set_routes(
    *, actor: User, project: Project, routes: Mapping[int, int], now: datetime
) -> list[Route]:
    """Replace all ways out of a project: id of the class -> id of the project that is asked next.

    Raises:
        Refused: `field` is the id of the class: no class in use here, a project that `actor` does
            not own, one about tables, a circle, or a chain that is too long.
    """
    lock(project)
    # One writer of ways at a time on the whole site, or two that are sound apart might close a circle.
    list(Route.objects.select_for_update().order_by("pk").values_list("pk"))
    _check_kind(project, routes)
    classes = LabelClass.objects.filter(project=project).active().in_bulk()
    targets = Project.objects.owned(actor).in_bulk(list(routes.values()))
    for class_id, target_id in routes.items():
        if class_id not in classes:
            raise Refused(str(class_id), "This is no class in use of the project.")
        if target_id not in targets:
            raise Refused(str(class_id), "You own no project of that number.")
        _check_target(project, class_id, targets[target_id])
    before = dict(Route.objects.filter(project=project).values_list("label_class_id", "target_id"))
    if before == dict(routes):
        return list(Route.objects.filter(project=project))
    Route.objects.filter(project=project).delete()
    made = Route.objects.bulk_create(
        Route(
            project=project,
            label_class_id=class_id,
            target_id=target_id,
            created_by=actor,
            created_at=now,
        )
        for class_id, target_id in routes.items()
    )
    _check_length(project)
    TARGETS.forget(project.pk)
    append_project_event(
        project_id=project.pk,
        kind=ProjectEvent.Kind.ROUTES_CHANGED,
        actor=actor,
        payload={
            "old": {str(key): value for key, value in before.items()},
            "new": {str(key): value for key, value in routes.items()},
        },
        now=now,
    )
    return made


def _check_kind(project: Project, routes: Mapping[int, int]) -> None:
    if routes and (project.is_table or project.multilabel):
        what = "rows of a table" if project.is_table else "any number of classes a text"
        raise Refused("", f"This project asks about {what}; only single classes of texts lead on.")


def _check_target(project: Project, class_id: int, target: Project) -> None:
    if target.pk == project.pk:
        raise Refused(str(class_id), "A project cannot lead to itself.")
    if target.is_table:
        raise Refused(str(class_id), f"“{target.name}” asks about rows of a table, not texts.")
    if project.pk in _reached(target.pk):
        raise Refused(
            str(class_id), f"“{target.name}” leads back here, so a text would go in a circle."
        )


def _check_length(project: Project) -> None:
    """Along the longest chain through this project."""
    longest = _depth(project.pk, forwards=True) + _depth(project.pk, forwards=False) - 1
    if longest > MAX_PROJECTS:
        raise Refused("", f"A text would pass through {longest} projects; allowed: {MAX_PROJECTS}.")


def _reached(project_id: int) -> set[int]:
    """Every project that texts of this one may come to."""
    found, open_ids = set[int](), {project_id}
    while open_ids:
        rows = Route.objects.filter(project_id__in=open_ids)
        open_ids = set(rows.values_list("target_id", flat=True)) - found
        found |= open_ids
    return found


def _depth(project_id: int, *, forwards: bool) -> int:
    """Projects on the longest way from here, this one included; there are no circles."""
    n, open_ids = 0, {project_id}
    while open_ids:
        n += 1
        rows = (
            Route.objects.filter(project_id__in=open_ids).values_list("target_id", flat=True)
            if forwards
            else Route.objects.filter(target_id__in=open_ids).values_list("project_id", flat=True)
        )
        open_ids = set(rows)
    return n
