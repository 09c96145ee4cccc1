"""Celery's way into the rules of what people do. Importing this package registers every task."""

from projects.tasks import housekeeping, importing, teaching

__all__ = ["housekeeping", "importing", "teaching"]
