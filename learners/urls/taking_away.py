"""Addresses: labels and models to download."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
