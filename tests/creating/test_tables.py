"""Files of table rows become projects of rows: what is kept, what is refused and where."""

import pytest

from projects.models import Example, ProjectEvent, User
from projects.services.refusals import Refused
from tests.creating.helpers import staged
from tests.creating.table_files import FILE, HEADER, more_rows, table_choice, table_project
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user()


def test_the_guess_says_table_and_what_each_column_is(owner: User) -> None:
    guess = staged(FILE, user=owner).guess
    assert guess["input_kind"] == "table"
    assert guess["table_roles"] == {
        "age": "numeric",
        "job": "categorical",
        "balance": "numeric",
        "country": "categorical",
        "buys": "label",
    }


def test_a_file_with_texts_is_guessed_to_be_texts(owner: User) -> None:
    content = "note,age\n" + "".join(
        f"a longer remark on client {i},3{i % 10}\n" for i in range(40)
    )
    assert staged(content, user=owner).guess["input_kind"] == "text"


def test_a_column_that_repeats_the_label_is_no_feature(owner: User) -> None:
    lines = ["age,size,code,class"]
    lines += [
        f"{i},{i % 7},{'a' if i % 3 else 'b'},{'big' if i % 3 else 'small'}" for i in range(40)
    ]
    roles = staged("\n".join(lines), user=owner).guess["table_roles"]
    assert (roles["code"], roles["class"]) == ("leave_out", "label")


def test_an_id_is_told_by_its_name_and_its_values(owner: User) -> None:
    lines = ["client_id,citricacid,areaId,class"]
    lines += [f"c{i},0.{i},{i % 4},{'a' if i % 3 else 'b'}" for i in range(40)]
    roles = staged("\n".join(lines), user=owner).guess["table_roles"]
    found = (roles["client_id"], roles["citricacid"], roles["areaId"])
    assert found == ("id", "numeric", "numeric")


def test_the_project_and_its_ledger_know_columns_and_kinds() -> None:
    project, _ = table_project()
    kinds = {column["name"]: column["kind"] for column in project.feature_columns}
    assert kinds == {"age": "numeric", "job": "categorical", "balance": "numeric", "country": "categorical"}  # fmt: skip
    created = ProjectEvent.objects.get(project=project, kind="created").payload
    assert created["input_kind"] == project.input_kind == "table"
    assert created["feature_columns"] == project.feature_columns
    assert (project.features, project.label_names) == ("table", False)


def test_a_row_reads_as_lines_and_keeps_its_cells_as_spelled() -> None:
    project, _ = table_project(HEADER + " 41 ,nurse,NA,,no\n" + FILE.removeprefix(HEADER))
    example = Example.objects.get(project=project, source_row=2)
    assert example.text == "age: 41\njob: nurse\nbalance: ?\ncountry: ?"
    assert example.metadata == {"age": " 41 ", "job": "nurse", "balance": "NA", "country": ""}


def test_equal_rows_are_asked_once() -> None:
    twice = FILE + "23,nurse,4.5,fr,no\n" + "23,nurse,4.5,fr,no\n"
    _, data_import = table_project(twice)
    assert data_import.counts["n_duplicates"] == 2


def test_a_row_without_any_value_is_left_out_and_counted() -> None:
    _, data_import = table_project(FILE + ",?,NA,,no\n")
    assert data_import.counts["n_blank"] == 1


def test_words_among_numbers_are_refused_with_line_and_column(owner: User) -> None:
    with pytest.raises(Refused) as refused:
        table_project(FILE + "forty,cook,1,fr,no\n", owner=owner, features=(("age", "numeric"),), metadata=())  # fmt: skip
    assert "“age” holds “forty” in line 122, which is no number" in refused.value.message


def test_words_that_the_first_look_did_not_see_refuse_the_import(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.services.staging.SCANNED_ROWS", 100)
    _, data_import = table_project(FILE + "forty,cook,1,fr,no\n", owner=owner)
    assert data_import.status == "failed"
    assert "clients.csv, line 122, column “age”: found “forty”, which is no number" in data_import.error  # fmt: skip
    assert not Example.objects.exists()


def test_more_rows_need_the_same_columns(owner: User) -> None:
    project, _ = table_project(owner=owner)
    with pytest.raises(Refused) as refused:
        more_rows(project, "age,country,buys\n30,fr,no\n", owner=owner)
    assert "more.csv lacks the columns “job”, “balance”" in refused.value.message


def test_more_rows_come_in_beside_the_first(owner: User) -> None:
    project, _ = table_project(owner=owner)
    one = more_rows(project, "job,age,balance,country,buys\ndiver,33,1,de,\n", owner=owner, label=None, metadata=())  # fmt: skip
    assert one.counts["n_texts"] == 1
    assert Example.objects.get(data_import=one).text.startswith("age: 33\njob: diver")


def test_texts_are_refused_in_a_project_of_rows(owner: User) -> None:
    project, _ = table_project(owner=owner)
    upload = staged(FILE, user=owner)
    choice = table_choice(upload, features=(), text="job", metadata=())
    from projects.services.creating import add_texts

    with pytest.raises(Refused, match="features of this project are fixed"):
        add_texts(actor=owner, project=project, staged=upload, columns=choice, new_classes=[], seed=1, now=project.created_at)  # fmt: skip


def test_features_that_never_vary_are_refused(owner: User) -> None:
    with pytest.raises(Refused, match="No feature varies"):
        table_project(owner=owner, features=(("country", "categorical"),), metadata=())


def test_more_features_than_a_page_can_show_are_refused(owner: User) -> None:
    names = [f"f{i}" for i in range(201)]
    content = ",".join(names) + "\n" + "\n".join(",".join(f"{i * j}" for i in range(201)) for j in range(9))  # fmt: skip
    with pytest.raises(Refused, match="201 columns are features; allowed: 200"):
        table_project(content, owner=owner)


@pytest.mark.parametrize(("name", "value"), [("features", "minilm"), ("label_names", True)])
def test_what_only_texts_have_is_refused_for_rows(owner: User, name: str, value: object) -> None:
    from projects.services.project_settings import change_settings

    project, _ = table_project(owner=owner)
    with pytest.raises(Refused):
        change_settings(actor=owner, project=project, changes={name: value}, now=project.created_at)
