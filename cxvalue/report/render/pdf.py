"""The report on paper: two sheets for whoever decides, and behind them the rest for whoever checks.

Tagged and described for those who cannot see (PDF/UA-1), with the same bytes each time: the moment of the run is not in it,
and its letters are those that matplotlib brings and, for Chinese, those of the package.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from cxvalue.findings.numbers import format_date, format_level, format_value
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.letters import FONTS, families_of
from cxvalue.language.words import named
from cxvalue.report.finish import unbroken
from cxvalue.report.pictures import below_its_title

if TYPE_CHECKING:
    from cxvalue.report.case_tables import AssumptionRow
    from cxvalue.report.page_model import FindingLine, PageFigure
    from cxvalue.report.paper_model import ReportModel

TEMPLATE = Path(__file__).parents[1] / "templates" / "report.typ"
STANDARD = "ua-1"
MOST_FIGURES = 14
WIDE_MM, TALLEST_MM = 148, 210
"""How wide a figure is: three of the usual shape stand on a sheet, and their letters can be read."""
USUAL_SHAPE = 0.5
LETTERS_OF_MINUTE, LETTERS_OF_WITHHELD = 2400, 900
"""What the second sheet holds beside the assumptions."""
NOT_ASKED = ("timing", "correlation")
"""Assumptions that nobody decides on; they stand in the workbook."""


def render_pdf(model: ReportModel, path: Path) -> None:
    """Write a report as PDF; the same model gives the same bytes.

    Raises:
        CxvalueError: it cannot be laid out, with the reason.
    """
    import typst

    data = json.dumps(_unbroken(_content(model)), ensure_ascii=False)
    source, fonts = TEMPLATE.read_bytes(), [str(_fonts()), str(FONTS)]

    def compiled(**options: Any) -> bytes:
        return typst.compile(source, format="pdf", font_paths=fonts, sys_inputs={"data": data}, **options)

    # A title in a script that these letters lack (Arabic) takes those of the machine, and where it has none, goes without.
    for options in (
        {"ignore_system_fonts": True, "pdf_standards": STANDARD},
        {"ignore_system_fonts": False, "pdf_standards": STANDARD},
    ):
        with suppress(typst.TypstError):
            path.write_bytes(compiled(**options))
            return
    try:
        path.write_bytes(compiled(ignore_system_fonts=True))
    except typst.TypstError as error:
        raise CxvalueError(str(error).splitlines()[0]) from error


def _unbroken(content: Any) -> Any:
    """The same content with amounts that no line breaks; pictures stay as they are."""
    if isinstance(content, dict):
        return {key: one if key == "data" else _unbroken(one) for key, one in content.items()}
    if isinstance(content, list):
        return [_unbroken(one) for one in content]
    return unbroken(content) if isinstance(content, str) else content


def _fonts() -> Path:
    """The folder of the letters that matplotlib brings; it is not imported for them."""
    spec = find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        raise CxvalueError("matplotlib is not installed, so the fonts of the PDF are missing.")
    return Path(next(iter(spec.submodule_search_locations))) / "mpl-data" / "fonts" / "ttf"


def _content(model: ReportModel) -> dict[str, Any]:
    """All that the layout takes, as plain values."""
    page, words = model.page, model.words
    leads = [
        {"said": list(one.said("")), "tone": one.tone, "points": [list(point) for point in one.points]}
        for one in page.answers
    ]
    return {
        "title": page.title,
        "language": page.language,
        "colon": words["colon"],
        "fonts": list(families_of(page.language)),
        "date": [model.as_of.year, model.as_of.month, model.as_of.day],
        "facts": " · ".join(f"{label} {value}" for label, value in page.facts),
        "footer": f"{page.title} · {words['as_of'].lower()} {format_date(model.as_of, words)}",
        "page-of": words["pdf_page"],
        "banners": [
            *page.banners,
            *(f"{words['caution']} {one}" for one in (*page.cautions, *page.small_cautions)[:1]),
        ],
        "leads": leads,
        "cards": [_card(line) for line in page.needed],
        "picture": _figure(page.picture) if page.picture else None,
        "picture-height": 82 if len(leads) < 2 else 62,
        "parts": _parts(model),
        "rest": words["pdf_rest"],
        "figures": [_figure(one) for one in page.figures[:MOST_FIGURES]],
        "appendix": _appendix(model),
    }


def _card(line: FindingLine) -> dict[str, Any]:
    beside = (line.interval, " · ".join(part for part in (line.confidence, line.evidence) if part), line.note)
    return {"label": line.label, "value": line.value, "rows": [part for part in beside if part]}


def _figure(figure: PageFigure) -> dict[str, Any]:
    form = figure.path.suffix.lower().lstrip(".")
    content = figure.path.read_bytes()
    drawn = below_its_title(content.decode("utf-8")) if form == "svg" else ""
    return {
        "title": figure.title,
        "caption": figure.caption,
        "format": form,
        "data": drawn or list(content),
        "height": _height_mm(drawn),
    }


def _height_mm(svg: str) -> float:
    view = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', svg)
    return min(WIDE_MM * (float(view[2]) / float(view[1]) if view else USUAL_SHAPE), TALLEST_MM)


def _parts(model: ReportModel) -> list[dict[str, Any]]:
    """The second sheet."""
    page, words = model.page, model.words
    case = model.cases[0] if model.cases else None
    believe: list[str] = []
    undo: list[str] = []
    if case is not None:
        believe = _texts(model, case.programme, ("effect", "naive", "drift_limit", "contribution_to_date"))
        undo = _texts(model, case.programme, ("mde", "stop_below", "do_nothing", "risk_cost"))
    believe = believe or _within(page.minute, LETTERS_OF_MINUTE)
    grades = [named(words["evidence"].format(grade=grade), meaning, words) for grade, meaning in page.grades]
    parts = [_part(words["pdf_believe"], [*believe, " ".join(grades)])]
    withheld = _within(model.not_stated, LETTERS_OF_WITHHELD)
    if undo:
        parts.append(_part(words["pdf_undo"], undo))
    elif withheld:
        parts.append(_part(words["sure_withheld"], withheld))
    if case is not None:
        owned = [
            (
                words.get(f"book_kind_{row.kind}", row.label),
                _written(row, words),
                row.owner or words["pdf_nobody"],
                row.source,
            )
            for row in case.assumptions
            if row.kind not in NOT_ASKED
        ]
        headings = [words[f"book_{key}"] for key in ("assumption", "value", "owner", "source")]
        parts.append(_part(words["assumptions"], (), headings, (5, 2, 2, 2), owned))
    else:
        parts.append(_stated(model))
    return parts


def _stated(model: ReportModel) -> dict[str, Any]:
    """What the study file assumes, as a table."""
    headings = [model.words["column_assumption"], model.words["book_value"]]
    stated = [(one.label, one.value) for one in model.page.assumptions]
    return _part(model.words["assumptions"], (), headings, (2, 4), stated)


def _texts(model: ReportModel, programme: str, names: Sequence[str]) -> list[str]:
    found = (model.findings.get(f"programme.{programme}.{name}") for name in names)
    return [finding.text for finding in found if finding is not None and finding.value is not None]


def _appendix(model: ReportModel) -> list[dict[str, Any]]:
    page, words = model.page, model.words
    parts = []
    if model.cases or len(_within(model.not_stated, LETTERS_OF_WITHHELD)) < len(model.not_stated):
        # Where the second sheet holds them all, they are not told again.
        parts.append(_part(words["sure_withheld"], model.not_stated))
    headings = [words[f"column_{key}"] for key in ("finding", "value", "interval", "evidence", "meaning")]
    lines = [(line.label, line.value, line.interval, line.grade, line.text) for line in page.lines]
    parts.append(_part(words["all"], (), headings, (5, 3, 4, 2, 9), lines))
    if model.cases:
        parts.append(_stated(model))
    return parts


def _part(
    title: str, paragraphs: Iterable[str], headings: Sequence[str] = (), columns: Sequence[int] = (),
    rows: Iterable[Sequence[str]] = (),
) -> dict[str, Any]:  # fmt: skip
    told = [text for text in paragraphs if text]
    return {
        "title": title, "paragraphs": told, "headings": list(headings), "columns": list(columns),
        "rows": [list(row) for row in rows],
    }  # fmt: skip


def _written(row: AssumptionRow, words: Mapping[str, str]) -> str:
    if isinstance(row.value, str):
        return row.value
    return (
        format_level(row.value, words)
        if row.kind in ("discount_rate", "market")
        else format_value(row.value, "", words)
    )


def _within(paragraphs: Iterable[str], letters: int) -> list[str]:
    """The first paragraphs that the room of so many Latin letters holds, one at least; a Chinese one takes twice as much."""
    kept: list[str] = []
    for one in paragraphs:
        letters -= sum(1 + (east_asian_width(letter) in "WF") for letter in one)
        if kept and letters < 0:
            break
        kept.append(one)
    return kept
