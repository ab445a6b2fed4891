"""Integrals cumulated day by day against one integral a history, and against adaptive quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from cxvalue.lifetime.families.cumulated import dropout_tables, powers_that_fit

PARAMETERS = [
    (0.553, 10.578, 0.606, 11.669),
    (0.8, 6.0, 6000.0, 90_000.0),
    (0.3, 2.0, 0.05, 200.0),
    (1.5, 30.0, 3.0, 0.5),
    (0.5, 0.3, 0.4, 40.0),
]


def integral(parameters, n, function, start, end):
    _, alpha, s, beta = parameters

    def integrand(t):
        return function(t) * np.exp(-n * np.log1p(t / alpha) - (s + 1) * np.log1p(t / beta))

    return quad(integrand, start, end, epsabs=0, epsrel=1e-11, limit=500)[0]


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_a_difference_is_the_integral_over_the_silence(parameters):
    _, alpha, s, beta = parameters
    times, power = np.array([0.0, 1 / 7, 2 / 7, 5.0, 30.0, 31.0, 104.0]), np.array([0.5, 3.5, 40.5])
    tables = dropout_tables(np.array(parameters), power, times, 1e6)
    assert tables is not None
    functions = (
        lambda t: 1.0,
        lambda t: np.log1p(t / alpha),
        lambda t: -t / (alpha * (alpha + t)),
        lambda t: np.log1p(t / beta),
        lambda t: -t / (beta * (beta + t)),
    )
    for row, n in enumerate(power):
        for start, end in ((0, 1), (2, 4), (3, 6)):
            for place, function in enumerate(functions):
                exact = integral(parameters, n, function, times[start], times[end])
                found = tables.integrals[place, row, start] - tables.integrals[place, row, end]
                assert found == pytest.approx(exact, rel=1e-9)
        assert tables.lasting[row, -1] == pytest.approx(n * np.log1p(104 / alpha) + s * np.log1p(104 / beta), rel=1e-13)


def test_more_integrals_than_are_worth_it_are_not_made():
    times = np.arange(100) / 7
    own = np.array(PARAMETERS[0])
    assert dropout_tables(own, np.array([0.5, 1.5]), times, 197) is None
    assert dropout_tables(own, np.array([0.5, 1.5]), times, 1000) is not None


def test_powers_whose_integrals_underflow_are_left_out():
    power = 0.5 + np.arange(400.0)
    fit = powers_that_fit(np.array(PARAMETERS[0]), power, 104.0)
    assert 0 < fit < 400
    tables = dropout_tables(np.array(PARAMETERS[0]), power[:fit], np.arange(729) / 7, 1e6)
    assert tables is not None
    assert (tables.integrals[0, :, -2] > 0).all()
