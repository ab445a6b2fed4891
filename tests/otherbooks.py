"""Small workbooks in the formats beside xlsx (ods, xls, xlsb), written byte by byte: texts, numbers and days."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

__all__ = ["write_ods", "write_xls", "write_xlsb"]

_FIRST = date(1899, 12, 30)
_SECTOR = 512
_END, _FREE, _IS_FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_DAY_FORMAT = 14  # the number of the format of days that is built in

Rows = Sequence[Sequence[Any]]


def write_ods(path: Path, sheets: dict[str, Rows]) -> Path:
    """A workbook of LibreOffice."""
    names = ("office", "table", "text")
    space = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    tables = "".join(
        f'<table:table table:name="{escape(title)}">'
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for title, rows in sheets.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {space}><office:body><office:spreadsheet>'
            f"{tables}</office:spreadsheet></office:body></office:document-content>",
        )
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


def _ods_cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    kind = 'string"'
    if isinstance(value, date):
        kind = f'date" office:date-value="{value}"'
    elif isinstance(value, int | float):
        kind = f'float" office:value="{value}"'
    return f'<table:table-cell office:value-type="{kind}><text:p>{escape(str(value))}</text:p></table:table-cell>'


def write_xlsb(path: Path, title: str, rows: Rows) -> Path:
    """A binary workbook of one sheet."""
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    book = _binary(0x83) + _binary(0x99, struct.pack("<II", 0, 0) + _wide("")) + _binary(0x8F)
    book += _binary(0x9C, struct.pack("<II", 0, 1) + _wide("r1") + _wide(title)) + _binary(0x90) + _binary(0x84)
    sheet = _binary(0x81) + _binary(0x94, struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + _binary(0x91)
    for number, row in enumerate(rows):
        sheet += _binary(0x00, struct.pack("<IIHHB", number, 0, 300, 0, 0) + struct.pack("<I", 0))
        for column, value in enumerate(row):
            style = struct.pack("<II", column, 1 if isinstance(value, date) else 0)
            if value is not None:
                number_of = (value - _FIRST).days if isinstance(value, date) else value
                text = isinstance(value, str)
                sheet += (
                    _binary(0x06, style + _wide(value)) if text else _binary(0x05, style + struct.pack("<d", number_of))
                )
    sheet += _binary(0x92) + _binary(0x82)
    formats = [struct.pack("<HHHHHHHH", 0, format_number, 0, 0, 0, 0, 0, 0) for format_number in (0, _DAY_FORMAT)]
    styles = _binary(0x116) + _binary(0x269, struct.pack("<I", 2)) + b"".join(_binary(0x2F, one) for one in formats)
    styles += _binary(0x26A) + _binary(0x117)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/styles.bin", styles)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{package}">'
            f'<Relationship Id="r1" Type="{links}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
    return path


def _binary(kind: int, data: bytes = b"") -> bytes:
    """One record: its kind and its length in seven bits a byte, then what it holds."""
    number = struct.pack("<B", kind) if kind < 0x80 else struct.pack("<BB", kind & 0x7F | 0x80, kind >> 7)
    size, left = b"", len(data)
    while True:
        size += struct.pack("<B", (left & 0x7F) | (0x80 if left > 0x7F else 0))
        left >>= 7
        if not left:
            return number + size + data


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def write_xls(path: Path, title: str, rows: Rows) -> Path:
    """A workbook of Excel 97 of one sheet: BIFF8 records in a compound file."""
    fonts = _record(0x31, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + bytes([5, 0]) + b"Arial") * 4
    formats = b"".join(
        _record(0xE0, struct.pack("<HHHBBBBIIH", 0, number, 0, 0, 0, 0, 0, 0, 0, 0)) for number in (0, _DAY_FORMAT)
    )
    head = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 1997, 0, 0)) + _record(0x42, struct.pack("<H", 1200))
    head += _record(0x22, struct.pack("<H", 0)) + fonts + formats
    name = struct.pack("<BB", len(title), 0) + title.encode("ascii")
    start = len(head) + 4 + 6 + len(name) + 4
    cells = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 1997, 0, 0))
    cells += _record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            place = struct.pack("<HHH", number, column, 1 if isinstance(value, date) else 0)
            if isinstance(value, str):
                cells += _record(0x204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
            elif value is not None:
                amount = (value - _FIRST).days if isinstance(value, date) else value
                cells += _record(0x203, place + struct.pack("<d", amount))
    stream = head + _record(0x85, struct.pack("<IH", start, 0) + name) + _record(0x0A) + cells + _record(0x0A)
    path.write_bytes(_compound("Workbook", stream))
    return path


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _compound(name: str, stream: bytes) -> bytes:
    """A compound file with one stream: a header, a table of sectors, a folder, and the stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // _SECTOR) * _SECTOR), b"\0")  # no mini stream
    sectors = len(stream) // _SECTOR
    chain = [_IS_FAT, _END, *range(3, 2 + sectors), _END]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(_SECTOR, b"\xff")
    assert len(table) == _SECTOR, "too large for one table of sectors"
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0) + struct.pack("<I", 0)
    folder = _entry("Root Entry", 5, _FREE, 1, _END, 0) + _entry(name, 2, _FREE, _FREE, 2, len(stream))
    return head.ljust(_SECTOR, b"\xff") + table + folder.ljust(_SECTOR, b"\0") + stream


def _entry(name: str, kind: int, beside: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    about = struct.pack("<HBBIII", len(text), kind, 1, beside, _FREE, child)
    return text.ljust(64, b"\0") + about + bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)
