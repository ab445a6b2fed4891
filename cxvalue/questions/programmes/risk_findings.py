"""Findings about a case beyond its verdict: its risks, a falling market, the point at which to stop, and goodwill rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.findings.numbers import format_chance, format_date, format_level, format_month, format_range, format_value
from cxvalue.findings.writer import range_of
from cxvalue.foundation.grades import lower_grade
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.language.words import enumerated
from cxvalue.questions.programmes.case_findings import WRITER, not_paid_back, perhaps_never
from cxvalue.questions.programmes.declared_case import contribution_to_date
from cxvalue.questions.programmes.effect_findings import UNITS, title_of, writer_of
from cxvalue.questions.programmes.verdict_sentences import not_yet_measured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cxvalue.findings.finding import Finding
    from cxvalue.findings.writer import Value
    from cxvalue.money import Case, Verdict, YearlyLoss
    from cxvalue.money.sensitivity import MarketMoves
    from cxvalue.questions.programmes.goodwill import GoodwillFit
    from cxvalue.study import Programme
    from cxvalue.study.money import Success

TIMES = "times a year"


def risk_findings(case: Case, loss: YearlyLoss, name: str, *, currency: str) -> list[Finding]:
    """``risk_cost`` of a programme that states risks: a year's loss on average, with the range of single years."""
    if not case.settings.risks:
        return []
    title, (low, high) = title_of(name), _quantiles(loss)
    told = {"title": title, "average": format_value(loss.mean, currency)}
    text = (
        translate(
            "{title}: relaxing the rule costs {average} a year on average, and more than {bad} in one year "
            "out of twenty. This cost is already included in the net present value.",
            bad=format_value(loss.bad_year, currency),
            **told,
        )
        if loss.bad_year > 0
        else translate(
            "{title}: relaxing the rule costs {average} a year on average, and nothing at all in nineteen "
            "years out of twenty. This cost is already included in the net present value.",
            **told,
        )
    )
    if loss.without_loss >= 0.005:
        text += f" {_years(loss.without_loss)}"
    method = translate(
        "Stated frequency × severity of {risks}: Poisson numbers of log-normal losses. The range is for single years.",
        risks=enumerated(one.name for one in case.settings.risks),
    )
    writer, label = replace(writer_of(WRITER, name, "C16"), grade="D"), translate("yearly cost of the risks")
    return [writer.write("risk_cost", label, (loss.mean, low, high), currency, text, method)]


def _years(share: float) -> str:
    """A share of years without a loss as people say it.

    >>> _years(0.0498), _years(0.6)
    ('About one year in 20 passes without a loss.', 'About 6 years in 10 pass without a loss.')
    """
    if share <= 0.25:
        return translate("About one year in {years:,} passes without a loss.", years=round(1 / share))
    return translate_count(
        "About {count:,} year in 10 passes without a loss.",
        "About {count:,} years in 10 pass without a loss.",
        round(10 * share),
    )


def _quantiles(loss: YearlyLoss) -> tuple[float, float]:
    low, high = np.quantile(loss.draws, [0.025, 0.975])
    return min(float(low), loss.mean), max(float(high), loss.mean)


def market_findings(
    case: Case, market: MarketMoves | None, name: str, *, currency: str, declared: bool = True
) -> list[Finding]:
    """``do_nothing``: what is lost over the horizon when nothing is done while the market moves.

    Withheld where the study declares an erosion and no margin of customers is known, or no month of the case lies ahead;
    nothing where it declares none.
    """
    title = title_of(name)
    writer, label = writer_of(WRITER, name, "C5"), translate("doing nothing while the market erodes")
    if market is None:
        reason = translate("without purchases there is no usual margin for the market to take from.")
        return [writer.withhold("do_nothing", label, reason, currency)] if declared else []
    if case.exposure.months_seen >= case.horizon_months:
        past = translate("no month of the case lies after the data, so there is nothing ahead for the market to take.")
        return [writer.withhold("do_nothing", label, past, currency)]
    lost = [-market.lost(case, share) for share in market.erosion]
    acting = case.changed(erosion_per_year=market.erosion[0])
    text = translate(
        "{title}: if we do nothing and the market keeps taking {share} of every customer's margin a year, we lose {lost} "
        "over the horizon ({range}). Even if the effect falls with the market, the programme is worth {npv}.",
        title=title,
        share=format_level(market.erosion[0]),
        lost=format_value(-lost[0], currency),
        range=format_range(min(-one for one in lost), max(-one for one in lost), currency),
        npv=format_value(acting.npv.value, currency),
    )
    method = translate(
        "Stated erosion × usual margin of the case's customers in the months ahead, discounted; nominal, before tax."
    )
    spread = (lost[0], min(lost), max(lost))
    return [writer.write("do_nothing", label, spread, currency, text, method, grade="D")]


