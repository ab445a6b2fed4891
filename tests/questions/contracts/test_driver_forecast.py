"""The forecast of the model with drivers: months put together, newcomers, and where customers stand."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.foundation.calendar import day_number
from cxvalue.questions.contracts.driver_forecast import Hazard, hazard_of, monthly_outlook
from cxvalue.simulate.insurer_world import InsurerParameters, insurer
from tests.insurerworlds import in_engine


@pytest.fixture(scope="module")
def made():
    contracts, tables, con = in_engine(insurer(300, seed=3, parameters=InsurerParameters(users=2.0)))
    return contracts, hazard_of(contracts, tables, con)


def test_who_stays_has_stayed_in_each_month(made) -> None:
    contracts, hazard = made
    seen = monthly_outlook(contracts, hazard.members.grace_days)
    rows, chances = np.arange(seen.who.size), np.full(seen.who.size, 6)
    rates = np.stack(list(hazard.rates(seen.renewed, rows, 6)), axis=1)
    assert hazard.p_end(seen.renewed, chances, rows) == pytest.approx(1 - (1 - rates).prod(axis=1))
    assert (hazard.p_end(seen.renewed, 0 * chances, rows) == 0).all()
    assert hazard.now.shape[0] == seen.who.size == contracts.active().sum()


def test_newcomers_begin_on_the_day_like_those_of_the_last_year(made) -> None:
    contracts, hazard = made
    new: Hazard = hazard.newcomers(most=50)
    assert (new.start == day_number(contracts.as_of)).all()
    assert 0 < len(new.now) <= 50
    assert all(np.isneginf(days).all() for days in new.last_day.values())


def test_the_next_chance_comes_at_the_end_of_the_month(made) -> None:
    contracts, _ = made
    seen = monthly_outlook(contracts, 0)
    assert ((seen.wait > 0) & (seen.wait <= 1)).all()
    assert (seen.step, seen.renewed.min() >= 0) == (1, True)
