"""On the real path: answers through the page, a real worker asks the real frozen model."""

import pytest
from django.test import Client
from django.urls import reverse

from learners.models import ConfirmationCheck, Explanation
from projects.models import AnnotationEvent, Confirmation, Project
from projects.models.annotation import Draw
from tests.test_loop import (
    answer_next,
    newest_fit,
    open_label_page,
    ranked_project,
    wake_until,
)

__all__ = ["ranked_project"]


def checked_or_failed() -> bool:
    failed = ConfirmationCheck.objects.exclude(error="").exists()
    return failed or Confirmation.objects.get().n >= 4


def is_explained() -> bool:
    return Explanation.objects.get().done_at is not None


@pytest.mark.worker
@pytest.mark.slow
def test_a_frozen_model_is_put_to_answers_and_a_guess_is_explained(
    ranked_project: Project, client: Client
) -> None:
    fit = newest_fit(ranked_project)
    assert fit is not None
    address = reverse("confirm", args=[ranked_project.pk])
    said = {"fit": fit.pk, "target_percent": "80", "share": "1"}
    assert client.post(address, said).status_code == 302
    page = open_label_page(client, ranked_project)
    for _ in range(5):  # the first may be a text that was held when it began
        page = answer_next(client, page)
    running = Confirmation.objects.get().pk
    wake_until(checked_or_failed, "learners.confirm", running, what="the check of the answers")
    assert ConfirmationCheck.objects.get().error == ""
    assert Confirmation.objects.get().n >= 4
    assert set(Confirmation.objects.get().outcomes) <= {"0", "1"}

    chosen = AnnotationEvent.objects.filter(draw=Draw.QUEUE).last()
    assert chosen is not None
    client.post(reverse("why", args=[ranked_project.pk, chosen.pk]))
    row = Explanation.objects.get()
    wake_until(is_explained, "learners.explain", row.pk, what="the explanation")
    row.refresh_from_db()
    assert (row.error, row.fit_id) == ("", chosen.fit_id)
    assert row.words
    assert len(row.neighbours) == 5
