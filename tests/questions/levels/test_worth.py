"""Ratios, moves and steps: against closed forms, statsmodels and the world's truth."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import statsmodels.api as sm

from cxvalue.questions.levels.customer_quarters import LEVELS, CustomerQuarters, classify
from cxvalue.questions.levels.worth import LevelWorth, _share, level_worth, ratio_by_customer, values_of
from tests.experienceworlds import METRICS, RULES, moving, retail


@cache
def rows_of(seed: int = 3, **parameters: float) -> CustomerQuarters:
    world = retail(4000, seed, **parameters)
    found = classify(
        world.purchases, surveys=world.tables["surveys"], interactions=None, customers=world.tables["customers"],
        metrics=METRICS, rules=RULES, observed_from=world.observed_from, as_of=world.as_of, dormancy_days=90,
    )  # fmt: skip
    assert found is not None
    return found


@cache
def worth() -> LevelWorth:
    return level_worth(rows_of())


def test_with_one_row_a_customer_a_share_has_the_binomial_error() -> None:
    hit = np.array([1.0] * 30 + [0.0] * 70)
    found = ratio_by_customer(hit, np.arange(100), 0.95)
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * np.sqrt(0.3 * 0.7 / 99), rel=1e-6)


def test_rows_of_one_customer_count_together() -> None:
    hit = np.array([1.0] * 30 + [0.0] * 70)
    twice = ratio_by_customer(np.tile(hit, 2), np.tile(np.arange(100), 2), 0.95)
    assert twice == pytest.approx(ratio_by_customer(hit, np.arange(100), 0.95))


@pytest.mark.parametrize("kind", ["margin", "churn", "share"])
def test_intervals_hold_the_truth_of_the_world(kind: str) -> None:
    found = getattr(worth(), kind)
    truth = retail(4000, 3).truth
    z = [
        abs(found[name].value - truth[f"experience.level.{name}.{kind}"])
        / max(found[name].high - found[name].value, 1e-9)
        for name in LEVELS
    ]
    assert max(z) < 1.6  # five at 1.96 standard errors each; 1.6 times as wide is 3.1


def test_moves_add_up_and_hold_the_truth() -> None:
    moves, truth = worth().moves, retail(4000, 3).truth
    for name in LEVELS:
        assert sum(moves[name, into].value for into in (*LEVELS, "unknown", "gone")) == pytest.approx(1.0)
    outside = [
        key
        for key, value in moves.items()
        if not value.low - 0.01 <= truth[f"experience.transition.{key[0]}.{key[1]}"] <= value.high + 0.01
    ]
    assert len(outside) <= 2


def test_steps_are_those_of_a_regression_with_dummies() -> None:
    rows = rows_of()
    kept = rows.known & rows.past & (rows.unit < 25)
    only = {name: getattr(rows, name)[kept] for name in ("level", "before", "active_days", "tenure", "unit", "quarter")}
    steps = (only["level"][:, None] >= np.arange(1, 5)).astype(float)
    cell = np.unique(only["unit"] * 100 + only["quarter"], return_inverse=True)[1]
    design = np.column_stack([steps, only["before"], only["active_days"], only["tenure"], np.eye(cell.max() + 1)[cell]])
    told = sm.OLS(rows.after[kept], design).fit().params[:4]
    parts = {
        name: getattr(rows, name)[rows.unit < 25]
        for name in ("customer", "quarter", "level", "next_level", "active_days", "unit", "after", "before",
                     "bought_after", "known", "past", "tenure")
    }  # fmt: skip
    some = CustomerQuarters(**parts, names=rows.names, quarters=rows.quarters, surveyed=True, active_from=1.0,
                            contacts_count=False)  # fmt: skip
    found = level_worth(some).steps
    assert [found[name].value for name in LEVELS[1:]] == pytest.approx(list(told), rel=1e-6)


def test_a_step_is_smaller_than_the_gap_of_the_means_and_above_zero() -> None:
    found = worth()
    total = sum(found.steps[name].value for name in LEVELS[1:])
    assert 0 < total < found.margin["high"].value - found.margin["negative"].value
    assert found.steps["none"].low > 0


def test_no_step_where_experience_has_no_effect() -> None:
    found = level_worth(rows_of(5, beta=0.0, trait=0.0, leaving_slope=0.0)).steps
    wide = [
        value for value in found.values() if value.low - 0.3 * (value.high - value.low) <= 0 <= value.high * 1.3 + 3
    ]
    assert len(wide) == len(found) == 4


def test_values_stand_by_the_latest_level() -> None:
    import ibis

    rows = rows_of()
    table = ibis.memtable({"customer_id": [str(rows.names[0]), "nobody"], "cltv": [5.0, 7.0]})
    values = values_of(rows, table)
    assert values is not None
    assert values[0] == 5.0
    assert np.isnan(values[1:]).all()
    assert level_worth(rows, cltv=np.full(rows.names.size, 2.0)).cltv["low"].value == 2.0
    assert values_of(rows, None) is None


def test_levels_read_with_noise_look_as_if_people_wandered() -> None:
    """Closed form: pairs of true levels J = diag(pi) P are seen as M' J M, and M^-T (M' J M) M^-1 gives P back."""
    p = np.array([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.05, 0.15, 0.8]])
    misread = np.array([[0.85, 0.15, 0.0], [0.1, 0.8, 0.1], [0.0, 0.15, 0.85]])
    often = np.array([2.0, 3.0, 2.0]) / 7
    joint = misread.T @ (often[:, None] * p) @ misread
    stays = np.diag(joint) / joint.sum(axis=1)
    assert stays == pytest.approx([0.6155, 0.5855, 0.6155], abs=5e-5)
    back = np.linalg.inv(misread.T) @ joint @ np.linalg.inv(misread)
    assert back / back.sum(axis=1, keepdims=True) == pytest.approx(p)
    counts = np.rint(joint * 7000).astype(int)
    first = np.repeat(np.arange(3), counts.sum(axis=1))
    then = np.concatenate([np.repeat(np.arange(3), row) for row in counts])
    rows = moving(1, customers=20)
    n = first.size
    empty, yes = np.zeros(n), np.ones(n, dtype=bool)
    seen = replace(
        rows, customer=np.arange(n), names=np.arange(n).astype(str).astype(object), quarter=np.zeros(n, dtype=int),
        level=first, next_level=then, active_days=empty, unit=np.zeros(n, dtype=int), after=empty, before=empty,
        bought_after=empty, known=yes, past=yes, tenure=empty, surveyed=False,
    )  # fmt: skip
    moves = level_worth(seen).moves
    assert [moves[name, name].value for name in LEVELS[:3]] == pytest.approx(list(stays), abs=1e-3)


@pytest.mark.parametrize(("worlds", "low", "high"), [(400, 372, 396)])
def test_a_rare_share_of_customers_with_several_rows_is_held(worlds: int, low: int, high: int) -> None:
    """5% of 400 rows, of customers who differ; value ± error holds it in 927 worlds of 1,000."""
    rng, held = np.random.default_rng(1), 0
    for _ in range(worlds):
        customer = rng.integers(0, 266, 400)
        often = rng.random(266) < 0.5
        hit = (rng.random(400) < np.where(often[customer], 0.08, 0.02)).astype(float)
        found = _share(hit, customer, 0.95)
        held += found.low <= 0.05 <= found.high
    assert low <= held <= high
