"""The packed model: runs without Labeler, gives Labeler's own probabilities, says what it is."""

import hashlib
import io
import json
import subprocess
import sys
import venv
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learners.engine.bundle import BundleCard, joined_graph, write_bundle
from learners.engine.card import measured_words
from learners.engine.embedding import Embedder
from learners.engine.errors import BadFile, CannotExport, TrunkMissing
from learners.engine.exporting import ensure_trunk, exported
from learners.engine.heads import HEAD_NAME, Head, fit_head
from learners.engine.intervals import Interval, wilson
from learners.engine.trunk import Trunk, find_trunk

NAMES = ["question", 'Beschwerde "ä"', "感谢"]
CARD = BundleCard(
    project="Tickets",
    description="What people write to us.",
    data="1,000 texts from tickets.csv.",
    fit=12,
    created_at="2026-03-01T09:00:00+00:00",
    strategy="Margin",
    chosen_by={"Margin": 40, "random, to measure": 20},
    seed=7,
    head=HEAD_NAME,
    n_labels=60,
    n_known=5,
    labels_per_class={"question": 20, 'Beschwerde "ä"': 20, "感谢": 20},
    accuracy=wilson(23, 26),
    macro_f1=None,
    unmeasured_because="macro-F1 needs 5 audit answers of every class.",
    test_accuracy=wilson(90, 100),
    test_macro_f1=None,
    n_audit_skipped=2,
    versions={"scikit-learn": "1.9.1", "torch": "2.13.0"},
)


def make_texts() -> list[str]:
    """200 texts: empty, blank, over 256 tokens, other scripts, emoji, line breaks, marks of markup."""
    words = [
        "refund",
        "card",
        "never",
        "arrived",
        "please",
        "help",
        "order",
        "late",
        "thank",
        "you",
        "great",
        "film",
        "bank",
        "loan",
    ]
    rng = np.random.default_rng(0)
    plain = [" ".join(rng.choice(words, size=rng.integers(1, 40))) for _ in range(140)]
    long = [" ".join(rng.choice(words, size=n)) for n in range(240, 800, 20)]
    odd = ["", " ", "\n", "\t\r\n", "a\nb\nc", "line one\r\nline two", "x" * 3_000, "\u0000 nul"]
    scripts = [
        "你好，世界 " * 200,
        "Привет, мир",
        "مرحبا بالعالم",
        "नमस्ते दुनिया",
        "こんにちは",
        "한국어",
        "ﬁ ẞ İ é ñ",
    ]
    signs = [
        "👍🏽 👩‍👩‍👧‍👦 🇩🇪",
        "🙂" * 300,
        "[SEP] [CLS] [MASK] [PAD]",
        "<b>bold</b> &amp;",
        "=1+1",
        "\u200b\ufeff",
    ]
    texts = plain + long + odd + scripts + signs
    return texts + [f"number {n} of {2**n}" for n in range(200 - len(texts))]


@pytest.fixture(scope="module")
def head(minilm: Embedder) -> Head:
    texts = make_texts()[:60]
    return fit_head(minilm.embed(texts).vectors, np.arange(60) % 3 + 5)


@pytest.fixture(scope="module")
def packed(head: Head, trunk: Trunk) -> bytes:
    return pack(head, trunk)


