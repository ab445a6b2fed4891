"""Without an end: discounted expected residual transactions (DERT), and the value they carry.

DERT = integral over t > 0 of exp(-delta t) x the expected rate of purchases at T + t, with continuous discounting at
delta = ln(1 + annual rate) / units of time in a year (Fader, Hardie and Lee 2005, Journal of Marketing Research 42(4)).
As everywhere it is P(alive) x the same of a future process, which each family works out as `endless`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.lifetime.fitting.checked import margin_rate_of
from cxvalue.lifetime.models.by_level import parts
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates


def why_no_infinite(model: LifetimeModel) -> str:
    """Why a model has no value without an end, in one sentence; empty when it has one."""
    if not model.family.dropout:
        return translate(
            "A value with no time limit is withheld: in the {model} nobody ever leaves.", model=model.family.title
        )
    if model.status == "degenerate":
        return translate("A value with no time limit is withheld: {reason}", reason=model.reason)
    if model.family.endless is None:
        return translate(
            "A value with no time limit is withheld: it is not available for a regular rhythm ({model}).",
            model=model.family.title,
        )
    return ""


def dert(model: LifetimeModel, states: PurchaseStates, annual_discount_rate: float) -> Floats:
    """Discounted expected residual transactions of each state, purchases after `as_of` without an end.

    Opportunities of the BG/BB count at the end of their periods, as in Fader, Hardie and Shang (2010, equation 14).

    Args:
        model: a sound model with dropout.
        states: grouped or per customer.
        annual_discount_rate: effective annual rate above 0, 0.12 for 12%.

    Raises:
        CxvalueError: a model without a dropout that the data identify, or a rate that is not above 0 (without
            discounting the sum has no limit where many customers hardly ever leave).
    """
    reason = why_no_infinite(model)
    if reason:
        raise CxvalueError(closed_up(f"{reason} {translate('Use customer_value with a horizon in months.')}"))
    if not 0 < annual_discount_rate < 10:
        raise CxvalueError(
            "annual_discount_rate == {rate}, must be an effective annual rate above 0 for a value with no "
            "time limit: 0.12 stands for 12%.",
            rate=annual_discount_rate,
        )
    result = np.empty(len(states))
    rate = math.log1p(annual_discount_rate) / model.time_unit.per_year
    for part in parts(model, states):
        alive, few, which = part.model.few_futures(part.states)
        assert part.model.family.endless is not None
        result[part.rows] = alive * few.read(part.model.family.endless(few.future, rate))[which]
    return result


def residual_value(
    model: LifetimeModel,
    spend: SpendModel,
    states: PurchaseStates,
    annual_discount_rate: float,
    margin_rate: float | None = None,
) -> Floats:
    """Margin still to come of each customer without an end: margin rate x E[spend | x, m] x DERT.

    `margin_rate` is margin per unit of revenue, by default total margin / total revenue of the states. Raises
    `CxvalueError` as `dert` does, for grouped states, and when the margin rate is not known.
    """
    rate = margin_rate_of(states, margin_rate)
    if not math.isfinite(rate):
        raise CxvalueError("The margin rate is not known. Pass margin_rate=..., the margin per unit of revenue.")
    even = 1.0
    if model.family.by_period:
        # Money that comes in evenly over a period, as over a stated horizon, and not at its end.
        step = math.log1p(annual_discount_rate) / model.time_unit.per_year
        even = math.expm1(step) / step
    return rate * even * spend.expected_spend(states) * dert(model, states, annual_discount_rate)
