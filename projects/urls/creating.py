"""Addresses: new projects and imports."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
