"""A plain table in, an effect out: the same as from the arrays, and clear words for what does not fit."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import cxvalue
from cxvalue.effects.effect import Cohort
from cxvalue.effects.estimators.group_time import group_time
from cxvalue.effects.frames import panel_of_frames
from cxvalue.foundation.errors import BadInput, CxvalueError
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
    one_month = next(one for one in found.alternatives if one.name == ("compared with the month before the start only"))
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
    assert case.settings.costs.one_off == 100.0
    assert case.verdict(at_least=0, confidence=0.9).word == "PASS"


@pytest.mark.parametrize("design", ["experiment", "matched", "staggered"])
def test_who_started_before_the_panel_is_no_comparison(design):
    """Without noise the effect is exact, however strongly those who had started before go up at the same time."""
    rng = np.random.default_rng(2)
    ids, months = [f"c{i:03}" for i in range(240)], pd.date_range("2025-01-01", periods=16, freq="MS")
    kind, level = rng.integers(3, size=240), rng.gamma(4.0, 5.0, 240)  # never, early, later
    late = np.where(rng.random(240) < 0.5, "2025-11-01", "2026-01-01")
    extra = np.where(np.arange(16) >= 10, 30.0, 10.0)
    later_since = pd.DatetimeIndex(late)
    rows = [
        (ids[i], month, level[i] + (kind[i] == 1) * extra[k] + 2.0 * (kind[i] == 2 and month >= later_since[i]))
        for i in range(240)
        for k, month in enumerate(months)
    ]
    unit = "unit" if design == "staggered" else "customer_id"
    panel = pd.DataFrame(rows, columns=[unit, "month", "margin"])
    starts = np.where(kind == 0, "NaT", np.where(kind == 1, "2024-06-15", late)).astype("datetime64[D]")
    found = cxvalue.estimate_effect(panel, pd.DataFrame({unit: ids, "start": starts}), design=design)
    assert found.estimate == pytest.approx(2.0, abs=0.01)
    assert found.grade == {"experiment": "A", "matched": "C", "staggered": "B"}[design]
    early = int((kind == 1).sum())
    # Treated from July 2024 on, 22 months to April 2026: counted, none of them identified.
    assert found.unidentified_customer_months == early * 22
    assert found.cohorts[0] == Cohort(date(2024, 7, 1), early, early)
    assert any("before the first full month" in note for note in found.notes)
    assert cxvalue.business_case(found, horizon_months=6).exposure.first_month == date(2024, 7, 1)


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


@pytest.mark.parametrize(
    "write",
    [
        lambda days: days.dt.strftime("%Y-%m-%d"),
        lambda days: days.dt.strftime("%Y-%m"),
        lambda days: days.dt.to_period("M"),
        lambda days: days.dt.tz_localize("Europe/Kyiv"),
        lambda days: days.dt.date,
        lambda days: days.dt.strftime("%Y-%m-%d").fillna(""),
        lambda days: days.astype("timestamp[ns][pyarrow]"),
    ],
)
def test_days_are_read_alike_however_they_are_held(write):
    panel, rollout = tables(mpdta())
    held = panel_of_frames(panel, rollout, outcome="margin", design="staggered")
    again = panel_of_frames(
        panel.assign(month=write(panel["month"])),
        rollout.assign(start=write(rollout["start"])),
        outcome="margin",
        design="staggered",
    )
    assert np.array_equal(again.start, held.start)
    assert np.array_equal(again.total, held.total)
    assert again.months == held.months


@pytest.mark.parametrize(
    "write",
    [
        lambda days: days.dt.strftime("%d/%m/%Y"),
        lambda days: days.dt.strftime("%Y%m").astype(float),
        lambda days: days.dt.strftime("%Y-%m-%d").fillna("never"),
        lambda days: days.astype(object).where(days.notna(), 0),
    ],
)
def test_starts_that_could_be_taken_for_other_days_are_refused(write):
    panel, rollout = tables(mpdta())
    with pytest.raises(BadInput, match=r"rollout\.start: .*: no day or month as 2026-06-30"):
        cxvalue.estimate_effect(panel, rollout.assign(start=write(rollout["start"])), design="staggered")


def test_months_as_numbers_are_no_nanoseconds():
    panel, rollout = tables(mpdta())
    numbers = panel.assign(month=panel["month"].dt.strftime("%Y%m").astype(int))
    with pytest.raises(BadInput, match=r"panel\.month: 200301, 200302, 200303, …"):
        cxvalue.estimate_effect(numbers, rollout, design="staggered")


def test_whole_numbers_held_as_floats_are_the_same_units():
    panel, rollout = tables(mpdta())
    numbers = {name: number for number, name in enumerate(rollout["unit"])}
    whole = panel.assign(unit=panel["unit"].map(numbers))
    floats = rollout.assign(unit=rollout["unit"].map(numbers).astype(float))
    assert panel_of_frames(whole, floats, outcome="margin", design="staggered").names[:2] == ("0", "1")


def test_no_table_no_rows_no_start_and_no_share_are_said():
    panel, rollout = tables(mpdta())
    for given, said in [
        (([1], rollout), "panel: is a list"),
        ((panel, None), "rollout"),
        ((panel.iloc[:0], rollout), "panel: has no rows"),
        ((panel, rollout.assign(start=pd.NaT)), "no unit got the programme after the first"),
    ]:
        with pytest.raises(CxvalueError, match=said):
            cxvalue.estimate_effect(*given, design="staggered")
    with pytest.raises(CxvalueError, match="planned_share == 30, must be a share"):
        cxvalue.estimate_effect(panel, rollout, design="experiment", planned_share=30)
    with pytest.raises(CxvalueError, match="There is no design None"):
        cxvalue.estimate_effect(panel, rollout, design=None)
