"""Whatever the bytes are: rows or a refusal, never another error."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from projects.reading import BadInput, ColumnChoice, Layout, Limits
from projects.reading.guessing import guess_roles
from projects.reading.records import read_records
from projects.reading.scanning import scan_records
from projects.reading.sniffing import sniff
from projects.reading.texts import read_texts

LAYOUTS = st.builds(
    Layout,
    kind=st.sampled_from(["csv", "tsv", "jsonl", "lines"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
    header=st.booleans(),
)
PIECES = st.lists(
    st.sampled_from(
        [
            *'",;\t\n\r\0{}[]:- ',
            "\r\n",
            "\ufeff",
            '"a"',
            "null",
            "true",
            "1e999",
            "\\ud800",
            "\\u0000",
            "text",
            "label",
            "é",
            "\u2028",
            "\x1f",
        ]
    ),
    max_size=60,
).map("".join)
LIMITS = Limits(max_rows=5)


def read_all(raw: bytes, layout: Layout | None) -> None:
    """Everything that an upload goes through, up to texts."""
    file = io.BytesIO(raw)
    try:
        layout = layout or sniff(file, file="f")
        file.seek(0)
        records = list(read_records(file, file="f", layout=layout, limits=LIMITS))
        scan = scan_records(records, max_rows=100)
        roles = guess_roles(scan)
        choice = ColumnChoice(
            text=next(name for name, role in roles.items() if role == "text"),
            label=next((name for name, role in roles.items() if role == "label"), None),
            layout=layout,
        )
        for row in read_texts(records, choice=choice, file="f"):
            row.text.encode()
    except BadInput as error:
        refusal = str(error)
    else:
        return
    assert refusal.encode().startswith(b"f")


@settings(max_examples=150, deadline=None)
@given(PIECES, st.none() | LAYOUTS)
def test_any_text_is_rows_or_a_refusal(text: str, layout: Layout | None) -> None:
    read_all(text.encode(), layout)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.none() | LAYOUTS)
def test_any_bytes_are_rows_or_a_refusal(raw: bytes, layout: Layout | None) -> None:
    read_all(raw, layout)


@settings(max_examples=100, deadline=None)
@given(PIECES)
def test_any_text_in_utf_16_is_rows_or_a_refusal(text: str) -> None:
    read_all(text.encode("utf-16"), None)
