"""Addresses: putting a frozen model to fresh random texts, and the queue as a list."""

from django.urls import URLPattern, path

from learners.views import confirming, queue_list

urlpatterns: list[URLPattern] = [
    path("projects/<int:pk>/confirm/", confirming.confirm, name="confirm"),
    path("projects/<int:pk>/confirm/state/", confirming.confirm_state, name="confirm-state"),
    path("projects/<int:pk>/confirm/end/", confirming.confirm_end, name="confirm-end"),
    path("projects/<int:pk>/queue/", queue_list.queue_list, name="queue"),
]
