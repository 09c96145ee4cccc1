"""How long an answer takes, its next question included, at 100,000 texts.

Run it against a database that may be written to; it makes a project and removes it again:

    python -m benchmarks.answering --texts 100000 --answers 300

Each answer is a POST through the whole site (sessions, rules, page), in this process. It is compared with
the same site serving the next text the naive way, `ORDER BY random()` over the open pool: the
ratio holds on any machine, the milliseconds on this one.
"""

import argparse
import os
import re
import statistics
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
django.setup()

import numpy as np  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from learners.models import Fit, RankedExample  # noqa: E402
from learners.services import claiming  # noqa: E402
from learners.services.claiming import Asker, Drawn  # noqa: E402
from projects.models import (  # noqa: E402
    AnnotationEvent,
    DataImport,
    Example,
    LabelClass,
    Membership,
    Project,
    User,
)
from projects.models.annotation import Draw  # noqa: E402
from projects.models.project import Role  # noqa: E402

INSERT_TEXTS = """
    INSERT INTO projects_example (project_id, data_import_id, text, external_id, metadata,
        content_hash, source_row, split, role, audit_rank, random_rank, settled)
    SELECT %s, %s, 'text ' || n || repeat(' word', 20), '', '{}', sha256(n::text::bytea), n, '',
        CASE WHEN n <= %s THEN 'audit' ELSE 'pool' END, CASE WHEN n <= %s THEN n END,
        (random() * 9e18)::bigint, false
    FROM generate_series(1, %s) n
"""


def make_large_project(owner: User, n_texts: int) -> Project:
    """A project of `n_texts`, 2,000 of them reserved, with two classes."""
    n_audit = min(2_000, n_texts // 5)
    project = Project.objects.create(
        name="Benchmark", seed=1, n_texts=n_texts, n_pool=n_texts - n_audit, n_audit=n_audit
    )
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    for position, name in enumerate(("yes", "no")):
        LabelClass.objects.create(project=project, name=name, position=position)
    data_import = DataImport.objects.create(
        project=project, name="made", kind="lines", digest="", seed=1, status="done"
    )
    with connection.cursor() as cursor:
        cursor.execute(INSERT_TEXTS, [project.pk, data_import.pk, n_audit, n_audit, n_texts])
        cursor.execute("ANALYZE projects_example")
    return project


def publish_queue(project: Project, rng: np.random.Generator) -> None:
    """A fit with a full queue of random pool texts."""
    now = timezone.now()
    fit = Fit.objects.create(
        project=project,
        status=Fit.Status.PUBLISHED,
        token=uuid.uuid4(),
        strategy="margin",
        head="none",
        seed=1,
        upto_seq=project.seq,
        due_at=now,
        finished_at=now,
    )
    pool = Example.objects.filter(project=project, role="pool", settled=False)
    ids = rng.permutation(list(pool.order_by("random_rank").values_list("pk", flat=True)[:5_000]))
    RankedExample.objects.bulk_create(
        RankedExample(fit=fit, example_id=int(pk), rank=rank, score=-rank)
        for rank, pk in enumerate(ids[: settings.LABELER_QUEUE_LENGTH], start=1)
    )


@contextmanager
def naive() -> Iterator[None]:
    """Serve the next text as a first draft would: sort the open pool at random, take one."""

    def by_random(asker: Asker) -> Drawn | None:
        open_pool = Example.objects.filter(project=asker.project, role="pool", settled=False)
        example = open_pool.order_by("?").first()
        return Drawn(example, Draw.RANDOM) if example else None

    with mock.patch.object(claiming, "_from_pool", by_random):
        yield


def time_answers(client: Client, user: User, project: Project, n_answers: int) -> list[float]:
    """Seconds of each of `n_answers` POSTs."""
    address, tab = f"/projects/{project.pk}/label/", uuid.uuid4()
    label = str(project.label_classes.all()[0].pk)
    body = client.get(address, {"tab": str(tab)}).content.decode()
    seconds = []
    for _ in range(n_answers):
        fields = dict(re.findall(r'name="(client_uuid|example)" value="([^"]+)"', body))
        given = {"tab": str(tab), "label": label, "duration_ms": "1500", **fields}
        started = time.perf_counter()
        headers = {"X-Labeler-Outbox": str(user.pk)}
        response = client.post(address, given, headers=headers)
        seconds.append(time.perf_counter() - started)
        body = response.content.decode()
        assert response.status_code == 200, body[:500]
    return seconds


def said(name: str, seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"{name:<28} p50 {cuts[49] * 1e3:6.1f} ms   p95 {cuts[94] * 1e3:6.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--answers", type=int, default=300)
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["testserver"]
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}  # nothing need be collected
    owner = User.objects.create(username=f"benchmark-{uuid.uuid4()}", password="none")
    project = make_large_project(owner, options.texts)
    try:
        client = Client()
        client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
        publish_queue(project, np.random.default_rng(1))
        time_answers(client, owner, project, 20)  # warm
        ranked = time_answers(client, owner, project, options.answers)
        with naive():
            sorting = time_answers(client, owner, project, max(20, options.answers // 5))
    finally:
        AnnotationEvent.objects.filter(project=project, undoes__isnull=False).delete()
        project.annotations.all().delete()
        project.delete()
        owner.delete()
    print(f"{options.texts:,} texts, {options.answers} answers, each with its next question")
    print(said("queue, as served", ranked))
    print(said("ORDER BY random()", sorting))
    ratio = statistics.median(sorting) / statistics.median(ranked)
    print(f"the naive way takes {ratio:.1f} times as long (medians)")


if __name__ == "__main__":
    main()
