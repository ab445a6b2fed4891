"""Findings about a case beyond its verdict: its risks, a falling market, the point at which to stop, and goodwill rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_chance, format_date, format_level, format_range, format_value
from cxvalue.findings.writer import range_of
from cxvalue.foundation.intervals import Interval
from cxvalue.questions.programmes.case_findings import WRITER
from cxvalue.questions.programmes.declared_case import contribution_to_date
from cxvalue.questions.programmes.effect_findings import UNITS, title_of, writer_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cxvalue.findings.finding import Finding
    from cxvalue.findings.writer import Value
    from cxvalue.money import Case, Verdict, YearlyLoss
    from cxvalue.money.sensitivity import MarketMoves
    from cxvalue.questions.programmes.goodwill import GoodwillFit
    from cxvalue.study import Programme

__all__ = ["further_findings", "goodwill_findings", "market_findings", "risk_findings", "so_far_sentence"]


def risk_findings(case: Case, loss: YearlyLoss, name: str, *, currency: str) -> list[Finding]:
    """``risk_cost`` of a programme that states risks: a year's loss on average, with the range of single years."""
    if not case.settings.risks:
        return []
    title, (low, high) = title_of(name), _quantiles(loss)
    bad = (
        f"more than {format_value(loss.bad_year, currency)} in one year of twenty"
        if loss.bad_year > 0
        else "nothing at all in nineteen years of twenty"
    )
    text = (
        f"{title}: relaxing the rule costs {format_value(loss.mean, currency)} a year on average, and {bad}. "
        "This cost is already included in the net present value."
    )
    if loss.without_loss >= 0.005:
        text += f" About {_years(loss.without_loss)} without a loss."
    method = (
        f"Stated frequency × severity of {', '.join(one.name for one in case.settings.risks)}: Poisson numbers of "
        "log-normal losses. The range is for single years."
    )
    writer = replace(writer_of(WRITER, name, "C16"), grade="D")
    return [writer.write("risk_cost", "what the risks cost a year", (loss.mean, low, high), currency, text, method)]


def _years(share: float) -> str:
    """A share of years as people say it.

    >>> _years(0.0498), _years(0.6)
    ('one year in 20 passes', '6 years in 10 pass')
    """
    if share <= 0.25:
        return f"one year in {round(1 / share)} passes"
    return f"{round(10 * share)} years in 10 pass"


def _quantiles(loss: YearlyLoss) -> tuple[float, float]:
    import numpy as np

    low, high = np.quantile(loss.draws, [0.025, 0.975])
    return min(float(low), loss.mean), max(float(high), loss.mean)


def market_findings(
    case: Case, market: MarketMoves | None, name: str, *, currency: str, declared: bool = True
) -> list[Finding]:
    """``do_nothing``: what is lost over the horizon when nothing is done while the market moves.

    Withheld where the study declares an erosion and no margin of customers is known; nothing where it declares none.
    """
    title = title_of(name)
    writer, label = writer_of(WRITER, name, "C5"), "doing nothing while the market moves"
    if market is None:
        reason = "without purchases there is no usual margin that the market could take from."
        return [writer.withhold("do_nothing", label, reason, currency)] if declared else []
    lost = [-market.lost(case, share) for share in market.erosion]
    acting = case.changed(erosion_per_year=market.erosion[0])
    text = (
        f"{title}: if we do nothing and the market goes on taking {format_level(market.erosion[0])} of every customer's "
        f"margin a year, we lose {format_value(-lost[0], currency)} over the horizon "
        f"({format_range(min(-one for one in lost), max(-one for one in lost), currency)}). Even if the effect falls with "
        f"the market, the programme is worth {format_value(acting.npv.value, currency)}."
    )
    method = (
        "Stated erosion × usual margin of the case's customers in the months ahead, discounted; nominal, before tax."
    )
    spread = (lost[0], min(lost), max(lost))
    return [writer.write("do_nothing", label, spread, currency, text, method, grade="D")]


def further_findings(
    case: Case, verdict: Verdict | None, programme: Programme, *, currency: str, as_of: date
) -> list[Finding]:
    """``simple_payback_months``, and ``stop_below``: the measured effect at which the verdict would turn to FAIL."""
    title, simple = title_of(programme.name), case.simple_payback
    writer = replace(writer_of(WRITER, programme.name), grade=case.effect.grade)
    method = "Month after which the plain sum of the flows never falls below zero again."
    paid: Value = simple and (simple.value, simple.low, simple.high)
    if simple and not simple.high < float("inf"):
        paid = simple.value
    said = simple and f"Without discounting it has paid back after {format_value(simple.value, 'months')}."
    late = f"it does not pay back within {case.horizon_months} months."
    label = "payback without discounting"
    found = [writer.write("simple_payback_months", label, paid, "months", said or "", method, missing=late)]
    limit = None if verdict is None else verdict.stop_below
    if limit is None or programme.success is None:
        return found
    unit = UNITS[case.effect.outcome] or currency
    now = f"({format_value(case.effect.estimate, unit)} now)"
    text = (
        f"{title}: it takes an effect below {format_value(limit, unit)} per customer and month {now}, measured as exactly, "
        "to prove that the test is missed."
        if case.break_even is None
        else f"{title}: it no longer pays if the effect falls below {format_value(case.break_even, unit)} per customer and "
        f"month {now}, all else as it is."
    )
    when = programme.success.next_measurement
    text += (
        f" Next measurement: {format_date(when)}."
        if when
        else f" Measure again when three more months are in after {format_date(as_of)}."
    )
    if programme.success.stop_if:
        text += f" Agreed beforehand: stop if {programme.success.stop_if.rstrip('.')}."
    method = (
        "The effect at which the criterion would be met with a probability of 1 − confidence only, all else as it is: so "
        "low it must be measured, as exactly as now, for the verdict to turn to FAIL."
    )
    return [*found, writer.write("stop_below", "when to stop", limit, unit, text, method)]


