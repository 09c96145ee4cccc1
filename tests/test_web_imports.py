"""The web process stays small: nothing that it loads brings a learning library with it."""

import os
import subprocess
import sys

HEAVY = ["torch", "sentence_transformers", "transformers", "sklearn"]
LOADED = f"""
import sys
import labeler.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
print([name for name in {HEAVY} if name in sys.modules])
"""


def test_the_web_process_loads_no_learning_library() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "labeler.settings"}
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr
