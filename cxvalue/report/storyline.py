"""The slides that tell a report: a statement each, made from its findings, with the numbers of the published tables.

A study with a business case is told in six slides: decision, cash curve, from gross to net, evidence, what could undo it,
what we ask. Others are told in as many as they have answers: campaigns, discounts, what customers are worth, how long
contracts last and complaints wait, how past forecasts fared, whom we may lose, and what is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_finding, format_level
from cxvalue.language.letters import closed_up, parted_at_colon
from cxvalue.report.answer_block import first_sentence, told_of_campaign
from cxvalue.report.case_story import case_slides, decision
from cxvalue.report.case_tables import read_cases, rows_of
from cxvalue.report.paper_model import Chart, ReportModel, Series, Slide, methods_of
from cxvalue.report.revenue_words import told_in_revenue

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.report.page_model import PageFigure, PageModel, RunMeta

COMBINED = "combination"
"""The forecast that a study publishes, among the models that it is made of."""
CURVES = (
    ("survival.csv", "contract_survival", ("month", "survival"), "stay"),
    ("complaints_open.csv", "complaints_open", ("day", "still_open"), "waiting"),
)
"""Published tables that a slide draws as a curve: the figure with its message, where and what, the key of its words."""
EVERY = 3
"""A curve is drawn by every third month or day."""
EVERY_DEPTH = 2
"""Percent: a curve of discounts is drawn by every second depth."""
NO_QUESTION = ("base.repeat_rate", "churn.auc", "churn.brier")
"""What nobody who decides misses where it is not stated."""
MOST_POINTS = 4
MOST_CAMPAIGNS = 2
MOST_SLIDES = 6


def build_model(
    meta: RunMeta, page: PageModel, findings: Iterable[Finding], tables: Path, *, in_revenue: bool = False
) -> ReportModel:
    """Put together what the papers show: the page, the cases in the folder of published tables, and the slides."""
    words = page.words
    if in_revenue:
        words = MappingProxyType({key: told_in_revenue(text) for key, text in words.items()})
    model = ReportModel(
        page, words, meta.study, meta.currency, meta.as_of, meta.simulated,
        {finding.id: finding for finding in findings}, tables, read_cases(tables),
    )  # fmt: skip
    return replace(model, slides=_told(model))


def _told(model: ReportModel) -> tuple[Slide, ...]:
    """The slides of a report in their order; none where it has no finding to tell."""
    if model.cases:
        first, *others = model.cases
        slides = case_slides(model, first)
        # Another programme's decision is told beside the first, its workings are on its own sheets of the workbook.
        more = tuple(decision(model, one) for one in others)
        return (*slides[:1], *more, *slides[1:])
    slides = (
        *_campaigns(model),
        *_discounts(model),
        *_lifetime(model),
        *_curves(model),
        *_record(model),
        *_risk(model),
    )
    opening, closing = _opening(model), _unknown(model)
    return (*opening, *slides[: MOST_SLIDES - len(opening) - len(closing)], *closing)


def _opening(model: ReportModel) -> tuple[Slide, ...]:
    page, words = model.page, model.words
    if not page.cards:
        return ()
    told = tuple(dict.fromkeys(line.text for line in page.cards if line.text))
    lead = page.answers[0] if page.answers else None
    title = page.title
    if lead is not None:
        title = first_sentence(lead.sentence)[0]
        if lead.word.lower() not in title.lower():  # a figure is told once
            title = closed_up(f"{lead.word}{words['stop']} {title}")
    points = model.answered(lead.about) if lead else ()
    return (
        Slide(words["deck_answer"], title, points or _first(told), page.needed, notes=(*told, *page.minute)),
    )  # fmt: skip


def _campaigns(model: ReportModel) -> tuple[Slide, ...]:
    """A slide for each campaign with a profit, those with most money first."""
    words, found = model.words, model.findings
    names = dict.fromkeys(key.split(".")[1] for key in found if key.startswith("reactivation."))

    def finding(name: str, part: str) -> Finding | None:
        one = found.get(f"reactivation.{name}.{part}")
        return one if one is not None and one.is_number else None

    measured = [(name, profit) for name in names if (profit := finding(name, "profit"))]
    measured.sort(key=lambda pair: -abs(float(pair[1].value or 0)))
    slides = []
    for name, profit in measured[:MOST_CAMPAIGNS]:
        parts = [finding(name, part) for part in ("return_uplift", "margin_per_contact", "profit", "next_contacts")]
        rows = rows_of(model.tables / f"campaign_{name}_arms.csv")
        chart = None
        if rows and finding(name, "return_uplift"):
            back = [float(row["returned"]) for row in rows]
            anyway = [max(float(row["returned"]) - float(row["return_uplift"]), 0.0) for row in rows]
            chart = Chart(
                "columns",
                tuple(row["arm"] for row in rows),
                (Series(words["deck_back"], tuple(back)), Series(words["deck_anyway"], tuple(anyway), True)),
                words["deck_back_told"],
                shares=True,
            )
        title = told_of_campaign(profit, words).rstrip(words["stop"])
        if profit.low is None:
            title = words["deck_campaign"].format(
                title=parted_at_colon(profit.label)[0], profit=format_finding(profit, words)
            )
        told = tuple(one.text for one in parts if one is not None and one.text)
        slides.append(
            Slide(
                words["deck_campaigns"],
                title,
                told[:2] if chart else told,
                chart=chart,
                notes=(*told, *methods_of(profit)),
            )
        )
    return tuple(slides)


def _discounts(model: ReportModel) -> tuple[Slide, ...]:
    words, found, rows = model.words, model.findings, rows_of(model.tables / "discount_curve.csv")
    depth, ladder = found.get("discounts.optimal_depth"), found.get("discounts.ladder_profit")
    if depth is None or not depth.is_number or not rows:
        return ()
    steps = [100 * float(row["depth"]) / EVERY_DEPTH for row in rows]
    rows = [row for row, one in zip(rows, steps, strict=True) if abs(one - round(one)) < 1e-6] or rows
    names = ("ladder_profit", "flat_profit", "none_profit")
    told = tuple(one.text for name in names if (one := found.get(f"discounts.{name}")) is not None and one.is_number)
    series = [
        Series(words["deck_discount_curve"], tuple(float(row["margin"]) for row in rows)),
        Series(words["book_low"], tuple(float(row["margin_low"]) for row in rows), True),
        Series(words["book_high"], tuple(float(row["margin_high"]) for row in rows), True),
    ]
    if ladder is not None and isinstance(ladder.value, (int, float)):
        series.append(Series(words["deck_discount_ladder"], (float(ladder.value),) * len(rows)))
    title = words["deck_discount_title"].format(depth=format_finding(depth, words))
    chart = Chart(
        "line", tuple(format_level(float(row["depth"]), words) for row in rows), tuple(series), words["deck_discount_told"],
        model.currency, across=words["deck_across_depths"],
    )  # fmt: skip
    return (Slide(words["deck_discounts"], title, told[:1], chart=chart, notes=told),)


def _lifetime(model: ReportModel) -> tuple[Slide, ...]:
    words, equity = model.words, model.findings.get("cltv.equity")
    if equity is None or not equity.is_number:
        return ()
    names = ("equity", "mean", "new_customer")
    told = tuple(
        one.text for name in names if (one := model.findings.get(f"cltv.{name}")) is not None and one.is_number
    )
    line = model.line_of("cltv.equity")
    title = words["deck_lifetime_title"].format(value=line.value if line else format_finding(equity, words))
    rows = rows_of(model.tables / "future_value_deciles.csv")
    chart = None
    if rows:
        chart = Chart(
            "columns", tuple(row["group"] for row in rows),
            (Series(words["deck_decile"], tuple(float(row["total"]) for row in rows)),),
            words["deck_decile_told"], equity.unit, across=words["deck_across_tenths"],
        )  # fmt: skip
    # How far past forecasts missed is what the next slide is about.
    miss = model.findings.get("cltv.typical_miss")
    said = told[0].replace(miss.text, "").replace("  ", " ").strip() if miss is not None and miss.is_number else told[0]
    lead = model.page.answers[0].about if model.page.answers else ""
    # The first slide has told it, where it is the answer.
    points = told[1:] if lead == "cltv" and len(told) > 1 else (said,) if chart else (said, *told[1:])
    return (Slide(words["deck_lifetime"], title, points, chart=chart, notes=(*told, *methods_of(equity))),)


def _curves(model: ReportModel) -> tuple[Slide, ...]:
    words, slides = model.words, []
    for table, name, (across, value), key in CURVES:
        figure = _figure(model, name)
        every = [row for row in rows_of(model.tables / table) if row.get("segment", "all") == "all"]
        rows = [row for row in every if not float(row[across]) % EVERY and row["low"] and row["high"]]
        if figure is None or not rows:
            continue
        parts = (
            (words[f"deck_{key}"], value, False),
            (words["book_low"], "low", True),
            (words["book_high"], "high", True),
        )
        series = tuple(Series(said, tuple(float(row[part]) for row in rows), quiet) for said, part, quiet in parts)
        chart = Chart(
            "line", tuple(row[across] for row in rows), series, figure.caption,
            shares=True, across=words[f"deck_across_{key}"],
        )  # fmt: skip
        slides.append(Slide(words[f"deck_topic_{key}"], figure.title, chart=chart))
    return tuple(slides)


def _risk(model: ReportModel) -> tuple[Slide, ...]:
    """Active customers by how likely they are to leave."""
    words, figure, rows = model.words, _figure(model, "churn_bands"), rows_of(model.tables / "churn_bands.csv")
    rows = [row for row in rows if row["expected"] and float(row["members"])]
    if figure is None or len(rows) < 2:
        return ()
    bands = ([format_level(float(end) / 100, words) for end in re.findall(r"\d+", row["band"])] for row in rows)
    parts = ((words["deck_active"], "members", True), (words["deck_expected_lost"], "expected", False))
    chart = Chart(
        "columns", tuple("–".join(ends) for ends in bands),
        tuple(Series(said, tuple(float(row[part]) for row in rows), quiet) for said, part, quiet in parts),
        figure.caption, across=words["deck_across_risk"],
    )  # fmt: skip
    names = ("churn.rate", "churn.value_at_risk")
    notes = tuple(one.text for name in names if (one := model.findings.get(name)) is not None and one.is_number)
    return (Slide(words["deck_risk"], figure.title, chart=chart, notes=notes),)


def _figure(model: ReportModel, name: str) -> PageFigure | None:
    """A figure of the page: it is drawn only where there is something to see."""
    page = model.page
    drawn = (page.picture, *page.figures)
    return next((one for one in drawn if one is not None and one.path.stem == name), None)


def _record(model: ReportModel) -> tuple[Slide, ...]:
    """What past forecasts said, beside what came."""
    words, found = model.words, model.findings
    names = ("cltv.typical_miss", "cltv.coverage", "cltv.backtest", "cltv.holdout_bias")
    told = tuple(one.text for name in names if (one := found.get(name)) is not None and one.is_number)
    miss = found.get("cltv.typical_miss")
    combined = [row for row in rows_of(model.tables / "rolling.csv") if row.get("model") == COMBINED]
    # Contracts are forecast by one model, whose past forecasts stand in a table of their own.
    rows = combined or rows_of(model.tables / "past_forecasts.csv")
    rows = [row for row in rows if row.get("predicted_margin")]
    longest = max((float(row["horizon_months"]) for row in rows), default=0.0)
    rows = [row for row in rows if float(row["horizon_months"]) == longest]
    if not told:
        return ()
    title = (
        words["deck_record_title"].format(miss=format_finding(miss, words))
        if miss is not None and miss.is_number
        else words["deck_record"]
    )
    chart = None
    if rows:
        rows.sort(key=lambda row: row["origin"])
        chart = Chart(
            "columns", tuple(_short_day(row["origin"], words) for row in rows),
            (Series(words["deck_forecast"], tuple(float(row["predicted_margin"]) for row in rows), True),
             Series(words["deck_actual"], tuple(float(row["actual_margin"]) for row in rows))),
            words["deck_record_told"], model.currency, across=words["deck_across_origins"],
        )  # fmt: skip
    return (Slide(words["deck_record"], title, told[:1] if chart else _first(told), chart=chart, notes=told),)


def _short_day(day: str, words: Mapping[str, str]) -> str:
    """A day as the axis of a chart says it."""
    told = date.fromisoformat(day)
    return words["date_short"].format(
        day=told.day, month=words["months_short"].split(",")[told.month - 1], year=told.year
    )


def _unknown(model: ReportModel) -> tuple[Slide, ...]:
    """What these data do not say."""
    words = model.words
    asked = tuple(line for line in model.page.withheld if line.id not in NO_QUESTION)
    open_ones = replace(model, page=replace(model.page, withheld=asked)).not_stated
    if not open_ones:
        return ()
    return (Slide(words["deck_unknown"], words["deck_unknown_title"], _first(open_ones), notes=open_ones),)


def _first(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(texts[:MOST_POINTS])
