"""The slides as a PowerPoint file: charts made of numbers that can be edited, evidence and objections in the notes.

The same model gives the same bytes: dates are those of the data, and the files inside carry no moment.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime, time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_date, format_value
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.inert import inert_text
from cxvalue.language.letters import OFFICE_FONTS, begun, parted_at_colon, width_of
from cxvalue.report.finish import unbroken

if TYPE_CHECKING:
    from cxvalue.report.page_model import FindingLine
    from cxvalue.report.paper_model import Chart, ReportModel, Slide

WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.6
INK, QUIET, BLUE, GREEN, RED, GREY, PALE = "1C2733", "56616D", "1F5FA8", "2E7D4F", "B5483A", "9DB2C9", "F1F4F7"
SERIES = (BLUE, "B07A00", GREEN)
TITLES = {55: (28, 30), 150: (22, 26), math.inf: (18, 21)}
"""Size and line spacing of a title with fewer letters than these."""
CARD_VALUES = {14: 24, 18: 18, math.inf: 16}
"""Size of a card's value with at most so many letters: a longer one takes two lines."""
WHOLE = 0.8
"""A chart of shares above this ends at 100%: no more is possible."""
LETTERS_IN_A_LINE = 115
"""Of 14 points; fewer than there is room for, since letters differ in width."""
LETTERS_OF_AN_AXIS = 125
"""Of 12 points, beside one another."""
NAMES_OF_AN_AXIS = 24
"""More names of categories than a reader takes in at a glance lie too close."""
_MOMENT = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:\2>)")


def render_deck(model: ReportModel, path: Path) -> None:
    """Write the slides of a report; the same model gives the same bytes.

    Raises:
        CxvalueError: there is no slide to write.
    """
    import pptx
    from pptx.util import Inches

    if not model.slides:
        raise CxvalueError("There is nothing to put on slides.")
    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
    about, day = deck.core_properties, datetime.combine(model.as_of, time())
    about.title, about.author, about.last_modified_by = model.page.title, "cxvalue", "cxvalue"
    about.created = about.modified = day
    about.revision = 1
    for number, slide in enumerate(model.slides, start=1):
        _Slide(deck, model, slide, f"{number}/{len(model.slides)}").draw()
    content = BytesIO()
    deck.save(content)
    font = OFFICE_FONTS.get(model.words["language"], "")
    path.write_bytes(_without_moments(content.getvalue(), day, font if font != OFFICE_FONTS["en"] else ""))


