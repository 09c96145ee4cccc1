"""Projects with texts of two kinds, embedded and labelled as far as a test needs."""

from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from django.db import transaction

from learners.models import Fit
from learners.selectors.parts import parts_in_order_of_work
from learners.services.embedding import embed_chunk
from learners.services.fitting import run_fit
from projects.models import Example, LabelClass, Project, User
from tests.factories import NOW, make_examples, make_label, make_project, make_user
from tests.machine.fakes import TinyEmbedder

BIRDS = ("heron", "lark", "wren", "finch", "robin", "swift")
TOOLS = ("hammer", "chisel", "saw", "plane", "drill", "vice")


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


def texts(n: int) -> list[str]:
    """Half of them about birds, half about tools, in file order one after the other."""
    kinds = [BIRDS, TOOLS]
    return [
        f"{kinds[i % 2][i % 6]} {kinds[i % 2][i // 6 % 6]} number{i} {('a' if i % 3 else 'b')}"
        for i in range(n)
    ]


def make_named_world(
    n_texts: int = 60, *, n_audit: int = 10, **columns: object
) -> tuple[Project, list[Example], User]:
    """As `make_world`, learning from MiniLM and LSI and from the classes' names."""
    project, examples, user = make_world(n_texts, n_audit=n_audit)
    recipe = {"features": "minilm+lsi", "label_names": True, **columns}
    Project.objects.filter(pk=project.pk).update(**recipe)
    project.refresh_from_db()
    return project, examples, user


def is_bird(example: Example) -> bool:
    return example.text.split()[0] in BIRDS


def make_world(n_texts: int = 60, *, n_audit: int = 10) -> tuple[Project, list[Example], User]:
    user = make_user(f"ada{uuid4().hex[:6]}")
    project = make_project(owner=user, classes=("bird", "tool"))
    return project, make_examples(project, texts(n_texts), n_audit=n_audit), user


def label(examples: list[Example], user: User, *, now: datetime = NOW) -> None:
    """Give each its true class."""
    by_name = {c.name: c for c in LabelClass.objects.filter(project_id=examples[0].project_id)}
    for example in examples:
        with transaction.atomic():
            make_label(example, by_name["bird" if is_bird(example) else "tool"], user, now=now)


def embed_all(
    project: Project, embedder: TinyEmbedder | None = None, clock: Clock | None = None
) -> int:
    """Run chunks of every part of the features until none is left; how many had something to do."""
    parts = parts_in_order_of_work(Project.objects.get(pk=project.pk).features)
    return sum(embed_part(project, part, embedder, clock) for part in parts)


def embed_part(
    project: Project,
    part: str,
    embedder: TinyEmbedder | None = None,
    clock: Clock | None = None,
) -> int:
    """The same of one part."""
    chunk = partial(embed_chunk, project_id=project.pk, clock=clock or Clock(), part=part)
    n_chunks = 0
    while chunk(token=uuid4(), load=lambda: embedder or TinyEmbedder()):
        n_chunks += 1
    return n_chunks


def fit(
    project: Project, clock: Clock | None = None, embedder: TinyEmbedder | None = None
) -> Fit | None:
    embedder = embedder or TinyEmbedder()
    return run_fit(
        project_id=project.pk, token=uuid4(), clock=clock or Clock(), load=lambda: embedder
    )
