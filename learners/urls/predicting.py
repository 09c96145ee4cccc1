"""Addresses: files to predict."""

from django.urls import URLPattern, path

from learners.views import predicting

ALL = "projects/<int:pk>/models/files/"
ONE = f"{ALL}<int:file>/"

urlpatterns: list[URLPattern] = [
    path(ALL, predicting.predict_files, name="predict-files"),
    path(f"{ALL}state/", predicting.state, name="predict-files-state"),
    path(f"{ONE}cancel/", predicting.cancel, name="predict-file-cancel"),
    path(f"{ONE}delete/", predicting.delete, name="predict-file-delete"),
    path(f"{ONE}result/", predicting.result, name="predict-file-result"),
]
