"""A plain table in, an effect out: the same as from the arrays, and clear words for what does not fit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxvalue
from cxvalue.effects.group_time import group_time
from cxvalue.errors import BadInput, CxvalueError
from tests.effects.data import mpdta


def tables(panel):
    """The panel of arrays as two plain tables, years as months."""
    months = pd.date_range("2003-01-01", periods=panel.months.count, freq="MS")
    rows = [
        {"unit": name, "month": month, "margin": value}
        for name, values in zip(panel.names, panel.total[:, 0], strict=True)
        for month, value in zip(months, values, strict=True)
    ]
    starts = [months[start] if start >= 0 else pd.NaT for start in panel.start]
    return pd.DataFrame(rows), pd.DataFrame({"unit": panel.names, "start": starts})


def test_a_plain_table_gives_the_published_effect():
    counties = mpdta()
    panel, rollout = tables(counties)
    found = cxvalue.estimate_effect(panel, rollout, design="staggered", outcome="margin")
    assert found.estimate == pytest.approx(group_time(counties, base_months=12).overall)
    one_month = next(one for one in found.alternatives if one.name.startswith("last month"))
    assert one_month.estimate == pytest.approx(-0.0397636, abs=1e-6)  # R did, not-yet-treated


def test_customers_in_an_experiment():
    rng = np.random.default_rng(1)
    ids, months = [f"c{i}" for i in range(400)], pd.date_range("2025-01-01", periods=6, freq="MS")
    treated = rng.random(400) < 0.5
    level = rng.gamma(4.0, 5.0, 400)
    rows = [
        (ids[i], month, level[i] + 2.0 * (treated[i] and k >= 3) + rng.normal())
        for i in range(400)
        for k, month in enumerate(months)
    ]
    panel = pd.DataFrame(rows, columns=["customer_id", "month", "margin"])
    rollout = pd.DataFrame(
        {"customer_id": ids, "start": np.where(treated, np.datetime64("2025-04-01"), np.datetime64("NaT"))}
    )
    found = cxvalue.estimate_effect(panel, rollout, design="experiment")
    assert found.low < 2.0 < found.high
    case = cxvalue.business_case(found, costs={"one_off": 100.0}, horizon_months=12, annual_discount_rate=0.1)
    assert case.costs.one_off == 100.0
    assert case.verdict(at_least=0, confidence=0.9).word == "PASS"


def test_what_does_not_fit_is_said():
    panel, rollout = tables(mpdta())
    with pytest.raises(CxvalueError, match=r"no design 'stagered'.*staggered"):
        cxvalue.estimate_effect(panel, rollout, design="stagered")
    with pytest.raises(CxvalueError, match="needs the roll-out"):
        cxvalue.estimate_effect(panel, design="staggered")
    with pytest.raises(CxvalueError, match="customer_panel"):
        cxvalue.estimate_effect(panel, rollout, design="matched")
    with pytest.raises(BadInput, match=r"no column 'revenue'.*\n?.*no column 'start'"):
        cxvalue.estimate_effect(panel, rollout[["unit"]], design="staggered", outcome="revenue")