@pytest.fixture(scope="module")
def unpacked(packed: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    zipfile.ZipFile(io.BytesIO(packed)).extractall(folder)
    return folder


@pytest.fixture(scope="module")
def bare_python(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with what the bundle's requirements name, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    requirements = str(unpacked / "requirements.txt")
    subprocess.run(
        [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            requirements,
        ],
        check=True,
        timeout=280,
    )
    return python


def pack(head: Head, trunk: Trunk, **changes: Any) -> bytes:
    target = io.BytesIO()
    given: dict[str, Any] = {"class_names": NAMES, "card": CARD} | changes
    write_bundle(target=target, head=head, trunk=trunk, **given)
    return target.getvalue()


def answers(python: Path, unpacked: Path, arguments: list[str], given: str = "") -> list[Any]:
    done = subprocess.run(
        [python, "-I", str(unpacked / "predict.py"), *arguments],
        input=given.encode(),
        capture_output=True,
        check=True,
        timeout=200,
    )
    # Not splitlines(): U+2028 and its kin stand unescaped inside JSON strings.
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


@pytest.mark.slow
def test_the_bundle_alone_gives_the_applications_probabilities(
    bare_python: Path, unpacked: Path, minilm: Embedder, head: Head
) -> None:
    texts = make_texts()
    embedded = minilm.embed(texts)
    expected = head.predict_proba(embedded.vectors)
    assert len(texts) == 200
    assert (embedded.n_tokens > 256).sum() > 20
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    found = answers(bare_python, unpacked, ["--json"], lines)
    assert [answer["text"] for answer in found] == texts
    probabilities = np.array(
        [[answer["probabilities"][name] for name in NAMES] for answer in found]
    )
    assert np.abs(probabilities - expected).max() < 1e-4
    assert [answer["label"] for answer in found] == [
        NAMES[best] for best in expected.argmax(axis=1)
    ]


@pytest.mark.slow
def test_the_new_environment_holds_nothing_of_ours(bare_python: Path) -> None:
    code = (
        "import importlib.util as u\n"
        "names = ['torch', 'sklearn', 'django', 'transformers', 'learners', 'onnx']\n"
        "print([name for name in names if u.find_spec(name)])"
    )
    done = subprocess.run(
        [bare_python, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_texts_can_be_given_as_arguments_or_as_lines(bare_python: Path, unpacked: Path) -> None:
    given = answers(bare_python, unpacked, ["my card", "great film"])
    lines = answers(bare_python, unpacked, [], "my card\n\ngreat film")
    assert [answer["text"] for answer in lines] == ["my card", "", "great film"]
    assert [lines[0]["label"], lines[2]["label"]] == [answer["label"] for answer in given]
    assert given[0]["probability"] == pytest.approx(max(given[0]["probabilities"].values()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "given", "complaint"),
    [
        (["--json"], b'"fine"\n{"a": 1}\n', "line 2: found dict, needed a JSON string"),
        (["--json"], b"not json\n", "line 1: Expecting value"),
        ([], b"fine\n\xff\n", "line 2: 'utf-8' codec can't decode"),
        (["--json", "text"], b"", "give no texts beside it"),
    ],
)
def test_what_cannot_be_read_is_answered_with_a_sentence(
    unpacked: Path, arguments: list[str], given: bytes, complaint: str
) -> None:
    done = subprocess.run(
        [sys.executable, str(unpacked / "predict.py"), *arguments],
        input=given,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert complaint in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_the_same_fit_packs_to_the_same_bytes(head: Head, trunk: Trunk, packed: bytes) -> None:
    assert hashlib.sha256(pack(head, trunk)).digest() == hashlib.sha256(packed).digest()


def test_another_head_packs_to_other_bytes(head: Head, trunk: Trunk, packed: bytes) -> None:
    other = Head(head.coef * 1.01, head.intercept, head.class_ids)
    assert pack(other, trunk) != packed


def test_the_digest_of_every_file_is_right(head: Head, trunk: Trunk, packed: bytes) -> None:
    target = io.BytesIO()
    digest = write_bundle(target=target, head=head, class_names=NAMES, card=CARD, trunk=trunk)
    archive = zipfile.ZipFile(io.BytesIO(packed))
    found = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert found == digest.files
    assert digest.sha256 == hashlib.sha256(packed).hexdigest()
    assert digest.n_bytes == len(packed)
    in_card = json.loads(archive.read("card.json"))["files_sha256"]
    assert in_card == {name: value for name, value in found.items() if name != "card.json"}


def test_the_target_need_not_be_seekable(head: Head, trunk: Trunk, packed: bytes) -> None:
    class Pipe(io.RawIOBase):
        received = b""

        def writable(self) -> bool:
            return True

        def write(self, chunk: Any) -> int:
            self.received += bytes(chunk)
            return len(chunk)

    pipe = Pipe()
    write_bundle(target=pipe, head=head, class_names=NAMES, card=CARD, trunk=trunk)  # type: ignore[arg-type]
    assert pipe.received == packed


def test_labels_stand_in_the_order_of_the_probabilities(unpacked: Path) -> None:
    labels = json.loads((unpacked / "labels.json").read_text("utf-8"))
    assert labels == [
        {"id": class_id, "name": name} for class_id, name in zip([5, 6, 7], NAMES, strict=True)
    ]


def test_the_requirements_are_three_exact_pins(unpacked: Path) -> None:
    lines = (unpacked / "requirements.txt").read_text().splitlines()
    assert [line.split("==")[0] for line in lines] == ["numpy", "onnxruntime", "tokenizers"]
    assert all(line.count("==") == 1 for line in lines)


def test_the_tokenizer_cuts_at_256_and_pads_no_further_than_needed(unpacked: Path) -> None:
    tokenizer = json.loads((unpacked / "tokenizer.json").read_text("utf-8"))
    assert tokenizer["truncation"]["max_length"] == 256
    assert tokenizer["padding"]["strategy"] == "BatchLongest"


def test_the_card_tells_people_how_good_it_is_and_whose_weights_these_are(unpacked: Path) -> None:
    readme = (unpacked / "README.md").read_text("utf-8")
    # Wilson of 23 of 26: 0.710 to 0.960
    assert "Accuracy: 88.5 %, between 71 and 96 % (95 % interval, n = 26" in readme
    assert "Macro-F1: not measured. macro-F1 needs 5 audit answers" in readme
    assert "their own licence: Apache-2.0" in readme
    assert "| 感谢 | 20 |" in readme
    assert "60 labelled texts, 5 of them with labels that came with the data" in readme
    assert "How they were chosen: Margin (40); random, to measure (20)." in readme
    # Wilson of 90 of 100: 0.826 to 0.945
    assert "Accuracy: 90.0 %, between 83 and 94 % (95 % interval, n = 100 texts of" in readme


def test_the_card_tells_programs_the_same(unpacked: Path) -> None:
    card = json.loads((unpacked / "card.json").read_text("utf-8"))
    assert card["accuracy"]["n"] == 26
    assert card["macro_f1"] is None
    assert card["strategy"] == "Margin"
    assert card["embedder"]["licence"] == "Apache-2.0"
    assert card["versions"]["torch"] == "2.13.0"


def test_a_measured_number_is_said_with_its_interval() -> None:
    words = measured_words(Interval(0.5, 0.25, 0.75, 12), name="Accuracy", because="")
    assert words == (
        "Accuracy: 50.0 %, between 25 and 75 % (95 % interval, n = 12 randomly chosen texts)."
    )


def test_pipes_in_a_class_name_do_not_break_the_table(head: Head, trunk: Trunk) -> None:
    names = ["a|b", "c\nd", "e"]
    archive = zipfile.ZipFile(io.BytesIO(pack(head, trunk, class_names=names)))
    readme = archive.read("README.md").decode()
    assert "| a\\|b | 0 |" in readme
    assert "| c d | 0 |" in readme


def test_names_that_do_not_fit_the_head_are_refused(head: Head, trunk: Trunk) -> None:
    with pytest.raises(BadFile, match="2 class names"):
        pack(head, trunk, class_names=["a", "b"])
    with pytest.raises(BadFile, match=r"3 class names \(2 different\)"):
        pack(head, trunk, class_names=["a", "a", "b"])


def test_a_head_for_another_embedder_is_refused(trunk: Trunk) -> None:
    head = Head(np.zeros((3, 5)), np.zeros(3), (1, 2, 3))
    with pytest.raises(BadFile, match="takes 5 dimensions, its features give 384"):
        pack(head, trunk)


def test_a_damaged_trunk_is_refused(head: Head) -> None:
    with pytest.raises(BadFile, match="not an ONNX graph"):
        joined_graph(b"\xff\xff not a graph", head)


def test_a_trunk_is_made_once(minilm: Embedder, trunk: Trunk, trunks: Path) -> None:
    made = trunk.graph.stat().st_mtime_ns
    assert ensure_trunk(embedder=minilm, cache_folder=trunks) == trunk
    assert trunk.graph.stat().st_mtime_ns == made
    assert [path.name for path in trunks.iterdir()] == [trunk.folder.name]


def test_a_missing_trunk_is_an_error_with_a_name(tmp_path: Path) -> None:
    with pytest.raises(TrunkMissing, match="the worker does this once"):
        find_trunk(cache_folder=tmp_path, digest="00")


def test_a_damaged_cache_says_what_to_delete(tmp_path: Path) -> None:
    (tmp_path / "00-1").mkdir()
    (tmp_path / "00-1" / "trunk.json").write_text("{}")
    with pytest.raises(BadFile, match="delete it"):
        find_trunk(cache_folder=tmp_path, digest="00")


def test_a_graph_that_disagrees_with_its_embedder_is_never_kept(
    minilm: Embedder, tmp_path: Path
) -> None:
    class Other:
        def __getattr__(self, name: str) -> Any:
            return getattr(minilm.model, name)

        def __iter__(self) -> Any:
            return iter(minilm.model)

        def __getitem__(self, at: int) -> Any:
            return minilm.model[at]

        def encode(self, texts: list[str], **kwargs: Any) -> Any:
            return -minilm.model.encode(texts, **kwargs)

    with pytest.raises(CannotExport, match="differs from the embedder by"):
        ensure_trunk(embedder=replace(minilm, model=Other()), cache_folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_unknown_parts_is_refused() -> None:
    class Dense: ...

    with pytest.raises(CannotExport, match="made of Dense"):
        exported([Dense()])
