"""What a project's settings were, and which texts it had, after any event of its ledger."""

from typing import Any

from django.db.models import Max, Min

from projects.models import Example, Project, ProjectEvent
from projects.services.creating import LEARNING

KEPT = (*LEARNING, "batch_size")
"""Settings that decide when a fit comes and what it learns with."""

Kind = ProjectEvent.Kind


def settings_at(project_id: int, seq: int) -> dict[str, Any]:
    """`KEPT` settings by name, as they were after event `seq`: those of today, less what the ledger
    says was changed later.
    """
    found: dict[str, Any] = Project.objects.filter(pk=project_id).values(*KEPT).get()
    later = ProjectEvent.objects.filter(
        project_id=project_id, seq__gt=seq, kind__in=(Kind.STRATEGY_CHANGED, Kind.SETTINGS_CHANGED)
    )
    for payload in later.order_by("-seq").values_list("payload", flat=True):
        if payload["setting"] in found:
            found[payload["setting"]] = payload["old"]
    return found


def project_at(project_id: int, seq: int) -> Project:
    """The project with its settings of then; to be read, not saved."""
    project = Project.objects.get(pk=project_id)
    for name, value in settings_at(project_id, seq).items():
        setattr(project, name, value)
    return project


def newest_text_at(project_id: int, seq: int) -> int:
    """The greatest example id of imports up to event `seq`; 0 without a text."""
    later = ProjectEvent.objects.filter(project_id=project_id, seq__gt=seq, kind=Kind.IMPORTED)
    imports = list(later.values_list("payload__import", flat=True))
    texts = Example.objects.filter(project_id=project_id)
    first: int | None = texts.filter(data_import_id__in=imports).aggregate(pk=Min("pk"))["pk"]
    if first is not None:
        texts = texts.filter(pk__lt=first)
    return texts.aggregate(pk=Max("pk"))["pk"] or 0
