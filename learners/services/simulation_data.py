"""The labels that a simulation runs on: taken from a project or a file once, then frozen."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Count
from numpy.typing import NDArray

from learners.engine.features.table import TableColumn
from learners.engine.simulation.data import LabelledData, labelled_data, labelled_sets
from learners.models import Simulation
from learners.selectors.parts import current_set
from learners.selectors.training import training_set
from learners.services.labelled_files import Columns, read_labelled
from learners.services.shards import ShardIndex, local_path, open_shards
from projects.models import Example, GoldLabel, GoldSet, LabelClass, Project
from projects.reading import Layout
from projects.services.staging import limits
from projects.services.tables import features_of

Source = Simulation.Source


@dataclass(frozen=True)
class Labelled:
    """How many texts of a project have a label of a class in use, and of how many classes."""

    n_texts: int
    n_classes: int


def gold_counts(project: Project) -> Labelled:
    """Of gold labels."""
    if project.multilabel:
        return _counted(_gold_sets(project))
    successor = _successors(project)
    counted = GoldLabel.objects.filter(example__project=project).values_list("label_class_id")
    by_class = {
        label_class: n
        for label_class, n in counted.annotate(n=Count("pk")).order_by()
        if successor[label_class]
    }
    return Labelled(sum(by_class.values()), len({successor[pk] for pk in by_class}))


def label_counts(project: Project) -> Labelled:
    """Of labels that people gave, and of those that came with the data as answers."""
    if project.multilabel:
        return _counted(_label_sets(project)[0])
    labels = training_set(project.pk)
    return Labelled(len(labels), len(labels.classes()))


def read_source(simulation: Simulation) -> LabelledData:
    """What the simulation is asked to run on, as it stands now.

    Raises:
        CannotSimulate: no two classes, or nothing to ask or to measure on.
        BadInput: the uploaded file cannot be read, or has no such column.
    """
    if simulation.source == Source.FILE:
        return _of_file(simulation)
    project = simulation.project
    if project.multilabel:
        return _of_sets(project, simulation.source)
    if simulation.source == Source.GOLD:
        return _of_project(project, _gold(project))
    labels = training_set(project.pk)
    pairs = zip(labels.example_ids.tolist(), labels.class_ids.tolist(), strict=True)
    return _of_project(project, dict(pairs))


def known_vectors(
    simulation: Simulation, digest: str, texts: Sequence[str]
) -> Mapping[str, NDArray[np.float32]]:
    """Vectors that the project has of these texts already, by text."""
    stored = current_set(simulation.project_id)
    if simulation.source == Source.FILE or stored is None or stored.digest != digest:
        return {}
    wanted = set(texts)
    rows = Example.objects.filter(project_id=simulation.project_id).exclude(
        role=Example.Role.DUPLICATE
    )
    by_id = {pk: text for pk, text in rows.values_list("pk", "text").iterator() if text in wanted}
    ids = np.fromiter(by_id, np.int64, len(by_id))
    found, vectors = ShardIndex(open_shards(stored)).vectors_of(ids)
    return dict(zip((by_id[pk] for pk in ids[found].tolist()), vectors, strict=True))


def freeze(simulation: Simulation, data: LabelledData) -> str:
    """Store the data; returns the file's name in storage."""
    meta = {
        "texts": data.texts,
        "class_names": data.class_names,
        "class_descriptions": data.class_descriptions,
        "notes": data.notes,
        "unnamed": sorted(data.unnamed),
        "columns": [[column.name, column.kind] for column in data.columns],
    }
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        y=data.y,
        is_test=data.is_test,
        meta=np.frombuffer(json.dumps(meta, ensure_ascii=False).encode(), np.uint8),
    )
    name = f"simulations/{simulation.project_id}/{simulation.pk}.npz"
    return default_storage.save(name, ContentFile(buffer.getvalue()))


def thaw(name: str) -> LabelledData:
    """What `freeze` stored under this name."""
    with np.load(local_path(name), allow_pickle=False) as arrays:
        meta = json.loads(arrays["meta"].tobytes().decode())
        return LabelledData(
            texts=tuple(meta["texts"]),
            y=arrays["y"],
            is_test=arrays["is_test"],
            class_names=tuple(meta["class_names"]),
            class_descriptions=tuple(meta["class_descriptions"]),
            notes=tuple(meta["notes"]),
            unnamed=frozenset(meta["unnamed"]),
            columns=tuple(TableColumn(*column) for column in meta.get("columns", ())),
        )


