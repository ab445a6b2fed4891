"""The sentences on how the forecast did in money, on payback, on the season and on the horizons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_level, format_range, format_value
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.lifetime.families.registry import MODEL_TITLES
from cxvalue.questions.lifetime_value.findings import WRITER, signed_share
from cxvalue.questions.lifetime_value.seasonality import MONTH_NAMES

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.findings.finding import Finding
    from cxvalue.findings.writer import FindingWriter, Value
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.questions.lifetime_value.horizons import Payback
    from cxvalue.questions.lifetime_value.past_forecasts import MarginBacktest


def value_findings(
    tested: MarginBacktest | None, payback: Payback | None, *, currency: str, discount: float, thing: str = "purchase"
) -> list[Finding]:
    """The findings ``cltv.backtest`` and, where the cost of winning a customer is known, ``cltv.payback_months``.

    `thing` is one of what the models count, in words (`CltvFit.thing`).
    """
    paid_back = [_payback(payback, currency, discount, thing)] if payback is not None else []
    return [_backtest(tested, currency), *paid_back]


def season_findings(fit: CltvFit) -> list[Finding]:
    """The finding ``cltv.season``, where the history is long enough to ask for one: the highest month of the year."""
    season = fit.season
    if season is None or season.index is None:
        return []
    found = season.index
    top, bottom = max(range(12), key=found.index.__getitem__), min(range(12), key=found.index.__getitem__)
    high, low = found.index[top] - 1, 1 - found.index[bottom]
    numbers = None if season.reason else (high, found.low[top] - 1, found.high[top] - 1)
    if season.reason:
        text = f"{season.reason} {translate('The forecast treats all months alike.')}"
    else:
        text = translate(
            "Purchases follow the seasons: {high:.0%} above an average month in {top}, {low:.0%} below it in {bottom}.",
            high=high,
            top=translate(MONTH_NAMES[top]),
            low=low,
            bottom=translate(MONTH_NAMES[bottom]),
        )
        followed = (
            translate("The forecast follows them, because it was more accurate on the holdout that way.")
            if fit.seasonal
            else translate("The forecast does not follow them: it was no more accurate on the holdout that way.")
        )
        text = f"{text} {followed}"
    method = translate(
        "Repeat purchases of {months} calendar months compared with what a model without a season "
        "expects of the customers acquired by then, with a trend beside it; shrunk by the share that is "
        "noise. An F test at 1% says whether there is a season; the forecast follows it only where it "
        "was more accurate that way on the holdout and on its first three months.",
        months=found.months,
    )
    writer, label = replace(WRITER, grade="C", level=0.95), translate("Season of the purchases, highest month")
    return [writer.write("season", label, numbers, "share", text, method)]


def _backtest(tested: MarginBacktest | None, currency: str) -> Finding:
    if tested is None:
        reason = translate("the history is too short to hold part of it back and forecast it in money.")
        return WRITER.withhold("backtest", backtest_label(), reason, currency)
    days = _days_of((tested.start, tested.until))
    method = (
        translate(
            "All combined: models, spend and margin rate from data up to {asked} only; not discounted. Actual is the margin "
            "of the same customers from {start} to {until}.",
            **days,
        )
        if tested.model == "combination"
        else translate(
            "{model}: models, spend and margin rate from data up to {asked} only; not discounted. Actual is the margin of "
            "the same customers from {start} to {until}.",
            model=MODEL_TITLES[tested.model],
            **days,
        )
    )
    writer, span = replace(WRITER, method=method), (tested.start, tested.until)
    said, came, level = tested.predicted, tested.actual, tested.level
    return backtest_finding(writer, said, came, tested.customers, span, currency=currency, level=level)


def _days_of(span: tuple[date, date]) -> dict[str, str]:
    """The day before a span, its first and its last, written."""
    asked, start, until = (format_date(day) for day in (span[0] - timedelta(days=1), *span))
    return {"asked": asked, "start": start, "until": until}


def backtest_label() -> str:
    """What ``cltv.backtest`` is."""
    return translate("A past forecast of the money, checked against the actual")


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
        writer: with the method.
        customers: how many were known on the day before the span, of which alone `said` and `came` are.
        span: its first and its last day.
    """
    days = _days_of(span)
    told = {
        "asked": days["asked"],
        "until": days["until"],
        "customers": customers,
        "value": format_value(said.value, currency),
        "range": format_range(said.low, said.high, currency),
        "sure": format_level(level),
    }
    if came <= 0:
        forecast = translate(
            "Forecast made with data to {asked} for the margin of the {customers:,} customers of that day up to {until}: "
            "{value}, {range} with {sure} probability.",
            **told,
        )
    elif said.value < came:
        forecast = translate(
            "Forecast made with data to {asked} for the margin of the {customers:,} customers of that day up to {until}: "
            "{value}, {range} with {sure} probability, {off:.1%} too low.",
            **told,
            off=abs(said.value / came - 1),
        )
    else:
        forecast = translate(
            "Forecast made with data to {asked} for the margin of the {customers:,} customers of that day up to {until}: "
            "{value}, {range} with {sure} probability, {off:.1%} too high.",
            **told,
            off=abs(said.value / came - 1),
        )
    actual = format_value(came, currency)
    if said.low <= came <= said.high:
        verdict = translate("Actual: {actual}, inside that range.", actual=actual)
    elif came > said.high:
        verdict = translate("Actual: {actual}, above that range.", actual=actual)
    else:
        verdict = translate("Actual: {actual}, below that range.", actual=actual)
    text = f"{forecast} {verdict}"
    return writer.write("backtest", backtest_label(), said, currency, text, grade="C", level=level)


