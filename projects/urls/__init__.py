"""Addresses of the pages where people work, by subject."""

from projects.urls import accounts, creating, labelling, listing, settings

urlpatterns = [
    *accounts.urlpatterns,
    *listing.urlpatterns,
    *creating.urlpatterns,
    *settings.urlpatterns,
    *labelling.urlpatterns,
]
