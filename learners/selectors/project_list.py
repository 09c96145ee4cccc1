"""One line a project for the list, in a fixed number of queries whatever the number of projects."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from learners.models import EmbeddingSet, Fit, Score
from learners.selectors.parts import parts_of, set_name
from learners.selectors.status import texts_to_read
from projects.models import DataImport, Membership, Project, User
from projects.services.incoming import KIND

SHOWN_PEOPLE = 3


@dataclass(frozen=True)
class Measured:
    """An accuracy with its 95 % interval, all in [0, 1], from `n` audit answers."""

    value: float
    low: float
    high: float
    n: int

    @property
    def percent(self) -> int:
        """The accuracy in whole percent; `low_percent` and `high_percent` are its interval."""
        return round(100 * self.value)

    @property
    def low_percent(self) -> int:
        return round(100 * self.low)

    @property
    def high_percent(self) -> int:
        return round(100 * self.high)

    @property
    def width_percent(self) -> int:
        """Width of the interval, at least 1, so that it can be drawn."""
        return max(1, self.high_percent - self.low_percent)


@dataclass(frozen=True)
class ListLine:
    """One project. `n_texts` counts what people can be asked; `doing` and `trouble` are sentences."""

    project: Project
    n_texts: int
    has_model: bool
    accuracy: Measured | None
    people: list[str]
    n_more_people: int
    last_activity: datetime
    doing: str
    trouble: str


def project_lines(user: User) -> list[ListLine]:
    """The projects that `user` belongs to: the demo first, then the newest activity first."""
    projects = list(Project.objects.member(user).order_by("-is_demo", "-last_activity_at", "pk"))
    fits = _newest_published(projects)
    accuracies = _accuracies(fits.values())
    imports = _newest(DataImport.objects.filter(project__in=projects).exclude(kind=KIND))
    embeddings = _first_sets(projects)
    people = _people(projects)
    return [
        ListLine(
            project=project,
            n_texts=project.n_pool + project.n_audit,
            has_model=project.pk in fits,
            accuracy=accuracies.get(fits.get(project.pk, 0)),
            people=people.get(project.pk, [])[:SHOWN_PEOPLE],
            n_more_people=max(0, len(people.get(project.pk, [])) - SHOWN_PEOPLE),
            last_activity=project.last_activity_at,
            doing=_doing(project, imports.get(project.pk), embeddings.get(project.pk)),
            trouble=_trouble(imports.get(project.pk), embeddings.get(project.pk)),
        )
        for project in projects
    ]


def _newest_published(projects: Iterable[Project]) -> dict[int, int]:
    """Newest published fit by project."""
    published = Fit.objects.filter(project__in=projects, status=Fit.Status.PUBLISHED)
    newest = published.order_by("project_id", "-pk").distinct("project_id")
    return dict(newest.values_list("project_id", "pk"))


def _accuracies(fit_ids: Iterable[int]) -> dict[int, Measured]:
    scores = Score.objects.filter(fit_id__in=list(fit_ids), metric__in=("accuracy", "micro_f1"))
    return {score.fit_id: Measured(score.value, score.low, score.high, score.n) for score in scores}


def _newest(rows: QuerySet[DataImport]) -> dict[int, DataImport]:
    """Newest import by project."""
    newest = rows.order_by("project_id", "-pk").distinct("project_id")
    return {row.project_id: row for row in newest}


def _first_sets(projects: Iterable[Project]) -> dict[int, EmbeddingSet]:
    """By project, the newest set that is none of a further part of its features: how far it is."""
    further = {
        project.pk: [set_name(part) for part in parts_of(project.features)[1:]]
        for project in projects
    }
    rows = EmbeddingSet.objects.filter(project__in=projects).order_by("pk")
    return {row.project_id: row for row in rows if row.embedder not in further[row.project_id]}


def _people(projects: Iterable[Project]) -> dict[int, list[str]]:
    """Names of members by project, owners first."""
    rows = Membership.objects.filter(project__in=projects).order_by("-role", "user__username")
    people: dict[int, list[str]] = {}
    for project_id, name in rows.values_list("project_id", "user__username"):
        people.setdefault(project_id, []).append(name)
    return people


def _doing(project: Project, data_import: DataImport | None, embedding: EmbeddingSet | None) -> str:
    if data_import and data_import.status == DataImport.Status.WAITING:
        return "Import waiting for a worker"
    if data_import and data_import.status == DataImport.Status.RUNNING:
        return f"Importing {_share(data_import.bytes_read, data_import.n_bytes)}"
    if project.n_texts and embedding is None:
        return "Waiting to be embedded"
    if embedding and not embedding.error:
        n_total = texts_to_read(project, embedding)
        if embedding.n_done < n_total:
            return f"Embedding: {embedding.n_done:,} of {n_total:,} texts"
    return ""


def _share(part: int, whole: int) -> str:
    return f"{min(99, 100 * part // whole)} %" if whole else ""


def _trouble(data_import: DataImport | None, embedding: EmbeddingSet | None) -> str:
    if data_import and data_import.status == DataImport.Status.FAILED:
        return "The import failed"
    if embedding and embedding.error:
        return "Embedding failed"
    return ""
