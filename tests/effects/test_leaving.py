"""A programme that keeps customers or drives them away is told so beside its effect."""

from __future__ import annotations

import pytest

from cxvalue.effects.designs.experiment import estimate_experiment
from cxvalue.effects.designs.matched import estimate_matched
from cxvalue.effects.designs.staggered import estimate_staggered
from cxvalue.effects.effect import Effect
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


def test_customers_who_always_left_faster_are_not_driven_away():
    """The share still there falls ever further behind where leaving is faster, with the programme as without it."""
    for seed in range(2):
        panel = units_of_contracts(contracts(seed=seed, churn=0.03, faster=2.0, gap=5.0))
        found = with_leaving_checked(panel, estimate_staggered(panel))
        assert not next(one for one in found.checks if one.name == "leaving").lowers


@pytest.mark.parametrize("by_customer", [False, True])
def test_the_effect_on_leaving_is_known_and_survives_the_cache(by_customer):
    """Of 4% who leave in a month the programme keeps half; a customer there brings 10 and the lift of 1."""
    customers = contracts(seed=1, churn=0.04, saved=0.5, lift=1.0, by_customer=by_customer)
    panel = customers if by_customer else units_of_contracts(customers)
    found = with_leaving_checked(panel, (estimate_experiment if by_customer else estimate_staggered)(panel))
    leaving = Effect.from_dict(found.to_dict()).leaving
    assert leaving.effect.low < -0.02 < leaving.effect.high < 0
    assert leaving.brings == pytest.approx(11, abs=0.9)  # units differ by 1
    assert leaving.effect.estimate == found.leaving.effect.estimate


def test_matched_customers_are_left_as_they_are():
    panel = contracts(seed=2, churn=0.04, by_customer=True)
    effect = estimate_matched(panel)
    assert with_leaving_checked(panel, effect) is effect
