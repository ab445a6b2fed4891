"""Forecasts from past dates drawn beside what came."""

from __future__ import annotations

from datetime import date
from typing import Any

import matplotlib.dates as dates
import numpy as np
import pytest

from cxvalue.figures import forecast_record
from cxvalue.lifetime import Interval
from cxvalue.questions.lifetime_value.base_forecast import PastRecord

DAYS = (date(2024, 1, 31), date(2024, 4, 30), date(2024, 7, 31))
SAID = (Interval(100.0, 80.0, 125.0), Interval(110.0, 90.0, 130.0), Interval(120.0, 95.0, 150.0))
RECORD = PastRecord(365, True, DAYS, SAID, (95.0, 140.0, 118.0))
TODAY = Interval(130.0, 100.0, 170.0)


def drawn(record: PastRecord | None) -> Any:
    return forecast_record(record, TODAY, date(2025, 7, 31), currency="EUR", level=0.95)


def bars(axes: Any) -> list[list[list[float]]]:
    return [[segment[:, 1].tolist() for segment in one.get_segments()] for one in axes.collections]


def test_each_forecast_has_its_range_what_came_is_a_line_and_today_stands_at_the_end() -> None:
    figure = drawn(RECORD)
    axes = figure.axes[0]
    said, came, today = axes.lines
    assert said.get_ydata().tolist() == [100, 110, 120]
    assert came.get_ydata().tolist() == [95, 140, 118]
    assert came.get_linestyle() == "-"
    assert said.get_xdata().tolist() == dates.date2num(list(DAYS)).tolist()
    assert bars(axes) == [[[80, 125], [90, 130], [95, 150]], [[100, 170]]]
    assert (today.get_xdata()[0], today.get_ydata()[0]) == (dates.date2num(date(2025, 7, 31)), 130)
    assert axes.get_ylabel() == "Margin of\n12 months"
    assert axes.get_ylim()[0] == 0
    assert "In 2 of 3 past forecasts the actual margin lay" in axes.get_title(loc="left") + str(figure.get_suptitle())
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert labels == ["forecast, 95% range", "actual", "forecast of 31 July 2025"]


@pytest.mark.parametrize(("days", "span"), [(183, "6 months"), (30, "1 month"), (14, "14 days")])
def test_a_shorter_horizon_is_drawn_as_shares_of_what_came(days: int, span: str) -> None:
    axes = drawn(PastRecord(days, False, DAYS, SAID, RECORD.actual)).axes[0]
    said, came = axes.lines[:2]
    assert said.get_ydata() == pytest.approx(np.array([100 / 95, 110 / 140, 120 / 118]))
    assert came.get_ydata().tolist() == [1, 1, 1]
    assert bars(axes)[0][1] == pytest.approx([90 / 140, 130 / 140])
    # Money of another horizon would not stand on this scale.
    assert len(bars(axes)) == 1
    assert axes.get_ylabel() == f"Forecast of {span},\nshare of the actual"


def test_nothing_to_show_is_said() -> None:
    axes = drawn(None).axes[0]
    assert [text.get_text() for text in axes.texts] == ["The history is too short for forecasts from past dates"]
    assert not axes.lines
