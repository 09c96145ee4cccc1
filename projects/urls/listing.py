"""Addresses: the project list and the bin."""

from django.urls import URLPattern, path

from projects.views import listing

urlpatterns: list[URLPattern] = [
    path("", listing.project_list, name="project-list"),
]
