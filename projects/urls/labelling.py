"""Addresses: labelling and history."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
