"""The sentences of levels and habituation: ids, links that are called links, open ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxvalue.findings.numbers import format_finding, format_interval
from cxvalue.foundation.intervals import Interval
from cxvalue.language.words import words_for
from cxvalue.questions.levels.findings import habituation_findings, level_findings
from cxvalue.questions.levels.habituation import Habituation, half_life
from tests.questions.levels.test_worth import rows_of, worth


def test_every_level_has_its_findings_and_says_link() -> None:
    found = {one.id: one for one in level_findings(worth(), rows_of(), currency="EUR", level=0.95)}
    for name in ("negative", "none", "low", "medium", "high"):
        for part in ("share", "margin", "churn"):
            one = found[f"experience.level.{name}.{part}"]
            assert one.low is not None
            assert (one.grade, one.case, one.notebook) == ("D", "C11", "60_experience")
        assert "A link" in found[f"experience.level.{name}.margin"].text
        assert f"experience.transition.{name}.gone" in found
    step = found["experience.step.high.margin"]
    assert step.unit == "EUR"
    assert "same past" in step.text
    assert not any("effect" in one.text for one in found.values())
    assert "experience.level.low.cltv" not in found


def test_a_level_that_goes_with_less_says_how_much_less() -> None:
    lower = replace(worth(), steps={"high": Interval(-20.0, -50.0, 10.0)})
    step = level_findings(lower, rows_of(), currency="EUR", level=0.95)[-1]
    assert "EUR 20.00 less margin" in step.text
    assert "(between EUR −10.00 and 50.00)" in step.text
    assert (step.value, step.low, step.high) == (-20.0, -50.0, 10.0)


def fit(kappa: float, se: float, first: tuple[float, float, float] = (20.0, 18.0, 22.0)) -> Habituation:
    return Habituation(Interval(*first), kappa, half_life(kappa, se), 2.0, 500, 3000, 28, 40.0)


def test_a_half_life_stands_in_repeats_and_months() -> None:
    found = habituation_findings({"tea tasting": fit(0.25, 0.03)}, currency="EUR", level=0.95)
    assert [one.id for one in found] == [
        "experience.habituation.tea_tasting.half_life",
        "experience.habituation.tea_tasting.half_life_months",
    ]
    assert [one.grade for one in found] == ["C", "C"]
    assert format_finding(found[0], words_for("uk")).endswith("повтору")  # 2,77
    assert round(float(str(found[0].value)), 4) == round(float(np.log(2) / 0.25), 4)


def test_an_open_end_is_written_as_such() -> None:
    found = habituation_findings({"x": fit(0.1, 0.08)}, currency="EUR", level=0.95)[0]
    assert found.low is not None
    assert found.high is None
    assert format_interval(found).endswith("or more")
    assert "at least" in found.text


def test_nothing_is_said_of_what_changes_nothing_or_does_not_fade() -> None:
    for one in (None, fit(0.25, 0.03, (1.0, -2.0, 4.0)), fit(-0.1, 0.03)):
        found = habituation_findings({"x": one}, currency="EUR", level=0.95)
        assert [part.value for part in found] == [None, None]
