"""Addresses: what rungs and versions rest on."""

from django.urls import URLPattern, path

from learners.views import model_reasons

ALL = "projects/<int:pk>/models/"
RUNG = f"{ALL}rungs/<int:rung>/explain/"
VERSION = f"{ALL}versions/<int:number>/explain/"

urlpatterns: list[URLPattern] = [
    path(RUNG, model_reasons.rung_reasons, name="rung-reasons"),
    path(f"{RUNG}look/", model_reasons.rung_look, name="rung-reasons-look"),
    path(VERSION, model_reasons.version_reasons, name="version-reasons"),
    path(f"{VERSION}look/", model_reasons.version_look, name="version-reasons-look"),
]
