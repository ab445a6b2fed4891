"""Figures of goodwill rules and of risks: what is drawn is what was given, extremes included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxvalue import figures
from cxvalue.money import Risk, yearly_loss


def rules(scale: float) -> pd.DataFrame:
    rows = [(cap, times, scale * (cap - 40 * times)) for cap in (25.0, 100.0) for times in (1, 2, 3)]
    table = pd.DataFrame(rows, columns=["cap", "times_per_year", "value"])
    return table.assign(low=table["value"] - abs(scale), high=table["value"] + abs(scale))


@pytest.mark.parametrize("scale", [1.0, -3e6, 0.0])
def test_every_rule_is_shown_with_its_value(scale):
    left, right = figures.goodwill_rules(rules(scale), (100.0, 1), "EUR").axes
    assert left.images[0].get_array().shape == (3, 2)
    assert left.images[0].get_array()[0].tolist() == pytest.approx([scale * -15, scale * 60])
    assert sum("in force" in text.get_text() for text in left.texts) == 1
    best = np.maximum(rules(scale).groupby("cap")["value"].max().to_numpy(), -np.inf)
    assert right.lines[0].get_ydata().tolist() == pytest.approx(best.tolist())


@pytest.mark.parametrize("per_year", [0.01, 3.0, 400.0])
def test_the_curve_of_a_years_loss_falls_from_one_to_zero(per_year):
    loss = yearly_loss([Risk("fraud", per_year, 100.0, 250.0)], draws=2000)
    (axes,) = figures.yearly_risk(loss, 500.0, "EUR").axes
    curve = np.asarray(axes.lines[0].get_ydata())
    assert (np.diff(curve) <= 0).all()
    assert curve[-1] == 0.0
    assert [line.get_xdata()[0] for line in axes.lines[1:]] == [loss.mean, 500.0]
