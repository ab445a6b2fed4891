"""The sBG against the published figures of Fader and Hardie (2007, 2010), against sums and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import interval_ends
from cxvalue.lifetime.contracts.sbg import Durations, RenewalModel, _log_likelihood, durations, fit_renewal, survival

# Fader and Hardie (2007), table 1: 1,000 customers of each segment, the share left after each year, in per mille; the
# data is attributed there to Berry and Linoff (2004). Years 1 to 7 are fitted, 8 to 12 projected.
REGULAR = (1000, 631, 468, 382, 326, 289, 262, 241)
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491)
# The projections that the fit of years 1 to 7 gives, in percent.
PROJECTED = {
    "regular": (22.01, 20.44, 19.12, 17.99, 17.00),
    "high end": (46.04, 43.58, 41.42, 39.51, 37.80),
}


def panel(left: tuple[int, ...]) -> Durations:
    """A cohort observed for as many years as there are counts after the first."""
    years = len(left) - 1
    lost = -np.diff(left)
    return durations([*range(years), years], [*[True] * years, False], count=[*lost.tolist(), left[-1]])


@pytest.fixture(scope="module")
def segments() -> dict[str, RenewalModel]:
    return {
        "regular": fit_renewal(panel(REGULAR), time_unit="year"),
        "high end": fit_renewal(panel(HIGH_END), time_unit="year"),
    }


@pytest.mark.parametrize(
    ("segment", "alpha", "beta", "log_likelihood"),
    # Published: .704 and 1.182, .668 and 3.806 (Fader and Hardie 2007, figure 5 and appendix B), here with more digits.
    [("regular", 0.70407732, 1.18204307, -1680.2652), ("high end", 0.66808837, 3.80609538, -1611.1581)],
)
def test_the_published_segments(
    segments: dict[str, RenewalModel], segment: str, alpha: float, beta: float, log_likelihood: float
) -> None:
    model = segments[segment]
    assert model.params["alpha"] == pytest.approx(alpha, rel=1e-5)
    assert model.params["beta"] == pytest.approx(beta, rel=1e-5)
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=1e-4)
    assert (model.status, model.customers) == ("ok", 1000)
    assert 100 * model.survival(np.arange(8, 13)) == pytest.approx(PROJECTED[segment], abs=0.006)


def test_the_mean_churn_probability_and_the_rising_retention(segments: dict[str, RenewalModel]) -> None:
    # E(theta) .3733 and .1493, and a retention of the Regular segment from .627 to .911 over 7 years by sorting alone.
    for segment, mean in (("regular", 0.3733), ("high end", 0.1493)):
        alpha, beta = segments[segment].values
        assert alpha / (alpha + beta) == pytest.approx(mean, abs=5e-5)
    stays = segments["regular"].survival(np.arange(8))
    assert (stays[1:] / stays[:-1])[[0, 6]] == pytest.approx([0.627, 0.911], abs=5e-4)


def test_the_published_discounted_lifetimes(segments: dict[str, RenewalModel]) -> None:
    # Annual payments in advance, discounted at 10% a year; after n renewals the one that is due now counts in full.
    t = np.arange(400)
    factors = 1.1 ** -t.astype(float)
    assert segments["regular"].survival(t) @ factors == pytest.approx(3.69491, abs=1e-4)
    assert segments["high end"].survival(t) @ factors == pytest.approx(5.92225, abs=1e-4)
    residual = [segments["high end"].survival(t + 1, n) @ factors for n in range(8)]
    expected = [5.4145, 5.9014, 6.2939, 6.6199, 6.8967, 7.1357, 7.3447, 7.5296]
    assert residual == pytest.approx(expected, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 200), st.booleans()), min_size=1, max_size=8),
    st.floats(-6, 8),
    st.floats(-6, 8),
)
def test_likelihood_is_finite_and_its_gradient_right(
    rows: list[tuple[int, int, bool]], log_alpha: float, log_beta: float
) -> None:
    entry, more, ended = (np.array(part) for part in zip(*rows, strict=True))
    objective = _log_likelihood(durations(entry + more, ended, entry=entry))
    theta = np.array([log_alpha, log_beta])
    value, gradient = objective(theta)
    assert np.isfinite(value)
    assert value <= 1e-7
    for place in range(2):
        step = np.eye(2)[place] * 1e-4
        numeric = (objective(theta + step)[0] - objective(theta - step)[0]) / 2e-4
        assert gradient[place] == pytest.approx(numeric, rel=1e-4, abs=1e-3)
    t = np.arange(30)
    curve = survival(*np.exp(theta), t, entry.max())
    assert ((curve >= 0) & (curve <= 1 + 1e-9)).all()
    assert (np.diff(curve) <= 1e-9).all()


def world(rng: np.random.Generator, customers: int, late: bool) -> Durations:
    """Contracts with alpha 0.8 and beta 12, observed for up to 48 months; `late`: only from the age of 18 on."""
    leaving = rng.beta(0.8, 12.0, customers)
    lasted = rng.geometric(leaving)  # ends at the end of this period
    end = rng.integers(20, 49, customers)
    entry = np.where(rng.random(customers) < 0.6, 18, 0) if late else np.zeros(customers, dtype=int)
    seen = lasted > entry
    return durations(np.minimum(lasted - 1, end)[seen], (lasted <= end)[seen], entry=entry[seen])


def bounds(model: RenewalModel, t: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval of S(t) over draws of the parameters."""
    return interval_ends(model.curve(model.draw(1000, np.random.default_rng(1)), t), 0.95)


