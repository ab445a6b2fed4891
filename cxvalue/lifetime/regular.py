"""BG/CNBD-k and MBG/CNBD-k: the BG/NBD and MBG/NBD for customers who buy at a regular rhythm.

Platzer and Reutterer (2016), Marketing Science 35(5), 779-799. A purchase comes at every k-th event of a Poisson
process with a rate drawn from Gamma(r, alpha), so the times between purchases are Erlang-k; k = 1 is the BG/NBD. With
the same number of parameters the models of k = 1, 2, ... are compared by their likelihood, which needs one statistic
more: the sum of the logarithms of the times between purchases.

Alive at T a customer has j = 0 ... k - 1 events since the last purchase, and the rate is then Gamma(r + kx + j,
alpha + T): every prediction is a sum over j of negative binomial ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, logsumexp, psi

from cxvalue.errors import CxvalueError, one_of
from cxvalue.lifetime.families import Floats, History
from cxvalue.lifetime.fitting import checked_history
from cxvalue.lifetime.nbd import log_rise
from cxvalue.lifetime.optimise import Optimum, coarsen, invert, maximise
from cxvalue.timeunit import TimeUnit

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

__all__ = ["REGULAR_CRITICAL_VALUE", "RegularModel", "fit_regular"]

_FIRST = {"bg_cnbd_k": 0, "mbg_cnbd_k": 1}
"""1 where the first purchase may be the last."""

_TITLES = {"bg_cnbd_k": "BG/CNBD", "mbg_cnbd_k": "MBG/CNBD"}


REGULAR_CRITICAL_VALUE = 7.0
"""Likelihood ratio against the same timing without dropout below which no dropout counts as identified.

