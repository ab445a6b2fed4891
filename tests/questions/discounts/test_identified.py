"""What one depth alone cannot say, ladders of several kinds, baskets without a margin, and occasions without an id."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxvalue.foundation.errors import BadInput
from cxvalue.questions.discounts import analyse, occasions_of
from cxvalue.questions.discounts.findings import discount_findings
from cxvalue.questions.discounts.policies import told_apart
from cxvalue.questions.discounts.reservation import (
    FAMILIES,
    Fitted,
    fit_families,
    fit_family,
    goodness_of_fit,
    weights_of,
)


def heard(ladders: list[list[float]], customers: int = 900, seed: int = 1, **columns: object) -> pd.DataFrame:
    """Customers with normal reservation discounts (7%, 9%) who hear one of the ladders."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, needs in enumerate(rng.normal(0.07, 0.09, customers)):
        for rung, depth in enumerate(ladders[number % len(ladders)], 1):
            rows.append((f"c{number}", rung, depth, needs <= depth))
            if needs <= depth:
                break
    frame = pd.DataFrame(rows, columns=["customer_id", "rung", "depth", "accepted"]).assign(
        date="2025-01-01", **columns
    )
    frame["date"] = pd.to_datetime(frame["date"]).dt.date
    return frame


def offers(ladders: list[list[float]], customers: int = 900, **columns: object) -> ibis.Table:
    """The same, in an engine."""
    return ibis.memtable(heard(ladders, customers, **columns))


def findings(table: ibis.Table, **given: object):
    data = occasions_of(table, **given)
    return {one.id: one for one in discount_findings(analyse(data, draws=40), data, currency="EUR", level=0.95)}


def test_one_depth_alone_says_nothing_about_another() -> None:
    found = findings(offers([[0.10]], basket_value=50.0, basket_margin=25.0))
    for name in ("none_profit", "flat_profit", "optimal_depth"):
        assert found[f"discounts.{name}"].value is None
        assert "one depth only" in found[f"discounts.{name}"].text
    assert found["discounts.ladder_profit"].value == pytest.approx(0.63 * 20, abs=1.2)
    assert findings(offers([[0.05, 0.15]], basket_value=50.0, basket_margin=25.0))["discounts.flat_profit"].value > 0
    # One depth an occasion, but another one for another customer: the curve is known at both.
    assert told_apart(*counted(offers([[0.05], [0.15]])))
    # Everybody buys at once: nothing is known of what less would do.
    assert not told_apart(*counted(offers([[0.9, 0.95]])))


def counted(table: ibis.Table):
    data = occasions_of(table)
    return data, data.count.sum(axis=0)


def test_a_margin_that_is_missing_is_the_gross_margin_of_the_basket() -> None:
    table = offers([[0.05, 0.15]], basket_value=50.0)
    assumed, own = (
        findings(table, gross_margin=0.5),
        findings(offers([[0.05, 0.15]], basket_value=50.0, basket_margin=25.0)),
    )
    for name in ("none_profit", "flat_profit", "ladder_profit", "optimal_depth"):
        assert assumed[f"discounts.{name}"].value == pytest.approx(own[f"discounts.{name}"].value)
    assert "gross margin" in assumed["discounts.ladder_profit"].method
    assert findings(table)["discounts.ladder_profit"].value is None


def test_baskets_that_were_not_recorded_are_not_taken_for_nothing() -> None:
    table = offers([[0.05, 0.15]], basket_margin=25.0).mutate(
        basket_value=ibis.cases((ibis._.customer_id == "c0", ibis.null("float64")), else_=50.0)
    )
    with pytest.raises(BadInput, match="1 occasion has no basket value"):
        occasions_of(table)


