"""What is said of a programme: one base for all months, true counts, unmade checks, and no effect without an error."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxvalue import estimate_effect, figures
from cxvalue.foundation.errors import BadInput
from cxvalue.questions.programmes.display import base_sentence, event_table
from cxvalue.questions.programmes.effect_findings import effect_findings
from cxvalue.questions.programmes.measure import ProgrammeFit, StudyTables, fit_programme
from tests.effects.designs.test_missing import MONTHS, tables
from tests.tables.helpers import study


def noisy(units=20, treated=9, start=(6,), unit="unit", seed=3):
    cells, rollout = tables(units, treated, start, unit)
    cells["margin"] += np.random.default_rng(seed).normal(0, 3, len(cells))
    return cells, rollout


def test_all_months_are_counted_from_one_base_and_the_textbook_stands_beside():
    """The textbook's effects by month are pyfixest's event study; ours are those less a number that all share."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyfixest

        cells, rollout = noisy()
        found = estimate_effect(cells, rollout, design="staggered")
        table = event_table(found, "p").set_index("months_since_start")
        assert table.index.tolist() == [*range(-6, 6)]
        assert np.isfinite(found.df), "few groups: the normal's reach would be too short"
        reach = stats.t.ppf(0.975, found.df)
        assert (table["high"] - table["low"]).to_numpy() == pytest.approx((2 * reach * table["se"]).to_numpy())
        data = cells.merge(rollout, on="unit")
        month = data["month"].dt.month - 1
        data = data.assign(period=month, since=np.where(data["start"].notna(), month - 6, -1))
        fit = pyfixest.feols("margin ~ i(since, ref=-1) | unit + period", data)
    oracle = {
        int(float(name.split("::")[-1].split("[T.")[-1].rstrip("]"))): value for name, value in fit.coef().items()
    }
    textbook = table["effect_from_month_before"]
    assert textbook[-1] == pytest.approx(0.0, abs=1e-9)
    assert textbook.drop(-1).to_dict() == pytest.approx(oracle, abs=1e-6)
    apart = textbook - table["effect"]
    assert apart.to_numpy() == pytest.approx(apart.iloc[0], abs=1e-9)  # one base: before the start and after it alike
    assert table["effect"][[-6, -5, -4, -3, -2, -1]].mean() == pytest.approx(0.0, abs=1e-9)  # the mean of the 6 before
    said = base_sentence(found, "EUR")
    assert "measured from the mean of the 6 months before the start" in said
    other = next(one for one in found.alternatives if one.name == ("compared with the month before the start only"))
    assert other.estimate == pytest.approx(textbook[textbook.index >= 0].mean())
    assert "the mean of the 6 months" in figures.event_study(found, "EUR").axes[0].get_xlabel()


def test_one_unit_has_one_base_as_well():
    cells, rollout = noisy(10, 1)
    found = estimate_effect(cells, rollout, design="single_unit")
    assert found.pre_time.tolist() == [-6, -5, -4, -3, -2, -1]
    assert found.pre_covariance.shape == (6, 6)
    assert "weighted" in base_sentence(found, "EUR")
    shifted, _ = noisy(10, 1)
    shifted.loc[shifted["unit"] == "u000", "margin"] += 100.0  # the level of the unit is no effect
    again = estimate_effect(shifted, rollout, design="single_unit")
    assert again.pre_effect == pytest.approx(found.pre_effect, abs=1e-6)
    assert again.event_effect == pytest.approx(found.event_effect, abs=1e-6)


def test_customers_are_counted_where_they_are_the_units():
    cells, rollout = noisy(300, 130, unit="customer_id")
    found = estimate_effect(cells, rollout, design="staggered")
    fewer = replace(found, treated_units=130, control_units=170)
    text = effect_findings(ProgrammeFit("p", fewer, None, 300, ""), None, currency="EUR")[0].method
    assert text.endswith("130 treated customers, compared with 170 others.")
    units = next(check for check in found.checks if check.name == "units")
    assert units.detail.startswith("Units with the programme: 130, without: 170")


def test_a_check_that_could_not_be_made_is_said_in_the_finding():
    cells, rollout = noisy(start=(2,))
    found = estimate_effect(cells[cells["month"] >= MONTHS[1]], rollout, design="staggered")
    text = effect_findings(ProgrammeFit("p", found, None, 20, ""), None, currency="EUR")[0].text
    assert "Not known: there are too few months" in text
    assert "Doubtful" not in text
    assert found.grade == "C"


def programme(tmp_path, margin):
    """Six branches of two customers who buy on the 15th of each month; three branches get the programme in July."""
    people = [(f"c{number:02d}", f"b{number // 2}") for number in range(12)]
    days = pd.date_range("2025-01-15", periods=12, freq="MS") + pd.Timedelta(days=14)
    rows = [(who, day.date(), margin(unit, day.month)) for who, unit in people for day in days]
    bought = pd.DataFrame(rows, columns=["customer_id", "date", "margin"]).assign(revenue=lambda one: one["margin"] * 2)
    about = pd.DataFrame(people, columns=["customer_id", "branch"]).assign(acquired_on=date(2024, 6, 1))
    starts = [date(2025, 7, 1) if number < 3 else None for number in range(6)]
    rollout = pd.DataFrame({"programme": "svc", "unit": [f"b{number}" for number in range(6)], "start": starts})
    con = ibis.duckdb.connect()
    made = {"purchases": bought, "customers": about}
    found = {name: con.create_table(name, table) for name, table in made.items()}
    found["rollout"] = con.create_table("rollout", rollout).mutate(start=ibis._.start.cast("date"))
    settings = {"name": "svc", "design": "staggered", "unit": "branch", "outcome": "margin"}
    file = study(tmp_path, {"transactions": "customer_id,date,revenue\n"}, programmes=[settings])
    return fit_programme(StudyTables(file, found.get, date(2025, 12, 31), date(2025, 1, 1)), file.programmes[0])


def test_an_effect_without_an_error_is_not_published(tmp_path):
    with pytest.raises(BadInput, match="range would have no width"):
        programme(tmp_path, lambda unit, month: 10.0 + 5.0 * (unit < "b3" and month >= 7))
    with pytest.raises(BadInput, match="every margin of every month is zero"):
        programme(tmp_path, lambda unit, month: 0.0)
    noise = np.random.default_rng(1)
    fit = programme(tmp_path, lambda unit, month: 10.0 + 5.0 * (unit < "b3" and month >= 7) + noise.normal())
    assert fit.effect.low < 5.0 < fit.effect.high
