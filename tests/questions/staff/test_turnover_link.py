"""What follows turnover: its truth, customers who went first, a common shock, and the jackknife against pyfixest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.staff.turnover_link import _shifted, fit_turnover_link, jackknife, turnover_above_best
from cxvalue.questions.staff.unit_months import APART, ShopMonths


def drawn(seed: int, *, link: bool = True, reverse: bool = False, shock: bool = False, units: int = 40) -> ShopMonths:
    """Staff leave by AR .6 shocks; customers follow with .10, .15 and .05 one to three months later."""
    rng = np.random.default_rng(seed)
    months = 36
    base, common = np.zeros((units, months)), 0.03 * rng.standard_normal((units, months + 3))
    lost = np.zeros((units, months))
    state = np.zeros(units)
    heads = rng.integers(12, 41, units)
    turnover = np.zeros((units, months))
    news = 0.03 * rng.standard_normal((units, months))
    for m in range(months):
        state = 0.6 * state + news[:, m]
        chance = 0.08 + state + (common[:, m] if shock else 0)
        if reverse and m >= 2:
            chance = chance + 1.5 * lost[:, m - 1]
        turnover[:, m] = rng.binomial(heads, np.clip(chance, 0.005, 0.6)) / heads
        lost[:, m] = base[:, m] + 0.02 * rng.standard_normal(units)
        if shock:
            lost[:, m] += common[:, m + 1 : m + 4].sum(axis=1)  # who is lost in the three months after
        if link:
            for lag, weight in ((1, 0.10), (2, 0.15), (3, 0.05)):
                if m >= lag:
                    lost[:, m] += weight * turnover[:, m - lag]
    lost += 0.2 + 0.02 * rng.standard_normal((units, 1)) + 0.01 * rng.standard_normal(months)
    customers = rng.integers(50, 200, (units, months)).astype(float)
    rate, middle = 12 * turnover.mean(axis=1), (months - APART) // 2
    halves = 12 * np.array([turnover[:, :middle].mean(axis=1), turnover[:, middle + APART :].mean(axis=1)])
    return ShopMonths(tuple(map(str, range(units))), turnover, lost, customers, np.full(units, 1000.0), rate,
                      heads.astype(float), halves)  # fmt: skip


@pytest.mark.parametrize(("worlds", "least", "off"), [(6, 4, 0.045), (30, 25, 0.02)])
def test_the_truth_is_covered_and_the_leads_keep_quiet(worlds: int, least: int, off: float) -> None:
    held = quiet = 0
    values = []
    for seed in range(worlds):
        found = fit_turnover_link(drawn(seed))
        assert found is not None
        held += found.link.low <= 0.30 <= found.link.high
        quiet += not found.loud
        values.append(found.link.value)
    assert held >= least
    assert quiet >= least
    assert np.mean(values) == pytest.approx(0.30, abs=off)


def test_where_customers_went_first_the_leads_are_loud() -> None:
    found = [fit_turnover_link(drawn(seed, link=False, reverse=True)) for seed in range(10)]
    assert sum(one.loud for one in found if one is not None) >= 9


def test_the_jackknife_is_that_of_pyfixest() -> None:
    import pyfixest

    rng = np.random.default_rng(2)
    unit, month = np.repeat(np.arange(12), 20), np.tile(np.arange(20), 12)
    x = rng.standard_normal(240) + unit / 5
    weight = rng.integers(1, 9, 240).astype(float)
    y = 0.5 * x + unit + np.repeat(rng.standard_normal(12), 20) * x + rng.standard_normal(240)
    frame = pd.DataFrame({"y": y, "x": x, "u": unit, "m": month, "w": weight})
    design = np.column_stack([x, np.eye(12)[unit], np.eye(20)[month][:, 1:]])
    beta, covariance = jackknife(y, design, weight, unit.astype(np.intp), 1)
    # pyfixest makes CRV3 of unweighted fits only: weights are put into the columns.
    root = np.sqrt(weight)
    wide = pd.DataFrame({"yw": y * root, "xw": x * root, "u": frame["u"]})
    wide = wide.assign(**{f"d{k}": design[:, k + 1] * root for k in range(31)})
    formula = "yw ~ xw + " + " + ".join(f"d{k}" for k in range(31)) + " - 1"
    plain = pyfixest.ssc(k_adj=False, G_adj=False)
    told = pyfixest.feols(formula, data=wide, vcov={"CRV3": "u"}, ssc=plain)
    assert beta[0] == pytest.approx(float(told.coef()["xw"]), rel=1e-8)
    # CRV3 without small-sample factors; the jackknife has (G − 1) / G.
    assert covariance[0, 0] == pytest.approx(11 / 12 * float(told.se()["xw"]) ** 2, rel=1e-8)


def test_few_units_get_the_wild_bootstrap_and_very_few_nothing() -> None:
    found = fit_turnover_link(drawn(1, units=12))
    assert found is not None
    assert found.wild_p is not None
    assert 0 < found.wild_p <= 1
    assert fit_turnover_link(drawn(1, units=4)) is None
    many = fit_turnover_link(drawn(1))
    assert many is not None
    assert many.wild_p is None


def test_the_cost_is_the_link_times_turnover_above_the_best_quarter() -> None:
    rows = drawn(1)
    found = fit_turnover_link(rows)
    assert found is not None
    overall = np.average(rows.rate, weights=rows.people)
    best = np.sort(rows.rate)[:10].mean()
    assert found.money.value == pytest.approx(found.link.value * (overall - best) * 40_000)


def apart(seed: int, spread: float, units: int = 40) -> tuple[ShopMonths, float]:
    """Two years of leavers by Poisson's law at units whose rates differ by `spread`; the true gap to the best quarter."""
    rng = np.random.default_rng(seed)
    rows, heads = drawn(1, units=units), rng.integers(12, 41, units).astype(float)
    true = 0.9 * np.exp(spread * rng.standard_normal(units))
    halves = rng.poisson(true * heads, (2, units)) / heads
    best = np.sort(true)[: units // 4].mean()
    return replace(rows, halves=halves, rate=halves.mean(axis=0), people=heads), np.average(true, weights=heads) - best


@pytest.mark.parametrize("units", [12, 40])
def test_units_that_differ_by_chance_alone_have_no_turnover_above_the_best(units: int) -> None:
    """The best quarter looks better in every world; what is proven of it in worlds of equal units is nothing."""
    found = [turnover_above_best(apart(seed, 0.0, units)[0]) for seed in range(200)]
    assert np.mean([one.found for one in found]) > 0.15
    assert sum(one.interval.low > 0 for one in found) <= 10  # 5 on average; more than 10 happens once in 70


def test_turnover_above_the_best_units_is_held_where_units_differ() -> None:
    held = proven = 0
    for seed in range(100):
        rows, true = apart(seed, 0.5)
        found = turnover_above_best(rows)
        held += found.interval.low <= true <= found.interval.high
        proven += found.interval.low > 0
    assert held >= 90
    assert proven >= 90


def test_a_head_office_without_customers_is_no_best_unit() -> None:
    rows = drawn(1, units=8)
    office = replace(
        rows,
        units=(*rows.units, "office"),
        turnover=np.vstack([rows.turnover, np.zeros(36)]),
        lost=np.vstack([rows.lost, np.full(36, np.nan)]),
        customers=np.vstack([rows.customers, np.zeros(36)]),
        margin=np.append(rows.margin, 0.0),
        rate=np.append(rows.rate, 0.0),
        people=np.append(rows.people, 500.0),
        halves=np.column_stack([rows.halves, np.zeros(2)]),
    )
    assert fit_turnover_link(office) == fit_turnover_link(rows)


def test_the_quarter_that_was_best_in_one_half_is_looked_at_in_the_other() -> None:
    rows = replace(
        drawn(1, units=8),
        rate=np.arange(8.0),
        people=np.ones(8),
        halves=np.array([np.arange(8.0), np.arange(8.0)[::-1]]),
    )
    found = turnover_above_best(rows)
    assert found.found == 3.5 - 0.5
    assert found.again == 3.5 - 6.5
    assert found.interval.low == 0
    few = replace(rows, halves=np.where(np.arange(8) < 4, rows.halves, np.nan))
    assert turnover_above_best(few).interval == (3.0, 0.0, 3.0)


def test_a_shock_to_the_place_is_heard_in_the_leads() -> None:
    """Customers of a month are lost in the three after it, so what hits a place then is in staff's turnover to come."""
    found = [fit_turnover_link(drawn(seed, link=False, shock=True)) for seed in range(10)]
    assert sum(one.loud for one in found if one is not None) >= 9


def test_two_way_least_squares_are_those_published_for_grunfeld() -> None:
    """Investment of 11 firms over 20 years on value and capital, firms and years taken out: .1166811 and .3514357."""
    import statsmodels.datasets.grunfeld as grunfeld

    rows = grunfeld.load_pandas().data
    firm, year = (np.unique(rows[name], return_inverse=True)[1] for name in ("firm", "year"))
    design = np.column_stack([rows[["value", "capital"]].to_numpy(float), np.eye(11)[firm], np.eye(20)[year][:, 1:]])
    beta, _ = jackknife(rows["invest"].to_numpy(float), design, np.ones(220), firm.astype(np.intp), 2)
    assert beta == pytest.approx([0.1166811, 0.3514357], abs=5e-7)


def test_lagged_columns_are_those_published_for_grunfeld() -> None:
    """Value and capital of the year before: .1004984 and .4088307, clustered by firm .0125267 and .0802701 (CRV1)."""
    import statsmodels.datasets.grunfeld as grunfeld

    rows = grunfeld.load_pandas().data.sort_values(["firm", "year"])
    value, capital, invest = (rows[name].to_numpy(float).reshape(11, 20) for name in ("value", "capital", "invest"))
    lagged = [_shifted(one, 1)[:, 1:].ravel() for one in (value, capital)]
    firm, year = np.divmod(np.arange(11 * 19), 19)
    design = np.column_stack([*lagged, np.eye(11)[firm], np.eye(19)[year][:, 1:]])
    beta, covariance = jackknife(invest[:, 1:].ravel(), design, np.ones(209), firm.astype(np.intp), 2)
    assert beta == pytest.approx([0.1004984, 0.4088307], abs=5e-7)
    crv1 = np.array([0.0125267, 0.0802701])
    assert (np.sqrt(np.diag(covariance)) > crv1).all()  # leaving out a firm tells more of what 11 firms hide