def further_findings(
    case: Case, verdict: Verdict | None, programme: Programme, *, currency: str, as_of: date
) -> list[Finding]:
    """``simple_payback_months``, and ``stop_below``: the measured effect at which the verdict would turn to FAIL.

    What was switched off need not be stopped.
    """
    title, simple = title_of(programme.name), case.simple_payback
    writer = replace(writer_of(WRITER, programme.name), grade=case.effect.grade)
    later = writer
    if not_yet_measured(case, currency):
        later = replace(writer, grade=lower_grade(case.effect.grade, 1))
    method = translate("Month after which the undiscounted running total never falls below zero again.")
    paid: Value = simple and (simple.value, simple.low, simple.high)
    said = simple and translate(
        "Without discounting it has paid back after {time}.", time=format_value(simple.value, "months")
    )
    if simple and not simple.high < float("inf"):
        paid, said = simple.value, f"{said} {perhaps_never(case, case.simple_payback_draws)}"
    label, late = translate("payback without discounting"), not_paid_back(case)
    found = [later.write("simple_payback_months", label, paid, "months", said or "", method, missing=late)]
    limit = None if verdict is None else verdict.stop_below
    if limit is None or programme.success is None or case.effect.over:
        return found
    unit = UNITS[case.effect.outcome] or currency
    text = f"{_no_longer(case, title, limit, unit)} {_measured_next(programme.success, as_of)}"
    method = translate(
        "The effect at which the criterion would be met only with a probability of 1 − confidence, all "
        "else equal: measured this low, and as precisely as now, it would change the verdict to FAIL."
    )
    return [*found, writer.write("stop_below", translate("when to stop"), limit, unit, text, method)]


def _no_longer(case: Case, title: str, limit: float, unit: str) -> str:
    """The effect at which the programme no longer pays, or at which the test would be missed."""
    now = format_value(case.effect.estimate, unit)
    if case.break_even is None:
        return translate(
            "{title}: it takes an effect below {limit} per customer and month ({now} now), measured as "
            "precisely as now, to prove that the test is failed.",
            title=title,
            limit=format_value(limit, unit),
            now=now,
        )
    pays = translate(
        "{title}: it no longer pays if the effect falls below {limit} per customer and month ({now} now).",
        title=title,
        limit=format_value(case.break_even, unit),
        now=now,
    )
    fails = translate(
        "An effect measured below {limit}, as precisely as now, would prove that the goal is missed.",
        limit=format_value(limit, unit),
    )
    return f"{pays} {fails}"


def _measured_next(success: Success, as_of: date) -> str:
    """When to measure again, and what was agreed to stop at."""
    when = success.next_measurement
    text = (
        translate("Next measurement: {day}.", day=format_date(when))
        if when
        else translate(
            "Measure again when three more months of data are available after {day}.", day=format_date(as_of)
        )
    )
    if success.stop_if:
        agreed = translate("Agreed beforehand: stop if {condition}.", condition=success.stop_if.rstrip("."))
        return f"{text} {agreed}"
    return text


def so_far_sentence(case: Case, *, currency: str) -> str:
    """The money so far beside the sum to date of the month table, and why the two are different figures."""
    value, last = contribution_to_date(case)[0], case.effect.last_month
    text = translate(
        "Contribution up to {month}, as on the page: {amount}, the measured effect of the customer-months so far less the "
        "costs so far, not discounted.",
        month=format_month(last),
        amount=format_value(value, currency),
    )
    if case.exposure.months_seen < 1:
        later = translate("The months of the case come after that.")
        return f"{text} {later}"
    table = case.table()
    seen = table[table["month"] <= case.exposure.months_seen]
    to_date = format_value(float(seen["net_discounted_to_date"].iloc[-1]), currency)
    told = _sum_to_date(len(seen) - 1, to_date, bool(case.settings.benefits), bool(case.settings.risks))
    return f"{text} {told}"


def _sum_to_date(months: int, amount: str, benefits: bool, risks: bool) -> str:
    """What the sum to date of the month table holds beyond the measured effect and the costs."""
    if benefits and risks:
        return translate_count(
            "The table's running total after its {count:,} observed month, {amount}, is that money valued at"
            " the start: discounted, month by month, with the stated benefits and risks.",
            "The table's running total after its {count:,} observed months, {amount}, is that money valued "
            "at the start: discounted, month by month, with the stated benefits and risks.",
            months,
            amount=amount,
        )
    if benefits:
        return translate_count(
            "The table's running total after its {count:,} observed month, {amount}, is that money valued at"
            " the start: discounted, month by month, with the stated benefits.",
            "The table's running total after its {count:,} observed months, {amount}, is that money valued "
            "at the start: discounted, month by month, with the stated benefits.",
            months,
            amount=amount,
        )
    if risks:
        return translate_count(
            "The table's running total after its {count:,} observed month, {amount}, is that money valued at"
            " the start: discounted, month by month, with the stated risks.",
            "The table's running total after its {count:,} observed months, {amount}, is that money valued "
            "at the start: discounted, month by month, with the stated risks.",
            months,
            amount=amount,
        )
    return translate_count(
        "The table's running total after its {count:,} observed month, {amount}, is that money valued at"
        " the start: discounted, month by month.",
        "The table's running total after its {count:,} observed months, {amount}, is that money valued "
        "at the start: discounted, month by month.",
        months,
        amount=amount,
    )


