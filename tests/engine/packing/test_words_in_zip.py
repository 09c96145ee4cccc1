"""The words that count, told by a packed model where nothing of ours is."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from learners.engine.class_words import class_words, word_model
from learners.engine.packing.clean_run import RUNNER, check_zip, link_requirements
from learners.engine.packing.zip_file import write_zip_file
from learners.engine.runtime import load_runtime
from tests.engine.packing.models import (
    FACTS,
    MANIFEST,
    NAMES,
    TEXTS,
    counted_bag,
    head_for,
    parity,
    text_model,
    tokenizer,
    vector_bag,
)

RUN = RUNNER.replace('sys.argv = [script, "--parity"]', "sys.argv = [script, *sys.argv[3:]]")


def linear_model(kind: str) -> dict[str, bytes]:
    bag = counted_bag() if kind == "tfidf" else vector_bag()
    model = word_model(head_for(bag.n_dimensions), [bag])
    classes = list(NAMES.items())
    told = class_words(model=model, tokenizer=tokenizer(), texts=TEXTS, classes=classes)
    return {**text_model(bag, kind), "words.json": json.dumps(told).encode()}


def unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    target = io.BytesIO()
    write_zip_file(target=target, files=files, facts=FACTS, parity=parity(files), manifest=MANIFEST)
    assert check_zip(target).largest_difference <= 1e-4
    zipfile.ZipFile(target).extractall(folder / "model")
    link_requirements(folder / "model" / "requirements.txt", folder / "site")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`predict.py` by a Python that sees what `requirements.txt` pins and nothing else."""
    script = str(folder / "model" / "predict.py")
    command = [sys.executable, "-I", "-S", "-B", "-c", RUN, str(folder / "site"), script]
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False, env={}, cwd=folder
    )


@pytest.mark.parametrize("kind", ["tfidf", "static"])
def test_the_packed_model_tells_the_applications_words(tmp_path: Path, kind: str) -> None:
    files = linear_model(kind)
    done = run(unpacked(tmp_path, files), "--explain", *TEXTS[:3])
    assert done.returncode == 0, done.stderr
    runtime = load_runtime(files)
    for line, expected in zip(done.stdout.splitlines(), runtime.explain(TEXTS[:3]), strict=True):
        found: dict[str, Any] = json.loads(line)
        by_place = {word["start"]: word for word in found["words"]}
        assert found["label"] in NAMES.values()
        for word in expected:
            theirs = by_place[word.start]
            assert (theirs["word"], theirs["end"]) == (word.word, word.end)
            assert list(theirs["for"].values()) == pytest.approx(word.adds, abs=1e-4)


def test_words_that_count_most_come_first(tmp_path: Path) -> None:
    done = run(unpacked(tmp_path, linear_model("tfidf")), "--explain", TEXTS[0])
    sizes = [max(map(abs, word["for"].values())) for word in json.loads(done.stdout)["words"]]
    assert sizes == sorted(sizes, reverse=True)


def test_a_model_that_is_no_sum_of_words_says_so(tmp_path: Path) -> None:
    done = run(unpacked(tmp_path, text_model(vector_bag())), "--explain", "a text")
    assert done.returncode == 1
    assert "its words have no share of their own" in done.stderr


def test_the_card_lists_the_words(tmp_path: Path) -> None:
    readme = unpacked(tmp_path, linear_model("tfidf")) / "model" / "README.md"
    assert "`words.json`: the words that count" in readme.read_text("utf-8")
    assert "predict.py --explain" in readme.read_text("utf-8")
