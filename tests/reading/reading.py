"""Bytes in, rows or a refusal out."""

import io

import pytest

from projects.reading import BadInput, Layout, Limits
from projects.reading.records import Record, read_records
from projects.reading.sniffing import sniff


def rows_of(
    content: bytes | str, layout: Layout | None = None, name: str = "f.csv"
) -> list[Record]:
    raw = content.encode() if isinstance(content, str) else content
    file = io.BytesIO(raw)
    layout = layout or sniff(file, file=name)
    return list(read_records(file, file=name, layout=layout, limits=Limits(max_rows=1000)))


def refused(content: bytes | str, layout: Layout | None = None, name: str = "f.csv") -> BadInput:
    with pytest.raises(BadInput) as caught:
        rows_of(content, layout, name)
    return caught.value
