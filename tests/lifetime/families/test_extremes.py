"""The four models at the edge of what the optimiser and ten years of days can reach."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxvalue.lifetime import customer_value
from cxvalue.lifetime.families.family import history
from cxvalue.lifetime.families.registry import FAMILIES
from tests.lifetime import precise
from tests.lifetime.conftest import exact_model, make_states

NAMES = list(FAMILIES)
TEN_YEARS = 3650.0

# (params of the Pareto/NBD, x, t_x, T), in days: s = 1, alpha = beta, t_x = T, thousands of purchases, and parameters
# that are very unequal. The BG/NBD and MBG/NBD take the same numbers as r, alpha, a, b.
EDGES = [
    ((0.553, 10.578, 0.606, 11.669), 2, 30.43, 38.86),
    ((0.5, 3.0, 1.0, 3.0), 3000, 3650.0, TEN_YEARS),
    ((0.5, 3.0, 1.0, 3.0), 3000, 3600.0, TEN_YEARS),
    ((1.0, 40.0, 1.0, 40.0), 3000, 100.0, TEN_YEARS),
    ((0.5, 0.001, 60.0, 7700.0), 0, 0.0, TEN_YEARS),
    ((0.5, 1e4, 0.01, 0.001), 0, 0.0, TEN_YEARS),
    ((0.01, 0.001, 0.01, 1e4), 5, 1.0, TEN_YEARS),
    ((100.0, 1e4, 1.0, 1e4), 20, 3649.0, TEN_YEARS),
    ((0.5, 10.0, 1000.0, 1e5), 0, 0.0, TEN_YEARS),
]


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
@pytest.mark.parametrize(("params", "x", "recency", "age"), EDGES)
def test_likelihood_and_alive_against_fifty_digits(name, params, x, recency, age):
    if name == "pareto_nbd":
        value, alive = precise.pareto(params, x, recency, age)
    else:
        value, alive = precise.bg(params, x, recency, age, first=int(name == "mbg_nbd"))
    family = FAMILIES[name]
    rows = history(*(np.array([number], dtype=float) for number in (x, recency, age, 1)))
    found, gradient = family.log_likelihood(np.log(params), rows)
    assert found == pytest.approx(value, rel=2e-12, abs=2e-12)
    assert np.isfinite(gradient).all()
    columns = (np.array([float(number)]) for number in (x, recency, age))
    parameters = tuple(np.array([number]) for number in params)
    assert family.alive(parameters, *columns)[0] == pytest.approx(alive, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize(
    ("r", "alpha", "a", "b", "t"),
    [
        (0.243, 4.414, 0.793, 2.426, 39.0),
        (3000.5, 3650.0, 1.0, 3002.0, TEN_YEARS),
        (3000.5, 3650.0, 0.8, 3002.4, 10 * TEN_YEARS),
        (0.5, 10.0, 1.0, 2.0, TEN_YEARS),
        (0.5, 10.0, 1 + 1e-7, 2.0, TEN_YEARS),
        (0.5, 10.0, 0.05, 2.0, TEN_YEARS),
        (0.5, 100.0, 0.002, 2.0, TEN_YEARS),
        (0.5, 10.0, 2.0, 0.05, 520.0),
        (34.0, 20.0, 470.0, 20.0, TEN_YEARS),
        (0.001, 5.0, 0.5, 30.0, TEN_YEARS),
    ],
)
def test_bg_expectation_against_sixty_digits(r, alpha, a, b, t):
    future = tuple(np.array([number]) for number in (r, alpha, a, b))
    found = FAMILIES["bg_nbd"].expected(future, np.array([[t]]))[0, 0]
    assert found == pytest.approx(precise.bg_expected(r, alpha, a, b, t), rel=5e-12)


@pytest.mark.parametrize(("a", "b"), [(4700.0, 20.0), (5.0, 2.0), (1.5, 0.01), (40.0, 9000.0)])
def test_bg_expectation_for_ever_is_its_limit(a, b):
    # E[1 / p] = (a + b - 1) / (a - 1). The chord alone was 1e-7 off here, and falling in t.
    for r, alpha in [(34.0, 0.2), (100.0, 0.01), (3000.0, 1.0)]:
        future = tuple(np.array([number]) for number in (r, alpha, a, b))
        path = FAMILIES["bg_nbd"].expected(future, np.array([[1e9, 1e10, 1e11]]))[0]
        assert path == pytest.approx((a + b - 1) / (a - 1), rel=1e-4)
        assert (np.diff(path) >= -1e-12 * path[1:]).all()


@pytest.mark.parametrize(
    ("params", "t", "expected"),
    [
        # Once the life is short beyond doubt E[X] is small, and P(at least one) lies below it and near it.
        ((10.43, 0.00752, 672.0, 0.00752), TEN_YEARS, 10.43 / 671.0),
        ((5.0, 400.0, 3e4, 2e-2), TEN_YEARS, 5.0 * 2e-2 / 400.0 / (3e4 - 1)),
    ],
)
def test_pareto_return_where_a_life_is_short(params, t, expected):
    # P(no purchase) was taken as 0 here: the chance of staying underflows while the odds of having left overflow.
    model = exact_model("pareto_nbd", *params, unit="day")
    assert model.expected_new(t) == pytest.approx(expected, rel=1e-9)
    chance = 1 - model.p_count_new(t, 0)
    assert 0.97 * expected < chance + 1e-11
    assert chance < expected + 1e-11


@pytest.mark.parametrize(
    ("params", "t"),
    [
        ((1.9, 24.7, 60.8, 0.0306), 365.0),
        ((546.0, 60.7, 323.0, 0.0219), TEN_YEARS),
        ((12.8, 8550.0, 19.7, 0.0146), TEN_YEARS),
        ((30.0, 5.0, 0.02, 40.0), 100.0),
    ],
)
def test_pareto_counts_add_up_where_a_life_is_short(params, t):
    # The dropout falls into the first instant of the horizon, where the old nodes had nothing: the sum was 6e-4 short.
    model = exact_model("pareto_nbd", *params, unit="day")
    n = np.arange(4000)
    chance = model.p_count_new(np.full(n.size, t), n)
    assert chance.sum() == pytest.approx(1.0, abs=1e-10)
    assert chance @ n == pytest.approx(model.expected_new(t), rel=1e-6)
    assert (model.p_count_new(np.zeros(3), np.arange(3)) == [1.0, 0.0, 0.0]).all()


@st.composite
def parameters(draw, size):
    """Log-parameters over eight orders of magnitude, at times exactly 1 or equal to each other."""
    theta = draw(st.lists(st.floats(math.log(1e-4), math.log(1e4)), min_size=size, max_size=size))
    special = draw(st.sampled_from(["none", "one", "equal"]))
    if size == 4 and special != "none":
        theta[2] = 0.0
    if size == 4 and special == "equal":
        theta[3] = theta[1]
    return np.array(theta)


@st.composite
def ten_years(draw):
    """One state (x, t_x, T) in days: T up to ten years, thousands of purchases, and t_x = T."""
    age = draw(st.one_of(st.integers(0, 3650), st.just(3650)))
    x = 0 if age == 0 else draw(st.one_of(st.integers(0, min(age, 20)), st.integers(0, age)))
    recency = 0 if x == 0 else draw(st.one_of(st.just(age), st.integers(x, age)))
    return x, recency, age


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_laws_at_the_edges(name, data):
    family = FAMILIES[name]
    theta = data.draw(parameters(len(family.parameters)))
    states = make_states(*np.array(data.draw(st.lists(ten_years(), min_size=1, max_size=4))).T, unit="day")
    model = exact_model(name, *np.exp(theta), unit="day")
    rows = history(*model.history_of(states), np.arange(1, len(states) + 1))
    value, gradient = family.log_likelihood(theta, rows)
    assert np.isfinite(value)
    for i, slope in enumerate(gradient):
        near, far = (np.where(np.arange(theta.size) == i, step, 0.0) for step in (1e-4, 2e-4))
        ends = [family.log_likelihood(theta + move, rows)[0] for move in (-far, -near, near, far)]
        numeric = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / 12e-4
        # Rounding of the value over the step bounds what the difference can tell.
        assert slope == pytest.approx(numeric, rel=1e-5, abs=1e-4 + 1e-10 * abs(value))
    times = (0.0, 1.0, 30.0, 730.0, 36500.0)
    path = np.array([model.expected_transactions(states, t) for t in times])
    back = np.array([model.p_return(states, t) for t in times])
    assert (path[0] == 0).all()
    assert (np.diff(path, axis=0) >= -1e-9 * path[1:]).all()
    assert (np.diff(back, axis=0) >= -1e-9).all()
    assert (back <= path * (1 + 1e-9) + 1e-10).all()
    probabilities = [back, model.p_silence(states), model.p_count(states, 730.0, 1), model.p_count(states, 730.0, 40)]
    alive = family.alive(model.values, *model.history_of(states))
    for probability in (*probabilities, alive):
        assert ((probability >= 0) & (probability <= 1 + 1e-9)).all()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_cltv_falls_in_the_rate(spend, name, data):
    theta = data.draw(st.lists(st.floats(math.log(0.1), math.log(20.0)), min_size=4, max_size=4))
    model = exact_model(name, *np.exp(theta[: len(FAMILIES[name].parameters)]))
    x, recency, age = np.array(data.draw(st.lists(ten_years(), min_size=2, max_size=4))).T
    mean_spend = np.where(x > 0, 30.0, np.nan)
    money = {"total_revenue": 100.0, "total_margin": 30.0, "first_margin_mean": 9.0, "first_margin_se": 1.0}
    states = make_states(x, recency, age, mean_spend=mean_spend, **money)
    low, high = (
        customer_value(model, spend, states, horizon_months=24, annual_discount_rate=rate, draws=20)
        for rate in (0.02, 0.3)
    )
    assert (high.cltv <= low.cltv).all()
    assert (high.cltv[low.cltv > 1e-9] < low.cltv[low.cltv > 1e-9]).all()
    assert high.equity.value <= low.equity.value


def test_counts_of_none_and_of_some_stand_at_their_places():
    params = tuple(np.array([value]) for value in (0.55, 10.6, 0.6, 11.7))
    n, t = np.array([3.0, 0.0, 1.0, 0.0, 12.0, 2.0]), np.array([20.0, 5.0, 20.0, 60.0, 60.0, 20.0])
    family = FAMILIES["pareto_nbd"]
    future = tuple(np.broadcast_to(value, n.shape) for value in params)
    each = [family.count(params, t[i : i + 1], n[i : i + 1])[0] for i in range(n.size)]
    assert family.count(future, t, n) == pytest.approx(each, rel=1e-13)
    assert family.count(future, t, n)[[1, 3]] == pytest.approx(family.none(future, t)[[1, 3]], rel=1e-13)
    table = family.count(params, np.array([[20.0], [60.0]]), np.arange(400.0))
    assert table.shape == (2, 400)
    assert table.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-9)
