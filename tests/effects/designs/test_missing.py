"""Missing is not zero: panels without noise and with missing cells give the true effect by every design."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxvalue import estimate_effect
from cxvalue.effects.effect import Check, grade_of
from cxvalue.foundation.errors import BadInput

EFFECT = 5.0
MONTHS = pd.date_range("2024-01-01", periods=12, freq="MS")


def tables(units, treated, start=(8,), unit="unit", seed=1):
    """Level of the unit + season of the month + 5 from the start on, and nothing else."""
    rng = np.random.default_rng(seed)
    level, season = rng.normal(50, 10, units).round(1), rng.normal(0, 4, len(MONTHS)).round(1)
    at = np.array([start[i % len(start)] if i < treated else len(MONTHS) for i in range(units)])
    value = level[:, None] + season + EFFECT * (np.arange(len(MONTHS)) >= at[:, None])
    names = [f"u{number:03d}" for number in range(units)]
    cells = pd.DataFrame(
        {unit: np.repeat(names, len(MONTHS)), "month": np.tile(MONTHS, units), "margin": value.ravel()}
    )
    starts = [MONTHS[one] if one < len(MONTHS) else pd.NaT for one in at]
    return cells, pd.DataFrame({unit: names, "start": starts})


DESIGNS = {
    "staggered": (6, 3, (8,), "unit"),
    "single_unit": (8, 1, (8,), "unit"),
    "experiment": (6, 3, (8,), "unit"),
}
DAMAGES = {
    "nothing": lambda cells, rng: cells,
    "one empty cell before": lambda cells, rng: cells.assign(margin=cells["margin"].mask(cells.index == 3)),
    "one empty cell after": lambda cells, rng: cells.assign(margin=cells["margin"].mask(cells.index == 10)),
    "an empty cell of a control": lambda cells, rng: cells.assign(margin=cells["margin"].mask(cells.index == 61)),
    "a missing row": lambda cells, rng: cells.drop(index=[5]),
    "opens later": lambda cells, rng: cells.drop(index=range(4)),
    "a control opens later": lambda cells, rng: cells.drop(index=range(60, 64)),
    "closes early": lambda cells, rng: cells.drop(index=[10, 11]),
    "a control closes early": lambda cells, rng: cells.drop(index=[70, 71]),
    "a tenth is missing": lambda cells, rng: cells.assign(margin=cells["margin"].mask(rng.random(len(cells)) < 0.1)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("design", DESIGNS)
def test_a_panel_of_units_without_noise_gives_the_effect(design, damage):
    units, treated, start, unit = DESIGNS[design]
    cells, rollout = tables(units, treated, start, unit)
    cells = DAMAGES[damage](cells, np.random.default_rng(4))
    found = estimate_effect(cells, rollout, design=design)
    assert found.estimate == pytest.approx(EFFECT, abs=1e-8)
    assert found.event_effect == pytest.approx(EFFECT, abs=1e-8)
    gaps = [note for note in found.notes if "missing, not as zero" in note]
    assert bool(gaps) == (damage != "nothing")


@pytest.mark.parametrize("damage", DAMAGES)
def test_units_that_start_in_turn_give_the_effect(damage):
    cells, rollout = tables(12, 8, (5, 7, 9))
    cells = DAMAGES[damage](cells, np.random.default_rng(5))
    found = estimate_effect(cells, rollout, design="staggered")
    assert found.estimate == pytest.approx(EFFECT, abs=1e-8)
    other = {one.name: one.estimate for one in found.alternatives}
    assert other["imputation"] == pytest.approx(EFFECT, abs=1e-6)
    assert other["never-treated units only"] == pytest.approx(EFFECT, abs=1e-8)


@pytest.mark.parametrize("damage", ["nothing", "one empty cell before", "opens later", "a tenth is missing"])
@pytest.mark.parametrize("design", ["experiment", "matched"])
def test_a_panel_of_customers_without_noise_gives_the_effect(design, damage):
    cells, rollout = tables(160, 60, (8,), "customer_id")
    cells = DAMAGES[damage](cells, np.random.default_rng(6))
    found = estimate_effect(cells, rollout, design=design)
    assert found.estimate == pytest.approx(EFFECT, abs=1e-3)  # outcomes of customers are kept in single precision


def test_pairs_of_months_are_the_long_difference_where_nothing_is_missing():
    cells, rollout = tables(12, 8, (5, 7, 9))
    rng = np.random.default_rng(7)
    cells["margin"] += rng.normal(0, 3, len(cells))
    whole = estimate_effect(cells, rollout, design="staggered")
    extra = pd.DataFrame({"unit": ["new"], "month": [MONTHS[11]], "margin": [50.0]})  # there in no month of a base
    listed = pd.concat([rollout, pd.DataFrame({"unit": ["new"], "start": [pd.NaT]})])
    gaps = estimate_effect(pd.concat([cells, extra]), listed, design="staggered")
    assert gaps.estimate == pytest.approx(whole.estimate, abs=1e-10)
    assert gaps.event_effect == pytest.approx(whole.event_effect, abs=1e-10)
    assert gaps.naive == pytest.approx(whole.naive, abs=1e-10)


def test_what_is_wrong_with_the_rows_is_said_at_once():
    cells, rollout = tables(6, 3)
    twice = pd.concat([cells, cells.iloc[[0, 13]]])
    with pytest.raises(BadInput, match=r"2 months of a unit are on more than one row: u000, January 2024, u001"):
        estimate_effect(twice, rollout, design="staggered")
    with pytest.raises(BadInput, match=r"does not list 2 of the 6 units of the panel: u004, u005.*empty start"):
        estimate_effect(cells, rollout.iloc[:4], design="staggered")
    with pytest.raises(BadInput, match="1 of the units appear more than once: u000"):
        estimate_effect(cells, pd.concat([rollout, rollout.iloc[[0]]]), design="staggered")
    wrong = cells.astype({"margin": object})
    wrong.loc[0, "margin"] = "n/a?"
    with pytest.raises(BadInput, match="1 row has an outcome that is not a number"):
        estimate_effect(wrong, rollout, design="staggered")
    with pytest.raises(BadInput, match="counts as missing here, not as zero"):
        estimate_effect(cells.sample(frac=0.3, random_state=1), rollout, design="staggered")
    more = pd.concat([rollout, pd.DataFrame({"unit": ["elsewhere"], "start": [MONTHS[8]]})])
    notes = estimate_effect(cells, more, design="staggered").notes
    assert any("1 unit of the roll-out has no row in the panel" in note and "elsewhere" in note for note in notes)


@pytest.mark.parametrize("design", DESIGNS)
def test_outcomes_that_are_all_zero_are_no_effect(design):
    units, treated, start, unit = DESIGNS[design]
    cells, rollout = tables(units, treated, start, unit)
    with pytest.raises(BadInput, match="every margin of every month is zero"):
        estimate_effect(cells.assign(margin=0.0), rollout, design=design)


def test_a_check_that_the_design_rests_on_must_be_made():
    cells, rollout = tables(12, 6, (2,))
    cells["margin"] += np.random.default_rng(8).normal(0, 3, len(cells))
    short = cells[cells["month"] >= MONTHS[1]]  # a single month before the start: no drift can be seen
    found = estimate_effect(short, rollout, design="staggered")
    drift = next(check for check in found.checks if check.name == "pre_trend")
    assert (drift.passed, drift.needed, found.grade) == (None, True, "C")
    made = [Check("pre_trend", "?", None, True, "", p_value=0.5, needed=True)]
    assert grade_of("B", made) == "B"
