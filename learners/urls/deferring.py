"""Addresses: what a version leaves to others."""

from django.urls import URLPattern, path

from learners.views import deferring, routing

ALL = "projects/<int:pk>/models/"
PAGE = "projects/<int:pk>/models/versions/<int:number>/deferral/"

urlpatterns: list[URLPattern] = [
    path(PAGE, deferring.deferral, name="model-deferral"),
    path(f"{PAGE}chart.json", deferring.chart, name="model-deferral-chart"),
    path(f"{PAGE}keep/", deferring.keep, name="model-deferral-keep"),
    path(f"{PAGE}clear/", deferring.clear, name="model-deferral-clear"),
    path(f"{PAGE}queue/", deferring.queue, name="model-deferral-queue"),
    path(f"{ALL}routes/", routing.routes, name="model-routes"),
]
