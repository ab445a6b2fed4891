"""Figures of experience: moves between levels, open complaints, importance against performance, gaps to competitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GREY, LIGHT, MAIN, PALETTE
from cxvalue.findings.numbers import format_date, format_number, format_value
from cxvalue.language.catalogue import translatable, translate
from cxvalue.questions.levels.customer_quarters import level_word

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_INTO = {"negative": BAD, "none": "#c9ced4", "low": "#a9c1d6", "medium": "#6f97bb", "high": MAIN, "unknown": LIGHT,
         "gone": GREY}  # fmt: skip


@style.drawn
def level_moves(moves: pd.DataFrame) -> Figure:
    """Where customers of each level are a quarter later, as one bar a level; see `moves_table`."""
    style.need_columns(moves, ("from", "to", "share"), "level_moves")
    figure, (axes,) = style.new_figure(3.6)
    style.title(figure, _lost_by_level(moves))
    if moves.empty:
        return style.nothing_to_show(axes, translate("No level has enough customers"))
    order = [name for name in _INTO if name in set(moves["from"])]
    table = moves.pivot(index="from", columns="to", values="share").reindex(order)
    left = np.zeros(len(table))
    for name, colour in _INTO.items():
        if name in table:
            width = table[name].fillna(0.0).to_numpy()
            axes.barh(range(len(table)), width, left=left, color=colour, edgecolor="white", label=level_word(name))
            left = left + width
    axes.set_yticks(range(len(table)), [level_word(name) for name in table.index])
    axes.set_ylim(len(table) - 0.5, -0.6)
    axes.set_xlim(0, 1)
    style.scale(axes.xaxis, "share")
    axes.set_ylabel(translate("Level in a quarter"))
    axes.grid(False, axis="y")
    style.legend(figure, 7)
    return figure


def _lost_by_level(moves: pd.DataFrame) -> str:
    """How many of the lowest and of the highest level were gone a quarter later, or how many stayed at a level."""
    gone = moves[moves["to"] == "gone"].set_index("from")["share"]
    names = [name for name in _INTO if name in gone.index]
    if moves.empty:
        return translate("Where customers of each level are a quarter later")
    if not names:
        return _kept_by_level(moves)
    ends = {"level": level_word(names[0]), "share": format_value(float(gone[names[0]]), "share")}
    if len(names) == 1:
        return translate("{share} of customers with a “{level}” experience were gone a quarter later", **ends)
    other = {"other": level_word(names[-1]), "other_share": format_value(float(gone[names[-1]]), "share")}
    return translate(
        "{share} of customers with a “{level}” experience were gone a quarter later, {other_share} of those "
        "with a “{other}” one",
        **ends,
        **other,
    )


def _kept_by_level(moves: pd.DataFrame) -> str:
    """How many of the lowest level were still there a quarter later, or how many of them said nothing then."""
    lowest = next(name for name in _INTO if name in set(moves["from"]))
    later = moves[moves["from"] == lowest].set_index("to")["share"]
    silent = float(later.get("unknown", 0.0)) > 0.5
    message = (
        translatable("{share} of customers with a “{level}” experience gave no answer a quarter later")
        if silent
        else translatable("{share} of customers with a “{level}” experience still had one a quarter later")
    )
    share = float(later.get("unknown" if silent else lowest, 0.0))
    return translate(message, level=level_word(lowest), share=format_value(share, "share"))


@style.drawn
def open_complaints(curve: pd.DataFrame, target_days: int) -> Figure:
    """Share of complaints not answered by each day, with its range and the target."""
    style.need_columns(curve, ("day", "still_open", "low", "high"), "open_complaints")
    figure, (axes,) = style.new_figure(3.2)
    style.title(figure, _still_waiting(curve, target_days))
    axes.fill_between(curve["day"], curve["low"], curve["high"], step="post", color=LIGHT, label=translate("range"))
    axes.step(curve["day"], curve["still_open"], where="post", color=MAIN, label=translate("not answered yet"))
    axes.axvline(target_days, color=BAD, linewidth=1.2, linestyle=(0, (3, 3)), label=translate("target"))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(translate("Days since the complaint"))
    style.scale(axes.yaxis, "share", translate("Complaints"))
    style.legend(figure, 3)
    return figure


def _still_waiting(curve: pd.DataFrame, target_days: int) -> str:
    """The share not answered within the target, or by the last day of the curve where the target lies beyond it."""
    until = curve[curve["day"] <= target_days]
    if until.empty:
        return translate("How long complaints wait for an answer is not known")
    day, share = int(until["day"].iloc[-1]), format_value(float(until["still_open"].iloc[-1]), "share")
    if day < target_days:
        return translate(
            "{share} of complaints were not answered within {time}", share=share, time=format_value(day, "days")
        )
    return translate(
        "{share} of complaints were not answered within the target of {time}",
        share=share,
        time=format_value(day, "days"),
    )


@style.drawn
def driver_map(drivers: pd.DataFrame, score: str) -> Figure:
    """Importance of each driver (its share of what is explained) against its present mean in points."""
    style.need_columns(drivers, ("driver", "share", "share_low", "share_high", "mean_points"), "driver_map")
    figure, (axes,) = style.new_figure(3.8)
    if drivers.empty:
        style.title(figure, translate("What goes with {score} is not known", score=score))
        return style.nothing_to_show(axes, translate("No driver was answered often enough"))
    first = drivers.loc[drivers["share"].astype(float).idxmax()]
    style.title(
        figure,
        translate(
            "{driver} goes most with {score}: {share} of what the drivers explain, at a mean answer of {points} of 100",
            driver=first["driver"],
            score=score,
            share=format_value(float(first["share"]), "share"),
            points=format_number(float(first["mean_points"])),
        ),
    )
    for row in drivers.itertuples():
        axes.plot([row.mean_points] * 2, [row.share_low, row.share_high], color=MAIN, alpha=0.5, linewidth=3)
        axes.plot(row.mean_points, row.share, "o", color=MAIN)
        axes.annotate(str(row.driver), (row.mean_points, row.share), (6, 4), textcoords="offset points", fontsize=8)
    style.scale(axes.xaxis, "", translate("Mean answer, points of 100"))
    style.scale(axes.yaxis, "share", translate("Share of what the drivers explain"))
    style.from_zero(axes)
    return figure


@style.drawn
def gap_trend(gaps: pd.DataFrame) -> Figure:
    """Own score less each competitor's, in points, date by date."""
    from matplotlib.dates import AutoDateLocator

    style.need_columns(gaps, ("metric", "competitor", "date", "gap"), "gap_trend")
    figure, (axes,) = style.new_figure(3.4)
    style.title(figure, _ahead(gaps))
    parts = gaps.groupby(["metric", "competitor"], sort=True)
    names = [translate("{metric} against {competitor}", metric=one, competitor=other) for one, other in parts.groups]
    for number, (_, rows) in enumerate(parts):
        colour = PALETTE[number % len(PALETTE)]
        axes.plot(rows["date"], rows["gap"], "o-", color=colour, markersize=4, label=names[number])
    axes.axhline(0, color=GREY, linewidth=1)
    style.scale(axes.yaxis, "", translate("Points ahead"))
    locator = AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(style.date_ticks(locator))
    style.legend(figure, 2)
    return figure


def _ahead(gaps: pd.DataFrame) -> str:
    """Who is ahead at the last date of each comparison."""
    if gaps.empty:
        return translate("There is no competitor to compare with")
    last = gaps.sort_values("date", kind="stable").groupby(["metric", "competitor"], sort=True).tail(1)
    if len(last) > 1:
        ahead = int((last["gap"] > 0).sum())
        return translate(
            "Ahead of competitors in {ahead} of {all} comparisons, each at its last date", ahead=ahead, all=len(last)
        )
    row = last.iloc[0]
    message = (
        translatable("{metric}: {points} points ahead of {competitor} on {day}")
        if row["gap"] >= 0
        else translatable("{metric}: {points} points behind {competitor} on {day}")
    )
    return translate(
        message,
        metric=row["metric"],
        points=format_number(abs(float(row["gap"]))),
        competitor=row["competitor"],
        day=format_date(row["date"]),
    )