class _Slide:
    """One slide being drawn."""

    def __init__(self, deck: Any, model: ReportModel, slide: Slide, place: str) -> None:
        self.model, self.slide, self.place = model, slide, place
        self.drawn = deck.slides.add_slide(deck.slide_layouts[5])  # a title and nothing else

    def draw(self) -> None:
        """Draw it from top to bottom."""
        slide, model = self.slide, self.model
        self._text(MARGIN, 0.3, WIDTH - 2 * MARGIN, 0.35, [slide.topic.upper()], size=12, colour=BLUE, bold=True)
        self._title()
        top = 1.65
        if model.simulated:
            self._text(
                MARGIN,
                top,
                WIDTH - 2 * MARGIN,
                0.35,
                [model.words["simulated"]],
                size=11,
                colour="7A5200",
                fill="FDF3DC",
            )
            top += 0.5
        if slide.cards:
            self._cards(slide.cards, top)
            top += 1.75
        bottom = HEIGHT - 0.6
        if slide.chart is not None:
            if slide.points:
                height = 0.24 * sum(width_of(point) // LETTERS_IN_A_LINE + 1 for point in slide.points) + 0.12 * len(
                    slide.points
                )
                self._points(top, height, 14)
                top += height + 0.1
            self._chart(slide.chart, top, bottom - top)
        elif slide.points:
            self._points(top, bottom - top, 18 if sum(map(width_of, slide.points)) < 700 else 14)
        words = model.words
        about = f"{model.page.title} · {words['as_of'].lower()} {format_date(model.as_of, words)} · {self.place}"
        self._text(MARGIN, HEIGHT - 0.45, WIDTH - 2 * MARGIN, 0.3, [about], size=9, colour=QUIET)
        self.drawn.notes_slide.notes_text_frame.text = "\n\n".join(slide.notes)

    def _title(self) -> None:
        from pptx.enum.text import MSO_ANCHOR
        from pptx.util import Inches, Pt

        title = self.drawn.shapes.title
        title.left, title.top, title.width, title.height = map(Inches, (MARGIN, 0.62, WIDTH - 2 * MARGIN, 0.95))
        frame = title.text_frame
        frame.text, frame.word_wrap, frame.vertical_anchor = unbroken(self.slide.title), True, MSO_ANCHOR.TOP
        frame.margin_left = frame.margin_right = frame.margin_top = 0
        letters = width_of(self.slide.title)
        size, spacing = next(look for most, look in TITLES.items() if letters < most)
        self._style(frame.paragraphs[0], size, INK, True)
        frame.paragraphs[0].line_spacing = Pt(spacing)

    def _points(self, top: float, height: float, size: int) -> None:
        self._text(
            MARGIN, top, WIDTH - 2 * MARGIN, height, list(self.slide.points), size=size, colour=INK, gap=size * 0.6
        )

    def _cards(self, cards: Sequence[FindingLine], top: float) -> None:
        gap, count = 0.2, len(cards)
        width = (WIDTH - 2 * MARGIN - gap * (count - 1)) / count
        for place, card in enumerate(cards):
            name, rest = parted_at_colon(card.label)
            label = begun(rest) if rest and name == parted_at_colon(self.slide.title)[0] else card.label
            rows = [label, card.value, card.interval or card.confidence]
            box = self._text(MARGIN + place * (width + gap), top, width, 1.5, rows, size=12, colour=QUIET, fill=PALE)
            size = next(size for most, size in CARD_VALUES.items() if width_of(card.value) <= most)
            self._style(box.paragraphs[1], size, INK, True)

    def _text(
        self, left: float, top: float, width: float, height: float, rows: Sequence[str], *, size: float, colour: str,
        bold: bool = False, fill: str = "", gap: float = 0.0,
    ) -> Any:  # fmt: skip
        from pptx.dml.color import RGBColor
        from pptx.enum.text import MSO_AUTO_SIZE
        from pptx.util import Inches, Pt

        box = self.drawn.shapes.add_textbox(*map(Inches, (left, top, width, height)))
        if fill:
            box.fill.solid()
            box.fill.fore_color.rgb = RGBColor.from_string(fill)
        frame = box.text_frame
        frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
        if not fill:
            frame.margin_left = frame.margin_right = 0
        for number, row in enumerate(rows):
            paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
            paragraph.text = unbroken(row)
            paragraph.space_after = Pt(gap)
            self._style(paragraph, size, colour, bold)
        return frame

    @staticmethod
    def _style(paragraph: Any, size: float, colour: str, bold: bool) -> None:
        from pptx.dml.color import RGBColor
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Pt

        paragraph.alignment = PP_ALIGN.LEFT
        paragraph.font.size, paragraph.font.bold, paragraph.font.name = Pt(size), bold, "Calibri"
        paragraph.font.color.rgb = RGBColor.from_string(colour)

    # -- charts

    def _chart(self, chart: Chart, top: float, height: float) -> None:
        from pptx.chart.data import CategoryChartData
        from pptx.enum.chart import XL_CHART_TYPE
        from pptx.util import Inches

        data = CategoryChartData(number_format="0%" if chart.shares else "#,##0")
        # The numbers lie in a workbook inside the slide, where a text may not become a formula.
        data.categories = [inert_text(one) for one in chart.categories]
        drawn = _stacked(chart) if chart.kind == "steps" else [(one.name, one.values) for one in chart.series]
        for name, values in drawn:
            data.add_series(inert_text(name), values)
        kind = {
            "line": XL_CHART_TYPE.LINE,
            "columns": XL_CHART_TYPE.COLUMN_CLUSTERED,
            "steps": XL_CHART_TYPE.COLUMN_STACKED,
            "swings": XL_CHART_TYPE.BAR_STACKED,
        }[chart.kind]
        frame = self.drawn.shapes.add_chart(kind, *map(Inches, (MARGIN, top, WIDTH - 2 * MARGIN, height)), data)
        frame._element.nvGraphicFramePr.cNvPr.set("descr", chart.told)
        self._look(frame.chart, chart)

    def _look(self, drawn: Any, chart: Chart) -> None:
        from pptx.dml.color import RGBColor
        from pptx.enum.chart import XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
        from pptx.util import Pt

        drawn.font.size, drawn.font.name = Pt(12), "Calibri"
        drawn.font.color.rgb = RGBColor.from_string(QUIET)
        drawn.has_title = False
        drawn.has_legend = chart.kind != "steps" and len(chart.series) > 1
        if drawn.has_legend:
            drawn.legend.position, drawn.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
        numbers, names = drawn.value_axis, drawn.category_axis
        numbers.major_gridlines.format.line.color.rgb = RGBColor.from_string("DDE2E7")
        numbers.format.line.fill.background()
        if chart.kind in ("columns", "steps") and all(
            (value or 0.0) >= 0 for one in drawn.series for value in one.values
        ):
            numbers.minimum_scale = 0  # columns without their feet tell other proportions
        if chart.shares and max(value or 0.0 for one in drawn.series for value in one.values) > WHOLE:
            numbers.maximum_scale = 1
        numbers.tick_labels.number_format, numbers.tick_labels.number_format_is_linked = _number_form(chart), False
        for axis, said in ((numbers, chart.unit), (names, chart.across)):
            axis.has_title = bool(said)
            if said:
                axis.axis_title.text_frame.text = said
                self._style(axis.axis_title.text_frame.paragraphs[0], 12, QUIET, False)
        names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
        names.format.line.color.rgb = RGBColor.from_string("9AA5B1")
        letters = sum(width_of(one) + 2 for one in chart.categories)
        step = max(math.ceil(letters / LETTERS_OF_AN_AXIS), math.ceil(len(chart.categories) / NAMES_OF_AN_AXIS))
        if chart.kind in ("line", "columns") and step > 1:
            self._named_apart(names._element, step)
        if chart.kind == "line":
            self._lines(drawn, chart)
        elif chart.kind == "steps":
            self._steps(drawn, chart)
        else:
            plot = drawn.plots[0]
            plot.gap_width = 45
            if chart.kind == "swings":
                plot.overlap = 100
            for series, one in zip(plot.series, chart.series, strict=True):
                series.format.fill.solid()
                series.format.fill.fore_color.rgb = RGBColor.from_string(GREY if one.quiet else BLUE)
                series.invert_if_negative = False

    @staticmethod
    def _named_apart(axis: Any, step: int) -> None:
        """Only every so many categories bear their names, which would lie across each other."""
        from pptx.oxml.ns import qn

        skip = axis.makeelement(qn("c:tickLblSkip"), {"val": str(step)})
        before = axis.find(qn("c:noMultiLvlLbl"))
        axis.insert(len(axis) if before is None else list(axis).index(before), skip)

    def _lines(self, drawn: Any, chart: Chart) -> None:
        from pptx.dml.color import RGBColor
        from pptx.enum.chart import XL_MARKER_STYLE
        from pptx.enum.dml import MSO_LINE
        from pptx.util import Pt

        colour = iter(SERIES * len(chart.series))
        for series, one in zip(drawn.plots[0].series, chart.series, strict=True):
            series.smooth = False
            series.marker.style = XL_MARKER_STYLE.NONE
            series.format.line.width = Pt(1.5 if one.quiet else 2.5)
            series.format.line.color.rgb = RGBColor.from_string(GREY if one.quiet else next(colour))
            if one.quiet:
                series.format.line.dash_style = MSO_LINE.DASH

    def _steps(self, drawn: Any, chart: Chart) -> None:
        """Bars on each other: the part below is not drawn, what adds is green, what takes away is red."""
        from pptx.dml.color import RGBColor
        from pptx.enum.chart import XL_LABEL_POSITION
        from pptx.util import Pt

        plot, values = drawn.plots[0], chart.series[0].values
        plot.gap_width, plot.overlap = 40, 100
        base, *parts = plot.series
        base.format.fill.background()
        for series in parts:
            series.invert_if_negative = False
            for place, value in enumerate(values):
                point = series.points[place]
                point.format.fill.solid()
                ends = place in (0, len(values) - 1)
                colour = BLUE if ends else GREEN if (value or 0.0) >= 0 else RED
                point.format.fill.fore_color.rgb = RGBColor.from_string(colour)
        largest = max(map(abs, _plain(values)))
        for place, value in enumerate(_plain(values)):
            # An amount below zero is drawn by the second series; a short bar bears its number beside it.
            shown = parts[-1] if len(parts) > 1 and max(_ends(values, place)) <= 0 else parts[0]
            label, inside = shown.points[place].data_label, abs(value) > 0.08 * largest
            label.has_text_frame = True
            label.text_frame.text = format_value(value, "", self.model.words)
            label.position = XL_LABEL_POSITION.CENTER if inside else XL_LABEL_POSITION.INSIDE_BASE
            run = label.text_frame.paragraphs[0].runs[0]
            run.font.size, run.font.bold = Pt(14), True
            run.font.color.rgb = RGBColor.from_string("FFFFFF" if inside else INK)


