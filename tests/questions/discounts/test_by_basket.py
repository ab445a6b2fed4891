"""Depths that hang on the size of the basket compare different customers: seen, said and graded."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.discounts.chosen import explained
from cxvalue.questions.discounts.findings import discount_findings
from cxvalue.questions.discounts.occasions import occasions_of
from cxvalue.questions.discounts.policies import analyse

VISITS = 3_000


def offers_of(seed: int, *, by_basket: bool, visits: int = VISITS) -> pd.DataFrame:
    """One depth a visit, by lot or by what the customer spends, for customers whose baskets are alike."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, visits // 5, visits)
    value = 50 * np.exp(rng.normal(0, 0.4, visits // 5)[customer] + rng.normal(0, 0.3, visits))
    depth = np.array([0.0, 0.05, 0.1, 0.2])[
        np.digitize(value, [35, 50, 75]) if by_basket else rng.integers(0, 4, visits)
    ]
    return pd.DataFrame(
        {
            "customer_id": [f"c{one}" for one in customer],
            "date": pd.Timestamp("2025-01-01").date(),
            "occasion_id": [f"o{one}" for one in range(visits)],
            "rung": 1,
            "depth": depth,
            "accepted": rng.normal(0.08, 0.08, visits) <= depth,
            "basket_value": value,
            "basket_margin": 0.4 * value,
        }
    )


@pytest.mark.parametrize("without", [["basket_value", "basket_margin"], ["basket_margin"]])
def test_offers_without_money_are_counted(without: list[str]) -> None:
    offers = offers_of(1, by_basket=False, visits=200).drop(columns=without)
    data = occasions_of(ibis.duckdb.connect().create_table("offers", offers))
    assert data.total == 200
    assert not data.priced
    assert data.depth_by_basket == 0.0


@pytest.mark.parametrize("by_basket", [True, False])
def test_depths_by_what_the_customer_spends_are_said_and_lower_the_grade(by_basket: bool) -> None:
    data = occasions_of(ibis.duckdb.connect().create_table("offers", offers_of(1, by_basket=by_basket)))
    assert (data.depth_by_basket > 0.5) == by_basket
    told = {one.id: one for one in discount_findings(analyse(data, draws=20), data, currency="EUR", level=0.95)}
    best = told["discounts.optimal_depth"]
    assert best.grade == ("D" if by_basket else "C")
    assert ("Name depths by lot" in best.text) == by_basket
    assert ("as if chance had decided" in best.method) != by_basket
    assert "Name depths by lot" not in told["discounts.ladder_profit"].text  # what was run is seen, whoever got it


def test_depths_by_lot_are_hardly_ever_taken_for_chosen_ones() -> None:
    """The share between groups is that of an analysis of variance, and customers count, not their visits."""
    claimed = 0
    for seed in range(200):
        rows = offers_of(seed, by_basket=False, visits=300)
        by_customer = rows.groupby("customer_id")["depth"].transform("first")  # a lot for each customer
        groups = np.log(rows["basket_value"]).groupby(by_customer)
        parts = (groups.size(), groups.mean(), groups.var(ddof=0))
        claimed += explained(*(one.to_numpy(float) for one in parts), rows["customer_id"].nunique()) > 0
    assert claimed <= 3  # of 200 at 1 in 1,000
