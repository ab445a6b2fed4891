"""The sentences of the journey; small cells are withheld and counted."""

from __future__ import annotations

import math

from cxvalue.foundation.intervals import Interval
from cxvalue.questions.journey.findings import channel_findings, match_findings, step_findings, suppressed_finding
from cxvalue.questions.journey.joined import ChannelGap
from cxvalue.questions.journey.steps import Step

WHOLE = Step("the order", "delivery", 400, 100, Interval(0.25, 0.21, 0.29), Interval(6.0, 5.0, 7.0))


def test_drop_off_and_days_of_a_step() -> None:
    found, hidden = step_findings([WHOLE], least=10, level=0.95)
    assert hidden == 0
    assert [one.id for one in found] == ["experience.journey.the_order.drop_off", "experience.journey.the_order.days"]
    assert "25.0% did not reach delivery within 30 days" in found[0].text


def test_few_who_dropped_or_went_on_are_withheld() -> None:
    for dropped in (4, 396):
        small = Step("a", "b", 400, dropped, Interval(dropped / 400, 0.0, 1.0), None)
        found, hidden = step_findings([small], least=10, level=0.95)
        assert hidden == 1
        assert found[0].value is None
        assert f"{dropped}" not in found[0].text
        assert found[1].value is None  # half never got there
    nobody = Step("a", "b", 0, 0, None, None)
    assert step_findings([nobody], least=10, level=0.95)[0][0].value is None
    opened = Step("a", "b", 400, 100, WHOLE.drop_off, Interval(6.0, 5.0, math.inf))
    assert step_findings([opened], least=10, level=0.95)[0][1].high is None


def test_matches_channels_and_withheld_cells() -> None:
    (rate,) = match_findings({"surveys": (2, 3)})
    assert (rate.id, rate.value, rate.low) == ("experience.journey.match_rate.surveys", 2 / 3, None)
    (gap,) = channel_findings([ChannelGap("on line", "phone", Interval(4.0, 3.0, 5.0), 40)], main="overall", level=0.95)
    assert gap.id == "experience.journey.channel_gap.on_line.phone"
    assert "A link" in gap.text
    (lower,) = channel_findings([ChannelGap("a", "b", Interval(-4.0, -5.0, 1.0), 40)], main="overall", level=0.95)
    assert "4.00 points lower by a than by b (between −1 and 5)" in lower.text
    assert suppressed_finding(3, 10).id == "experience.privacy.suppressed"
