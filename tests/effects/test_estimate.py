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


def switched_off(ends, *, design="staggered", months=18):
    """Without noise, 5 a month while a unit has the programme and nothing after its end; a third never get it."""
    unit = "customer_id" if design == "experiment" else "unit"
    ids, days = [f"u{i:03}" for i in range(120)], pd.date_range("2025-01-01", periods=months, freq="MS")
    starts = [None, 6, 6 if design == "experiment" else 9]
    offs = [None, *ends]
    rows, rollout = [], []
    for i, name in enumerate(ids):
        begins, off = starts[i % 3], offs[i % 3]
        rollout.append(
            (name, None if begins is None else days[begins], None if off is None else days[off] - pd.Timedelta(days=1))
        )
        for k, day in enumerate(days):
            on = begins is not None and begins <= k < (months if off is None else off)
            rows.append((name, day, 20.0 + i % 7 + 0.3 * k + 5.0 * on))
    panel = pd.DataFrame(rows, columns=[unit, "month", "margin"])
    return panel, pd.DataFrame(rollout, columns=[unit, "start", "ended_on"])


@pytest.mark.parametrize("design", ["staggered", "experiment"])
@pytest.mark.parametrize("ends", [(12, None), (12, 12), (12, 14)])
def test_the_effect_is_measured_while_the_programme_is_on_and_its_money_ends_with_it(design, ends):
    panel, rollout = switched_off(ends, design=design)
    found = cxvalue.estimate_effect(panel, rollout, design=design)
    assert found.estimate == pytest.approx(5.0, abs=1e-4)
    assert cxvalue.estimate_effect(panel, rollout.drop(columns="ended_on"), design=design).estimate < 4.5
    begins = (6, 6 if design == "experiment" else 9)
    months = 18 if ends[1] is None else max(ends)
    on = sum(40 * ((off or 18) - start) for off, start in zip(ends, begins, strict=True))
    assert found.every_treated_month == on
    assert found.over == (ends[1] is not None)
    assert found.last_month == (date(2025, 1, 1) + pd.DateOffset(months=months - 1)).date()
    case = cxvalue.business_case(
        found, costs={"one_off": 100.0, "monthly": 7.0}, horizon_months=36, annual_discount_rate=0.0
    )
    going = 0 if found.over else 40 * (36 - 12)  # those who still have it are carried on beyond the data
    length = months - 6 if found.over else 36
    assert case.horizon_months == length
    assert case.exposure.by_month.sum() == on + going
    assert case.npv.value == pytest.approx(5.0 * (on + going) - 100 - 7 * length, rel=1e-4)
    if found.over:
        assert case.verdict(at_least=0).waiting == ()
        with pytest.raises(CxvalueError, match="switched off"):
            case.changed(start="as_of")
        again = case.changed(population="all", everyone=500)
        assert again.exposure.by_month.tolist() == [500] * 36


def test_an_end_before_its_start_is_refused_and_a_start_within_a_month_of_its_end_is_left_out():
    panel, rollout = switched_off((12, None))
    wrong = rollout.assign(ended_on=rollout["ended_on"].where(rollout.index != 1, pd.Timestamp("2025-01-31")))
    with pytest.raises(BadInput, match=r"rollout\.ended_on: 'ended_on' before 'start': u001"):
        cxvalue.estimate_effect(panel, wrong, design="staggered")
    brief = rollout.assign(ended_on=rollout["ended_on"].where(rollout.index != 1, pd.Timestamp("2025-07-20")))
    assert cxvalue.estimate_effect(panel, brief, design="staggered").treated_units == 79


def test_only_an_end_within_the_data_is_one():
    panel, rollout = switched_off((None, None))
    begun = rollout["start"].notna()
    for day, over in (("2026-06-30", True), ("2026-07-01", False), ("2027-12-31", False)):
        found = cxvalue.estimate_effect(
            panel, rollout.assign(ended_on=pd.Series(pd.Timestamp(day), rollout.index).where(begun)), design="staggered"
        )
        assert (found.over, str(found.last_month)) == (over, "2026-06-01")
    # What is planned, or has no customers, does not keep a programme going.
    panel, rollout = switched_off((12, 12))
    later = pd.DataFrame(
        {"unit": ["u000", "none"], "start": pd.to_datetime(["2026-09-01", "2025-07-01"]), "ended_on": pd.NaT}
    )
    rollout = pd.concat([rollout[rollout["unit"] != "u000"], later])
    assert cxvalue.estimate_effect(panel, rollout, design="staggered").over


def test_what_is_told_of_units_that_no_longer_have_it():
    panel, rollout = switched_off((12, None))
    assert cxvalue.estimate_effect(panel, rollout, design="staggered").notes == (
        "40 units no longer have the programme: only the full months with it are compared and counted.",
    )
    one = rollout.set_index("unit")
    one.loc["u002", "ended_on"] = pd.Timestamp("2025-10-20")
    one.loc["u004"] = [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-06-30")]
    found = cxvalue.estimate_effect(panel, one.reset_index(), design="staggered")
    assert found.notes == (
        "39 units no longer have the programme: only the full months with it are compared and counted.",
        "1 unit had the programme for less than a full month and is left out.",
        "1 unit had the programme only before the first full month of the tables and is left out.",
    )
    # A month that misses after the end is none that misses.
    fewer = panel.drop(panel.index[(panel["unit"] == "u001") & (panel["month"] == "2026-03-01")])
    assert "Months without an outcome" not in str(cxvalue.estimate_effect(fewer, rollout, design="staggered").notes)
    fewer = panel.drop(panel.index[(panel["unit"] == "u001") & (panel["month"] == "2025-03-01")])
    said = str(cxvalue.estimate_effect(fewer, rollout, design="staggered").notes)
    assert "Months without an outcome: 1 of 1,920 (units: 1; u001)" in said
    brief = rollout.assign(start=pd.Timestamp("2025-07-05"), ended_on=pd.Timestamp("2025-07-20"))
    brief.loc[::3, ["start", "ended_on"]] = None
    with pytest.raises(BadInput, match="less than a full month: 80; only before the first full month of the tables: 0"):
        cxvalue.estimate_effect(panel, brief, design="staggered")


@pytest.mark.parametrize(
    ("ends", "whole"), [((12, None), False), ((12, 14), False), ((12, 12), True), ((None, None), True)]
)
def test_an_experiment_that_some_left_is_no_longer_as_assigned(ends, whole):
    panel, rollout = switched_off(ends, design="experiment")
    found = cxvalue.estimate_effect(panel, rollout, design="experiment")
    checks = [one for one in found.checks if one.name == "assigned"]
    assert [one.lowers for one in checks] == ([] if whole else [True])
    brief = rollout.assign(
        ended_on=rollout["ended_on"].where(rollout["customer_id"] != "u001", pd.Timestamp("2025-07-20"))
    )
    without = cxvalue.estimate_effect(panel, brief, design="experiment")
    assert "assigned" in [one.name for one in without.checks]
    if whole:
        assert without.grade > found.grade, "a grade lower"
    else:
        assert without.grade == found.grade
    waves = cxvalue.estimate_effect(
        *[table.rename(columns={"customer_id": "unit"}) for table in switched_off(ends)], design="experiment"
    )
    assert "assigned" not in [one.name for one in waves.checks], "each wave ended together"
