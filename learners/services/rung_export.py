"""Files of rungs and versions to take away: made, checked, and only then stored and offered."""

import hashlib
import json
import logging
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, BinaryIO, cast

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q

from learners.engine.bundle import BundleDigest
from learners.engine.embedding import MINILM
from learners.engine.errors import EngineError
from learners.engine.packing.card import ModelFacts
from learners.engine.packing.clean_run import check_zip
from learners.engine.packing.comparing import Checked
from learners.engine.packing.html_file import check_page, html_file
from learners.engine.packing.hugging_face import check_folder, write_hugging_face
from learners.engine.packing.parity import Parity, parity_of, words_of
from learners.engine.packing.zip_file import write_zip_file
from learners.engine.runtime import META, TOKENIZER, load_runtime
from learners.models import ModelExport
from learners.selectors.class_texts import class_texts
from learners.services.ladder_data import embedder_folder
from learners.services.manifest import MANIFEST
from learners.services.model_files import ModelFilesGone
from learners.services.rung_export_request import LONGEST_EXPORT, Kind, Model, project_of
from learners.services.rung_facts import facts_of, files_of
from projects.models import Example

logger = logging.getLogger(__name__)

OWN_TEXTS = 200
WITH_TRUNK = ("minilm", "minilm_int8", "tuned")
ENDINGS = {Kind.ZIP: "zip", Kind.HTML: "html", Kind.HUGGINGFACE: "zip"}


def make_export(*, export_id: int, clock: Callable[[], datetime]) -> None:
    """Make, check and store one file, unless somebody else is at it or nobody asked; errors go on the
    row. A worker that was given up in between writes nothing.
    """
    started = clock()
    claimed = ModelExport.objects.filter(
        Q(started_at__isnull=True) | Q(started_at__lt=started - LONGEST_EXPORT),
        pk=export_id, file="", error="",
    ).update(started_at=started)  # fmt: skip
    if not claimed:
        return
    row = ModelExport.objects.select_related(
        "rung__ladder__project", "version__project", "project"
    ).get(pk=export_id)
    mine = ModelExport.objects.filter(pk=export_id, started_at=started, file="")
    try:
        columns = _made(row)
    except (EngineError, ModelFilesGone) as error:
        mine.update(error=str(error), finished_at=clock())
        return
    except Exception:
        logger.exception("file %d, %s, could not be made", row.pk, row)
        said = f"Something went wrong; the log of the worker has it (file {row.pk})."
        mine.update(error=said, finished_at=clock())
        return
    if not mine.update(finished_at=clock(), **columns):
        default_storage.delete(columns["file"])


def _made(row: ModelExport) -> dict[str, Any]:
    """The columns of a file that was made and passed its check.

    Raises:
        EngineError: it could not be made, or fails the check; the message says why.
    """
    model: Model = row.rung or cast(Model, row.version)
    files = files_of(model)
    facts, parity = facts_of(model, files), parity_for(model, files)
    with tempfile.TemporaryFile() as opened:
        target = cast(BinaryIO, opened)
        digest = write_file(kind=row.kind, target=target, files=files, facts=facts, parity=parity)
        checked = check_file(row.kind, target, files, parity)
        target.seek(0)
        ending = ENDINGS[Kind(row.kind)]
        stored = default_storage.save(
            f"exports/{row.project_id}/{row.kind}-{digest.sha256[:16]}.{ending}", File(target)
        )
    return {
        "file": stored,
        "n_bytes": digest.n_bytes,
        "digest": digest.sha256,
        "check_found": {**asdict(checked), "inputs_from": parity.origin},
    }


def write_file(
    *,
    kind: str,
    target: BinaryIO,
    files: Mapping[str, bytes],
    facts: ModelFacts,
    parity: Parity,
) -> BundleDigest:
    """Write one file of a model: the same model, card and inputs give the same bytes."""
    known = {name: content for name, content in files.items() if name != MANIFEST}
    manifest = files[MANIFEST]
    if kind == Kind.ZIP:
        return write_zip_file(
            target=target, files=known, facts=facts, parity=parity, manifest=manifest
        )
    if kind == Kind.HUGGINGFACE:
        return write_hugging_face(
            target=target,
            files=known,
            facts=facts,
            manifest=manifest,
            trunk_config=_config(facts, files),
        )
    page = html_file(files=known, facts=facts, parity=parity)
    target.write(page)
    return BundleDigest(hashlib.sha256(page).hexdigest(), len(page), {})


def check_file(kind: str, target: BinaryIO, files: Mapping[str, bytes], parity: Parity) -> Checked:
    """What the check of a file found. Raises `CheckFailed`: then it is never offered."""
    target.seek(0)
    if kind == Kind.ZIP:
        return check_zip(target)
    if kind == Kind.HTML:
        return check_page(target.read(), parity, files[TOKENIZER])
    with zipfile.ZipFile(target) as archive:
        return check_folder({name: archive.read(name) for name in archive.namelist()}, parity)


def parity_for(model: Model, files: Mapping[str, bytes]) -> Parity:
    """Inputs for the comparison: pool texts where the project lets texts leave, lowest random rank
    first, so that they are the same again; else made of class names and words of the guideline.
    """
    project = project_of(model)
    upto_seq = json.loads(files[MANIFEST])["upto_seq"]
    about = class_texts(project.pk, upto_seq)
    words = words_of(*(f"{each.name} {each.description}" for each in about), project.guideline)
    own: list[str] = []
    if project.texts_leave:
        pool = Example.objects.filter(
            project=project,
            role=Example.Role.POOL,
            pk__lte=json.loads(files[MANIFEST])["pool"]["upto"],
        )
        own = list(pool.order_by("random_rank", "pk").values_list("text", flat=True)[:OWN_TEXTS])
    return parity_of(load_runtime(dict(files), n_threads=1), own=own, words=words)


def _config(facts: ModelFacts, files: Mapping[str, bytes]) -> dict[str, Any] | None:
    """The embedding model's own configuration, where it is inside; of one that is gone, that its
    architecture is unknown.
    """
    features = json.loads(files[META]).get("features", "").split("+")
    if facts.kind not in WITH_TRUNK and MINILM not in features:
        return None
    folder = embedder_folder(json.loads(files[MANIFEST]).get("embedder", ""))
    if folder is None:
        return {"model_type": "unknown"}
    found: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    return {name: value for name, value in found.items() if not name.startswith("_")}
