"""Addresses: ladders of models, and the versions that are kept."""

from django.urls import URLPattern, path

from learners.views import ladder, versions

ALL = "projects/<int:pk>/models/"
VERSION = f"{ALL}versions/<int:number>/"

urlpatterns: list[URLPattern] = [
    path(ALL, ladder.models, name="models"),
    path(f"{ALL}state/", ladder.state, name="models-state"),
    path(f"{ALL}chart.json", ladder.chart, name="models-chart"),
    path(f"{ALL}start/", ladder.start, name="models-start"),
    path(f"{ALL}cancel/", ladder.cancel, name="models-cancel"),
    path(f"{ALL}figures/", ladder.figures, name="models-figures"),
    path(f"{ALL}every/", ladder.every, name="models-every"),
    path(f"{ALL}roll-back/", versions.go_back, name="models-roll-back"),
    path(f"{ALL}rungs/<int:rung>/keep/", ladder.keep, name="rung-keep"),
    path(VERSION, versions.version, name="model-version"),
    path(f"{VERSION}live/", versions.make_live, name="model-version-live"),
    path(f"{VERSION}retire/", versions.take_out, name="model-version-retire"),
]
