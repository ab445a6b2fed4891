"""Text files in any encoding, as UTF-8 with plain line ends, streamed.

The engine reads UTF-8 only, so a file in another encoding is transcoded chunk by chunk to a scratch file first. What
cannot be decoded becomes a `Problem` that shows how each encoding that fits would read the line.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cxvalue.foundation.errors import Problem, nearest
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.tables.read.paste import read_line

UNCLOSED = translatable("a quote that is never closed")
AFTER = translatable("text after a closing quote")

_CHUNK = 1 << 20
_OF_HOST_NAMES = ("idna", "punycode")
# Single-byte encodings fit nearly any bytes, so the strict multi-byte ones are named first where they fit.
_CANDIDATES = ("gb18030", "shift_jis", "cp1251", "cp1252", "cp1250", "koi8-r", "latin-1")
_NAMES = ("utf-8", "utf-16", "utf-8-sig", *_CANDIDATES, "big5", "euc-kr", "cp866", "iso-8859-15", "ascii")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_RECORD = 1000


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that the engine can read: UTF-8, no byte order mark, lines that end in a line feed."""

    path: Path
    quoted: bool  # a double quote occurs somewhere in it

    def lines(self, numbers: set[int]) -> dict[int, str]:
        """The text of some lines, counted from 1."""
        if not numbers:
            return {}
        with self.path.open(encoding="utf-8", newline="\n") as file:
            wanted = enumerate(islice(file, max(numbers)), start=1)
            return {number: line.rstrip("\n") for number, line in wanted if number in numbers}

    def head(self) -> tuple[int, str]:
        """The first line that is not blank with its number; 0 and an empty string when there is none."""
        with self.path.open(encoding="utf-8", newline="\n") as file:
            lines = enumerate(file, start=1)
            return next(((number, line.rstrip("\n")) for number, line in lines if line.strip()), (0, ""))


