"""Addresses: signing in, passwords."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
