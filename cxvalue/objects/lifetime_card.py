"""The cards of models of purchases and of spend, and of the value of customers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from cxvalue.figures.histories import frequency_recency, spend_of_customers
from cxvalue.figures.lifetime import equity_by_decile, equity_interval, p_alive_distribution
from cxvalue.findings.numbers import format_level
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.shown import Summary
from cxvalue.language.catalogue import translatable, translate
from cxvalue.lifetime.families.registry import MODEL_TITLES, at_limit
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel
from cxvalue.lifetime.prediction.value import CustomerValue
from cxvalue.objects.amounts import amount, row
from cxvalue.objects.cards import describe, frame_of, pictures_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cxvalue.tables.states import PurchaseStates

_STATUS = {
    "ok": translatable("sound"),
    "degenerate": translatable("degenerate"),
    "not_converged": translatable("not converged"),
}
_UNITS = {
    "day": translatable("day"),
    "week": translatable("week"),
    "month": translatable("month"),
    "quarter": translatable("quarter"),
}


@describe.register(LifetimeModel)
def _(shown: LifetimeModel, currency: str) -> Summary:
    told = {
        "model": MODEL_TITLES[shown.name],
        "customers": shown.customers,
        "unit": _unit(shown.time_unit.value),
        "likelihood": shown.log_likelihood,
        "status": translate(_STATUS[shown.status]),
    }
    line = (
        translate(
            "{model}: {customers:,} customers, one opportunity a {unit}, log-likelihood {likelihood:,.2f}, {status}",
            **told,
        )
        if shown.family.by_period
        else translate(
            "{model}: {customers:,} customers, unit {unit}, log-likelihood {likelihood:,.2f}, {status}", **told
        )
    )
    limits = at_limit(shown.name, shown.params)
    rows = _parameters(shown.params, shown.bounds(), limits)
    texts = [shown.reason]
    if limits:
        texts.append(
            translate("At its limit: larger or smaller values of it give the same forecast, so it has no range.")
        )
    return Summary(line, rows, tuple(filter(None, texts)))


@describe.register(SpendModel)
def _(shown: SpendModel, currency: str) -> Summary:
    mean = amount(shown.population_mean(), currency)
    line = translate(
        "Gamma-Gamma: {customers:,} repeat customers, {mean} per purchase, {status}",
        customers=shown.customers,
        mean=mean,
        status=translate(_STATUS[shown.status]),
    )
    rows = (
        *_parameters(shown.params, shown.bounds() if shown.params else {}, frozenset()),
        (translate("mean of a purchase"), mean, ""),
        (translate("correlation of frequency and spend"), amount(shown.pearson), translate("taken as 0")),
    )
    texts = [shown.reason]
    if shown.pays is not None:
        texts.append(translate("{share:.1%} of purchases bring money.", share=shown.pays.mean))
    return Summary(line, rows, tuple(filter(None, texts)))


@describe.register(CustomerValue)
def _(shown: CustomerValue, currency: str) -> Summary:
    months = shown.horizon_months
    rows = (
        row(translate("customer equity over {months:g} months", months=months), shown.equity, currency),
        row(translate("purchases over {months:g} months", months=months), shown.expected_purchases),
        row(translate("purchases over {months:g} months", months=12), shown.expected_purchases_12m),
        row(translate("value of a new customer"), shown.new_customer, currency),
        (translate("margin for each unit of revenue"), amount(shown.margin_rate), ""),
    )
    _, value, ends = rows[0]
    line = translate(
        "CustomerValue: {value} of margin from {customers:,} customers over {months:g} months at {rate} a year, {range} "
        "({level}), {model}",
        value=value,
        customers=shown.cltv.size,
        months=months,
        rate=format_level(shown.annual_discount_rate),
        range=ends,
        level=format_level(shown.level),
        model=MODEL_TITLES.get(shown.model, shown.model),
    )
    return Summary(line, rows, (shown.withheld,) if shown.withheld else ())


@frame_of.register(LifetimeModel)
@frame_of.register(SpendModel)
def _(shown: LifetimeModel | SpendModel) -> pd.DataFrame:
    bounds = shown.bounds() if shown.params else {}
    rows = [[name, value, shown.se[name], *bounds[name]] for name, value in shown.params.items()]
    return pd.DataFrame(rows, columns=["parameter", "estimate", "se", "low", "high"])


@frame_of.register(CustomerValue)
def _(shown: CustomerValue) -> pd.DataFrame:
    names = ("cltv", "cltv_low", "cltv_high", "expected_transactions", "p_alive", "p_return_90d", "rhythm_broken")
    return pd.DataFrame({name: getattr(shown, name) for name in names})


@pictures_of.register(LifetimeModel)
def _(shown: LifetimeModel) -> Mapping[str, Callable[..., Figure]]:
    def expected(currency: str, *, states: PurchaseStates | None = None, horizon_months: float = 12) -> Figure:
        if states is None:
            raise CxvalueError("This picture needs the histories that the model was fitted on: plot(states=...).")
        seen: dict[str, Any] = {"frequency": states.frequency, "age_days": states.age_days}
        return frequency_recency(shown.typical, pd.DataFrame(seen), horizon_months, states.as_of)

    return {"expected": expected}


@pictures_of.register(SpendModel)
def _(shown: SpendModel) -> Mapping[str, Callable[..., Figure]]:
    params = shown.params if shown.usable else {}
    # The law is that of purchases that pay; so is the mean beside it.
    mean = shown.population_mean() / (1.0 if shown.pays is None else shown.pays.mean)
    return {"spend": lambda currency: spend_of_customers(params, mean, currency)}


@pictures_of.register(CustomerValue)
def _(shown: CustomerValue) -> Mapping[str, Callable[..., Figure]]:
    return {
        "value": lambda currency: equity_by_decile(shown.cltv, currency),
        "equity": lambda currency: equity_interval(*shown.equity, currency, level=shown.level),
        "alive": lambda currency: p_alive_distribution(shown.p_alive),
    }


def _parameters(
    params: Mapping[str, float], bounds: Mapping[str, tuple[float, float]], limits: frozenset[str]
) -> tuple[tuple[str, str, str], ...]:
    rows = []
    for name, value in params.items():
        low, high = bounds.get(name, (math.nan, math.nan))
        known = name not in limits and math.isfinite(low) and math.isfinite(high)
        shown = translate("at its limit") if name in limits else translate("{number:,.4g}", number=value)
        rows.append((name, shown, translate("{low:,.4g} to {high:,.4g}", low=low, high=high) if known else ""))
    return tuple(rows)


def _unit(unit: str) -> str:
    return translate(_UNITS[unit]) if unit in _UNITS else unit
