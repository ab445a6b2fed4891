"""The sentences of the market: a scenario is called one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxvalue.findings.numbers import format_range
from cxvalue.foundation.intervals import Interval
from cxvalue.questions.market.display import gaps_table
from cxvalue.questions.market.findings import do_nothing_finding, gap_findings
from cxvalue.questions.market.gaps import Gap

DAYS = np.arange(20000, 20900, 90)
MOVING = Gap("overall", "Big Rival", -0.4, Interval(-0.4, -0.6, -0.2), Interval(-0.2, -0.3, -0.1), DAYS,
             np.linspace(0, -0.4, 10), 6.6, 7.0)  # fmt: skip
STILL = Gap("overall", "Other", 0.3, None, None, DAYS[:1], np.array([0.3]), 6.6, 6.3)


def test_gaps_and_trends_have_ids_of_metric_and_competitor() -> None:
    found = {one.id.removeprefix("experience.market."): one for one in gap_findings([MOVING, STILL], level=0.95)}
    assert set(found) == {f"overall.{name}.{kind}" for name in ("Big_Rival", "Other") for kind in ("gap", "gap_trend")}
    assert (
        found["overall.Big_Rival.gap"].text
        == "We are 0.400 points behind Big Rival in overall (between 0.200 and 0.600)."
    )
    assert found["overall.Other.gap"].low is None
    assert "states no margin of error" in found["overall.Other.gap"].text
    assert found["overall.Other.gap_trend"].value is None


def test_several_figures_of_a_day_are_told() -> None:
    for figures, told in ((3, True), (1, False)):
        found = gap_findings([replace(MOVING, figures=figures)], level=0.95)
        assert all(("several figures on one day" in one.method) == told for one in found)


def test_doing_nothing_is_trend_times_two_years_times_link_times_customers() -> None:
    link = Interval(0.5, 0.3, 0.7)
    found = do_nothing_finding(
        [MOVING, STILL], link, main="overall", metrics={}, active=1000, currency="EUR", level=0.95
    )
    assert found is not None
    assert found.value == -0.2 * 10 * 2 * 0.5 * 1000  # 10 points a unit of the scale
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high < 0
    less = format_range(-found.high, -found.low, "EUR")
    assert f"Big Rival goes with EUR 2,000 less margin a year in two years ({less})" in found.text
    assert "scenario" in found.text
    for gaps, one in (([STILL], link), ([MOVING], None)):
        assert do_nothing_finding(gaps, one, main="overall", metrics={}, active=9, currency="EUR", level=0.95) is None
    assert len(gaps_table([MOVING, STILL])) == 11
