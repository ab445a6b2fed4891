"""Sheets of a workbook (xlsx, xlsb, xls, ods): which there are, and their cells as they were typed.

The reader gives an error such as #N/A, and a formula whose result was never stored, as an empty cell, and rows that are
hidden as it gives all others. In xlsx these are therefore looked for in the file itself, so that no amount is lost, and none
that a filter was to leave out comes back, without a word.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary
from xml.etree import ElementTree

from cxvalue.foundation.errors import BadInput, nearest
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.tables.read.cells import repeated_names, unique_names

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

OLE = b"\xd0\xcf\x11\xe0"
_CHUNK = 1 << 20
_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_HIDDEN = re.compile(rb'<row\b(?=[^>]*?\bhidden="(?:1|true)")[^>]*?\br="(\d+)"[^>]*(?<!/)>.*<(?:v|is)\b', re.DOTALL)
_ROW_ENDS = b"</row>"
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d+)"')
_MOST_HEADER_ROWS = 30


@dataclass(frozen=True, slots=True)
class Faults:
    """Cells of a sheet that look empty and are not: by column (counted from 0), how many and the first."""

    errors: dict[int, tuple[int, str]]
    formulas: dict[int, tuple[int, str]]

    def said(self, column: int, name: str) -> tuple[str, str] | None:
        """What is wrong in a column, which has this name, and what to do; None where nothing is."""
        if column in self.errors:
            rows, first = self.errors[column]
            found = translate_count(
                "column {column!r} has {count:,} cell with an error such as #N/A (the first is {first}).",
                "column {column!r} has {count:,} cells with an error such as #N/A (the first is {first}).",
                rows,
                column=name,
                first=first,
            )
            return found, translate(
                "Correct the formula behind them, or empty these cells, and save the workbook again."
            )
        if column in self.formulas:
            rows, first = self.formulas[column]
            found = translate_count(
                "column {column!r} has {count:,} formula without a stored result (the first is {first}).",
                "column {column!r} has {count:,} formulas without a stored result (the first is {first}).",
                rows,
                column=name,
                first=first,
            )
            return found, translate(
                "Open the workbook in a spreadsheet program and save it again; it then contains the results."
            )
        return None


@dataclass(frozen=True)
class Sheet:
    """One sheet: `header` is the row with the names of its columns (counted from 1), `names` those columns."""

    title: str
    header: int
    names: tuple[str, ...]
    sheet: CalamineSheet
    faults: Faults
    repeated: frozenset[str]
    hidden: int = 0  # rows below the header that a filter or somebody hid, of an xlsx file

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the rows that are read."""
        if not self.hidden:
            return ()
        told = translate_count(
            "Sheet {sheet!r} has {count:,} hidden row, which is read like all others. If a filter was to leave it out, "
            "copy what is shown into a new sheet.",
            "Sheet {sheet!r} has {count:,} hidden rows, which are read like all others. If a filter was to leave them out, "
            "copy what is shown into a new sheet.",
            self.hidden,
            sheet=self.title,
        )
        return (told,)

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Each row below the header with its number; a value of merged cells stands in all of them."""
        merged = [
            (top + 1, bottom + 1, left, right)
            for (top, left), (bottom, right) in self.sheet.merged_cell_ranges or []
            if top + 1 > self.header
        ]
        held: dict[int, Any] = {}
        until = {row for top, bottom, *_ in merged for row in range(top, bottom + 1)}
        for number, row in numbered(self.sheet):
            if number <= self.header:
                continue
            if number in until:
                row = list(row)
                for place, (top, bottom, left, right) in enumerate(merged):
                    if number == top:
                        held[place] = row[left]
                    if top <= number <= bottom:
                        row[left : right + 1] = [held[place]] * (right + 1 - left)
            yield number, row


@dataclass(frozen=True)
class Workbook:
    """A workbook that could be opened: the names of its sheets that are shown, and of those that are hidden."""

    path: Path
    book: CalamineWorkbook
    shown: tuple[str, ...]
    hidden: tuple[str, ...]

    @cached_property
    def _loaded(self) -> dict[str, CalamineSheet]:
        return {}

    def load(self, title: str) -> CalamineSheet:
        """The cells of a sheet, read once."""
        if title not in self._loaded:
            self._loaded[title] = self.book.get_sheet_by_name(title)
        return self._loaded[title]

    @cached_property
    def visible(self) -> tuple[str, ...]:
        """The sheets that are shown and have cells."""
        return self.shown if len(self.shown) == 1 else tuple(name for name in self.shown if self.load(name).height)

    def sheet(self, title: str | None, header: int | None, where: str) -> Sheet:
        """The sheet of that name, or the only visible one with cells; its first row with cells is the header.

        Raises `BadInput` with the sheets there are.
        """
        names = [*self.shown, *self.hidden]
        listed = enumerated(repr(name) for name in self.visible) or translate("none")
        if title is not None and title not in names:
            sheets = translate("Sheets: {names}.", names=listed)
            found = translate("has no sheet {sheet!r}.", sheet=title)
            raise BadInput.at(where, found, f"{nearest(title, names)} {sheets}")
        if title is None and len(self.visible) != 1:
            found = translate_count(
                "has {count:,} sheet with cells.", "has {count:,} sheets with cells.", len(self.visible)
            )
            raise BadInput.at(where, found, translate("Write 'sheet:' with one of them: {names}.", names=listed))
        chosen = title or self.visible[0]
        sheet = self.load(chosen)
        first: tuple[int, Sequence[Any]] | None = None
        for number, row in numbered(sheet):
            if number == header if header else any(cell != "" for cell in row):
                first = (number, row)
                break
        if first is None:
            found = (
                translate("its sheet {sheet!r} has no row {row}.", sheet=chosen, row=header)
                if header
                else translate("its sheet {sheet!r} is empty.", sheet=chosen)
            )
            raise BadInput.at(where, found, translate("It needs a row with the names of columns, and rows below."))
        cells = list(first[1])
        while cells and cells[-1] == "" and not _filled_below(sheet, first[0], len(cells) - 1):
            cells.pop()
        faults, hidden = _faults(self.path, chosen, first[0]), _hidden(self.path, chosen, first[0])
        return Sheet(chosen, first[0], unique_names(cells), sheet, faults, repeated_names(cells), hidden)

    def first_rows(self, title: str, rows: int = _MOST_HEADER_ROWS) -> list[tuple[int, Sequence[Any]]]:
        """The first rows of a sheet with their numbers."""
        found = []
        for number, row in numbered(self.load(title)):
            if number > rows:
                break
            found.append((number, row))
        return found


def is_workbook(path: Path, start: bytes) -> bool:
    """Whether a file is a workbook, by its content."""
    if start.startswith(OLE):
        return True
    if not start.startswith(b"PK"):
        return False
    with suppress(zipfile.BadZipFile, OSError), zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
            return True
        return "mimetype" in names and b"opendocument.spreadsheet" in archive.read("mimetype")
    return False


_OPEN: WeakValueDictionary[tuple[str, int, int], Workbook] = WeakValueDictionary()


def open_workbook(path: Path, where: str) -> Workbook:
    """Open a workbook, or give the same one while somebody holds it open; raises `BadInput` when it is locked or none."""
    import python_calamine as calamine

    about_file = path.stat()
    key = str(path), about_file.st_mtime_ns, about_file.st_size
    if (known := _OPEN.get(key)) is not None:
        return known
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        about = [(one.name, str(one.visible), str(one.typ)) for one in book.sheets_metadata]
        cells = [name for name, _, kind in about if "WorkSheet" in kind]
        seen = [name for name, visible, _ in about if visible.endswith(".Visible") and name in cells]
    except calamine.PasswordError:
        found, remedy = translate("is locked with a password."), translate("Save a copy without one, and name that.")
        raise BadInput.at(where, found, remedy) from None
    except (calamine.CalamineError, OSError) as error:
        found = translate("cannot be read as a workbook: {error}.", error=error)
        raise BadInput.at(where, found, translate("Save it again as xlsx.")) from None
    opened = Workbook(path, book, tuple(seen), tuple(name for name in cells if name not in seen))
    _OPEN[key] = opened
    return opened


def numbered(sheet: CalamineSheet) -> Iterator[tuple[int, Sequence[Any]]]:
    """Every row from the top of the sheet, with the number that a spreadsheet program shows."""
    yield from enumerate(sheet.iter_rows(), start=1)


def _filled_below(sheet: CalamineSheet, header: int, column: int) -> bool:
    for number, row in numbered(sheet):
        if number > header + 200:
            return False
        if number > header and column < len(row) and row[column] != "":
            return True
    return False


def _faults(path: Path, title: str, header: int) -> Faults:
    """Errors and formulas without results below the header of a sheet of an xlsx file."""
    errors: dict[int, tuple[int, str]] = {}
    formulas: dict[int, tuple[int, str]] = {}
    with suppress(zipfile.BadZipFile, KeyError, ElementTree.ParseError), zipfile.ZipFile(path) as archive:
        part = _part_of(archive, title)
        if part is None or not _any_suspect(archive, part):
            return Faults(errors, formulas)
        for attributes, inner in _cells(archive, part):
            place = _PLACE.search(attributes)
            if place is None or int(place[2]) <= header:
                continue
            column, name = _column(place[1]), (place[1] + place[2]).decode()
            kind = errors if b't="e"' in attributes else formulas
            if kind is errors or (b"<f" in inner and not re.search(rb"<v>[^<]|<is>", inner)):
                rows, first = kind.get(column, (0, name))
                kind[column] = (rows + 1, first)
    return Faults(errors, formulas)


def _hidden(path: Path, title: str, header: int) -> int:
    """How many rows below the header of a sheet of an xlsx file are hidden, empty ones aside."""
    count, held = 0, b""
    with suppress(zipfile.BadZipFile, KeyError, ElementTree.ParseError), zipfile.ZipFile(path) as archive:
        part = _part_of(archive, title)
        if part is None:
            return 0
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                *whole, held = (held + chunk).split(_ROW_ENDS)
                for text in whole:
                    row = _HIDDEN.match(text, max(text.rfind(b"<row"), 0))
                    count += row is not None and int(row[1]) > header
    return count


def _part_of(archive: zipfile.ZipFile, title: str) -> str | None:
    """The part of an xlsx file that holds a sheet."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {one.get("Id"): str(one.get("Target")) for one in links}
    for one in book.iter():
        if one.tag.endswith("}sheet") and one.get("name") == title:
            link = next((value for key, value in one.attrib.items() if key.endswith("}id")), None)
            target = targets.get(link, "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _any_suspect(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether there is any formula or error at all: most sheets of exports have none."""
    held = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            text = held + chunk
            if b"<f" in text or b't="e"' in text:
                return True
            held = chunk[-8:]
    return False


def _cells(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[bytes, bytes]]:
    held = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            text = held + chunk
            end = 0
            for cell in _CELL.finditer(text):
                yield cell[1], cell[2] or b""
                end = cell.end()
            held = text[end:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
