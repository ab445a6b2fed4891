"""Figures of sleeping customers: who sleeps and wakes, what a campaign added as time went on, whom a contact pays for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GOOD, GREY, LIGHT, MAIN, PALE
from cxvalue.findings.numbers import format_value
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CAME_BACK = {
    "contacted": translatable("came back after a contact"),
    "by themselves": translatable("came back without one"),
}
CAME_OTHERS = translatable("came back {kind}")
STAYED = {
    "contacted": translatable("{share} of those who came back after a contact"),
    "by themselves": translatable("{share} of those who came back without one"),
}
STAYED_OTHERS = translatable("{share} of those who came back {kind}")

FALLEN_BACK = 0.05
"""Share of the largest margin added below which a fall is none to speak of."""


@style.drawn
def dormancy_flow(months: pd.DataFrame) -> Figure:
    """Customers who fell asleep and who came back each month, and how many sleep; see `dormancy_by_month`."""
    style.need_columns(months, ("month", "fell_asleep", "came_back", "asleep"), "dormancy_flow")
    figure, (upper, lower) = style.new_figure(4.6, 2, 1, sharex=True)
    style.title(figure, _flow_said(months))
    upper.fill_between(months["month"], months["asleep"], color=PALE)
    upper.plot(months["month"], months["asleep"], color=MAIN, linewidth=1.5)
    upper.set_ylabel(translate("Inactive customers"))
    width = 24
    lower.bar(months["month"], months["came_back"], width=width, color=GOOD, label=translate("returned"))
    lower.bar(months["month"], -months["fell_asleep"], width=width, color=BAD, label=translate("went silent"))
    lower.axhline(0, color=GREY, linewidth=1)
    lower.set_ylabel(translate("Customers per month"))
    for axes in (upper, lower):
        style.scale(axes.yaxis, "", ticks=5)
    style.month_axis(lower, months["month"])
    left, right = lower.get_xlim()
    lower.set_xlim(left - width / 2, right + width / 2)  # whole bars at both ends
    style.legend(figure, 2)
    return figure


def _flow_said(months: pd.DataFrame) -> str:
    if months.empty:
        return translate("No customer has gone silent yet")
    last = months.tail(12)
    back, fell = int(last["came_back"].sum()), int(last["fell_asleep"].sum())
    return translate(
        "{asleep:,} customers are inactive: in {months} months {fell:,} went silent, {back:,} came back",
        asleep=int(last["asleep"].iloc[-1]),
        months=len(last),
        fell=fell,
        back=back,
    )


@style.drawn
def campaign_uplift(windows: pd.DataFrame, currency: str) -> Figure:
    """Who bought because of it and margin added per contact, as the days since the contact go on; see `windows_table`.

    Where the table does not tell who bought because of it, only the margin is drawn.
    """
    style.need_columns(windows, ("days", "return_uplift", "margin"), "campaign_uplift")
    parts = [("margin", currency, translate("Margin per contact, {currency}", currency=currency))]
    if windows.empty or windows["return_uplift"].notna().any():
        parts.insert(0, ("return_uplift", "share", translate("Bought because of the contact")))
    figure, panels = style.new_figure(3.9, 1, len(parts))
    style.title(figure, _lasting(windows))
    less = translate("contacted less held out")
    for axes, (name, unit, label) in zip(panels, parts, strict=True):
        if windows.empty:
            style.nothing_to_show(axes, translate("Nobody was observed long enough"))
            continue
        axes.fill_between(
            windows["days"], windows[f"{name}_low"], windows[f"{name}_high"], color=LIGHT, label=translate("95% range")
        )
        axes.plot(windows["days"], windows[name], color=MAIN, marker="o", markersize=4, label=less)
        axes.axhline(0, color=GREY, linewidth=1)
        axes.set_xlabel(translate("Days since the contact"))
        style.scale(axes.yaxis, unit, label, ticks=5)
    if not windows.empty:
        style.legend(figure, 2, panels[0])
    return figure


def _lasting(windows: pd.DataFrame) -> str:
    """Whether what a contact added is still there at the end of what was observed."""
    known = windows.dropna(subset=["margin"])
    if known.empty:
        return translate("Nobody was observed long enough to say what the contact added")
    last = known.iloc[-1]
    most, days = float(known["margin"].max()), int(last["days"])
    if last["margin_low"] <= 0 <= last["margin_high"]:
        return translate("After {days} days it is not clear whether a contact added margin or cost some", days=days)
    if last["margin"] < 0:
        return translate("After {days} days a contact had cost more margin than it added", days=days)
    if last["margin"] >= most * (1 - FALLEN_BACK):
        return translate("The margin that a contact added had not fallen back after {days} days", days=days)
    return translate("After {days} days part of the margin that a contact added was gone again", days=days)


@style.drawn
def second_lifetimes(curves: pd.DataFrame) -> Figure:
    """Share of returners who are still buying, by days since the return; see `survival_after_return`."""
    style.need_columns(curves, ("kind", "days", "share"), "second_lifetimes")
    figure, (axes,) = style.new_figure(3.6)
    if curves.empty:
        return style.nothing_to_show(axes, translate("Too few came back"), translate("Too few came back to say more"))
    stay = [
        translate(
            STAYED.get(kind, STAYED_OTHERS), share=format_value(float(part["share"].iloc[-1]), "share"), kind=kind
        )
        for kind, part in curves.groupby("kind", sort=False)
    ]
    last = int(curves["days"].max())
    style.title(figure, translate("Still buying after {days} days: {shares}", days=last, shares=enumerated(stay)))
    for (kind, part), colour in zip(curves.groupby("kind", sort=False), (MAIN, GREY), strict=False):
        label = translate(CAME_BACK.get(kind, CAME_OTHERS), kind=kind)
        axes.step(part["days"], part["share"], where="post", color=colour, linewidth=2, label=label)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(translate("Days since the return"))
    style.scale(axes.yaxis, "share", translate("Still buying"))
    style.legend(figure, 2)
    return figure


@style.drawn
def policy_value(curves: dict[str, pd.DataFrame], currency: str) -> Figure:
    """What contacting the first so many percent of a ranking earns; `curves` by the ranking's name, see `policy_curve`."""
    figure, (axes,) = style.new_figure(3.8)
    style.title(figure, _best_share(curves))
    for (name, curve), colour in zip(curves.items(), (MAIN, BAD, GREY), strict=False):
        if colour == MAIN:
            axes.fill_between(curve["share"], curve["low"], curve["high"], color=LIGHT)
        axes.plot(curve["share"], curve["value"], color=colour, linewidth=2, label=name)
    axes.axhline(0, color=GREY, linewidth=1)
    style.scale(axes.xaxis, "share", translate("Share of the customers contacted, best-ranked first"))
    style.scale(axes.yaxis, currency, translate("Earned per customer, {currency}", currency=currency), ticks=5)
    style.legend(figure, 3)
    return figure


def _best_share(curves: dict[str, pd.DataFrame]) -> str:
    """Where the first ranking earns most, or that contacting all does."""
    curve = next(iter(curves.values()), None)
    if curve is None or curve.empty:
        return translate("No ranking could be tried")
    best = curve.loc[curve["value"].idxmax()]
    if best["value"] <= 0:
        return translate("Contacting nobody earns most")
    if best["share"] >= 0.999:
        return translate("Contacting everybody earns most")
    return translate("Contacting the best-ranked {share} earns most", share=format_value(float(best["share"]), "share"))
