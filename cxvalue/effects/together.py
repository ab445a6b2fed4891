"""Several programmes measured together: what all of them added, and how much of one is in the estimate of another.

Customers are compared by the first month under any programme with those under none (group-time effects, as for one
programme). What a set of programmes running together adds is measured as it is: nothing is assumed of how the
programmes add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.effect import Alternative, Check, Effect
from cxvalue.effects.estimators.group_time import BASE_MONTHS, cohort_keys, degrees_of_freedom, group_time
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_unit import UnitPanel

MOST_GROUPS = 60
"""Clusters are left out one by one up to this number, and beyond it in so many groups."""


@dataclass(frozen=True, eq=False)
class StateEffects:
    """What customers brought more in a month, by the set of programmes that they were under.

    `states` are sets of programmes by number; `rate` the effect per customer and month in each, `covariance` that of the
    rates, `identified` the customer-months behind them, `df` the degrees of freedom of a reference t distribution.
    """

    states: tuple[tuple[int, ...], ...]
    rate: Floats
    covariance: Floats
    identified: Floats
    df: float


def state_effects(panel: UnitPanel, path: Ints, starts: Ints) -> StateEffects:
    """Measure each state of a panel of several programmes (cells with their `path`, paths x programmes in `starts`).

    A state without a comparison is left out. Uncertainty is a jackknife over clusters.
    """
    keys = cohort_keys(panel, path)
    month = np.arange(panel.months.count)
    under = (starts[keys[:, 2]] >= 0)[:, :, None] & (month >= starts[keys[:, 2]][:, :, None])
    code = (under * (1 << np.arange(starts.shape[1]))[:, None]).sum(axis=1)
    every = np.ones(len(panel.start), dtype=bool)
    codes = np.unique(code[code > 0])
    rate, weight = _rates(panel, path, code, codes, every)
    kept = weight > 0
    codes, rate, weight = codes[kept], rate[kept], weight[kept]
    clusters = np.unique(panel.cluster)
    group = np.arange(clusters.size) % min(clusters.size, MOST_GROUPS)
    of = group[np.searchsorted(clusters, panel.cluster)]
    count = int(group.max()) + 1
    off = np.empty((count, codes.size))
    for number in range(count):
        without, _ = _rates(panel, path, code, codes, of != number)
        off[number] = np.where(np.isnan(without), 0.0, without - rate)
    off[np.abs(off) < 1e-9 * np.abs(rate).max(initial=0.0)] = 0.0  # rounding is no spread
    found = tuple(tuple(k for k in range(starts.shape[1]) if value >> k & 1) for value in codes)
    whole = off @ (weight / max(weight.sum(), 1.0))
    df = degrees_of_freedom(panel, clusters, whole) if count == clusters.size else float(count - 1)
    return StateEffects(found, rate, (count - 1) / count * off.T @ off, weight, df)


def contained(exposure: UnitPanel) -> float:
    """How much of another programme's effect the estimate of this one holds: 0 none, 1 all of it, below 0 it is missing.

    `exposure` is the panel of the programme with the other programme as the outcome, 1 for a customer-month under it. The
    estimator is linear, so its value on that panel is what it takes over of a constant effect of the other programme.
    """
    found = group_time(exposure, base_months=BASE_MONTHS).overall
    return found if np.isfinite(found) else 0.0


def _rates(panel: UnitPanel, path: Ints, code: Ints, codes: Ints, cells: Bools) -> tuple[Floats, Floats]:
    """Mean effect and customer-months of each state."""
    found = group_time(panel, base_months=BASE_MONTHS, cells=cells, paths=path)
    known = found.post & ~np.isnan(found.effects)
    weights, amounts = (np.where(known, part, 0.0) for part in (found.weights, found.weights * found.effects))
    weight = np.array([weights[code == value].sum() for value in codes])
    amount = np.array([amounts[code == value].sum() for value in codes])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weight > 0, amount / weight, np.nan), weight


def with_neighbours(
    effects: Sequence[Effect], names: Sequence[str], holds: Sequence[Sequence[float]]
) -> tuple[Effect, ...]:
    """The effects with a check of what they hold of each other, and what they would be without it.

    The estimates are linear, so observed = (I + C) x own with C what each holds of the others (`holds`, programmes x
    programmes with ones in the diagonal, see `contained`), as far as programmes add up. An effect fails the check when the
    others make it differ by more than its standard error.
    """
    if len(effects) < 2:
        return tuple(effects)
    same = np.array([[one.outcome == other.outcome for other in effects] for one in effects])
    matrix = np.where(same, np.array(holds), 0.0)
    observed = np.array([effect.estimate for effect in effects])
    apart = np.linalg.cond(matrix) < 20
    own = np.linalg.solve(matrix, observed) if apart else np.full(observed.size, np.nan)
    return tuple(_with_neighbour(effect, k, matrix[k], own[k], names) for k, effect in enumerate(effects))


def _with_neighbour(effect: Effect, k: int, holds: Floats, own: float, names: Sequence[str]) -> Effect:
    question, parts = translate("Is the effect free of the other programmes?"), _parts(k, holds, names)
    if not np.isfinite(own):
        detail = (
            translate(
                "Given how the programmes were rolled out, the estimate contains {parts}: they ran so much alike"
                " that they cannot be separated.",
                parts=parts,
            )
            if parts
            else translate(
                "Given how the programmes were rolled out, the estimate contains nothing of the others: they ran"
                " so much alike that they cannot be separated."
            )
        )
        return effect.with_checks([*effect.checks, Check("other_programmes", question, False, True, detail)])
    passed = bool(abs(effect.estimate - own) <= effect.se)
    told = {"own": own, "effect": effect.estimate}
    detail = (
        translate(
            "Given how the programmes were rolled out, the estimate contains {parts}; without it, the effect"
            " is {own:,.3g} instead of {effect:,.3g}.",
            parts=parts,
            **told,
        )
        if parts
        else translate(
            "Given how the programmes were rolled out, the estimate contains nothing of the others; without "
            "it, the effect is {own:,.3g} instead of {effect:,.3g}.",
            **told,
        )
    )
    other = Alternative(
        translate("without the other programmes"),
        float(own),
        None,
        translate("What the other programmes added is deducted (if they add up)."),
    )
    found = effect.with_checks([*effect.checks, Check("other_programmes", question, passed, True, detail)])
    return replace(found, alternatives=(*effect.alternatives, other))


def _parts(k: int, holds: Floats, names: Sequence[str]) -> str:
    """How much of each other programme's effect an estimate holds, as a list."""
    parts = [
        translate("{share:.0%} of the effect of {programme}", share=value, programme=name)
        for j, (name, value) in enumerate(zip(names, holds, strict=True))
        if j != k and abs(value) >= 0.005
    ]
    if not parts:
        return ""
    return reduce(lambda first, second: translate("{first} and {second}", first=first, second=second), parts)
