"""A small file of table rows, and the project that it makes."""

from dataclasses import replace
from typing import Any

from projects.models import DataImport, Project, StagedUpload, User
from projects.reading import ColumnChoice, Layout
from projects.services.creating import ClassSpec, add_texts, create_project
from tests.creating.helpers import ran, staged
from tests.factories import NOW, make_user

HEADER = "age,job,balance,country,buys\n"
ROWS = "".join(
    f"{20 + i % 50},{('nurse', 'cook', 'clerk')[i % 3]},{'NA' if i % 7 == 0 else i * 1.5},fr,{'yes' if i % 3 == 1 and i % 50 > 20 else 'no'}\n"
    for i in range(120)
)
FILE = HEADER + ROWS


def table_choice(upload: StagedUpload, **changes: Any) -> ColumnChoice:
    """The wizard's guess for a table, as a choice."""
    roles = upload.guess["table_roles"]
    kinds = ("numeric", "categorical")
    choice = ColumnChoice(
        features=tuple((name, role) for name, role in roles.items() if role in kinds),
        label=next((name for name, role in roles.items() if role == "label"), None),
        metadata=tuple(name for name, role in roles.items() if role == "metadata"),
        layout=Layout(**upload.guess["layout"]),
        leave_out_blank=True,
    )
    return replace(choice, **changes)


def table_project(
    content: str = FILE, *, owner: User | None = None, **changes: Any
) -> tuple[Project, DataImport]:
    """A project of table rows whose import has run."""
    owner = owner or make_user()
    upload = staged(content, user=owner, name="clients.csv")
    made = create_project(
        actor=owner,
        staged=upload,
        name="Clients",
        description="Will this client buy?",
        guideline="",
        time_zone="UTC",
        classes=[
            ClassSpec(name="no", colour=1, shortcut="1"),
            ClassSpec(name="yes", colour=2, shortcut="2"),
        ],
        columns=table_choice(upload, **changes),
        seed=5,
        now=NOW,
    )
    return ran(*made)


def more_rows(project: Project, content: str, *, owner: User, **changes: Any) -> DataImport:
    """A second file of rows, imported into a project that exists."""
    upload = staged(content, user=owner, name="more.csv")
    features = tuple((c["name"], c["kind"]) for c in project.feature_columns)
    data_import = add_texts(
        actor=owner,
        project=project,
        staged=upload,
        columns=table_choice(upload, features=features, **changes),
        new_classes=[],
        seed=9,
        now=NOW,
    )
    return ran(project, data_import)[1]
