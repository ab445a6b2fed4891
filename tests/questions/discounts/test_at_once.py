"""Depths named to everybody of a day, or of a shop and a day, compare days and shops: ranges count them, not visits."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.discounts.at_once import AtOnce, named_at_once
from cxvalue.questions.discounts.findings import discount_findings
from cxvalue.questions.discounts.occasions import Occasions, occasions_of
from cxvalue.questions.discounts.policies import analyse

DEPTHS = np.array([0.0, 0.1, 0.2])
CUSTOMERS, VISITS, DAYS, SHOPS = 400, 2400, 210, 12


def visits_of(rule: str, seed: int = 1, moves: float = 0.05) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Visits whose depths were drawn by `rule`; whoever comes at the same time needs more or less together by `moves`."""
    rng = np.random.default_rng(seed)
    customer, day = rng.integers(0, CUSTOMERS, VISITS), np.sort(rng.integers(0, DAYS, VISITS))
    shop = (rng.integers(0, SHOPS, CUSTOMERS))[customer]
    drawn = {
        "visit": np.arange(VISITS),
        "customer": customer,
        "day": day,
        "week": day // 7,
        "shop": shop,
        "shop and week": shop * 1000 + day // 7,
        "half": day // (DAYS // 2),
    }[rule]
    _, lot = np.unique(drawn, return_inverse=True)
    depth = rng.choice(DEPTHS, lot.max() + 1)[lot] if rule != "half" else DEPTHS[lot]
    need = rng.normal(0.08, 0.07, VISITS) + rng.normal(0, moves, lot.max() + 1)[lot] * (
        rule not in ("visit", "customer")
    )
    given = pd.Series(depth).groupby(customer).first().reindex(range(CUSTOMERS)).fillna(0.0)
    offers = pd.DataFrame(
        {
            "customer_id": customer.astype(str),
            "date": (pd.Timestamp("2025-01-06") + pd.to_timedelta(day, unit="D")).date,
            "occasion_id": [f"o{row:05d}" for row in range(VISITS)],
            "rung": 1,
            "depth": depth,
            "accepted": need <= depth,
            "basket_value": 40.0,
            "basket_margin": 20.0,
        }
    )
    people = np.arange(CUSTOMERS)
    shops = pd.Series(shop).groupby(customer).first().reindex(people).fillna(0).astype(int)
    about = {"customer_id": people.astype(str), "arm": given.astype(str), "shop": "s" + shops.astype(str)}
    return offers, pd.DataFrame(about)


def data_of(rule: str, seed: int = 1, moves: float = 0.05) -> Occasions:
    offers, customers = visits_of(rule, seed, moves)
    return occasions_of(ibis.memtable(offers), ibis.memtable(customers))


@pytest.mark.parametrize(
    ("rule", "unit", "least", "most"),
    [
        ("day", "", 100, 160),
        ("week", "", 15, 30),
        ("half", "", 2, 2),
        ("shop", "shop", 12, 12),
        ("shop and week", "shop", 180, 300),
    ],
)
def test_what_was_named_at_once_is_found(rule: str, unit: str, least: int, most: int) -> None:
    found = data_of(rule).at_once
    assert found is not None
    assert (found.unit, found.depths) == (unit, 2 if rule == "half" else 3)
    assert least <= found.stretches <= most


@pytest.mark.parametrize("rule", ["visit", "customer"])
def test_a_lot_for_each_visit_or_customer_is_none(rule: str) -> None:
    assert data_of(rule).at_once is None  # the column that says who was drawn for which depth is no unit


def test_one_depth_for_all_is_none() -> None:
    offers, _ = visits_of("day")
    rows = ibis.memtable(offers.assign(first=0.1, occasion=offers["occasion_id"]))
    assert named_at_once(rows, None) is None


def test_ranges_hold_the_truth_where_days_differ() -> None:
    truth = 20.0 * 0.176  # share with a reservation discount of 0 or less: normal, mean 0.08, sd (0.07² + 0.05²)^½
    for seed in (0, 1, 3):
        none = analyse(data_of("day", seed), draws=40).none
        assert none is not None
        assert none.low <= truth <= none.high


def test_ranges_count_shops_and_not_visits() -> None:
    data = data_of("shop")
    assert data.stretches[0].sum() == data.count.sum() == VISITS
    shops, visits = (analyse(one, draws=40).flat for one in (data, replace(data, at_once=None)))
    assert shops is not None
    assert visits is not None
    assert shops.value == visits.value
    assert shops.high - shops.low > 1.5 * (visits.high - visits.low)


def test_few_stretches_are_said_and_lower_the_grade() -> None:
    found = {}
    for rule in ("half", "day"):
        data = data_of(rule, moves=0.0)
        told = discount_findings(analyse(data, draws=20), data, currency="EUR", level=0.95)
        found[rule] = {one.id.split(".")[1]: one for one in told}
    assert found["half"]["optimal_depth"].grade == "D"
    assert "only 2 stretches of days to compare" in found["half"]["optimal_depth"].text
    assert "stretches" not in found["half"]["ladder_profit"].text
    assert found["day"]["optimal_depth"].grade == "C"
    assert "stretches of days: the ranges count a stretch" in found["day"]["optimal_depth"].method
    assert "as if chance had decided" not in found["day"]["optimal_depth"].method


def test_few_stretches_widen_by_their_number() -> None:
    assert AtOnce("", 30, 3).widening == pytest.approx(2.262 / 1.96 * (10 / 9) ** 0.5, rel=1e-3)
    assert AtOnce("", 900, 3).widening == pytest.approx(1.0, abs=0.01)
    assert [AtOnce("", number, 3).few for number in (29, 30)] == [True, False]
    assert [AtOnce("", number, 3).drawn for number in (5, 6)] == [False, True]
