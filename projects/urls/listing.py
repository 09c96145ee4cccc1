"""Addresses: the project list and the bin."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
