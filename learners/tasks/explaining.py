"""What drove a guess, worked out when somebody asks."""

from celery import shared_task
from django.utils import timezone

from learners.models import Explanation
from learners.tasks.lifecycle import pin_threads


@shared_task(name="learners.explain")
def explain(explanation_id: int) -> None:
    """Fill in one explanation if nobody is at it."""
    pin_threads()
    from learners.services import explaining, prediction  # noqa: PLC0415  loads torch

    def predict(row: Explanation) -> explaining.Predict:
        return lambda texts: prediction.predict(fit=row.fit, texts=texts)

    explaining.explain(explanation_id=explanation_id, clock=timezone.now, predict=predict)
