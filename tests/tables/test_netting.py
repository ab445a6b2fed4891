"""Refunds matched to purchases, where the ledger lies and in another engine."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pytest

from cxvalue.engine.embedded import connect
from cxvalue.tables import ledger
from cxvalue.tables.ledger import net_and_merge
from cxvalue.tables.netting import Matching, net
from cxvalue.tables.read.sql import ROW

UNTIL = date(2026, 6, 30)


@pytest.fixture(scope="module")
def there() -> ibis.Table:
    """Purchases of 40 customers over 90 days, of which every sixth line is a refund, in an engine of their own."""
    rng = np.random.default_rng(5)
    number = np.arange(600)
    amount = np.where(number % 6 == 5, -1, 1) * rng.integers(1, 9, 600) * 1.01
    rows = {
        ROW: number,
        "customer_id": [f"c{one}" for one in rng.integers(0, 40, 600)],
        "date": [date.fromordinal(int(one)) for one in UNTIL.toordinal() - rng.integers(0, 90, 600)],
        "revenue": amount,
        "margin": amount * 0.4,
        "order_id": [None if one % 3 else f"o{one // 9}" for one in number],
    }
    return connect().create_table("rows", ibis.memtable(rows).to_pyarrow(), temp=True)


@pytest.mark.parametrize("most", [50_000, -5_000], ids=["fetched", "too many to fetch"])
def test_few_refunds_are_netted_in_another_engine_as_where_they_lie(
    there: ibis.Table, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = net_and_merge(there, UNTIL)
    monkeypatch.setattr(ledger, "FEW_PURCHASES", most)
    other = net_and_merge(there, UNTIL, connect())
    assert mine.refunds > 20
    assert mine.unmatched_refunds > 10
    for name in ("rows", "refunds", "refunded", "unmatched_refunds", "void_lines", "void_amount", "void_margin"):
        assert getattr(mine, name) == getattr(other, name)
    order = ["customer_id", "date"]
    assert mine.table.order_by(order).to_pyarrow() == other.table.order_by(order).to_pyarrow()
    left = [made.lines.anti_join(made.missed, ROW).count().to_pyarrow().as_py() for made in (mine, other)]
    assert left[0] == left[1] == 600 - mine.unmatched_refunds - mine.duplicates


def test_a_refund_nets_the_latest_purchase_that_covers_it_and_leaves_the_rest() -> None:
    day = [date(2026, 1, one) for one in (1, 2, 3, 9)]
    targets = ibis.memtable({"who": ["a"] * 3, "date": day[:3], "left": [9.0, 8.0, 2.0], "margin": [3.0, 2.0, 1.0]})
    targets = targets.mutate(gross=targets["left"])
    refunds = ibis.memtable({"refund": [7], "who": ["a"], "date": day[3:], "amount": [5.0], "margin": [-1.5]})
    for few in (False, True):
        found = Matching(refunds, targets, ("who",), few)
        assert found.table.select("bought", "amount").to_pyarrow().to_pylist() == [{"bought": day[1], "amount": 5.0}]
        left = net(targets, found.table, ("who", "date")).order_by("date").to_pyarrow().to_pydict()
        assert (left["left"], left["margin"], left["void"]) == ([9.0, 3.0, 2.0], [3.0, 0.5, 1.0], [False] * 3)
