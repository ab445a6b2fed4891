"""Futures worked out at a few ages, against each of them worked out on its own."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.lifetime import dert, fit_spend, value_levers
from cxvalue.lifetime.candidates.by_model import outlook_of_model
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.models import by_age
from cxvalue.lifetime.models import model as models
from cxvalue.lifetime.models.by_age import FewFutures
from tests.lifetime.conftest import exact_model, make_states
from tests.lifetime.models.test_model import DEMO

SMOOTH = ("bg_nbd", "mbg_nbd", "pareto_nbd")
TIMES = np.array([1.0, 13.0, 52.0, 156.0])


def rows():
    """Eight frequencies at 800 ages each."""
    x, age = (
        one.ravel() for one in np.meshgrid([0.0, 1, 2, 3, 5, 9, 30, 110], np.arange(800) / 7 + 0.1, indexing="ij")
    )
    return x, age


def every(name):
    """The parameters of the futures at every row, and few of them."""
    own = exact_model(name, *DEMO[name])
    x, age = rows()
    future = tuple(np.broadcast_to(value, x.shape) for value in own.family.future(own.values, x, age, age))
    return own.family, future, FewFutures.of(own.family, own.values, x, age, age)


@pytest.mark.parametrize("name", ["nbd", *SMOOTH])
def test_few_ages_say_what_every_age_says(name):
    family, future, few = every(name)
    assert few.table is not None
    assert few.future[0].size == 8 * by_age.AGES
    expected = family.expected(future, TIMES[None, :])
    np.testing.assert_allclose(few.read(family.expected(few.future, TIMES[None, :])), expected, rtol=1e-10)
    quarter = family.none(few.future, np.full(few.future[0].shape, 13.0))
    np.testing.assert_allclose(
        few.read(quarter), family.none(future, np.full(future[0].shape, 13.0)), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("name", SMOOTH)
def test_survival_and_what_never_ends(name):
    family, future, few = every(name)
    np.testing.assert_allclose(few.read(family.endless(few.future, 0.002)), family.endless(future, 0.002), rtol=1e-10)
    np.testing.assert_allclose(few.read(family.survival(few.future, TIMES)), family.survival(future, TIMES), rtol=1e-10)


def test_weights_of_the_nodes_add_up_what_the_rows_would():
    family, _, few = every("bg_nbd")
    weight = np.random.default_rng(3).gamma(1.0, size=rows()[0].size)
    values = family.expected(few.future, TIMES[None, :])
    np.testing.assert_allclose(few.weigh(weight) @ values, weight @ few.read(values), rtol=1e-12)


def test_few_rows_are_worked_out_one_by_one():
    own = exact_model("bg_nbd", *DEMO["bg_nbd"])
    x, age = np.zeros(30), np.arange(30.0)
    few = FewFutures.of(own.family, own.values, x, age, age)
    assert few.table is None
    assert few.read(x) is x
    assert few.weigh(age) is age


@pytest.fixture(scope="module")
def customers():
    """States with more distinct (x, T) than are worked out one by one, two of each."""
    rng = np.random.default_rng(8)
    x, age = np.repeat([0, 1, 2, 3, 5, 9], 1200), np.tile(np.arange(1, 1201), 6)
    x, age = np.tile(x, 2), np.tile(age, 2)
    recency = np.where(x > 0, rng.integers(0, age + 1), 0)
    spend = np.where(x > 0, rng.gamma(6.0, 5.0, x.size), np.nan)
    return make_states(x, recency, age, mean_spend=spend, total_revenue=100.0, total_margin=30.0)


def both(patch, ask):
    """What is said of many customers at a few ages, and of each of them."""
    few = ask()
    patch.setattr(by_age, "FEWEST_ROWS", 10**9)
    return few, ask()


@pytest.mark.parametrize("name", SMOOTH)
def test_outlooks_and_endless_values_of_many_customers(name, customers, monkeypatch):
    own, ahead = exact_model(name, *DEMO[name]), Ahead((90, 365, 1096), 0.1)
    per = np.full(len(customers), 9.0)
    few, each = both(monkeypatch, lambda: (outlook_of_model(own, customers, per, ahead), dert(own, customers, 0.1)))
    for column in ("returns", "purchases", "worth"):
        np.testing.assert_allclose(getattr(few[0], column), getattr(each[0], column), rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(few[1], each[1], rtol=1e-10)


def test_levers_of_many_customers(customers, monkeypatch):
    own = exact_model("bg_nbd", *DEMO["bg_nbd"])
    object.__setattr__(own, "covariance", np.diag([0.02, 0.03, 0.05, 0.05]) ** 2)
    terms = {"dormancy_days": 90, "horizon_months": 36, "annual_discount_rate": 0.1, "draws": 400}
    few, each = both(monkeypatch, lambda: value_levers(own, fit_spend(customers), customers, **terms))
    for one, other in zip(few.levers, each.levers, strict=True):
        assert one.gain.value == pytest.approx(other.gain.value, rel=1e-9), one.name
        np.testing.assert_allclose(tuple(one.gain), tuple(other.gain), rtol=1e-6, err_msg=one.name)
        assert one.before == pytest.approx(other.before, rel=1e-9, nan_ok=True), one.name


@pytest.mark.parametrize("name", SMOOTH)
def test_many_histories_are_alive_as_each_of_them_is(name, customers, monkeypatch):
    own = exact_model(name, *DEMO[name])
    monkeypatch.setattr(models, "_MANY", 1000)
    once = own.few_futures(customers)[0]
    each = own.family.alive(own.values, *own.history_of(customers))
    np.testing.assert_allclose(once, each, rtol=1e-12)
