"""Who looked at random texts, read from the ledger."""

from django.db.models import Max

from projects.models import ProjectEvent, User


def shown_upto(project_id: int, user: User) -> int:
    """Number of the event with which the user last looked, 0 for never."""
    kind = ProjectEvent.Kind.RANDOM_TEXTS_SHOWN
    looks = ProjectEvent.objects.filter(project_id=project_id, actor=user, kind=kind)
    return looks.aggregate(newest=Max("seq"))["newest"] or 0
