"""Figures of how behaviour changes: from period to period, with age, from cohort to cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.figures import style
from cxvalue.figures.base import waterfall
from cxvalue.figures.style import GOOD, GREY, INK, MAIN, SECOND
from cxvalue.findings.numbers import format_period, format_value
from cxvalue.language.catalogue import translatable, translate, written
from cxvalue.questions.customers.audit import OTHERS, PERIOD_GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

_PERIODS = tuple(f"{what}_{when}" for what in ("customers", "purchases", "margin") for when in ("before", "after"))
_ALL = "all"
_PART_NAMES = {
    "by_customers": translatable("more or fewer customers"),
    "by_frequency": translatable("purchases per customer"),
    "by_margin": translatable("margin per purchase"),
}


def change_parts(periods: pd.DataFrame) -> pd.DataFrame:
    """Split each change of margin into customers × purchases per customer × margin per purchase.

    `periods` has the columns customers_before, customers_after, purchases_before, purchases_after, margin_before and
    margin_after. Returned with the columns by_customers, by_frequency and by_margin, money, which add up to change: the
    mean contribution of each factor over the six orders in which they can change (Shapley value), so that no order is
    preferred. A rate that does not exist in one period (nobody bought) is taken from the other one.

    >>> change_parts(pd.DataFrame({"customers_before": [10], "customers_after": [20], "purchases_before": [20],
    ...     "purchases_after": [40], "margin_before": [100.0], "margin_after": [200.0]}))["by_customers"].tolist()
    [100.0]
    """
    style.need_columns(periods, _PERIODS, "change_parts")
    numbers = {name: periods[name].to_numpy(dtype=float) for name in _PERIODS}
    customers = numbers["customers_before"], numbers["customers_after"]
    frequency = _rates(numbers["purchases_before"], customers[0], numbers["purchases_after"], customers[1])
    margin = _rates(
        numbers["margin_before"], numbers["purchases_before"], numbers["margin_after"], numbers["purchases_after"]
    )
    parts = {
        "by_customers": _shapley(customers, frequency, margin),
        "by_frequency": _shapley(frequency, customers, margin),
        "by_margin": _shapley(margin, customers, frequency),
    }
    return periods.assign(**parts, change=numbers["margin_after"] - numbers["margin_before"])


def _rates(
    top_before: np.ndarray, bottom_before: np.ndarray, top_after: np.ndarray, bottom_after: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    before = np.divide(top_before, bottom_before, out=np.full_like(top_before, np.nan), where=bottom_before != 0)
    after = np.divide(top_after, bottom_after, out=np.full_like(top_after, np.nan), where=bottom_after != 0)
    first = np.where(np.isnan(before), after, before)
    second = np.where(np.isnan(after), before, after)
    return np.nan_to_num(first), np.nan_to_num(second)


def _shapley(
    own: tuple[np.ndarray, np.ndarray], one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Contribution of a factor to the change of a product of three, averaged over all orders."""
    step = own[1] - own[0]
    ends = one[0] * other[0] / 3 + one[1] * other[1] / 3
    return step * (ends + (one[0] * other[1] + one[1] * other[0]) / 6)


