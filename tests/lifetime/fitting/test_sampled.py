"""A fixed sample of a large base: the share of every day and frequency, and fits that are those of everybody."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cxvalue.lifetime import fit
from cxvalue.lifetime.fitting import sampled
from cxvalue.lifetime.fitting.sampled import sample_of
from cxvalue.tables.states import PurchaseStates
from tests.lifetime.conftest import make_states

TRUTH = np.log([0.6, 6.0, 0.8, 2.5])


@cache
def base(size: int = 24_000) -> PurchaseStates:
    """BG/NBD customers who joined evenly over 300 days and were seen for 600, ids in no order of theirs."""
    rng = np.random.default_rng(4)
    rate, leave = rng.gamma(0.6, 1 / 6.0, size) / 7, rng.beta(0.8, 2.5, size)
    age = rng.integers(300, 600, size)
    time, last, x = np.zeros((3, size))
    there = np.arange(size)
    while there.size:
        time[there] += rng.exponential(1 / rate[there])
        there = there[time[there] <= age[there]]
        x[there] += 1
        last[there] = time[there]
        there = there[rng.random(there.size) >= leave[there]]
    return make_states(x.astype(int), np.ceil(last).astype(int), age)


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> tuple[PurchaseStates, np.ndarray]:
    monkeypatch.setattr(sampled, "LARGEST_WHOLE", 20_000)
    monkeypatch.setattr(sampled, "SAMPLE", 6_000)
    found, which = sample_of(base())
    assert isinstance(which, np.ndarray)
    return found, which


def test_whoever_compares_covariates_has_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "LARGEST_WHOLE", 20)
    states = base()
    assert sample_of(states, whole=True)[0] is states


def test_up_to_a_size_it_is_everybody() -> None:
    states = base()
    found, which = sample_of(states)
    assert found is states
    assert np.arange(5)[which].tolist() == [0, 1, 2, 3, 4]


def test_every_day_and_frequency_has_its_share(some: tuple[PurchaseStates, np.ndarray]) -> None:
    found, which = some
    every = base()
    assert len(found) == 6_000
    assert (np.diff(which) > 0).all()
    assert (found.frequency == every.frequency[which]).all()
    assert (found.recency_days == every.recency_days[which]).all()
    # Neighbours in the order of the sample: those up to a day, and to a frequency within it, are a run from its beginning.
    for known in (lambda s: s.age_days, lambda s: s.age_days * 1_000 - s.frequency):
        ends = np.unique(known(every))
        upto, drawn = (np.searchsorted(np.sort(known(one)), ends) for one in (every, found))
        assert np.abs(drawn - upto / 4).max() <= 1


def test_the_same_customers_come_in_whatever_order_their_ids_are(some: tuple[PurchaseStates, np.ndarray]) -> None:
    shuffled = base().take(np.random.default_rng(1).permutation(len(base())))
    again = sample_of(shuffled)[0].grouped()
    there = some[0].grouped()
    for name in ("frequency", "recency_days", "age_days", "count"):
        assert (getattr(again, name) == getattr(there, name)).all()


def test_it_finds_the_truth_and_what_everybody_says(some: tuple[PurchaseStates, np.ndarray]) -> None:
    found, everybody = fit(some[0]), fit(base())
    assert found.customers == 6_000
    own, whole = (np.log(list(model.params.values())) for model in (found, everybody))
    for model, said in ((found, own), (everybody, whole)):
        error = said - TRUTH
        assert (
            error @ np.linalg.solve(model.covariance, error) < 18.5
        )  # 99.9% of a chi-squared with 4 degrees of freedom
    # Of customers drawn by chance 3 are expected (4 parameters, three quarters not drawn), and 13.8 in 1 case of 1,000.
    off = own - whole
    assert off @ np.linalg.solve(found.covariance, off) < 3.0
    # The errors of a fit are those of as many customers as it saw.
    assert np.sqrt(np.diag(found.covariance) / np.diag(everybody.covariance)) == pytest.approx(2.0, rel=0.1)
