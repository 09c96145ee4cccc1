"""What the rungs of a ladder learn from and are measured on, read back from the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from learners.engine.embedding import MINILM, MINILM_SHA256, folder_digest, minilm_folder
from learners.engine.errors import EmbedderUnavailable
from learners.engine.rungs.base import OwnRecipe, TrainingData
from learners.models import Ladder
from learners.selectors.class_texts import class_names_after, class_texts
from learners.selectors.settings_history import settings_at
from learners.selectors.training import TrainingSet, training_set_from_ledger
from learners.services.manifest import Ingredients, Manifest, make_manifest
from projects.models import Example, Project, SyntheticExample

WRITTEN = "written:"  # before the content hash of a text that a teacher wrote
POOL_TEXTS = 20_000  # without a label: enough to count words in

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LadderData:
    """Texts by the ledger as it was at `ladder.upto_seq`.

    Attributes:
        training: every labelled text that is not an audit answer, and open pool texts.
        n_written: of the training texts, the last so many; a teacher wrote them, they are no labels.
        hashes: (n,) content hashes of the training texts, hexadecimal, in their order.
        pool_hashes: of the pool texts, in theirs.
        audit_ids, audit_y: (m,) audit answers that stand; `audit_texts` in the same order.
    """

    training: TrainingData
    hashes: tuple[str, ...]
    pool_hashes: tuple[str, ...]
    audit_ids: Ids
    audit_y: Ids
    audit_texts: tuple[str, ...]
    n_written: int = 0


def ladder_data(ladder: Ladder) -> LadderData:
    """Everything that the rungs of a ladder share; the same again whenever it is asked for."""
    project, upto_seq = ladder.project, ladder.upto_seq or 0
    found = training_set_from_ledger(project.pk, upto_seq)
    learnt, measured = found.example_ids[~found.is_audit], found.example_ids[found.measures]
    pool_ids = _open_pool(ladder, found)
    texts, hashes = _texts(np.concatenate([learnt, measured, pool_ids]))
    y, names = found.class_ids[~found.is_audit], class_name_texts(project, upto_seq)
    training = TrainingData(
        texts=[texts[pk] for pk in learnt.tolist()],
        y=y,
        names=names,
        class_ids=() if project.is_table else _told_of(y, names),
        pool_texts=[texts[pk] for pk in pool_ids.tolist()],
        class_names=class_names_after(project.pk, upto_seq),
        columns=[(column["name"], column["kind"]) for column in project.feature_columns],
    )
    written = written_examples(ladder, ladder.synthetic)
    if written:
        training = with_written(training, written)
    return LadderData(
        training=training,
        hashes=(
            *(hashes[pk] for pk in learnt.tolist()),
            *(f"{WRITTEN}{bytes(row.content_hash).hex()}" for row in written),
        ),
        pool_hashes=tuple(hashes[pk] for pk in pool_ids.tolist()),
        audit_ids=measured,
        audit_y=found.class_ids[found.measures],
        audit_texts=tuple(texts[pk] for pk in measured.tolist()),
        n_written=len(written),
    )


def _told_of(y: Ids, names: Sequence[tuple[str, int]]) -> list[int]:
    """Classes that a label or a name tells of, ascending, as the project's own fits know them."""
    return sorted({*y.tolist(), *(class_id for _, class_id in names)})


def written_examples(ladder: Ladder, numbers: Iterable[int]) -> list[SyntheticExample]:
    """Those of the numbered texts, which a teacher wrote, that may train a model of this ladder: none
    that is among the ladder's random or test texts, however it came there.
    """
    measuring = Example.objects.filter(
        project_id=ladder.project_id,
        role__in=(Example.Role.AUDIT, Example.Role.TEST),
        pk__lte=ladder.pool_upto or 0,
    )
    rows = SyntheticExample.objects.filter(pk__in=list(numbers))
    return list(rows.exclude(content_hash__in=measuring.values("content_hash")).order_by("pk"))


def with_written(training: TrainingData, written: Sequence[SyntheticExample]) -> TrainingData:
    """The same, and behind it the written texts, each of the class that it was written for."""
    y = np.append(training.y, [row.label_class_id for row in written]).astype(np.int64)
    return replace(
        training,
        texts=[*training.texts, *(row.text for row in written)],
        y=y,
        class_ids=sorted({*training.class_ids, *y.tolist()}),
    )