def _of_file(simulation: Simulation) -> LabelledData:
    said = simulation.columns
    columns = Columns(
        text=said["text"],
        features=tuple(said.get("features", ())),
        label=said["label"],
        split=said["split"],
        multilabel=said.get("multilabel", False),
        separator=said.get("separator"),
    )
    with local_path(simulation.file).open("rb") as file:
        return read_labelled(
            file,
            file=simulation.source_name,
            columns=columns,
            limits=limits(),
            layout=Layout(**said["layout"]),
        )


def _of_project(project: Project, class_of: Mapping[int, int]) -> LabelledData:
    rows = _Rows.of(project, class_of)
    data = labelled_data(labels=[rows.names[class_of[pk]] for pk in rows.ids], **rows.shared)
    return replace(data, unnamed=rows.unnamed, columns=rows.columns)


def _of_sets(project: Project, source: str) -> LabelledData:
    sets, n_older = (_gold_sets(project), 0) if source == Source.GOLD else _label_sets(project)
    rows = _Rows.of(project, sets)
    of_rows = [[rows.names[class_id] for class_id in sets[pk]] for pk in rows.ids]
    data = labelled_sets(sets=of_rows, **rows.shared)
    notes = [f"Left out, answered before a class was added: {n_older:,} texts."] if n_older else []
    return replace(data, unnamed=rows.unnamed, notes=(*notes, *data.notes))


@dataclass(frozen=True)
class _Rows:
    """Examples of a project that are labelled, duplicates left out, and its classes in use.

    `names`: of the classes, by id; `shared`: what `labelled_data` and `labelled_sets` both take.
    """

    ids: list[int]
    names: dict[int, str]
    unnamed: frozenset[str]
    columns: tuple[TableColumn, ...]
    shared: dict[str, Any]

    @classmethod
    def of(cls, project: Project, wanted: Iterable[int]) -> "_Rows":
        classes = list(LabelClass.objects.filter(project=project).active())
        examples = Example.objects.filter(project=project, pk__in=list(wanted))
        rows = examples.exclude(role=Example.Role.DUPLICATE).order_by("pk")
        found = list(rows.values_list("pk", "text", "content_hash", "role"))
        return cls(
            ids=[pk for pk, _, _, _ in found],
            names={row.pk: row.name for row in classes},
            unnamed=frozenset(row.name for row in classes if row.is_none),
            columns=tuple(TableColumn(*feature) for feature in features_of(project)),
            shared={
                "texts": [text for _, text, _, _ in found],
                "keys": [bytes(digest) for _, _, digest, _ in found],
                "is_test": [role == Example.Role.TEST for _, _, _, role in found],
                "descriptions": {row.name: row.description for row in classes},
            },
        )


Sets = dict[int, tuple[int, ...]]
"""Classes in use by example, maybe none."""


def _counted(sets: Sets) -> Labelled:
    return Labelled(len(sets), len({class_id for of_text in sets.values() for class_id in of_text}))


def _gold_sets(project: Project) -> Sets:
    """Merging and retiring a class change the sets themselves."""
    rows = GoldSet.objects.filter(example__project=project)
    return {pk: tuple(labels) for pk, labels in rows.values_list("example_id", "labels")}


def _label_sets(project: Project) -> tuple[Sets, int]:
    """Texts that were asked about every class, and how many others there are."""
    training = training_set(project.pk)
    sets = training.label_sets
    assert sets is not None  # callers ask only where a text has any number of classes
    whole = sets.asked.all(axis=1)
    found = {
        int(pk): tuple(sets.class_ids[has].tolist())
        for pk, has in zip(training.example_ids[whole], sets.has[whole], strict=True)
    }
    return found, int((~whole).sum())


def _gold(project: Project) -> dict[int, int]:
    """Class in use by example."""
    successor = _successors(project)
    pairs = GoldLabel.objects.filter(example__project=project).values_list(
        "example_id", "label_class_id"
    )
    found = {example: successor[label_class] for example, label_class in pairs}
    return {example: class_id for example, class_id in found.items() if class_id is not None}


def _successors(project: Project) -> dict[int, int | None]:
    """By class, the class in use that it counts as: itself, or what it was merged into; None for
    a retired one."""
    rows = LabelClass.objects.filter(project=project)
    merged = {row.pk: row.merged_into_id for row in rows}
    active = {row.pk for row in rows if row.retired_at is None}

    def successor(class_id: int | None) -> int | None:
        while class_id is not None and class_id not in active:
            class_id = merged.get(class_id)
        return class_id

    return {pk: successor(pk) for pk in merged}
