"""What a packed model says of itself, gathered from its row, its files and the ledger as it was then."""

import json
from collections import Counter
from typing import Any

from django.conf import settings
from tokenizers import Tokenizer

from learners.engine.bundle import as_json
from learners.engine.class_words import WORDS, without_parted_words
from learners.engine.confusion import confusion
from learners.engine.embedding import MINILM, MINILM_SHA256, MINILM_SOURCE, licence_of
from learners.engine.errors import UnknownRung
from learners.engine.intervals import Interval
from learners.engine.packing.card import ClassFacts, ModelFacts
from learners.engine.rungs import RungKind, get_rung
from learners.engine.runtime import LABELS, META, TOKENIZER
from learners.models import Rung
from learners.models.ladder import TEACHER
from learners.selectors.class_texts import class_texts
from learners.services.deferring import told
from learners.services.exporting import data_words
from learners.services.ladder_data import WRITTEN, embedder_folder
from learners.services.manifest import MANIFEST
from learners.services.model_files import read_files
from learners.services.model_predictions import read_predictions
from learners.services.rung_export_request import Model, project_of
from learners.services.students import kind_name
from projects.models import ModelVersion
from projects.services.deferral import Deferral, deferral_of

NO_WEIGHTS = ("tfidf", "tree", "columns")
COUNTED_FEATURES = ("lsi", "tfidf", "words")


def facts_of(model: Model, files: dict[str, bytes]) -> ModelFacts:
    """Everything for the card of a rung or a version.

    Raises:
        ModelFilesGone: what it said of the random answers is gone from the storage.
    """
    project, measured = project_of(model), _measures(model)
    name = model.name if isinstance(model, Rung) else model.rung
    label = model.label if isinstance(model, Rung) else model.rung_label
    kind, meta = _kind(name), json.loads(files[META])
    upto_seq = (model.ladder.upto_seq or 0) if isinstance(model, Rung) else model.upto_seq
    counts = name in NO_WEIGHTS or meta.get("features") in COUNTED_FEATURES
    weights = not project.is_table and not counts
    licence, source = _licence_and_source(model.manifest.get("embedder", ""))
    made = model.finished_at if isinstance(model, Rung) else model.created_at
    return ModelFacts(
        project=project.name,
        description=project.description,
        kind=name,
        title=label or name,
        how=kind.description if kind else "",
        paper=kind.paper if kind else "",
        version=None if isinstance(model, Rung) else model.number,
        manifest_digest=model.manifest_digest,
        made_at=made.isoformat(timespec="seconds") if made else "",
        licence=licence if weights else "",
        source=source if weights else "",
        intended_use=project.card_intended_use,
        ethics=project.card_ethics,
        caveats=project.card_caveats,
        data=data_words(project, upto_seq),
        note=measured.get("note") or "",
        learned_from_outside=_learned_from_outside(model, files),
        n_train=measured.get("n_train"),
        n_audit=measured.get("n_audit") or 0,
        accuracy=_interval(measured, "accuracy"),
        macro_f1=_interval(measured, "macro_f1"),
        classes=_classes(model, files, upto_seq),
        max_tokens=int(meta.get("max_tokens", 0)),
        speed=_speed(measured, "rows" if project.is_table else "texts"),
        versions=model.manifest.get("versions", {}),
        is_table=project.is_table,
        multilabel=bool(meta.get("multilabel")),
        **_deferral(model),
    )


def _measures(model: Model) -> dict[str, Any]:
    if isinstance(model, ModelVersion):
        return dict(model.measures)
    return {**vars(model), "machine": model.ladder.machine}


def _kind(name: str) -> RungKind | None:
    """None for a kind of an earlier release."""
    try:
        return get_rung(kind_name(name))
    except UnknownRung:
        return None


def _licence_and_source(digest: str) -> tuple[str, str]:
    """Of the embedding model with these weights, "" for the server's own: under which licence they are,
    and whose they are or came from; no path of this server.
    """
    if digest == MINILM_SHA256 or (not digest and settings.LABELER_EMBEDDER == MINILM):
        return licence_of(MINILM), MINILM_SOURCE
    has_it = embedder_folder(digest) is not None
    source = (
        "an embedding model of your own"
        if has_it
        else "an embedding model that this server no longer has"
    )
    return licence_of(source), source


