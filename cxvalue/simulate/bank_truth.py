"""The truth about the programmes of the world `bank`, from the lives of its customers with and without them."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate
from cxvalue.simulate.bank_draw import ANNUAL_RATE, PROGRAMME, SECOND, BankDraw, counts_from


def truth_of(drawn: BankDraw) -> dict[str, Any]:
    """The true value of each finding of the programmes, by the definitions of the study's contract."""
    true, second = drawn.parameters, drawn.second
    change = drawn.with_it - drawn.without_it
    truth = _programme(drawn, PROGRAMME, drawn.start, drawn.start_day, change, (true.one_off, true.monthly))
    truth = {"base.customers": int((drawn.observed != 0).any(axis=1).sum()), **truth}
    if second is None:
        return truth
    change = drawn.with_it - second.without_it
    costs = (true.second_one_off, true.second_monthly)
    truth |= _programme(drawn, SECOND, second.start, second.start_day, change, costs)
    return truth | _together(drawn, truth)


def _treated(drawn: BankDraw, start: Ints, start_day: Ints) -> Bools:
    """Customer-months under a programme, of customers who were there before it; customers x months."""
    month = np.arange(drawn.parameters.months)
    counted = (start >= 0) & (drawn.acquired < start_day)
    since = month >= np.maximum(start, counts_from(drawn))[:, None]
    inside: Bools = counted[:, None] & since
    return inside


def _together(drawn: BankDraw, truth: dict[str, Any]) -> dict[str, Any]:
    """What both programmes together added so far, every customer-month once, less the costs of both."""
    second = drawn.second
    assert second is not None
    first, other = _treated(drawn, drawn.start, drawn.start_day), _treated(drawn, second.start, second.start_day)
    names = (PROGRAMME, SECOND)
    added = float((drawn.with_it - second.bare)[first | other].sum())
    spent = sum(
        truth[f"programme.{name}.effect"] * truth[f"programme.{name}.treated_customer_months"]
        - truth[f"programme.{name}.contribution_to_date"]
        for name in names
    )
    return {
        "programmes.total_to_date": added - spent,
        "programmes.total_npv": sum(truth[f"programme.{name}.npv"] for name in names),
        "programmes.overlap_share": float((first & other).sum() / (first | other).sum()),
    }


def _programme(
    drawn: BankDraw,
    programme: str,
    begins: Ints,
    start_day: Ints,
    gained: Floats,
    costs: tuple[float, float],
) -> dict[str, Any]:
    """The truth about one programme: `gained` is the margin with it less that without it, customers x months."""
    true, (one_off, monthly) = drawn.parameters, costs
    month = np.arange(true.months)
    treated = (begins >= 0) & (drawn.acquired < start_day)
    rows = np.flatnonzero(treated)
    if not rows.size:
        found = translate("are so few that nobody got the programme.")
        raise BadInput([Problem("customers", found, translate("Simulate more customers."))])
    start = begins[rows]
    since = month - start[:, None]
    inside = (since >= 0) & (month >= counts_from(drawn)[rows][:, None])
    change = gained[rows]
    length = int(since.max()) + 1
    weight = np.bincount(since[inside], minlength=length)
    vector = np.bincount(since[inside], change[inside], minlength=length) / np.maximum(weight, 1)
    effect = float(change[inside].sum() / inside.sum())
    first = int(start.min())
    spent = one_off + monthly * (true.months - first)
    flows = [-one_off]
    if programme == PROGRAMME:
        monthly += true.losses_per_year * true.mean_loss / 12
    held = float(vector[-3:].mean())
    for later in range(true.horizon_months):
        ages = first + later - start
        ages = ages[ages >= 0]
        flows.append(float(np.where(ages < length, vector[np.minimum(ages, length - 1)], held).sum()) - monthly)
    discounted = np.array(flows) * (1 + ANNUAL_RATE) ** (-np.arange(len(flows)) / 12)
    summed = np.cumsum(discounted)
    late = np.flatnonzero(summed < 0)
    payback = 0 if not late.size else int(late[-1]) + 1
    name = f"programme.{programme}"
    return {
        f"{name}.effect": effect,
        f"{name}.contribution_to_date": effect * int(inside.sum()) - spent,
        f"{name}.npv": float(summed[-1]),
        f"{name}.payback_months": payback if payback < len(flows) else None,
        f"{name}.event_effects": [round(float(value), 4) for value in vector],
        f"{name}.treated_customer_months": int(inside.sum()),
        f"{name}.verdict": "PASS" if summed[-1] >= 0 else "FAIL",
    }
