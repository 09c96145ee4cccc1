"""Guesses: kind, delimiter, header, and what each column is."""

import io

import pytest

from projects.reading.guessing import guess_roles
from projects.reading.scanning import scan_records
from projects.reading.sniffing import sniff
from tests.reading.reading import rows_of


def roles(content: str) -> dict[str, str]:
    return guess_roles(scan_records(rows_of(content), max_rows=1000))


def kind(content: str, name: str = "pasted lines") -> str:
    return sniff(io.BytesIO(content.encode()), file=name).kind


def test_names_tell_the_columns() -> None:
    content = (
        "id,Review,Label,split,stars\n1,good film here,pos,train,5\n2,bad film here,neg,test,1\n"
    )
    assert roles(content) == {
        "id": "id",
        "Review": "text",
        "Label": "label",
        "split": "split",
        "stars": "metadata",
    }


def test_without_known_names_the_longest_column_is_the_text() -> None:
    rows = "".join(f"{'xy'[i % 2]},some words of a sentence number {i}\n" for i in range(20))
    assert roles("kind,stuff\n" + rows) == {"kind": "label", "stuff": "text"}


def test_a_split_is_known_by_its_words() -> None:
    assert roles("where,text\ntrain,a b c\ntest,d e f\n")["where"] == "split"


def test_a_label_column_of_many_values_is_not_guessed() -> None:
    content = "text,label\n" + "".join(f"words {i},value {i}\n" for i in range(600))
    assert roles(content)["label"] == "leave_out"


@pytest.mark.parametrize(
    "name", ["label_text", "label_id", "Labels", "subclass", "main category", "sentiment", "Target"]
)
def test_a_further_column_named_like_a_label_is_left_out(name: str) -> None:
    content = f"text,label,{name},page\n" + "".join(f"words {i},x,y,{i}\n" for i in range(9))
    assert roles(content) == {
        "text": "text",
        "label": "label",
        name: "leave_out",
        "page": "metadata",
    }


def test_a_column_that_repeats_the_label_in_other_words_is_left_out() -> None:
    rows = "".join(f"words {i},{'ab'[i % 3 > 0]},{'ny'[i % 3 > 0]},{i % 2}\n" for i in range(12))
    found = roles("text,label,verdict,page\n" + rows)
    assert (found["verdict"], found["page"]) == ("leave_out", "metadata")


def test_a_column_with_as_many_values_in_other_rows_is_metadata() -> None:
    rows = "".join(f"words {i},{'ab'[i % 2]},{'ny'[i // 6]}\n" for i in range(12))
    assert roles("text,label,shift\n" + rows)["shift"] == "metadata"


def test_numbers_are_not_guessed_to_be_labels() -> None:
    content = "text,stars\n" + "".join(f"words number {i},{i % 5}\n" for i in range(40))
    assert roles(content)["stars"] == "metadata"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("one text\nanother text\n", "lines"),
        ("one, with commas\nanother, also\n", "lines"),
        ('{"text": "a"}\n', "jsonl"),
        ("text\tlabel\na\tb\n", "tsv"),
        ("text,label\na,b\n", "csv"),
    ],
)
def test_the_kind_is_seen_from_the_beginning(content: str, expected: str) -> None:
    assert kind(content) == expected


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("text,label\na,b\n", True),
        ("words,stars\nlong sentence with many words in it,4\nanother one of the kind,5\n", True),
        ("1,first sentence\n2,second sentence\n", False),
        ("a sentence that is far too long to be the name of a column,x\nshort,y\n", False),
    ],
)
def test_a_header_is_seen_or_not(content: str, header: bool) -> None:
    assert sniff(io.BytesIO(content.encode()), file="f.csv").header is header


def test_a_scan_stops_where_it_was_told_and_says_so() -> None:
    scan = scan_records(rows_of("text\n" + "a\n" * 50), max_rows=10)
    assert (scan.n_rows, scan.complete) == (10, False)


def test_spellings_of_a_label_are_counted_as_one() -> None:
    scan = scan_records(rows_of("text,label\na,Spam\nb,spam \nc,ham\n"), max_rows=10)
    assert scan.columns["label"].values == {"spam": ["Spam", 2], "ham": ["ham", 1]}
