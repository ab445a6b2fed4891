"""Likelihood, curvature and P(alive) of the Pareto/NBD from shared integrals, against one integral a history."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.lifetime.families import cumulated, paretonbd, silences
from cxvalue.lifetime.families.family import history
from cxvalue.lifetime.families.paretonbd import PARETO_NBD
from tests.lifetime.families.test_cumulated import PARAMETERS


@pytest.fixture
def histories():
    """Some customers bought so often that their integrals do not fit: theirs are taken one by one."""
    rng = np.random.default_rng(2)
    age = rng.integers(1, 731, 4000)
    x = np.where(rng.random(4000) < 0.01, rng.integers(100, 300, 4000), rng.geometric(0.3, 4000) - 1)
    recency = np.where(x > 0, (age * rng.beta(2.0, 1.0, 4000)).astype(int), 0)
    return history(x, recency, age, rng.integers(1, 4, 4000).astype(float), 7.0)


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_the_likelihood_is_that_of_one_integral_a_history(parameters, histories, monkeypatch):
    natural = np.array(parameters)
    assert silences._cumulated(natural, histories) is None
    monkeypatch.setattr(cumulated, "_SHARED", 1e3)
    shared, alone = silences._cumulated(natural, histories), silences._one_by_one(natural, histories)
    assert shared is not None
    assert shared[0] == pytest.approx(alone[0], rel=1e-13)
    np.testing.assert_allclose(shared[1], alone[1], rtol=1e-9)


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_the_curvature_is_that_of_one_integral_a_history(parameters, histories, monkeypatch):
    theta, slope = np.log(parameters), np.array([1.0, -2.0, 3.0, 4.0])
    alone = silences.curvature(theta, histories, slope)
    monkeypatch.setattr(cumulated, "_SHARED", 1e3)
    asked = []
    shared = silences._curvature_shared
    monkeypatch.setattr(silences, "_curvature_shared", lambda *given: asked.append(1) or shared(*given))
    found = silences.curvature(theta, histories, slope)
    assert asked
    scale = np.sqrt(np.outer(np.abs(np.diag(alone)), np.abs(np.diag(alone))))
    np.testing.assert_allclose(found / scale, alone / scale, rtol=0, atol=1e-10)


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_who_is_alive_is_what_one_integral_a_history_says(parameters, histories, monkeypatch):
    params = tuple(np.array([value]) for value in parameters)
    columns = histories.x, histories.recency, histories.age
    alone = PARETO_NBD.alive(params, *columns)
    assert histories.x.size < paretonbd._MANY
    monkeypatch.setattr(cumulated, "_SHARED", 1e3)
    monkeypatch.setattr(paretonbd, "_MANY", 100)
    odds = silences.odds_dead_shared(params, *columns)
    assert (PARETO_NBD.alive(params, *columns) == 1 / (1 + odds)).all()
    np.testing.assert_allclose(1 / (1 + odds), alone, rtol=1e-10, atol=1e-13)


def test_few_histories_share_no_integrals(histories):
    params = tuple(np.array([value]) for value in PARAMETERS[0])
    assert silences.odds_dead_shared(params, histories.x, histories.recency, histories.age) is None
