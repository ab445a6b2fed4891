"""Figures of churn: whom we may lose and what they bring, whether the past warning came true, differences by segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.figures import style
from cxvalue.figures.style import BAD, MAIN, PALE
from cxvalue.findings.numbers import format_value
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.drawn
def churn_bands(
    bands: pd.DataFrame, currency: str, whole: tuple[int, float, float] | None = None, *, contractual: bool = False
) -> Figure:
    """Active customers, and the margin they bring, by how likely they are not to buy again.

    `bands` has the columns band, members, expected, value and value_at_risk (`cxvalue.questions.churn.losses.bands`);
    `whole` is members, expected and value_at_risk of all customers, which the title tells, where small bands are left
    out. For customers under contract, say `contractual`: they end it.
    """
    style.need_columns(bands, ("band", "members", "expected", "value", "value_at_risk"), "churn_bands")
    figure, panels = style.new_figure(3.7, 1, 2)
    shown = (int(bands["members"].sum()), float(bands["expected"].sum()), float(bands["value_at_risk"].sum()))
    style.title(figure, _at_risk(*(whole or shown), currency, contractual))
    sides = (
        ("members", "expected", "", translate("Active customers")),
        ("value", "value_at_risk", currency, translate("Margin, {currency}", currency=currency)),
    )
    places = np.arange(len(bands))
    for axes, (every, part, unit, name) in zip(panels, sides, strict=True):
        if bands.empty:
            style.nothing_to_show(axes, translate("No active customers"))
            continue
        total = bands[every].to_numpy(dtype=float)
        axes.bar(places, total, color=PALE, width=0.74, label=translate("all of them"))
        lost = bands[part].to_numpy(dtype=float)
        axes.bar(places, lost, color=BAD, width=0.74, label=translate("expected to be lost"))
        for place, amount in zip(places, total, strict=True):
            axes.annotate(style.label(float(amount), unit), (place, max(amount, 0.0)), (0, 2),
                          textcoords="offset points", ha="center", fontsize=8)  # fmt: skip
        axes.margins(y=0.13)
        axes.set_xticks(places, [_ends_of(str(band)) for band in bands["band"]], fontsize=8)
        said = (
            translate("Probability of ending in 12 months")
            if contractual
            else translate("Probability of no purchase in 12 months")
        )
        axes.set_xlabel(style.wrapped(said, 40))
        style.scale(axes.yaxis, unit, name, ticks=5)
    if not bands.empty:
        style.legend(figure, 2, panels[0])
    return figure


def _ends_of(band: str) -> str:
    """A band of probabilities in two lines, as in ``0% to 20%``."""
    low, to, high = band.partition(" to ")
    return translate("{low}\nto {high}", low=low, high=high) if to else band


def _at_risk(customers: int, lost: float, risk: float, currency: str, contractual: bool) -> str:
    if not customers:
        return translate("No customer is active")
    lost = float(f"{lost:.2g}") if lost >= 100 else round(lost)  # as the finding says it
    message = (
        translatable(
            "About {lost:,.0f} of {customers:,} customers are forecast to leave in 12 months; they brought {risk}"
        )
        if contractual
        else translatable(
            "About {lost:,.0f} of {customers:,} customers are forecast not to buy again in 12 months; they brought {risk}"
        )
    )
    return translate(message, lost=lost, customers=customers, risk=format_value(risk, currency))


@style.drawn
def churn_calibration(tenths: pd.DataFrame, span: str = "", *, contractual: bool = False) -> Figure:
    """What the past warning said against what happened, for each tenth of the customers, the safest first.

    `tenths` has the columns customers, predicted, actual, low and high
    (`cxvalue.questions.churn.past_churn.calibration_by_tenth`); `span` says which time was forecast. Where bar and point
    meet the warning was right. The title tells shares of customers: tenths of few of them are not of one size.
    """
    style.need_columns(tenths, ("customers", "predicted", "actual", "low", "high"), "churn_calibration")
    figure, (axes,) = style.new_figure(4.2)
    if tenths.empty:
        style.title(figure, translate("No past warning could be checked"))
        return style.nothing_to_show(axes, translate("No part of the history was held back"))
    said, came, low, high = (tenths[name].to_numpy(dtype=float) for name in ("predicted", "actual", "low", "high"))
    message = (
        translatable("{came} left against a forecast of {said}; of the tenth most at risk {riskiest}")
        if contractual
        else translatable("{came} bought nothing against a forecast of {said}; of the tenth most at risk {riskiest}")
    )
    sizes = tenths["customers"].to_numpy(dtype=float)
    shares = {"came": np.average(came, weights=sizes), "said": np.average(said, weights=sizes), "riskiest": came[-1]}
    style.title(figure, translate(message, **{name: format_value(float(one), "share") for name, one in shares.items()}))
    places = np.arange(1, len(said) + 1)
    axes.bar(places, said, color=PALE, width=0.74, label=translate("forecast"))
    reach = np.clip(np.array([came - low, high - came]), 0, None)
    axes.errorbar(places, came, yerr=reach, fmt="o", color=MAIN, elinewidth=1.4, markersize=6,
                  label=translate("actual, with its range by chance"))  # fmt: skip
    axes.set_xticks(places)
    axes.set_xlabel(translate("Tenth of the customers by forecast risk, lowest first"))
    left = translate("Share that ended") if contractual else translate("Share that bought nothing")
    named = translate("{share},\n{span}", share=left, span=span) if span else left
    style.scale(axes.yaxis, "share", named, ticks=6)
    style.from_zero(axes)
    style.legend(figure, 2)
    return figure


@style.drawn
def churn_segments(segments: pd.DataFrame) -> Figure:
    """The churn of each segment with its range, a panel for each kind of segment.

    `segments` has the columns segment, group, rate, rate_low and rate_high of `cxvalue.questions.churn.churn.segment_table`.
    """
    style.need_columns(segments, ("segment", "group", "rate", "rate_low", "rate_high"), "churn_segments")
    figure, panels = style.row_panels(segments, "segment", "group", size=(1.0, 0.27))
    if not segments.empty:
        worst, best = (segments.loc[segments["rate"].agg(end)] for end in ("idxmax", "idxmin"))
        style.title(
            figure,
            translate(
                "{worst} of {group} will not buy again, {best} of {other}",
                worst=format_value(float(worst["rate"]), "share"),
                group=worst["group"],
                best=format_value(float(best["rate"]), "share"),
                other=best["group"],
            ),
        )
    else:
        style.title(figure, translate("No segment is large enough to say who will not buy again"))
        return style.nothing_to_show(panels[0][0], translate("No segment is large enough to be shown"))
    for axes, part in panels:
        rows = np.arange(len(part))
        axes.hlines(rows, part["rate_low"], part["rate_high"], color=MAIN, linewidth=2, alpha=0.55)
        axes.plot(part["rate"], rows, "o", color=MAIN, markersize=6)
        style.scale(axes.xaxis, "share", ticks=6)
    panels[-1][0].set_xlabel(translate("Share that will not buy within 12 months"))
    return figure
