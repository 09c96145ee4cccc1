"""Addresses: comparing recipes on labels that are known."""

from django.urls import URLPattern, path

from learners.views import simulating

ALL = "projects/<int:pk>/simulations/"
ONE = f"{ALL}<int:simulation>/"

urlpatterns: list[URLPattern] = [
    path(ALL, simulating.simulations, name="simulations"),
    path(f"{ALL}file/", simulating.upload, name="simulation-file"),
    path(ONE, simulating.simulation, name="simulation"),
    path(f"{ONE}state/", simulating.state, name="simulation-state"),
    path(f"{ONE}cancel/", simulating.cancel, name="simulation-cancel"),
    path(f"{ONE}use/", simulating.use, name="simulation-use"),
    path(f"{ONE}curves.json", simulating.curves, name="simulation-curves"),
    path(f"{ONE}runs.json", simulating.runs_json, name="simulation-runs"),
]