def goodwill_findings(fit: GoodwillFit, *, currency: str, level: float) -> list[Finding]:
    """``policy_cap``, ``policy_times``, ``policy_value`` and ``moral_hazard``: the recommended goodwill rule."""
    share, none = fit.extra_share, fit.cap == 0
    writer = replace(writer_of(WRITER, fit.name, "C1"), grade=fit.grade, level=level, method=_how_made(fit))

    def around(value: float, ends: Sequence[float]) -> Value:
        # No rule, a stated share, or a rule that every draw chooses: there is no range.
        low, high = ends
        return range_of(*Interval.holding(value, low, high))

    worth_of, cap = around(fit.value, (fit.low, fit.high)), around(fit.cap, fit.cap_range)
    often, added = around(fit.times_per_year, fit.times_range), around(share[0], share[1:])
    best_cap = (
        translate("No cap pays.")
        if none
        else translate(
            "The best cap is {cap}. It was the best rule in {chance} of the possible outcomes.",
            cap=format_value(fit.cap, currency),
            chance=format_chance(fit.chosen),
        )
    )
    at_most = (
        translate("No number pays.")
        if none
        else translate("The best limit is {often} per customer.", often=format_value(fit.times_per_year, TIMES))
    )
    told = {
        "share": format_value(abs(share[0]), "share"),
        "range": format_range(share[1], share[2], "share"),
        "source": fit.extra_source,
    }
    ran_up = (
        translate("With the programme customers run up {share} more fees than without it ({range}; {source}).", **told)
        if share[0] >= 0
        else translate(
            "With the programme customers run up {share} fewer fees than without it ({range}; {source}).", **told
        )
    )
    hazard = translate("extra fees because they may be waived")
    best_rule, advice = translate("value of the best rule per year"), _advice(fit, currency)
    return [
        writer.write("policy_value", best_rule, worth_of, currency, advice),
        writer.write("policy_cap", translate("best cap"), cap, currency, best_cap),
        writer.write("policy_times", translate("best number of times per year"), often, TIMES, at_most),
        replace(writer, level=0.95).write("moral_hazard", hazard, added, "share", ran_up),
    ]


def _advice(fit: GoodwillFit, currency: str) -> str:
    """The recommended rule beside the one in force, and what speaks against it."""
    title, now = title_of(fit.name), fit.current
    in_force = translate(
        "The current rule (up to {cap}, {often}) is worth {value} a year ({range}).",
        cap=format_value(fit.current_cap, currency),
        often=format_value(fit.current_times, TIMES),
        value=format_value(now["value"], currency),
        range=format_range(now["low"], now["high"], currency),
    )
    if fit.cap == 0:
        return translate("{title}: none of the rules tried is worth more than it costs.", title=title) + f" {in_force}"
    best = translate(
        "{title}: the best of the rules tried waives fees of up to {cap}, {often}. It is worth {value} a"
        " year for {customers:,} customers ({range}), before the programme's running cost.",
        title=title,
        cap=format_value(fit.cap, currency),
        often=format_value(fit.times_per_year, TIMES),
        value=format_value(fit.value, currency),
        customers=fit.customers,
        range=format_range(fit.low, fit.high, currency),
    )
    texts = [best, in_force]
    if (fit.cap, fit.times_per_year) != (fit.current_cap, fit.current_times):
        if fit.cap > fit.current_cap or fit.times_per_year > fit.current_times:
            texts.append(
                translate(
                    "The best rule goes beyond anything tried so far: its customers are assumed to respond like "
                    "those whose fees have been waived."
                )
            )
        if now["high"] >= fit.low:
            texts.append(translate("The ranges overlap, so the data do not prove it better than the current rule."))
    return " ".join(texts)


def _how_made(fit: GoodwillFit) -> str:
    """How the value of a rule was computed."""
    counted = translate(
        "{fees:,} fees of the last 12 full months; waivers first come, first served within a customer's year.",
        fees=fit.fees,
    )
    handling = (
        translate("Handling time saved is spare capacity and not counted.")
        if fit.handling_class == "capacity"
        else translate("Handling time saved counts as cash.")
        if fit.handling_class == "cash"
        else translate("Handling time saved counts as planned cost avoided.")
    )
    invited = translate("Extra fees because of the rule: {source}.", source=fit.extra_source)
    brought = translate(
        "Extra margin of customers whose fees are waived: the measured effect with the waived fees added"
        " back, per such customer, the same under every rule."
    )
    return f"{counted} {handling} {invited} {brought}"
