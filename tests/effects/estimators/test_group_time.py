"""Group-time effects: published numbers, a panel written out by hand, and worlds whose effect is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from cxvalue.effects.estimators.group_time import group_time, jackknife
from cxvalue.effects.estimators.imputation import _two_way, imputed_effect
from cxvalue.simulate.bank_draw import BankParameters, draw_bank
from cxvalue.simulate.bank_truth import truth_of
from tests.calibration.bankworlds import unit_panel_of
from tests.effects.data import df_het, ehec, mpdta, panel_of

# R `did`, never-treated and not-yet-treated comparisons, no covariates: the reference files of csdid's tests (r_ref).
NEVER = {"simple": -0.0399512751551763, "se": 0.0120340127701854}
BY_TIME = (-0.0199318, -0.0509574, -0.1372587, -0.1008114)
BY_GROUP = {2004: -0.0797491, 2006: -0.0229095, 2007: -0.0260544}
NOT_YET = -0.0397636


@pytest.fixture(scope="module")
def counties():
    return mpdta()


def test_the_published_effects_on_teen_employment_are_reproduced(counties):
    found = group_time(counties, never_only=True)
    assert found.overall == pytest.approx(NEVER["simple"], abs=1e-12)
    after = found.event_time >= 0
    assert found.event_effect[after] == pytest.approx(BY_TIME, abs=1e-6)
    for number, start in enumerate(found.cohorts):
        known = found.post[number] & ~np.isnan(found.effects[number])
        assert found.effects[number][known].mean() == pytest.approx(BY_GROUP[2003 + int(start)], abs=1e-6)
    # Calendar: the mean over years of each year's mean effect, weighted by the counties treated by then.
    years = [
        np.average(found.effects[:, t][found.post[:, t]], weights=found.weights[:, t][found.post[:, t]])
        for t in range(1, 5)
    ]
    assert np.mean(years) == pytest.approx(-0.0417004321312822, abs=1e-12)
    assert group_time(counties).overall == pytest.approx(NOT_YET, abs=1e-6)


@pytest.mark.parametrize(
    ("never_only", "by_group", "dynamic", "calendar"),
    [
        (True, -0.0310182822287484, -0.0772398214573151, -0.0417004321312822),
        (False, -0.0304622, -0.0773993, -0.0442671),
    ],
)
def test_every_published_summary_of_teen_employment_is_reproduced(counties, never_only, by_group, dynamic, calendar):
    """R `did` aggte(type = group, dynamic, calendar), both comparisons: the reference files of csdid's tests (r_ref)."""
    found = group_time(counties, never_only=never_only)
    known = found.post & ~np.isnan(found.effects)
    groups = [values[where].mean() for values, where in zip(found.effects, known, strict=True)]
    sizes = [weights[where][0] for weights, where in zip(found.weights, known, strict=True)]
    assert np.average(groups, weights=sizes) == pytest.approx(by_group, abs=1e-7)
    assert found.event_effect[found.event_time >= 0].mean() == pytest.approx(dynamic, abs=1e-7)
    years = [
        np.average(found.effects[:, t][known[:, t]], weights=found.weights[:, t][known[:, t]]) for t in range(1, 5)
    ]
    assert np.mean(years) == pytest.approx(calendar, abs=1e-7)


def test_the_published_pre_test_of_teen_employment_is_reproduced(counties):
    """R `did`, never-treated: W = 7.79123662720035, p = 0.16812, and e = -3, -2, -1 by short differences.

    Short differences are those of our long ones; their covariance is written out here from the counties.
    """
    found = group_time(counties, never_only=True)
    y, never = counties.total[:, 0], counties.start < 0
    short, influence, since, size = [], [], [], []
    for effects, start, base in zip(found.effects, found.cohorts, found.bases, strict=True):
        own = counties.start == start
        for t in range(1, base + 1):
            change = y[:, t] - y[:, t - 1]
            short.append(effects[t] - effects[t - 1])
            influence.append(
                np.where(own, (change - change[own].mean()) / own.mean(), 0)
                - np.where(never, (change - change[never].mean()) / never.mean(), 0)
            )
            since.append(t - start)
            size.append(own.sum())
    moved, parts = np.array(short), np.array(influence)
    wald = float(moved @ np.linalg.solve(parts @ parts.T / len(y) ** 2, moved))
    assert wald == pytest.approx(7.79123662720035, abs=1e-9)
    assert stats.chi2.sf(wald, len(moved)) == pytest.approx(0.16812, abs=5e-6)
    for event, published in ((-3, 0.0305067), (-2, -0.0005631), (-1, -0.0244587)):
        at = np.array(since) == event
        assert np.average(moved[at], weights=np.array(size)[at]) == pytest.approx(published, abs=1e-6)


def test_the_jackknife_agrees_with_the_published_standard_error(counties):
    knife = jackknife(counties, never_only=True)
    assert np.sqrt(knife.covariance[0, 0]) == pytest.approx(NEVER["se"], rel=0.03)


def test_the_published_imputation_is_reproduced(counties):
    # Borusyak, Jaravel and Spiess on mpdta, by hand OLS (equal to Gardner's and extended TWFE).
    assert imputed_effect(counties) == pytest.approx(-0.0477099182784, abs=1e-9)


