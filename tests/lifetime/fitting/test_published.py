"""Published and re-computed figures for the CDNOW 1/10 sample (N = 2,357, calibration to 1997-09-30, weeks).

Abbreviations of the sources: FHL 2005 = Fader, Hardie and Lee, Marketing Science 24(2); BTYD = the walkthrough of the
R package BTYD; CLVTools = tests of that R package; lifetimes = tests of that Python package, which quote Hardie's
spreadsheets.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.lifetime.conftest import exact_model, make_states, merged_days

ROUNDED_BG = (0.243, 4.414, 0.793, 2.426)
ROUNDED_PARETO = (0.553, 10.578, 0.606, 11.669)


def test_sufficient_statistics(cdnow, cdnow_holdout):
    # Re-computed from the file with R BTYD 2.4.3: sums, and 223 same-day rows merged.
    customer, _, _, rows = merged_days()
    assert (rows, customer.size) == (6919, 6696)
    assert cdnow.customers == 2357
    assert (cdnow.frequency == 0).sum() == 1411
    assert cdnow.frequency.sum() == 2457
    assert cdnow_holdout.sum() == 1882


@pytest.mark.parametrize(
    ("name", "params", "log_likelihood"),
    [
        # CLVTools 0.12.1 at full precision; published in FHL 2005 as .243, 4.414, .793, 2.426 and -9582.4.
        ("bg_nbd", (0.242594542, 4.413601884, 0.792919915, 2.425888062), -9582.4292),
        # lifetimes test quoting BTYDplus: .525, 6.183, .891, 1.614.
        ("mbg_nbd", (0.52484356, 6.1830928, 0.89138778, 1.6140483), -9582.1357),
        # BTYD p. 6: .553, 10.58, .606, 11.656, -9594.976; beta is flat.
        ("pareto_nbd", (0.553270, 10.577801, 0.606020, 11.663915), -9594.9762),
        # BTYD 2.4.3, re-run.
        ("nbd", (0.38476588, 12.072014), -9763.6576),
    ],
)
def test_estimates(fitted, name, params, log_likelihood):
    model = fitted[name]
    assert model.status == "ok"
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=0.01)
    assert list(model.params.values()) == pytest.approx(params, rel=1e-3)


def test_standard_errors(fitted):
    # CLVTools: BG/NBD .012557, .378224, .185733, .705407; Pareto/NBD .0476264, .8427222, .1872594, 6.2105448.
    assert list(fitted["bg_nbd"].se.values()) == pytest.approx((0.012557, 0.378224, 0.185733, 0.705407), rel=1e-3)
    se = (0.0476264, 0.8427222, 0.1872594, 6.2105448)
    assert list(fitted["pareto_nbd"].se.values()) == pytest.approx(se, rel=2e-3)


def test_bg_expected_repeat_purchases(fitted):
    # Hardie's BG/NBD spreadsheet via lifetimes.
    model = fitted["bg_nbd"]
    times = np.array([0.1429, 1.0, 3.0, 31.8571, 32.0, 78.0])
    assert model.expected_new(times) == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], abs=4e-4)


def test_bg_conditional_expectation_of_the_spreadsheet_customer():
    # Hardie's BG/NBD spreadsheet via lifetimes: x = 2, t_x = 30.43, T = 38.86, 39 weeks.
    states = make_states([2], [213], [272])
    assert exact_model("bg_nbd", *ROUNDED_BG).expected_transactions(states, 39.0) == pytest.approx([1.226], abs=1e-3)


def test_customer_1516(fitted):
    # BTYD pp. 8 and 21-22: (26, 30.857, 31), 52 weeks.
    states = make_states([26], [216], [217])
    bg, pareto = fitted["bg_nbd"], fitted["pareto_nbd"]
    assert bg.expected_transactions(states, 52.0) == pytest.approx([25.75659], rel=1e-3)
    assert bg.p_alive(states) == pytest.approx([0.9688523], rel=1e-4)
    assert pareto.expected_transactions(states, 52.0) == pytest.approx([25.45647], rel=1e-3)
    assert pareto.p_alive(states) == pytest.approx([0.997874], rel=1e-4)


def test_expected_repeat_purchases_of_a_year(fitted):
    # BTYD pp. 8 and 21.
    assert fitted["bg_nbd"].expected_new(52.0) == pytest.approx(1.444004, rel=2e-4)
    assert fitted["pareto_nbd"].expected_new(52.0) == pytest.approx(1.473434, rel=2e-4)


def test_pareto_expected_repeat_purchases():
    # lifetimes test of E[X(0..9)], whose own tolerance is .01.
    published = [0, 0.05077821, 0.09916088, 0.14542507, 0.18979930, 0.23247466, 0.27361274, 0.31335159, 0.35181024]
    found = exact_model("pareto_nbd", *ROUNDED_PARETO).expected_new(np.arange(10.0))
    assert found == pytest.approx([*published, 0.38909211], abs=2.5e-3)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("bg_nbd", (0.3474606, 0.04283391, 0.004158973, 0.0003583685)),
        ("pareto_nbd", (0.7062289, 0.1442396, 0.02250658, 0.00309267)),
    ],
)
def test_increasing_frequency_paradox(fitted, name, published):
    # BTYD pp. 9 and 22: t_x = 20, T = 39, 52 weeks ahead; more purchases then the same silence means less to come.
    states = make_states([10, 15, 20, 25], [140] * 4, [273] * 4)
    assert fitted[name].expected_transactions(states, 52.0) == pytest.approx(published, rel=2e-3)


def test_pareto_expectation_does_not_underflow():
    # lifetimes test: t = 10 and t_x = T = 200, where the likelihood itself underflows from x = 133 on.
    model = exact_model("pareto_nbd", 0.55, 10.58, 0.61, 11.67)
    states = make_states([132, 133], [1400] * 2, [1400] * 2)
    assert model.expected_transactions(states, 10.0) == pytest.approx([6.20605, 6.25287], rel=1e-5)


def test_pareto_alive_and_expectation_of_five_customers(fitted):
    # BTYD 2.4.3, cross-checked with CLVTools to 4 decimals.
    states = make_states([0, 1, 2, 7, 26], [0, 12, 213, 206, 216], [272, 272, 272, 272, 217])
    model = fitted["pareto_nbd"]
    assert model.p_alive(states) == pytest.approx([0.29509, 0.16799, 0.86917, 0.74951, 0.99787], rel=1e-3)
    cet = [0.10708, 0.17112, 1.45535, 3.71253, 20.11556]
    assert model.expected_transactions(states, 39.0) == pytest.approx(cet, rel=1e-3)


def test_bg_counts_of_a_new_customer():
    # lifetimes test quoting BTYD, with rounded parameters.
    model = exact_model("bg_nbd", *ROUNDED_BG)
    assert model.p_count_new(39.0, 0) == pytest.approx(0.5737864, abs=1e-6)
    tail = model.p_count_new(30.0, np.arange(11, 21))
    assert tail[[0, -1]] == pytest.approx([0.0019995214, 0.0002222260], abs=1e-7)
    assert (np.diff(tail) < 0).all()


@pytest.mark.parametrize(
    ("name", "total", "mae", "rmse"),
    [
        ("pareto_nbd", 1665.66, 0.75454, 1.6028),
        ("bg_nbd", 1653.39, 0.78545, 1.6080),
        ("mbg_nbd", 1576.71, 0.76478, 1.6072),
        ("nbd", 2929.8, 1.0410, 1.8595),
    ],
)
def test_holdout_totals(fitted, cdnow, cdnow_holdout, name, total, mae, rmse):
    # Computed with BTYD 2.4.3 and lifetimes 0.11.3 over 39 weeks; 1,882 purchase days happened.
    error = fitted[name].expected_transactions(cdnow, 39.0) - cdnow_holdout
    assert error.sum() + 1882 == pytest.approx(total, rel=1e-3)
    assert np.abs(error).mean() == pytest.approx(mae, rel=1e-3)
    assert np.sqrt((error**2).mean()) == pytest.approx(rmse, rel=1e-3)


def test_holdout_by_calibration_frequency(fitted, cdnow, cdnow_holdout):
    # BTYD pp. 11 and 24.
    bins = np.minimum(cdnow.frequency, 7)
    size = np.bincount(bins)
    assert size.tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    published = {
        "actual": (0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359),
        "pareto_nbd": (0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403),
        "bg_nbd": (0.225, 0.523, 1.044, 1.520, 2.164, 2.654, 3.504, 6.157),
    }
    for name, means in published.items():
        values = cdnow_holdout if name == "actual" else fitted[name].expected_transactions(cdnow, 39.0)
        assert np.bincount(bins, values) / size == pytest.approx(means, abs=1.1e-3)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("pareto_nbd", (78.308, 76.419, 74.648, 72.983, 71.414, 69.933)),
        ("bg_nbd", (76.865, 74.888, 73.046, 71.322, 69.704, 68.182)),
    ],
)
def test_weekly_tracking(fitted, cdnow, name, published):
    # BTYD pp. 13 and 25: expected purchases in weeks 20 to 25 of all customers acquired by then.
    born = (272 - cdnow.age_days) / 7
    weeks = np.arange(19, 26)
    ages = np.maximum(weeks[:, None] - born[None, :], 0.0)
    cumulative = fitted[name].expected_new(ages).sum(axis=1)
    assert np.diff(cumulative) == pytest.approx(published, abs=0.02)