def _learned_from_outside(model: Model, files: dict[str, bytes]) -> bool:
    """Whether an outside teacher taught it, or wrote texts that it learned from."""
    student = model.manifest.get("settings", {}).get("student", {})
    if student.get("teacher") == TEACHER or "synthetic" in student:
        return True
    return any(digest.startswith(WRITTEN) for digest, _ in json.loads(files[MANIFEST])["labels"])


def _interval(measured: dict[str, Any], name: str) -> Interval | None:
    if measured.get(name) is None:
        return None
    low, high = measured[f"{name}_low"], measured[f"{name}_high"]
    return Interval(measured[name], low, high, measured.get("n_audit") or 0)


def _speed(measured: dict[str, Any], word: str) -> dict[str, str]:
    machine = measured.get("machine") or "the machine that trained it"
    told = {
        f"Milliseconds per thousand {word}, given many at once, on one thread": measured.get(
            "ms_per_1000"
        ),
        f"CPU seconds per thousand {word}": measured.get("cpu_seconds_per_1000"),
        "Memory in MB": measured.get("memory_mb"),
    }
    return {
        what: f"{_plain(value)}, on {machine}" for what, value in told.items() if value is not None
    }


def _plain(value: float) -> str:
    """Three digits that say something, and never an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _classes(model: Model, files: dict[str, bytes], upto_seq: int) -> list[ClassFacts]:
    """In the order of the probabilities; how well each is found, on the random answers."""
    labels = json.loads(files[LABELS])
    project = project_of(model)
    described = {each.class_id: each.description for each in class_texts(project.pk, upto_seq)}
    learnt = json.loads(files[MANIFEST])["labels"]
    trained = Counter(class_id for digest, class_id in learnt if not digest.startswith(WRITTEN))
    recall, precision = _shares(model)
    return [
        ClassFacts(
            name=label["name"],
            description=described.get(label["id"], ""),
            n_train=trained[label["id"]],
            recall=recall.get(label["id"]),
            precision=precision.get(label["id"]),
        )
        for label in labels
    ]


Shares = dict[int, Interval | None]


def _shares(model: Model) -> tuple[Shares, Shares]:
    if not model.predictions_file:
        return {}, {}
    found = read_predictions(model.predictions_file)
    ids = sorted({*found.class_ids.tolist(), *found.y.tolist()})
    counted = confusion(truth=found.y, said=found.said, class_ids=ids)
    recall, precision = counted.recall(), counted.precision()
    return dict(zip(ids, recall, strict=True)), dict(zip(ids, precision, strict=True))


def _deferral(model: Model) -> dict[str, Any]:
    """Below which probability a version leaves the decision to a person; nothing where it never does."""
    rule = deferral_of(model) if isinstance(model, ModelVersion) else None
    if rule is None or not isinstance(model, ModelVersion):
        return {}
    return {
        "deferral": rule.threshold,
        "deferral_rule": told(model.deferral or {}),
        "deferral_said": _measured_when_chosen(rule),
    }


def _measured_when_chosen(rule: Deferral) -> str:
    """What was measured of a threshold, for the card; "" where nothing was."""
    accuracy, coverage = rule.reported.get("accuracy"), rule.reported.get("coverage")
    if not accuracy or not coverage:
        return ""
    low, high = 100 * accuracy["low"], 100 * accuracy["high"]
    return (
        f"Chosen for an accuracy of {100 * rule.wanted:g} % on one half of the random answers; of the "
        f"other {coverage['n']:,} it decided {100 * coverage['value']:.0f} %, and "
        f"{100 * accuracy['value']:.0f} % of those rightly ({low:.0f} to {high:.0f} %)."
    )


def files_of(model: Model) -> dict[str, bytes]:
    """The model's files as they may leave: each as it was stored, but where the project's texts stay at
    home, of its words those alone that stand in the tokenizer's public vocabulary.

    Raises:
        ModelFilesGone: as `read_files`.
    """
    files = read_files(model)
    if WORDS in files and not project_of(model).texts_leave:
        tokenizer = Tokenizer.from_str(files[TOKENIZER].decode())
        files[WORDS] = as_json(without_parted_words(json.loads(files[WORDS]), tokenizer))
    return files
