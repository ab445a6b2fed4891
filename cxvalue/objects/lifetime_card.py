"""The cards of models of purchases and of spend, and of the value of customers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cxvalue.figures.lifetime import equity_by_decile, equity_interval, frequency_recency, p_alive_distribution
from cxvalue.findings.numbers import format_level
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.shown import Summary
from cxvalue.lifetime.families.registry import MODEL_TITLES, at_limit
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel
from cxvalue.lifetime.prediction.value import CustomerValue
from cxvalue.objects.amounts import amount, row
from cxvalue.objects.cards import describe, frame_of, pictures_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from cxvalue.tables.states import PurchaseStates

__all__ = ["describe", "frame_of", "pictures_of"]

_STATUS = {"ok": "sound", "degenerate": "degenerate", "not_converged": "not converged"}


@describe.register(LifetimeModel)
def _(shown: LifetimeModel, currency: str) -> Summary:
    clock = f"{'one opportunity a' if shown.family.by_period else 'unit'} {shown.time_unit.value}"
    line = (
        f"{MODEL_TITLES[shown.name]}: {shown.customers:,} customers, {clock}, log-likelihood "
        f"{shown.log_likelihood:,.2f}, {_STATUS[shown.status]}"
    )
    limits = at_limit(shown.name, shown.params)
    rows = _parameters(shown.params, shown.bounds(), limits)
    texts = [shown.reason]
    if limits:
        texts.append("At its limit: larger or smaller values of it forecast the same, so it has no range.")
    return Summary(line, rows, tuple(filter(None, texts)))


@describe.register(SpendModel)
def _(shown: SpendModel, currency: str) -> Summary:
    mean = amount(shown.population_mean(), currency)
    line = f"Gamma-Gamma: {shown.customers:,} repeat customers, {mean} a purchase, {_STATUS[shown.status]}"
    rows = (
        *_parameters(shown.params, shown.bounds() if shown.params else {}, frozenset()),
        ("mean of a purchase", mean, ""),
        ("correlation of frequency and spend", amount(shown.pearson), "taken as 0"),
    )
    texts = [shown.reason]
    if shown.pays is not None:
        texts.append(f"{shown.pays.mean:.1%} of purchases bring money.")
    return Summary(line, rows, tuple(filter(None, texts)))


@describe.register(CustomerValue)
def _(shown: CustomerValue, currency: str) -> Summary:
    months = shown.horizon_months
    rows = (
        row(f"customer equity over {months} months", shown.equity, currency),
        row(f"purchases over {months} months", shown.expected_purchases),
        row("purchases over 12 months", shown.expected_purchases_12m),
        row("value of a new customer", shown.new_customer, currency),
        ("margin for each unit of revenue", amount(shown.margin_rate), ""),
    )
    _, value, ends = rows[0]
    line = (
        f"CustomerValue: {value} of margin from {shown.cltv.size:,} customers over {months} months at "
        f"{format_level(shown.annual_discount_rate)} a year, {ends} ({format_level(shown.level)}), "
        f"{MODEL_TITLES.get(shown.model, shown.model)}"
    )
    return Summary(line, rows, (shown.withheld,) if shown.withheld else ())


@frame_of.register(LifetimeModel)
@frame_of.register(SpendModel)
def _(shown: LifetimeModel | SpendModel) -> pd.DataFrame:
    import pandas as pd

    bounds = shown.bounds() if shown.params else {}
    rows = [[name, value, shown.se[name], *bounds[name]] for name, value in shown.params.items()]
    return pd.DataFrame(rows, columns=["parameter", "estimate", "se", "low", "high"])


@frame_of.register(CustomerValue)
def _(shown: CustomerValue) -> pd.DataFrame:
    import pandas as pd

    names = ("cltv", "cltv_low", "cltv_high", "expected_transactions", "p_alive", "p_return_90d", "rhythm_broken")
    return pd.DataFrame({name: getattr(shown, name) for name in names})


@pictures_of.register(LifetimeModel)
def _(shown: LifetimeModel) -> Mapping[str, Callable[..., Figure]]:
    def expected(currency: str, *, states: PurchaseStates | None = None, horizon_months: float = 12) -> Figure:
        if states is None:
            raise CxvalueError("This picture needs the histories that the model was fitted on: plot(states=...).")
        import pandas as pd

        seen: dict[str, Any] = {"frequency": states.frequency, "age_days": states.age_days}
        return frequency_recency(shown.typical, pd.DataFrame(seen), horizon_months, states.as_of)

    return {"expected": expected}


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
        shown = "at its limit" if name in limits else f"{value:,.4g}"
        rows.append((name, shown, f"{low:,.4g} to {high:,.4g}" if known else ""))
    return tuple(rows)
