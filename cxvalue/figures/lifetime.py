"""Figures of the lifetime models: do they predict, and what is still to come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cxvalue.figures import style
from cxvalue.figures.style import GREY, INK, MAIN, PALETTE, SECOND
from cxvalue.findings.numbers import format_level, format_number, format_range, format_value
from cxvalue.language.catalogue import translatable, translate, written
from cxvalue.language.letters import begun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MODEL_ORDER = ("bg_nbd", "pareto_nbd", "mbg_nbd", "nbd", "bg_cnbd_k", "mbg_cnbd_k")
CAME = translatable("actual")

REPEAT = {
    "day": translatable("Repeat purchases per day"),
    "week": translatable("Repeat purchases per week"),
    "month": translatable("Repeat purchases per month"),
    "quarter": translatable("Repeat purchases per quarter"),
    "year": translatable("Repeat purchases per year"),
}
AGAIN = {
    "day": translatable("Customers who bought again in each day"),
    "week": translatable("Customers who bought again in each week"),
    "month": translatable("Customers who bought again in each month"),
    "quarter": translatable("Customers who bought again in each quarter"),
    "year": translatable("Customers who bought again in each year"),
}
DRAWN_LIKE = {"bg_bb": "bg_nbd", "bb": "nbd"}
"""Models that never stand in one figure, and look alike."""


@style.drawn
def holdout_tracking(
    weeks: pd.DataFrame,
    holdout_start: date | None = None,
    titles: Mapping[str, str] | None = None,
    *,
    chosen: str | None = None,
    things: str = "purchases",
    each: str = "week",
) -> Figure:
    """Repeat purchases as they came against each model's forecast, running total above and per week below.

    `weeks` has the columns week_end (date), actual (purchases of the week) and one column per model, named as the
    model, with what it predicts for the week. What lies left of `holdout_start` was used for fitting. `titles` names
    the models, and `chosen` is drawn on top. `things` is what is counted, in words, and `each` the time of a row.
    """
    style.need_columns(weeks, ("week_end", "actual"), "holdout_tracking")
    models = _models(weeks, ("week_end", "actual"), titles, chosen)
    if chosen in weeks.columns:
        # What was said and what came: how the other models fared stands in a table.
        models = [
            (name, {**look, "label": translate("forecast, {model}", model=look["label"])})
            for name, look in models
            if name == chosen
        ]
    figure, (total, single) = style.new_figure(5.0, 2, sharex=True)
    when = pd.to_datetime(weeks["week_end"])
    for axes, cumulative in ((total, True), (single, False)):
        for name, look in models:
            values = weeks[name].to_numpy(dtype=float)
            axes.plot(when, np.cumsum(values) if cumulative else values, **look)
        actual = weeks["actual"].to_numpy(dtype=float)
        axes.plot(
            when, np.cumsum(actual) if cumulative else actual, color=INK, linewidth=1.6, label=translate(CAME), zorder=4
        )
        style.from_zero(axes)
        style.scale(axes.yaxis, "", ticks=4)
    whole = (
        translate("Repeat purchases, running total")
        if things == "purchases"
        else translate("Further {things}, running total", things=translate(things))
    )
    style.panel_title(total, whole, pad=16)
    style.panel_title(single, translate((REPEAT if things == "purchases" else AGAIN)[each]))
    if len(when):
        style.month_axis(single, when)
    if holdout_start is not None and len(when) > 1:
        _split(total, single, pd.Timestamp(holdout_start), when)
    style.legend(figure, 3, total)
    style.title(figure, _forecast_and_actual(weeks, holdout_start, chosen, things))
    return figure


def _forecast_and_actual(weeks: pd.DataFrame, start: date | None, chosen: str | None, things: str) -> str:
    """How far the total was off, roughly: the weeks drawn are whole ones, those of the finding go to the last day.

    The running totals differ by what was off before the line as well, and so the title says of what it speaks.
    """
    ahead = weeks.iloc[:0] if start is None else weeks[pd.to_datetime(weeks["week_end"]) >= pd.Timestamp(start)]
    if chosen not in weeks.columns or ahead.empty:
        return translate("Forecast and actual, week by week")
    said, came = float(ahead[chosen].sum()), float(ahead["actual"].sum())
    named = {} if things == "purchases" else {"things": translate(things)}
    if not came:
        none = (
            translatable("Right of the line the forecast was {forecast:,.0f} {things}, and none came")
            if named
            else translatable("Right of the line the forecast was {forecast:,.0f} purchases, and none came")
        )
        return translate(none, forecast=said, **named)
    off = abs(said / came - 1)
    if off < 0.005:
        right = (
            translatable("Right of the line the forecast of {things} was right to within half a percent")
            if named
            else translatable("Right of the line the forecast of purchases was right to within half a percent")
        )
        return translate(right, **named)
    return translate(OFF[bool(named), said < came], off=off, **named)


OFF = {
    (False, True): translatable("Right of the line the forecast of purchases was about {off:.0%} too low"),
    (False, False): translatable("Right of the line the forecast of purchases was about {off:.0%} too high"),
    (True, True): translatable("Right of the line the forecast of {things} was about {off:.0%} too low"),
    (True, False): translatable("Right of the line the forecast of {things} was about {off:.0%} too high"),
}


def _split(total: Axes, single: Axes, start: pd.Timestamp, when: pd.Series) -> None:
    from matplotlib.dates import date2num

    if not when.min() < start <= when.max():
        return
    for axes in (total, single):
        axes.axvline(date2num(start), color=GREY, linewidth=1.1, linestyle=(0, (2, 2)))
    # The words go where there is room for them, above the panel.
    place = (start - when.min()) / (when.max() - when.min())
    for text, side, offset in ((translate("fitted"), "right", -5), (translate("forecast"), "left", 5)):
        total.annotate(text, (place, 1.0), (offset, 3), xycoords="axes fraction", textcoords="offset points",
                       ha=side, va="bottom", color=style.TEXT, fontsize=8.5)  # fmt: skip


@style.drawn
def holdout_calibration(
    bins: pd.DataFrame,
    titles: Mapping[str, str] | None = None,
    *,
    chosen: str | None = None,
    things: str = "purchases",
) -> Figure:
    """Mean purchases per customer in the holdout, by how often they had bought before.

    `bins` has the columns frequency (text or number, in order), actual and one column per model; a column customers is
    left out. `titles` names the models, `chosen` is drawn on top, and `things` is what is counted, in words.
    """
    style.need_columns(bins, ("frequency", "actual"), "holdout_calibration")
    figure, (axes,) = style.new_figure(3.9)
    places = np.arange(len(bins))
    axes.bar(places, bins["actual"].to_numpy(dtype=float), color=style.PALE, width=0.7, label=translate(CAME))
    for name, look in _models(bins, ("frequency", "actual", "customers"), titles, chosen):
        axes.plot(places, bins[name].to_numpy(dtype=float), marker="o", markersize=5, **look)
    style.from_zero(axes)
    axes.set_xticks(places, [str(name) for name in bins["frequency"]])
    axes.set_xlabel(
        translate("Repeat purchases before the forecast")
        if things == "purchases"
        else translate("Further {things} before the forecast", things=translate(things))
    )
    each = translate("{things} per customer\nin the forecast period", things=begun(translate(things)))
    style.scale(axes.yaxis, "", each)
    style.legend(figure, 3)
    style.title(figure, _furthest_off(bins, chosen, things))
    return figure


def _furthest_off(bins: pd.DataFrame, chosen: str | None, things: str) -> str:
    """After how many purchases forecast and actual are furthest apart, of the chosen model or the first."""
    models = [name for name in bins.columns if name not in ("frequency", "actual", "customers")]
    name = chosen if chosen in models else next(iter(models), "")
    apart = (bins[name] - bins["actual"]).abs() if name else bins["actual"] * np.nan
    if not apart.notna().any():
        return translate("Forecast and actual, by how often customers had bought")
    worst = bins.loc[apart.idxmax()]
    told = {"often": worst["frequency"], "said": format_number(float(worst[name]))}
    told["came"] = format_number(float(worst["actual"]))
    if things == "purchases":
        return translate(
            "Furthest off after {often} repeat purchases: {said} per customer forecast, {came} actual", **told
        )
    told["things"] = translate(things)
    return translate("Furthest off after {often} further {things}: {said} per customer forecast, {came} actual", **told)


@style.drawn
def p_alive_distribution(p: ArrayLike) -> Figure:
    """How many customers are how likely to be still buying; probabilities that are withheld (nan) are said to be so."""
    import seaborn

    values = np.asarray(p, dtype=float)
    known = values[~np.isnan(values)]
    figure, (axes,) = style.new_figure(3.3)
    alive = {"alive": min(round(float(f"{known.sum():.3g}")), known.size), "customers": known.size}
    style.title(
        figure,
        translate("About {alive:,} of {customers:,} customers are still with us", **alive)
        if known.size
        else translate("The data do not show who is still with us"),
    )
    if known.size == 0:
        return style.nothing_to_show(axes, translate("Withheld: the data do not tell lost customers from quiet ones"))
    seaborn.histplot(x=known, bins=20, binrange=(0, 1), color=MAIN, alpha=1, ax=axes)
    axes.set_xlim(0, 1)
    style.scale(axes.xaxis, "share", translate("Probability of still being a customer"))
    style.scale(axes.yaxis, "", translate("Customers"))
    mean = float(known.mean())
    axes.margins(y=0.15)
    axes.axvline(mean, color=SECOND, linewidth=1.6, linestyle=(0, (4, 2)))
    side = 1 if mean < 0.6 else -1
    axes.annotate(
        translate("mean {value}", value=format_value(mean, "share")),
        (mean, 1),
        (5 * side, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="top",
        fontsize=9,
    )
    return figure


@style.drawn
def equity_by_decile(cltv: ArrayLike, currency: str) -> Figure:
    """Which tenth of customers the margin still to come depends on.

    `cltv` holds the expected margin still to come of each customer.
    """
    values = np.sort(np.asarray(cltv, dtype=float))[::-1]
    figure, (axes,) = style.new_figure(3.5)
    total = values.sum()
    if values.size == 0 or total <= 0:
        style.title(figure, translate("No margin is still to come"))
        return style.nothing_to_show(axes, translate("No margin is expected, so there are no shares"))
    cumulative = np.concatenate([[0.0], np.cumsum(values)])
    money = np.diff(np.interp(np.linspace(0, 1, 11), np.linspace(0, 1, values.size + 1), cumulative))
    axes.bar(range(1, 11), money, color=[MAIN] + ["#8fb0cc"] * 9, width=0.78)
    for place, amount in enumerate(money, start=1):
        axes.text(place, max(amount, 0), written(amount / total, ".0%"), ha="center", va="bottom", fontsize=9)
    axes.margins(y=0.12)
    axes.set_xticks(range(1, 11))
    axes.set_xlabel(translate("Tenth of customers, most valuable first"))
    style.scale(axes.yaxis, currency, translate("Margin still to come, {currency}", currency=currency))
    best = float(money[0] / total)
    style.title(
        figure, translate("{share:.0%} of the value still to come lies with one tenth of customers", share=best)
    )
    return figure


@style.drawn
def equity_interval(
    value: float, low: float, high: float, currency: str, *, level: float = 0.95, draws: ArrayLike | None = None
) -> Figure:
    """The margin still to come with its range; `draws` (simulated outcomes) show what is likelier."""
    import seaborn

    figure, (axes,) = style.new_figure(2.9 if draws is not None else 1.7)
    axes.grid(False)
    sample = np.asarray([] if draws is None else draws, dtype=float)
    if sample.size > 1 and np.ptp(sample) > 0:
        seaborn.histplot(x=sample, bins=40, color="#b9cddf", alpha=1, stat="density", ax=axes)
    top = axes.get_ylim()[1] if sample.size > 1 and np.ptp(sample) > 0 else 1.0
    line = -0.12 * top if sample.size > 1 else 0.0
    axes.plot([low, high], [line, line], color=MAIN, linewidth=4, solid_capstyle="round")
    axes.plot([value], [line], "o", color=INK, markersize=9, zorder=4)
    axes.set_ylim(-0.3 * top if sample.size > 1 else -0.6, top * (1.08 if sample.size > 1 else 0.6))
    axes.margins(x=0.1)
    if high <= low:
        axes.set_xlim(low - max(1.0, abs(low) * 0.1), high + max(1.0, abs(high) * 0.1))
    axes.set_yticks([])
    axes.set_ylabel("")
    style.scale(axes.xaxis, currency, translate("Margin still to come, {currency}", currency=currency), ticks=5)
    spread = format_range(low, high, currency)
    style.panel_title(axes, translate("{range} with {level} confidence", range=spread, level=format_level(level)))
    style.title(figure, translate("Expected: {value}", value=format_value(value, currency)))
    return figure


def _models(
    table: pd.DataFrame, others: tuple[str, ...], titles: Mapping[str, str] | None, chosen: str | None
) -> list[tuple[str, dict[str, Any]]]:
    """Models with how their lines look: a model has the same colour in every figure, and the chosen one stands out."""
    named = titles or {}
    names = [str(name) for name in table.columns if name not in others]
    colours = {name: PALETTE[place] for place, name in enumerate(MODEL_ORDER)}
    spare = [colour for colour in PALETTE if colour not in colours.values()] or [GREY]
    looks: list[tuple[str, dict[str, Any]]] = []
    for place, name in enumerate(names):
        strong = chosen is None or name == chosen
        # With covariates a model keeps its colour and is dotted where it is not the chosen one.
        plain = DRAWN_LIKE.get(name, name).removesuffix("_covariates")
        thin = (0, (1, 1.5)) if name.endswith("_covariates") else (0, (5, 2))
        look = {
            "color": colours.get(plain, spare[place % len(spare)]),
            "label": named.get(name, name),
            "linewidth": 2.2 if strong else 1.3,
            "linestyle": "-" if strong else thin,
            "zorder": 3 if strong else 2,
        }
        looks.append((name, look))
    return looks
