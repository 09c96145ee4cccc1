"""Files of texts to predict."""

from uuid import uuid4

from celery import shared_task
from django.utils import timezone

from labeler.sending import send
from learners.services.prediction_files import delete_expired, files_to_predict


@shared_task(name="learners.predict_file")
def predict_file(row_id: int) -> None:
    """Predict one file, then ask for the next."""
    import numpy as np  # noqa: PLC0415

    from learners.services.predicting_files import predict_file as work  # noqa: PLC0415

    rng = np.random.default_rng()
    if work(row_id=row_id, token=uuid4(), clock=timezone.now, rng=rng):
        for waiting in files_to_predict(now=timezone.now())[:1]:
            if waiting != row_id:
                send("learners.predict_file", waiting)


@shared_task(name="learners.tend_prediction_files")
def tend_prediction_files() -> None:
    """Forget files whose time is over, and begin the oldest that nobody has."""
    now = timezone.now()
    delete_expired(now=now)
    for row_id in files_to_predict(now=now)[:1]:
        send("learners.predict_file", row_id)
