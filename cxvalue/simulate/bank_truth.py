"""The truth about the programme of the world `bank`, from both lives of its customers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxvalue.errors import BadInput, Problem
from cxvalue.simulate.bank_draw import ANNUAL_RATE, PROGRAMME, BankDraw, counts_from

__all__ = ["truth_of"]


def truth_of(drawn: BankDraw) -> dict[str, Any]:
    """The true value of each finding of the programme, by the definitions of the study's contract."""
    true = drawn.parameters
    month = np.arange(true.months)
    treated = (drawn.start >= 0) & (drawn.acquired < drawn.start_day)
    rows = np.flatnonzero(treated)
    if not rows.size:
        raise BadInput([Problem("customers", "are so few that nobody got the programme.", "Simulate more customers.")])
    since = month - drawn.start[rows][:, None]
    inside = (since >= 0) & (month >= counts_from(drawn)[rows][:, None])
    change = drawn.with_it[rows] - drawn.without_it[rows]
    length = int(since.max()) + 1
    weight = np.bincount(since[inside], minlength=length)
    vector = np.bincount(since[inside], change[inside], minlength=length) / np.maximum(weight, 1)
    effect = float(change[inside].sum() / inside.sum())
    first = int(drawn.start[rows].min())
    spent = true.one_off + true.monthly * (true.months - first)
    flows, monthly = [-true.one_off], true.monthly + true.losses_per_year * true.mean_loss / 12
    held = float(vector[-3:].mean())
    for later in range(true.horizon_months):
        ages = first + later - drawn.start[rows]
        ages = ages[ages >= 0]
        flows.append(float(np.where(ages < length, vector[np.minimum(ages, length - 1)], held).sum()) - monthly)
    discounted = np.array(flows) * (1 + ANNUAL_RATE) ** (-np.arange(len(flows)) / 12)
    summed = np.cumsum(discounted)
    late = np.flatnonzero(summed < 0)
    payback = 0 if not late.size else int(late[-1]) + 1
    name = f"programme.{PROGRAMME}"
    return {
        "base.customers": int((drawn.observed != 0).any(axis=1).sum()),
        f"{name}.effect": effect,
        f"{name}.contribution_to_date": effect * int(inside.sum()) - spent,
        f"{name}.npv": float(summed[-1]),
        f"{name}.payback_months": payback if payback < len(flows) else None,
        f"{name}.event_effects": [round(float(value), 4) for value in vector],
        f"{name}.treated_customer_months": int(inside.sum()),
        f"{name}.verdict": "PASS" if summed[-1] >= 0 else "FAIL",
    }
