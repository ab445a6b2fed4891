"""Predictions at many draws of the parameters at once: the same as the model with each of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.lifetime.prediction.predictive import alive_in_draws
from tests.lifetime.conftest import make_states


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_draws_of_being_alive_agree_with_the_model_at_the_drawn_parameters(name, fitted):
    model = fitted[name]
    states = make_states([0, 1, 4, 12], [0, 100, 200, 250], [260, 260, 260, 260])
    x, recency, age = model.history_of(states)
    parameters = model.draw(400, np.random.default_rng(1))
    found = alive_in_draws(model, parameters, x, recency, age)
    exact = np.column_stack([replace(model.with_params(one), status="ok").p_alive(states) for one in parameters])
    if name != "pareto_nbd":
        assert found == pytest.approx(exact, abs=1e-12)
    else:
        # Expanded to second order: far less off than the draws differ, and neither wider nor shifted.
        spread = exact.std(axis=1)
        assert (np.sqrt(((found - exact) ** 2).mean(axis=1)) <= 0.12 * spread).all()
        assert found.std(axis=1) == pytest.approx(spread, rel=0.1)
        assert found.mean(axis=1) == pytest.approx(exact.mean(axis=1), abs=5e-4)
