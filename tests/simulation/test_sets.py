"""Simulations where a text has any number of classes: data, loop, numbers, files and the command."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from learners.engine.errors import CannotSimulate
from learners.engine.recipes import (
    DEFAULT,
    MULTILABEL_DEFAULT,
    MULTILABEL_PRESETS,
    MULTILABEL_REFERENCE,
    Recipe,
)
from learners.engine.simulation.as_json import run_as_json, run_from_json, summary_as_json
from learners.engine.simulation.choices import chosen_recipes
from learners.engine.simulation.data import LabelledData, labelled_sets
from learners.engine.simulation.loop import Run, simulate
from learners.engine.simulation.metrics import exact_match, set_f1
from learners.engine.simulation.parts import Parts, PartVectors
from learners.engine.simulation.summary import summarise
from learners.engine.simulation.table import table
from learners.engine.training import name_texts
from projects.services.import_plan import content_hash

CLASSES = ("fruit", "metal", "river")
SETS = [(), ("fruit",), ("metal",), ("fruit", "metal"), ("river",), ("fruit", "river")]


def texts_of(n_rows: int) -> list[tuple[str, tuple[str, ...]]]:
    """Texts that name their classes, in turn of every kind of set."""
    return [(f"{' '.join(SETS[i % 6])} n{i}", SETS[i % 6]) for i in range(n_rows)]


def world(n_rows: int = 120) -> tuple[LabelledData, Parts]:
    """Vectors (n, 6) on the sum of one direction a class, the classes' names exactly on it."""
    rows = texts_of(n_rows)
    data = labelled_sets(
        texts=[text for text, _ in rows],
        sets=[labels for _, labels in rows],
        keys=[content_hash(text) for text, _ in rows],
        is_test=[False] * n_rows,
    )
    noise = np.random.default_rng(7).normal(scale=0.25, size=(len(data.texts), 6))
    noise[:, :3] += data.y
    pairs = name_texts(data.class_names)
    names = np.eye(6)[[place for _, place in pairs]]
    fixed = {"minilm": PartVectors(noise.astype(np.float32), names.astype(np.float32))}
    return data, Parts(fixed=fixed, name_texts=[text for text, _ in pairs])


def recipe(strategy: str, *, label_names: bool = False) -> Recipe:
    return Recipe(
        name=strategy,
        strategy=strategy,
        head="one_vs_rest",
        features="minilm",
        label_names=label_names,
    )


def run(strategy: str, *, seed: int = 0, label_names: bool = False, budget: int = 48) -> Run:
    data, parts = world()
    return simulate(
        data=data,
        parts=parts,
        recipe=recipe(strategy, label_names=label_names),
        budget=budget,
        batch=8,
        seed=seed,
    )


@pytest.mark.parametrize(
    "strategy", ["random", "coverage_to_margin", "multilabel_binary_minimum", "multilabel_max_loss"]
)
def test_the_loop_learns_sets(strategy: str) -> None:
    found = run(strategy)
    assert found.micro_f1 is not None
    assert len(found.accuracy) == len(found.macro_f1) == len(found.micro_f1) == 6
    assert found.micro_f1[-1] > 0.85
    assert found.accuracy[-1] > max(0.6, found.accuracy[0])


def test_a_run_is_the_same_from_its_seed() -> None:
    assert run("multilabel_avg_confidence") == run("multilabel_avg_confidence")
    assert run("random") != run("random", seed=1)


def test_names_of_the_classes_make_a_model_at_zero_labels() -> None:
    assert run("random").at_zero is None
    found = run("random", label_names=True).at_zero
    assert found is not None
    assert found.micro_f1 is not None
    assert found.micro_f1 > 0.5


def test_whole_sets_and_f1_are_counted_as_defined() -> None:
    truth = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], bool)
    said = np.array([[1, 0], [1, 0], [0, 0], [1, 1]], bool)
    assert exact_match(truth, said) == 0.5
    micro, macro = set_f1(truth, said)
    assert micro == pytest.approx(2 * 3 / 8)
    assert macro == pytest.approx((4 / 5 + 2 / 3) / 2)


def test_nothing_true_and_nothing_said_is_right() -> None:
    nothing = np.zeros((3, 2), bool)
    assert set_f1(nothing, nothing) == (1.0, 1.0)


