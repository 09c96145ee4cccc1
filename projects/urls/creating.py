"""Addresses: new projects and imports."""

from django.urls import URLPattern, path

from projects.views import adding, creating

TEXTS = "projects/<int:pk>/settings/texts/"

urlpatterns: list[URLPattern] = [
    path("new/", creating.new, name="project-new"),
    path("new/<int:staged>/", creating.check, name="project-new-check"),
    path(TEXTS, adding.texts, name="project-add-texts"),
    path(f"{TEXTS}<int:staged>/", adding.check, name="project-add-texts-check"),
    path(f"{TEXTS}imports/<int:import_pk>/retry/", adding.retry, name="import-retry"),
    path(f"{TEXTS}imports/<int:import_pk>/discard/", adding.discard, name="import-discard"),
    path("projects/<int:pk>/imports/", adding.progress, name="import-progress"),
]
