"""The model as one HTML file: a browser without a network gives the application's probabilities."""

import json
import unicodedata
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from learners.engine.errors import CannotExport, CheckFailed
from learners.engine.packing.characters import characters_of, ranges
from learners.engine.packing.html_file import check_page, html_file
from learners.engine.rungs.bags import in_bytes
from learners.engine.runtime import load_runtime
from tests.chromium import faults, watched_page
from tests.engine.packing.models import (
    FACTS,
    TEXTS,
    counted_bag,
    parity,
    table_model,
    text_model,
    tokenizer,
    vector_bag,
)

MODELS = {
    "tfidf": text_model(counted_bag(), "tfidf"),
    "fp16": text_model(vector_bag()),
    "int8": text_model(in_bytes(vector_bag())),
}
browser_test = pytest.mark.browser


def page_of(files: dict[str, bytes], **changes: Any) -> bytes:
    return html_file(files=files, facts=replace(FACTS, **changes), parity=parity(files))


def odd_texts(n: int = 300) -> list[str]:
    """Texts of code points drawn from everywhere: marks, unassigned ones, all scripts, specials."""
    rng = np.random.default_rng(3)
    scripts = [(0x20, 0x7F), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x1FFF)]
    scripts += [(0x2000, 0x33FF), (0x3400, 0x9FFF), (0xA000, 0xD7FF), (0xE000, 0xFFFF)]
    scripts += [(0x10000, 0x1FFFF), (0x20000, 0x10FFFF)]
    texts = []
    for _ in range(n):
        drawn = [rng.integers(*scripts[each]) for each in rng.integers(0, len(scripts), 30)]
        words = rng.choice(["refund", " ", "[SEP]", "ing", "\u0301", "card "], 12)
        parts = [*map(chr, map(int, drawn)), *words]
        rng.shuffle(parts)
        texts.append("".join(parts))
    return texts


def opened(browser: Browser, folder: Path, content: bytes, **options: Any) -> Any:
    """A page of the file, without a network."""
    (folder / "model.html").write_bytes(content)
    context = browser.new_context(offline=True, **options)
    return context, (folder / "model.html").as_uri()


