"""A fit frozen for a confirmation: a copy of its model, known by its digest, stays that one model."""

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from learners.models import Fit
from projects.models import Confirmation, Project, User
from projects.services.confirming import FrozenModel, start_confirmation
from projects.services.refusals import Refused


class ModelGone(LookupError):
    """The frozen model cannot be had as it was; the message says what to do."""


def freeze_and_start(
    *, actor: User, project: Project, fit: Fit, target: float, share: float, now: datetime
) -> Confirmation:
    """Copy the model of a published fit and put it to fresh random texts.

    Raises:
        Refused: as `start_confirmation`; or the fit has no model, or its file is gone.
    """
    if fit.status != Fit.Status.PUBLISHED:
        raise Refused("fit", f"Fit {fit.pk} was not published, so it has no model.")
    content = _content(fit)
    digest = hashlib.sha256(content).hexdigest()
    name = default_storage.save(f"frozen/{project.pk}/{digest}.npz", ContentFile(content))
    try:
        return start_confirmation(
            actor=actor,
            project=project,
            model=FrozenModel(fit.pk, name, digest, fit.n_labels - fit.n_known),
            target=target,
            share=share,
            now=now,
        )
    except BaseException:
        default_storage.delete(name)
        raise


def _content(fit: Fit) -> bytes:
    try:
        with default_storage.open(fit.head_file or "missing") as stored:
            content: bytes = stored.read()
    except FileNotFoundError:
        raise Refused(
            "fit",
            f"The model's file of fit {fit.pk} is gone from the storage. Choose another fit, or make "
            "it anew with `manage.py rebuild_learners`.",
        ) from None
    return content


def frozen_fit(confirmation: Confirmation) -> Fit:
    """The fit of a confirmation with the frozen copy as its model; not to be saved.

    Raises:
        ModelGone: the fit's row or the copy is gone, or the copy is not what was frozen.
    """
    fit = Fit.objects.filter(
        pk=confirmation.fit_id, project_id=confirmation.project_id, status=Fit.Status.PUBLISHED
    ).first()
    if fit is None:
        raise ModelGone(
            f"Fit {confirmation.fit_id} is not there any more. Bring it back with "
            "`manage.py rebuild_learners`, or end this confirmation."
        )
    fit.head_file = confirmation.head_file
    _check_copy(confirmation)
    return fit


def _check_copy(confirmation: Confirmation) -> None:
    or_end = "Bring it back from a backup, or end this confirmation."
    try:
        with default_storage.open(confirmation.head_file) as stored:
            digest = hashlib.sha256(stored.read()).hexdigest()
    except FileNotFoundError:
        raise ModelGone(
            f"The file of the frozen model ({confirmation.head_file}) is gone from the storage. {or_end}"
        ) from None
    if digest != confirmation.head_digest:
        raise ModelGone(
            f"The file of the frozen model ({confirmation.head_file}) is not the one that was frozen. "
            f"{or_end}"
        )