That of the irregular models (`fitting.DROPOUT_CRITICAL_VALUE`), which are the case k = 1. For k = 2 it is on the safe
side: ``python -m tests.calibration.regular_gate 100`` (2026-11-22) found 99% quantiles of up to 4.70 in three
kinds of world with 400 and 2,000 customers; the largest of the 600 ratios was 9.05.
"""

_LARGEST_K = 4
_SMALLEST = 1e-3
_LARGEST = 1e3
_BLOCK = 16


def log_likelihood(theta: Floats, data: History, k: int, first: int, dropout: bool = True) -> tuple[float, Floats]:
    """Total in (ln r, ln alpha [, ln a, ln b]) with its gradient, without the terms of `regularity`."""
    r, alpha = np.exp(theta[:2]).tolist()
    x, w, kx = data.x, data.weight, k * data.x
    events, which = k * data.values, data.which
    rate, rate_slope = log_rise(r, events)[which], (psi(r + events) - psi(r))[which]
    log_age, log_recency = np.log(alpha + data.age), np.log(alpha + data.recency)
    value = rate + r * np.log(alpha) - (r + kx) * log_age
    terms, by_r, by_alpha = _stages(r, alpha, x, data.recency, data.age, k)
    if dropout:
        a, b = np.exp(theta[2:]).tolist()
        tosses = x + first
        last = np.where(tosses > 0, b + tosses - 1, 1.0)
        log_dead = np.where(tosses > 0, np.log(a) - np.log(last), -np.inf)
        terms = np.column_stack([terms, log_dead + (r + kx) * (log_age - log_recency)])
        by_r = np.column_stack([by_r, log_age - log_recency])
        by_alpha = np.column_stack([by_alpha, (r + kx) * (1 / (alpha + data.age) - 1 / (alpha + data.recency))])
        value = value + log_rise(b, tosses) - log_rise(a + b, tosses)
    whole = logsumexp(terms, axis=1)
    share = np.exp(terms - whole[:, None])
    slope_r = rate_slope + np.log(alpha) - log_age + (share * by_r).sum(axis=1)
    slope_alpha = r / alpha - (r + kx) / (alpha + data.age) + (share * by_alpha).sum(axis=1)
    gradient = [r * (w @ slope_r), alpha * (w @ slope_alpha)]
    if dropout:
        total = psi(a + b) - psi(a + b + tosses)
        gradient.append(a * (w @ (total + share[:, -1] / a)))
        gradient.append(b * (w @ (total + psi(b + tosses) - psi(b) - share[:, -1] / last)))
    return float(w @ (value + whole)), np.array(gradient)


def _stages(r: float, alpha: float, x: Floats, recency: Floats, age: Floats, k: int) -> tuple[Floats, Floats, Floats]:
    """ln of (silence^j / j!) (r + kx)_j / (alpha + T)^j for j = 0 ... k - 1, with its slopes in r and alpha."""
    shape = (x.size, k)
    terms, by_r, by_alpha = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    with np.errstate(divide="ignore"):
        log_share = np.log(age - recency) - np.log(alpha + age)
    for j in range(1, k):
        size = r + k * x + j - 1
        terms[:, j] = terms[:, j - 1] + log_share - math.log(j) + np.log(size)
        by_r[:, j] = by_r[:, j - 1] + 1 / size
        by_alpha[:, j] = -j / (alpha + age)
    return terms, by_r, by_alpha


def regularity(k: int, purchases: float, sum_log_gaps: float) -> float:
    """What the times between purchases add to the log-likelihood: no parameter is in it but k."""
    return (k - 1) * sum_log_gaps - purchases * math.lgamma(k)


@dataclass(frozen=True, slots=True, eq=False)
class RegularModel:
    """A (M)BG/CNBD-k model fitted by maximum likelihood; it carries its unit of time.

    Attributes:
        name: bg_cnbd_k or mbg_cnbd_k.
        k: events of the Poisson process to a purchase; 1 is irregular, more is more regular.
        params: estimates of r, alpha (of the events), a and b.
        se: standard errors on the natural scale.
        covariance: of the log-parameters, in the order of `params`.
        log_likelihood: total, of the purchase times on the original time scale.
        log_likelihood_by_k: the same for every k that was tried.
        customers: number of customers fitted on.
        status: ok, degenerate (the data identify no dropout, or a parameter sits at its limit) or not_converged.
        reason: why the status is not ok, in one sentence; empty when it is.
        likelihood_ratio: 2 (log-likelihood - that of the same timing without dropout).
    """

    name: str
    k: int
    params: Mapping[str, float]
    se: Mapping[str, float]
    covariance: NDArray[np.float64]
    log_likelihood: float
    log_likelihood_by_k: Mapping[int, float]
    customers: int
    time_unit: TimeUnit
    status: str
    reason: str
    likelihood_ratio: float

    @property
    def aic(self) -> float:
        """2 x number of parameters - 2 x log-likelihood; k counts as one when it was chosen."""
        chosen = int(len(self.log_likelihood_by_k) > 1)
        return 2.0 * (len(self.params) + chosen) - 2.0 * self.log_likelihood

    @property
    def p_alive_withheld(self) -> bool:
        """Whether P(alive) is withheld: the data identify no dropout."""
        return self.status == "degenerate"

    def p_alive(self, states: PurchaseStates) -> Floats:
        """P(still alive at T) a state; nan throughout when it is withheld."""
        if self.p_alive_withheld:
            return np.full(len(states), math.nan)
        return self._alive(*self._history(states))[0]

    def expected_transactions(self, states: PurchaseStates, t: ArrayLike) -> Floats:
        """E[purchases in (T, T + t]] a state; `t` one number or one a state."""
        return self._expected(*self._history(states), self._times(t, len(states)))

    def p_count(self, states: PurchaseStates, t: ArrayLike, n: ArrayLike) -> Floats:
        """P(exactly n purchases in (T, T + t]] elementwise; `n` and `t` one number or one a state."""
        taken = np.broadcast_to(np.asarray(n, dtype=float), (len(states),))
        return self._count(*self._history(states), self._times(t, len(states)), taken)

    def p_return(self, states: PurchaseStates, t: ArrayLike) -> Floats:
        """P(at least one purchase in (T, T + t]] a state."""
        return 1 - self.p_count(states, t, 0)

    def expected_new(self, t: ArrayLike) -> Floats:
        """E[X(t)]: repeat purchases of a new customer within t of the first; shaped like `t`."""
        times = np.asarray(t, dtype=float).reshape(-1)
        zero = np.zeros(times.shape)
        return self._expected(zero, zero, zero, self._times(times, times.size)).reshape(np.shape(t))

    def p_count_new(self, t: ArrayLike, n: ArrayLike) -> Floats:
        """P(X(t) = n) of a new customer, elementwise."""
        times, taken = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(n, dtype=float))
        zero, flat = np.zeros(times.size), self._times(times.reshape(-1), times.size)
        return self._count(zero, zero, zero, flat, taken.reshape(-1)).reshape(times.shape)

    def _history(self, states: PurchaseStates) -> tuple[Floats, Floats, Floats]:
        days = self.time_unit.days
        x = np.asarray(states.frequency, dtype=float)
        return x, np.asarray(states.recency_days, dtype=float) / days, np.asarray(states.age_days, dtype=float) / days

    def _times(self, t: ArrayLike, size: int) -> Floats:
        times = np.asarray(t, dtype=float)
        if times.shape not in ((), (1,), (size,)) or not (times >= 0).all():
            raise CxvalueError(f"t must be a time of at least 0 {self.time_unit.value}s, one for all or one a state.")
        return np.broadcast_to(times, (size,))

    def _alive(self, x: Floats, recency: Floats, age: Floats) -> tuple[Floats, Floats]:
        """P(alive), and given that the probability of each number of events since the last purchase."""
        r, alpha, a, b = self.params.values()
        terms = _stages(r, alpha, x, recency, age, self.k)[0]
        still = logsumexp(terms, axis=1)
        tosses = x + _FIRST[self.name]
        last = np.where(tosses > 0, b + tosses - 1, 1.0)
        log_dead = np.where(tosses > 0, np.log(a) - np.log(last), -np.inf)
        log_dead = log_dead + (r + self.k * x) * (np.log(alpha + age) - np.log(alpha + recency))
        return np.exp(still - np.logaddexp(still, log_dead)), np.exp(terms - still[:, None])

    def _reaches(self, stages: Floats, x: Floats, age: Floats, t: Floats, n: Floats) -> Floats:
        """P(time enough for at least n >= 1 purchases in t | alive), a row a state and a column for each n in its row."""
        r, alpha = self.params["r"], self.params["alpha"]
        z = (t / (alpha + age + t))[:, None]
        chance = np.zeros(n.shape)
        for j in range(self.k):
            chance += stages[:, j, None] * betainc(n * self.k - j, (r + self.k * x + j)[:, None], z)
        return chance

    def _expected(self, x: Floats, recency: Floats, age: Floats, t: Floats) -> Floats:
        """Sum over n of P(time enough for n purchases) x P(alive after n - 1 of them)."""
        a, b = self.params["a"], self.params["b"]
        alive, stages = self._alive(x, recency, age)
        total = np.zeros(x.shape)
        after = b + x + _FIRST[self.name]
        rows, start = np.flatnonzero(t > 0), 1
        while rows.size:
            n = np.broadcast_to(np.arange(start, start + _BLOCK, dtype=float), (rows.size, _BLOCK))
            left = np.exp(log_rise(after[rows, None], n - 1) - log_rise(a + after[rows, None], n - 1))
            terms = left * self._reaches(stages[rows], x[rows], age[rows], t[rows], n)
            total[rows] += terms.sum(axis=1)
            rows = rows[terms[:, -1] > 1e-14 * total[rows]]
            start += _BLOCK
        return alive * total

    def _count(self, x: Floats, recency: Floats, age: Floats, t: Floats, n: Floats) -> Floats:
        """All n tosses survived and time for just n purchases, or the n-th was the last and there was time for it."""
        a, b = self.params["a"], self.params["b"]
        alive, stages = self._alive(x, recency, age)
        before = np.maximum(n, 1.0)
        reached = self._reaches(stages, x, age, t, np.column_stack([before, n + 1]))
        after = b + x + _FIRST[self.name]
        stays = np.exp(betaln(a, after + n) - betaln(a, after))
        goes = np.exp(betaln(a + 1, after + before - 1) - betaln(a, after))
        at_least = np.where(n > 0, reached[:, 0], 1.0)
        chance = stays * (at_least - reached[:, 1]) + np.where(n > 0, goes * reached[:, 0], 0.0)
        return alive * chance + (1 - alive) * (n == 0)


def fit_regular(states: PurchaseStates, model: str = "bg_cnbd_k", k: int | None = None) -> RegularModel:
    """Fit a BG/CNBD-k or MBG/CNBD-k by maximum likelihood, with k of the highest likelihood up to 4 unless it is given.

    Args:
        states: purchase histories counted with `log_gaps`, grouped or per customer.
        model: bg_cnbd_k or mbg_cnbd_k.
        k: events to a purchase, at least 1.

    Returns:
        The fitted model in the unit of time of the states. Read its `status` before its parameters.

    Raises:
        CxvalueError: an unknown model, states without `sum_log_gaps`, no customers, or impossible histories.
    """
    if model not in _FIRST:
        raise CxvalueError(f"There is no model of regular timing {model!r}. {one_of(list(_FIRST))}")
    if k is not None and (k < 1 or int(k) != k):
        raise CxvalueError(f"k == {k}, must be a whole number of at least 1.")
    if states.sum_log_gaps is None:
        raise CxvalueError(
            "These states do not say how regularly customers buy. Count them again with purchase_states(..., "
            "log_gaps=True)."
        )
    data = checked_history(states)
    log_gaps = float(states.sum_log_gaps.sum()) - data.purchases * math.log(states.time_unit.days)
    found = {}
    for size in range(1, _LARGEST_K + 1) if k is None else (k,):
        found[size] = _maximise(data, size, _FIRST[model])
    height = {size: best.value + regularity(size, data.purchases, log_gaps) for size, (best, _) in found.items()}
    chosen = max(height, key=lambda size: height[size])
    optimum, still = found[chosen]
    names = ("r", "alpha", "a", "b")
    params = dict(zip(names, np.exp(optimum.theta).tolist(), strict=True))
    ratio = float(2 * (optimum.value - still.value))
    status, reason = _judge(data, f"{_TITLES[model]}-{chosen}", params, optimum, ratio)
    covariance = invert(optimum.information)
    se = np.exp(optimum.theta) * np.sqrt(np.diag(covariance))
    return RegularModel(
        name=model,
        k=chosen,
        params=params,
        se=dict(zip(names, se.tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=height[chosen],
        log_likelihood_by_k=height,
        customers=round(data.customers),
        time_unit=states.time_unit,
        status=status,
        reason=reason,
        likelihood_ratio=ratio,
    )


def _maximise(data: History, k: int, first: int) -> tuple[Optimum, Optimum]:
    """The best fit, and the best one without dropout."""
    span = max(float(data.age.max()), 1e-9)
    rate = k * max(data.purchases, 0.5) / max(float(data.weight @ data.age), 1e-9)
    low, high = math.log(1e-5), math.log(1e5)
    bounds = [(low, high), (low + math.log(span), high + math.log(span))]
    small = coarsen(data)
    whole, part = (partial(_objective, rows, k, first, False) for rows in (data, small))
    still = maximise(whole, part, [np.log([r, r / rate]) for r in (0.5, 2.0)], bounds, data.customers)
    r, alpha = np.exp(still.theta)
    tails = [(1.2, 0.6, 0.8, 2.4), (1.0, 1.0, 0.05, 1.0), (1.5, 1.0, 0.5, 10.0)]
    starts = [np.log([r * f, alpha * g, a, b]) for f, g, a, b in tails]
    bounds = bounds + 2 * [(math.log(1e-6), math.log(1e4))]
    whole, part = (partial(_objective, rows, k, first, True) for rows in (data, small))
    return maximise(whole, part, starts, bounds, data.customers), still


def _objective(data: History, k: int, first: int, dropout: bool, theta: Floats) -> tuple[float, Floats]:
    return log_likelihood(theta, data, k, first, dropout)


def _judge(data: History, title: str, params: Mapping[str, float], optimum: Optimum, ratio: float) -> tuple[str, str]:
    """Status and the sentence for it."""
    if data.purchases == 0:
        return "degenerate", "No customer has bought a second time, so no purchase rate can be estimated."
    if ratio < REGULAR_CRITICAL_VALUE:
        return "degenerate", (
            f"No dropout can be identified: the {title} describes these purchases hardly better than a model in which "
            f"nobody ever leaves (likelihood ratio {max(ratio, 0.0):.1f}, below the critical "
            f"{REGULAR_CRITICAL_VALUE:.1f})."
        )
    size = params["a"] + params["b"]
    if params["a"] < _SMALLEST or size > _LARGEST:
        what = f"a = {params['a']:.2g}" if params["a"] < _SMALLEST else f"a + b = {size:.3g}"
        return "degenerate", f"The {title} ran to its limit: {what}. Its parameters are not identified."
    if not optimum.converged:
        return "not_converged", f"The fit of the {title} did not settle on one best set of parameters."
    if not optimum.positive_definite:
        return "degenerate", f"Quite different parameters of the {title} describe these purchases equally well."
    return "ok", ""
