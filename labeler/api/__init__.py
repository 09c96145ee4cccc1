"""The API for programs: `/api/v1/`. Every answer is JSON, every error of one shape (docs/api.md).

It decides nothing by itself: the services that the pages call are called here, with their refusals.
"""
