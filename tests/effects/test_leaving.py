"""The effect of a programme counts customers whom it kept."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.effects.designs.experiment import estimate_experiment
from cxvalue.effects.designs.matched import estimate_matched
from cxvalue.effects.designs.staggered import estimate_staggered
from cxvalue.effects.leaving import counting_leavers
from tests.effects.data import contracts, mpdta, units_of_contracts


def test_without_leavers_the_effect_is_the_same_object():
    effect = estimate_staggered(mpdta())
    assert counting_leavers(mpdta(), effect) is effect


def test_leavers_without_luck_are_counted_exactly():
    """Everyone brings 10 and the programme 2 more; leaving is the same everywhere: both ways give 2."""
    panel = units_of_contracts(contracts(seed=1, churn=0.04, lift=2.0, noise=0.0, alike=True))
    effect = estimate_staggered(panel)
    found = counting_leavers(panel, effect)
    assert effect.estimate == pytest.approx(2.0)
    assert found.estimate == pytest.approx(2.0)
    assert found.event_effect == pytest.approx(effect.event_effect)
    assert found.event_weight == pytest.approx(effect.event_weight)


@pytest.mark.parametrize("design", ["staggered", "experiment"])
def test_customers_who_are_kept_are_part_of_the_effect(design):
    """Leaving is halved and nothing else: those who are still there bring what they did, and the range holds the truth."""
    inside = blind = 0
    for seed in range(8):
        customers = contracts(seed=seed, churn=0.04, saved=0.5, by_customer=design == "experiment")
        panel = customers if design == "experiment" else units_of_contracts(customers)
        seen = (estimate_experiment if design == "experiment" else estimate_staggered)(panel)
        found = counting_leavers(panel, seen)
        truth = true_effect(seed, design == "experiment")
        inside += found.low <= truth <= found.high
        blind += seen.high < truth
        check = next(one for one in found.checks if one.name == "leaving")
        assert "percentage points" in check.detail
        assert found.alternatives[-1].estimate == seen.estimate
    assert inside >= 7
    assert blind >= 7


def true_effect(seed: int, by_customer: bool) -> float:
    """Outcome with the programme less outcome without it, per customer-month with it: the same draws, saved or not."""
    kept, lost = (contracts(seed=seed, churn=0.04, saved=saved, by_customer=by_customer) for saved in (0.5, 0.0))
    month = np.arange(kept.months.count)
    treated = (kept.start >= 0)[:, None] & (month >= kept.start[:, None])
    more = np.nan_to_num(kept.values) - np.nan_to_num(lost.values)
    return float(more[treated].sum() / (treated & ~np.isnan(kept.values)).sum())


def test_matched_customers_are_doubtful_where_some_leave():
    panel = contracts(seed=2, churn=0.04, by_customer=True)
    effect = estimate_matched(panel)
    found = counting_leavers(panel, effect)
    assert found.estimate == effect.estimate
    assert found.grade > effect.grade
    assert next(one for one in found.checks if one.name == "leaving").lowers
