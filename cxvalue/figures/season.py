"""The seasonal index of a customer base, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.figures import style
from cxvalue.figures.style import GREY, INK, MAIN
from cxvalue.findings.numbers import format_value
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MONTHS = (
    translatable("January"),
    translatable("February"),
    translatable("March"),
    translatable("April"),
    translatable("May"),
    translatable("June"),
    translatable("July"),
    translatable("August"),
    translatable("September"),
    translatable("October"),
    translatable("November"),
    translatable("December"),
)
"""Names of the table, told where they are drawn."""

FLAT = 1e-6
"""A swing that no axis can show."""


@style.drawn
def seasonal_index(table: pd.DataFrame) -> Figure:
    """Purchases of each month of the year against those of an average month, with their range.

    `table` is that of `tables/seasonal_index.csv`: month, name, index, low, high and used.
    """
    style.need_columns(table, ("month", "name", "index", "low", "high", "used"), "seasonal_index")
    figure, (axes,) = style.new_figure(3.3)
    if table.empty:
        style.title(figure, translate("No season can be found yet"))
        return style.nothing_to_show(axes, translate("A season can be found only with two full years of history"))
    change = table[["index", "low", "high"]].to_numpy(dtype=float) - 1
    if np.abs(change).max() < FLAT:
        return style.nothing_to_show(axes, translate("No season was found"), translate("Purchases are not seasonal"))
    high, low = (table.iloc[int(change[:, 0].argmax())], table.iloc[int(change[:, 0].argmin())])
    style.title(
        figure,
        translate(
            "Purchases are highest in {month}, {share} above an average month, and lowest in {other}",
            month=translate(str(high["name"])),
            share=format_value(float(high["index"]) - 1, "share"),
            other=translate(str(low["name"])),
        ),
    )
    places = np.arange(len(table))
    axes.bar(places, change[:, 0], width=0.7, color=MAIN if bool(table["used"].all()) else GREY)
    axes.vlines(places, change[:, 1], change[:, 2], color=INK, linewidth=1.2)
    axes.axhline(0, color=INK, linewidth=1.0)
    axes.margins(y=0.12)
    axes.set_xticks(places, [translate(str(name))[:3] for name in table["name"]])
    style.scale(axes.yaxis, "share", translate("Purchases against those\nof an average month"))
    return figure
