"""Customers whom a programme keeps or drives away are part of its effect.

Where contracts end, a comparison of those who are still there does not see them. So all who came in are compared, who has
left with an outcome of 0, and what this adds up to is told per customer-month with the programme.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxvalue.effects.effect import Alternative, Check, Effect
from cxvalue.effects.estimate import estimate_effect
from cxvalue.effects.staying import is_left
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import Interval, p_value_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel

QUESTION = translatable("Are customers who left part of the effect?")


def counting_leavers(panel: UnitPanel | CustomerPanel, effect: Effect) -> Effect:
    """The effect with the outcome that leaving brought or took; unchanged where nobody leaves.

    The total over all who came in (Y with the programme less Y without it, 0 after leaving) is divided by the
    customer-months with the programme. Customers who were matched are compared as long as they are there: the check says
    so, and the evidence is weaker.
    """
    if not is_left(panel):
        return effect
    if effect.design == "matched":
        return effect.with_checks([*effect.checks, _not_counted()])
    try:
        everyone = _estimated(_all_who_came(panel), effect)
        there = _estimated(_all_who_came(panel, there=True), effect)
    except CxvalueError:
        return effect.with_checks([*effect.checks, _not_counted()])
    at, own = (np.isin(one.event_time, two.event_time) for one, two in ((everyone, effect), (effect, everyone)))
    came, present = _weights(_all_who_came(panel), everyone)[at], _weights(panel, effect)[own]
    scale = came / present
    whole = float(came.sum() / present.sum())
    estimate, se = everyone.estimate * whole, everyone.se * whole
    _, low, high = Interval.of_error(estimate, se, effect.level, everyone.df)
    counted = replace(
        effect,
        estimate=estimate,
        se=se,
        df=everyone.df,
        low=low,
        high=high,
        event_time=effect.event_time[own],
        event_effect=everyone.event_effect[at] * scale,
        covariance=everyone.covariance[np.ix_(at, at)] * np.outer(scale, scale),
        event_weight=present,
        alternatives=(*effect.alternatives, _of_those_there(effect)),
    )
    return counted.with_checks([*effect.checks, _check(there)])


def _estimated(panel: UnitPanel | CustomerPanel, effect: Effect) -> Effect:
    return estimate_effect(panel, design=effect.design, level=effect.level)


def _all_who_came(panel: UnitPanel | CustomerPanel, there: bool = False) -> UnitPanel | CustomerPanel:
    """The panel with nobody leaving: an outcome of 0 after it, or 1 as long as a customer is `there`."""
    if isinstance(panel, CustomerPanel):
        month, left = np.arange(panel.months.count), panel.last[:, None]
        own = np.where(month < panel.first[:, None], np.nan, 1.0) if there else panel.values
        values = np.where(month > left, 0.0, own).astype(np.float32)
        last = np.full(len(panel.last), panel.months.count - 1)
        return replace(panel, values=values, past=panel.known_before, last=last)
    came = np.einsum("cff->cf", panel.customers)[:, :, None]  # bin f counts from month f on
    everyone = np.triu(np.broadcast_to(came, panel.customers.shape))
    return replace(panel, customers=everyone, total=panel.customers if there else panel.total)


def _weights(panel: UnitPanel | CustomerPanel, effect: Effect) -> Floats:
    """Treated customers at each event time."""
    if effect.design != "single_unit" or not isinstance(panel, UnitPanel):
        return effect.event_weight
    start = int(panel.start[panel.treated][0])
    people: Floats = panel.customers[panel.treated].sum(axis=(0, 1))[start + effect.event_time]
    return people


def _of_those_there(effect: Effect) -> Alternative:
    return Alternative(
        translate("customers who are still there only"),
        effect.estimate,
        effect.se,
        translate("Without the outcome of customers whom the programme kept or drove away."),
        kind="still_there",
    )


def _not_counted() -> Check:
    detail = translate(
        "Customers are compared as long as they are there: the outcome of customers whom the programme kept or drove away "
        "is not known."
    )
    return Check("leaving", translate(QUESTION), None, True, detail, needed=True)


def _check(there: Effect) -> Check:
    """Leaving is compared as well as its own history: where that drifted, the check fails."""
    drift = next((one for one in there.checks if one.name == "pre_trend"), None)
    detail = translate(
        "Yes, with an outcome of 0 from then on. With the programme the share of customers who are still there differs by "
        "{points:+.1f} percentage points, between {low:+.1f} and {high:+.1f} ({p_value}).",
        points=100 * there.estimate,
        low=100 * there.low,
        high=100 * there.high,
        p_value=format_p(p_value_of(there.estimate, there.se, there.df)),
    )
    if drift is None or drift.p_value is None:
        return Check("leaving", translate(QUESTION), True, True, detail)
    before = translate(
        "Whether they differed in this before the start already, towards the effect: {p_value}.",
        p_value=format_p(drift.p_value),
    )
    return Check("leaving", translate(QUESTION), None, True, f"{detail} {before}", drift.p_value)
