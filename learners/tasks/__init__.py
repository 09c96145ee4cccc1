"""Celery's way in. Importing this package registers every task and the processes' signs of life."""

from learners.tasks import (
    confirming,
    due_work,
    embedding,
    explaining,
    exporting,
    fitting,
    ladder,
    lifecycle,
    predicting,
    seeding,
    simulating,
    traffic,
)

__all__ = [
    "confirming",
    "due_work",
    "embedding",
    "explaining",
    "exporting",
    "fitting",
    "ladder",
    "lifecycle",
    "predicting",
    "seeding",
    "simulating",
    "traffic",
]
