"""The zip of a rung: what is in it, and that it runs where nothing of ours is."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from learners.engine.bundle import BundleDigest
from learners.engine.errors import CheckFailed
from learners.engine.intervals import wilson
from learners.engine.packing.card import ClassFacts
from learners.engine.packing.clean_run import check_zip, link_requirements
from learners.engine.packing.parity import ODD_TEXTS, Parity
from learners.engine.packing.zip_file import write_with_sums, write_zip_file
from tests.engine.packing.models import (
    FACTS,
    MANIFEST,
    TEXTS,
    counted_bag,
    parity,
    table_model,
    text_model,
    vector_bag,
)


def packed(files: dict[str, bytes], given: Parity, **changes: Any) -> tuple[bytes, BundleDigest]:
    target = io.BytesIO()
    facts = replace(FACTS, **changes)
    digest = write_zip_file(
        target=target, files=files, facts=facts, parity=given, manifest=MANIFEST
    )
    return target.getvalue(), digest


def contents_of(zipped: bytes) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(zipped))
    return {name: archive.read(name) for name in archive.namelist()}


def changed(zipped: bytes, **changes: bytes) -> io.BytesIO:
    """The zip with other files, and sums that fit."""
    contents = {
        name: content for name, content in contents_of(zipped).items() if name != "SHA256SUMS"
    }
    target = io.BytesIO()
    write_with_sums(
        target, contents | {name.replace("__", "."): new for name, new in changes.items()}
    )
    return target


@pytest.fixture(scope="module")
def static_zip() -> bytes:
    files = text_model(vector_bag())
    return packed(files, parity(files))[0]


@pytest.fixture(scope="module")
def table_zip() -> bytes:
    files, rows = table_model()
    return packed(files, parity(files, rows[:50]), is_table=True)[0]


def test_the_zip_runs_with_its_requirements_alone_and_agrees(static_zip: bytes) -> None:
    found = check_zip(io.BytesIO(static_zip))
    assert found.n == 200
    assert found.largest_difference <= 1e-4
    assert found.labels_equal == 1
    assert found.needed == "probabilities within 0.0001"


def test_a_model_that_counts_words_agrees_too() -> None:
    files = text_model(counted_bag(), "tfidf")
    assert check_zip(io.BytesIO(packed(files, parity(files))[0])).largest_difference <= 1e-4


def test_a_model_of_tables_agrees_too(table_zip: bytes) -> None:
    found = check_zip(io.BytesIO(table_zip))
    assert (found.n, found.labels_equal) == (200, 1)
    rows = json.loads(contents_of(table_zip)["parity.json"])["rows"]
    assert {"50 rows of the project, and 150 made of the values in table.json."} == {
        json.loads(contents_of(table_zip)["parity.json"])["inputs_from"]
    }
    assert len({tuple(row.values()) for row in rows[50:]}) > 50


def test_other_probabilities_fail_the_check(static_zip: bytes) -> None:
    wrong = json.loads(contents_of(static_zip)["parity.json"])
    wrong["probabilities"][3] = [0.2, 0.3, 0.5]
    with pytest.raises(CheckFailed, match="differ from the application's by up to"):
        check_zip(changed(static_zip, parity__json=json.dumps(wrong).encode()))


def test_int8_is_held_to_its_labels(static_zip: bytes) -> None:
    loose = json.loads(contents_of(static_zip)["parity.json"])
    loose |= {"rule": "labels", "labels_equal": 0.995}
    rows = [[value * 0.99 for value in row] for row in loose["probabilities"]]
    found = check_zip(
        changed(static_zip, parity__json=json.dumps(loose | {"probabilities": rows}).encode())
    )
    assert found.largest_difference > 1e-4
    assert found.needed == "the same label on 99.5 %"
    turned = [row[::-1] for row in rows]
    with pytest.raises(CheckFailed, match=r"needed: the same label on 99\.5 %"):
        check_zip(
            changed(static_zip, parity__json=json.dumps(loose | {"probabilities": turned}).encode())
        )


def test_a_script_that_does_not_run_fails_the_check(static_zip: bytes) -> None:
    with pytest.raises(CheckFailed, match="No module named 'django'"):
        check_zip(changed(static_zip, predict__py=b"import django\n"))
    code = b"import socket\nsocket.create_connection(('127.0.0.1', 9))\n"
    with pytest.raises(CheckFailed, match="tried socket"):
        check_zip(changed(static_zip, predict__py=code))


def test_a_file_that_was_changed_fails_the_check(static_zip: bytes) -> None:
    contents = contents_of(static_zip) | {"labels.json": b"[]"}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    with pytest.raises(CheckFailed, match=r"labels\.json: not as SHA256SUMS says"):
        check_zip(target)


def test_the_clean_environment_holds_what_is_pinned_and_what_that_needs(tmp_path: Any) -> None:
    pins = [line for line in contents_of_requirements() if line.startswith("onnxruntime")]
    (tmp_path / "requirements.txt").write_text("\n".join(pins))
    found = link_requirements(tmp_path / "requirements.txt", tmp_path / "site")
    assert {"onnxruntime", "numpy", "protobuf"} <= set(found)
    assert not (tmp_path / "site" / "tokenizers").exists()
    (tmp_path / "other.txt").write_text("numpy==0.1")
    with pytest.raises(CheckFailed, match=r"pins numpy 0\.1; installed"):
        link_requirements(tmp_path / "other.txt", tmp_path / "other")


def contents_of_requirements() -> list[str]:
    files = text_model(vector_bag(2))
    return contents_of(packed(files, parity(files))[0])["requirements.txt"].decode().splitlines()


def test_the_same_model_packs_to_the_same_bytes(static_zip: bytes) -> None:
    files = text_model(vector_bag())
    again, digest = packed(files, parity(files))
    assert again == static_zip
    assert digest.sha256 == hashlib.sha256(static_zip).hexdigest()
    assert packed(files, parity(files), version=2)[0] != static_zip


def test_the_sums_are_those_of_every_other_file(static_zip: bytes) -> None:
    contents = contents_of(static_zip)
    sums = contents.pop("SHA256SUMS").decode().splitlines()
    assert sums == [
        f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in contents.items()
    ]
    in_card = json.loads(contents["card.json"])["files_sha256"]
    assert set(in_card) == set(contents) - {"card.json"}


def test_a_threshold_travels_and_is_obeyed(static_zip: bytes) -> None:
    files = text_model(vector_bag())
    zipped, _ = packed(files, parity(files), deferral=0.6)
    assert json.loads(contents_of(zipped)["model.json"])["deferral"] == {"threshold": 0.6}
    assert "Below a probability of 0.600 it leaves" in contents_of(zipped)["README.md"].decode()


def test_the_card_has_every_part_of_the_outline_and_says_what_nobody_wrote(
    static_zip: bytes,
) -> None:
    readme = contents_of(static_zip)["README.md"].decode()
    parts = ["Model details", "Intended use", "Factors", "Metrics", "Evaluation data"]
    parts += ["Training data", "Quantitative analyses", "Ethical considerations", "Caveats"]
    places = [readme.index(f"\n## {part}") for part in parts]
    assert places == sorted(places)
    assert readme.count("Nobody wrote this part.") == 4
    assert "Accuracy: not measured. No random examples were answered yet." in readme


def test_the_card_gives_intervals_for_each_class_and_the_leads_words() -> None:
    files = text_model(vector_bag(2))
    classes = [ClassFacts("a|b", "first", 9, wilson(23, 26), None)]
    zipped, _ = packed(
        files,
        parity(files),
        classes=classes,
        intended_use="Sorting tickets.",
        n_audit=26,
        accuracy=wilson(23, 26),
    )
    readme = contents_of(zipped)["README.md"].decode()
    # Wilson of 23 of 26: 0.710 to 0.960
    assert "| a\\|b | 88.5 % (71 to 96 %, n = 26) | not measured |" in readme
    assert "## Intended use\n\nSorting tickets.\n" in readme
    assert "26 texts of the project that were set aside at random" in readme


def test_texts_may_stay_at_home() -> None:
    files = text_model(vector_bag(2))
    found = json.loads(parity(files, own=[]).to_json())
    assert len(found["texts"]) == 200
    assert found["texts"][188:] == list(ODD_TEXTS)
    assert {word for text in found["texts"][:188] for word in text.split()} == {
        "question",
        "Beschwerde",
        "感谢",
    }
    assert found["inputs_from"].startswith("188 made of the names of the classes")


def test_own_texts_come_first_and_the_rest_is_filled() -> None:
    files = text_model(vector_bag(2))
    found = json.loads(parity(files).to_json())
    assert found["texts"][: len(TEXTS)] == TEXTS
    assert found["inputs_from"].startswith("18 texts of the project, 170 made of")
