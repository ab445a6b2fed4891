"""Fitting a repeat-purchase model, and deciding whether the data identify a dropout at all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.families.family import Family, Floats, History, history
from cxvalue.lifetime.fitting.discrete import fit_by_period
from cxvalue.lifetime.models.model import FAMILIES, SEASONAL, LifetimeModel, family_of, measured
from cxvalue.lifetime.models.optimise import Optimum, coarsen, invert, maximise

if TYPE_CHECKING:
    from cxvalue.lifetime.families.season import SeasonalClock
    from cxvalue.tables.states import PurchaseStates

__all__ = ["DROPOUT_CRITICAL_VALUE", "checked_history", "fit", "fit_all", "fit_on_clock", "judge_dropout"]

DROPOUT_CRITICAL_VALUE = 7.0
"""Likelihood ratio against the NBD below which no dropout counts as identified: exceeded in 1% of worlds without any.

From ``python -m tests.calibration.dropout_gate 300`` (2026-11-22): over five kinds of world with 400 to 10,000
customers the largest 99% quantiles were 6.38 (BG/NBD), 6.51 (MBG/NBD) and 5.40 (Pareto/NBD), rounded up. Size, length
and purchase rate made no visible difference. CDNOW has 337 and more.
"""

# Where a parameter counts as having run to its limit; the last is beta in units of the longest age.
_SMALLEST = 1e-3
_LARGEST = 1e3
_LONGEST = 100.0

_NOBODY = "No customer has bought a second time, so no purchase rate can be estimated."

_MIDDLE = 8_000
"""Histories of the sample on which large data are fitted before the last steps on all of them."""


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
    family = family_of(model)
    if family.by_period:
        return next(found for found in fit_by_period(states) if found.name == model)
    return _fit(checked_history(states), states, family, None)


def fit_all(states: PurchaseStates, models: Sequence[str] = tuple(FAMILIES)) -> tuple[LifetimeModel, ...]:
    """Fit several models (all of them by default) to the same states, sharing the NBD yardstick."""
    families = [family_of(name) for name in models]
    data = checked_history(states)
    yardstick = _maximise(_without_recency(data), FAMILIES["nbd"])
    return tuple(_fit(data, states, family, yardstick) for family in families)


def fit_on_clock(states: PurchaseStates, clock: SeasonalClock, log_speeds: float) -> tuple[LifetimeModel, ...]:
    """Fit the models of `SEASONAL` to histories measured on a seasonal clock.

    `log_speeds` is the sum over repeat purchases of the logarithm of the clock's speed at each: it brings the
    log-likelihood back to the original time scale, on which it can be compared.
    """
    checked_history(states)
    x, recency, age = measured(states, states.time_unit, clock)
    data = history(x, recency, age, np.asarray(states.count))
    nbd = _maximise(_without_recency(data), FAMILIES["nbd"])
    fitted = ((name, _fit(data, states, FAMILIES[plain], nbd)) for name, plain in SEASONAL.items())
    return tuple(
        replace(model, name=name, clock=clock, log_likelihood=model.log_likelihood + log_speeds)
        for name, model in fitted
    )


def checked_history(states: PurchaseStates) -> History:
    """Distinct histories in the unit of the states; refuses impossible ones."""
    x, recency = np.asarray(states.frequency), np.asarray(states.recency_days)
    age, count = np.asarray(states.age_days), np.asarray(states.count)
    if not count.size or count.sum() <= 0:
        raise CxvalueError("There are no customers to fit a lifetime model to: the purchase states are empty.")
    wrong = (x < 0) | (recency < 0) | (recency > age) | ((x == 0) != (recency == 0)) | (count < 0)
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise CxvalueError(
            f"{int(wrong.sum())} purchase states are impossible, the first has frequency {x[i]}, recency {recency[i]} "
            f"days, age {age[i]} days and count {count[i]}. Allowed: 0 <= recency <= age, and a recency of 0 exactly "
            "when the frequency is 0."
        )
    days = states.time_unit.days
    return history(x, recency, age, count, days)


def _without_recency(data: History) -> History:
    """The histories as the NBD sees them: how many purchases at what age, whenever they were."""
    return history(data.x, np.zeros(data.x.size, dtype=int), data.age, data.weight)


def _maximise(data: History, family: Family, nbd: Optimum | None = None) -> Optimum:
    span = max(float(data.age.max()), 1e-9)
    rate = max(data.purchases, 0.5) / max(float((data.weight * data.age).sum()), 1e-9)
    low, high = math.log(1e-5), math.log(1e5)
    if family.name == "nbd":
        shape = [0.5, 2.0]
        starts = [np.log([r, r / rate]) for r in shape]
        bounds = [(low, high), (low + math.log(span), high + math.log(span))]
    else:
        assert nbd is not None
        r, alpha = np.exp(nbd.theta)
        if family.name == "pareto_nbd":
            tails = [(0.6, 0.3 * span), (0.05, span), (2.0, 2 * span)]
            bounds = [(low, high), (low + math.log(span), high + math.log(span)), (math.log(1e-6), high)]
            bounds.append((low + math.log(span), math.log(1e4 * span)))
        else:
            tails = [(0.8, 2.4), (0.05, 1.0), (0.5, 10.0)]
            bounds = [(low, high), (low + math.log(span), high + math.log(span))]
            bounds += 2 * [(math.log(1e-6), math.log(1e4))]
        factors = [(1.2, 0.6), (1.0, 1.0), (1.5, 1.0)]
        starts = [np.log([r * f, alpha * g, *tail]) for (f, g), tail in zip(factors, tails, strict=True)]
    middle = _Objective(family, coarsen(data, _MIDDLE)) if data.x.size > 4 * _MIDDLE else None
    on_all, on_few = _Objective(family, data), _Objective(family, coarsen(data))
    return maximise(on_all, on_few, starts, bounds, data.customers, middle)


class _Objective:
    """The log-likelihood of a family on given histories, with its curvature where the family has a formula for it."""

    def __init__(self, family: Family, data: History) -> None:
        self.family, self.data = family, data

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        return self.family.log_likelihood(theta, self.data)

    def curvature(self, theta: Floats, gradient: Floats) -> Floats | None:
        return None if self.family.curvature is None else self.family.curvature(theta, self.data, gradient)


def _fit(data: History, states: PurchaseStates, family: Family, yardstick: Optimum | None) -> LifetimeModel:
    nbd = yardstick or _maximise(_without_recency(data), FAMILIES["nbd"])
    optimum = _maximise(data, family, nbd) if family.dropout else nbd
    ratio = 2 * (optimum.value - nbd.value) if family.dropout else math.nan
    params = dict(zip(family.parameters, np.exp(optimum.theta).tolist(), strict=True))
    if family.dropout:
        status, reason = judge_dropout(data, family.title, params, optimum, ratio, DROPOUT_CRITICAL_VALUE)
    else:
        status, reason = _judge_without(data, family.title, optimum)
    covariance = invert(optimum.information)
    se = np.exp(optimum.theta) * np.sqrt(np.diag(covariance))
    return LifetimeModel(
        name=family.name,
        params=params,
        se=dict(zip(family.parameters, se.tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=float(optimum.value),
        customers=round(data.customers),
        time_unit=states.time_unit,
        status=status,
        reason=reason,
        likelihood_ratio=float(ratio),
    )


def _judge_without(data: History, title: str, optimum: Optimum) -> tuple[str, str]:
    """Status of a model without dropout, and the sentence for it."""
    if data.purchases == 0:
        return "degenerate", _NOBODY
    # At its bound the NBD has become a Poisson model with one rate for everybody, which forecasts as well.
    if optimum.converged or optimum.at_bound:
        return "ok", ""
    return "not_converged", f"The fit of the {title} did not settle on one best set of parameters."


def judge_dropout(
    data: History, title: str, params: Mapping[str, float], optimum: Optimum, ratio: float, critical: float
) -> tuple[str, str]:
    """Status of a model with dropout, and the sentence for it; `critical` is for the likelihood ratio against none."""
    if data.purchases == 0:
        return "degenerate", _NOBODY
    if ratio < critical:
        return "degenerate", (
            f"No dropout can be identified: the {title} describes these purchases hardly better than a model in which "
            f"nobody ever leaves (likelihood ratio {max(ratio, 0.0):.1f}, below the critical {critical:.1f})."
        )
    shape = "a" if "a" in params else "s"
    if params[shape] < _SMALLEST:
        return "degenerate", (
            f"The {title} ran to its limit: {shape} = {params[shape]:.2g}, nobody drops out. Its parameters are not "
            "identified."
        )
    if (optimum.converged or optimum.at_bound) and _alike(params, float(data.age.max())):
        return "ok", ""
    if not optimum.converged:
        return "not_converged", f"The fit of the {title} did not settle on one best set of parameters."
    if not optimum.positive_definite:
        return "degenerate", f"Quite different parameters of the {title} describe these purchases equally well."
    return "ok", ""


def _alike(params: Mapping[str, float], longest_age: float) -> bool:
    """Whether dropout has become the same for everybody: the limit of a model, which forecasts as well as any other."""
    if "a" in params:
        return params["a"] + params["b"] > _LARGEST
    return params["beta"] > _LONGEST * longest_age
