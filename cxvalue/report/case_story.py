"""The slides of a business case: a statement each, with the numbers of its published tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_finding, format_value
from cxvalue.language.words import named
from cxvalue.report.answer_block import is_about_money, judged_of, without_name
from cxvalue.report.paper_model import Chart, Series, Slide, methods_of

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.report.case_tables import CaseTables
    from cxvalue.report.paper_model import ReportModel

MOST_POINTS = 4
CARDS = ("npv", "roi", "payback_months", "peak_exposure")
MONTHS_BEFORE = 12
"""Months before the start that are shown; further back there are few customers and wide ranges."""
MEASURED = ("effect", "discount_rate", "one_off", "monthly", "per_treated_customer_month", "benefit", "risk", "market")
"""Kinds of assumptions that somebody can answer for."""


def case_slides(model: ReportModel, case: CaseTables) -> tuple[Slide, ...]:
    """Decision, cash curve, from gross to net, evidence, what could undo it, what we ask."""
    built = (decision, _cash, _gross_to_net, _evidence, _undo, _ask)
    return tuple(slide(model, case) for slide in built)


def decision(model: ReportModel, case: CaseTables) -> Slide:
    """What was found about a programme, and what to do."""
    words, title = model.words, model.title_of(case.programme)
    verdict, npv = _of(model, case, "verdict"), _of(model, case, "npv")
    judged = judged_of(verdict)
    worth = format_finding(npv, words) if npv is not None else ""
    told = "deck_decision" if not judged or is_about_money(judged, npv) else "deck_asked"
    said = words[f"{told}_{judged}"].format(title=title, npv=worth)
    return Slide(
        words["deck_decision"],
        said,
        model.answered(f"programme.{case.programme}") or _texts(model, case, ("verdict", "npv", "payback_months")),
        tuple(line for name in CARDS if (line := model.line_of(f"programme.{case.programme}.{name}")) is not None),
        notes=(
            *_texts(model, case, ("effect", "contribution_to_date", "probability_of_loss")),
            *methods_of(verdict, npv),
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
        tuple(_month(row.calendar, words) for row in months),
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
        chart = Chart(
            "line",
            places,
            (
                Series(words["deck_effect"], tuple(point.effect for point in points)),
                Series(words["book_low"], tuple(point.low for point in points), True),
                Series(words["book_high"], tuple(point.high for point in points), True),
            ),
            words["deck_effect_axis"],
            effect.unit if effect is not None else "",
            across=words["deck_across_months"],
        )
    meaning = [named(words["evidence"].format(grade=grade), words[f"grade_{grade}"], words)] if grade else []
    return Slide(
        words["deck_evidence"], title, tuple(meaning), chart=chart,
        notes=(*_texts(model, case, ("effect", "mde", "realisation")), *_objections(model, case), *methods_of(effect)),
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
    upwards = case.swings[::-1]  # bars are drawn from the bottom up
    chart = Chart(
        "swings",
        tuple(row.label for row in upwards),
        (
            Series(words["deck_swing_low"], tuple(row.npv_at_low - npv for row in upwards), True),
            Series(words["deck_swing_high"], tuple(row.npv_at_high - npv for row in upwards)),
        ),
        title,
        words["book_swings"].format(currency=model.currency),
    )
    return Slide(
        words["deck_undo"], title, chart=chart if case.swings else None,
        notes=(*_texts(model, case, ("stop_below", "risk_cost", "moral_hazard")), *_doubts(model, case)),
    )  # fmt: skip


def _ask(model: ReportModel, case: CaseTables) -> Slide:
    words, title = model.words, model.title_of(case.programme)
    verdict = _of(model, case, "verdict")
    judged = judged_of(verdict)
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
        notes=(*_texts(model, case, ("verdict", "mde", "policy_value")), *model.not_stated),
    )  # fmt: skip


def _objections(model: ReportModel, case: CaseTables) -> tuple[str, ...]:
    """What somebody may say against the evidence, with what the findings answer."""
    asked = (("naive", "anyway"), ("drift_limit", "differed"), ("contribution_to_date", "forecast"))
    answers = ((key, _texts(model, case, (name,))) for name, key in asked)
    return tuple(f"{model.words[f'deck_objection_{key}']} {text[0]}" for key, text in answers if text)


def _doubts(model: ReportModel, case: CaseTables) -> tuple[str, ...]:
    """What somebody may say against the assumptions, with what the case is worth then."""
    words, told = model.words, []
    for kind in ("persistence", "effect", "one_off", "other_costs"):
        swing = next((row for row in case.swings if row.kind == kind), None)
        if swing is not None:
            npv = format_value(min(swing.npv_at_low, swing.npv_at_high), model.currency, words)
            told.append(words[f"deck_objection_{kind}"].format(npv=npv))
    market = _texts(model, case, ("do_nothing",))
    return (*told, *(f"{words['deck_objection_market']} {text}" for text in market))


def _of(model: ReportModel, case: CaseTables, name: str) -> Finding | None:
    return model.findings.get(f"programme.{case.programme}.{name}")


def _texts(model: ReportModel, case: CaseTables, names: Iterable[str]) -> tuple[str, ...]:
    """The sentences of a programme's findings, without its name before each."""
    title, told = model.title_of(case.programme), []
    for name in names:
        finding = _of(model, case, name)
        if finding is not None and finding.text and finding.value is not None:
            told.append(without_name(finding.text, title))
    return tuple(told)


def _month(day: date, words: Mapping[str, str]) -> str:
    return words["month_short"].format(month=words["months_short"].split(",")[day.month - 1], year=day.year)
