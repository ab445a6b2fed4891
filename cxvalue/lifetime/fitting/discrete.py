"""The fitted BG/BB model: customers who, once a period, take an opportunity or not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import reach_of
from cxvalue.lifetime.families import bgbb
from cxvalue.lifetime.families.bgbb_family import BB
from cxvalue.lifetime.families.family import Floats, History, Params, history
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.optimise import Optimum, coarsen, invert, maximise
from cxvalue.tables.periods import DiscreteStates, Period

if TYPE_CHECKING:
    from cxvalue.foundation.calendar import TimeUnit
    from cxvalue.tables.states import PurchaseStates

__all__ = ["DISCRETE_CRITICAL_VALUE", "DiscreteModel", "fit_bg_bb", "fit_by_period", "opportunities_of"]

DISCRETE_CRITICAL_VALUE = 8.0
"""Likelihood ratio against the beta-Bernoulli below which no dropout counts as identified.

From ``python -m tests.calibration.discrete_gate 300`` (2026-11-22): over worlds with 400 to 10,000 customers and 6 to
36 opportunities, in which nobody leaves, the largest 99% quantile was 7.79, rounded up. The donations have 4,581.
"""

_NOBODY = "No customer has taken an opportunity, so no probability of taking one can be estimated."


@dataclass(frozen=True, slots=True, eq=False)
class DiscreteModel:
    """A BG/BB model fitted by maximum likelihood; it carries the period in which its opportunities come.

    Attributes:
        params: alpha, beta (taking an opportunity) and gamma, delta (leaving before one), as in the literature.
        se: standard errors on the natural scale.
        covariance: of the log-parameters, in the order of `params`.
        log_likelihood: total, of the strings of opportunities.
        customers: number of customers fitted on.
        status: ok, degenerate (the data identify no dropout, or not which one) or not_converged.
        reason: why the status is not ok, in one sentence; empty when it is.
        likelihood_ratio: 2 (log-likelihood - that of the beta-Bernoulli model, in which nobody leaves).
    """

    params: Mapping[str, float]
    se: Mapping[str, float]
    covariance: NDArray[np.float64]
    log_likelihood: float
    customers: int
    period: Period
    status: str
    reason: str
    likelihood_ratio: float
    name: str = "bg_bb"

    @property
    def aic(self) -> float:
        """2 x number of parameters - 2 x log-likelihood."""
        return 2.0 * len(self.params) - 2.0 * self.log_likelihood

    @property
    def values(self) -> Params:
        """The parameters as arrays of one, ready to broadcast with states."""
        return tuple(np.array([self.params[name]], dtype=float) for name in bgbb.PARAMETERS)

    @property
    def p_alive_withheld(self) -> bool:
        """Whether P(alive) and the infinite horizon are withheld: the data identify no dropout."""
        return self.status == "degenerate"

    def bounds(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Wald bounds from the log scale, so that none is negative."""
        spread = np.exp(reach_of(level) * np.sqrt(np.diag(self.covariance)))
        return {name: (v / s, v * s) for (name, v), s in zip(self.params.items(), spread.tolist(), strict=True)}

    # what is known about a customer -----------------------------------------------------------------------------

    def p_alive(self, states: DiscreteStates, ahead: int = 0) -> Floats:
        """P(still alive at opportunity n + ahead) a state; nan throughout when it is withheld.

        The published figure "alive next year" has `ahead` = 1: customers leave before an opportunity, so it is below
        that at n.
        """
        steps = _whole(ahead, "ahead")
        if self.p_alive_withheld:
            return np.full(len(states), math.nan)
        return bgbb.alive(self.values, *_columns(states), ahead=steps)

    def expected_transactions(self, states: DiscreteStates, opportunities: int) -> Floats:
        """E[number of the next opportunities that are taken] a state (equation 13)."""
        alive, future = self._future(states)
        return alive * bgbb.expected(future, _whole(opportunities, "opportunities"))[:, -1]

    def p_count(self, states: DiscreteStates, opportunities: int, n: ArrayLike) -> Floats:
        """P(exactly n of the next opportunities are taken) elementwise; `n` one number or one a state."""
        taken = np.broadcast_to(np.asarray(n, dtype=float), (len(states),))
        alive, future = self._future(states)
        chance = bgbb.count(future, _whole(opportunities, "opportunities"), taken)
        return alive * chance + (1 - alive) * (taken == 0)

    def p_return(self, states: DiscreteStates, opportunities: int) -> Floats:
        """P(at least one of the next opportunities is taken) a state."""
        return 1 - self.p_count(states, opportunities, 0)

    def dert(self, states: DiscreteStates, annual_discount_rate: float) -> Floats:
        """Discounted expected residual transactions for ever, the next opportunity one period away (equation 14).

        The effective annual rate is converted to the period. Nan throughout when it is withheld: for ever without a
        dropout has no value.
        """
        if not annual_discount_rate > 0:
            raise CxvalueError(
                f"annual_discount_rate == {annual_discount_rate}, must be above 0 for an infinite horizon, for example "
                "0.1 for 10% a year."
            )
        if self.p_alive_withheld:
            return np.full(len(states), math.nan)
        rate = math.expm1(math.log1p(annual_discount_rate) / self.period.per_year)
        alive, (alpha, beta, gamma, delta) = self._future(states)
        later, which = np.unique(delta, return_inverse=True)
        worth = bgbb.annuity(gamma[:1], later, rate)[which.reshape(-1)] if later.size else delta
        return alive * alpha / (alpha + beta) * worth

    # what is expected of a new customer -------------------------------------------------------------------------

    def expected_new(self, opportunities: int) -> Floats:
        """E[X(m)], m = 0, 1, ..., `opportunities`: opportunities taken by a new customer after the acquisition."""
        return bgbb.expected(self.values, _whole(opportunities, "opportunities"))[0]

    def p_count_new(self, opportunities: int, n: ArrayLike) -> Floats:
        """P(X(m) = n) of a new customer, shaped like `n`."""
        taken = np.asarray(n, dtype=float)
        chance = bgbb.count(self.values, _whole(opportunities, "opportunities"), taken.reshape(-1))
        return chance.reshape(taken.shape)

    # exchange ---------------------------------------------------------------------------------------------------

    def to_lifetimes(self) -> Any:
        """The same model as a fitted object of the lifetimes package."""
        from cxvalue.lifetime.fitting.lifetimes_bridge import discrete_to_lifetimes

        return discrete_to_lifetimes(self)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{name}</td><td>{self.params[name]:.4g}</td><td>{self.se[name]:.2g}</td>"
            f"<td>{low:.4g} to {high:.4g}</td></tr>"
            for name, (low, high) in self.bounds().items()
        )
        note = f" {self.reason}" if self.reason else ""
        return (
            f"<table><caption>BG/BB, {self.customers:,} customers, one opportunity a {self.period.value}, "
            f"log-likelihood {self.log_likelihood:,.2f}: {self.status}.{note}</caption>"
            f"<tr><th>parameter</th><th>estimate</th><th>standard error</th><th>95% interval</th></tr>{rows}</table>"
        )

    def _future(self, states: DiscreteStates) -> tuple[Floats, Params]:
        x, recency, n = _columns(states)
        return bgbb.alive(self.values, x, recency, n), bgbb.posterior(self.values, x, n)


