"""Figures of value: what moves it, and how forecasts from past dates fared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.figures import style
from cxvalue.figures.lifetime import DRAWN_LIKE, MODEL_ORDER
from cxvalue.figures.style import BAD, GOOD, GREY, INK, PALETTE
from cxvalue.findings.numbers import format_date, format_value
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.language.letters import width_of
from cxvalue.lifetime.prediction.levers import EROSION_YEARS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style.drawn
def value_levers(table: pd.DataFrame, currency: str, thing: str = "purchase") -> Figure:
    """What each lever adds to the value still to come, or takes from it, with the range of the expectation.

    `table` has the columns lever, change, gain, low, high and horizon_months of `tables/levers.csv`; levers without
    a gain are left out.
    `thing` is one of what the models count, in words: a purchase, or a period with one.
    """
    style.need_columns(table, ("lever", "change", "gain", "low", "high", "horizon_months"), "value_levers")
    known = table[table["gain"].notna()]
    figure, (axes,) = style.new_figure(max(2.2, 0.9 + 0.42 * len(known)))
    if known.empty:
        style.title(figure, translate("What would change the value still to come is not known"))
        return style.nothing_to_show(axes, translate("No lever could be valued"))
    gains = known["gain"].to_numpy(dtype=float)
    best = known.iloc[int(np.argmax(gains))]
    name = _named(best.lever, best.change, currency, thing, best.horizon_months)
    gain, horizon = format_value(float(best.gain), currency), format_value(int(best.horizon_months), "months")
    style.title(figure, translate("{lever}: {gain} more over {horizon}", lever=name, gain=gain, horizon=horizon))
    places = np.arange(len(known))[::-1]
    axes.barh(places, gains, color=[GOOD if gain >= 0 else BAD for gain in gains], height=0.62)
    low, high = known["low"].to_numpy(dtype=float), known["high"].to_numpy(dtype=float)
    axes.hlines(places, low, high, color=INK, linewidth=1.6)
    for place, gain, one, other in zip(places, gains, low, high, strict=True):
        end, side = (max(other, gain), 1) if gain >= 0 else (min(one, gain), -1)
        text = style.label(gain, currency)
        axes.annotate(
            f"+{text}" if gain > 0 else text,
            (end, place),
            (4 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=9,
        )
    axes.axvline(0, color=GREY, linewidth=0.9)
    least, most = min(0.0, float(low.min()), float(gains.min())), max(0.0, float(high.max()), float(gains.max()))
    longest = max(width_of(style.label(gain, currency)) for gain in gains)
    room = (0.06 + 0.032 * longest) * max(most - least, 1e-9)  # for the numbers beside the bars
    axes.set_xlim(least - room * (least < 0), most + room * (most > 0) + 1e-9)
    names = [_named(row.lever, row.change, currency, thing, row.horizon_months) for row in known.itertuples()]
    axes.set_yticks(places, [style.wrapped(name, 40) for name in names])
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    named = translate("Change of the margin still to come, {currency}", currency=currency)
    style.scale(axes.xaxis, currency, named, ticks=5)
    return figure


def _named(lever: str, change: float, currency: str, thing: str, horizon_months: int) -> str:
    if lever == "retention":
        return translate("{customers:.0f} in 100 more customers stay each year", customers=100 * change)
    if lever == "purchase":
        return (
            translate("{number:g} more purchase a year by each active customer", number=change)
            if thing == "purchase"
            else translate(
                "{number:g} more {thing} a year by each active customer", number=change, thing=translate(thing)
            )
        )
    if lever == "margin":
        return (
            translate("{currency} {amount:g} more margin per purchase", currency=currency, amount=change)
            if thing == "purchase"
            else translate(
                "{currency} {amount:g} more margin per {thing}",
                currency=currency,
                amount=change,
                thing=translate(thing),
            )
        )
    if lever == "erosion":
        years = horizon_months >= 12 * EROSION_YEARS
        lasting = format_value(EROSION_YEARS if years else horizon_months, "years" if years else "months")
        return translate("Market takes {share:.0%} per year for {time}", share=change, time=lasting)
    return lever


THINGS = (
    translatable("week with a purchase"),
    translatable("month with a purchase"),
    translatable("quarter with a purchase"),
    translatable("year with a purchase"),
)
"""What models by period count, told where `thing` stands."""


@style.drawn
def rolling_bias(
    table: pd.DataFrame,
    titles: Mapping[str, str] | None = None,
    *,
    chosen: str | None = None,
    things: str = "purchases",
) -> Figure:
    """By how much the forecast of each model was off in total, from each past date.

    `table` has the columns origin, model and relative_bias of `tables/rolling.csv`. `titles` names the models,
    `chosen` is drawn on top, and `things` is what is counted, in words.
    """
    style.need_columns(table, ("origin", "model", "relative_bias"), "rolling_bias")
    figure, (axes,) = style.new_figure(3.3)
    known = table[table["relative_bias"].notna()]
    style.title(figure, _off_by(known, titles or {}, chosen))
    if known.empty:
        return style.nothing_to_show(axes, translate("The history is too short for forecasts from past dates"))
    dates = sorted(known["origin"].unique())
    models = list(dict.fromkeys(known["model"]))
    width = 0.8 / len(models)
    colours = {name: PALETTE[place] for place, name in enumerate(MODEL_ORDER)}
    for place, name in enumerate(models):
        part, said = known[known["model"] == name], (titles or {}).get(name, name)
        axes.bar(
            [dates.index(origin) + (place - (len(models) - 1) / 2) * width for origin in part["origin"]],
            part["relative_bias"].to_numpy(dtype=float),
            width=0.9 * width,
            color=colours.get(DRAWN_LIKE.get(name, name), GREY),
            alpha=1.0 if chosen in (None, name) else 0.45,
            label=translate("{model} (chosen)", model=said) if name == chosen else said,
        )
    axes.axhline(0, color=INK, linewidth=1.0)
    axes.margins(y=0.12)
    axes.set_xticks(range(len(dates)), [translate("from {day}", day=format_date(origin)) for origin in dates])
    style.scale(
        axes.yaxis,
        "share",
        translate("Predicted minus actual\npurchases, share of actual")
        if things == "purchases"
        else translate("Predicted minus actual\n{things},\nshare of actual", things=translate(things)),
    )
    style.legend(figure, 3)
    return figure


def _off_by(known: pd.DataFrame, titles: Mapping[str, str], chosen: str | None) -> str:
    """How far off the chosen model was at most, or the one that was least far off where none is chosen."""
    if known.empty:
        return translate("How far off forecasts are is not known yet")
    worst = known["relative_bias"].abs().groupby(known["model"]).max()
    name = chosen if chosen is not None and chosen in worst.index else str(worst.idxmin())
    return translate_count(
        "{model} was off by {share} in a forecast from {count} earlier date",
        "{model} was off by at most {share} in forecasts from {count} earlier dates",
        int(known.loc[known["model"] == name, "origin"].nunique()),
        model=titles.get(name, name),
        share=format_value(float(worst[name]), "share"),
    )
