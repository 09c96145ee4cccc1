"""A version's model made again from the ledger, and compared with the one that was kept."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from labeler.threads import threads_per_process
from learners.engine.rungs import Surroundings
from learners.engine.runtime import Runtime, load_runtime
from learners.models import Ladder
from learners.services.ladder_data import (
    ladder_data,
    manifest_of,
    texts_of,
    trunk_folder,
)
from learners.services.manifest import MANIFEST
from learners.services.model_files import ModelFilesGone, read_files, store
from learners.services.model_predictions import read_predictions
from learners.services.rebuild_student import kind_of, lessons_again
from learners.services.rung_export import parity_for
from projects.models import ModelVersion

Say = Callable[[str], None]


@dataclass(frozen=True)
class Rebuilt:
    """How a model that was made again compares with the one that was kept.

    Attributes:
        manifest_digest: of the new one; `same_manifest` where it is the version's.
        changed: names of files whose SHA-256 differs; none on one kind of machine, with as many
            threads, unless it, or what taught it, is of a kind that never comes out twice (then not
            `reproducible`).
        largest_difference: of a probability, over `n` texts; None where nothing is left to compare with.
    """

    manifest_digest: str
    same_manifest: bool
    changed: tuple[str, ...]
    reproducible: bool
    n: int
    largest_difference: float | None


def rebuild_model(*, version: ModelVersion, say: Say) -> Rebuilt:
    """Train a version's model again, from the ledger as it was then, with its manifest's settings.

    A student's teacher is made again before it. Where the same files come out, those that are gone
    from the storage are put back. The version itself never changes.

    Raises:
        CannotRebuild: it is a student, made before its manifest said enough of its teacher; or of a
            kind that this release does not know.
        EngineError: it could not be trained.
    """
    kind, ladder = kind_of(version.rung), _ladder_of(version)
    data, surroundings = ladder_data(ladder), _surroundings(version, say)
    again = lessons_again(version=version, ladder=ladder, data=data, surroundings=surroundings)
    manifest = manifest_of(ladder, data, version.rung, more=again.lessons.settings)
    same = manifest.digest == version.manifest_digest
    say(f"manifest {manifest.digest}: {'the same' if same else 'another one'}")
    trained = kind.train(again.lessons.training, surroundings)
    files = {**trained, MANIFEST: manifest.content}
    changed = _changed(version, files)
    if same and not changed:
        store(project_id=version.project_id, manifest_digest=manifest.digest, files=files)
    n, difference = _difference(version, load_runtime(files))
    return Rebuilt(
        manifest_digest=manifest.digest,
        same_manifest=same,
        changed=changed,
        reproducible=kind.reproducible and again.reproducible,
        n=n,
        largest_difference=difference,
    )


def _ladder_of(version: ModelVersion) -> Ladder:
    """What the manifest says of the ladder it came from, which need not exist any more. Which texts a
    teacher had written for it, older manifests leave to the ladder.
    """
    made = version.manifest
    row = Ladder.objects.filter(rungs=version.rung_id).first() if version.rung_id else None
    ladder = row or Ladder()
    ladder.project = version.project
    ladder.upto_seq, ladder.seed = version.upto_seq, made["seed"]
    ladder.pool_upto = made["pool"]["upto"]
    ladder.synthetic = made.get("settings", {}).get("written", ladder.synthetic)
    return ladder


def _surroundings(version: ModelVersion, say: Say) -> Surroundings:
    return Surroundings(
        trunk_folder=Path() if version.project.is_table else trunk_folder(),
        cache_folder=settings.VAR_DIR / "cache",
        n_threads=threads_per_process(),
        seed=version.manifest["seed"],
        report=lambda doing, share: say(f"{doing} ({100 * share:.0f} %)"),
    )


def _changed(version: ModelVersion, files: Mapping[str, bytes]) -> tuple[str, ...]:
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return tuple(sorted({name for name, _ in found.items() ^ version.files.items()}))


def _difference(version: ModelVersion, runtime: Runtime) -> tuple[int, float | None]:
    """On the random answers it was measured on; without any, on the inputs of its parity file."""
    kept = read_predictions(version.predictions_file) if version.predictions_file else None
    if kept is not None and len(kept):
        texts = texts_of(kept.example_ids.tolist())
        rows = [place for place, pk in enumerate(kept.example_ids.tolist()) if pk in texts]
        found = runtime.predict_proba([texts[int(kept.example_ids[row])] for row in rows])
        return len(rows), _largest(found, kept.probabilities[rows])
    try:
        parity = parity_for(version, read_files(version))
    except ModelFilesGone:
        return 0, None
    given = parity.inputs
    if runtime.table is not None:
        cells = [[str(row[name]) for name in runtime.columns] for row in given]  # type: ignore[index]
        return len(given), _largest(runtime.predict_cells(cells), np.array(parity.probabilities))
    found = runtime.predict_proba([str(text) for text in given])
    return len(given), _largest(found, np.array(parity.probabilities))


def _largest(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    if one.shape != other.shape:
        return 1.0  # other classes: nothing to compare column by column
    return float(np.abs(one - other).max(initial=0.0))
