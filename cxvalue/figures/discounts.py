"""Figures of discounts: how many buy at which depth, what each depth earns, and the policies side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GREY, LIGHT, MAIN
from cxvalue.findings.numbers import format_value

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from cxvalue.questions.discounts import DiscountResult

__all__ = ["discount_acceptance", "discount_policies", "discount_profit"]


@style.drawn
def discount_acceptance(curve: pd.DataFrame, at: NDArray[np.float64], share: NDArray[np.float64]) -> Figure:
    """Share that buys by depth: the fitted curve with its range, and the points that need no model (Turnbull)."""
    style.need_columns(curve, ("depth", "buys", "buys_low", "buys_high"), "discount_acceptance")
    figure, (axes,) = style.new_figure(3.8)
    largest = float(np.max(at)) if len(at) else 0.0
    bought = float(share[int(np.argmax(at))]) if len(at) else 0.0
    deepest = (
        f"Up to a discount of {format_value(largest, 'share')}, the deepest one, {format_value(bought, 'share')} buy"
    )
    style.title(figure, deepest if len(at) else "No depth was offered at which purchases could be counted")
    # Beyond the depths that were offered there is nothing to see.
    seen = curve[curve["depth"] <= largest + 1e-9] if len(at) else curve
    axes.fill_between(seen["depth"], seen["buys_low"], seen["buys_high"], color=LIGHT, label="range")
    axes.plot(seen["depth"], seen["buys"], color=MAIN, linewidth=2, label="fitted")
    axes.plot(at, share, "o", color=BAD, markersize=5, label="measured at the depths that were offered")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("Discount")
    axes.set_ylabel("Visits that end in a purchase")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(style.unit_ticks("share"))
    figure.legend(loc="outside lower left", ncols=3)
    return figure


@style.drawn
def discount_profit(curve: pd.DataFrame, best: float, currency: str) -> Figure:
    """Margin per visit at each flat depth, with the best one marked."""
    style.need_columns(curve, ("depth", "margin", "margin_low", "margin_high"), "discount_profit")
    figure, (axes,) = style.new_figure(3.8)
    most = format_value(float(curve["margin"].max()), currency) if len(curve) else ""
    at_best = f"The same discount for everybody earns most at {format_value(best, 'share')}: {most} a visit"
    style.title(figure, at_best if best > 0 else f"No discount earns more than full price: {most} a visit")
    axes.fill_between(curve["depth"], curve["margin_low"], curve["margin_high"], color=LIGHT, label="range")
    axes.plot(curve["depth"], curve["margin"], color=MAIN, linewidth=2, label="margin per visit")
    axes.axvline(best, color=BAD, linewidth=1.2, linestyle=(0, (3, 3)), label="best depth")
    axes.set_xlabel("Discount for everybody")
    axes.set_ylabel(f"Margin per visit, {currency}")
    axes.xaxis.set_major_formatter(style.unit_ticks("share"))
    axes.yaxis.set_major_formatter(style.unit_ticks(currency))
    axes.yaxis.set_major_locator(style.few_ticks())
    figure.legend(loc="outside lower left", ncols=3)
    return figure


@style.drawn
def discount_policies(found: DiscountResult, currency: str) -> Figure:
    """The policies side by side, each with its range."""
    figure, (axes,) = style.new_figure(2.8)
    named = [("no discount", found.none), ("best single discount", found.flat), ("ladder as run", found.ladder)]
    rows = [(name, one) for name, one in named if one is not None]
    style.title(figure, _ahead(rows, currency))
    if not rows:
        style.nothing_to_show(axes, "The offers carry no basket value and margin")
        return figure
    for place, (_, one) in enumerate(rows):
        axes.plot([one.low, one.high], [place, place], color=MAIN, linewidth=3, alpha=0.5)
        axes.plot(one.value, place, "o", color=MAIN, markersize=7)
        axes.annotate(format_value(one.value, currency), (one.value, place), (0, 7), textcoords="offset points",
                      ha="center", fontsize=8)  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.set_xlabel(f"Margin per visit, {currency}")
    axes.xaxis.set_major_formatter(style.unit_ticks(currency))
    axes.xaxis.set_major_locator(style.few_ticks(6))
    axes.grid(True, axis="x", color=GREY, alpha=0.3)
    axes.grid(False, axis="y")
    return figure


def _ahead(rows: Sequence[tuple[str, Any]], currency: str) -> str:
    """Which policy earns most, and by how much."""
    if not rows:
        return "What the policies earn cannot be said"
    ordered = sorted(rows, key=lambda row: -row[1].value)
    best = ordered[0][0][:1].upper() + ordered[0][0][1:]
    if len(ordered) < 2:
        return f"{best}: {format_value(ordered[0][1].value, currency)} of margin a visit"
    gain = ordered[0][1].value - ordered[1][1].value
    return f"{best} earns {format_value(gain, currency)} more a visit than {ordered[1][0]}"
