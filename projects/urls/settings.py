"""Addresses: a project's settings, classes and members."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