def class_name_texts(project: Project, upto_seq: int) -> list[tuple[str, int]]:
    """Names and descriptions of classes as training examples, where the project learned from them after
    event `upto_seq`.
    """
    if not settings_at(project.pk, upto_seq)["label_names"]:
        return []
    from learners.engine.training import name_texts  # noqa: PLC0415  loads scikit-learn

    classes = class_texts(project.pk, upto_seq)
    pairs = name_texts([c.name for c in classes], [c.description for c in classes])
    return [(text, classes[place].class_id) for text, place in pairs]


def with_recipe(training: TrainingData, settings: Mapping[str, Any]) -> TrainingData:
    """The same with the recipe that a rung's settings name, if they name one."""
    recipe = settings.get("recipe")
    return replace(training, recipe=OwnRecipe(**recipe)) if recipe else training


def manifest_of(
    ladder: Ladder, data: LadderData, rung: str, *, more: dict[str, object] | None = None
) -> Manifest:
    """What one rung of a ladder is made of. `more`: settings of the rung beyond the project's."""
    project = ladder.project
    return make_manifest(
        Ingredients(
            rung=rung,
            input_kind=project.input_kind,
            upto_seq=ladder.upto_seq or 0,
            seed=ladder.seed or 0,
            labels=list(zip(data.hashes, data.training.y.tolist(), strict=True)),
            classes=data.training.class_names,
            names=data.training.names,
            pool_upto=ladder.pool_upto or 0,
            pool_hashes=data.pool_hashes,
            embedder="" if project.is_table else embedder_digest(),
            settings=more,
        )
    )


def trunk_folder() -> Path:
    """Where the embedding model of this server lies.

    Raises:
        EmbedderUnavailable: it is not installed, or is no folder of a sentence-transformers model.
    """
    name = settings.LABELER_EMBEDDER
    if name == MINILM:
        return minilm_folder()
    if Path(name).is_dir():
        return Path(name)
    raise EmbedderUnavailable(
        f"LABELER_EMBEDDER names {name!r}, which is no folder of a sentence-transformers model; models "
        "to take away are made of such a folder's files, or of MiniLM's"
    )


def embedder_digest() -> str:
    """SHA-256 of the weights in `trunk_folder`."""
    if settings.LABELER_EMBEDDER == MINILM:
        return MINILM_SHA256
    return folder_digest(trunk_folder())


def embedder_folder(digest: str) -> Path | None:
    """Where the embedding model of a manifest lies, by the SHA-256 of its weights; None where this
    server no longer has it.

    Raises:
        EmbedderUnavailable: it is MiniLM, which is not installed.
    """
    if digest == MINILM_SHA256:
        return minilm_folder()
    try:
        return trunk_folder() if digest in ("", embedder_digest()) else None
    except EmbedderUnavailable:
        return None


def _open_pool(ladder: Ladder, found: TrainingSet) -> Ids:
    """Pool texts without a label then, lowest random rank first: a random part of a large pool."""
    rows = Example.objects.filter(
        project_id=ladder.project_id, role=Example.Role.POOL, pk__lte=ladder.pool_upto or 0
    ).order_by("random_rank", "pk")
    labelled = set(found.example_ids.tolist())
    limit = POOL_TEXTS + len(labelled)
    ids = [pk for pk in rows.values_list("pk", flat=True)[:limit] if pk not in labelled]
    return np.array(ids[:POOL_TEXTS], np.int64)


def _texts(ids: Ids) -> tuple[dict[int, str], dict[int, str]]:
    """Text and content hash of each example."""
    rows = Example.objects.filter(pk__in=ids.tolist()).values_list("pk", "text", "content_hash")
    texts, hashes = {}, {}
    for pk, text, content_hash in rows.iterator():
        texts[pk], hashes[pk] = text, bytes(content_hash).hex()
    return texts, hashes


def texts_of(ids: Sequence[int]) -> dict[int, str]:
    """Texts of examples by id."""
    return dict(Example.objects.filter(pk__in=list(ids)).values_list("pk", "text"))