def fit_bg_bb(states: DiscreteStates) -> DiscreteModel:
    """Fit the BG/BB model by maximum likelihood to states, grouped or per customer.

    Read the `status` of the result before its parameters.

    Raises:
        CxvalueError: no customers, no opportunities, or impossible histories.
    """
    data = _checked(states)
    return _fitted(data, states.period, _no_dropout(data))


def opportunities_of(states: PurchaseStates) -> DiscreteStates:
    """Histories counted by calendar period (`cxvalue.tables.periods.by_period`) in whole opportunities.

    Raises:
        CxvalueError: a unit of time that is no period; histories with more purchases than periods.
    """
    unit = states.time_unit.value
    if unit not in list(Period):
        raise CxvalueError(f"The BG/BB counts calendar periods, and a {unit} is none. Allowed: {', '.join(Period)}.")
    recency, age = (np.rint(column).astype(np.int64) for column in (states.recency, states.T))
    if (states.frequency > recency).any():
        raise CxvalueError(
            f"Some customers bought more than once a {unit}: the BG/BB takes histories counted by period. Count the "
            "purchases with cxvalue.tables.periods.by_period first."
        )
    return DiscreteStates(states.frequency, recency, age, np.asarray(states.count), Period(unit), states.customer_id)


def fit_by_period(states: PurchaseStates) -> tuple[LifetimeModel, LifetimeModel]:
    """The beta-Bernoulli model without dropout and the BG/BB, fitted to histories that were counted by calendar period.

    `states` are those of `cxvalue.tables.periods.by_period`, in a week, month, quarter or year as their unit of time.
    Read the `status` of a result before its parameters.

    Raises:
        CxvalueError: as `fit_bg_bb` and `opportunities_of`.
    """
    counted, unit = opportunities_of(states), states.time_unit
    data = _checked(counted)
    still = _no_dropout(data)
    found = _fitted(data, counted.period, still)
    leaving = LifetimeModel(
        name=found.name,
        params=found.params,
        se=found.se,
        covariance=found.covariance,
        log_likelihood=found.log_likelihood,
        customers=found.customers,
        time_unit=unit,
        status=found.status,
        reason=found.reason,
        likelihood_ratio=found.likelihood_ratio,
    )
    return _still_model(data, still, unit), leaving


