"""Addresses: what was asked of a project's models, and what comes of it."""

from django.urls import URLPattern, path

from learners.views import traffic, traffic_offers

ALL = "projects/<int:pk>/traffic/"

urlpatterns: list[URLPattern] = [
    path(ALL, traffic.page, name="traffic"),
    path(f"{ALL}chart.json", traffic.chart, name="traffic-chart"),
    path(f"{ALL}keeping/", traffic.keeping, name="traffic-keeping"),
    path(f"{ALL}delete/", traffic.delete, name="traffic-delete"),
    path(f"{ALL}check/", traffic_offers.check, name="traffic-check"),
    path(f"{ALL}take/", traffic_offers.take_up, name="traffic-take"),
    path(f"{ALL}class/", traffic_offers.make_class, name="traffic-class"),
]
