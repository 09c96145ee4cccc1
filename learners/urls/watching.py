"""Addresses: the project page, its curve and its status."""

from django.urls import URLPattern, path, re_path

from learners.views import curve_files, project_page

urlpatterns: list[URLPattern] = [
    path("projects/<int:pk>/", project_page.project_page, name="project"),
    path("projects/<int:pk>/status/", project_page.project_status_fragment, name="project-status"),
    path(
        "projects/<int:pk>/numbers/<slug:tab>/",
        project_page.project_numbers,
        name="project-numbers",
    ),
    path(
        "projects/<int:pk>/numbers/<slug:tab>.json",
        project_page.numbers_spec,
        name="numbers-spec",
    ),
    path("projects/<int:pk>/retrain/", project_page.retrain, name="retrain"),
    path("projects/<int:pk>/curve.json", curve_files.curve_spec_json, name="curve-spec"),
    path("projects/<int:pk>/curve.csv", curve_files.curve_csv, name="curve-csv"),
    re_path(
        r"^projects/(?P<pk>[0-9]+)/curve\.(?P<kind>svg|png)$",
        curve_files.curve_picture,
        name="curve-picture",
    ),
]
