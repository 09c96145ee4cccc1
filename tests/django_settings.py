"""The product's settings for a test run, on services that were started for it."""

from tests.services_for_tests import ensure_services

ensure_services()

from labeler.settings import *  # noqa: E402, F403
from labeler.settings import MEDIA_ROOT, STATIC_ROOT  # noqa: E402

for folder in (MEDIA_ROOT, STATIC_ROOT):
    folder.mkdir(parents=True, exist_ok=True)

# No build step before the tests: static files come straight from their folders.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LABELER_REMEMBER_SECONDS = 0.0  # tests change rows behind the services’ backs
LABELER_TRAFFIC_FLUSH_SECONDS = 0  # a thread would not see what a test's transaction holds
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; real ones are slow
