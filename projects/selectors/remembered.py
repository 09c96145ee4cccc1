"""What requests for predictions read of a project: as it was within the last second."""

import copy
from collections.abc import Mapping

from projects.models import ModelVersion, Project
from projects.remembering import Clock, Remembered
from projects.selectors.routes import targets_by_class
from projects.selectors.versions import live_version

LIVE: Remembered[int, ModelVersion] = Remembered(most=1_000)
TARGETS: Remembered[int, Mapping[int, Project]] = Remembered(most=1_000)


def remembered_live_version(
    project_id: int, *, clock: Clock, seconds: float
) -> ModelVersion | None:
    """As `live_version`, read at most once in `seconds`. The row is the caller's own."""
    found = LIVE.get(project_id, lambda: live_version(project_id), clock=clock, seconds=seconds)
    return copy.copy(found)


def remembered_targets(project_id: int, *, clock: Clock, seconds: float) -> Mapping[int, Project]:
    """As `targets_by_class`, read at most once in `seconds`. The rows are shared: only read them."""
    found = TARGETS.get(
        project_id, lambda: targets_by_class(project_id), clock=clock, seconds=seconds
    )
    return found or {}
