"""What customers gave back after the till is no margin: amounts of offers are reduced by it."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.discounts.findings import discount_findings
from cxvalue.questions.discounts.occasions import occasions_of
from cxvalue.questions.discounts.policies import analyse
from cxvalue.tables.ledger import purchases

VISITS = 400


def visits(refunded: float) -> tuple[ibis.Table, ibis.Table]:
    """Offers with one discount by lot, and the ledger: a share of the baskets is given back a week later."""
    rng = np.random.default_rng(1)
    depth = rng.choice([0.05, 0.1, 0.2], VISITS)
    taken = rng.normal(0.08, 0.08, VISITS) <= depth
    who, day = np.array([f"c{row}" for row in range(VISITS)]), pd.Timestamp("2025-03-01").date()
    offers = pd.DataFrame({"customer_id": who, "date": day, "rung": 1, "depth": depth, "accepted": taken})
    sold = pd.DataFrame({"customer_id": who, "date": day, "revenue": 40 * (1 - depth), "order_id": who})[taken]
    back = sold[rng.random(len(sold)) < refunded].assign(date=pd.Timestamp("2025-03-08").date())
    lines = pd.concat([sold, back.assign(revenue=-back["revenue"])], ignore_index=True)
    priced = offers.assign(basket_value=40.0, basket_margin=20.0)
    return ibis.memtable(priced), ibis.memtable(lines)


@pytest.mark.parametrize("refunded", [0.0, 0.25, 1.0])
def test_amounts_are_those_that_customers_kept(refunded: float) -> None:
    offers, lines = visits(refunded)
    bought = purchases(lines, pd.Timestamp("2025-12-31").date()).table
    plain, data = occasions_of(offers), occasions_of(offers, purchases=bought, transactions=lines)
    sold, net = (float(one.revenue.sum().to_pandas() or 0.0) for one in (lines.filter(lines.revenue > 0), bought))
    assert data.kept == pytest.approx(net / sold if 0 < refunded < 1 else 1.0)
    assert data.realised.sum() == pytest.approx(plain.realised.sum() * data.kept)
    told = {one.id: one for one in discount_findings(analyse(data, draws=20), data, currency="EUR", level=0.95)}
    assert ("was refunded later" in told["discounts.ladder_profit"].method) == (0 < refunded < 1)
    before = analyse(plain, draws=20)
    assert before.flat is not None
    assert told["discounts.flat_profit"].value == pytest.approx(before.flat.value * data.kept)


def test_visits_that_the_transactions_do_not_know_stay_as_they_are() -> None:
    offers, lines = visits(0.25)
    others = lines.mutate(customer_id=ibis.literal("x") + lines.customer_id)
    bought = purchases(others, pd.Timestamp("2025-12-31").date()).table
    assert occasions_of(offers, purchases=bought, transactions=others).kept == 1.0


@pytest.mark.parametrize("order", ["an id", "none"])
def test_a_discount_on_a_line_of_its_own_is_no_refund(order: str) -> None:
    offers, lines = visits(0.25)
    receipts = lines.to_pandas()
    if order == "none":
        receipts["order_id"] = None
    off = receipts[receipts["revenue"] > 0].assign(revenue=-5.0)
    both = ibis.memtable(pd.concat([receipts, off], ignore_index=True).astype({"order_id": "string"}))
    bought = purchases(both, pd.Timestamp("2025-12-31").date()).table
    net, till = bought.revenue.sum().to_pandas(), receipts.query("revenue > 0")["revenue"].sum() - 5.0 * len(off)
    assert occasions_of(offers, purchases=bought, transactions=both).kept == pytest.approx(min(net / till, 1.0))


def test_days_on_which_all_was_cancelled_tell_nothing() -> None:
    offers, lines = visits(0.0)
    back = lines.mutate(revenue=-lines.revenue)
    bought = purchases(lines.union(back), pd.Timestamp("2025-12-31").date()).table
    assert occasions_of(offers, purchases=bought, transactions=lines.union(back)).kept == 1.0
