"""Small workbooks for tests, written part by part: what a cell holds is what a spreadsheet program would store."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_LINKS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_FIRST = datetime(1899, 12, 30)
ERROR, FORMULA = "#N/A!", "=no result"


def write_workbook(
    path: Path,
    sheets: Mapping[str, Sequence[Sequence[Any]]],
    hidden: Sequence[str] = (),
    merged: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Write sheets of rows; None is an empty cell, `ERROR` and `FORMULA` are what they say."""
    listed, links, types = "", "", ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (title, rows) in enumerate(sheets.items(), start=1):
            state = ' state="hidden"' if title in hidden else ""
            listed += f'<sheet name="{escape(title)}" sheetId="{number}"{state} r:id="r{number}"/>'
            links += f'<Relationship Id="r{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            types += (
                f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="application/'
                'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            )
            ranges = "".join(f'<mergeCell ref="{one}"/>' for one in (merged or {}).get(title, ()))
            ranges = f"<mergeCells>{ranges}</mergeCells>" if ranges else ""
            cells = "".join(_row(place, row) for place, row in enumerate(rows, start=1))
            text = f"{_HEAD}<worksheet {_MAIN}><sheetData>{cells}</sheetData>{ranges}</worksheet>"
            archive.writestr(f"xl/worksheets/sheet{number}.xml", text)
        archive.writestr("xl/workbook.xml", f"{_HEAD}<workbook {_MAIN} {_LINKS}><sheets>{listed}</sheets></workbook>")
        links += f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        )
        archive.writestr(
            "xl/styles.xml",
            f'{_HEAD}<styleSheet {_MAIN}><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1">'
            '<border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/>'
            '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
        )
        archive.writestr(
            "_rels/.rels",
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="a" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "[Content_Types].xml",
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/'
            'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/'
            f'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{types}</Types>',
        )
    return path


def _row(place: int, row: Sequence[Any]) -> str:
    cells = "".join(_cell(f"{chr(65 + column)}{place}", value) for column, value in enumerate(row) if value is not None)
    return f'<row r="{place}">{cells}</row>' if cells else ""


def _cell(place: str, value: Any) -> str:
    if value == ERROR:
        return f'<c r="{place}" t="e"><v>#N/A</v></c>'
    if value == FORMULA:
        return f'<c r="{place}"><f>A1+1</f></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime):
        return f'<c r="{place}" s="2"><v>{(value - _FIRST).total_seconds() / 86400!r}</v></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="1"><v>{(value - _FIRST.date()).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
