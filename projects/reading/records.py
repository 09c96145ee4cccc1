"""One way into every format: a layout says how bytes are cut into rows."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from projects.reading.decoding import read_lines
from projects.reading.delimited import DELIMITERS, read_delimited
from projects.reading.errors import BadInput
from projects.reading.json_lines import read_json_lines
from projects.reading.limits import Limits
from projects.reading.plain_lines import read_plain_lines

KINDS = {
    "csv": "CSV",
    "tsv": "TSV",
    "jsonl": "JSON lines",
    "lines": "one text a line",
}
Record = tuple[int, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file is cut: `kind` of `KINDS`; `delimiter` and `header` matter to CSV and TSV alone.

    Raises:
        ValueError: a kind or delimiter that does not exist.
    """

    kind: str
    delimiter: str = ","
    header: bool = True

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r}; allowed: {', '.join(KINDS)}")
        if self.delimiter not in DELIMITERS:
            raise ValueError(f"delimiter {self.delimiter!r}; allowed: comma, semicolon, tab")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_records(
    binary: BinaryIO, *, file: str, layout: Layout, limits: Limits
) -> Iterator[Record]:
    """Rows as (line where the row starts, text by column), streamed.

    Raises:
        BadInput: as each format does; no rows at all; more rows than `limits.max_rows`.
    """
    n_rows = 0
    for n_rows, record in enumerate(_reader(binary, file=file, layout=layout), start=1):
        if n_rows > limits.max_rows:
            raise BadInput(
                file=file,
                line=record[0],
                found=f"more than {limits.max_rows:,} rows",
                allowed=f"{limits.max_rows:,} rows in one import; cut the file into several",
            )
        yield record
    if not n_rows:
        raise _no_rows(binary, file=file, layout=layout)


def _reader(binary: BinaryIO, *, file: str, layout: Layout) -> Iterator[Record]:
    lines = read_lines(binary, file=file)
    if layout.kind == "jsonl":
        return read_json_lines(lines, file=file)
    if layout.kind == "lines":
        return read_plain_lines(lines, file=file)
    return read_delimited(lines, file=file, delimiter=layout.delimiter, header=layout.header)


def _no_rows(binary: BinaryIO, *, file: str, layout: Layout) -> BadInput:
    binary.seek(0)
    blank = not any(text.strip("\ufeff \t\r\n") for _, text in read_lines(binary, file=file))
    if blank:
        return BadInput(file=file, line=1, found="an empty file", allowed="at least one row")
    return BadInput(
        file=file,
        line=1,
        found="a line of column names and no rows"
        if layout.kind in {"csv", "tsv"}
        else "blank lines alone",
        allowed="at least one row with a text",
    )