def test_a_share_in_place_of_a_basket_margin_is_refused() -> None:
    """Half of each basket as 0.5 made every discount a loss, and margins above the baskets made every depth pay."""
    table = offers([[0.05, 0.15]], 60).mutate(basket_value=(ibis._.customer_id.length() - 1) * 30.0)
    for margin, said in ((0.5, "0.5 to 0.5 whatever the basket"), (ibis._.basket_value * 1.4, "add up to more than")):
        with pytest.raises(BadInput, match=said):
            occasions_of(table.mutate(basket_margin=margin))
    for margin in (ibis._.basket_value * 0.4, ibis._.basket_value * 0.012, 2.5):  # the last are a thin trade and a fee
        assert occasions_of(table.mutate(basket_margin=margin)).total == 60


def test_tills_that_record_buyers_only_say_so() -> None:
    """Without the visits of those who left, the ladder seemed to earn 7% more than it does."""
    told = heard([[0.05, 0.15]], 300, basket_value=50.0, basket_margin=25.0)
    left = ~told.groupby("customer_id")["accepted"].transform("any")
    for rows, grade in ((told, "C"), (told[~left], "D")):
        for one in findings(ibis.memtable(rows)).values():
            if one.value is not None:
                assert one.grade == grade
                assert ("No visit ended without a purchase" in one.text) == (grade == "D")


def test_an_occasion_without_its_id_is_told_by_its_first_rung() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": "a", "date": [pd.Timestamp("2025-01-01").date()] * 4, "rung": [1, 2, 1, 1],
            "depth": [0.05, 0.1, 0.05, 0.05], "accepted": [False, True, True, True], "occasion_id": [None, None, None, "x"],
        }
    )  # fmt: skip
    assert occasions_of(ibis.memtable(rows)).total == 3


def test_two_groups_apart_are_found_beside_one_within_the_other() -> None:
    """45% need nothing (−2% ± 4.2%), the rest 16% ± 5.8%: one fit alone took the share that buys at 0 for 36%."""
    law = lambda d: 0.45 * stats.norm.cdf(d, -0.02, 0.042) + 0.55 * stats.norm.cdf(d, 0.16, 0.058)  # noqa: E731
    at = np.array([0.03, 0.05, 0.08, 0.10, 0.15, 0.20, 0.25])
    ends = np.concatenate([[-np.inf], at, [np.inf]])
    count = 4000 * np.diff(np.concatenate([[0.0], law(at), [1.0]]))
    fits = fit_families(ends[:-1], ends[1:], np.zeros(8, dtype=int), count)
    best = max(fits, key=lambda one: one.log_likelihood)
    assert best.family.startswith("mixture of two normals")
    assert best.below(np.array([0.0]), np.array([0]))[0] == pytest.approx(law(0.0), abs=0.01)


def test_customers_who_always_or_never_buy_do_not_pull_the_curve() -> None:
    """30% buy at any price and 40% at none, the rest need 10% ± 4%: without a shape for them the best depth came out at 6%
    in place of 15%, with a range that did not reach it.
    """
    at = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3])
    law = lambda d: 0.3 + 0.3 * stats.norm.cdf(d, 0.1, 0.04)  # noqa: E731
    low, high = (
        np.concatenate([np.full(6, -np.inf), at]),
        np.concatenate([at, np.full(6, np.inf)]),
    )  # one depth each, by lot
    count = np.array([1350.0, 900, 900, 450, 450, 450])
    counts = np.concatenate([count * law(at), count * (1 - law(at))])
    segment = np.zeros(12, dtype=int)
    fits = fit_families(low, high, segment, counts)
    best = min(fits, key=lambda one: one.aic)
    assert best.family.endswith("some always or never")
    depths = np.linspace(0, 0.3, 61)
    found, true = best.below(depths, np.zeros(61, dtype=int)), law(depths)
    assert np.abs(found - true).max() < 0.01
    assert abs(depths[np.argmax(found * (0.4 - depths))] - depths[np.argmax(true * (0.4 - depths))]) < 0.011
    chi2, df = goodness_of_fit(best, low, high, segment, counts)
    assert chi2 < 1
    assert df == 2
    shape = np.log([0.3 / 0.3, 0.4 / 0.3])  # closed form of the family itself
    assert FAMILIES["normal, some always or never"][0]((depths - 0.1) / 0.04, shape) == pytest.approx(true, abs=1e-12)


