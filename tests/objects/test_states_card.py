"""What purchase histories show."""

from __future__ import annotations

import numpy as np

from cxvalue.workspace.opened import Study


def test_histories_say_how_often_customers_came_back(sample: Study) -> None:
    states = sample.states()
    assert repr(states) == "PurchaseStates: 2,357 customers to 30 June 1998, 2,357 states (one for each customer)"
    rows = {what: (value, ends) for what, value, ends in states.summary("USD").rows}
    again = int((states.frequency > 0).sum())
    assert rows["bought again"] == (f"{again / 2357:.1%}", f"{again:,} customers")
    assert rows["further purchase days per customer"][0] == f"{np.mean(states.frequency):.2f}"
    grouped = states.grouped()
    for shown in (states, grouped):
        assert sum(patch.get_height() for patch in shown.plot().axes[0].patches) == 2357
    assert "distinct, with counts" in repr(grouped)
    assert {what: value for what, value, _ in grouped.summary().rows}["bought again"] == rows["bought again"][0]
    assert grouped.to_frame()["count"].sum() == 2357
    assert "customer_id" not in grouped.to_frame()
    assert repr(states.take(np.zeros(len(states), dtype=bool))).startswith("PurchaseStates: 0 customers")
