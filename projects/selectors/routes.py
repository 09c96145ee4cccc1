"""The ways from one project's model into another project, and whether they can be gone."""

from django.db.models import QuerySet

from projects.models import LabelClass, Membership, Project, Route, User
from projects.models.project import InputKind, Role


def routes_of(project_id: int) -> QuerySet[Route]:
    """All ways out of a project, in the order of its classes."""
    rows = Route.objects.filter(project_id=project_id).select_related("label_class", "target")
    return rows.order_by("label_class__position", "pk")


def routes_to(project_id: int, user: User) -> QuerySet[Route]:
    """Ways that lead here from projects that `user` owns."""
    rows = Route.objects.filter(target_id=project_id, project__in=Project.objects.owned(user))
    return rows.select_related("label_class", "project").order_by("project__name", "pk")


def targets_by_class(project_id: int) -> dict[int, Project]:
    """Where a text of each class goes on to; a class that was merged goes where its successor does."""
    targets = {route.label_class_id: route.target for route in routes_of(project_id)}
    if not targets:
        return {}
    merged = dict(
        LabelClass.objects.filter(project_id=project_id, merged_into__isnull=False).values_list(
            "pk", "merged_into_id"
        )
    )
    found = dict(targets)
    for class_id in merged:
        end: int | None = class_id
        while end in merged:
            end = merged[end]
        if end in targets:
            found[class_id] = targets[end]
    return found


def may_lead_to(user: User, project: Project) -> QuerySet[Project]:
    """Projects that `user` owns and that texts of `project` can be sent on to: of texts, and not
    this one.
    """
    others = Project.objects.owned(user).exclude(pk=project.pk)
    return others.filter(input_kind=InputKind.TEXT).order_by("name", "pk")


def have_a_common_owner(one: Project, other: Project) -> bool:
    """Whether somebody who owns both is left."""
    owners = Membership.objects.filter(role=Role.OWNER)
    mine = owners.filter(project=one).values("user_id")
    return owners.filter(project=other, user_id__in=mine).exists()
