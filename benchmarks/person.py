"""A person with a browser, as far as HTTP goes: follows links, fills in forms, keeps cookies.

It sends what a browser without JavaScript would send, so it can only do what the pages offer.
"""

from collections.abc import Mapping
from typing import Any

import httpx
from bs4 import BeautifulSoup
from bs4.element import Tag


class PageTrouble(RuntimeError):
    """A page answered something a person could not go on from."""


class Person:
    """One signed-in (or not yet) browser on `base_url`."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=base_url, follow_redirects=True, timeout=60.0)
        self.address = base_url
        self.page = BeautifulSoup("", "html.parser")

    def open(self, address: str) -> BeautifulSoup:
        """GET a page and stand on it."""
        return self._arrive(self._client.get(address))

    def fetch(self, address: str) -> httpx.Response:
        """GET something that is not a page, without leaving the page one stands on."""
        response = self._client.get(address)
        response.raise_for_status()
        return response

    def submit(
        self,
        form: Tag,
        values: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> BeautifulSoup:
        """Send a form of the present page, with `values` typed over what it already holds."""
        fields = form_fields(form) | dict(values or {})
        action = str(form.get("action") or self.address)
        target = str(httpx.URL(self.address).join(action))
        headers = {"Referer": self.address, "Origin": origin(self.address)}
        if files:
            return self._arrive(
                self._client.post(target, data=fields, files=files, headers=headers)
            )
        return self._arrive(self._client.post(target, data=fields, headers=headers))

    def form(self, selector: str) -> Tag:
        """The form that `selector` (CSS) names, or the one around the element it names.

        Raises:
            PageTrouble: the page has none.
        """
        found = self.page.select_one(selector)
        if found is not None and found.name != "form":
            found = found.find_parent("form")
        if found is None:
            raise PageTrouble(f"{self.address} has no form {selector!r}: {self.said()}")
        return found

    def said(self) -> str:
        """What the page says, in one line: its errors if it shows any, else its heading."""
        parts = self.page.select(".error, .banner.error") or self.page.select("h1")
        return " ".join(part.get_text(" ", strip=True) for part in parts)[:500]

    def _arrive(self, response: httpx.Response) -> BeautifulSoup:
        self.address = str(response.url)
        self.page = BeautifulSoup(response.text, "html.parser")
        if response.is_error:
            raise PageTrouble(f"{response.status_code} at {self.address}: {self.said()}")
        return self.page


def origin(address: str) -> str:
    """Scheme, host and port of an address."""
    url = httpx.URL(address)
    return f"{url.scheme}://{url.netloc.decode()}"


def form_fields(form: Tag) -> dict[str, Any]:
    """What the form holds before anybody types: a browser's successful controls, buttons left out."""
    fields: dict[str, Any] = {}
    for control in form.select("input[name], textarea[name], select[name]"):
        values = control_values(control)
        if values and not control.has_attr("disabled"):
            name = str(control["name"])
            before = fields.get(name, [])
            fields[name] = [*(before if isinstance(before, list) else [before]), *values]
    return {name: v[0] if len(v) == 1 else v for name, v in fields.items()}


def control_values(control: Tag) -> list[str]:
    """The values one control would send."""
    if control.name == "textarea":
        return [control.get_text()]
    if control.name == "select":
        options = control.select("option")
        chosen = [o for o in options if o.has_attr("selected")] or options[:1]
        return [str(o.get("value", o.get_text())) for o in chosen]
    kind = str(control.get("type", "text"))
    if kind in {"submit", "button", "file", "image", "reset"}:
        return []
    if kind in {"checkbox", "radio"}:
        return [str(control.get("value", "on"))] if control.has_attr("checked") else []
    return [str(control.get("value", ""))]