def test_runs_and_summaries_have_the_usual_shape_and_micro_f1() -> None:
    runs = [run(name, seed=seed, budget=16) for name in ("random",) for seed in (0, 1)]
    stored = json.loads(json.dumps(run_as_json(runs[0])))
    assert run_from_json(stored) == runs[0]
    assert {"labels", "accuracy", "macro_f1", "micro_f1"} <= stored.keys()
    (summary,) = summarise(runs, reference="random")
    found = summary_as_json(summary)
    assert found["micro_f1_aubc_low"] <= found["micro_f1_aubc"] <= found["micro_f1_aubc_high"]
    assert found["aubc"] == pytest.approx(np.mean([one.accuracy for one in runs]))
    assert "whole sets AUBC" in table([summary])


def test_the_presets_are_what_a_new_project_of_sets_gets() -> None:
    assert chosen_recipes(multilabel=True) == list(MULTILABEL_PRESETS.values())
    assert MULTILABEL_DEFAULT.strategy == DEFAULT.strategy
    assert MULTILABEL_REFERENCE in chosen_recipes(multilabel=True, strategies=["default"])


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"strategies": ["entropy"], "multilabel": True}, "needed: one for any number of classes"),
        ({"heads": ["lda"], "multilabel": True}, "such as one_vs_rest"),
        ({"heads": ["one_vs_rest"]}, "needed: one for a single class"),
        ({"multilabel": True, "is_table": True}, "rows of a table have one class each"),
    ],
)
def test_what_is_for_the_other_kind_is_refused(chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(CannotSimulate, match=words):
        chosen_recipes(**chosen)


def test_texts_that_all_have_the_same_classes_are_refused() -> None:
    with pytest.raises(CannotSimulate, match="have the same classes"):
        labelled_sets(
            texts=[f"t{i}" for i in range(12)],
            sets=[("a", "b")] * 12,
            keys=[bytes([i]) for i in range(12)],
            is_test=[False] * 12,
        )


def test_the_notes_tell_how_many_classes_a_text_has() -> None:
    data, _ = world()
    assert "Classes a text: 1.17 on average, none for 20 of them." in data.notes


# ---- files and the command ----


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.LABELER_EMBEDDER = "tests.machine.fakes.tiny_embedder"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    lines = [f"{text},{'; '.join(labels)}" for text, labels in texts_of(120)]
    path.write_text("\n".join(["text,labels", *lines]), "utf-8")
    return path


def command(path: Path, *arguments: str) -> tuple[str, str]:
    said, told = StringIO(), StringIO()
    given = ["--label", "labels", "--budget", "16", "--seeds", "2", "--workers", "1"]
    call_command("simulate", str(path), *given, *arguments, stdout=said, stderr=told)
    return said.getvalue(), told.getvalue()


def refusal(path: Path, *arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        command(path, *arguments)
    return str(caught.value)


@pytest.mark.slow
def test_the_command_runs_a_file_of_several_labels(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    said, told = command(file, "--multilabel", "--strategies", "reference", "--json", str(out))
    found = json.loads(out.read_text("utf-8"))
    assert found["multilabel"] is True
    assert found["classes"] == list(CLASSES)
    assert [len(one["micro_f1"]) for one in found["runs"]] == [2, 2]
    assert "Several labels of a cell are told apart at each “;”." in told
    assert "Left out, having no label: 20 rows." in told
    assert "micro-F1 AUBC" in said


def test_lists_in_json_lines_need_no_separator(tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    rows = [{"text": text, "labels": list(labels)} for text, labels in texts_of(90)]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert "pool of 56 distinct texts" in refusal(path, "--multilabel", "--budget", "800")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--separator", ";"], "--separator ;: it goes with --multilabel"),
        (["--multilabel", "--separator", "/"], "allowed is one of ; | , # none"),
        (
            ["--multilabel", "--strategies", "margin", "--heads", "logistic"],
            "any number of classes",
        ),
        (["--multilabel", "--columns", "text"], "rows of a table have one class each"),
        (["--multilabel", "--label", "tags"], "column “tags”: found no such column"),
        (["--multilabel", "--separator", "|", "--budget", "8000"], "for a pool of 75"),
    ],
)
def test_what_cannot_be_is_refused_in_words(file: Path, arguments: list[str], words: str) -> None:
    assert words in refusal(file, *arguments)


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("text,labels\n" + "\n".join(f"t{i},a" for i in range(20)), "utf-8")
    assert "all texts are of one class, “a”" in refusal(path, "--multilabel")