@pytest.mark.parametrize("late", [False, True])
def test_intervals_hold_the_truth_also_when_observation_began_late(late: bool) -> None:
    rng = np.random.default_rng(11)
    truth = survival(0.8, 12.0, [12, 36])
    held = np.zeros(2)
    for _ in range(50):
        low, high = bounds(fit_renewal(world(rng, 800, late)), [12, 36])
        held += (low <= truth) & (truth <= high)
    assert (held >= 43).all(), held  # 47 or 48 of 50 expected; 42 or fewer has a probability below 0.5%


def test_ignoring_late_entry_would_flatter_survival() -> None:
    data = world(np.random.default_rng(2), 20_000, late=True)
    naive = Durations(np.zeros_like(data.entry), data.renewed, data.ended, data.count)
    truth = float(survival(0.8, 12.0, 12))
    assert float(fit_renewal(data).survival(12)) == pytest.approx(truth, abs=0.02)
    assert float(fit_renewal(naive).survival(12)) > truth + 0.05


def test_equal_customers_are_said_to_be_so() -> None:
    lasted = np.random.default_rng(3).geometric(0.05, 4000)
    model = fit_renewal(durations(np.minimum(lasted - 1, 36), lasted <= 36))
    assert model.survival(12) == pytest.approx(0.95**12, abs=0.02)
    if model.status == "degenerate":
        assert "no clear difference" in model.reason
    low, high = bounds(model, 12)
    assert low <= 0.95**12 <= high


def test_what_cannot_be_learnt_is_said() -> None:
    with pytest.raises(CxvalueError, match="No contract ended in 24 months"):
        fit_renewal(durations([12, 12], [False, False]))
    with pytest.raises(CxvalueError, match="none was observed for a full month"):
        fit_renewal(durations([0], [False]))
    with pytest.raises(CxvalueError, match=r"renewed fewer times than the age .*: 1[.] "):
        durations([3], [True], entry=5)
    with pytest.raises(CxvalueError, match="time_unit is 'week'"):
        fit_renewal(durations([3], [True]), time_unit="week")


def test_a_model_is_itself_again_from_json(segments: dict[str, RenewalModel]) -> None:
    model = segments["high end"]
    again = RenewalModel.from_dict(model.to_dict())
    assert again.to_dict() == model.to_dict()
    assert again.bounds() == model.bounds()
