"""Figures of churn: whom we may lose and what they bring, whether the past warning came true, differences by segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GREY, LIGHT, MAIN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["churn_bands", "churn_calibration", "churn_segments"]


@style.drawn
def churn_bands(bands: pd.DataFrame, currency: str, *, contractual: bool = False) -> Figure:
    """Active customers, and the margin they bring, by how likely they are not to buy again.

    `bands` has the columns band, members, expected, value and value_at_risk (`cxvalue.questions.churn.losses.bands`). For
    customers under contract, say `contractual`: they end it.
    """
    style.need_columns(bands, ("band", "members", "expected", "value", "value_at_risk"), "churn_bands")
    figure, panels = style.new_figure(3.7, 1, 2)
    asked = "How likely are contracts to end" if contractual else "How likely are active customers not to buy again"
    style.title(figure, f"{asked}, and what do they bring?")
    sides = (
        ("members", "expected", "", "Active customers"),
        ("value", "value_at_risk", currency, f"Margin, {currency}"),
    )
    places = np.arange(len(bands))
    for axes, (whole, part, unit, name) in zip(panels, sides, strict=True):
        if bands.empty:
            style.nothing_to_show(axes, "No active customers")
            continue
        total = bands[whole].to_numpy(dtype=float)
        axes.bar(places, total, color=LIGHT, width=0.74, label="all of them")
        axes.bar(places, bands[part].to_numpy(dtype=float), color=BAD, width=0.74, label="expected to be lost")
        for place, amount in zip(places, total, strict=True):
            axes.annotate(style.label(float(amount), unit), (place, max(amount, 0.0)), (0, 2),
                          textcoords="offset points", ha="center", fontsize=8)  # fmt: skip
        axes.margins(y=0.13)
        axes.set_xticks(places, [str(band).replace(" to ", "\nto ") for band in bands["band"]], fontsize=8)
        axes.set_xlabel(f"Probability of {'ending' if contractual else 'no purchase'} in 12 months")
        axes.set_ylabel(name)
        axes.yaxis.set_major_formatter(style.unit_ticks(unit))
        axes.yaxis.set_major_locator(style.few_ticks())
    if not bands.empty:
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=2)
    return figure


@style.drawn
def churn_calibration(tenths: pd.DataFrame, span: str = "", *, contractual: bool = False) -> Figure:
    """What the past warning said against what happened, a point for each tenth of the customers.

    `tenths` has the columns predicted, actual, low and high (`cxvalue.questions.churn.past_churn.calibration_by_tenth`);
    `span` says which time was forecast. On the line the warning was right.
    """
    style.need_columns(tenths, ("predicted", "actual", "low", "high"), "churn_calibration")
    figure, (axes,) = style.new_figure(4.2)
    style.title(figure, "Did the past warning come true?")
    if tenths.empty:
        style.nothing_to_show(axes, "No part of the history was held back")
        return figure
    said, came, low, high = (tenths[name].to_numpy(dtype=float) for name in ("predicted", "actual", "low", "high"))
    top = min(1.0, 1.08 * max(float(np.nanmax(high)), float(np.nanmax(said)), 0.05))
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle=(0, (3, 3)), label="said = happened")
    reach = np.clip(np.array([came - low, high - came]), 0, None)
    axes.errorbar(said, came, yerr=reach, fmt="o", color=MAIN, elinewidth=1.4, markersize=6,
                  label="a tenth of the customers, with the range of chance")  # fmt: skip
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_xlabel(f"Said to {'end' if contractual else 'buy nothing'}{f', {span}' if span else ''}")
    axes.set_ylabel("Ended" if contractual else "Bought nothing")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(style.unit_ticks("share"))
        axis.set_major_locator(style.few_ticks(6))
    figure.legend(loc="outside lower left", ncols=2)
    return figure


@style.drawn
def churn_segments(segments: pd.DataFrame) -> Figure:
    """The churn of each segment with its range, a panel for each kind of segment.

    `segments` has the columns segment, group, rate, rate_low and rate_high of `cxvalue.questions.churn.churn.segment_table`.
    """
    style.need_columns(segments, ("segment", "group", "rate", "rate_low", "rate_high"), "churn_segments")
    figure, panels = style.row_panels(segments, "segment", "group", size=(1.0, 0.27))
    style.title(figure, "Who will not buy again, by segment")
    if segments.empty:
        style.nothing_to_show(panels[0][0], "No segment is large enough to be shown")
        return figure
    for axes, part in panels:
        rows = np.arange(len(part))
        axes.hlines(rows, part["rate_low"], part["rate_high"], color=MAIN, linewidth=2, alpha=0.55)
        axes.plot(part["rate"], rows, "o", color=MAIN, markersize=6)
        axes.xaxis.set_major_formatter(style.unit_ticks("share"))
        axes.xaxis.set_major_locator(style.few_ticks(6))
    panels[-1][0].set_xlabel("Share that will not buy within 12 months")
    return figure
