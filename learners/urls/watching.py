"""Addresses: the project page, its curve and its status."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
