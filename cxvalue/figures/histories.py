"""Figures of purchase histories and of spend: how often customers came back, and what different customers spend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.figures import style
from cxvalue.figures.style import LIGHT, MAIN, SECOND
from cxvalue.findings.numbers import format_range, format_value
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["repeat_purchases", "spend_of_customers"]

MOST_BARS = 15
"""Bars of a count of purchases; the last holds all beyond."""


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
        style.title(figure, translate("Nobody bought yet"))
        style.nothing_to_show(axes, translate("No customers"))
        return figure
    again = float(customers[often > 0].sum()) / total
    style.title(
        figure,
        translate(
            "{share} of {customers:,.0f} customers bought again", share=format_value(again, "share"), customers=total
        ),
    )
    top = min(int(often.max()), MOST_BARS)
    bars = np.bincount(np.minimum(often, top), weights=customers, minlength=top + 1)
    axes.bar(range(top + 1), bars, color=[LIGHT, *[MAIN] * top], width=0.8)
    beyond = int(often.max()) > top
    axes.set_xticks(range(top + 1), [*map(str, range(top)), f"{top}+" if beyond else str(top)])
    axes.set_xlabel(translate("Days with a further purchase"))
    axes.set_ylabel(translate("Customers"))
    axes.yaxis.set_major_formatter(style.unit_ticks(""))
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
        style.nothing_to_show(axes, translate("How customers differ could not be fitted"))
        return figure
    from scipy.stats import invgamma

    law = invgamma(params["q"], scale=params["p"] * params["gamma"])
    quarter, three, most = law.ppf([0.25, 0.75, 0.98])
    spread = format_range(float(quarter), float(three), currency)
    style.title(figure, translate("Half of the customers spend {range} on a purchase on average", range=spread))
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
    axes.xaxis.set_major_formatter(style.unit_ticks(currency))
    style.from_zero(axes)
    style.legend(figure, 2)
    return figure
