"""A page's wish to know what drove a guess. Kept apart from the work, which pages never import."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from labeler.sending import send
from learners.models import Explanation, Fit

LONGEST = timedelta(minutes=2)
MESSAGE_LOST_AFTER = timedelta(seconds=10)


def request_explanation(*, fit: Fit, example_id: int, now: datetime) -> Explanation:
    """Have a worker find out what `fit` saw in a text; asking again while that is done or ready
    does nothing, and an earlier error is forgotten.
    """
    with transaction.atomic():
        row, is_new = Explanation.objects.get_or_create(
            fit=fit, example_id=example_id, defaults={"requested_at": now}
        )
        if row.error:
            row.error, row.started_at, row.done_at, row.requested_at = "", None, None, now
            row.save()
            is_new = True
        if is_new:
            transaction.on_commit(lambda: send("learners.explain", row.pk))
    return row


def explanations_to_make(now: datetime) -> list[int]:
    """Those asked for a while ago that no worker took up, or whose worker died."""
    free = Q(started_at__isnull=True) | Q(started_at__lt=now - LONGEST)
    asked = Explanation.objects.filter(
        free, done_at__isnull=True, error="", requested_at__lt=now - MESSAGE_LOST_AFTER
    )
    return list(asked.values_list("pk", flat=True))
