"""Who works on a project and what each has done."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery

from projects.models import Annotation, AnnotationEvent, Membership, Project, User
from projects.services.one_time_links import reasons_against_reset


@dataclass(frozen=True)
class MemberLine:
    """One member as the members page shows her; `why_no_link` is empty where a link may be made."""

    user: User
    role: str
    role_name: str
    n_labels: int
    last_activity: datetime | None
    has_password: bool
    why_no_link: str


@dataclass(frozen=True)
class FormerMember:
    """Somebody who left; her labels stay."""

    username: str
    n_labels: int


def member_lines(*, project: Project, viewer: User) -> list[MemberLine]:
    """Every member, owners first, as `viewer`, an owner, sees them."""
    counts = _label_counts(project)
    newest = AnnotationEvent.objects.filter(project=project, annotator=OuterRef("user_id"))
    memberships = Membership.objects.filter(project=project).select_related("user")
    people = User.objects.filter(memberships__project=project)
    reasons = reasons_against_reset(actor=viewer, users=people)
    return [
        MemberLine(
            user=membership.user,
            role=membership.role,
            role_name=membership.get_role_display(),
            n_labels=counts.get(membership.user_id, 0),
            last_activity=membership.last_activity,
            has_password=membership.user.has_usable_password(),
            why_no_link=reasons[membership.user_id],
        )
        for membership in memberships.annotate(
            last_activity=Subquery(newest.order_by("-seq").values("created_at")[:1])
        ).order_by("-role", "user__username")
    ]


def former_members(project: Project) -> list[FormerMember]:
    """People whose labels stand in the project without a membership, by name."""
    counts = _label_counts(project)
    gone = User.objects.filter(pk__in=counts).exclude(memberships__project=project)
    return [
        FormerMember(user.get_username(), counts[user.pk]) for user in gone.order_by("username")
    ]


def memberships_of(user: User) -> QuerySet[Membership]:
    """A person's projects by name, those in the bin left out."""
    kept = Membership.objects.filter(user=user, project__binned_at__isnull=True)
    return kept.select_related("project").order_by("project__name", "pk")


def _label_counts(project: Project) -> dict[int, int]:
    labelled = Annotation.objects.filter(
        project=project, state=Annotation.State.LABELLED, annotator__isnull=False
    )
    per_person = labelled.values_list("annotator_id").annotate(n=Count("pk")).order_by()
    return {int(pk): n for pk, n in per_person if pk is not None}
