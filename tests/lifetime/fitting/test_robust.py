"""The model's own errors, the sandwich and a bootstrap over grouped states agree on CDNOW; the sandwich sees what the
model does not describe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import fit
from cxvalue.lifetime.families.family import history
from cxvalue.lifetime.fitting import robust
from cxvalue.lifetime.fitting.robust import robust_covariance
from tests.calibration.coverage import simulate

RESAMPLES = 200


def bootstrap(model, states) -> np.ndarray:
    """Log-parameters of refits to multinomial resamples of the customers of grouped states."""
    x, recency, age = model.history_of(states)
    data = history(x, recency, age, states.count)
    rng = np.random.default_rng(1)
    start = np.log(list(model.params.values()))
    total = data.weight.sum()
    found = []
    for weight in rng.multinomial(round(total), data.weight / total, RESAMPLES):
        # A history nobody was drawn from keeps its place and weighs nothing.
        sample = replace(data, weight=weight.astype(float))

        def loss(theta, sample=sample):
            value, slope = model.family.log_likelihood(theta, sample)
            return -value / total, -slope / total

        found.append(minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-5}).x)
    return np.array(found)


def test_errors_agree_with_the_bootstrap_on_cdnow(cdnow, fitted):
    model = fitted["bg_nbd"]
    # CLVTools 0.12.1 on the same data, from the numerical Hessian: .012557, .378224, .185733, .705407.
    assert list(model.se.values()) == pytest.approx([0.012557, 0.378224, 0.185733, 0.705407], rel=2e-3)
    check = robust_covariance(model, cdnow)
    assert not check.sampled
    resampled = bootstrap(model, cdnow.grouped()).std(axis=0, ddof=1)
    robust = np.sqrt(np.diag(check.covariance))
    # A standard deviation of 200 draws is good to 5%, and 15% is three of that.
    assert resampled == pytest.approx(robust, rel=0.15)
    # Customers scatter more in their pace than a Gamma distribution says: the model's own error of alpha is too small,
    # and the sandwich knows.
    own = np.sqrt(np.diag(model.covariance))
    assert resampled[1] > 1.15 * own[1]
    assert check.ratio["alpha"] == pytest.approx(resampled[1] / own[1], rel=0.15)
    # What matters for money hardly moves: the error of all purchases expected in the next 39 weeks.
    errors = []
    for covariance in (model.covariance, check.covariance):
        moved = [np.exp(np.where(np.arange(4) == i, 1e-4, 0.0)) for i in range(4)]
        centre = np.array(list(model.params.values()))
        totals = [np.log(model.with_params(centre * m).expected_transactions(cdnow, 39.0).sum()) for m in moved]
        slope = (np.array(totals) - np.log(model.expected_transactions(cdnow, 39.0).sum())) / 1e-4
        errors.append(float(np.sqrt(slope @ covariance @ slope)))
    assert errors[1] == pytest.approx(errors[0], rel=0.05)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_both_agree_in_the_model_s_own_world(name):
    world = simulate(name, 6_000, np.random.default_rng(8))
    model = fit(world.states, name)
    check = robust_covariance(model, world.states)
    assert check.sampled
    assert check.histories == 2_000
    assert list(check.ratio.values()) == pytest.approx([1.0] * len(model.params), abs=0.2)


def test_the_sandwich_sees_what_the_model_does_not_describe():
    # Three kinds of customers with nothing between them: pace is anything but Gamma.
    world = simulate("nbd", 3_000, np.random.default_rng(2)).states
    rng = np.random.default_rng(3)
    pace = rng.choice([0.0, 0.2, 12.0], len(world), p=[0.5, 0.3, 0.2])
    x = rng.poisson(pace * world.age_days / 365)
    recency = np.where(x > 0, np.maximum((world.age_days * x / (x + 1)).astype(int), 1), 0)
    states = replace(world, frequency=x, recency_days=recency)
    check = robust_covariance(fit(states, "nbd"), states)
    assert max(check.ratio.values()) > 1.3 or min(check.ratio.values()) < 0.75


def test_other_customers_are_refused(cdnow, fitted):
    with pytest.raises(CxvalueError, match="fitted to 2,357 customers"):
        robust_covariance(fitted["bg_nbd"], simulate("bg_nbd", 100, np.random.default_rng(1)).states)
    broken = replace(fitted["bg_nbd"], covariance=np.full((4, 4), np.nan))
    with pytest.raises(CxvalueError, match="no covariance to check"):
        robust_covariance(broken, cdnow)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_slopes_of_all_histories_are_those_of_each_alone(cdnow, fitted, name):
    model = fitted[name]
    x, recency, age = model.history_of(cdnow)
    data = history(x, recency, age, cdnow.count)
    theta = np.log(list(model.params.values())) + np.array([0.1, -0.2, 0.3, 0.05])
    rows = np.array([0, 7, 7, 500, data.x.size - 1])
    found = robust._slopes(model.family, theta, data, rows)
    plain = robust._slopes(replace(model.family, slopes=None), theta, data, rows)
    np.testing.assert_allclose(found, plain, rtol=1e-11, atol=1e-13)
    every = model.family.slopes(theta, data)
    np.testing.assert_allclose(data.weight @ every, model.family.log_likelihood(theta, data)[1], rtol=1e-9)