@style.drawn
def period_change(periods: pd.DataFrame, currency: str) -> Figure:
    """How the margin changed from one period to the next, and through what.

    `periods` has the column group and those of `change_parts`. One group is drawn as a waterfall, several as bars that
    add up to each group's change (the dot). A group named "all" that is the sum of the others is what the title tells; the
    groups of `cxvalue.questions.customers.audit.period_change` are told in the language that is spoken, others are names.
    """
    style.need_columns(periods, ("group", *_PERIODS), "period_change")
    parts = change_parts(periods)
    names = [translate(name) for name in _PART_NAMES.values()]
    span = {"before": translate("the earlier period"), "after": translate("the later period")}
    if len(parts) == 1:
        row = parts.iloc[0]
        values = [row["margin_before"], *(row[part] for part in _PART_NAMES), row["margin_after"]]
        marks = [True, False, False, False, True]
        labels = [span["before"], *names, span["after"]]
        return waterfall(labels, values, marks, currency, title=_through(parts, currency, span))
    figure, (axes,) = style.new_figure(1.5 + 0.42 * max(1, len(parts)))
    positions = np.arange(len(parts))
    above, below = np.zeros(len(parts)), np.zeros(len(parts))
    for part, name, colour in zip(_PART_NAMES, names, (MAIN, SECOND, GOOD), strict=True):
        amounts = parts[part].to_numpy(dtype=float)
        left = np.where(amounts >= 0, above, below)
        axes.barh(positions, amounts, left=left, color=colour, height=0.58, label=name)
        above = np.where(amounts >= 0, above + amounts, above)
        below = np.where(amounts < 0, below + amounts, below)
    axes.plot(parts["change"], positions, "o", color=INK, markersize=6, label=translate("total change"), zorder=4)
    axes.axvline(0, color=GREY, linewidth=0.9)
    axes.set_yticks(positions, [style.wrapped(_group_words(parts).get(group, group), 22) for group in parts["group"]])
    axes.invert_yaxis()
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    named = translate("Change of margin, {currency}, {before} to {after}", currency=currency, **span)
    style.scale(axes.xaxis, currency, named, ticks=5)
    style.legend(figure, 2)
    style.title(figure, _through(parts, currency, span))
    return figure


def _group_words(parts: pd.DataFrame) -> dict[object, str]:
    """What readers are told of the groups that are none of the data; a name that reads like one of them stays as it is."""
    ours = set(parts["group"]) == set(PERIOD_GROUPS)
    whole = parts["group"][_everybody(parts)]
    return {group: translate(words) for group, words in PERIOD_GROUPS.items() if ours or group in set(whole)}


def _everybody(parts: pd.DataFrame) -> pd.Series:
    """Which row is the sum of all others: that of our own name for it, unless somebody's group has this name."""
    named, sums = parts["group"] == _ALL, parts[list(_PERIODS)].astype(float)
    return named & np.isclose(sums, sums[~named].sum(), atol=0.005).all(axis=1)


def _through(parts: pd.DataFrame, currency: str, span: Mapping[str, str]) -> str:
    """By how much the margin changed in all groups together, and the part that did most of it."""
    everybody = _everybody(parts)
    parts = parts[everybody] if everybody.any() else parts
    summed = {part: float(parts[part].sum()) for part in _PART_NAMES}
    change = float(parts["change"].sum())
    if not summed or not np.isfinite(change) or not change:
        return translate("What changed the margin, {before} to {after}", **span)
    largest = max(summed, key=lambda part: summed[part] * np.sign(change))
    message = (
        translatable("Margin rose by {change}; the largest part: {part}")
        if change > 0
        else translatable("Margin fell by {change}; the largest part: {part}")
    )
    told = {"change": format_value(abs(change), currency), "part": translate(_PART_NAMES[largest])}
    return translate(message, **told)


@style.drawn
def cohort_ageing(ages: pd.DataFrame, currency: str) -> Figure:
    """How one cohort ages: how many still buy, and what they bring.

    `ages` has the columns quarter or months_since_first (the age), active_share (of the cohort, buying at that age) and
    margin_per_customer (of the cohort's first size, at that age); a column cohort names it.
    """
    style.need_columns(ages, ("active_share", "margin_per_customer"), "cohort_ageing")
    age = _age_of(ages, "cohort_ageing")
    quarters = age == "quarter"
    figure, (share, margin) = style.new_figure(4.4, 2, sharex=True)
    when = ages[age].to_numpy(dtype=float)
    active = ages["active_share"].to_numpy(dtype=float)
    brought = ages["margin_per_customer"].to_numpy(dtype=float)
    share.plot(when, active, color=MAIN, marker="o" if when.size < 40 else None, markersize=4)
    share.set_ylim(0, max(1e-9, float(np.nan_to_num(active).max(initial=0.0))) * 1.12)
    bought = (
        translate("Share of the cohort that bought in the quarter")
        if quarters
        else translate("Share of the cohort that bought in the month")
    )
    style.panel_title(share, bought)
    style.scale(share.yaxis, "share")
    margin.bar(when, brought, color=GOOD, width=0.7)
    margin.axhline(0, color=GREY, linewidth=0.9)
    each = (
        translate("Margin in the quarter per customer of the cohort, {currency}", currency=currency)
        if quarters
        else translate("Margin in the month per customer of the cohort, {currency}", currency=currency)
    )
    style.panel_title(margin, each)
    style.scale(margin.yaxis, currency)
    margin.set_xlabel(_age_label(age))
    margin.xaxis.set_major_locator(style.few_ticks(12, whole=True))
    for axes in (share, margin):
        axes.yaxis.set_major_locator(style.few_ticks(4))
    style.title(figure, _still_buying(ages, age))
    return figure


