"""A panel of units month by month: those that got the programme beside those that did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.figures import style
from cxvalue.figures.style import GREY, MAIN
from cxvalue.findings.numbers import format_month, format_value
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.letters import begun

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

OUTCOMES = (translatable("margin"), translatable("revenue"), translatable("orders"), translatable("interactions"))
"""Outcomes that are measured, told where they are drawn."""


@style.drawn
def panel_months(cells: pd.DataFrame, outcome: str, currency: str = "") -> Figure:
    """The outcome of a customer by month, of units that got the programme at some time and of those that never did.

    `cells` has the columns start (empty: never), month, customers and one named like `outcome`, the sum over them.
    """
    style.need_columns(cells, ("start", "month", "customers", outcome), "panel_months")
    figure, (axes,) = style.new_figure(3.8)
    style.title(figure, _last_month(cells, outcome, currency))
    started = cells["start"].notna()
    gets, never = translate("gets the programme"), translate("never gets it")
    for part, name, colour in ((cells[started], gets, MAIN), (cells[~started], never, GREY)):
        months = part.groupby("month")[["customers", outcome]].sum()
        months = months[months["customers"] > 0]
        if len(months):
            axes.plot(months.index, months[outcome] / months["customers"], color=colour, linewidth=2, label=name)
    starts = cells.loc[started, "start"]
    if len(starts):
        axes.axvspan(starts.min(), starts.max(), color=GREY, alpha=0.12, label=translate("starts of the programme"))
    style.month_axis(axes, cells["month"])
    style.scale(
        axes.yaxis,
        currency,
        translate("{outcome} per customer, {currency}", outcome=translate(outcome), currency=currency)
        if currency
        else translate("{outcome} per customer", outcome=translate(outcome)),
    )
    style.legend(figure, 3)
    return figure


def _last_month(cells: pd.DataFrame, outcome: str, currency: str) -> str:
    """What a customer of either kind brought in the last month of the panel."""
    if cells.empty:
        return translate("What a customer brings, month by month")
    last = cells[cells["month"] == cells["month"].max()]
    told = {"outcome": begun(translate(outcome)), "month": format_month(cells["month"].max())}
    for name, part in (("gets", last[last["start"].notna()]), ("never", last[last["start"].isna()])):
        customers = float(part["customers"].sum())
        if customers:
            told[name] = format_value(float(part[outcome].sum()) / customers, currency)
    if "gets" in told and "never" in told:
        return translate(
            "{outcome} per customer in {month}: {gets} with the programme, {never} where it never comes", **told
        )
    told["value"] = told.get("gets") or told.get("never") or format_value(0.0, currency)
    return translate("{outcome} per customer in {month}: {value}", **told)
