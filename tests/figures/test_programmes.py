"""Figures of goodwill rules and of risks: what is drawn is what was given, extremes included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from cxvalue import figures
from cxvalue.figures.style import BAD, GOOD
from cxvalue.money import ProgrammeCosts, Risk, business_case, yearly_loss
from cxvalue.money.bridge import BridgeStep
from cxvalue.money.sensitivity import Swing
from tests.money.test_money import an_effect


def rules(scale: float) -> pd.DataFrame:
    rows = [(cap, times, scale * (cap - 40 * times)) for cap in (25.0, 100.0) for times in (1, 2, 3)]
    table = pd.DataFrame(rows, columns=["cap", "times_per_year", "value"])
    return table.assign(low=table["value"] - abs(scale), high=table["value"] + abs(scale))


@pytest.mark.parametrize("scale", [1.0, -3e6, 0.0])
def test_every_rule_is_shown_with_its_value(scale):
    left, right = figures.goodwill_rules(rules(scale), (100.0, 1), "EUR").axes
    (areas,) = left.collections  # areas follow a dark screen, an image could not
    assert areas.get_array().shape == (3, 2)
    assert areas.get_array()[0].tolist() == pytest.approx([scale * -15, scale * 60])
    assert not left.images
    assert sum("current" in text.get_text() for text in left.texts) == 1
    best = np.maximum(rules(scale).groupby("cap")["value"].max().to_numpy(), -np.inf)
    assert right.lines[0].get_ydata().tolist() == pytest.approx(best.tolist())


@pytest.mark.parametrize("per_year", [0.01, 3.0, 400.0])
def test_the_curve_of_a_years_loss_falls_from_one_to_zero(per_year):
    loss = yearly_loss([Risk("fraud", per_year, 100.0, 250.0)], draws=2000)
    near = float(np.quantile(loss.draws, 0.999))
    (axes,) = figures.yearly_risk(loss, near, "EUR").axes
    curve = np.asarray(axes.lines[0].get_ydata())
    assert (np.diff(curve) <= 0).all()
    assert curve[-1] == 0.0
    assert [line.get_xdata()[0] for line in axes.lines[1:]] == [loss.mean, near]
    (far,) = figures.yearly_risk(loss, 2.5 * near + 1, "EUR").axes
    drawn = [line.get_xdata()[0] for line in far.lines[1:]]
    assert drawn == ([loss.mean] if near else [loss.mean, 1.0]), "the legend names no line that lies outside"


def a_case(effect: float = 2.0):
    return business_case(
        an_effect([effect] * 12, [[0.01 * (i == j) for j in range(12)] for i in range(12)], customers=100),
        costs=ProgrammeCosts(1000.0, 20.0),
        horizon_months=24,
    )


def test_the_cash_curve_has_dates_a_range_and_the_month_in_which_the_money_is_back():
    case = a_case()
    _upper, lower = figures.case_money(case, "EUR").axes
    first = case.exposure.first_month
    assert next(text.get_text() for text in lower.get_xticklabels()) == f"{first:%b\n%Y}"
    back = next(line for line in lower.lines if line.get_label() == "paid back")
    assert back.get_xdata()[0] == case.payback.value
    band = lower.collections[0].get_paths()[0].vertices
    last = band[np.isclose(band[:, 0], 24)][:, 1]
    assert [last.min(), last.max()] == pytest.approx(np.quantile(case.npv_draws, [0.025, 0.975]))
    assert f"back after {case.payback.value:.0f} months" in figures.case_money(case, "EUR").get_suptitle()


def test_money_that_does_not_come_back_is_said():
    assert "does not come back within 24 months" in figures.case_money(a_case(0.01), "EUR").get_suptitle()


def test_a_claim_of_less_than_the_effect_is_no_opening():
    steps = (BridgeStep("Before and after alone", -700.0, "alone"),
             BridgeStep("Missed by before and after", 1600.0, "missed"),
             BridgeStep("Costs", -200.0), BridgeStep("Net present value", 700.0))  # fmt: skip
    figure = figures.case_bridge(steps, "EUR")
    assert next(text.get_text().split("\n")[0] for text in figure.axes[0].get_xticklabels()).startswith("Effect")
    assert figure.axes[0].patches[0].get_height() == 900.0
    assert figures.message_of(figure) == "Of an effect of EUR 900, EUR 700 is left after time, risks and costs"
    # The slide says what the programme brought before time, risks and costs: all of the effect's course.
    grown = (BridgeStep("Effect", 900.0, "effect"), BridgeStep("Build-up", 150.0, "course"), *steps[2:3],
             BridgeStep("Net present value", 850.0))  # fmt: skip
    assert figures.message_of(figures.case_bridge(grown, "EUR")).startswith(
        "Of an effect of EUR 1,050, EUR 850 is left"
    )
    claimed = (BridgeStep("Before and after, as claimed", 900.0, "claimed"), BridgeStep("Not due to the programme", -500.0),
               BridgeStep("Net present value", 400.0))  # fmt: skip
    assert figures.message_of(figures.case_bridge(claimed, "EUR")) == (
        "Of EUR 900 that a before-and-after comparison would claim, EUR 400 is left"
    )


def test_scenarios_are_drawn_with_their_ranges_and_doing_nothing_is_no_case():
    table = pd.DataFrame(
        {"scenario": ["As registered", "Effect halves every 12 months", "Do nothing while the market takes 3% a year"],
         "npv": [700.0, 300.0, -50.0], "npv_low": [400.0, -20.0, -80.0], "npv_high": [900.0, 500.0, -10.0],
         "probability_of_loss": [0.0, 0.05, None]}
    )  # fmt: skip
    figure = figures.case_scenarios(table, "EUR")
    assert figure.get_suptitle() == "It pays in every scenario: at worst EUR 300"
    assert [line.get_xdata()[0] for line in figure.axes[0].lines[:3]] == [700.0, 300.0, -50.0]
    table.loc[1, "npv"] = -5.0
    assert "does not pay in every scenario" in figures.case_scenarios(table, "EUR").get_suptitle()


def test_a_tornado_says_what_the_result_depends_on():
    swing = Swing("Effect", "EUR", 3.0, 2.0, 4.0, 400.0, 900.0, None, "effect")
    assert figures.message_of(figures.case_tornado([swing], 700.0, "EUR")) == (
        "It depends most on “Effect”: between EUR 400 and 900; no single one reverses it"
    )
    turning = Swing("Effect", "EUR", 3.0, 2.0, 4.0, -400.0, 900.0, 2.5, "effect")
    assert "no single one" not in figures.message_of(figures.case_tornado([turning], 700.0, "EUR"))


def test_every_draw_is_in_a_bar_and_bars_of_a_loss_are_told_apart():
    case = a_case(0.65).changed(draws=2000)
    assert 0.02 < case.probability_of_loss < 0.98
    figure = figures.case_draws(case, "EUR")
    bars = figure.axes[0].containers[0]
    assert sum(bar.get_height() for bar in bars) == pytest.approx(1.0)
    losing = [bar for bar in bars if bar.get_facecolor() == to_rgba(BAD)]
    assert {bar.get_facecolor() for bar in bars} == {to_rgba(GOOD), to_rgba(BAD)}
    assert sum(bar.get_height() for bar in losing) == pytest.approx(case.probability_of_loss, abs=1e-9)
    assert case.npv.value in [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert figures.message_of(figure).startswith(
        f"It pays in {100 * (1 - case.probability_of_loss):.1f}% of the possible"
    )
    sure = figures.case_draws(a_case(200.0), "EUR")
    assert "more than 99.9%" in figures.message_of(sure)
