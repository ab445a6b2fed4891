"""The slides that tell a report: a statement each, made from its findings, with the numbers of the published tables.

A study with a business case is told in six slides: decision, cash curve, from gross to net, evidence, what could undo it,
what we ask. Others are told in as many as they have answers: campaigns, discounts, what customers are worth, how past
forecasts fared, and what is not known.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_finding, format_value
from cxvalue.report.answers import first_sentence
from cxvalue.report.case_tables import read_cases
from cxvalue.report.model import Chart, ReportModel, Series, Slide
from cxvalue.report.revenue_words import told_in_revenue

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.report.case_tables import CaseTables
    from cxvalue.report.page import FindingLine, PageModel, RunMeta

__all__ = ["build_model"]

CARDS = ("npv", "roi", "payback_months", "peak_exposure")
MOST_POINTS = 4
MONTHS_BEFORE = 12
"""Months before the start that are shown; further back there are few customers and wide ranges."""
MOST_CAMPAIGNS = 2
MOST_SLIDES = 6
MEASURED = ("effect", "discount_rate", "one_off", "monthly", "per_treated_customer_month", "benefit", "risk", "market")
"""Kinds of assumptions that somebody can answer for."""


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
        slides = _case_slides(model, first)
        # Another programme's decision is told beside the first, its workings are on its own sheets of the workbook.
        more = tuple(_decision(model, one) for one in others)
        return (*slides[:1], *more, *slides[1:])
    slides = (*_campaigns(model), *_discounts(model), *_lifetime(model), *_record(model))
    opening, closing = _opening(model), _unknown(model)
    return (*opening, *slides[: MOST_SLIDES - len(opening) - len(closing)], *closing)


# -- a business case


def _case_slides(model: ReportModel, case: CaseTables) -> tuple[Slide, ...]:
    built = (_decision, _cash, _gross_to_net, _evidence, _undo, _ask)
    return tuple(slide(model, case) for slide in built)


def _decision(model: ReportModel, case: CaseTables) -> Slide:
    words, title = model.words, model.title_of(case.programme)
    verdict, npv = _of(model, case, "verdict"), _of(model, case, "npv")
    judged = verdict.value if verdict is not None and isinstance(verdict.value, str) else ""
    worth = format_finding(npv, words) if npv is not None else ""
    said = words[f"deck_decision_{judged}"].format(title=title, npv=worth)
    return Slide(
        words["deck_decision"],
        said,
        _answered(model, f"programme.{case.programme}") or _texts(model, case, ("verdict", "npv", "payback_months")),
        _cards(model, [f"programme.{case.programme}.{name}" for name in CARDS]),
        notes=(
            *_texts(model, case, ("effect", "contribution_to_date", "probability_of_loss")),
            *_methods(verdict, npv),
        ),
    )


def _cash(model: ReportModel, case: CaseTables) -> Slide:
    words, months = model.words, case.months
    seen = max((row.month for row in months if row.observed), default=0)
    payback, horizon = _of(model, case, "payback_months"), months[-1].month
    never = words["deck_cash_never"].format(months=format_value(horizon, "months", words))
    if payback is None or not isinstance(payback.value, (int, float)):
        title = never
    elif payback.value == 0:
        title = words["deck_cash_at_once"]
    else:
        title = words["deck_cash_back"].format(months=format_value(payback.value, "months", words))
    chart = Chart(
        "line",
        tuple(_month(row.calendar.year, row.calendar.month) for row in months),
        (
            Series(words["deck_cash_seen"], tuple(row.to_date if row.month <= seen else None for row in months)),
            Series(
                words["deck_cash_assumed"], tuple(row.to_date if row.month >= seen else None for row in months), True
            ),
        ),
        title,
        model.currency,
    )
    return Slide(
        words["deck_cash"], title, chart=chart,
        notes=(*_texts(model, case, ("payback_months", "simple_payback_months", "peak_exposure", "contribution_to_date")),
               words["deck_cash_note"]),
    )  # fmt: skip


def _gross_to_net(model: ReportModel, case: CaseTables) -> Slide:
    words, months = model.words, case.months
    rate = case.number("discount_rate")
    factors = [(1 + rate) ** (-row.month / 12) for row in months]
    later = sum(factors[1:])
    gross = sum(row.margin for row in months)
    today = sum(row.margin * factor for row, factor in zip(months, factors, strict=True))
    spent = sum(row.costs * factor for row, factor in zip(months, factors, strict=True))
    benefits, risks = case.number("benefit") * later, case.number("risk") / 12 * later
    steps = [(words["deck_step_gross"], gross), (words["deck_step_time"], today - gross)]
    if case.stated("benefit"):
        steps.append((words["deck_step_benefits"], benefits))
    if case.stated("risk"):
        steps.append((words["deck_step_risks"], -risks))
    steps.append((words["deck_step_costs"], -spent))
    npv = today + benefits - risks - spent
    title = words["deck_net_title"].format(
        gross=format_value(gross, model.currency, words), npv=format_value(npv, model.currency, words)
    )
    chart = Chart(
        "steps",
        (*(name for name, _ in steps), words["deck_step_npv"]),
        (Series(words["deck_net"], (*(amount for _, amount in steps), npv)),),
        title,
        model.currency,
    )
    return Slide(
        words["deck_net"], title, chart=chart, notes=_texts(model, case, ("npv", "naive", "risk_cost", "break_even"))
    )  # fmt: skip


def _evidence(model: ReportModel, case: CaseTables) -> Slide:
    words, effect = model.words, _of(model, case, "effect")
    grade = effect.grade if effect is not None and effect.grade else ""
    title = words["deck_evidence_title"].format(
        effect=format_finding(effect, words) if effect is not None else words["withheld"],
        title=model.title_of(case.programme),
    )
    chart = None
    points = [point for point in case.effects if point.months_since_start >= -MONTHS_BEFORE]
    if points:
        places = tuple(f"{point.months_since_start}".replace("-", "−") for point in points)
        reach = 1.959963984540054
        chart = Chart(
            "line",
            places,
            (
                Series(words["deck_effect"], tuple(point.effect for point in points)),
                Series(words["book_low"], tuple(point.effect - reach * point.se for point in points), True),
                Series(words["book_high"], tuple(point.effect + reach * point.se for point in points), True),
            ),
            words["deck_effect_axis"],
            effect.unit if effect is not None else "",
        )
    meaning = [f"{words['evidence'].format(grade=grade)}: {words[f'grade_{grade}']}"] if grade else []
    return Slide(
        words["deck_evidence"], title, tuple(meaning), chart=chart,
        notes=(*_texts(model, case, ("effect", "naive", "drift_limit", "mde", "realisation")), *_methods(effect)),
    )  # fmt: skip


def _undo(model: ReportModel, case: CaseTables) -> Slide:
    words = model.words
    turning = [row.label for row in case.swings if min(row.npv_at_low, row.npv_at_high) < 0]
    npv = case.measures["npv"].value or 0.0
    least = min((min(row.npv_at_low, row.npv_at_high) for row in case.swings), default=npv)
    if npv < 0:
        title = words["deck_undo_below"]
    elif turning:
        title = words["deck_undo_some"].format(inputs="; ".join(turning[:2]))
    else:
        title = words["deck_undo_none"].format(npv=format_value(least, model.currency, words))
    chart = Chart(
        "swings",
        tuple(row.label for row in case.swings),
        (
            Series(words["book_swing_low"], tuple(row.npv_at_low - npv for row in case.swings), True),
            Series(words["book_swing_high"], tuple(row.npv_at_high - npv for row in case.swings)),
        ),
        title,
        model.currency,
    )
    return Slide(
        words["deck_undo"], title, chart=chart if case.swings else None,
        notes=_texts(model, case, ("stop_below", "do_nothing", "risk_cost", "mde", "moral_hazard")),
    )  # fmt: skip


def _ask(model: ReportModel, case: CaseTables) -> Slide:
    words, title = model.words, model.title_of(case.programme)
    verdict = _of(model, case, "verdict")
    judged = verdict.value if verdict is not None and isinstance(verdict.value, str) else ""
    orphans = [
        words.get(f"book_kind_{row.kind}", row.label)
        for row in case.assumptions
        if row.kind in MEASURED and not row.owner
    ]
    points = [words[f"do_{judged}"].format(title=title)]
    if orphans:
        points.append(words["deck_ask_owners"].format(names="; ".join(orphans)))
    points += _texts(model, case, ("peak_exposure", "stop_below"))
    return Slide(
        words["deck_ask"], words["deck_ask_title"], tuple(points[:MOST_POINTS]),
        notes=(*_texts(model, case, ("policy_value", "do_nothing")), *_not_stated(model)),
    )  # fmt: skip


# -- studies without a programme


def _opening(model: ReportModel) -> tuple[Slide, ...]:
    page, words = model.page, model.words
    if not page.cards:
        return ()
    told = tuple(line.text for line in page.cards if line.text)
    lead = page.answers[0] if page.answers else None
    title = f"{lead.word}: {first_sentence(lead.sentence)[0]}" if lead else page.title
    points = _answered(model, lead.about) if lead else ()
    return (
        Slide(words["deck_answer"], title, points or _first(told), page.cards, notes=(*told, *page.minute)),
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
        rows = _table(model, f"campaign_{name}_arms.csv")
        chart = None
        if rows:
            back = [float(row["returned"]) for row in rows]
            anyway = [max(float(row["returned"]) - float(row["return_uplift"]), 0.0) for row in rows]
            chart = Chart(
                "columns",
                tuple(row["arm"] for row in rows),
                (Series(words["deck_back"], tuple(back)), Series(words["deck_anyway"], tuple(anyway), True)),
                words["deck_back_told"],
                shares=True,
            )
        title = words["deck_campaign"].format(
            title=profit.label.partition(":")[0], profit=format_finding(profit, words)
        )
        told = tuple(one.text for one in parts if one is not None and one.text)
        slides.append(
            Slide(
                words["deck_campaigns"],
                title,
                told[:2] if chart else told,
                chart=chart,
                notes=(*told, *_methods(profit)),
            )
        )
    return tuple(slides)


def _discounts(model: ReportModel) -> tuple[Slide, ...]:
    words, found, rows = model.words, model.findings, _table(model, "discount_curve.csv")
    depth, ladder = found.get("discounts.optimal_depth"), found.get("discounts.ladder_profit")
    if depth is None or not depth.is_number or not rows:
        return ()
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
        "line", tuple(f"{100 * float(row['depth']):.3g}%" for row in rows), tuple(series), words["deck_discount_told"],
        model.currency,
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
    line = _line_of(model, "cltv.equity")
    title = words["deck_lifetime_title"].format(value=line.value if line else format_finding(equity, words))
    rows = _table(model, "future_value_deciles.csv")
    chart = None
    if rows:
        chart = Chart(
            "columns", tuple(row["group"] for row in rows),
            (Series(words["deck_decile"], tuple(float(row["total"]) for row in rows)),),
            words["deck_decile_told"], equity.unit,
        )  # fmt: skip
    return (Slide(words["deck_lifetime"], title, told[:1], chart=chart, notes=(*told, *_methods(equity))),)


def _record(model: ReportModel) -> tuple[Slide, ...]:
    """What past forecasts said, beside what came."""
    words, found = model.words, model.findings
    names = ("cltv.typical_miss", "cltv.coverage", "cltv.backtest", "cltv.holdout_bias")
    told = tuple(one.text for name in names if (one := found.get(name)) is not None and one.is_number)
    miss = found.get("cltv.typical_miss")
    rows = [row for row in _table(model, "rolling.csv") if row.get("actual_margin") and row.get("predicted_margin")]
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
            "columns", tuple(row["origin"] for row in rows),
            (Series(words["deck_forecast"], tuple(float(row["predicted_margin"]) for row in rows), True),
             Series(words["deck_actual"], tuple(float(row["actual_margin"]) for row in rows))),
            words["deck_record_told"], model.currency,
        )  # fmt: skip
    return (Slide(words["deck_record"], title, told[:1] if chart else _first(told), chart=chart, notes=told),)


def _unknown(model: ReportModel) -> tuple[Slide, ...]:
    """What to do, and what these data do not say."""
    words = model.words
    next_steps = [one.text for key, one in model.findings.items() if key.endswith(".next_contacts") and one.is_number]
    open_ones = _not_stated(model)
    points = (*next_steps[:2], *open_ones)
    if not points:
        return ()
    return (Slide(words["deck_ask"], words["deck_unknown_title"], tuple(points[:MOST_POINTS]), notes=tuple(open_ones)),)


# -- helpers


def _of(model: ReportModel, case: CaseTables, name: str) -> Finding | None:
    return model.findings.get(f"programme.{case.programme}.{name}")


def _texts(model: ReportModel, case: CaseTables, names: Iterable[str]) -> tuple[str, ...]:
    """The sentences of a programme's findings, without its name before each."""
    title, told = model.title_of(case.programme), []
    for name in names:
        finding = _of(model, case, name)
        if finding is not None and finding.text and finding.value is not None:
            rest = finding.text.removeprefix(f"{title}: ")
            told.append(rest[:1].upper() + rest[1:])
    return tuple(told)


def _methods(*findings: Finding | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.method for finding in findings if finding is not None and finding.method))


def _cards(model: ReportModel, ids: Sequence[str]) -> tuple[FindingLine, ...]:
    return tuple(line for one in ids if (line := _line_of(model, one)) is not None)


def _line_of(model: ReportModel, wanted: str) -> FindingLine | None:
    return next((line for line in model.page.lines if line.id == wanted), None)


def _answered(model: ReportModel, about: str) -> tuple[str, ...]:
    """What the answer to a question says, a point each."""
    answer = next((one for one in model.page.answers if one.about == about), None)
    return tuple(f"{heading}: {told}" for heading, told in answer.points) if answer else ()


def _not_stated(model: ReportModel) -> tuple[str, ...]:
    return tuple(f"{line.label}: {line.reason}" for line in model.page.withheld)


def _first(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(texts[:MOST_POINTS])


def _month(year: int, month: int) -> str:
    return f"{year}-{month:02d}"


def _table(model: ReportModel, name: str) -> list[dict[str, str]]:
    path = model.tables / name
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
