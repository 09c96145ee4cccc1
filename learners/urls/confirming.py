"""Addresses: putting a frozen model to fresh random texts."""

from django.urls import URLPattern, path

from learners.views import confirming

urlpatterns: list[URLPattern] = [
    path("projects/<int:pk>/confirm/", confirming.confirm, name="confirm"),
    path("projects/<int:pk>/confirm/state/", confirming.confirm_state, name="confirm-state"),
    path("projects/<int:pk>/confirm/end/", confirming.confirm_end, name="confirm-end"),
]
