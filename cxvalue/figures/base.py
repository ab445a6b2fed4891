"""Figures of the data and of the customer base as it stands: rows, months, concentration, waterfalls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GOOD, GREY, INK, MAIN, SECOND
from cxvalue.findings.numbers import format_date, format_month, format_value
from cxvalue.language.catalogue import translatable, translate, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cxvalue.questions.customers.audit import Waterfall

MOVED = {
    ("customers", 1): translatable("Active customers rose from {first} to {last} in the year to {day}"),
    ("customers", -1): translatable("Active customers fell from {first} to {last} in the year to {day}"),
    ("customers", 0): translatable("Active customers stayed from {first} to {last} in the year to {day}"),
    ("margin", 1): translatable("Margin of active customers rose from {first} to {last} in the year to {day}"),
    ("margin", -1): translatable("Margin of active customers fell from {first} to {last} in the year to {day}"),
    ("margin", 0): translatable("Margin of active customers stayed from {first} to {last} in the year to {day}"),
}
_KINDS = {"left_out": GREY, "dropped": BAD, "refused": BAD, "cut": SECOND, "merged": GREY, "netted": "#7a6a9c"}


@style.drawn
def rows_bridge(counts: pd.DataFrame) -> Figure:
    """How the rows read became the rows kept.

    `counts` has the columns kind (read, made, left_out, dropped, refused, cut, merged, netted, kept; others, such as note,
    are left out), what (plain words) and rows; with a column table, each table gets a panel.
    """
    style.need_columns(counts, ("kind", "what", "rows"), "rows_bridge")
    shown = counts[counts["kind"].isin(["read", "made", *_KINDS, "kept"])]
    names = list(dict.fromkeys(shown["table"])) if "table" in shown.columns else [""]
    parts = [shown[shown["table"] == name] if name else shown for name in names] or [shown]
    heights = [max(1, len(part)) + 1.2 for part in parts]
    figure, panels = style.new_figure(0.7 + 0.36 * sum(heights), len(parts), height_ratios=heights)
    for axes, name, part in zip(panels, names or [""], parts, strict=True):
        _bridge(axes, part)
        if name and len(parts) > 1:
            axes.set_title(str(name), fontsize=10)
    read, kept = (int(shown["rows"][shown["kind"].isin(kinds)].sum()) for kinds in (["read", "made"], ["kept"]))
    some = translatable("{read:,} rows became {kept:,}; the others were left out, merged or refunded")
    message = translatable("No rows were read") if not read else translatable("All {read:,} rows count")
    style.title(figure, translate(message if read == kept else some, read=read, kept=kept))
    return figure


def _bridge(axes: Axes, part: pd.DataFrame) -> None:
    if part.empty or part["rows"].max() <= 0:
        style.nothing_to_show(axes, translate("No rows were read"))
        return
    order = {"read": 0, "made": 0, "kept": 2}
    part = part.assign(place=[order.get(kind, 1) for kind in part["kind"]]).sort_values("place", kind="stable")
    top = float(part["rows"].max())
    level = float(part.loc[part["kind"].isin(["read", "made"]), "rows"].sum()) or top
    for row, (kind, rows) in enumerate(zip(part["kind"], part["rows"].astype(float), strict=True)):
        removed = kind in _KINDS
        # A few rows out of a million would be thinner than a pixel.
        width = max(rows, 0.004 * top) if rows else 0.0
        left = level - width if removed else 0.0
        axes.barh(row, width, left=left, color=_KINDS.get(kind, MAIN), height=0.62)
        text = f"−{style.label(rows, '')}" if removed and rows else style.label(rows, "")
        axes.text(1.02 * top, row, text, va="center", ha="left", color=INK, fontsize=9)
        level -= rows if removed else 0.0
    axes.set_yticks(range(len(part)), [style.wrapped(what, 34) for what in part["what"]])
    axes.invert_yaxis()
    axes.grid(False)
    axes.set_xlim(0, 1.16 * top)
    style.scale(axes.xaxis, "", translate("Rows"), ticks=5)


@style.drawn
def monthly_purchases(months: pd.DataFrame, currency: str) -> Figure:
    """Purchases, active customers and revenue month by month.

    `months` has the columns month (first day), purchases, active_customers (who bought in the month) and revenue.
    """
    style.need_columns(months, ("month", "purchases", "active_customers", "revenue"), "monthly_purchases")
    panels_of = (
        ("purchases", translate("Purchases"), "", MAIN),
        ("active_customers", translate("Customers who bought"), "", GOOD),
        ("revenue", translate("Revenue, {currency}", currency=currency), currency, SECOND),
    )
    figure, panels = style.new_figure(5.4, 3, sharex=True)
    when = pd.to_datetime(months["month"])
    for axes, (column, name, unit, colour) in zip(panels, panels_of, strict=True):
        values = months[column].astype(float).to_numpy()
        if values.size == 0:
            style.nothing_to_show(axes, translate("No purchases"))
            continue
        if values.size == 1:
            axes.plot(when, values, "o", color=colour)
        axes.fill_between(when, np.minimum(values, 0), values, color=colour, alpha=0.14, linewidth=0)
        axes.plot(when, values, color=colour)
        axes.set_ylim(bottom=min(0.0, float(values.min()) * 1.1))
        style.panel_title(axes, name)
        style.scale(axes.yaxis, unit, ticks=3)
    if len(when):
        style.month_axis(panels[-1], when)
        panels[-1].set_xlabel(translate("Month"))
    style.title(figure, _course(when, months["revenue"].astype(float).to_numpy(), currency))
    return figure


def _course(when: pd.Series, revenue: np.ndarray, currency: str) -> str:
    """How the revenue of the last 12 months compares with that of the 12 before; of a shorter history, its best month."""
    if revenue.size == 0:
        return translate("No purchases")
    span = [12 * day.year + day.month for day in when]
    before, after = float(revenue[-24:-12].sum()), float(revenue[-12:].sum())
    if revenue.size < 24 or span[-1] - span[-24] != 23 or before <= 0:
        best = int(revenue.argmax())
        month, amount = format_month(when.iloc[best]), format_value(float(revenue[best]), currency)
        return translate("Revenue was highest in {month}: {amount}", month=month, amount=amount)
    change = after / before - 1
    if abs(change) < 0.0005:
        return translate("Revenue of the last 12 months equals that of the 12 months before")
    message = (
        translatable("Revenue rose by {share} in the last 12 months compared with the 12 months before")
        if change > 0
        else translatable("Revenue fell by {share} in the last 12 months compared with the 12 months before")
    )
    return translate(message, share=format_value(abs(change), "share"))


@style.drawn
def value_concentration(margin_per_customer: ArrayLike) -> Figure:
    """Which share of the margin the best customers bring: tenths of customers and the Lorenz curve.

    `margin_per_customer` holds one number per customer; negative ones are allowed.
    """
    values = np.sort(np.asarray(margin_per_customer, dtype=float))[::-1]
    figure, (bars, curve) = style.new_figure(3.6, 1, 2, width_ratios=[1.15, 1])
    total = values.sum()
    if values.size == 0 or total <= 0:
        for axes in (bars, curve):
            style.nothing_to_show(axes, translate("Total margin is not positive,\nso it has no shares"))
        style.title(figure, translate("All customers together brought no margin"))
        return figure
    cumulative = np.concatenate([[0.0], np.cumsum(values)]) / total
    customers = np.linspace(0, 1, values.size + 1)
    reached = np.interp(np.linspace(0, 1, 11), customers, cumulative)
    shares = np.diff(reached)
    colours = [MAIN] + ["#8fb0cc"] * 9
    bars.bar(range(1, 11), shares, color=colours, width=0.78)
    for place, share in enumerate(shares, start=1):
        if share >= 0.005 * max(shares):
            bars.text(place, share, written(share, ".0%"), ha="center", va="bottom", fontsize=8.5)
    bars.set_xticks(range(1, 11))
    bars.set_xlabel(translate("Tenth of customers, best first"))
    style.scale(bars.yaxis, "share", translate("Share of margin"))
    bars.margins(y=0.12)
    # A million points would make a file of many megabytes and look the same.
    places = np.unique(np.linspace(0, values.size, min(values.size, 400) + 1).astype(int))
    curve.plot(customers[places], cumulative[places], color=MAIN)
    curve.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (3, 3)))
    curve.plot([0.1], [reached[1]], "o", color=SECOND, markersize=7)
    told = translate("top 10% bring {share:.0%}", share=float(reached[1]))
    curve.annotate(told, (0.1, reached[1]), (0.36, 0.13), color=INK, fontsize=9,
                   arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.8})  # fmt: skip
    curve.set_xlabel(translate("Share of customers, best first"))
    curve.set_ylabel(translate("Share of margin, running total"))
    for axis in (curve.xaxis, curve.yaxis):
        axis.set_major_formatter(style.unit_ticks("share"))
    curve.set_xlim(0, 1)
    curve.set_ylim(min(0.0, float(cumulative.min())), max(1.0, float(cumulative.max())) * 1.04)
    best = float(reached[1])
    style.title(figure, translate("The best tenth of customers brings {share:.0%} of the margin", share=best))
    return figure


@style.drawn
def value_distribution(margin_per_customer: ArrayLike, currency: str) -> Figure:
    """How customers spread over the margin they brought; the best and worst 1% stand in the outermost bars."""
    import seaborn

    values = np.asarray(margin_per_customer, dtype=float)
    figure, (axes,) = style.new_figure(3.6)
    if values.size == 0:
        return style.nothing_to_show(axes, translate("No customers"), translate("Nobody bought in this period"))
    low, high = np.quantile(values, [0.01, 0.99])
    low = min(0.0, float(low)) if values.min() >= 0 or low >= 0 else float(low)
    if high <= low:
        high = low + max(1.0, abs(low))
    seaborn.histplot(x=np.clip(values, low, high), bins=30, binrange=(low, high), color=MAIN, alpha=1, ax=axes)
    mean, median = float(values.mean()), float(np.median(values))
    ends = {"median": format_value(median, currency), "mean": format_value(mean, currency)}
    style.title(figure, translate("Half of the customers brought less than {median}; the mean is {mean}", **ends))
    marks = (
        (mean, translate("mean {value}", value=style.label(mean, currency)), BAD),
        (median, translate("median {value}", value=style.label(median, currency)), INK),
    )
    for value, name, colour in marks:
        axes.axvline(float(np.clip(value, low, high)), color=colour, linewidth=1.5, linestyle=(0, (4, 2)),
                     label=name)  # fmt: skip
    axes.legend(loc="upper right")
    more = translatable("Margin per customer, {currency} (last bar: and more)")
    plain = translatable("Margin per customer, {currency}")
    style.scale(axes.xaxis, currency, translate(more if values.max() > high else plain, currency=currency), ticks=5)
    style.scale(axes.yaxis, "", translate("Customers"))
    return figure


@style.drawn
def waterfall(
    labels: Sequence[str], values: Sequence[float], totals: Sequence[bool], unit: str, *, title: str
) -> Figure:
    """From an opening to a closing figure, step by step.

    `totals` marks the bars that stand on the ground (opening, closing); the others float by their signed value from
    where the last one ended. `unit` is "customers" or a currency code.
    """
    figure, (axes,) = style.new_figure(3.7)
    style.title(figure, title)
    level, ends = 0.0, []
    span = max((abs(float(value)) for value in values), default=0.0) or 1.0
    for place, (value, total) in enumerate(zip(map(float, values), totals, strict=True)):
        start = 0.0 if total else level
        end = value if total else level + value
        colour = MAIN if total else GOOD if value >= 0 else BAD
        axes.bar(place, end - start, bottom=start, color=colour, width=0.62)
        if place:
            axes.plot([place - 1 + 0.31, place - 0.31], [level, level], color=GREY, linewidth=0.9)
        text = style.label(value, unit)
        text = f"+{text}" if not total and value > 0 else text
        axes.annotate(text, (place, max(start, end)), (0, 3), textcoords="offset points", ha="center", fontsize=9.5)
        level = end
        ends += [start, end]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    axes.set_ylim(low - 0.04 * span * (low < 0), high + 0.12 * ((high - low) or span))
    axes.axhline(0, color=GREY, linewidth=0.9)
    axes.set_xticks(range(len(labels)), [style.wrapped(text, 14) for text in labels])
    style.scale(axes.yaxis, unit, unit if unit.isupper() else translate("Customers"))
    return figure


def customer_bridge(bridge: Waterfall) -> Figure:
    """From the active customers of a year ago to those of today."""
    labels, values, totals = bridge.customer_steps()
    return waterfall(labels, values, totals, "customers", title=_moved("customers", values, "customers", bridge))


def margin_bridge(bridge: Waterfall, currency: str) -> Figure:
    """The same bridge in the margin of 12 months; says so where the tables begin too late to know it."""
    steps = bridge.margin_steps()
    if steps is None:
        span = {"first": format_date(bridge.start), "last": format_date(bridge.end)}
        return _empty(
            translate("Margin of active customers, {first} to {last}", **span),
            translate("The tables begin too late to know last year's margin"),
        )
    labels, values, totals = steps
    return waterfall(labels, values, totals, currency, title=_moved("margin", values, currency, bridge))


def _moved(what: str, values: Sequence[float], unit: str, bridge: Waterfall) -> str:
    """From where to where, and since when."""
    first, last = (format_value(value, "" if unit == "customers" else unit) for value in (values[0], values[-1]))
    way = int(values[-1] > values[0]) - int(values[-1] < values[0])
    return translate(MOVED[what, way], first=first, last=last, day=format_date(bridge.end))


@style.drawn
def _empty(title: str, reason: str) -> Figure:
    _, (axes,) = style.new_figure(1.6)
    return style.nothing_to_show(axes, reason, title)