def _still_buying(ages: pd.DataFrame, age: str) -> str:
    """How many of a cohort bought at the last age that is known."""
    known = ages[ages["active_share"].notna()].sort_values(age)
    names = list(dict.fromkeys(ages["cohort"])) if "cohort" in ages.columns else []
    if known.empty:
        return translate("How a cohort ages")
    last = known.iloc[-1]
    told = {"share": format_value(float(last["active_share"]), "share"), "age": int(last[age])}
    if len(names) == 1:
        told["cohort"] = format_period(str(names[0]))
        return (
            translate("Of the customers first seen in {cohort}, {share} bought in quarter {age}", **told)
            if age == "quarter"
            else translate("Of the customers first seen in {cohort}, {share} bought in month {age}", **told)
        )
    return (
        translate("{share} of the cohort bought in quarter {age}", **told)
        if age == "quarter"
        else translate("{share} of the cohort bought in month {age}", **told)
    )


@style.drawn
def cohort_comparison(cohorts: pd.DataFrame) -> Figure:
    """The share that bought of cohorts at the same age, as a heat map; ages not yet reached are empty.

    `cohorts` has the columns cohort (in the order to show), quarter or months_since_first (the age) and active_share.
    """
    import seaborn

    style.need_columns(cohorts, ("cohort", "active_share"), "cohort_comparison")
    age, what = _age_of(cohorts, "cohort_comparison"), translate("Share that bought")
    shown = cohorts.assign(cohort=cohorts["cohort"].astype(str))
    names = [str(name) for name in dict.fromkeys(shown["cohort"])]
    grid = shown.pivot_table(index="cohort", columns=age, values="active_share", aggfunc="first", dropna=False)
    grid = grid.reindex(index=names).astype(float)
    figure, (axes,) = style.new_figure(1.6 + 0.3 * min(max(2, len(grid)), 24))
    style.title(figure, _old_and_new(grid, what, age))
    if grid.size == 0 or not grid.notna().to_numpy().any():
        return style.nothing_to_show(axes, translate("No cohort is large enough to be shown"))
    few = grid.shape[1] <= 13 and len(grid) <= 24
    marks = grid.map(lambda cell: "" if np.isnan(cell) else written(cell, ".0%")) if few else False
    axes.grid(False)
    seaborn.heatmap(
        grid.rename(index=lambda name: format_period(name, short=True)),
        ax=axes,
        cmap=seaborn.light_palette(MAIN, as_cmap=True),
        annot=marks,
        fmt="",
        annot_kws={"fontsize": 8},
        linewidths=0.6,
        linecolor="white",
        robust=True,
        cbar_kws={"format": style.unit_ticks("share"), "label": what},
        xticklabels=max(1, -(-grid.shape[1] // 13)),
        yticklabels=max(1, -(-len(grid) // 24)),
    )
    style.vector_colours(figure)
    axes.tick_params(axis="both", rotation=0)
    axes.set_xlabel(_age_label(age))
    axes.set_ylabel(translate("First purchase in"))
    return figure


def _old_and_new(grid: pd.DataFrame, what: str, age: str) -> str:
    """The oldest and the newest cohort at the greatest age that at least half of them have reached."""
    reached = grid.notna().sum()
    ages = reached.index[reached >= max(2, len(grid) / 2)] if grid.size else []
    if not len(ages):
        return translate("{what} by cohort and age", what=what)
    column = grid[ages[-1]].dropna()
    ends = [format_value(float(column.iloc[place]), "share") for place in (0, -1)]
    told = {
        "what": what,
        "age": int(ages[-1]),
        "first": format_period(column.index[0]),
        "last": format_period(column.index[-1]),
        "old": ends[0],
        "new": ends[1],
    }
    return (
        translate("{what} in quarter {age}: {old} of the cohort {first}, {new} of {last}", **told)
        if age == "quarter"
        else translate("{what} in month {age}: {old} of the cohort {first}, {new} of {last}", **told)
    )


@style.drawn
def margin_by_cohort(layers: pd.DataFrame, currency: str) -> Figure:
    """What each period's margin is made of: the layers of customers who came at different times.

    `layers` has the columns period and cohort (both in the order of time) and margin.
    """
    import seaborn

    style.need_columns(layers, ("period", "cohort", "margin"), "margin_by_cohort")
    figure, (axes,) = style.new_figure(4.0)
    style.title(figure, _largest_layer(layers))
    if layers.empty:
        return style.nothing_to_show(axes, translate("No purchases"))
    periods = [str(name) for name in dict.fromkeys(layers["period"])]
    cohorts = sorted({str(name) for name in layers["cohort"]})
    grid = layers.assign(period=layers["period"].astype(str), cohort=layers["cohort"].astype(str)).pivot_table(
        index="period", columns="cohort", values="margin", aggfunc="sum", fill_value=0.0
    )
    grid = grid.reindex(index=periods, columns=cohorts)
    colours = seaborn.color_palette(f"blend:{INK},{MAIN},#cfdcea", len(cohorts))
    above, below = np.zeros(len(periods)), np.zeros(len(periods))
    named = {0, len(cohorts) // 2, len(cohorts) - 1}
    for place, cohort in enumerate(cohorts):
        amounts = grid[cohort].to_numpy(dtype=float)
        # Negative margins hang below the line instead of hiding in the stack.
        bottom = np.where(amounts >= 0, above, below)
        label = _bought_first(cohort) if place in named else None
        axes.bar(range(len(periods)), amounts, bottom=bottom, color=colours[place], width=0.86, label=label)
        above, below = above + np.maximum(amounts, 0), below + np.minimum(amounts, 0)
    step = max(1, -(-len(periods) // 8))
    axes.set_xticks(range(0, len(periods), step), [format_period(period, short=True) for period in periods[::step]])
    style.scale(axes.yaxis, currency, translate("Margin, {currency}", currency=currency))
    style.legend(figure, 3)
    return figure


def _bought_first(cohort: str) -> str:
    """The layer of a cohort, and that of cohorts too small to be told apart."""
    if cohort == OTHERS:
        return translate("first bought at other times")
    return translate("first bought in {cohort}", cohort=format_period(cohort))


def _largest_layer(layers: pd.DataFrame) -> str:
    """Who brings most of the margin of the last period."""
    last = layers[layers["period"].astype(str) == str(layers["period"].iloc[-1])] if len(layers) else layers
    brought = last.groupby(last["cohort"].astype(str))["margin"].sum()
    if not len(brought) or float(brought.sum()) <= 0 or bool((brought < 0).any()) or brought.idxmax() == OTHERS:
        return translate("Margin by when customers first bought")
    return translate(
        "In {period} the customers who first bought in {cohort} brought most: {share} of the margin",
        period=format_period(str(last["period"].iloc[-1])),
        cohort=format_period(str(brought.idxmax())),
        share=format_value(float(brought.max() / brought.sum()), "share"),
    )


def _age_of(table: pd.DataFrame, what: str) -> str:
    """The column that holds the age."""
    for column in ("quarter", "months_since_first"):
        if column in table.columns:
            return column
    style.need_columns(table, ("quarter",), what)
    raise AssertionError("unreachable")


def _age_label(column: str) -> str:
    if column == "quarter":
        return translate("Quarters of 91 days since the first purchase")
    return translate("Months since the first purchase (0: its own month)")
