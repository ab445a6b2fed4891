"""What an effect and its panel show: a few lines, and the numbers that went in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.effects import estimate_effect
from cxvalue.effects.effect import Effect
from cxvalue.tables.panels.by_unit import UnitPanel
from tests.effects.data import panel_of


@pytest.fixture(scope="module")
def panel() -> UnitPanel:
    """Forty branches over 24 months, half of which start in month 10 or 14 and gain 3 a month."""
    rng = np.random.default_rng(4)
    unit, month = (part.ravel() for part in np.meshgrid(np.arange(1, 41), np.arange(1, 25), indexing="ij"))
    first = np.where(unit <= 10, 10, np.where(unit <= 20, 14, 0))
    outcome = 20 + unit % 7 + 3.0 * ((first > 0) & (month >= first)) + rng.standard_normal(unit.size)
    return replace(panel_of(unit, month, first, outcome), unit="branch")


@pytest.fixture(scope="module")
def effect(panel: UnitPanel) -> Effect:
    """Its effect."""
    return estimate_effect(panel, design="staggered")


def test_an_effect_is_a_line_and_not_its_arrays(effect: Effect) -> None:
    assert repr(effect).startswith("Effect (staggered): ")
    assert f"evidence {effect.grade}" in repr(effect)
    assert len(repr(effect)) < 200
    assert len(effect._repr_html_()) < 5000
    rows = {what: (value, ends) for what, value, ends in effect.summary("EUR").rows}
    assert rows["margin per customer and month"][0] == f"EUR {effect.estimate:.2f}"
    assert rows["treated customers"] == ("20", "in 20 branches")
    assert effect.explanation in effect.summary().text


def test_the_numbers_of_an_effect_are_its_own(effect: Effect) -> None:
    frame = effect.to_frame()
    after = frame[frame["months_since_start"] >= 0]
    assert after["effect"].to_numpy() == pytest.approx(effect.event_effect)
    assert after["se"].to_numpy() == pytest.approx(np.sqrt(np.diag(effect.covariance)))
    assert len(frame) == len(effect.pre_time) + len(effect.event_time)
    assert (frame["low"] <= frame["effect"]).all()


def test_a_check_that_lowers_the_grade_is_said(effect: Effect) -> None:
    failed = replace(effect.checks[0], passed=False, gating=True, p_value=None, detail="It moved before.")
    assert "Lowers the grade: It moved before." in replace(effect, checks=(failed,)).summary().texts


def test_a_panel_counts_its_units_and_adds_up(panel: UnitPanel) -> None:
    rows = {what: value for what, value, _ in panel.summary("EUR").rows}
    assert rows["with the programme"] == "20 branches"
    assert rows["without it"] == "20 branches"
    assert rows["margin per customer and month"] == f"EUR {panel.total.sum() / panel.customers.sum():.2f}"
    assert len(repr(panel)) < 200
    frame = panel.to_frame()
    assert frame["margin"].sum() == pytest.approx(panel.total.sum())
    assert frame["customers"].sum() == panel.customers.sum()
    assert set(frame.loc[frame["start"].notna(), "branch"]) == {str(unit) for unit in range(1, 21)}


def test_both_are_drawn(panel: UnitPanel, effect: Effect) -> None:
    assert "EUR" in effect.plot(currency="EUR").axes[0].get_ylabel()
    lines = panel.plot(currency="EUR").axes[0].get_lines()
    assert [len(line.get_xdata()) for line in lines] == [24, 24]
