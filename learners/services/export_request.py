"""A page's wish for a model to take away. Kept apart from the building, which pages never import."""

from datetime import datetime

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q

from labeler.sending import send
from learners.models import Fit


class NothingToExport(ValueError):
    """Only a published fit has a model; the message says so."""


def request_export(*, fit: Fit, now: datetime) -> None:
    """Have a worker build the zip of `fit`; asking again while it is built or ready does nothing.

    An earlier error, or a zip that is gone from the storage, is forgotten and the build tried again.

    Raises:
        NothingToExport: the fit was not published.
    """
    if fit.status != Fit.Status.PUBLISHED:
        raise NothingToExport(f"Fit {fit.pk} was not published, so there is no model to take away.")
    _forget_lost_zip(fit)
    wanted = Fit.objects.filter(
        Q(bundle_requested_at__isnull=True) | ~Q(bundle_error=""), pk=fit.pk, bundle_file=""
    ).update(bundle_requested_at=now, bundle_started_at=None, bundle_error="")
    if wanted:
        transaction.on_commit(lambda: send("learners.export_model", fit.pk))


def _forget_lost_zip(fit: Fit) -> None:
    """The storage may have been cleared or restored without the row knowing."""
    if fit.bundle_file and not default_storage.exists(fit.bundle_file):
        Fit.objects.filter(pk=fit.pk, bundle_file=fit.bundle_file).update(
            bundle_file="", bundle_digest="", bundle_requested_at=None
        )
