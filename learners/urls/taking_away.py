"""Addresses: labels and models to download."""

from django.urls import URLPattern, path

from learners.views import take_away
from projects.views import label_files

urlpatterns: list[URLPattern] = [
    path("projects/<int:pk>/labels.csv", label_files.labels_csv, name="labels-csv"),
    path("projects/<int:pk>/labels.jsonl", label_files.labels_jsonl, name="labels-jsonl"),
    path("projects/<int:pk>/ledger.jsonl", label_files.ledger_jsonl, name="ledger-jsonl"),
    path("projects/<int:pk>/model/", take_away.take_away, name="model"),
    path("projects/<int:pk>/model/<int:fit>/", take_away.bundle_fragment, name="model-bundle"),
    path(
        "projects/<int:pk>/model/<int:fit>/prepare/",
        take_away.bundle_prepare,
        name="model-prepare",
    ),
    path("projects/<int:pk>/model/<int:fit>.zip", take_away.model_download, name="model-download"),
]
