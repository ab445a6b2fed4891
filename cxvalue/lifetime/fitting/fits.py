"""Fitting a repeat-purchase model, and deciding whether the data identify a dropout at all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.progress import working
from cxvalue.language.catalogue import translatable, translate
from cxvalue.lifetime.families.family import Family, History, history
from cxvalue.lifetime.families.registry import FAMILIES, SEASONAL, family_of
from cxvalue.lifetime.fitting.checked import checked_history
from cxvalue.lifetime.models.model import LifetimeModel, measured
from cxvalue.lifetime.models.optimise import Optimum, climb_from, coarsen, invert, maximise

if TYPE_CHECKING:
    from cxvalue.foundation.calendar import TimeUnit
    from cxvalue.lifetime.families.season import SeasonalClock
    from cxvalue.tables.states import PurchaseStates

_SMALLEST = 1e-3
"""Where the shape of dropout counts as having run to its limit."""

_MIDDLE = 8_000
"""Histories of the sample on which large data are fitted before the last steps on all of them."""

_QUICK, _ROUGH = 1_500, 400
"""Histories of the sample for `fit_quickly`, and of that on which the search begins."""

_NOBODY = {
    False: translatable("No customer has bought a second time, so no purchase rate can be estimated."),
    True: translatable("No customer has taken an opportunity, so no probability of taking one can be estimated."),
}


@working("Fitting the model")
def fit(states: PurchaseStates, model: str = "bg_nbd") -> LifetimeModel:
    """Fit one model by maximum likelihood to states, grouped or per customer.

    Args:
        states: purchase histories; zero-repeat customers belong in (they carry most of the information on dropout).
        model: nbd, bg_nbd, mbg_nbd or pareto_nbd; bg_bb, or bb without dropout, of histories counted by calendar period
            (`cxvalue.tables.periods.by_period`).

    Returns:
        The fitted model in the unit of time of the states. Read its `status` before its parameters.

    Raises:
        CxvalueError: an unknown model, no customers, or impossible histories.
    """
    return fit_all(states, (model,))[0]


def fit_all(states: PurchaseStates, models: Sequence[str] = tuple(FAMILIES)) -> tuple[LifetimeModel, ...]:
    """Fit several models (all that count days by default) to the same states, sharing the yardstick without dropout."""
    families = [family_of(name) for name in models]
    data = checked_history(states, by_period=any(family.by_period for family in families))
    return _fit_families(data, families, states.time_unit)


def fit_by_period(states: PurchaseStates) -> tuple[LifetimeModel, LifetimeModel]:
    """The beta-Bernoulli model without dropout and the BG/BB, fitted to histories that were counted by calendar period.

    `states` are those of `cxvalue.tables.periods.by_period`, in a week, month, quarter or year as their unit of time.
    Read the `status` of a result before its parameters.

    Raises:
        CxvalueError: impossible histories; a unit of time that is no period; more purchases than periods.
    """
    still, leaving = fit_all(states, ("bb", "bg_bb"))
    return still, leaving


def fit_on_clock(
    states: PurchaseStates, clock: SeasonalClock, log_speeds: float, names: Sequence[str] = tuple(SEASONAL)
) -> tuple[LifetimeModel, ...]:
    """Fit models of `SEASONAL`, by default all, to histories measured on a seasonal clock.

    `log_speeds` is the sum over repeat purchases of the logarithm of the clock's speed at each: it brings the
    log-likelihood back to the original time scale, on which it can be compared.
    """
    checked_history(states)
    x, recency, age = measured(states, states.time_unit, clock)
    data = history(x, recency, age, np.asarray(states.count))
    fitted = _fit_families(data, [FAMILIES[SEASONAL[name]] for name in names], states.time_unit)
    return tuple(
        replace(model, name=name, clock=clock, log_likelihood=model.log_likelihood + log_speeds)
        for name, model in zip(names, fitted, strict=True)
    )


def fit_quickly(
    states: PurchaseStates, models: Sequence[str], near: Mapping[str, LifetimeModel] | None = None
) -> dict[str, LifetimeModel]:
    """Models good enough to forecast totals at one of many past days: on a sample of histories, with no uncertainty.

    The search begins at the parameters of `near`, the same models at a neighbouring day, where there are any. Status and
    standard errors say nothing. Raises `CxvalueError` as `fit` does.
    """
    data, found = checked_history(states), {}
    few, fewest = coarsen(data, _QUICK), coarsen(data, _ROUGH)
    still: dict[str, Floats] = {}
    for name in models:
        family = family_of(name)
        simple = family.still or family
        if simple.name not in still:
            plain = simple.search(few, np.empty(0))
            still[simple.name] = climb_from(_Objective(simple, few), plain.starts[0], plain.bounds, data.customers)[1]
        search, rough = family.search(few, still[simple.name]), _Objective(family, fewest)
        before = near.get(name) if near else None
        starts = [*([] if before is None else [np.log(list(before.params.values()))]), *search.starts]
        ends: list[tuple[float, Floats]] = []
        for start in starts[:3]:
            # One that begins in the limit of a simpler model stays there: two that agree are believed.
            if len(ends) == 2 and abs(ends[0][0] - ends[1][0]) * data.customers < 0.1:
                break
            ends.append(climb_from(rough, start, search.bounds, data.customers))
        begin = max(ends, key=lambda end: end[0])[1]
        theta = climb_from(_Objective(family, few), begin, search.bounds, data.customers)[1]
        none = np.zeros((theta.size, theta.size))
        params = dict(zip(family.parameters, np.exp(theta).tolist(), strict=True))
        found[name] = LifetimeModel(
            name, params, dict.fromkeys(params, math.nan), none, math.nan, round(data.customers), states.time_unit, "ok", "",
            math.nan,
        )  # fmt: skip
    return found


def _fit_families(data: History, families: Sequence[Family], unit: TimeUnit) -> tuple[LifetimeModel, ...]:
    still = best_of(families[0].still or families[0], data)
    bests = [best_of(family, data, still) if family.dropout else still for family in families]
    return tuple(model_at(best, still, family, data, unit) for best, family in zip(bests, families, strict=True))


def best_of(family: Family, data: History, still: Optimum | None = None, near: Floats | None = None) -> Optimum:
    """Where the likelihood of a family is highest.

    `still` is that of the model without dropout on the same data, and `near` are log-parameters of a similar model, from
    which the search begins too.
    """
    if not family.recency:
        data = history(data.x, np.zeros(data.x.size, dtype=int), data.age, data.weight)
    starts, bounds = family.search(data, np.empty(0) if still is None else still.theta)
    middle = _Objective(family, coarsen(data, _MIDDLE)) if data.x.size > 4 * _MIDDLE else None
    on_all, on_few = _Objective(family, data), _Objective(family, coarsen(data))
    return maximise(on_all, on_few, starts, bounds, data.customers, middle, near)


class _Objective:
    """The log-likelihood of a family on given histories, with its curvature where the family has a formula for it."""

    def __init__(self, family: Family, data: History) -> None:
        self.family, self.data = family, data

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        return self.family.log_likelihood(theta, self.data)

    def curvature(self, theta: Floats, gradient: Floats) -> Floats | None:
        return None if self.family.curvature is None else self.family.curvature(theta, self.data, gradient)


def model_at(best: Optimum, still: Optimum, family: Family, data: History, unit: TimeUnit) -> LifetimeModel:
    """The model at its optimum, with the verdict on it; `still` is the optimum of the model without dropout."""
    values, covariance = np.exp(best.theta), invert(best.information)
    params = dict(zip(family.parameters, values.tolist(), strict=True))
    ratio = float(2 * (best.value - still.value)) if family.dropout else math.nan
    status, reason = _judge(family, data, params, best, ratio)
    return LifetimeModel(
        name=family.name,
        params=params,
        se=dict(zip(family.parameters, (values * np.sqrt(np.diag(covariance))).tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=float(best.value),
        customers=round(data.customers),
        time_unit=unit,
        status=status,
        reason=reason,
        likelihood_ratio=ratio,
    )


def _judge(family: Family, data: History, params: Mapping[str, float], best: Optimum, ratio: float) -> tuple[str, str]:
    """Status of a fit, and the sentence for it."""
    title = family.title
    if data.purchases == 0:
        return "degenerate", translate(_NOBODY[family.by_period])
    # At its bound a model without dropout has one pace for everybody, and forecasts as well.
    if not family.dropout and best.at_bound:
        return "ok", ""
    if ratio < family.critical:
        return "degenerate", (
            translate(
                "No dropout can be identified: the {model} describes these histories hardly better than a model in which "
                "nobody ever leaves (likelihood ratio {ratio:.1f}, below the critical {critical:.1f}).",
                model=title,
                ratio=max(ratio, 0.0),
                critical=family.critical,
            )
            if family.by_period
            else translate(
                "No dropout can be identified: the {model} describes these purchases hardly better than a model in which "
                "nobody ever leaves (likelihood ratio {ratio:.1f}, below the critical {critical:.1f}).",
                model=title,
                ratio=max(ratio, 0.0),
                critical=family.critical,
            )
        )
    if family.leaving and params[family.leaving] < _SMALLEST:
        return "degenerate", translate(
            "The {model} reached its limit: {parameter} = {value:.2g}, nobody drops out. Its parameters are not identified.",
            model=title,
            parameter=family.leaving,
            value=params[family.leaving],
        )
    alike = family.alike is not None and family.alike(params, float(data.age.max()))
    if alike and (best.converged or best.at_bound):
        return "ok", ""
    if not best.converged:
        return "not_converged", translate(
            "The fit of the {model} did not converge to a single best set of parameters.", model=title
        )
    # Where opportunities are counted, customers at a bound are all alike in something: the same chance to leave, or to buy
    # as long as they stay. What is to come is known as well as elsewhere then, though parameters that say how much
    # customers differ can be anything large.
    sure = best.positive_definite or not family.dropout or (family.by_period and best.at_bound)
    if sure:
        return "ok", ""
    return "degenerate", (
        translate("Quite different parameters of the {model} describe these histories equally well.", model=title)
        if family.by_period
        else translate("Quite different parameters of the {model} describe these purchases equally well.", model=title)
    )
