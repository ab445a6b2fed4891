"""Figures of contracts: they show what they were given, and say so when there is nothing."""

from __future__ import annotations

import pandas as pd
import pytest

from cxvalue.figures import contract_flow, contract_survival, message_of
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.contracts.sbg import durations, fit_renewal


def test_the_curve_is_drawn_with_its_interval_and_the_model_goes_on() -> None:
    curve = pd.DataFrame(
        {"segment": "all", "month": [1, 5], "survival": [0.9, 0.8], "low": [0.8, 0.7], "high": [0.95, 0.9]}
    )
    model = fit_renewal(durations([0, 4, 9], [True, True, False], count=[10, 10, 80]))
    axes = contract_survival(curve, model, horizon_months=12).axes[0]
    assert axes.lines[0].get_ydata().tolist() == [1.0, 0.9, 0.8]
    assert axes.lines[1].get_xdata()[-1] == 17
    assert len(axes.collections) == 1


def test_months_are_drawn_with_those_who_left_below_the_line() -> None:
    months = pd.DataFrame({"month": pd.to_datetime(["2025-01-01"]), "began": [3], "ended": [2], "active": [9]})
    assert [bar.get_height() for bar in contract_flow(months).axes[0].patches] == [3, -2]


def test_nothing_to_show_is_said_and_a_wrong_table_is_refused() -> None:
    nothing = pd.DataFrame(columns=["segment", "month", "survival", "low", "high"])
    assert "Nobody has left yet" in [text.get_text() for text in contract_survival(nothing).axes[0].texts]
    with pytest.raises(CxvalueError, match="contract_flow"):
        contract_flow(nothing)


def test_titles_say_who_is_still_there_and_who_came_and_went() -> None:
    curve = pd.DataFrame({"segment": "all", "month": [1, 12, 13], "survival": [0.9, 0.8, 0.7], "low": 0.0, "high": 1.0})
    assert message_of(contract_survival(curve)) == "80.0% of customers are still under contract after 12 months"
    two = pd.concat([curve.assign(segment="a"), curve.iloc[:2].assign(segment="b", survival=[0.6, 0.5])])
    assert message_of(contract_survival(two)) == "After 12 months 80.0% of a are still under contract, 50.0% of b"
    months = pd.DataFrame(
        {"month": pd.date_range("2024-01-01", periods=14, freq="MS"), "began": 3, "ended": 2, "active": range(100, 114)}
    )
    assert message_of(contract_flow(months)) == "113 customers are under contract: in 12 months 36 began and 24 ended"
