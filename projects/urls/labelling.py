"""Addresses: labelling and history."""

from django.urls import path

from projects.views import history, labelling, why

urlpatterns = [
    path("projects/<int:pk>/label/", labelling.label, name="label"),
    path("projects/<int:pk>/history/", history.history, name="history"),
    path("projects/<int:pk>/history/<int:annotation>/", history.history_row, name="history-row"),
    path("projects/<int:pk>/why/<int:event>/", why.why, name="why"),
]
