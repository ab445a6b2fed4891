"""A programme that keeps customers or drives them away is told so beside its effect."""

from __future__ import annotations

import pytest

from cxvalue.effects.designs.experiment import estimate_experiment
from cxvalue.effects.designs.matched import estimate_matched
from cxvalue.effects.designs.staggered import estimate_staggered
from cxvalue.effects.leaving import with_leaving_checked
from tests.effects.data import contracts, mpdta, units_of_contracts


def test_without_leavers_the_effect_is_the_same_object():
    effect = estimate_staggered(mpdta())
    assert with_leaving_checked(mpdta(), effect) is effect


@pytest.mark.parametrize("design", ["staggered", "experiment"])
def test_a_programme_that_halves_leaving_fails_and_one_that_does_not_passes(design):
    """The effect on those who are still there stays as it is; leaving is halved, or the same with and without."""
    told = {0.5: 0, 0.0: 0}
    for saved in told:
        for seed in range(6):
            customers = contracts(seed=seed, churn=0.04, saved=saved, lift=1.0, by_customer=design == "experiment")
            panel = customers if design == "experiment" else units_of_contracts(customers)
            seen = (estimate_experiment if design == "experiment" else estimate_staggered)(panel)
            found = with_leaving_checked(panel, seen)
            check = next(one for one in found.checks if one.name == "leaving")
            told[saved] += check.p_value < 0.05
            assert (found.estimate, found.low, found.high) == (seen.estimate, seen.low, seen.high)
            assert "percentage points" in check.detail
            assert check.lowers or check.p_value > 1e-4
    assert told[0.5] >= 5
    assert told[0.0] <= 1


def test_a_gap_of_levels_is_no_effect():
    """Dearer customers with the programme leave as others do: the effect is the truth, 1."""
    for seed in range(4):
        customers = contracts(seed=seed, churn=0.04, lift=1.0, gap=5.0)
        panel = units_of_contracts(customers)
        found = with_leaving_checked(panel, estimate_staggered(panel))
        assert found.low < 1.0 < found.high
        assert found.estimate == pytest.approx(1.0, abs=0.3)


def test_matched_customers_are_left_as_they_are():
    panel = contracts(seed=2, churn=0.04, by_customer=True)
    effect = estimate_matched(panel)
    assert with_leaving_checked(panel, effect) is effect
