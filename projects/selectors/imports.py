"""How far a project's imports are, in words."""

from dataclasses import dataclass, field

from django.db.models import QuerySet

from projects.models import DataImport, Project
from projects.services.importing import CHECKING
from projects.services.incoming import KIND

Status = DataImport.Status


@dataclass(frozen=True)
class ImportLine:
    """One import as pages show it. `percent` is 0 to 100 while it runs; `notes` are sentences."""

    id: int
    name: str
    status: str
    sentence: str
    percent: int = 0
    error: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportProgress:
    """`lines`: imports that wait, run or failed since the last that was done, newest first."""

    lines: list[ImportLine]

    @property
    def is_busy(self) -> bool:
        return any(line.status in {Status.WAITING, Status.RUNNING} for line in self.lines)


def import_progress(project: Project) -> ImportProgress:
    """What a project's page says of imports that are not done. Cheap: few rows, by index."""
    newest_first = _of_files(project)[:20]
    unfinished: list[ImportLine] = []
    for row in newest_first:
        if row.status == Status.DONE:
            break
        unfinished.append(line_of(row))
    return ImportProgress(unfinished)


def all_imports(project: Project) -> list[ImportLine]:
    """Every import of a file, newest first; those that came back from predictions are counted apart."""
    return [line_of(row) for row in _of_files(project)]


def _of_files(project: Project) -> QuerySet[DataImport]:
    return DataImport.objects.filter(project=project).exclude(kind=KIND).order_by("-pk")


def line_of(row: DataImport) -> ImportLine:
    """One import in words."""
    if row.status == Status.RUNNING:
        percent = _percent(row)
        sentence = f"Importing {row.name}: {row.step}, {percent} %."
        return ImportLine(row.pk, row.name, row.status, sentence, percent=percent)
    if row.status == Status.WAITING:
        sentence = f"{row.name} waits for a worker. It starts by itself, within seconds while a worker runs."
        return ImportLine(row.pk, row.name, row.status, sentence)
    if row.status == Status.FAILED:
        sentence = f"{row.name} was not imported: nothing of it came in."
        return ImportLine(row.pk, row.name, row.status, sentence, error=row.error)
    return ImportLine(
        row.pk, row.name, row.status, _done(row), percent=100, notes=import_notes(row)
    )


def _percent(row: DataImport) -> int:
    """Two passes over the file, half of the way each."""
    share = row.bytes_read / max(1, row.n_bytes)
    return min(99, int(50 * share) + (0 if row.step == CHECKING else 50))


def _done(row: DataImport) -> str:
    counts = row.counts
    what = "different new rows" if row.columns.get("features") else "new texts"
    return f"{row.name}: {row.n_rows:,} rows, {counts.get('n_texts', row.n_rows):,} {what}."


NOTES = {
    "n_duplicates": "{n} repeat a text of the same file and share its label",
    "n_present": "{n} were in the project already",
    "n_blank": "{n} rows without a text were left out",
    "n_audit": "{n} are reserved at random to measure",
    "n_test": "{n} are the given test split",
    "n_gold": "{n} came with a gold label, kept apart",
    "n_known": "{n} came with a known answer, and train",
    "n_conflicts": "{n} texts came with different labels; the first stands",
    "n_labels_left_aside": "{n} labels were left aside: their texts have an answer, or measure",
}

TABLE_NOTES = NOTES | {
    "n_duplicates": "{n} repeat a row of the same file and share its label",
    "n_blank": "{n} rows without a value in any feature were left out",
    "n_conflicts": "{n} equal rows came with different labels; the first stands",
    "n_labels_left_aside": "{n} labels were left aside: their rows have an answer, or measure",
}


def import_notes(row: DataImport) -> list[str]:
    """What became of the rows, the zeros left out."""
    notes = TABLE_NOTES if row.columns.get("features") else NOTES
    return [
        words.format(n=f"{row.counts[name]:,}")
        for name, words in notes.items()
        if row.counts.get(name)
    ]
