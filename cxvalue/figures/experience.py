"""Figures of experience: moves between levels, open complaints, importance against performance, gaps to competitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.figures import style
from cxvalue.figures.style import BAD, GREY, LIGHT, MAIN, PALETTE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["driver_map", "gap_trend", "level_moves", "open_complaints"]

_INTO = {"negative": BAD, "none": "#c9ced4", "low": "#a9c1d6", "medium": "#6f97bb", "high": MAIN, "unknown": LIGHT,
         "gone": GREY}  # fmt: skip


@style.drawn
def level_moves(moves: pd.DataFrame) -> Figure:
    """Where customers of each level are a quarter later, as one bar a level; see `moves_table`."""
    style.need_columns(moves, ("from", "to", "share"), "level_moves")
    figure, (axes,) = style.new_figure(3.6)
    style.title(figure, "Where are customers of each level a quarter later?")
    if moves.empty:
        style.nothing_to_show(axes, "No level has enough customers")
        return figure
    order = [name for name in _INTO if name in set(moves["from"])]
    table = moves.pivot(index="from", columns="to", values="share").reindex(order)
    left = np.zeros(len(table))
    for name, colour in _INTO.items():
        if name in table:
            width = table[name].fillna(0.0).to_numpy()
            axes.barh(range(len(table)), width, left=left, color=colour, label=name)
            left = left + width
    axes.set_yticks(range(len(table)), list(table.index))
    axes.set_ylim(len(table) - 0.5, -0.6)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(style.unit_ticks("share"))
    axes.set_ylabel("Level in a quarter")
    axes.grid(False, axis="y")
    figure.legend(loc="outside lower left", ncols=7)
    return figure


@style.drawn
def open_complaints(curve: pd.DataFrame, target_days: int) -> Figure:
    """Share of complaints not answered by each day, with its range and the target."""
    style.need_columns(curve, ("day", "still_open", "low", "high"), "open_complaints")
    figure, (axes,) = style.new_figure(3.2)
    style.title(figure, "How long do complaints wait for an answer?")
    axes.fill_between(curve["day"], curve["low"], curve["high"], step="post", color=LIGHT, label="range")
    axes.step(curve["day"], curve["still_open"], where="post", color=MAIN, label="not answered yet")
    axes.axvline(target_days, color=BAD, linewidth=1.2, linestyle=(0, (3, 3)), label="target")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("Days since the complaint")
    axes.set_ylabel("Complaints")
    axes.yaxis.set_major_formatter(style.unit_ticks("share"))
    figure.legend(loc="outside lower left", ncols=3)
    return figure


@style.drawn
def driver_map(drivers: pd.DataFrame, score: str) -> Figure:
    """Importance of each driver (its share of what is explained) against its present mean in points."""
    style.need_columns(drivers, ("driver", "share", "share_low", "share_high", "mean_points"), "driver_map")
    figure, (axes,) = style.new_figure(3.8)
    style.title(figure, f"What goes along with {score}, and how well do we do?")
    for row in drivers.itertuples():
        axes.plot([row.mean_points] * 2, [row.share_low, row.share_high], color=MAIN, alpha=0.5, linewidth=3)
        axes.plot(row.mean_points, row.share, "o", color=MAIN)
        axes.annotate(str(row.driver), (row.mean_points, row.share), (6, 4), textcoords="offset points", fontsize=8)
    axes.set_xlabel("Mean answer, points of 100")
    axes.set_ylabel("Share of what the drivers explain")
    axes.yaxis.set_major_formatter(style.unit_ticks("share"))
    style.from_zero(axes)
    return figure


@style.drawn
def gap_trend(gaps: pd.DataFrame) -> Figure:
    """Own score less each competitor's, in points, date by date."""
    style.need_columns(gaps, ("metric", "competitor", "date", "gap"), "gap_trend")
    figure, (axes,) = style.new_figure(3.4)
    style.title(figure, "Are we ahead of competitors, or behind?")
    for number, ((metric, competitor), rows) in enumerate(gaps.groupby(["metric", "competitor"], sort=True)):
        colour = PALETTE[number % len(PALETTE)]
        axes.plot(rows["date"], rows["gap"], "o-", color=colour, markersize=4, label=f"{metric} against {competitor}")
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set_ylabel("Points ahead")
    axes.tick_params(axis="x", rotation=30)
    figure.legend(loc="outside lower left", ncols=2)
    return figure