@pytest.mark.parametrize(
    ("law", "most"),
    [
        (lambda d: stats.expon.cdf(d, scale=0.1), 0.004),
        (lambda d: stats.lognorm.cdf(d, 0.6, scale=0.1), 0.006),
        (lambda d: stats.gamma.cdf(d, 2, scale=0.06), 0.004),
        (lambda d: stats.weibull_min.cdf(d, 1.5, scale=0.12), 0.004),
    ],
)
def test_a_long_tail_beside_those_who_always_buy_does_not_deepen_the_best_discount(law, most: float) -> None:
    """30% buy at any price and 20% at none, the rest need more than nothing: without shapes that begin at no discount the
    depth named was 0.7 to 0.8 points too deep for the first two.
    """
    at, asked = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3]), np.array([1350.0, 900, 900, 450, 450, 450])
    true = lambda d: 0.3 + 0.5 * law(d)  # noqa: E731
    low, high = np.concatenate([np.full(6, -np.inf), at]), np.concatenate([at, np.full(6, np.inf)])
    counts = np.concatenate([asked * true(at), asked * (1 - true(at))])
    segment, depths = np.zeros(12, dtype=int), np.arange(0.0, 0.4, 0.0005)
    fits = fit_families(low, high, segment, counts)
    curve = weights_of(fits) @ np.array([one.below(depths, np.zeros(depths.size, dtype=int)) for one in fits])
    named, best = (depths[np.argmax(share * (0.4 - depths))] for share in (curve, true(depths)))
    assert abs(named - best) < most


def test_shapes_of_the_logarithm_are_those_of_scipy() -> None:
    depths, none = np.array([0.0, 0.02, 0.1, 0.3]), np.zeros(4, dtype=int)
    shape = np.log([0.5, 0.25])  # always and never over the rest: 1/3.5 of all buy at any price, 2/3.5 are the rest
    for family, law in (
        ("log-normal, some always or never", stats.lognorm(0.6, scale=0.1)),
        ("Weibull, some always or never", stats.weibull_min(1 / 0.6, scale=0.1)),
    ):
        one = Fitted(family, np.log([0.1]), 0.6, shape, 0.0, 4)
        assert one.below(depths, none) == pytest.approx((0.5 + law.cdf(depths)) / 1.75, abs=1e-12)
        assert one.below(np.array([-np.inf, np.inf]), none[:2]).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("number", "most"), [(8, 0.4), (40, 0.16)])
def test_ladders_of_several_kinds_are_not_taken_for_a_misfit(number: int, most: float) -> None:
    """Customers who leave before the last rung make brackets that overlap; a shape that is right must still fit."""
    ladders = [[0.05], [0.05, 0.1], [0.05, 0.1, 0.15], [0.05, 0.1, 0.15, 0.2]]
    # Worlds are added up together, each as a segment, as one question to the engine costs as much as all of them.
    worlds = [heard(ladders, 1500, seed).assign(world=f"world {seed:02d}") for seed in range(number)]
    told = pd.concat(worlds, ignore_index=True)
    told["customer_id"] = told["world"] + " " + told["customer_id"]
    of = told[["customer_id", "world"]].drop_duplicates()
    data = occasions_of(ibis.memtable(told.drop(columns="world")), ibis.memtable(of), segment="world")
    assert data.segments == tuple(f"world {seed:02d}" for seed in range(number))
    missed = []
    for seed in range(number):
        own = data.segment == seed
        low, high, count = data.low[own], data.high[own], data.count[:, own].sum(axis=0)
        assert count.sum() == 1500
        segment = np.zeros(own.sum(), dtype=int)
        fitted = fit_family("normal", low, high, segment, count)
        ratio, df = goodness_of_fit(fitted, low, high, segment, count)
        assert df == 2  # four depths less place and width
        missed.append(stats.chi2.sf(ratio, df) < 0.05)
    assert np.mean(missed) < most  # 5%, and so many trials
