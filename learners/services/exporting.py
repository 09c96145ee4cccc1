"""A published fit as a zip to take away. The page asks; a worker builds and stores it."""

import logging
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO, cast

import numpy as np
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q
from numpy.typing import NDArray

from learners.engine.bundle import BundleCard, BundleDigest, write_bundle
from learners.engine.exporting import ensure_trunk
from learners.engine.features.table import TableModel
from learners.engine.heads import Head
from learners.engine.heads.keeping import AnyHead, FittedHead
from learners.engine.intervals import Interval
from learners.engine.multilabel import MultiLabelHead
from learners.engine.table_bundle import write_table_bundle
from learners.engine.trunk import Trunk
from learners.models import Fit
from learners.selectors.confirming import confirmed_words
from learners.selectors.curve import head_label, strategy_label
from learners.selectors.parts import MINILM, parts_of
from learners.selectors.training import TrainingSet, training_set_from_ledger
from learners.services.due_work import LONGEST_EXPORT
from learners.services.prediction import embedder_of, head_of, pool_models_of, token_tables_of
from projects.models import AnnotationEvent, LabelClass, Project, ProjectEvent
from projects.models.annotation import Draw

logger = logging.getLogger(__name__)


def build_export(*, fit_id: int, clock: Callable[[], datetime]) -> None:
    """Build and store the zip if it was asked for and nobody else is at it; errors go on the row."""
    now = clock()
    claimed = Fit.objects.filter(
        Q(bundle_started_at__isnull=True) | Q(bundle_started_at__lt=now - LONGEST_EXPORT),
        pk=fit_id,
        bundle_requested_at__isnull=False,
        bundle_file="",
        bundle_error="",
    ).update(bundle_started_at=now)
    if not claimed:
        return
    fit = Fit.objects.select_related("project").get(pk=fit_id)
    try:
        name, digest = _store(fit)
    except Exception as error:
        logger.exception("the model of fit %s could not be packed", fit_id)
        Fit.objects.filter(pk=fit_id).update(bundle_error=str(error) or type(error).__name__)
        return
    Fit.objects.filter(pk=fit_id).update(bundle_file=name, bundle_digest=digest.sha256)


def _store(fit: Fit) -> tuple[str, BundleDigest]:
    with tempfile.TemporaryFile() as target:
        digest = write_model(fit=fit, target=cast(BinaryIO, target))
        target.seek(0)
        name = default_storage.save(f"bundles/{fit.project_id}/fit-{fit.pk}.zip", File(target))
    return name, digest


def write_model(*, fit: Fit, target: BinaryIO) -> BundleDigest:
    """Write the zip of a published fit.

    Raises:
        OtherEmbedder: another embedder is configured than the fit was trained on.
        EngineError: the model cannot be packed; the message says why.
    """
    head = head_of(fit)
    names = class_names(fit, head)
    card = card_of(fit, names)
    if fit.project.is_table:
        (table,) = pool_models_of(fit)
        return write_table_bundle(
            target=target,
            head=cast(FittedHead, head),
            class_names=names,
            card=card,
            table=cast(TableModel, table),
        )
    return write_bundle(
        target=target,
        head=cast(Head | MultiLabelHead, head),
        class_names=names,
        card=card,
        trunk=_trunk(fit) if MINILM in parts_of(fit.features) else None,
        bags=token_tables_of(fit),
    )


def _trunk(fit: Fit) -> Trunk:
    return ensure_trunk(
        embedder=cast(Any, embedder_of(fit)), cache_folder=settings.VAR_DIR / "cache" / "trunks"
    )


def class_names(fit: Fit, head: AnyHead) -> list[str]:
    """Names in the order of the head's classes; two classes of one name are told apart by number."""
    by_id = dict(LabelClass.objects.filter(project_id=fit.project_id).values_list("pk", "name"))
    names = [by_id[class_id] for class_id in head.class_ids]
    repeated = {name for name, n in Counter(names).items() if n > 1}
    return [
        f"{name} ({class_id})" if name in repeated else name
        for name, class_id in zip(names, head.class_ids, strict=True)
    ]


