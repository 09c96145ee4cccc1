"""The Celery application. Which work is due is decided from rows, never from a message."""

import os

from labeler.threads import limit_threads_of_workers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
limit_threads_of_workers()  # before anything imports numpy, which reads the limits once

from celery import Celery  # noqa: E402

app = Celery("labeler")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["projects", "learners"])
