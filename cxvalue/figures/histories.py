"""Figures of purchase histories: how often customers came back, what is expected of them then, what they spend."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxvalue.figures import style
from cxvalue.figures.style import LIGHT, MAIN, PALE, SECOND
from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from cxvalue.lifetime.models.model import LifetimeModel

MOST_BARS = 15
"""Bars of a count of purchases; the last holds all beyond."""

AGES = {
    "day": translatable("Age at the last purchase, days"),
    "week": translatable("Age at the last purchase, weeks"),
    "month": translatable("Age at the last purchase, months"),
    "quarter": translatable("Age at the last purchase, quarters"),
    "year": translatable("Age at the last purchase, years"),
}
EXPECTED = {
    (True, False): translatable("Expected purchases"),
    (True, True): translatable("Expected purchases, next {months:g} months"),
    (False, False): translatable("Expected {things}"),
    (False, True): translatable("Expected {things}, next {months:g} months"),
}
REACH = {
    (True, False): translatable(
        "Between {least} and {most} purchases are expected of a customer, by how often and how recently they bought"
    ),
    (True, True): translatable(
        "Between {least} and {most} purchases are expected of a customer in {months:g} months, by how often and how "
        "recently they bought"
    ),
    (False, False): translatable(
        "Between {least} and {most} {things} are expected of a customer, by how often and how recently they bought"
    ),
    (False, True): translatable(
        "Between {least} and {most} {things} are expected of a customer in {months:g} months, by how often and how "
        "recently they bought"
    ),
}
"""What the darkest and the lightest place of a matrix say, by whether purchases are counted and a horizon is known."""
THINGS = {
    "day": translatable("purchases"),
    "week": translatable("weeks with a purchase"),
    "month": translatable("months with a purchase"),
    "quarter": translatable("quarters with a purchase"),
    "year": translatable("years with a purchase"),
}
"""What models count, told where `things` stands."""


@style.drawn
def repeat_purchases(frequency: ArrayLike, count: ArrayLike | None = None) -> Figure:
    """How many customers bought again how often: a bar for each number of further purchase days, the last for all beyond.

    Args:
        frequency: further purchase days of each state.
        count: how many customers are in each state; one each where it is not given.
    """
    often = np.asarray(frequency, dtype=int)
    customers = np.ones(often.size) if count is None else np.asarray(count, dtype=float)
    figure, (axes,) = style.new_figure(3.3)
    total = float(customers.sum())
    if not total:
        return style.nothing_to_show(axes, translate("No customers"), translate("Nobody bought yet"))
    again = float(customers[often > 0].sum()) / total
    style.title(
        figure,
        translate(
            "{share} of {customers:,.0f} customers bought again", share=format_value(again, "share"), customers=total
        ),
    )
    top = min(int(often.max()), MOST_BARS)
    bars = np.bincount(np.minimum(often, top), weights=customers, minlength=top + 1)
    axes.bar(range(top + 1), bars, color=[PALE, *[MAIN] * top], width=0.8)
    beyond = int(often.max()) > top
    axes.set_xticks(range(top + 1), [*map(str, range(top)), f"{top}+" if beyond else str(top)])
    axes.set_xlabel(translate("Days with a further purchase"))
    style.scale(axes.yaxis, "", translate("Customers"))
    style.from_zero(axes)
    return figure


@style.drawn
def spend_of_customers(params: Mapping[str, float], mean: float, currency: str = "") -> Figure:
    """How customers differ in what they spend on a purchase on average, as a Gamma-Gamma model has it.

    A customer's mean is p / nu with nu ~ Gamma(q, gamma), so that it follows an inverse gamma law with the shape q and the
    scale p gamma (Fader and Hardie 2013, note 025). Without parameters only the `mean` of a purchase is known.
    """
    figure, (axes,) = style.new_figure(3.3)
    if not params:
        style.title(figure, translate("A purchase brings {mean} on average", mean=format_value(mean, currency)))
        return style.nothing_to_show(axes, translate("How customers differ could not be fitted"))
    from scipy.stats import invgamma

    law = invgamma(params["q"], scale=params["p"] * params["gamma"])
    quarter, three, most = law.ppf([0.25, 0.75, 0.98])
    spread = format_range(float(quarter), float(three), currency)
    style.title(figure, translate("Half of the customers spend {range} per purchase on average", range=spread))
    at = np.linspace(most / 400, most, 400)
    density = law.pdf(at)
    axes.plot(at, density, color=MAIN, linewidth=2)
    inside = (at >= quarter) & (at <= three)
    axes.fill_between(at[inside], 0, density[inside], color=LIGHT, label=translate("the middle half of the customers"))
    axes.axvline(mean, color=SECOND, linewidth=1.6, linestyle=(0, (4, 2)), label=translate("mean"))
    axes.set_xlabel(
        translate("Mean of a customer's purchases, {currency}", currency=currency)
        if currency
        else translate("Mean of a customer's purchases")
    )
    axes.set_ylabel(translate("Customers"))
    axes.set_yticks([])
    axes.set_xlim(0, most)
    style.scale(axes.xaxis, currency)
    style.from_zero(axes)
    style.legend(figure, 2)
    return figure


def frequency_recency(
    model: LifetimeModel, customers: pd.DataFrame, horizon_months: float, as_of: date | None = None
) -> Figure:
    """What a model expects of a customer as old as the oldest, by how often they bought and when they bought last.

    `customers` has the columns frequency and age_days of `tables/customers.parquet`; only their ranges are used. `as_of`
    is the last day observed, on which only a forecast that follows the seasons depends.
    """
    from cxvalue.tables.states import PurchaseStates

    style.need_columns(customers, ("frequency", "age_days"), "frequency_recency")
    age = int(customers["age_days"].max()) if len(customers) else 0
    most = int(np.ceil(customers["frequency"].quantile(0.995))) if len(customers) else 0
    last, often = np.unique(np.linspace(0, age, 40).round().astype(int)), _steps(max(most, 2), 24)
    # Somebody without a repeat purchase was last seen at age 0, everybody else later.
    pairs = [(x, t) for x in often for t in last if (t > 0) == (x > 0)]
    unit, things = model.time_unit, "purchases"
    if model.family.by_period:
        # Not more periods with a purchase than periods.
        ages, things = _steps(max(round(age / unit.days), 1), 40), THINGS[unit.value]
        pairs = [(x, round(t * unit.days)) for x in often for t in ages if (t > 0) == (x > 0) and x <= t]
        age = max(age, pairs[-1][1])
    frequency, recency = (np.array(part, dtype=np.int64) for part in zip(*pairs, strict=True))
    states = PurchaseStates(
        frequency=frequency,
        recency_days=recency,
        age_days=np.full(len(pairs), age, dtype=np.int64),
        count=np.ones(len(pairs), dtype=np.int64),
        time_unit=unit,
        as_of=as_of or date(1970, 1, 1),
    )
    expected = model.expected_transactions(states, unit.from_months(horizon_months))
    table = pd.DataFrame({"frequency": frequency, "recency": states.recency, "expected": expected})
    if model.family.by_period:
        table["recency"] = table["recency"].round()
    return expected_by_history(table, time_unit=unit.value, things=things, horizon_months=horizon_months)


@style.drawn
def expected_by_history(
    expected: pd.DataFrame, *, time_unit: str = "week", things: str = "purchases", horizon_months: float | None = None
) -> Figure:
    """What is expected of a customer, by how often they bought and how old they were at their last purchase.

    `expected` has the columns frequency (repeat purchases), recency (age at the last purchase, in `time_unit`) and
    expected; pairs that are not in it stay empty. `things` is what is counted, in words.
    """
    import seaborn

    style.need_columns(expected, ("frequency", "recency", "expected"), "expected_by_history")
    grid = expected.pivot_table(index="frequency", columns="recency", values="expected").sort_index(ascending=False)
    figure, (axes,) = style.new_figure(4.2)
    plain = things == "purchases"
    named = {} if plain else {"things": translate(things)}
    if grid.size == 0:
        return style.nothing_to_show(axes, translate("No customers"), translate("Nobody bought yet"))
    axes.grid(False)
    ahead = horizon_months is not None
    ends = {"least": expected["expected"].min(), "most": expected["expected"].max()}
    reach = {name: format_number(float(value), digits=2) for name, value in ends.items()}
    style.title(figure, translate(REACH[plain, ahead], months=horizon_months, **named, **reach))
    seaborn.heatmap(
        grid,
        ax=axes,
        cmap=seaborn.light_palette(MAIN, as_cmap=True),
        linewidths=0,
        cbar_kws={
            "format": style.unit_ticks(""),
            "label": translate(EXPECTED[plain, ahead], months=horizon_months, **named),
        },
        xticklabels=False,
        yticklabels=False,
    )
    style.vector_colours(figure)
    columns, rows = _spread(len(grid.columns)), _spread(len(grid.index))
    ages, counts = ([style.written(float(one), ",.0f") for one in axis] for axis in (grid.columns, grid.index))
    axes.set_xticks([place + 0.5 for place in columns], [ages[place] for place in columns])
    axes.set_yticks([place + 0.5 for place in rows], [counts[place] for place in rows], rotation=0)
    axes.set_xlabel(translate(AGES[time_unit]))
    axes.set_ylabel(translate("Repeat purchases") if plain else translate("Further {things}", **named))
    return figure


def _steps(top: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, top, min(top + 1, most)).round().astype(np.int64))


def _spread(length: int) -> list[int]:
    return _steps(length - 1, 8).tolist()