def card_of(fit: Fit, names: list[str]) -> BundleCard:
    """What the zip says of itself; labels are counted as the ledger had them at the fit."""
    training = training_set_from_ledger(fit.project_id, fit.upto_seq)
    trains = ~training.is_audit if fit.strict_audit else np.ones(len(training), bool)
    counts = _labels_per_class(training, trains)
    scores = {score.metric: score for score in fit.scores.all()}
    intervals = {
        metric: Interval(score.value, score.low, score.high, score.n)
        for metric, score in scores.items()
    }
    project: Project = fit.project
    return BundleCard(
        project=project.name,
        description=project.description,
        data=data_words(fit.project, fit.upto_seq),
        fit=fit.pk,
        created_at=(fit.finished_at or fit.started_at).isoformat(timespec="seconds"),
        strategy=strategy_label(fit.strategy),
        chosen_by=_chosen_by(fit, training.example_ids[trains]),
        seed=fit.seed,
        head=head_label(fit.head),
        label_names=fit.label_names,
        strict=fit.strict_audit,
        n_labels=int(trains.sum()),
        n_known=fit.n_known,
        labels_per_class={
            name: counts[class_id] for name, class_id in zip(names, fit.class_ids, strict=True)
        },
        accuracy=intervals.get("accuracy"),
        macro_f1=intervals.get("macro_f1"),
        multilabel=project.multilabel,
        micro_f1=intervals.get("micro_f1"),
        exact_match=intervals.get("exact_match"),
        test_micro_f1=intervals.get("test_micro_f1"),
        unmeasured_because=_unmeasured(fit, intervals),
        test_accuracy=intervals.get("test_accuracy"),
        test_macro_f1=intervals.get("test_macro_f1"),
        n_audit_skipped=fit.n_audit_skipped,
        versions=fit.versions,
        confirmed=confirmed_words(fit),
    )


def _labels_per_class(training: TrainingSet, trains: NDArray[np.bool_]) -> dict[int, int]:
    """Texts that train, by class id; of a text with several classes each counts it."""
    sets = training.label_sets
    if sets is None:
        return Counter(training.class_ids[trains].tolist())
    pairs = zip(sets.class_ids.tolist(), sets.has[trains].sum(axis=0).tolist(), strict=True)
    return Counter(dict(pairs))


def _unmeasured(fit: Fit, intervals: dict[str, Interval]) -> str:
    if "exact_match" in intervals:
        few = "It needs ten random texts with five labels among them, and five texts of every class for Macro-F1."
        return "" if "macro_f1" in intervals else few
    if "accuracy" not in intervals:
        because = fit.unmeasured_because or "no random text has been answered yet"
        return f"{because[0].upper()}{because[1:]}."
    if "macro_f1" not in intervals:
        return "It needs five random texts of every class."
    return ""


def data_words(project: Project, upto_seq: int) -> str:
    """The files that were in then, from the ledger: a later import is not of this model."""
    imported = ProjectEvent.objects.filter(
        project=project, kind=ProjectEvent.Kind.IMPORTED, seq__lte=upto_seq
    ).order_by("seq")
    files = list(imported.values_list("payload", flat=True))
    if not files:
        return ""
    n_texts = sum(file["n_texts"] for file in files)
    what = "different rows" if project.is_table else "distinct texts"
    listed = [
        f"{file['name']} (SHA-256 {file['digest'][:12]})" for file in files if "origin" not in file
    ]
    if n_back := sum(file["n_texts"] for file in files if "origin" in file):
        listed.append(f"{n_back:,} that a model in use sent back")
    return f"{n_texts:,} {what} from {', '.join(listed)}."


def _chosen_by(fit: Fit, example_ids: NDArray[np.int64]) -> dict[str, int]:
    """How these texts were drawn when they were first labelled, the commonest first."""
    kinds = AnnotationEvent.Kind
    events = AnnotationEvent.objects.filter(
        project_id=fit.project_id,
        seq__lte=fit.upto_seq,
        kind__in=(kinds.LABEL, kinds.RELABEL, kinds.KNOWN, kinds.FEEDBACK),
    )
    first = events.order_by("example_id", "seq").distinct("example_id")
    drawn = {
        example_id: strategy_label(strategy) if draw == Draw.QUEUE else str(Draw(draw).label)
        for example_id, draw, strategy in first.values_list("example_id", "draw", "strategy")
    }
    return dict(Counter(drawn[pk] for pk in example_ids.tolist()).most_common())
