"""Addresses: a project's settings, classes and guideline, and the bin. Members are in `accounts`."""

from django.urls import URLPattern, path

from learners.views import strategy
from projects.views import api_tokens, classes, guideline, learning, project_settings
from projects.views import bin as the_bin

SETTINGS = "projects/<int:pk>/settings/"
ONE_CLASS = f"{SETTINGS}classes/<int:class_pk>/"

urlpatterns: list[URLPattern] = [
    path(SETTINGS, project_settings.general, name="project-settings"),
    path(f"{SETTINGS}learning/", learning.learning, name="project-learning"),
    path(f"{SETTINGS}strategy/", strategy.change_strategy, name="project-strategy"),
    path(f"{SETTINGS}classes/", classes.classes, name="project-classes"),
    path(f"{SETTINGS}classes/order/", classes.reorder, name="project-classes-order"),
    path(ONE_CLASS, classes.one_class, name="project-class"),
    path(f"{ONE_CLASS}merge/", classes.merge_effect, name="project-class-merge"),
    path(f"{ONE_CLASS}merge/do/", classes.merge, name="project-class-merge-do"),
    path(f"{ONE_CLASS}retire/", classes.retire, name="project-class-retire"),
    path(f"{SETTINGS}guideline/", project_settings.guideline, name="project-guideline"),
    path(f"{SETTINGS}api/", api_tokens.api_tokens, name="api-tokens"),
    path(f"{SETTINGS}api/<int:token>/revoke/", api_tokens.revoke, name="api-token-revoke"),
    path(f"{SETTINGS}delete/", project_settings.delete, name="project-delete"),
    path("projects/<int:pk>/guideline/", guideline.guideline, name="guideline"),
    path("projects/<int:pk>/guideline.md", guideline.download, name="guideline-download"),
    path("bin/", the_bin.contents, name="bin"),
    path("bin/<int:pk>/restore/", the_bin.restore, name="bin-restore"),
    path("bin/<int:pk>/delete/", the_bin.delete_now, name="bin-delete"),
]
