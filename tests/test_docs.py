"""The documents say what the code does: names exist, commands exist, the README stays short."""

import importlib
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"`((?:projects|learners|labeler)\.[\w.]+)`")


def names_in(document: str) -> list[str]:
    return sorted(set(NAME.findall((ROOT / document).read_text("utf-8"))))


def found(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    parts = name.split(".")
    for n_module in range(len(parts), 0, -1):
        try:
            thing: object = importlib.import_module(".".join(parts[:n_module]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[n_module:]:
            thing = getattr(thing, attribute, None)
        return thing is not None
    return False


@pytest.mark.parametrize("name", names_in("docs/loop.md") + names_in("docs/strategies.md"))
def test_every_name_in_the_documents_exists(name: str) -> None:
    assert found(name)


def test_a_name_that_does_not_exist_is_caught() -> None:
    assert not found("learners.services.fitting.no_such_rule")


@pytest.mark.parametrize(
    "document", ["README.md", "docs/loop.md", "docs/operate.md", "docs/strategies.md"]
)
def test_every_management_command_in_the_documents_exists(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    named = set(re.findall(r"manage\.py (\w+)", text))
    assert named <= set(get_commands())


@pytest.mark.parametrize("document", ["README.md", "docs/operate.md", "CHANGELOG.md"])
def test_every_make_target_in_the_documents_exists(document: str) -> None:
    rules = re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / document).read_text("utf-8")))
    assert named <= targets


def test_the_readme_stays_under_150_lines() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 150


def test_every_relative_link_leads_to_a_file() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
