"""The business case as a workbook: assumptions to change, and every figure of the case as a live formula.

What the formulas show before anything was recalculated are the figures of the report, so that a preview shows them too. A
case whose parts do not give its own figures is refused: a workbook must not say something else than the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_chance
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.inert import inert_text
from cxvalue.language.letters import OFFICE_FONTS, begun, lines_of, longest_word, parted_at_colon, width_of
from cxvalue.language.words import named

if TYPE_CHECKING:
    from cxvalue.report.case_tables import CaseTables, SwingRow
    from cxvalue.report.paper_model import ReportModel

COSTS = ("one_off", "monthly", "per_treated_customer_month")
FIRST = 6
"""Row of month 0 on the sheet of the months, as a spreadsheet counts."""
LINE, BOLD = 15, 1.25
"""Height of a line in points; how much wider a bold letter may be than the one that columns are measured by."""
INPUT, MONEY, CENTS, SHARE, FACTOR = "#FFF6CC", "#,##0;[Red]-#,##0", "#,##0.00;[Red]-#,##0.00", "0.0%", "0.0000"


def render_casebook(model: ReportModel, path: Path) -> None:
    """Write the cases of a report as a workbook; the same model gives the same bytes.

    Raises:
        CxvalueError: there is no case, or the parts of one do not give its net present value.
    """
    import xlsxwriter

    if not model.cases:
        raise CxvalueError("There is no business case to put in a workbook.")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties(
            {
                "title": inert_text(model.page.title),
                "created": datetime.combine(model.as_of, time()),
                "comments": model.words["simulated"] if model.simulated else "",
            }
        )
        book.set_calc_mode("auto")
        for number, case in enumerate(model.cases, start=1):
            _Sheets(book, model, case, "" if number == 1 else str(number)).write()


def _lines(text: str, width: float) -> int:
    """How many lines a text takes in a column so many letters wide."""
    return max(1, len(lines_of(text, int(max(width / BOLD, longest_word(text))))))


def _said_of(label: str) -> str:
    """What a label is about: what stands behind its colon, in Latin or Chinese signs."""
    return parted_at_colon(label)[1] or label


def _is_about(label: str, name: str) -> bool:
    """Whether a label begins with a name, and not with a longer one."""
    rest = label.removeprefix(name)
    return rest != label and not rest[:1].isalnum()


@dataclass(frozen=True, slots=True)
class _Figure:
    """A line of the sheet of results: its formula, what it gives, how it is written, and the name of its cell."""

    label: str
    formula: str
    value: float | str
    form: str
    name: str = ""
    measure: str = ""


class _Sheets:
    """The four sheets of one case; those of a second case, and the names of its cells, end with its number."""

    def __init__(self, book: Any, model: ReportModel, case: CaseTables, suffix: str) -> None:
        self.book, self.model, self.case, self.suffix = book, model, case, suffix
        self.words, self.last = model.words, FIRST + len(case.months) - 1
        self.sheets = {
            key: book.add_worksheet(self.words[f"book_{key}"] + (f" {suffix}" if suffix else ""))
            for key in ("assumptions", "months", "case", "tornado")
        }
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.benefits: list[tuple[str, float]] = []
        self.risks: list[tuple[str, float]] = []
        self.cells: dict[str, str] = {}
        self.rate = case.number("discount_rate")
        self.factors = [(1 + self.rate) ** (-row.month / 12) for row in case.months]

    def write(self) -> None:
        """Write all four."""
        self._assumptions()
        self._check()
        self._months()
        self._figures()
        self._tornado()

    # -- helpers

    def _format(self, **given: Any) -> Any:
        if (key := tuple(sorted(given.items()))) not in self.formats:
            font = OFFICE_FONTS.get(self.words["language"], OFFICE_FONTS["en"])
            side = {"align": "left"} if given.get("indent") else {}  # programs indent only what is aligned
            self.formats[key] = self.book.add_format({"font_name": font, "valign": "top", **side, **given})
        return self.formats[key]

    def _text(self, sheet: str, row: int, column: int, text: str, **form: Any) -> None:
        self.sheets[sheet].write_string(row - 1, column, inert_text(text), self._format(**form))

    def _heighten(self, sheet: str, row: int, lines: int) -> None:
        """Make a row as high as its lines: not every program does so for text that wraps."""
        if lines > 1:
            self.sheets[sheet].set_row(row - 1, LINE * lines)

    def _formula(self, sheet: str, row: int, column: int, formula: str, value: float | str, **form: Any) -> None:
        self.sheets[sheet].write_formula(row - 1, column, formula, self._format(**form), value)

    def _number(self, sheet: str, row: int, column: int, value: float, **form: Any) -> None:
        self.sheets[sheet].write_number(row - 1, column, value, self._format(**form))

    def _name(self, name: str) -> str:
        return f"{name}_{self.suffix}" if self.suffix else name

    def _define(self, name: str, sheet: str, row: int, column: str) -> None:
        title = self.sheets[sheet].get_name()
        self.book.define_name(self._name(name), f"='{title}'!${column}${row}")

    def _range(self, column: str) -> str:
        """A column of the sheet of the months, from month 0 to the horizon."""
        return f"'{self.sheets['months'].get_name()}'!${column}${FIRST}:${column}${self.last}"

    def _head(
        self, sheet: str, note: str, headings: Sequence[str], widths: Sequence[float], words_in: Sequence[int]
    ) -> None:
        about, case, row = self.sheets[sheet], self.case, FIRST - 1
        title = named(self.model.title_of(case.programme), self.words[f"book_{sheet}"], self.words)
        self._text(sheet, 1, 0, title, bold=True, font_size=14)
        self._text(sheet, 2, 0, note, font_color="#555555")
        if self.model.simulated:
            self._text(sheet, 3, 0, self.words["simulated"], bold=True, font_color="#9C4A00")
        for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
            look: dict[str, Any] = {"indent": 1 if column else 0} if column in words_in else {"align": "right"}
            self._text(sheet, row, column, heading, bold=True, bottom=1, text_wrap=True, **look)
            about.set_column(column, column, max(width, longest_word(heading) * BOLD))
        self._heighten(sheet, row, max(map(_lines, headings, widths)))
        about.freeze_panes(row, 0)
        about.hide_gridlines(2)
        about.set_landscape()
        about.set_paper(9)
        about.fit_to_pages(1, 0)

    # -- sheets

    def _assumptions(self) -> None:
        """What the case rests on: yellow cells may be changed and bear names."""
        words = self.words
        headings = [words[f"book_{one}"] for one in ("assumption", "value", "low", "high", "owner", "source", "name")]
        value = max([16.0, *(1.1 * width_of(one.value) for one in self.case.assumptions if isinstance(one.value, str))])
        note = words["book_assumptions_note"].format(currency=self.model.currency)
        self._head("assumptions", note, headings, (52, value, 14, 14, 22, 22, 26), (0, 4, 5, 6))
        row = FIRST
        stated = {one.kind for one in self.case.assumptions}
        self._assumption(row, words["book_effect_scale"], 1.0, name="effect_scale", form=CENTS)
        for one in self.case.assumptions:
            row += 1
            name = {"discount_rate": "annual_discount_rate"}.get(one.kind, one.kind if one.kind in COSTS else "")
            label = words.get(f"book_kind_{one.kind}", one.label)
            if one.kind in ("benefit", "risk") and isinstance(one.value, float):
                known = self.benefits if one.kind == "benefit" else self.risks
                name = f"{one.kind}_{len(known) + 1}"
                known.append((self._name(name), one.value))
                self.cells[_said_of(one.label)] = self._name(name)
                label = begun(one.label)
            form = SHARE if one.kind in ("discount_rate", "market") else CENTS
            self._assumption(
                row, label, one.value, one.low, one.high, one.owner or words["book_nobody"], one.source, name, form
            )
        for name in COSTS:
            if name not in stated:
                row += 1
                self._assumption(row, words[f"book_kind_{name}"], 0.0, owner=words["book_not_stated"], name=name)

    def _assumption(
        self, row: int, label: str, value: float | str, low: float | None = None, high: float | None = None,
        owner: str = "", source: str = "", name: str = "", form: str = CENTS,
    ) -> None:  # fmt: skip
        self._text("assumptions", row, 0, label, text_wrap=True)
        self._heighten("assumptions", row, _lines(label, 52 * BOLD))
        look: dict[str, Any] = {"bg_color": INPUT, "border": 1} if name else {}
        if isinstance(value, str):
            self._text("assumptions", row, 1, value, align="right")
        else:
            self._number("assumptions", row, 1, value, num_format=form, **look)
        for column, end in ((2, low), (3, high)):
            if end is not None and low != high:
                self._number("assumptions", row, column, end, num_format=form)
        self._text("assumptions", row, 4, owner, indent=1)
        self._text("assumptions", row, 5, source, indent=1)
        if name:
            self._text("assumptions", row, 6, self._name(name), font_color="#555555", indent=1)
            self._define(name, "assumptions", row, "B")

    def _check(self) -> None:
        """Refuse a case whose months do not follow from its assumptions."""
        case = self.case
        gained, lost = sum(value for _, value in self.benefits), sum(value for _, value in self.risks) / 12
        one_off, monthly, each = (case.number(kind) for kind in COSTS)
        npv = case.measures["npv"].value
        total = 0.0
        for row, factor in zip(case.months, self.factors, strict=True):
            later = row.month > 0
            costs = monthly + each * row.treated if later else one_off
            total += (row.margin + (gained - lost if later else 0.0) - costs) * factor
        if npv is None or abs(total - npv) > 1e-6 * max(abs(npv), 1.0):
            about = {"programme": case.programme, "total": total, "npv": npv}
            raise CxvalueError("The assumptions of {programme!r} give {total:,.2f}, its case says {npv}.", **about)

    def _months(self) -> None:
        words, case = self.words, self.case
        keys = (
            "month", "calendar", "observed", "treated", "measured", "margin", "benefits", "risks", "costs", "net",
            "factor", "discounted", "to_date", "undiscounted", "within", "per_unit",
        )  # fmt: skip
        widths = (8, 12, 9, 11, *[14] * 6, 10, *[14] * 5)
        self._head("months", words["book_months_note"], [words[f"book_{key}"] for key in keys], widths, (2,))
        named = {name: self._name(name) for name in (*COSTS, "effect_scale", "annual_discount_rate")}
        gain = "+".join(name for name, _ in self.benefits) or "0"
        risk = "+".join(name for name, _ in self.risks) or "0"
        gained, lost = sum(value for _, value in self.benefits), sum(value for _, value in self.risks) / 12
        plain = 0.0
        for place, month in enumerate(case.months):
            row, later, factor = FIRST + place, month.month > 0, self.factors[place]
            plain += month.net
            cost = (
                f"={named['monthly']}+{named['per_treated_customer_month']}*D{row}" if later else f"={named['one_off']}"
            )
            self._number("months", row, 0, month.month)
            calendar = datetime.combine(month.calendar, time())
            self.sheets["months"].write_datetime(row - 1, 1, calendar, self._format(num_format="mmm yyyy"))
            self._text("months", row, 2, words["book_yes" if month.observed else "book_no"], indent=1)
            self._number("months", row, 3, month.treated, num_format="#,##0")
            self._number("months", row, 4, month.margin, num_format=MONEY)
            cells: list[tuple[str, float, str]] = [
                (f"={named['effect_scale']}*E{row}", month.margin, MONEY),
                (f"={gain}" if later else "=0", gained if later else 0.0, MONEY),
                (f"=-({risk})/12" if later else "=0", -lost if later else 0.0, MONEY),
                (cost, month.costs, MONEY),
                (f"=F{row}+G{row}+H{row}-I{row}", month.net, MONEY),
                (f"=(1+{named['annual_discount_rate']})^(-A{row}/12)", factor, FACTOR),
                (f"=J{row}*K{row}", month.net_discounted, MONEY),
                (f"=L{row}" if place == 0 else f"=M{row - 1}+L{row}", month.to_date, MONEY),
                (f"=J{row}" if place == 0 else f"=N{row - 1}+J{row}", plain, MONEY),
            ]
            for column, (formula, value, form) in enumerate(cells, start=5):
                self._formula("months", row, column, formula, value, num_format=form)
            self._number("months", row, 14, month.margin_measured, num_format=MONEY)
            self._number("months", row, 15, month.margin_per_unit, num_format=MONEY)

    def _sum(self, column: str) -> tuple[str, Callable[[Callable[[int], float]], float]]:
        """The present value of a column as a formula, and as a function of its values."""
        return f"SUMPRODUCT({self._range(column)},{self._range('K')})", lambda of: sum(
            of(place) * factor for place, factor in enumerate(self.factors)
        )

    def _figures(self) -> None:
        words, case, months = self.words, self.case, self.case.months
        gained, lost = sum(value for _, value in self.benefits), sum(value for _, value in self.risks) / 12
        parts = {"F": [m.margin for m in months], "G": [gained if m.month else 0.0 for m in months],
                 "H": [-lost if m.month else 0.0 for m in months], "I": [m.costs for m in months],
                 "P": [m.margin_per_unit for m in months]}  # fmt: skip
        sums = {key: self._sum(key)[0] for key in parts}
        worth = {key: self._sum(key)[1](values.__getitem__) for key, values in parts.items()}
        npv = self._name("npv")

        def value(measure: str, missing: str) -> float | str:
            found = case.measures.get(measure)
            return words[missing] if found is None or found.value is None else found.value

        unit = worth["P"]
        never, undefined = words["book_never"], words["book_undefined"]
        net, to_date, plain, number = (self._range(key) for key in ("J", "M", "N", "A"))
        least = f"(-0.000000001*MAX(MAX({net}),-MIN({net})))"
        irr = case.measures.get("irr")
        guess = (1 + irr.value) ** (1 / 12) - 1 if irr and irr.value is not None else None
        lines = [
            _Figure(words["book_npv"], f"=SUM({self._range('L')})", value("npv", "book_undefined"), MONEY, "npv", "npv"),
            _Figure(words["book_part_margin"], f"={sums['F']}", worth["F"], MONEY),
            _Figure(words["book_part_benefits"], f"={sums['G']}", worth["G"], MONEY),
            _Figure(words["book_part_risks"], f"={sums['H']}", worth["H"], MONEY),
            _Figure(words["book_part_costs"], f"=-{sums['I']}", -worth["I"], MONEY),
            _Figure(words["book_roi"], f'=IF({sums["I"]}>0,{npv}/{sums["I"]},"{undefined}")',
                    value("roi", "book_undefined"), SHARE, "roi", "roi"),
            _Figure(words["book_irr"], "" if guess is None else f"=(1+IRR({net},{guess!r}))^12-1",
                    value("irr", "book_undefined"), SHARE, "irr", "irr"),
            _Figure(words["book_payback"],
                    f"=IF(INDEX({to_date},{len(months)})<{least},\"{never}\",SUMPRODUCT(MAX(({to_date}<{least})*({number}+1))))",
                    value("payback_months_discounted", "book_never"), "0", "payback_months", "payback_months_discounted"),
            _Figure(words["book_peak"], f"=MAX(0,-MIN({plain}))", value("peak_exposure", "book_undefined"), MONEY,
                    "peak_exposure", "peak_exposure"),
            _Figure(words["book_break_even"],
                    f'=IF({sums["P"]}>0,({sums["I"]}-{sums["G"]}-{sums["H"]})/{sums["P"]},"{undefined}")',
                    (worth["I"] - worth["G"] - worth["H"]) / unit if unit > 0 else undefined, CENTS, "break_even_effect",
                    "break_even_effect"),
        ]  # fmt: skip
        headings = [words[f"book_{one}"] for one in ("figure", "now", "in_report", "low", "high", "name")]
        self._head("case", words["book_case_note"], headings, (54, 18, 18, 16, 16, 22), (0, 5))
        row = FIRST
        for row, line in enumerate(lines, start=FIRST):
            self._text("case", row, 0, line.label, bold=bool(line.name), text_wrap=True)
            self._heighten("case", row, _lines(line.label, 54))
            if line.formula:
                self._formula(
                    "case", row, 1, line.formula, line.value, num_format=line.form, bold=bool(line.name), align="right"
                )
            else:
                self._text("case", row, 1, str(line.value), align="right")
            measure = case.measures.get(line.measure)
            for column, end in enumerate((measure.value, measure.low, measure.high) if measure else (), start=2):
                if end is not None:
                    self._number("case", row, column, end, num_format=line.form, font_color="#555555")
            if line.name:
                self._text("case", row, 5, self._name(line.name), font_color="#555555", indent=1)
                self._define(line.name, "case", row, "B")
        loss = case.measures.get("probability_of_loss")
        if loss and loss.value is not None:
            row += 1
            self._text("case", row, 0, words["book_loss"])
            # No loss among the outcomes does not make it impossible: the cell holds the number and shows words.
            form = SHARE if 0.001 <= loss.value <= 0.999 else f'"{format_chance(loss.value, words)}"'
            self._number("case", row, 2, loss.value, num_format=form, font_color="#555555")
        self._cash_chart(row + 2)

    def _cash_chart(self, row: int) -> None:
        chart = self.book.add_chart({"type": "line"})
        title = self.words["book_cash"].format(currency=self.model.currency)
        chart.add_series(
            {
                "name": title,
                "categories": f"={self._range('B')}",
                "values": f"={self._range('M')}",
                "line": {"color": "#1F5FA8"},
            }
        )
        chart.set_title({"name": title, "name_font": {"size": 11}})
        chart.set_legend({"none": True})
        chart.set_x_axis({"num_format": "mmm yy", "label_position": "low", "interval_unit": 6})
        chart.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}})
        chart.set_size({"width": 860, "height": 320})
        self.sheets["case"].insert_chart(row - 1, 0, chart, {"description": title})

    def _tornado(self) -> None:
        words = self.words
        keys = ("input", "unit", "value", "low", "high", "npv_low", "npv_high", "swing_low", "swing_high")
        headings = [words[f"book_{key}"] for key in keys]
        self._head("tornado", words["book_tornado_note"], headings, (58, 14, *[16] * 7), (0, 1))
        npv = self._name("npv")
        known = self.case.measures["npv"].value or 0.0
        row = FIRST - 1
        for row, swing in enumerate(self.case.swings, start=FIRST):
            form = {"num_format": SHARE if swing.unit == "share" else CENTS}
            self._text("tornado", row, 0, swing.label, text_wrap=True)
            self._heighten("tornado", row, _lines(swing.label, 58 * BOLD))
            self._text("tornado", row, 1, words["book_share"] if swing.unit == "share" else swing.unit, indent=1)
            inputs, ends = self._swing(swing, row)
            for column, formula, value in zip((2, 3, 4), inputs, (swing.value, swing.low, swing.high), strict=True):
                if formula:
                    self._formula("tornado", row, column, formula, value, **form)
                else:
                    self._number("tornado", row, column, value, **form)
            for column, formula, value in zip((5, 6), ends, (swing.npv_at_low, swing.npv_at_high), strict=True):
                self._formula("tornado", row, column, formula, value, num_format=MONEY)
                self._formula(
                    "tornado", row, column + 2, f"={'FG'[column - 5]}{row}-{npv}", value - known, num_format=MONEY
                )
        if self.case.swings:
            self._swing_chart(row)

    def _swing(self, swing: SwingRow, row: int) -> tuple[tuple[str, str, str], tuple[str, str]]:
        """The formulas of an input (its value, low and high; empty for plain numbers) and of the two values it leads to."""
        npv, scale, rate = (self._name(name) for name in ("npv", "effect_scale", "annual_discount_rate"))
        factor, number = self._range("K"), self._range("A")
        months = f"SUMPRODUCT({factor},({number}>0)*1)"
        plain = ("", "", "")

        def each(per: str, sign: str = "+") -> tuple[str, str]:
            first, second = (f"={npv}{sign}({end}{row}-C{row})*{per}" for end in "DE")
            return first, second

        if swing.kind == "effect":
            return plain, each(f"{scale}*SUMPRODUCT({self._range('P')},{factor})")
        if swing.kind == "discount_rate":
            low, high = (f"=SUMPRODUCT({self._range('J')},(1+{end}{row})^(-{number}/12))" for end in "DE")
            return (f"={rate}", f"=MAX({rate}-0.05,0)", f"={rate}+0.05"), (low, high)
        if swing.kind == "persistence":
            beyond = f"{scale}*SUMPRODUCT({self._range('E')}-{self._range('O')},{factor})"
            return plain, each(beyond)
        if swing.kind in COSTS:
            treated = f"SUMPRODUCT({self._range('D')},{factor})"
            per = {"one_off": "1", "monthly": months, "per_treated_customer_month": treated}[swing.kind]
            return (f"={self._name(swing.kind)}", "", ""), each(per, "-")
        if swing.kind == "other_costs":
            return (f"={self._costs_without_range(months)}", f"=0.8*C{row}", f"=1.2*C{row}"), each("1", "-")
        # Where a benefit or a risk is found among the assumptions, its own cell moves with it.
        told = _said_of(swing.label)
        cell = next((cell for label, cell in self.cells.items() if _is_about(label, told)), "")
        inputs = (f"={cell}", "", "") if cell else plain
        return inputs, each(f"{months}/12", "-") if swing.kind == "risk" else each(months)

    def _costs_without_range(self, months: str) -> str:
        """The present value of the costs that are stated without a range."""
        per = {"one_off": "1", "monthly": months,
               "per_treated_customer_month": f"SUMPRODUCT({self._range('D')},{self._range('K')})"}  # fmt: skip
        fixed = [
            f"{self._name(row.kind)}*{per[row.kind]}"
            for row in self.case.assumptions
            if row.kind in COSTS and not (row.low is not None and row.high is not None and row.high > row.low)
        ]
        return "+".join(fixed) or "0"

    def _swing_chart(self, last: int) -> None:
        name = self.sheets["tornado"].get_name()
        chart = self.book.add_chart({"type": "bar", "subtype": "stacked"})
        for column, key, colour in (("H", "swing_low", "#B6C8DD"), ("I", "swing_high", "#1F5FA8")):
            chart.add_series(
                {
                    "name": self.words[f"book_{key}"], "categories": f"='{name}'!$A${FIRST}:$A${last}",
                    "values": f"='{name}'!${column}${FIRST}:${column}${last}", "fill": {"color": colour}, "gap": 40,
                }
            )  # fmt: skip
        title = self.words["book_swings"].format(currency=self.model.currency)
        chart.set_title({"name": title, "name_font": {"size": 11}})
        chart.set_y_axis({"reverse": True, "label_position": "low"})
        chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 1100, "height": 120 + 44 * len(self.case.swings)})
        self.sheets["tornado"].insert_chart(last + 1, 0, chart, {"description": title})