def open_text(path: Path, encoding: str | None, scratch: Path, where: str, read: object) -> TextFile | Problem:
    """Check that a file is text in its encoding (UTF-8 unless declared) and make it readable for the engine.

    A UTF-8 file without a byte order mark and with plain line ends is used as it is; any other is transcoded into
    `scratch`. Byte order marks of UTF-8 and UTF-16 are recognised.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if encoding is None:
        encoding = "utf-16" if start[:2] in _UTF16_MARKS else "utf-8"
    try:
        name = codecs.lookup(encoding).name
        # Raises for a codec that is none of text, such as base64.
        "".encode(encoding)
        if name in _OF_HOST_NAMES:
            raise LookupError
    except (LookupError, ValueError):
        found = translate("{encoding!r} is not a known encoding.", encoding=encoding)
        return Problem(f"{where}: read.encoding", found, nearest(encoding, _NAMES))
    if name == "utf-8":
        name = "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"
    target = scratch / f"{len(list(scratch.iterdir()))}.txt"
    try:
        quoted, plain = _transcode(path, name, target, rewrite=name != "utf-8")
        if name == "utf-8" and not plain:
            _transcode(path, name, target, rewrite=True)
    except _HoldsNul:
        line = _line_with_nul(path, name)
        found = translate("line {line:,} contains NUL characters, which text never has.", line=line)
        remedy = translate(
            "It is not text, was cut off while it was written, or is UTF-16: then write {line}.",
            line="read: {encoding: utf-16-le}",
        )
        return Problem(where, found, remedy)
    except UnicodeError:
        return _undecodable(path, name, where, read)
    return TextFile(path if name == "utf-8" and plain else target, quoted)


def _transcode(path: Path, encoding: str, target: Path, *, rewrite: bool) -> tuple[bool, bool]:
    """Decode a file to its end, writing it as UTF-8 when asked; say whether it holds quotes and only plain ends."""
    quoted, plain = False, True
    if not rewrite:
        for text in _without_nul(path, encoding):
            quoted = quoted or '"' in text
            plain = plain and "\r" not in text
        return quoted, plain
    with target.open("w", encoding="utf-8", newline="") as out:
        held = ""  # a carriage return at the end of a chunk may be half of a line end
        for text in _without_nul(path, encoding):
            text = held + text
            held = "\r" if text.endswith("\r") else ""
            text = text.removesuffix("\r") if held else text
            quoted = quoted or '"' in text
            out.write(text.replace("\r\n", "\n").replace("\r", "\n"))
        out.write("\n" if held else "")
    return quoted, plain


class _HoldsNul(Exception):
    """Text with a NUL in it."""


def _without_nul(path: Path, encoding: str) -> Iterator[str]:
    for text in _decoded(path, encoding):
        if "\x00" in text:
            raise _HoldsNul
        yield text


def _line_with_nul(path: Path, encoding: str) -> int:
    number = 1
    for text in _decoded(path, encoding):
        before, nul, _ = text.partition("\x00")
        number += before.count("\n")
        if nul:
            break
    return number


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _undecodable(path: Path, encoding: str, where: str, read: object) -> Problem:
    """Name the first line that is not in the encoding, and how each encoding that fits the file would read it."""
    number, line = _first_bad_line(path, encoding)
    shown = "utf-8" if encoding == "utf-8-sig" else encoding
    fitting = [name for name in _CANDIDATES if name != encoding and _fits(path, name)]
    if len(fitting) > 1:
        fitting = [name for name in fitting if name != "latin-1"]  # fits anything, so it says nothing
    found = translate("line {line:,} is not {encoding} text.", line=number, encoding=shown)
    if not fitting:
        remedy = translate("No common encoding fits; ask whoever exported it, then declare read.encoding.")
        return Problem(where, found, remedy)
    examples = tuple(
        translate(
            "{line}  would read it as: {text}",
            line=read_line(read, encoding=name),
            text=line.decode(name, "replace").strip()[:80],
        )
        for name in fitting
    )
    remedy = translate("Paste the line under which it reads correctly into the study file:")
    return Problem(where, found, remedy, examples=examples)


def _first_bad_line(path: Path, encoding: str) -> tuple[int, bytes]:
    if encoding.startswith("utf-16"):
        return 1, b""
    with path.open("rb") as file:
        number = 1
        while line := file.readline(_CHUNK):  # a line may be as long as the file
            try:
                line.decode(encoding)
            except UnicodeError:
                return number, line
            number += line.endswith(b"\n")
    return 1, b""


def _fits(path: Path, encoding: str) -> bool:
    try:
        return all("\x00" not in text for text in _decoded(path, encoding))
    except UnicodeError:
        return False


def number_records(text: TextFile, delimiter: str, columns: int, target: Path) -> list[tuple[int, str]]:
    """Write a file with quotes to `target`, each record led by the number of its first line.

    So the engine needs no order to say where a row stands. A record runs on over line ends inside quotes. Blank lines
    are left out, and so are records that do not split into that many columns; these come back with their fault.
    """
    edge = re.escape(delimiter)
    closed = re.compile(rf'(?:^|(?<={edge}))"[^"]*(?:""[^"]*)*"(?={edge}|\Z)')
    opened = re.compile(rf'(?:^|(?<={edge}))"')
    inner = re.compile(rf'(?:^|(?<={edge}))"[^"]*(?:""[^"]*)*"[^"]')
    malformed: list[tuple[int, str]] = []

    def fault(record: str) -> str:
        bare = closed.sub("", record) if '"' in record else record
        if opened.search(bare):
            return AFTER if inner.search(bare) else UNCLOSED
        fields = bare.count(delimiter) + 1
        return "" if fields == columns else width_fault(fields, columns)

    with text.path.open(encoding="utf-8", newline="\n") as file, target.open("w", encoding="utf-8", newline="") as out:
        waiting: deque[str] = deque()  # lines read ahead of a quote that was never closed
        number = 0
        while line := waiting.popleft() if waiting else file.readline():
            number += 1
            record, wrong = line.rstrip("\n"), fault(line.rstrip("\n"))
            ahead: list[str] = []
            while wrong == UNCLOSED and len(ahead) < _LONGEST_RECORD:
                following = waiting.popleft() if waiting else file.readline()
                if not following:
                    break
                ahead.append(following)
                record += "\n" + following.rstrip("\n")
                # Only a line with a quote can close one.
                wrong = fault(record) if '"' in following else wrong
            if wrong in (UNCLOSED, AFTER) and ahead:
                wrong = UNCLOSED  # the quote was a stray one: what follows stands for itself
                waiting.extendleft(reversed(ahead))
                ahead = []
            if wrong and record.strip():
                malformed.append((number, translate(wrong) if wrong in (UNCLOSED, AFTER) else wrong))
            elif record.strip():
                out.write(f"{number}{delimiter}{record}\n")
            number += len(ahead)
    return malformed


def width_fault(fields: int, columns: int) -> str:
    """What is wrong with a line of so many fields.

    >>> width_fault(1, 3)
    '1 field where there are 3 columns'
    """
    return translate_count(
        "{count} field where there are {columns} columns",
        "{count} fields where there are {columns} columns",
        fields,
        columns=columns,
    )
