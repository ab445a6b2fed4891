"""Figures of churn under contract: the drivers that go with it, and renewal by the users' satisfaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GREY, INK, MAIN, PALE
from cxvalue.findings.numbers import format_value
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_ANSWER = translatable("no answer")
THIRDS = (translatable("lowest third"), translatable("middle third"), translatable("highest third"))
"""Bands of users' scores, told where `band` stands."""


@style.drawn
def hazard_ratios(ratios: pd.DataFrame) -> Figure:
    """The hazard ratio of each level of each driver with its range, on a scale on which twice and half are as far from 1.

    `ratios` has the columns driver, level, compared_with, ratio, low and high of `HazardModel.ratios`; the rows compared
    with have no range.
    """
    style.need_columns(ratios, ("driver", "level", "compared_with", "ratio", "low", "high"), "hazard_ratios")
    ratios = _told(ratios)
    figure, panels = style.row_panels(ratios, "driver", "level", size=(1.1, 0.24))
    style.title(figure, _strongest(ratios))
    if ratios.empty:
        return style.nothing_to_show(panels[0][0], translate("No clear driver was found"))
    for axes, part in panels:
        rows = np.arange(len(part))
        base = part["low"].isna().to_numpy()
        clear = ((part["low"] > 1) | (part["high"] < 1)).to_numpy()
        for chosen, colour in ((~base & clear, BAD), (~base & ~clear, GREY)):
            axes.hlines(rows[chosen], part["low"][chosen], part["high"][chosen], color=colour, linewidth=2, alpha=0.6)
            axes.plot(part["ratio"][chosen], rows[chosen], "o", color=colour, markersize=6)
        axes.plot(np.ones(int(base.sum())), rows[base], "|", color=INK, markersize=9)
        axes.axvline(1, color=INK, linewidth=0.8)
        axes.set_xscale("log")
    ends = pd.concat([ratios["low"], ratios["high"], ratios["ratio"]]).dropna()
    low, high = max(float(ends.min()) / 1.15, 0.05), min(float(ends.max()) * 1.15, 20.0)
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10) if low <= tick <= high]
    lowest = panels[-1][0]
    lowest.set_xticks(ticks, [style.written(tick, "g") for tick in ticks])
    lowest.minorticks_off()
    lowest.set_xlim(low, high)
    lowest.set_xlabel(translate("Times as often as at the level with a line, all else shown being equal"))
    return figure


def _told(ratios: pd.DataFrame) -> pd.DataFrame:
    """The table with its drivers and levels as readers call them."""
    from cxvalue.questions.contracts.driver_words import driver_words, level_words

    told = {
        name: [level_words(driver, level) for driver, level in zip(ratios["driver"], ratios[name], strict=True)]
        for name in ("level", "compared_with")
    }
    return ratios.assign(driver=[driver_words(one) for one in ratios["driver"]], **told)


def _strongest(ratios: pd.DataFrame) -> str:
    """The level at which contracts end most clearly more or less often than at the one that it is compared with."""
    clear = ratios[(ratios["low"] > 1) | (ratios["high"] < 1)]
    if ratios.empty:
        return translate("No clear driver of ended contracts was found")
    if clear.empty:
        return translate("No driver shown goes clearly with more or fewer contracts that end")
    row = clear.loc[np.log(clear["ratio"].astype(float)).abs().idxmax()]
    return translate(
        "{driver}: at {level} contracts end {ratio} times as often as at {other}",
        driver=row["driver"],
        level=row["level"],
        ratio=style.written(float(row["ratio"]), ".2g" if row["ratio"] < 10 else ".0f"),
        other=row["compared_with"],
    )


@style.drawn
def renewal_by_satisfaction(bands: pd.DataFrame) -> Figure:
    """Share of the accounts that were still there 12 months later, by what their users had said, with its range.

    `bands` has the columns band, accounts, renewed, low and high of `AccountRenewals.bands`.
    """
    style.need_columns(bands, ("band", "accounts", "renewed", "low", "high"), "renewal_by_satisfaction")
    figure, (axes,) = style.new_figure(3.6)
    style.title(figure, _renewed(bands))
    if bands.empty:
        return style.nothing_to_show(axes, translate("No account was under contract 12 months ago"))
    places, share = np.arange(len(bands)), bands["renewed"].to_numpy(float)
    reach = np.clip(np.array([share - bands["low"], bands["high"] - share]), 0, None)
    colours = [MAIN if answered else PALE for answered in _answered(bands)]
    axes.bar(places, share, color=colours, width=0.62)
    axes.errorbar(places, share, yerr=reach, fmt="none", ecolor=INK, elinewidth=1.3)
    for place, value, top in zip(places, share, bands["high"], strict=True):
        axes.annotate(style.label(float(value), "share"), (place, top), (0, 3), textcoords="offset points", ha="center")
    axes.set_ylim(0, 1.12)
    labels = [
        translate("{band}\n{accounts:,} accounts", band=translate(str(band)), accounts=int(count))
        for band, count in zip(bands["band"], bands["accounts"], strict=True)
    ]
    axes.set_xticks(places, labels)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    style.scale(axes.yaxis, "share", translate("Renewed within 12 months"))
    axes.set_xlabel(translate("Users' mean score in the 12 months before"))
    return figure


def _answered(bands: pd.DataFrame) -> list[bool]:
    """Which bands have an answer; the tables write those without one in English or in the readers' language."""
    return [str(band) not in (NO_ANSWER, translate(NO_ANSWER)) for band in bands["band"]]


def _renewed(bands: pd.DataFrame) -> str:
    """Renewal where users were most and least satisfied; bands come in the order of their scores."""
    asked = bands[_answered(bands)]
    if asked.empty:
        return translate("Users' scores before accounts were renewed are not known")
    ends = [
        {"band": translate(str(band)), "share": format_value(float(share), "share")}
        for band, share in zip(asked["band"].iloc[[0, -1]], asked["renewed"].iloc[[0, -1]], strict=True)
    ]
    if len(asked) == 1:
        return translate("{share} of the accounts renewed ({band} of users' scores)", **ends[0])
    return translate(
        "{share} of the accounts renewed ({band} of users' scores), compared with {other_share} ({other})",
        share=ends[1]["share"],
        band=ends[1]["band"],
        other_share=ends[0]["share"],
        other=ends[0]["band"],
    )
