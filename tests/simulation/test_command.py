"""`manage.py simulate`, from a file to its numbers, in processes of its own."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from learners.engine.recipes import DEFAULT
from learners.engine.simulation.processes import Outcome
from learners.management.commands import simulate as command
from tests.simulation.worlds import make_rows

FAILING = "tests.simulation.failing.failing_strategy"


@pytest.fixture(autouse=True)
def var_folder(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"
    return tmp_path / "var"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "things.csv"
    lines = [f"{'test' if i % 4 == 0 else 'train'},{label},{text}" for i, (text, label) in _rows()]
    path.write_text("\n".join(["split,label,text", *lines]), "utf-8")
    return path


def _rows() -> list[tuple[int, tuple[str, str]]]:
    return list(enumerate(make_rows(80)))


def simulate(path: Path, *arguments: str) -> str:
    said = StringIO()
    given = ["--split", "split", "--budget", "16", "--seeds", "2", "--features", "minilm"]
    call_command("simulate", str(path), *given, *arguments, stdout=said, stderr=StringIO())
    return said.getvalue()


def refusal(path: Path, *arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        simulate(path, *arguments)
    return str(caught.value)


@pytest.mark.slow
def test_json_and_table_hold_every_recipe(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    said = simulate(file, "--strategies", "margin", "--workers", "1", "--json", str(out))
    found = json.loads(out.read_text("utf-8"))
    names = [f"margin/{DEFAULT.head}/minilm", "reference"]
    assert [(run["name"], run["seed"]) for run in found["runs"]] == [
        (name, seed) for name in names for seed in (0, 1)
    ]
    keys = {"name", "strategy", "head", "features", "seed", "labels", "accuracy", "macro_f1"}
    assert all(keys <= run.keys() and run["labels"] == [8, 16] for run in found["runs"])
    summary = found["summaries"][0]
    assert summary["aubc_low"] <= summary["aubc"] <= summary["aubc_high"]
    assert "0.8" in summary["labels_to"]
    assert summary["aubc"] == pytest.approx(
        sum(sum(run["accuracy"]) / 2 for run in found["runs"][:2]) / 2
    )
    assert all(name in said for name in names)


@pytest.mark.slow
def test_the_numbers_do_not_depend_on_the_processes(file: Path, tmp_path: Path) -> None:
    found = []
    for n_workers in ("1", "3"):
        out = tmp_path / f"{n_workers}.json"
        simulate(file, "--strategies", "margin", "--workers", n_workers, "--json", str(out))
        found.append(json.loads(out.read_text("utf-8")))
    assert found[0] == found[1]


@pytest.mark.slow
def test_a_strategy_that_raises_fails_its_runs_alone(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    said = refusal(file, "--strategies", FAILING, "--workers", "1", "--json", str(out))
    assert "2 of 4 runs failed" in said
    found = json.loads(out.read_text("utf-8"))
    assert {run["name"] for run in found["runs"]} == {"reference"}
    assert found["failed"][0]["error"] == "ZeroDivisionError: no density here"


def test_ctrl_c_leaves_what_is_done(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(work: Any, jobs: Any, *, n_workers: int) -> Any:
        yield Outcome(jobs[0], None, "as an example")
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run_jobs", interrupted)
    out = tmp_path / "out.json"
    assert "interrupted: 1 of 4" in refusal(file, "--strategies", "margin", "--json", str(out))
    found = json.loads(out.read_text("utf-8"))
    assert found["interrupted"] is True
    assert len(found["failed"]) == 1


def test_a_second_run_embeds_nothing_again(
    file: Path, var_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "run_jobs", lambda *args, **kwargs: iter(()))
    simulate(file)
    before = {path: path.stat().st_ino for path in var_folder.rglob("*.npy")}
    simulate(file)
    assert len(before) == 2
    assert before == {path: path.stat().st_ino for path in var_folder.rglob("*.npy")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--text", "body"], "column “body”: found no such column. Allowed: one of “split”"),
        (["--label", "klass"], "column “klass”: found no such column"),
        (["--batch", "0"], "--batch 0: needed is a number from 1"),
        (["--budget", "20"], "needed: a multiple of the batch, such as 16"),
        (["--budget", "800"], "for a pool of 60 distinct texts; needed: at most 56"),
        (["--seeds", "0"], "--seeds 0"),
        (["--workers", "0"], "--workers 0"),
        (["--json", "/no/such/folder/x.json"], "there is no folder /no/such/folder"),
        (["--strategies", "magic"], "no strategy 'magic'; there are"),
        (["--heads", "magic"], "no head 'magic'; there are"),
        (["--features", "magic"], "no features 'magic'; there are"),
    ],
)
def test_what_cannot_be_is_refused_in_words(file: Path, arguments: list[str], words: str) -> None:
    assert words in refusal(file, *arguments)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "nowhere.csv cannot be read: No such file" in refusal(tmp_path / "nowhere.csv")


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("split,label,text\n" + "\n".join(f"train,a,t {i}" for i in range(9)), "utf-8")
    assert "all texts are of one class, “a”" in refusal(path)


def test_the_file_is_written_now_and_then_and_at_the_end(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = command._write_json

    def watched(path: Path, found: dict[str, Any]) -> None:
        written.append(len(found["runs"]))
        write(path, found)

    monkeypatch.setattr(command, "SECONDS_BETWEEN_WRITES", 3_600)
    monkeypatch.setattr(command, "_write_json", watched)
    out = tmp_path / "out.json"
    simulate(file, "--strategies", "margin", "--workers", "1", "--json", str(out))
    assert written == [1, 4]  # the first run, and all of them
    assert len(json.loads(out.read_text("utf-8"))["runs"]) == 4
