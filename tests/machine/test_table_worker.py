"""A table in a real worker: read, fitted with a tree, packed, without an embedding model."""

import io
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from labeler.sending import send
from learners.models import EmbeddingSet, Fit
from learners.services.export_request import request_export
from projects.models import Project
from tests.creating.table_files import table_project
from tests.live_worker import LiveWorker
from tests.machine.test_tables import label_some
from tests.machine.test_worker import published, wait_for

pytestmark = [pytest.mark.worker, pytest.mark.slow]


def packed() -> bool:
    return Fit.objects.exclude(bundle_file="").exists()


def test_a_worker_reads_fits_and_packs_a_table(live_worker: LiveWorker) -> None:
    project, _ = table_project(label=None, metadata=())
    Project.objects.filter(pk=project.pk).update(head="tree")
    label_some(project, 40, now=timezone.now())
    send("learners.start_due_work")
    wait_for(published)
    fit = Fit.objects.get()
    assert (fit.head, fit.features, fit.error) == ("tree", "table", "")
    assert EmbeddingSet.objects.get(project=project).embedder == "table"
    request_export(fit=fit, now=timezone.now())
    send("learners.export_model", fit.pk)
    wait_for(packed)
    with default_storage.open(Fit.objects.get().bundle_file) as stored:
        names = zipfile.ZipFile(io.BytesIO(stored.read())).namelist()
    assert {"model.onnx", "table.json", "predict.py"} <= set(names)
