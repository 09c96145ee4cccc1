"""Addresses: files of rungs and versions to take away, and what their cards say."""

from django.urls import URLPattern, path

from learners.views import model_files

ALL = "projects/<int:pk>/models/"
RUNG = f"{ALL}rungs/<int:rung>/files/"
VERSION = f"{ALL}versions/<int:number>/files/"

urlpatterns: list[URLPattern] = [
    path(f"{ALL}card/", model_files.model_card, name="model-card"),
    path(RUNG, model_files.rung_files, name="rung-files"),
    path(f"{RUNG}<slug:kind>/", model_files.rung_file, name="rung-file"),
    path(f"{RUNG}<slug:kind>/make/", model_files.rung_file_make, name="rung-file-make"),
    path(VERSION, model_files.version_files, name="version-files"),
    path(f"{VERSION}<slug:kind>/", model_files.version_file, name="version-file"),
    path(f"{VERSION}<slug:kind>/make/", model_files.version_file_make, name="version-file-make"),
]
