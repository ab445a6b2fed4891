"""How far the compared units could have drifted apart before an effect is gone: the rows of its table, and the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.effects.checks.drift_sensitivity import (
    BASE,
    FixedLength,
    bent_drift_breakdown,
    bent_drift_interval,
    plain_covariance,
    steady_drift_breakdown,
    steady_drift_interval,
)
from cxvalue.effects.effect import Check
from cxvalue.effects.estimators.group_time import BASE_MONTHS, EVENTS, GroupTime, Jackknife
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from cxvalue.effects.checks.drift import Drifts

Rows = list[dict[str, object]]

QUESTION = translatable("How far could the units have drifted apart before the effect is gone?")


def what_if(
    found: GroupTime,
    se: float,
    df: float,
    one_month: GroupTime,
    knife: Jackknife,
    drifts: Drifts | None,
    level: float,
) -> tuple[Rows, dict[str, float | None], Check]:
    """What the range of an effect becomes when the units drifted apart, steadily or bending.

    Returns the rows of the table; the largest steady drift with which the effect is still proven (`still_proven`), the one
    `seen` before the start and the largest that those months `allow`, a month; and the check that says so.

    `found` with `se` and `df` is the estimate with its long base, `one_month` with `knife` the effects from one base month.
    """
    distance = mean_distance(found, BASE_MONTHS)
    breakdown = steady_drift_breakdown(found.overall, se, distance, level=level, df=df)
    amounts = {translate("no drift"): 0.0}
    allowed = None
    if drifts is not None and np.isfinite(drifts.together):
        amounts[translate("the drift seen before the start")] = abs(drifts.together)
        allowed = max(abs(drifts.together), abs(drifts.upper))
        amounts[translate("the largest drift that the months before the start allow")] = allowed
    if breakdown is not None:
        amounts[translate("the largest drift with which the effect is still proven")] = breakdown
    rows = [
        _row("steady", said, amount, steady_drift_interval(found.overall, se, distance, amount, level=level, df=df))
        for said, amount in amounts.items()
    ]
    rows += _bent_rows(one_month, knife, level)
    seen = None if drifts is None or allowed is None else drifts.together
    limit = {"still_proven": breakdown, "seen": seen, "allowed": allowed}
    return rows, limit, _check(found.overall, breakdown, seen, allowed)


def mean_distance(found: GroupTime, base_months: int) -> float:
    """Mean number of months from the middle of the base to a treated month, weighted as the effect is.

    It is what a drift of 1 a month adds to the effect.
    """
    number = np.arange(found.effects.shape[1])
    above = below = 0.0
    for cohort, base in enumerate(found.bases):
        known = found.post[cohort] & ~np.isnan(found.effects[cohort])
        weight = found.weights[cohort][known]
        middle = (max(int(base) - base_months + 1, 0) + int(base)) / 2
        above += float(weight @ (number[known] - middle))
        below += float(weight.sum())
    return above / below if below > 0 else 0.0


def _bent_rows(one_month: GroupTime, knife: Jackknife, level: float) -> Rows:
    """Ranges with any straight drift taken off, for bends of nothing, half, the whole and twice the breakdown value."""
    kept = _consecutive(one_month.event_time)
    time = one_month.event_time[kept]
    if not (time < BASE).any() or not (time > BASE).any():
        return []
    places = EVENTS + np.flatnonzero(kept)
    covariance = knife.covariance[np.ix_(places, places)]
    weight = one_month.event_weight[kept]
    after, effect = weight[time > BASE], one_month.event_effect[kept]
    if not np.diag(covariance).min() > 0:
        return []
    working = plain_covariance(time, covariance, weight)
    breakdown = bent_drift_breakdown(time, effect, covariance, after, level=level, df=knife.df, working=working)
    said = {0.0: translate("a straight-line drift continues, whatever its size")}
    if breakdown:
        said |= {
            breakdown / 2: translate("the drift also bends, half as much"),
            breakdown: translate("the drift also bends, as far as the effect is still proven"),
            breakdown * 2: translate("the drift also bends, twice as much"),
        }
    rows = []
    for bend, words in said.items():
        found = bent_drift_interval(time, effect, covariance, after, bend, level=level, df=knife.df, working=working)
        if found is not None:
            rows.append(_row("bending", words, bend, found))
    return rows


def _consecutive(time: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The run of months around the base without a gap, the base itself left out."""
    there = set(time.tolist())
    low = high = BASE
    while low - 1 in there:
        low -= 1
    while high + 1 in there:
        high += 1
    return np.asarray((time >= low) & (time <= high) & (time != BASE))


def _row(kind: str, assumption: str, amount: float, found: FixedLength) -> dict[str, object]:
    return {
        "kind": kind,
        "assumption": assumption,
        "per_month": amount,
        "effect": found.value,
        "low": _zero_if_near(found.low, found.value),
        "high": _zero_if_near(found.high, found.value),
        "proven": found.proven,
    }


def _zero_if_near(end: float, value: float) -> float:
    """An end that the breakdown value puts at zero, without what rounding leaves of it."""
    return 0.0 if abs(end) < 1e-6 * abs(value) else end


def _check(estimate: float, breakdown: float | None, seen: float | None, allowed: float | None) -> Check:
    question = translate(QUESTION)
    if breakdown is None:
        detail = translate("The effect is not proven even without any drift, so there is nothing to undo.")
        return Check("sensitivity", question, None, False, detail)
    if seen is None or allowed is None:
        detail = (
            translate(
                "The effect would stay above zero even if the units that got the programme had drifted from the "
                "others by up to {drift:,.2g} a month; the months before the start do not say how much they did.",
                drift=breakdown,
            )
            if estimate > 0
            else translate(
                "The effect would stay below zero even if the units that got the programme had drifted from the "
                "others by up to {drift:,.2g} a month; the months before the start do not say how much they did.",
                drift=breakdown,
            )
        )
        return Check("sensitivity", question, None, False, detail)
    stays = (
        translate(
            "The effect would stay above zero even if the units that got the programme had drifted from the others by up to "
            "{drift:,.2g} a month.",
            drift=breakdown,
        )
        if estimate > 0
        else translate(
            "The effect would stay below zero even if the units that got the programme had drifted from the others by up to "
            "{drift:,.2g} a month.",
            drift=breakdown,
        )
    )
    drifted = translate(
        "They drifted by {seen:+,.2g} before the start, and those months allow up to {allowed:,.2g}.",
        seen=seen,
        allowed=allowed,
    )
    return Check("sensitivity", question, breakdown >= allowed, False, f"{stays} {drifted}")
