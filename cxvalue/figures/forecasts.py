"""Forecasts from past dates with their ranges, what came, and the forecast of today beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cxvalue.figures import style
from cxvalue.figures.style import GREY, INK, MAIN, SECOND
from cxvalue.findings.numbers import format_date, format_level
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from datetime import date

    from matplotlib.figure import Figure

    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.lifetime_value.base_forecast import PastRecord


@style.drawn
def forecast_record(record: PastRecord | None, today: Interval, as_of: date, *, currency: str, level: float) -> Figure:
    """Past forecasts as dots with their range, what came as a line, today's forecast at the end.

    Where past forecasts are of a shorter horizon than today's, each is drawn as a share of what came, so that all can stand
    on one scale.
    """
    import matplotlib.dates as dates

    figure, (axes,) = style.new_figure(3.4)
    if record is None:
        style.title(figure, translate("No past forecast could be checked on these data"))
        return style.nothing_to_show(axes, translate("The history is too short for forecasts from past dates"))
    told = translatable("In {held} of {all} past forecasts the actual margin lay inside the range")
    style.title(figure, translate(told, held=record.held, all=len(record)))
    when = dates.date2num(list(record.origins))
    said = np.array([[one.value, one.low, one.high] for one in record.forecast])
    came = np.array(record.actual)
    if not record.own_horizon:
        said, came = said / came[:, None], np.ones_like(came)
    ranged = translate("forecast, {level} range", level=format_level(level))
    axes.vlines(when, said[:, 1], said[:, 2], color=MAIN, alpha=0.45, linewidth=5)
    axes.plot(when, said[:, 0], "o", color=MAIN, markersize=5, label=ranged)
    axes.plot(when, came, color=INK, linewidth=1.6, marker="_", markersize=9, label=translate("actual"))
    if record.own_horizon:
        end = dates.date2num(as_of)
        axes.vlines([end], [today.low], [today.high], color=SECOND, alpha=0.55, linewidth=7)
        newest = translate("forecast of {day}", day=format_date(as_of))
        axes.plot([end], [today.value], "o", color=SECOND, markersize=7, label=newest)
        style.scale(axes.yaxis, currency, translate("Margin of\n{span}", span=record.span))
    else:
        axes.axhline(1.0, color=GREY, linewidth=0.8)
        style.scale(axes.yaxis, "share", translate("Forecast of {span},\nshare of the actual", span=record.span))
    axes.set_ylim(bottom=0)
    locator = dates.AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(style.date_ticks(locator))
    axes.set_xlabel(translate("Date of the forecast"))
    style.legend(figure, 3)
    return figure
