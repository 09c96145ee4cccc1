"""Labeler: the site. Settings, urls, Celery and the embedded services; no rules."""

from labeler.celery import app as celery_app

__all__ = ["celery_app"]
__version__ = "0.1.0"
