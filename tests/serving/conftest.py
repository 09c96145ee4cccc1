"""A models process in a thread of the test's own."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labeler.api.rates import counter
from learners.engine.serving.answering import Answering
from learners.engine.serving.frames import Place
from learners.engine.serving.process import listening
from learners.engine.serving.shelf import Shelf
from learners.services.serving import breaker, client
from projects.models import Project, User
from tests.api.worlds import Program, make_program
from tests.factories import make_project, make_user


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> Path:
    counter.forget()
    breaker.close()
    settings.VAR_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "storage"
    settings.LABELER_MODELS_URL = f"unix://{tmp_path}/models.sock"
    return tmp_path


@pytest.fixture
def models(folders: Path) -> Iterator[Shelf]:
    """What the models process holds; it listens where the settings say."""
    shelf = Shelf(max_bytes=200 * 2**20)
    place = Place(path=str(folders / "models.sock"))
    server = listening(place, Answering(shelf, root=folders, n_cores=2))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield shelf
    client().close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def owner(db: None) -> User:
    return make_user("ada")


@pytest.fixture
def project(owner: User) -> Project:
    return make_project(owner=owner, classes=("Food", "Trains"))


@pytest.fixture
def program(project: Project) -> Program:
    return make_program(project)