def test_the_published_effect_of_gardners_panel_is_reproduced():
    # README of R did2s: 2.152 (0.0476) with effects of states and years; by pyfixest 2.1522139.
    data = df_het()
    free = data[~data["treat"]].pivot_table(index="state", columns="year", values="dep_var", aggfunc=["mean", "count"])
    state, year = _two_way(free["mean"].fillna(0.0).to_numpy(), free["count"].fillna(0.0).to_numpy())
    treated = data[data["treat"]]
    level = dict(zip(free.index, state, strict=True))
    season = dict(zip(free["mean"].columns, year, strict=True))
    above = treated["dep_var"] - treated["state"].map(level) - treated["year"].map(season)
    assert above.mean() == pytest.approx(2.1522139359, abs=2e-6)
    # With an effect of each unit instead, as here: what the data were made with is known.
    units = panel_of(data["unit"], data["year"], data["g"], data["dep_var"])
    truth = (treated["te"] + treated["te_dynamic"]).mean()
    assert truth == pytest.approx(2.22, abs=0.005)
    assert imputed_effect(units) == pytest.approx(truth, abs=0.03)


def test_the_published_effects_of_medicaid_are_reproduced():
    # Mixtape-Sessions Advanced-DID: CS with not-yet-treated states 0.068 (0.0077), ATT(2014, 2014) = 0.04670243.
    states = ehec()
    found = group_time(states)
    assert found.overall == pytest.approx(0.0679832683, abs=1e-7)
    assert np.sqrt(jackknife(states).covariance[0, 0]) == pytest.approx(0.0077, rel=0.08)
    first = int(np.flatnonzero(found.cohorts == 2014 - 2008)[0])
    assert found.effects[first, 2014 - 2008] == pytest.approx(0.04670243, abs=1e-8)


def test_a_longer_base_is_the_difference_of_means(counties):
    found = group_time(counties, base_months=12, never_only=True)
    last = int(np.flatnonzero(found.cohorts == 4)[0])  # treated in the last year, four years before it
    y, treated = counties.total[:, 0], counties.start == 4
    never = counties.start < 0
    change = y[:, 4] - y[:, :4].mean(axis=1)
    assert found.effects[last, 4] == pytest.approx(change[treated].mean() - change[never].mean(), abs=1e-12)


def test_customers_are_compared_with_those_who_joined_when_they_did():
    # Every customer brings 100 in the first counted months and less each month; units differ only in whom they took in.
    months, n, y = 10, np.zeros((4, 10, 10)), np.zeros((4, 10, 10))
    joins = ([0], [0], range(7), range(7))  # two units of old customers, two that took in new ones
    for unit, bins in enumerate(joins):
        for first in bins:
            n[unit, first, first:] = 50
            y[unit, first, first:] = 50 * 100 * 0.7 ** np.arange(months - first)
    panel = replace(
        mpdta(), cluster=np.arange(4), names=("a", "b", "c", "d"), start=np.array([-1, 6, -1, 6]),
        base=np.array([10, 5, 10, 5]), customers=n, total=y, months=replace(mpdta().months, count=10),
    )  # fmt: skip
    assert group_time(panel).overall == pytest.approx(0.0, abs=1e-9)


def test_months_without_a_comparison_are_counted():
    drawn = draw_bank(1500, 3, BankParameters(branches=12, months=24, share_never=0.25))
    panel = unit_panel_of(drawn)
    found = group_time(panel)
    treated = panel.customers[panel.treated]
    months = np.arange(panel.months.count) >= panel.start[panel.treated][:, None]
    assert found.identified + found.unidentified == pytest.approx((treated.sum(axis=1) * months).sum())


@pytest.mark.parametrize(("worlds", "least"), [(6, 4), (30, 24)])
def test_the_effect_is_unbiased_and_its_range_covers(worlds, least):
    true = BankParameters(branches=30, months=24)
    errors, inside = [], []
    for seed in range(worlds):
        drawn = draw_bank(2500, seed, true)
        panel = unit_panel_of(drawn)
        found, knife = group_time(panel, base_months=12), jackknife(panel, base_months=12)
        at, se = truth_of(drawn)["programme.penalty_waiver.effect"], np.sqrt(knife.covariance[0, 0])
        errors.append((found.overall - at) / se)
        inside.append(abs(errors[-1]) < 2.05)
    # 30 worlds: a mean within 4 standard errors of 0, and fewer than 24 covered would have a probability below 0.1%.
    assert abs(np.mean(errors)) < 4 / np.sqrt(worlds)
    assert sum(inside) >= least


def test_months_before_the_start_are_those_of_callaway_and_santanna():
    """Placebo effects of mpdta from one base month: the cohort itself is no comparison before its start."""
    import moderndid

    panel = mpdta()
    ours = group_time(panel)
    theirs = moderndid.att_gt(
        moderndid.load_mpdta(), yname="lemp", tname="year", idname="countyreal", gname="first.treat",
        control_group="notyettreated", base_period="universal", est_method="reg", boot=False,
    )  # fmt: skip
    found = {
        (int(g), int(t)): float(value) for g, t, value in zip(theirs.groups, theirs.times, theirs.att_gt, strict=True)
    }
    first = 2003
    for place, start in enumerate(ours.cohorts):
        for month in range(5):
            value = ours.effects[place, month]
            if month != start - 1 and np.isfinite(value):
                assert value == pytest.approx(found[(first + int(start), first + month)], abs=1e-9), (start, month)
