"""A page's form as a browser would send it untouched."""

from bs4 import BeautifulSoup, Tag
from django.test import Client


def _is_switch(control: Tag) -> bool:
    return control.get("type") in ("radio", "checkbox")


def form_of(page: Client, url: str) -> dict[str, str]:
    """Names and values of the controls in the page's forms; those switched off are left out."""
    soup = BeautifulSoup(page.get(url).content, "html.parser")
    values = {
        str(control["name"]): str(control.get("value", "on" if _is_switch(control) else ""))
        for control in soup.select("main form input[name]")
        if not _is_switch(control) or control.has_attr("checked")
    }
    for select in soup.select("main form select"):
        chosen = select.select_one("option[selected]")
        values[str(select["name"])] = str(chosen["value"]) if chosen else ""
    return values
