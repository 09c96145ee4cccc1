"""From bytes to numbered lines: UTF-8, or UTF-16 with its mark, and nothing guessed in silence."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from charset_normalizer import from_bytes

from projects.reading.errors import BadInput
from projects.reading.limits import MAX_RECORD_CHARS

CHUNK_BYTES = 1 << 20
LINE_END = re.compile(r"\r\n|\r|\n")
WHOLE_LINE_END = re.compile(r"\r\n|\r(?!\Z)|\n")  # a CR at a chunk's end may be half of CRLF
ENCODINGS = "UTF-8, or UTF-16 with a byte order mark"
NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or a spreadsheet (XLSX, ODS)",
    b"\xd0\xcf\x11\xe0": "an old Office document (XLS)",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe\x00\x00": "text in UTF-32",
    b"\x00\x00\xfe\xff": "text in UTF-32",
}


class LineTooLong(Exception):
    """A line of more than `MAX_RECORD_CHARS`; `head` is its beginning."""

    def __init__(self, line: int, head: str) -> None:
        super().__init__(line)
        self.line, self.head = line, head


def read_lines(binary: BinaryIO, *, file: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1, each with its own line end (LF, CR or CRLF).

    Memory stays below one chunk and one line, whatever the file's size.

    Raises:
        BadInput: another encoding, a NUL character, a format that is not text.
        LineTooLong: more than `MAX_RECORD_CHARS` without a line end.
    """
    number, rest = 0, ""
    for piece in _decoded(binary, file=file):
        searched = max(0, len(rest) - 1)
        text = rest + piece
        start = 0
        for match in WHOLE_LINE_END.finditer(text, searched):
            number += 1
            yield number, _checked(text[start : match.end()], number, file)
            start = match.end()
        rest = text[start:]
        if len(rest) > MAX_RECORD_CHARS:
            raise LineTooLong(number + 1, _checked(rest, number + 1, file))
    if rest:
        yield number + 1, _checked(rest, number + 1, file)


def _decoded(binary: BinaryIO, *, file: str) -> Iterator[str]:
    head = binary.read(16)
    for magic, words in NOT_TEXT.items():
        if head.startswith(magic):
            raise BadInput(file=file, found=words, allowed="CSV, TSV, JSON lines or plain lines")
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")()
    n_read, n_lines, chunk = 0, 0, head
    last = False
    while not last:
        more = binary.read(CHUNK_BYTES)
        last = not more
        n_read += len(chunk)
        try:
            text = decoder.decode(chunk, final=last)
        except UnicodeDecodeError as error:
            raise _undecodable(error, n_read=n_read, n_lines=n_lines, file=file) from error
        n_lines += len(WHOLE_LINE_END.findall(text))
        yield text
        chunk = more


def _undecodable(error: UnicodeDecodeError, *, n_read: int, n_lines: int, file: str) -> BadInput:
    before = bytes(error.object[: error.start]).decode(error.encoding, errors="ignore")
    around = bytes(error.object[max(0, error.start - 16_000) : error.start + 16_000])
    likely = from_bytes(around).best()
    looks = f"; the file looks like {likely.encoding}" if likely else ""
    byte = n_read - len(error.object) + error.start + 1
    found = f"the byte 0x{error.object[error.start]:02X}, which is not {error.encoding.upper()}"
    return BadInput(
        file=file,
        line=n_lines + len(LINE_END.findall(before)) + 1,
        byte=byte,
        found=found + looks,
        allowed=f"{ENCODINGS}: save the file again as “CSV UTF-8” or convert it",
    )


def _checked(line: str, number: int, file: str) -> str:
    if "\0" in line:
        raise BadInput(
            file=file,
            line=number,
            found=f"a NUL character after {line.index(chr(0)):,} characters",
            allowed=f"text in {ENCODINGS}; remove the NUL characters or save the file again",
        )
    return line
