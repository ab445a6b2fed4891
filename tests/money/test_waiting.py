"""Value of waiting: simulated decisions as the oracle, and its limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cxvalue.money.waiting import value_of_waiting


@pytest.mark.parametrize(
    ("mean", "sd", "measured", "more"), [(20.0, 100.0, 12, 6), (-50.0, 80.0, 6, 12), (0.0, 30.0, 24, 3)]
)
def test_equals_what_simulated_decisions_earn(mean: float, sd: float, measured: int, more: int) -> None:
    """Two million worlds: the truth, an estimate after more months, and the better of going ahead and not by it."""
    rng = np.random.default_rng(1)
    truth = mean + sd * rng.standard_normal(2_000_000)
    # k more months see the truth with the variance that takes sd² to sd² x m / (m + k).
    noise = np.sqrt(sd**2 * measured / more)
    seen = truth + noise * rng.standard_normal(truth.size)
    believed = mean + (seen - mean) * sd**2 / (sd**2 + noise**2)
    gain = truth[believed > 0].sum() / truth.size - max(mean, 0.0)
    (found,) = value_of_waiting(mean, sd, months_measured=measured, horizon_months=24, more_months=(more,))
    assert found.value == pytest.approx(gain, abs=4 * sd / np.sqrt(truth.size))


def test_it_never_exceeds_certainty_and_grows_with_time() -> None:
    mean, sd = -30.0, 60.0
    certain = sd * (stats.norm.pdf(mean / sd) - abs(mean / sd) * stats.norm.sf(abs(mean / sd)))
    found = value_of_waiting(mean, sd, months_measured=12, horizon_months=24, more_months=(1, 6, 24, 9999))
    values = [one.value for one in found]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(certain, rel=1e-2)
    assert values[-1] < certain


def test_a_good_case_loses_margin_while_it_waits_and_a_sure_one_needs_no_data() -> None:
    (sure,) = value_of_waiting(1000.0, 10.0, months_measured=12, horizon_months=24, more_months=(6,))
    assert sure.delay_cost == pytest.approx(250.0)
    assert not sure.worth_it
    assert value_of_waiting(5.0, 0.0, months_measured=12, horizon_months=24) == ()
