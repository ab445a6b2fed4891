"""Depths named to everybody of a day, or of a shop and a day, compare days and shops: ranges count them, not visits."""

from __future__ import annotations

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.discounts.at_once import AtOnce, drawn_anew, named_at_once
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
    assert found.unit == unit
    assert least <= found.stretches <= most
    assert 1 <= found.rarest <= found.stretches / (2 if rule == "half" else 3)


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


def test_ranges_count_days_and_not_visits() -> None:
    data = data_of("day")
    assert data.stretches[0].sum() == data.count.sum() == VISITS
    days, visits = (analyse(one, draws=40) for one in (data, replace(data, at_once=None)))
    assert days.flat is not None
    assert visits.flat is not None
    assert days.flat.value == visits.flat.value
    assert days.flat.high - days.flat.low > 1.3 * (visits.flat.high - visits.flat.low)
    assert days.ladder is not None
    assert visits.ladder is not None
    spread = [one.high - one.low for one in (days.ladder, visits.ladder)]
    assert spread[0] == pytest.approx(spread[1], rel=0.3)  # what the ladder as run brought, it brought on these days


def test_customers_missing_from_their_table_are_in_no_stretch() -> None:
    offers, customers = visits_of("shop and week")
    about = customers.assign(part=np.where(np.arange(CUSTOMERS) < 200, "a", "b"))
    alone = offers["customer_id"].isin(customers["customer_id"][:10])
    offers["depth"] = offers["depth"].where(~alone, 0.05)
    data = occasions_of(ibis.memtable(offers), ibis.memtable(about[10:]), segment="part")
    assert data.at_once is not None
    assert data.stretches[0].shape[1] == data.count.shape[1]
    assert data.stretches[0].sum() == data.count.sum() - alone.sum()
    assert (data.stretches[0].sum(axis=0) <= data.count.sum(axis=0)).all()
    shown = analyse(data, draws=20)
    assert shown.flat is not None
    assert np.isfinite([shown.flat.low, shown.flat.high]).all()


def test_weights_of_few_uneven_stretches_stay_positive() -> None:
    rng = np.random.default_rng(1)
    weights = drawn_anew(AtOnce("", 8, 4.0), 100_000, rng)
    assert (weights > 0).all()
    assert weights.mean() == pytest.approx(1.0, abs=0.03)
    assert weights.std() == pytest.approx(AtOnce("", 8, 4.0).widening, rel=0.05)


@pytest.mark.parametrize(("column", "seed"), [("cell", 1), ("bucket", 2)])
def test_a_column_that_names_the_lot_is_no_unit(column: str, seed: int) -> None:
    offers, customers = visits_of("visit", seed)
    rng = np.random.default_rng(seed)
    bucket = rng.integers(0, 12, CUSTOMERS)
    depth = DEPTHS[bucket % 3]
    about = customers.assign(**{column: bucket if column == "bucket" else [f"x{one}" for one in bucket]})
    offers["depth"] = depth[offers["customer_id"].astype(int)]
    offers["accepted"] = rng.normal(0.08, 0.07, VISITS) <= offers["depth"]
    assert occasions_of(ibis.memtable(offers), ibis.memtable(about)).at_once is None
    # The same depths of shops whose customers are not alike.
    need = rng.normal(0.08, 0.07, VISITS) + rng.normal(0, 0.05, 12)[bucket][offers["customer_id"].astype(int)]
    found = occasions_of(ibis.memtable(offers.assign(accepted=need <= offers["depth"])), ibis.memtable(about)).at_once
    assert found is not None
    assert (found.unit, found.stretches, found.few, found.drawn) == (column, 12, True, True)


@pytest.mark.parametrize("share", [0.5, 0.12, 0.05])
def test_a_rare_depth_by_lot_is_no_stretch(share: float) -> None:
    for seed in range(3):
        offers, customers = visits_of("visit", seed)
        rng = np.random.default_rng(seed)
        lot = rng.random(CUSTOMERS) < share
        offers["depth"] = np.where(lot, 0.2, 0.1)[offers["customer_id"].astype(int)]
        offers["accepted"] = rng.normal(0.08, 0.07, VISITS) <= offers["depth"]
        assert occasions_of(ibis.memtable(offers), ibis.memtable(customers)).at_once is None


@pytest.mark.parametrize("manual", [0.0, 0.02])
def test_a_depth_tried_in_one_week_is_found(manual: float) -> None:
    offers, _ = visits_of("visit")
    day = (pd.to_datetime(offers["date"]) - pd.Timestamp("2025-01-06")).dt.days
    depth = np.where(day // 7 == 10, 0.2, 0.1)
    rng = np.random.default_rng(1)
    depth = np.where(rng.random(VISITS) < manual, np.round(rng.uniform(0.01, 0.3, VISITS), 2), depth)
    rows = offers.assign(first=depth, occasion=offers["occasion_id"])
    found = named_at_once(ibis.memtable(rows), None)
    assert found is not None
    assert (found[0].stretches, round(found[0].rarest), found[0].few, found[0].drawn) == (3, 1, True, False)


def test_few_stretches_are_said_and_lower_the_grade() -> None:
    found = {}
    for rule in ("half", "day"):
        data = data_of(rule, moves=0.0)
        told = discount_findings(analyse(data, draws=20), data, currency="EUR", level=0.95)
        found[rule] = {one.id.split(".")[1]: one for one in told}
    assert found["half"]["optimal_depth"].grade == "D"
    assert "in effect only 1 stretch of days" in found["half"]["optimal_depth"].text
    assert "The range holds little of that. Name depths by lot" in found["half"]["optimal_depth"].text
    assert "stretch" not in found["half"]["ladder_profit"].text
    assert found["half"]["ladder_profit"].grade == "C"
    assert found["day"]["optimal_depth"].grade == "C"
    assert "stretches of days: the ranges count a stretch" in found["day"]["optimal_depth"].method
    assert "as if chance had decided" not in found["day"]["optimal_depth"].method


def test_few_stretches_widen_by_their_number() -> None:
    assert AtOnce("", 30, 10.0).widening == pytest.approx(2.262 / 1.96 * (10 / 9) ** 0.5, rel=1e-3)
    assert AtOnce("", 900, 300.0).widening == pytest.approx(1.0, abs=0.01)
    assert [AtOnce("", 30, number).few for number in (9.4, 9.6)] == [True, False]
    assert [AtOnce("", 30, number).drawn for number in (3.4, 3.6)] == [False, True]
