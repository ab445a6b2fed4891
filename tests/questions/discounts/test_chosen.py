"""Depths that hang on what customers had done compare customers; a lot and a change for everybody do not."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.discounts.chosen import by_history
from cxvalue.questions.discounts.findings import discount_findings
from cxvalue.questions.discounts.occasions import occasions_of
from cxvalue.questions.discounts.policies import analyse

DEPTHS = np.array([0.05, 0.1, 0.2])
CUSTOMERS = 600


def visits_of(rule: str, seed: int = 1) -> pd.DataFrame:
    """Visits over a year; who comes often needs less, and `rule` says how the depth was chosen."""
    rng = np.random.default_rng(seed)
    rate, given = rng.gamma(1.5, 3.0, CUSTOMERS), rng.choice(DEPTHS, CUSTOMERS)
    more = 1.5 if rule == "lot a customer" else 1.0  # who is given the deepest discount comes oftener
    customer = np.repeat(np.arange(CUSTOMERS), 1 + rng.poisson(rate * np.where(given == DEPTHS[2], more, 1.0)))
    day = np.sort(rng.integers(0, 365, customer.size))
    customer = rng.permutation(customer)
    need = 0.1 - 0.04 * (np.log(rate) - np.log(rate).mean()) + rng.normal(0, 0.04, CUSTOMERS)
    reservation = need[customer] + rng.normal(0, 0.05, customer.size)
    before = pd.Series(customer).groupby(customer).cumcount().to_numpy()
    depth = {
        "visits": np.where(before + rng.integers(-1, 2, customer.size) > 3, 0.05, 0.2),
        "lot": rng.choice(DEPTHS, customer.size),
        "lot a customer": given[customer],
        "season": np.where(day < 180, 0.05, 0.2),
        "answer": np.full(customer.size, 0.1),
    }[rule]
    if rule == "answer":
        last: dict[int, float] = {}
        for row, who in enumerate(customer):
            depth[row] = last.get(who, 0.1)
            last[who] = max(0.05, depth[row] - 0.05) if reservation[row] <= depth[row] else min(0.3, depth[row] + 0.05)
    frame = pd.DataFrame({"customer_id": customer.astype(str), "day": day, "depth": depth, "need": reservation})
    frame["date"] = (pd.Timestamp("2025-01-01") + pd.to_timedelta(frame["day"], unit="D")).dt.date
    return frame.assign(
        occasion_id=[f"o{row:06d}" for row in range(len(frame))],
        rung=1,
        accepted=frame["need"] <= frame["depth"],
        basket_value=40.0 + rng.random(len(frame)),
        basket_margin=20.0,
    )


@pytest.mark.parametrize("rule", ["visits", "answer"])
def test_depths_by_what_customers_had_done_are_said_and_lower_the_grade(rule: str) -> None:
    data = occasions_of(ibis.memtable(visits_of(rule).drop(columns=["day", "need"])))
    assert data.depth_by_history > 0.02
    told = {one.id: one for one in discount_findings(analyse(data, draws=20), data, currency="EUR", level=0.95)}
    best = told["discounts.optimal_depth"]
    assert best.grade == "D"
    assert "another history" in best.text
    assert "as if chance had decided" not in best.method
    assert "another history" not in told["discounts.ladder_profit"].text


@pytest.mark.parametrize("rule", ["lot", "lot a customer", "season"])
def test_lots_and_a_change_for_everybody_are_not_taken_for_a_choice(rule: str) -> None:
    for seed in range(3):
        data = occasions_of(ibis.memtable(visits_of(rule, seed).drop(columns=["day", "need"])))
        assert data.depth_by_history < 0.02


@pytest.mark.parametrize("chosen", [True, False])
def test_what_was_spent_before_the_first_offer_is_seen(chosen: bool) -> None:
    """Everybody came once; only earlier purchases tell who got which depth."""
    rng = np.random.default_rng(1)
    spent = 20 * np.exp(rng.normal(0, 1, CUSTOMERS))
    depth = np.where(spent > 20, 0.05, 0.2) if chosen else rng.choice([0.05, 0.2], CUSTOMERS)
    who, day = [f"c{row}" for row in range(CUSTOMERS)], pd.Timestamp("2025-03-01").date()
    occasions = pd.DataFrame({"customer_id": who, "occasion": who, "date": day, "first": depth, "taken": depth})
    before = pd.DataFrame({"customer_id": who, "date": pd.Timestamp("2025-02-01").date(), "revenue": spent})
    on_the_day = before.assign(date=day, revenue=1e3 * depth)  # what the offer brought tells nothing
    rows = pd.concat([before, on_the_day], ignore_index=True)
    found = by_history(ibis.memtable(occasions), ibis.memtable(rows), CUSTOMERS)
    assert found > 0.5 if chosen else found == 0.0
