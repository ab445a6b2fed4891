"""The sentences on how the forecast did in money, on payback, on the value levers and on the horizons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.lifetime.prediction.levers import lasting
from cxvalue.questions.lifetime_value.base_forecast import candidate_title
from cxvalue.questions.lifetime_value.findings import WRITER
from cxvalue.questions.lifetime_value.horizons import levers_table
from cxvalue.questions.lifetime_value.seasonality import MONTH_NAMES

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.findings.finding import Finding
    from cxvalue.findings.writer import FindingWriter, Value
    from cxvalue.foundation.intervals import Interval
    from cxvalue.lifetime import Lever, ValueLevers
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.questions.lifetime_value.horizons import Payback
    from cxvalue.questions.lifetime_value.past_forecasts import MarginBacktest

__all__ = [
    "BACKTEST",
    "backtest_finding",
    "horizons_sentence",
    "levers_report",
    "rolling_sentence",
    "season_findings",
    "value_findings",
]

BACKTEST = "The forecast made before the last stretch of the history, in money"


def value_findings(
    tested: MarginBacktest | None, payback: Payback | None, *, currency: str, discount: float, thing: str = "purchase"
) -> list[Finding]:
    """The findings ``cltv.backtest`` and, where the cost of winning a customer is known, ``cltv.payback_months``.

    `thing` is one of what the models count, in words (`CltvFit.thing`).
    """
    paid_back = [_payback(payback, currency, discount, thing)] if payback is not None else []
    return [_backtest(tested, currency), *paid_back]


def season_findings(fit: CltvFit, level: float = 0.95) -> list[Finding]:
    """The finding ``cltv.season``, where the history is long enough to ask for one: the highest month of the year."""
    season = fit.season
    if season is None or season.index is None:
        return []
    found = season.index
    top, bottom = max(range(12), key=found.index.__getitem__), min(range(12), key=found.index.__getitem__)
    high, low = found.index[top] - 1, 1 - found.index[bottom]
    numbers = None if season.reason else (high, found.low[top] - 1, found.high[top] - 1)
    if season.reason:
        text = f"{season.reason} The forecast takes every month alike."
    else:
        text = (
            f"Purchases follow the seasons: {high:.0%} above an average month in {MONTH_NAMES[top]}, {low:.0%} below it "
            f"in {MONTH_NAMES[bottom]}."
        )
        text += (
            " The forecast follows them, because that foresaw the part of the history held back better."
            if fit.seasonal
            else " The forecast does not follow them: on the part of the history held back that was no better."
        )
    method = (
        f"Repeat purchases of {found.months} calendar months against what a model without a season expects of the "
        "customers as they were acquired, beside a trend; shrunk by what is noise. An F test at 1% says whether there is a "
        "season; the forecast follows it only where that foresaw the holdout and its first three months better."
    )
    writer = replace(WRITER, grade="C", level=level)
    return [writer.write("season", "Season of the purchases, highest month", numbers, "share", text, method)]


def _backtest(tested: MarginBacktest | None, currency: str) -> Finding:
    if tested is None:
        reason = "the history is too short to hold part of it back and forecast it in money."
        return WRITER.withhold("backtest", BACKTEST, reason, currency)
    method = (
        f"{candidate_title(tested.model).capitalize() if tested.model == 'combination' else MODEL_TITLES[tested.model]}: "
        "models, spend and margin rate from data up to {asked} only; not discounted. Actual is the margin of the same "
        "customers from {start} to {until}."
    )
    writer, span = replace(WRITER, method=method), (tested.start, tested.until)
    said, came, level = tested.predicted, tested.actual, tested.level
    return backtest_finding(writer, said, came, tested.customers, span, currency=currency, level=level)


def backtest_finding(
    writer: FindingWriter,
    said: Interval,
    came: float,
    customers: int,
    span: tuple[date, date],
    *,
    currency: str,
    level: float,
) -> Finding:
    """The finding ``cltv.backtest``: what would have been said of a past span in money, and what came.

    Args:
        writer: with a method that has places for asked, start and until.
        customers: how many were known on the day before the span, of which alone `said` and `came` are.
        span: its first and its last day.
    """
    asked, start, until = (format_date(day) for day in (span[0] - timedelta(days=1), *span))
    verdict = "inside that range"
    if not said.low <= came <= said.high:
        verdict = f"{'more' if came > said.high else 'less'} than its own range allowed"
    side = "low" if said.value < came else "high"
    off = f", {abs(said.value / came - 1):.1%} too {side}" if came > 0 else ""
    text = (
        f"Forecast made with data to {asked} for the margin of the {customers:,} customers of that day up to {until}: "
        f"{format_value(said.value, currency)}, {format_range(said.low, said.high, currency)} with "
        f"{format_level(level)} probability{off}. Actual: {format_value(came, currency)}, {verdict}."
    )
    method = writer.method.format(asked=asked, start=start, until=until)
    return writer.write("backtest", BACKTEST, said, currency, text, method, grade="C", level=level)


def _payback(payback: Payback, currency: str, discount: float, thing: str) -> Finding:
    cost = format_value(payback.cost, currency)
    months: Value = payback.months
    if payback.months is not None and payback.low is not None and payback.high is not None:
        months = (payback.months, payback.low, payback.high)
    if payback.months is None:
        text = (
            f"A new customer costs {cost} to win and is not expected to pay that back within {payback.longest} months."
        )
    elif payback.months == 0:
        text = f"A new customer costs {cost} to win; the mean margin of the first {thing} already covers it."
    else:
        within = format_value(payback.months, "months")
        text = f"A new customer costs {cost} to win and is expected to pay that back within {within}."
    method = (
        f"First month by whose end the expected margin of a new customer, the first {thing} included, discounted at "
        f"{format_level(discount)} a year, reaches the mean acquisition cost of the customers table. The range is for the "
        "expectation."
    )
    writer = replace(WRITER, grade="C", level=payback.level)
    return writer.write("payback_months", "Payback of the cost of winning a customer", months, "months", text, method)


def levers_report(levers: ValueLevers, currency: str, thing: str = "purchase") -> pd.DataFrame:
    """The table of the value levers with a sentence for each in the column text, as published in ``levers.csv``.

    `thing` is one of what the models count, in words (`CltvFit.thing`).
    """
    table = levers_table(levers)
    table["text"] = [lever.withheld or _lever(lever, levers, currency, thing) for lever in levers.levers]
    return table


def _lever(lever: Lever, levers: ValueLevers, currency: str, thing: str) -> str:
    gain, months = lever.gain, levers.horizon_months
    worth = f"{format_value(abs(gain.value), currency)} {'more' if gain.value >= 0 else 'less'} over {months} months"
    low, high = sorted((abs(gain.low), abs(gain.high))) if gain.low * gain.high > 0 else (gain.low, gain.high)
    between = f"({format_range(low, high, currency)})"
    if lever.name == "retention":
        return (
            f"If of every hundred customers who are still there one more stayed for the next 12 months "
            f"({lever.after:.1%} instead of {lever.before:.1%}), today's customers would bring {worth} {between}."
        )
    if lever.name == "purchase":
        oftener, times = "once more a year", "times"
        if thing != "purchase":
            period = thing.split()[0]
            oftener, times = f"in one {period} a year more", f"{period}s"
        return (
            f"If the {levers.active:,} active customers bought {oftener} while they stay ({lever.after:.1f} "
            f"instead of {lever.before:.1f} {times}), they would bring {worth} {between}."
        )
    if lever.name == "margin":
        one = format_value(lever.change, currency)
        return f"If every {thing} left {one} more of margin, today's customers would bring {worth} {between}."
    return (
        f"If nothing is done while the market takes {format_level(lever.change)} of the purchases a year for "
        f"{lasting(levers.horizon_months)}, today's customers are forecast to bring {worth} {between}."
    )


def horizons_sentence(table: pd.DataFrame, discount: float, currency: str) -> str:
    """One sentence on `cltv_value.horizons_table`: how much of the value lies far away, and what the rate does to it."""
    endless = table[table["horizon_months"].isna()]
    own = table[table["annual_discount_rate"] == discount]
    withheld = own[own["horizon_months"].isna()]["withheld"].iloc[0]
    finite = own[own["horizon_months"].notna()]
    said = ", ".join(
        f"{format_value(row.value, currency)} over {row.horizon_months} months "
        f"({format_range(row.low, row.high, currency)})"
        for row in finite.itertuples()
    )
    if withheld:
        return f"Today's customers are forecast to bring {said}. {withheld}"
    value = float(own[own["horizon_months"].isna()]["value"].iloc[0])
    known = endless["value"].dropna()
    return (
        f"Today's customers are forecast to bring {said}, and {format_value(value, currency)} without an end; the last "
        f"figure rests on years that nobody has seen yet and moves {format_range(known.min(), known.max(), currency)} when "
        f"the discount rate moves by five points, so plan with a stated horizon."
    )


def rolling_sentence(table: pd.DataFrame, fit: CltvFit) -> str:
    """One sentence on `rolling.rolling_table`: how the chosen model did from several dates."""
    mine = table[table["model"] == fit.selected]
    if mine.empty:
        return "The history is too short for forecasts from several past dates."
    title = MODEL_TITLES[fit.selected]
    dates, days = len(mine), int(mine["days"].iloc[0])
    first = int(mine["best"].sum())
    known = mine["relative_bias"].dropna()
    spread = f"{known.min():+.1%} to {known.max():+.1%}".replace("-", "−") if len(known) else "an unknown share"
    return (
        f"Asked on {dates} different dates for the next {days} days, {title} was off by {spread} in total {fit.things}; it "
        f"had the best log score on {first} of the {dates} dates."
    )