def _still_model(data: History, still: Optimum, unit: TimeUnit) -> LifetimeModel:
    """The beta-Bernoulli model at its optimum."""
    covariance, values = invert(still.information), np.exp(still.theta)
    status, reason = "ok", ""
    if data.purchases == 0:
        status, reason = "degenerate", _NOBODY
    elif not (still.converged or still.at_bound):
        status, reason = "not_converged", f"The fit of the {BB.title} did not settle on one best set of parameters."
    return LifetimeModel(
        name=BB.name,
        params=dict(zip(BB.parameters, values.tolist(), strict=True)),
        se=dict(zip(BB.parameters, (values * np.sqrt(np.diag(covariance))).tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=float(still.value),
        customers=round(data.customers),
        time_unit=unit,
        status=status,
        reason=reason,
        likelihood_ratio=math.nan,
    )


def _fitted(data: History, period: Period, still: Optimum) -> DiscreteModel:
    optimum = _maximise(data, still)
    params = dict(zip(bgbb.PARAMETERS, np.exp(optimum.theta).tolist(), strict=True))
    ratio = float(2 * (optimum.value - still.value))
    status, reason = _judge(data, optimum, ratio)
    covariance = invert(optimum.information)
    se = np.exp(optimum.theta) * np.sqrt(np.diag(covariance))
    return DiscreteModel(
        params=params,
        se=dict(zip(bgbb.PARAMETERS, se.tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=float(optimum.value),
        customers=round(data.customers),
        period=period,
        status=status,
        reason=reason,
        likelihood_ratio=ratio,
    )


def _checked(states: DiscreteStates) -> History:
    x, recency, n, count = states.frequency, states.recency, states.opportunities, states.count
    if not count.size or count.sum() <= 0:
        raise CxvalueError("There are no customers to fit a BG/BB model to: the states are empty.")
    wrong = (x < 0) | (recency > n) | (x > recency) | ((x == 0) != (recency == 0)) | (count < 0)
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise CxvalueError(
            f"{int(wrong.sum())} states are impossible, the first has frequency {x[i]}, recency {recency[i]}, "
            f"{n[i]} opportunities and count {count[i]}. Allowed: 0 <= frequency <= recency <= opportunities, and a "
            "recency of 0 exactly when the frequency is 0."
        )
    if not (count[n > 0] > 0).any():
        raise CxvalueError(
            f"No customer has had an opportunity yet: the first full {states.period.value} after an acquisition must "
            "have ended. Observe for longer, or choose a shorter period."
        )
    return history(x, recency, n, count)


def _no_dropout(data: History) -> Optimum:
    mean = min(max(data.purchases / float(data.weight @ data.age), 1e-3), 1 - 1e-3)
    starts = [np.log([mean * size, (1 - mean) * size]) for size in (1.0, 5.0)]
    bounds = 2 * [(math.log(1e-4), math.log(1e5))]
    small = coarsen(data)
    whole, part = (partial(_still, rows) for rows in (data, small))
    return maximise(whole, part, starts, bounds, data.customers)


def _maximise(data: History, still: Optimum) -> Optimum:
    alpha, beta = np.exp(still.theta)
    starts = [np.log(start) for start in ([alpha, beta, 0.5, 3.0], [2 * alpha, beta, 0.1, 2.0], [1.0, 1.0, 2.0, 20.0])]
    bounds = 2 * [(math.log(1e-4), math.log(1e5))] + 2 * [(math.log(1e-6), math.log(1e4))]
    small = coarsen(data)
    whole, part = (partial(_leaving, rows) for rows in (data, small))
    return maximise(whole, part, starts, bounds, data.customers)


def _still(data: History, theta: Floats) -> tuple[float, Floats]:
    return bgbb.no_dropout(theta, data)


def _leaving(data: History, theta: Floats) -> tuple[float, Floats]:
    return bgbb.log_likelihood(theta, data)


def _judge(data: History, optimum: Optimum, ratio: float) -> tuple[str, str]:
    """Status and the sentence for it."""
    if data.purchases == 0:
        return "degenerate", _NOBODY
    if ratio < DISCRETE_CRITICAL_VALUE:
        return "degenerate", (
            "No dropout can be identified: the BG/BB describes these histories hardly better than a model in which "
            f"nobody ever leaves (likelihood ratio {max(ratio, 0.0):.1f}, below the critical "
            f"{DISCRETE_CRITICAL_VALUE:.1f})."
        )
    if not optimum.converged:
        return "not_converged", "The fit of the BG/BB did not settle on one best set of parameters."
    # At a bound customers are all alike in something: the same chance to leave, or to buy as long as they stay. What is to
    # come is known as well as elsewhere then, though parameters that say how much customers differ can be anything large.
    if not (optimum.positive_definite or optimum.at_bound):
        return "degenerate", "Quite different parameters of the BG/BB describe these histories equally well."
    return "ok", ""


def _columns(states: DiscreteStates) -> tuple[Floats, Floats, Floats]:
    x, recency, n = (np.asarray(c, dtype=float) for c in (states.frequency, states.recency, states.opportunities))
    return x, recency, n


def _whole(value: int, name: str) -> int:
    if value < 0 or int(value) != value:
        raise CxvalueError(f"{name} == {value}, must be a whole number of opportunities, 0 or more.")
    return int(value)
