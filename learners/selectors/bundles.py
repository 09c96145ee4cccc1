"""Models to take away: published fits and how far each one's zip is."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.files.storage import default_storage

from learners.models import Fit
from learners.selectors.curve import CurvePoint, curve
from projects.models import Project


@dataclass(frozen=True)
class Bundle:
    """One published fit as a download. `state`: absent, waiting, packing, ready, failed or gone
    (made once, but no longer in the storage).

    `n_bytes` is None unless the zip is ready.
    """

    fit: Fit
    point: CurvePoint
    state: str
    n_bytes: int | None

    @property
    def pending(self) -> bool:
        """Whether a page should look again soon."""
        return self.state in {"waiting", "packing"}


def bundle_state(fit: Fit) -> str:
    """How far the zip of a published fit is."""
    if fit.bundle_file:
        return "ready" if default_storage.exists(fit.bundle_file) else "gone"
    if fit.bundle_error:
        return "failed"
    if fit.bundle_started_at:
        return "packing"
    return "waiting" if fit.bundle_requested_at else "absent"


def bundles(project: Project, *, limit: int | None = None) -> list[Bundle]:
    """The project's published fits, newest first."""
    points: Sequence[CurvePoint] = curve(project.pk)[::-1][:limit]
    fits = Fit.objects.in_bulk([point.fit_id for point in points])
    return [_bundle(fits[point.fit_id], point) for point in points]


def bundle(project: Project, fit: Fit) -> Bundle:
    """One of `bundles`.

    Raises:
        StopIteration: the fit is not published.
    """
    point = next(point for point in curve(project.pk) if point.fit_id == fit.pk)
    return _bundle(fit, point)


def _bundle(fit: Fit, point: CurvePoint) -> Bundle:
    state = bundle_state(fit)
    n_bytes = default_storage.size(fit.bundle_file) if state == "ready" else None
    return Bundle(fit, point, state, n_bytes)
