"""Addresses of the pages that show and hand out what the machine learned, by subject."""

from learners.urls import (
    confirming,
    models,
    predicting,
    simulating,
    taking_away,
    teaching,
    watching,
)

urlpatterns = [
    *watching.urlpatterns,
    *confirming.urlpatterns,
    *simulating.urlpatterns,
    *models.urlpatterns,
    *predicting.urlpatterns,
    *taking_away.urlpatterns,
    *teaching.urlpatterns,
]