@browser_test
@pytest.mark.parametrize("name", MODELS)
def test_the_page_gives_the_applications_probabilities(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    files = MODELS[name]
    context, address = opened(browser, tmp_path, page_of(files))
    with watched_page(context) as page:
        page.goto(address)
        found = page.evaluate("parity")
        assert (found["n"], found["agrees"]) == (200, True)
        texts = odd_texts()
        expected = load_runtime(files).predict_proba(texts)
        ours = np.array(page.evaluate("texts => predictProba(texts)", texts))
    assert np.abs(ours - expected).max() < 1e-5


@browser_test
def test_every_character_is_cut_as_the_library_cuts_it(browser: Browser, tmp_path: Path) -> None:
    context, address = opened(browser, tmp_path, page_of(MODELS["fp16"]))
    kept = [point for point in range(1, 0x110000) if not 0xD800 <= point <= 0xDFFF]
    low = kept[:0xF800]
    texts = ["".join(map(chr, low[at : at + 120])) for at in range(0, len(low), 120)]
    texts += ["".join(map(chr, kept[at::9001])) for at in range(0, 9001, 40)]
    texts += [
        "a\u302e\u1b44b \U0001d16d\U0001d165 \u0301\u302e\u1b44",
        "각힣 갂",
        "x" * 100 + " " + "y" * 101,
    ]
    expected = [tokenizer().encode(text, add_special_tokens=False).ids[:254] for text in texts]
    with watched_page(context) as page:
        page.goto(address)
        assert (
            page.evaluate("texts => texts.map(text => tokens(text).map(token => token.id))", texts)
            == expected
        )


@browser_test
@pytest.mark.parametrize("name", MODELS)
def test_the_page_tells_the_applications_words(browser: Browser, tmp_path: Path, name: str) -> None:
    files, texts = MODELS[name], [*TEXTS[:6], "great film " * 200, *odd_texts(100)]
    context, address = opened(browser, tmp_path, page_of(files))
    with watched_page(context) as page:
        page.goto(address)
        found = page.evaluate("texts => explain(texts)", texts)
    for ours, theirs in zip(found, load_runtime(files).explain(texts), strict=True):
        assert [place(word) for word in ours] == [place(asdict(word)) for word in theirs]
        adds = np.array([word["adds"] for word in ours])
        assert np.abs(adds - np.array([word.adds for word in theirs])).max(initial=0) < 1e-4


def place(word: dict[str, Any]) -> tuple[Any, ...]:
    return word["word"], word["start"], word["end"]


@browser_test
def test_words_and_bias_sum_to_the_logits(browser: Browser, tmp_path: Path) -> None:
    context, address = opened(browser, tmp_path, page_of(MODELS["int8"]))
    with watched_page(context) as page:
        page.goto(address)
        found = page.evaluate("text => explain([text])[0].map(word => word.adds)", TEXTS[2])
        logits = np.sum(found, axis=0) + page.evaluate("bias")
        expected = page.evaluate("text => predictProba([text])[0]", TEXTS[2])
    assert np.exp(logits) / np.exp(logits).sum() == pytest.approx(expected, abs=1e-9)


@browser_test
def test_one_text_is_answered_with_bars(browser: Browser, tmp_path: Path) -> None:
    context, address = opened(browser, tmp_path, page_of(MODELS["tfidf"], deferral=0.99))
    with watched_page(context) as page:
        page.goto(address)
        page.get_by_label("Text", exact=True).fill("thank you for the film")
        page.get_by_role("button", name="Classify").click()
        assert page.locator("ol.bars li").count() == 3
        assert "a person should decide" in page.locator(".best").inner_text()
        assert faults(page) == []


def asked(page: Page, address: str, text: str) -> None:
    page.goto(address)
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Classify").click()


@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_are_marked_in_the_text_by_more_than_colour(
    browser: Browser, tmp_path: Path, scheme: Any
) -> None:
    content = page_of(MODELS["tfidf"])
    context, address = opened(browser, tmp_path, content, color_scheme=scheme)
    with watched_page(context) as page:
        asked(page, address, "Thank you for the late film, please!")
        said = page.locator(".best").inner_text().split(" (")[0]
        assert page.get_by_label("For and against").locator(":checked").inner_text() == said
        assert page.locator(".reading").inner_text() == "Thank you for the late film, please!"
        for kind, sign, line in (("for", "+", "solid"), ("against", "\u2212", "dashed")):
            mark = page.locator(f"mark.{kind}").first
            assert sign in mark.evaluate("e => getComputedStyle(e, '::before').content")
            assert mark.evaluate("e => getComputedStyle(e).textDecorationStyle") == line
        assert faults(page) == []


@browser_test
def test_the_words_of_another_label_are_a_choice_away(browser: Browser, tmp_path: Path) -> None:
    context, address = opened(browser, tmp_path, page_of(MODELS["tfidf"]))
    with watched_page(context) as page:
        asked(page, address, "refund the late card, refund it")
        before = page.locator("ul.words").all_inner_texts()
        page.get_by_label("For and against").select_option(index=2)
        assert page.locator("ul.words").all_inner_texts() != before
        label = page.evaluate("Number(document.getElementById('words-label').value)")
        words = page.evaluate("explain(['refund the late card, refund it'])[0]")
        refund = sum(word["adds"][label] for word in words if word["word"] == "refund")
        told = page.get_by_role("listitem").filter(has_text="refund").inner_text()
    assert told == f"refund {refund:+.2f} (2 times)".replace("-", "\u2212")


@browser_test
def test_what_was_cut_away_is_struck_through(browser: Browser, tmp_path: Path) -> None:
    context, address = opened(browser, tmp_path, page_of(MODELS["tfidf"]))
    with watched_page(context) as page:
        asked(page, address, "card " * 254 + "never read")
        assert page.locator(".reading s").inner_text().strip() == "never read"
        assert "What is struck through was not read" in page.locator("#answer").inner_text()
        asked(page, address, "字" * 3 + "zzzz")
        assert "knows none of its words" in page.locator("#answer").inner_text()


@browser_test
def test_many_lines_become_a_table_and_a_file(browser: Browser, tmp_path: Path) -> None:
    context, address = opened(browser, tmp_path, page_of(MODELS["tfidf"]))
    with watched_page(context) as page:
        page.goto(address)
        page.get_by_label("Text", exact=True).fill('thank you\n\n=1+1, "late"\nrefund')
        page.get_by_label("one text a line").check()
        page.get_by_label("Text", exact=True).press("Control+Enter")
        assert page.locator("tbody tr").count() == 3
        assert faults(page) == []
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as CSV").click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("text,label,probability,deferred,probability of question,")
    assert lines[2].startswith('"\'=1+1, ""late""",')


@browser_test
def test_a_page_that_does_not_agree_gives_no_answer(browser: Browser, tmp_path: Path) -> None:
    files = MODELS["tfidf"]
    given = parity(files)
    wrong = replace(given, probabilities=[[1.0, 0.0, 0.0]] * len(given.inputs))
    content = html_file(files=files, facts=FACTS, parity=wrong)
    context, address = opened(browser, tmp_path, content)
    with watched_page(context) as page:
        page.goto(address)
        assert page.get_by_role("button", name="Classify").is_disabled()
        assert "so the page gives none" in page.locator("#state").inner_text()


@pytest.mark.parametrize("name", MODELS)
def test_the_numbers_in_the_page_are_checked_before_it_is_offered(name: str) -> None:
    files = MODELS[name]
    page, given = page_of(files), parity(files)
    assert check_page(page, given, files["tokenizer.json"]).largest_difference < 1e-5
    wrong = replace(given, probabilities=[[1.0, 0.0, 0.0]] * len(given.inputs))
    with pytest.raises(CheckFailed, match="differ from the application's by up to"):
        check_page(page, wrong, files["tokenizer.json"])


def test_names_cannot_break_out_of_the_page() -> None:
    content = page_of(MODELS["tfidf"], project="</title><script>alert(1)</script>").decode()
    assert "<script>alert" not in content
    assert content.count("</script>") == 2


def test_the_same_model_gives_the_same_page_which_loads_nothing() -> None:
    content = page_of(MODELS["tfidf"])
    assert content == page_of(MODELS["tfidf"])
    assert b"default-src 'none'" in content
    assert b"http://" not in content.split(b'id="model"')[0]


def test_a_model_with_an_embedding_model_or_a_table_is_refused() -> None:
    files, rows = table_model()
    with pytest.raises(CannotExport, match="one table of word pieces"):
        html_file(files=files, facts=FACTS, parity=parity(files, rows))


def test_another_kind_of_tokenizer_is_refused() -> None:
    files = MODELS["tfidf"]
    told = json.loads(files["tokenizer.json"])
    told["pre_tokenizer"] = {"type": "Whitespace"}
    changed = files | {"tokenizer.json": json.dumps(told).encode()}
    with pytest.raises(CannotExport, match="BERT's word pieces alone"):
        html_file(files=changed, facts=FACTS, parity=parity(files))


def test_characters_are_as_the_library_has_them() -> None:
    found = characters_of(tokenizer())
    become = dict(found.become)
    assert (become[ord("É")], become[ord("İ")], become[ord("\t")]) == ("e", "i", " ")
    assert any(first <= ord("字") <= last for first, last in found.spaced)
    assert any(first <= 0x301 <= last for first, last in found.dropped)
    assert all(unicodedata.category(chr(first))[0] in "PS" for first, _ in found.punctuation)
    assert ranges([1, 2, 3, 7]) == [(1, 3), (7, 7)]
