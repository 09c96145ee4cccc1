"""Every command of docs/api.md is run as it stands there, against a real server."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from learners.engine.serving.shelf import Shelf
from projects.models import LabelClass
from tests.api.worlds import make_token
from tests.factories import make_user
from tests.serving.conftest import folders, models
from tests.serving.worlds import make_live
from tests.simulation.test_work import gold_project

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "api.md"
__all__ = ["folders", "models"]


def commands() -> list[str]:
    """Each curl of each block, its continued lines joined."""
    blocks = DOCUMENT.read_text("utf-8").split("```sh\n")[1:]
    lines = "".join(block.split("```")[0] for block in blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip()]


@pytest.mark.django_db(transaction=True)
def test_every_command_of_the_document_works(
    models: Shelf, live_server: LiveServer, tmp_path: Path
) -> None:
    project = gold_project(make_user("ada"))
    LabelClass.objects.create(project=project, name="Food")  # as the document has it
    make_live(project)
    (tmp_path / "mail.csv").write_text("id,text\n1,soup\n")
    environment = {
        **os.environ,
        "LABELER": live_server.url,
        "PROJECT": str(project.pk),
        "TOKEN": make_token(project)[1],
    }
    said = commands()
    assert len(said) == 16
    for command in said:
        done = subprocess.run(
            ["bash", "-c", f"{command} --fail-with-body"],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert "labels.jsonl" in command or json.loads(done.stdout) is not None