def _payback(payback: Payback, currency: str, discount: float, thing: str) -> Finding:
    cost, bought = format_value(payback.cost, currency), thing == "purchase"
    months: Value = payback.months
    if payback.months is not None and payback.low is not None and payback.high is not None:
        months = (payback.months, payback.low, payback.high)
    if payback.months is None:
        text = translate(
            "A new customer costs {cost} to win and is not expected to pay that back within {longest} months.",
            cost=cost,
            longest=payback.longest,
        )
    elif payback.months == 0 and bought:
        text = translate(
            "A new customer costs {cost} to win; the mean margin of the first purchase already covers it.", cost=cost
        )
    elif payback.months == 0:
        text = translate(
            "A new customer costs {cost} to win; the mean margin of the first {thing} already covers it.",
            cost=cost,
            thing=translate(thing),
        )
    else:
        text = translate(
            "A new customer costs {cost} to win and is expected to pay that back within {months}.",
            cost=cost,
            months=format_value(payback.months, "months"),
        )
    rate = format_level(discount)
    method = (
        translate(
            "First month by whose end the expected margin of a new customer, the first purchase included, discounted at "
            "{rate} a year, reaches the mean acquisition cost of the customers table. The range is for the expectation.",
            rate=rate,
        )
        if bought
        else translate(
            "First month by whose end the expected margin of a new customer, the first {thing} included, discounted at "
            "{rate} a year, reaches the mean acquisition cost of the customers table. The range is for the expectation.",
            thing=translate(thing),
            rate=rate,
        )
    )
    writer, label = (
        replace(WRITER, grade="C", level=payback.level),
        translate("Payback of the cost of winning a customer"),
    )
    return writer.write("payback_months", label, months, "months", text, method)


def horizons_sentence(table: pd.DataFrame, discount: float, currency: str) -> str:
    """One sentence on `cltv_value.horizons_table`: how much of the value lies far away, and what the rate does to it."""
    endless = table[table["horizon_months"].isna()]
    own = table[table["annual_discount_rate"] == discount]
    withheld = own[own["horizon_months"].isna()]["withheld"].iloc[0]
    finite = own[own["horizon_months"].notna()]
    said = enumerated(
        translate(
            "{value} over {months} months ({range})",
            value=format_value(row.value, currency),
            months=row.horizon_months,
            range=format_range(row.low, row.high, currency),
        )
        for row in finite.itertuples()
    )
    if withheld:
        told = translate("Today's customers are forecast to bring {values}.", values=said)
        return f"{told} {withheld}"
    value = float(own[own["horizon_months"].isna()]["value"].iloc[0])
    known = endless["value"].dropna()
    return translate(
        "Today's customers are forecast to bring {values}, and {value} with no time limit; the last "
        "figure rests on years that nobody has seen yet and changes {range} when the discount rate "
        "changes by five points, so plan with a stated horizon.",
        values=said,
        value=format_value(value, currency),
        range=format_range(known.min(), known.max(), currency),
    )


def rolling_sentence(table: pd.DataFrame, fit: CltvFit) -> str:
    """One sentence on `rolling.rolling_table`: how the chosen model did from several dates."""
    mine = table[table["model"] == fit.selected]
    if mine.empty:
        return translate("The history is too short for forecasts from several past dates.")
    known = mine["relative_bias"].dropna()
    asked = {
        "dates": len(mine),
        "days": int(mine["days"].iloc[0]),
        "model": MODEL_TITLES[fit.selected],
        "things": translate(fit.things),
        "first": int(mine["best"].sum()),
    }
    if not len(known):
        return translate(
            "From {dates} different dates, the forecast of {model} for the next {days} days was off by an "
            "unknown share in total {things}; it had the best log score on {first} of the {dates} dates.",
            **asked,
        )
    return translate(
        "From {dates} different dates, the forecast of {model} for the next {days} days was off by {low}"
        " to {high} in total {things}; it had the best log score on {first} of the {dates} dates.",
        **asked,
        low=signed_share(known.min(), 1),
        high=signed_share(known.max(), 1),
    )
