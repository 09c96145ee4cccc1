"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from labeler.api.site import api
from labeler.health import health
from labeler.metrics import metrics

handler400 = "labeler.refusing.bad_request"

urlpatterns = [
    path("health", health, name="health"),
    path("metrics", metrics, name="metrics"),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("", include("projects.urls")),
    path("", include("learners.urls")),
]