def _ends(values: Sequence[float | None], place: int) -> tuple[float, float]:
    """Where a step begins and ends; the last one begins at zero."""
    plain = _plain(values)
    if place == len(plain) - 1:
        return 0.0, plain[place]
    return sum(plain[:place]), sum(plain[: place + 1])


def _plain(values: Sequence[float | None]) -> list[float]:
    return [value or 0.0 for value in values]


def _number_form(chart: Chart) -> str:
    if chart.shares:
        return "0%"
    largest = max((abs(value) for one in chart.series for value in one.values if value is not None), default=0.0)
    return "#,##0" if largest >= 20 else "#,##0.00"


def _stacked(chart: Chart) -> list[tuple[str, tuple[float, ...]]]:
    """Steps as parts that stand on each other: an empty one up to where a step begins, then what lies above and below 0."""
    values = chart.series[0].values
    base, above, below = [], [], []
    for place in range(len(values)):
        low, high = sorted(_ends(values, place))
        base.append(low if low > 0 else high if high < 0 else 0.0)
        above.append(max(high, 0.0) - max(low, 0.0))
        below.append(min(low, 0.0) - min(high, 0.0))
    parts = [("—", tuple(base)), (chart.series[0].name, tuple(above))]
    return [*parts, (f"{chart.series[0].name} (−)", tuple(below))] if any(below) else parts


def _without_moments(content: bytes, day: datetime, font: str = "") -> bytes:
    """The same file with the day of the data in place of every moment, in the workbooks inside it too.

    `font` is the one of Chinese letters, which its themes name where there are any.
    """
    stamp = f"{day:%Y-%m-%dT00:00:00Z}".encode()
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name)
            if name.endswith(".xlsx"):
                part = _without_moments(part, day)
            elif name == "docProps/core.xml":
                part = _MOMENT.sub(rb"\g<1>" + stamp + rb"\g<3>", part)
            elif font and name.startswith("ppt/theme/"):
                part = part.replace(b'<a:ea typeface=""/>', f'<a:ea typeface="{font}"/>'.encode())
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, part)
    return out.getvalue()