def so_far_sentence(case: Case, *, currency: str) -> str:
    """The money so far beside the sum to date of the month table, and why the two are different figures."""
    value, last = contribution_to_date(case)[0], case.effect.last_month
    text = (
        f"Contribution up to {last:%B %Y}, as on the page: {format_value(value, currency)}, the measured effect of the "
        "customer-months so far less the costs so far, not discounted."
    )
    table = case.table()
    seen = table[table["month"] <= case.exposure.months_seen]
    if case.exposure.months_seen < 1:
        return f"{text} The months of the case lie after that."
    stated = [name for name, there in (("benefits", case.settings.benefits), ("risks", case.settings.risks)) if there]
    more = f", with the stated {' and '.join(stated)}" if stated else ""
    return (
        f"{text} The sum to date of the table after its {len(seen) - 1} observed months, "
        f"{format_value(float(seen['net_discounted_to_date'].iloc[-1]), currency)}, is that money as worth at the start: "
        f"discounted, month by month{more}."
    )


def goodwill_findings(fit: GoodwillFit, *, currency: str, level: float) -> list[Finding]:
    """``policy_cap``, ``policy_times``, ``policy_value`` and ``moral_hazard``: the recommended goodwill rule."""
    title = title_of(fit.name)
    now, none = fit.current, fit.cap == 0
    worth = format_value(fit.value, currency)
    in_force = (
        f"The rule in force (up to {format_value(fit.current_cap, currency)}, {_times(fit.current_times)}) is worth "
        f"{format_value(now['value'], currency)} a year ({format_range(now['low'], now['high'], currency)})."
    )
    advice = (
        f"{title}: none of the rules tried is worth more than it costs. {in_force}"
        if none
        else f"{title}: the best of the rules tried lets a customer off fees of up to {format_value(fit.cap, currency)}, "
        f"{_times(fit.times_per_year)}. It is worth {worth} a year for {fit.customers:,} customers "
        f"({format_range(fit.low, fit.high, currency)}), before the programme's running cost. {in_force}"
    )
    if not none and (fit.cap, fit.times_per_year) != (fit.current_cap, fit.current_times):
        advice += (
            " It goes beyond what was tried: its customers are assumed to respond like those let off so far."
            if fit.cap > fit.current_cap or fit.times_per_year > fit.current_times
            else ""
        )
        if now["high"] >= fit.low:
            advice += " The ranges overlap, so the data do not prove it better than the rule in force."
    best = f"It was the best rule in {format_chance(fit.chosen)} of the possible outcomes."
    kept = (
        "Handling is spare capacity and not counted."
        if fit.handling_class == "capacity"
        else f"Handling saved counts as {'cash' if fit.handling_class == 'cash' else 'planned cost avoided'}."
    )
    made = (
        f"{fit.fees:,} fees of the last 12 full months; waivers first come, first served within a customer's year. {kept} "
        f"More fees because of the rule: {fit.extra_source}. What let-off customers bring more: the measured effect with "
        "the fees given up put back, per customer let off, the same under every rule."
    )
    share = fit.extra_share
    more = "more" if share[0] >= 0 else "fewer"

    writer = replace(writer_of(WRITER, fit.name, "C1"), grade=fit.grade, level=level, method=made)

    def around(value: float, ends: Sequence[float]) -> Value:
        # No rule, a stated share, or a rule that every draw chooses: there is no range.
        low, high = ends
        return range_of(*Interval.holding(value, low, high))

    worth_of, cap = around(fit.value, (fit.low, fit.high)), around(fit.cap, fit.cap_range)
    often, added = around(fit.times_per_year, fit.times_range), around(share[0], share[1:])
    best_cap = "No cap pays." if none else f"The best cap is {format_value(fit.cap, currency)}. {best}"
    at_most = "No number pays." if none else f"A customer is best let off at most {_times(fit.times_per_year)}."
    ran_up = (
        f"With the programme customers run up {format_value(abs(share[0]), 'share')} {more} fees than without it "
        f"({format_range(share[1], share[2], 'share')}; {fit.extra_source})."
    )
    hazard = "more fees because they may be waived"
    return [
        writer.write("policy_value", "value of the best rule a year", worth_of, currency, advice),
        writer.write("policy_cap", "best cap", cap, currency, best_cap),
        writer.write("policy_times", "best number of times a year", often, "times a year", at_most),
        replace(writer, level=0.95).write("moral_hazard", hazard, added, "share", ran_up),
    ]


def _times(number: int) -> str:
    return {1: "once a year", 2: "twice a year"}.get(number, f"{number} times a year")
