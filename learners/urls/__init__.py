"""Addresses of the pages that show and hand out what the machine learned, by subject."""

from learners.urls import (
    confirming,
    deferring,
    model_files,
    model_reasons,
    models,
    predicting,
    simulating,
    taking_away,
    teaching,
    traffic,
    watching,
)

urlpatterns = [
    *watching.urlpatterns,
    *confirming.urlpatterns,
    *simulating.urlpatterns,
    *models.urlpatterns,
    *model_files.urlpatterns,
    *model_reasons.urlpatterns,
    *deferring.urlpatterns,
    *predicting.urlpatterns,
    *taking_away.urlpatterns,
    *teaching.urlpatterns,
    *traffic.urlpatterns,
]
