"""Whether a programme keeps customers or drives them away, which an effect on those who are still there does not tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxvalue.effects.effect import Check, Effect
from cxvalue.effects.estimate import estimate_effect
from cxvalue.effects.staying import is_left
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import p_value_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel

QUESTION = translatable("Do as many customers stay with the programme as without it?")


def with_leaving_checked(panel: UnitPanel | CustomerPanel, effect: Effect) -> Effect:
    """The effect with a check of the share of customers who are still there, compared by the same design.

    The check fails where that share differs: what those customers bring, whom the programme kept or drove away, is then
    missing in the effect. Unchanged where nobody leaves, for matched customers, and where the share cannot be compared.
    """
    if effect.design == "matched" or not is_left(panel):
        return effect
    try:
        there = estimate_effect(_there(panel), design=effect.design, level=effect.level)
    except CxvalueError:
        return effect
    return effect.with_checks([*effect.checks, _check(there)])


def _there(panel: UnitPanel | CustomerPanel) -> UnitPanel | CustomerPanel:
    """All who came in, with nobody leaving; the outcome is 1 as long as a customer is there and 0 from then on."""
    if isinstance(panel, CustomerPanel):
        month = np.arange(panel.months.count)
        came, left = month >= panel.first[:, None], month > panel.last[:, None]
        values = np.where(came, np.where(left, 0.0, 1.0), np.nan).astype(np.float32)
        last = np.full(len(panel.last), panel.months.count - 1)
        return replace(panel, values=values, past=panel.known_before, last=last)
    came = np.einsum("cff->cf", panel.customers)[:, :, None]  # bin f counts from month f on
    return replace(panel, customers=np.triu(np.broadcast_to(came, panel.customers.shape)), total=panel.customers)


def _check(there: Effect) -> Check:
    """A note where the share does not differ; one that fails where it does."""
    p_value = p_value_of(there.estimate, there.se, there.df)
    detail = translate(
        "With the programme the share of customers who are still there differs by {points:+.1f} percentage points, between "
        "{low:+.1f} and {high:+.1f} ({p_value}). The effect is that on customers who are still there: what others bring, "
        "whom the programme kept or drove away, is not in it.",
        points=100 * there.estimate,
        low=100 * there.low,
        high=100 * there.high,
        p_value=format_p(p_value),
    )
    return Check("leaving", translate(QUESTION), None, True, detail, p_value)
