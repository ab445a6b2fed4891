"""Figures of customers under contract: how long they stay, and how many come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GOOD, INK, MAIN, PALETTE
from cxvalue.findings.numbers import format_value
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.contracts.sbg import PERIODS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cxvalue.lifetime.contracts.sbg import RenewalModel


@style.drawn
def contract_flow(months: pd.DataFrame) -> Figure:
    """Customers who began and ended their relation in each month, and how many were under contract at its end.

    `months` has the columns month (first day), began, ended and active.
    """
    style.need_columns(months, ("month", "began", "ended", "active"), "contract_flow")
    figure, (flow, stock) = style.new_figure(4.6, 2, sharex=True)
    style.title(figure, _came_and_left(months))
    when = pd.to_datetime(months["month"])
    if not len(when):
        return style.nothing_to_show(flow, translate("No complete month"))
    flow.bar(when, months["began"], width=24, color=GOOD, label=translate("began"))
    flow.bar(when, -months["ended"], width=24, color=BAD, label=translate("ended"))
    flow.axhline(0, color=INK, linewidth=0.8)
    stock.plot(when, months["active"], color=MAIN, linewidth=2)
    style.from_zero(stock)
    for axes in (flow, stock):
        style.scale(axes.yaxis, "", ticks=4)
    style.panel_title(flow, translate("Began and ended, each month"))
    style.panel_title(stock, translate("Under contract at the end of the month"))
    style.month_axis(stock, when)
    style.legend(figure, 2)
    return figure


def _came_and_left(months: pd.DataFrame) -> str:
    if months.empty:
        return translate("How many customers come and go is not known yet")
    last = months.tail(12)
    return translate(
        "{active:,} customers are under contract: in {months} months {began:,} began and {ended:,} ended",
        active=int(last["active"].iloc[-1]),
        months=len(last),
        began=int(last["began"].sum()),
        ended=int(last["ended"].sum()),
    )


@style.drawn
def contract_survival(curve: pd.DataFrame, model: RenewalModel | None = None, *, horizon_months: int = 0) -> Figure:
    """Share of customers still under contract by age: as counted, and as the model continues it.

    `curve` has the columns segment, month, survival, low and high, a line a segment; the interval is drawn when there is
    only one. The model is drawn to `horizon_months` after the last age at which somebody left.
    """
    style.need_columns(curve, ("segment", "month", "survival", "low", "high"), "contract_survival")
    figure, (axes,) = style.new_figure(3.9)
    style.title(figure, _still_there(curve))
    if curve.empty:
        return style.nothing_to_show(axes, translate("Nobody has left yet"))
    names = list(dict.fromkeys(curve["segment"]))
    for place, name in enumerate(names):
        part = curve[curve["segment"] == name]
        months = np.append(0, part["month"])
        colour = MAIN if len(names) == 1 else PALETTE[place % len(PALETTE)]
        label = translate("counted") if len(names) == 1 else str(name)
        axes.step(months, np.append(1.0, part["survival"]), where="post", color=colour, linewidth=2, label=label)
        if len(names) == 1:
            low, high = np.append(1.0, part["low"]), np.append(1.0, part["high"])
            axes.fill_between(months, low, high, step="post", color=colour, alpha=0.18, linewidth=0)
    if model is not None:
        ages = np.arange(int(curve["month"].max()) + horizon_months + 1)
        chances = np.floor(ages * PERIODS_PER_YEAR[model.time_unit] / 12)
        axes.plot(
            ages,
            model.survival(chances),
            color=INK,
            linewidth=1.6,
            linestyle=(0, (5, 2)),
            label=translate("model (sBG)"),
        )
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(translate("Months since the contract began"))
    style.scale(axes.yaxis, "share", translate("Still under contract"))
    style.legend(figure, 4)
    return figure


def _still_there(curve: pd.DataFrame) -> str:
    """Who is still there after as many whole years as all lines reach, or as many months where that is no year."""
    if curve.empty:
        return translate("How long customers stay is not known yet")
    reached = int(curve.groupby("segment")["month"].max().min())
    months = reached - reached % 12 or reached
    known = curve[curve["month"] <= months].sort_values("month", kind="stable")
    left = known.groupby("segment", sort=False)["survival"].last()
    time = format_value(months, "months")
    share, least = (format_value(float(one), "share") for one in (left.max(), left.min()))
    if curve["segment"].nunique() == 1:
        return translate("{share} of customers are still under contract after {time}", share=share, time=time)
    return translate(
        "After {time} {share} of {segment} are still under contract, {least} of {other}",
        time=time,
        share=share,
        segment=left.idxmax(),
        least=least,
        other=left.idxmin(),
    )
