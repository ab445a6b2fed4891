"""Figures of discounts: how many buy at which depth, what each depth earns, and the policies side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GREY, LIGHT, MAIN
from cxvalue.findings.numbers import format_value
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from cxvalue.questions.discounts import DiscountResult

POLICIES = {
    "none": translatable("no discount"),
    "flat": translatable("best single discount"),
    "ladder": translatable("ladder as run"),
}
ALONE = {
    "none": translatable("No discount: {margin} of margin per visit"),
    "flat": translatable("Best single discount: {margin} of margin per visit"),
    "ladder": translatable("Ladder as run: {margin} of margin per visit"),
}
AHEAD = {
    ("none", "flat"): translatable("No discount earns {gain} more per visit than the best single discount"),
    ("none", "ladder"): translatable("No discount earns {gain} more per visit than the ladder as run"),
    ("flat", "none"): translatable("The best single discount earns {gain} more per visit than no discount"),
    ("flat", "ladder"): translatable("The best single discount earns {gain} more per visit than the ladder as run"),
    ("ladder", "none"): translatable("The ladder as run earns {gain} more per visit than no discount"),
    ("ladder", "flat"): translatable("The ladder as run earns {gain} more per visit than the best single discount"),
}


@style.drawn
def discount_acceptance(curve: pd.DataFrame, at: NDArray[np.float64], share: NDArray[np.float64]) -> Figure:
    """Share that buys by depth: the fitted curve with its range, and the points that need no model (Turnbull)."""
    style.need_columns(curve, ("depth", "buys", "buys_low", "buys_high"), "discount_acceptance")
    figure, (axes,) = style.new_figure(3.8)
    largest = float(np.max(at)) if len(at) else 0.0
    bought = float(share[int(np.argmax(at))]) if len(at) else 0.0
    deepest = translate(
        "Up to a discount of {depth}, the deepest one, {share} buy",
        depth=format_value(largest, "share"),
        share=format_value(bought, "share"),
    )
    nothing = translate("No depth was offered at which purchases could be counted")
    style.title(figure, deepest if len(at) else nothing)
    # Beyond the depths that were offered there is nothing to see.
    seen = curve[curve["depth"] <= largest + 1e-9] if len(at) else curve
    axes.fill_between(seen["depth"], seen["buys_low"], seen["buys_high"], color=LIGHT, label=translate("range"))
    axes.plot(seen["depth"], seen["buys"], color=MAIN, linewidth=2, label=translate("fitted"))
    axes.plot(at, share, "o", color=BAD, markersize=5, label=translate("measured at the depths that were offered"))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(translate("Discount"))
    axes.set_ylabel(translate("Visits that end in a purchase"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(style.unit_ticks("share"))
    style.legend(figure, 3)
    return figure


@style.drawn
def discount_profit(curve: pd.DataFrame, best: float, currency: str) -> Figure:
    """Margin per visit at each flat depth, with the best one marked."""
    style.need_columns(curve, ("depth", "margin", "margin_low", "margin_high"), "discount_profit")
    figure, (axes,) = style.new_figure(3.8)
    most = format_value(float(curve["margin"].max()), currency) if len(curve) else ""
    message = (
        translatable("The same discount for everybody earns most at {depth}: {margin} per visit")
        if best > 0
        else translatable("No discount earns more than full price: {margin} per visit")
    )
    style.title(figure, translate(message, depth=format_value(best, "share"), margin=most))
    axes.fill_between(curve["depth"], curve["margin_low"], curve["margin_high"], color=LIGHT, label=translate("range"))
    axes.plot(curve["depth"], curve["margin"], color=MAIN, linewidth=2, label=translate("margin per visit"))
    axes.axvline(best, color=BAD, linewidth=1.2, linestyle=(0, (3, 3)), label=translate("best depth"))
    style.scale(axes.xaxis, "share", translate("Discount for everybody"))
    style.scale(axes.yaxis, currency, translate("Margin per visit, {currency}", currency=currency), ticks=5)
    style.legend(figure, 3)
    return figure


@style.drawn
def discount_policies(found: DiscountResult, currency: str) -> Figure:
    """The policies side by side, each with its range."""
    figure, (axes,) = style.new_figure(2.8)
    named = [("none", found.none), ("flat", found.flat), ("ladder", found.ladder)]
    rows = [(name, one) for name, one in named if one is not None]
    style.title(figure, _ahead(rows, currency))
    if not rows:
        return style.nothing_to_show(axes, translate("The offers have no basket value and margin"))
    for place, (_, one) in enumerate(rows):
        axes.plot([one.low, one.high], [place, place], color=MAIN, linewidth=3, alpha=0.5)
        axes.plot(one.value, place, "o", color=MAIN, markersize=7)
        axes.annotate(format_value(one.value, currency), (one.value, place), (0, 7), textcoords="offset points",
                      ha="center", fontsize=8)  # fmt: skip
    axes.set_yticks(range(len(rows)), [translate(POLICIES[name]) for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.6)
    style.scale(axes.xaxis, currency, translate("Margin per visit, {currency}", currency=currency), ticks=6)
    axes.grid(True, axis="x", color=GREY, alpha=0.3)
    axes.grid(False, axis="y")
    return figure


def _ahead(rows: Sequence[tuple[str, Any]], currency: str) -> str:
    """Which policy earns most, and by how much."""
    if not rows:
        return translate("No statement on what the policies earn is possible")
    ordered = sorted(rows, key=lambda row: -row[1].value)
    best = ordered[0][0]
    if len(ordered) < 2:
        return translate(ALONE[best], margin=format_value(ordered[0][1].value, currency))
    gain = ordered[0][1].value - ordered[1][1].value
    return translate(AHEAD[best, ordered[1][0]], gain=format_value(gain, currency))
