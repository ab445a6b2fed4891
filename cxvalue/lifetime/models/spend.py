"""Gamma-Gamma: what a purchase is worth (Fader, Hardie and Lee 2005; Fader and Hardie 2013, note 025).

The value of a customer's purchases is Gamma(p, nu) with the customer's own nu ~ Gamma(q, gamma), independent of how
often they buy. Mean value of a population: p gamma / (q - 1), which exists only for q > 1.

Where purchases without money are more than a few, they are no small purchases: the model then is of the purchases that
pay, times the probability that one does (`cxvalue.lifetime.models.payers`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, psi

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.chance import principal_steps
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import reach_of
from cxvalue.foundation.plain import Plain
from cxvalue.foundation.rounding import spread_of
from cxvalue.foundation.shown import Drawn
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.lifetime.models.optimise import invert, maximise
from cxvalue.lifetime.models.payers import PayShare, fit_payers
from cxvalue.tables.states import check_states

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

_PARAMETERS = ("p", "q", "gamma")
_SAMPLE = 5_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SpendModel(Drawn, Plain):
    """The spend per purchase of a population, and of a customer given what they spent.

    Attributes:
        params: p, q and gamma; empty when it could not be fitted.
        se: standard errors on the natural scale.
        covariance: of the log-parameters.
        log_likelihood: total; nan when not fitted.
        customers: repeat customers with a positive mean spend, on whom it rests.
        status: ok, degenerate or not_converged.
        reason: why the status is not ok, in one sentence that also says what is used instead.
        mean, mean_se: mean spend per repeat purchase, of purchases, with its standard error; the empirical fall-back.
        variation: coefficient of variation of mean spend between customers; used with the fall-back.
        pearson, spearman: correlation of frequency and mean spend over repeat customers, which the model takes as 0.
        pays: the share of purchases that bring money, where that is not (nearly) all of them; all else is then of these.
    """

    params: Mapping[str, float]
    se: Mapping[str, float]
    covariance: NDArray[np.float64]
    log_likelihood: float
    customers: int
    status: str
    reason: str
    mean: float
    mean_se: float
    variation: float
    pearson: float
    spearman: float
    pays: PayShare | None = None

    _card = "lifetime_card"

    name = "gamma_gamma"

    @property
    def usable(self) -> bool:
        """Whether the Gamma-Gamma model is used; otherwise everybody is expected to spend `mean`."""
        return self.status == "ok"

    @property
    def aic(self) -> float:
        """2 x number of parameters - 2 x log-likelihood."""
        return 2.0 * len(self.params) - 2.0 * self.log_likelihood

    def bounds(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Wald bounds from the log scale, so that none is negative."""
        z = reach_of(level)
        spread = np.exp(z * np.sqrt(np.diag(self.covariance)))
        return {name: (v / s, v * s) for (name, v), s in zip(self.params.items(), spread.tolist(), strict=False)}

    def population_mean(self) -> float:
        """Expected revenue of a purchase of a customer about whom nothing is known."""
        share = 1.0 if self.pays is None else self.pays.mean
        if not self.usable:
            return share * self.mean
        p, q, gamma = (self.params[name] for name in _PARAMETERS)
        return share * (p * gamma / (q - 1))

    def draw_population_mean(self, n: int, rng: np.random.Generator) -> Floats:
        """n draws of `population_mean` from what is unknown about the parameters."""
        if self.usable:
            p, q, gamma = self.draw(n, rng).T
            means = p * gamma / (q - 1)
        else:
            error = self.mean_se if math.isfinite(self.mean_se) else 0.0
            means = self.mean + error * rng.standard_normal(n)
        return means if self.pays is None else means * self.pays.draw(n, rng)

    def known(self, states: PurchaseStates) -> Spent:
        """What per-customer states say about the spend of each customer."""
        if states.mean_spend is None:
            raise CxvalueError("Expected spend needs states per customer: purchase_states(..., per_customer=True).")
        x, mean = known_spend(np.asarray(states.frequency, dtype=float), np.asarray(states.mean_spend, dtype=float))
        if self.pays is None:
            return Spent(x, mean)
        return Spent(*_of_paying(states), *self.pays.counted(states))

    def expected_of(self, spent: Spent) -> Floats:
        """Expected revenue of the next purchase of each customer."""
        expected = self.expected_given(spent.x, spent.mean)
        return expected if self.pays is None else expected * self.pays.given(spent.trials, spent.paid)

    def expected_at(self, parameters: Floats, spent: Spent) -> Floats:
        """`expected_of` at other values of (p, q, gamma)."""
        p, q, gamma = parameters
        # Only where the mean exists; draws near the edge are expanded from inside.
        expected = p * (gamma + spent.x * spent.mean) / (p * spent.x + max(q - 1, 1e-3))
        return expected if self.pays is None else expected * self.pays.given(spent.trials, spent.paid)

    def expected_spend(self, states: PurchaseStates) -> Floats:
        """Expected revenue of a purchase of each customer: between their own mean and that of the population."""
        return self.expected_of(self.known(states))

    def expected_given(self, x: ArrayLike, mean_spend: ArrayLike) -> Floats:
        """E[M | x, m] if it pays: weight p x / (p x + q - 1) on the customer's own mean; without a repeat purchase none."""
        frequency, own = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(mean_spend, dtype=float))
        if not self.usable:
            return np.full(frequency.shape, self.mean)
        known, own = known_spend(frequency, own)
        p, q, gamma = (self.params[name] for name in _PARAMETERS)
        return p * (gamma + known * own) / (p * known + q - 1)

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """n draws of (p, q, gamma), (n, 3), from the normal approximation on the log scale, with q kept above 1."""
        centre = np.log(np.array([self.params[name] for name in _PARAMETERS]))
        steps = principal_steps(self.covariance)
        draws = np.exp(centre + rng.standard_normal((n, 3)) @ steps)
        for _ in range(20):
            low = draws[:, 1] <= 1.0 + 1e-3
            if not low.any():
                break
            draws[low] = np.exp(centre + rng.standard_normal((int(low.sum()), 3)) @ steps)
        draws[draws[:, 1] <= 1.0 + 1e-3] = np.exp(centre)
        return draws

    def to_lifetimes(self) -> Any:
        """The same model as a fitted GammaGammaFitter of the lifetimes package."""
        from cxvalue.lifetime.fitting.lifetimes_bridge import spend_to_lifetimes

        return spend_to_lifetimes(self)


class Spent(NamedTuple):
    """What each customer's purchases say about spend: `x` of them with mean `mean`; `paid` of `trials` brought money."""

    x: Floats
    mean: Floats
    trials: Floats = np.zeros(0)
    paid: Floats = np.zeros(0)


def _of_paying(states: PurchaseStates) -> tuple[Floats, Floats]:
    """`known_spend` of the repeat purchases that brought money."""
    frequency, mean = np.asarray(states.frequency, dtype=float), np.asarray(states.mean_spend, dtype=float)
    paid = frequency if states.paid is None else np.asarray(states.paid, dtype=float)
    return known_spend(paid, np.where(paid > 0, mean * frequency / np.maximum(paid, 1), np.nan))


def known_spend(frequency: Floats, mean_spend: Floats) -> tuple[Floats, Floats]:
    """Purchases that tell something about spend, with their mean: none (0, 0) where the mean is unknown."""
    known = (frequency > 0) & np.isfinite(mean_spend)
    return np.where(known, frequency, 0.0), np.where(known, np.maximum(mean_spend, 0.0), 0.0)


class _Spending(NamedTuple):
    """Mean spends m of x purchases, with what the likelihood needs of them summed up once.

    `values` are the distinct x; `which` says which of them a customer has, `number` how many customers have each and
    `logs` their sum of ln m.
    """

    x: Floats
    m: Floats
    values: Floats
    which: NDArray[np.intp]
    number: Floats
    logs: Floats

    @classmethod
    def of(cls, x: Floats, m: Floats, values: Floats, which: NDArray[np.intp]) -> _Spending:
        number = np.bincount(which, minlength=values.size).astype(float)
        return cls(x, m, values, which, number, np.bincount(which, np.log(m), values.size).astype(np.float64))


def log_likelihood(
    theta: Floats, x: Floats, m: Floats, values: Floats, which: NDArray[np.intp]
) -> tuple[float, Floats]:
    """Total log-likelihood of mean spends m of x purchases in (ln p, ln q, ln gamma), with its gradient.

    `values` are the distinct x and `which` says which of them each customer has.
    """
    return _log_likelihood(theta, _Spending.of(x, m, values, which))


def _log_likelihood(theta: Floats, data: _Spending) -> tuple[float, Floats]:
    """The same from sums; only gamma + m x differs from customer to customer."""
    p, q, gamma = np.exp(theta)
    values, number = data.values, data.number
    shape, total = p * values, p * values + q
    rate = gamma + data.m * data.x
    log_rate = np.bincount(data.which, np.log(rate))
    inverse_rate = np.bincount(data.which, 1 / rate)
    once = gammaln(total) - gammaln(shape) - gammaln(q) + q * np.log(gamma) + shape * np.log(values)
    value = number @ once + (shape - 1) @ data.logs - total @ log_rate
    by_p = number @ (values * (psi(total) - psi(shape) + np.log(values))) + values @ (data.logs - log_rate)
    by_q = number @ (psi(total) - psi(q) + np.log(gamma)) - log_rate.sum()
    by_gamma = q / gamma * number.sum() - total @ inverse_rate
    return float(value), np.array([p * by_p, q * by_q, gamma * by_gamma])


def fit_spend(states: PurchaseStates) -> SpendModel:
    """Fit Gamma-Gamma to the mean spend of repeat purchases of customers with x > 0 and a positive mean.

    Raises:
        CxvalueError: states without spend, or without one repeat purchase of positive value.
    """
    check_states(states)
    if states.mean_spend is None:
        raise CxvalueError("The spend model needs states per customer: purchase_states(..., per_customer=True).")
    pays = fit_payers(states)
    x, m = np.asarray(states.frequency, dtype=float), np.asarray(states.mean_spend, dtype=float)
    if pays is not None:
        x, m = _of_paying(states)
    known = (x > 0) & np.isfinite(m)
    spending = known & (m > 0)
    if not spending.any():
        raise CxvalueError(
            "No spend can be estimated: no customer has a repeat purchase with positive revenue. Check that revenue is "
            "filled in and that the table goes back far enough to hold second purchases."
        )
    mean, mean_se = _ratio_mean(x[known], m[known])
    x, m = x[spending], m[spending]
    variation = float(m.std() / m.mean()) if m.size > 1 else 0.0
    pearson, spearman = _correlations(x, m)
    theta, covariance, value, status, reason = _fit(x, m)
    fallback = (
        translate(
            "Every purchase is therefore expected to bring the mean of all repeat purchases, {mean:,.2f}.", mean=mean
        )
        if pays is None
        else translate(
            "Every purchase is therefore expected to bring the mean of the repeat purchases that bring money, {mean:,.2f}.",
            mean=mean,
        )
    )
    params = dict(zip(_PARAMETERS, np.exp(theta).tolist(), strict=True)) if theta.size else {}
    se = dict(zip(_PARAMETERS, (np.exp(theta) * np.sqrt(np.diag(covariance))).tolist(), strict=True)) if params else {}
    return SpendModel(
        params=params,
        se=se,
        covariance=covariance,
        log_likelihood=value,
        customers=int(x.size),
        status=status,
        reason=f"{reason} {fallback}" if reason else "",
        mean=mean,
        mean_se=mean_se,
        variation=variation,
        pearson=pearson,
        spearman=spearman,
        pays=pays,
    )


def _fit(x: Floats, m: Floats) -> tuple[Floats, Floats, float, str, str]:
    nothing = np.zeros(0), np.zeros((0, 0)), math.nan
    if x.size < 3:
        return (
            *nothing,
            "degenerate",
            translate_count(
                "Only {count} repeat customer has spend, too few for a Gamma-Gamma model.",
                "Only {count} repeat customers have spend, too few for a Gamma-Gamma model.",
                int(x.size),
            ),
        )
    scale = float(m.mean())
    objective = partial(_log_likelihood, data=_spending(x, m))
    start_objective = objective
    if x.size > 4 * _SAMPLE:
        # Start values only: every so-manyth customer in order of purchases and spend, scaled up to all.
        pick = np.lexsort((m, x))[:: x.size // _SAMPLE]
        start_objective = partial(_scaled, data=_spending(x[pick], m[pick]), factor=x.size / pick.size)

    starts = [np.log([p, q, (q - 1) * scale / p]) for p, q in ((3.0, 4.0), (1.0, 2.0), (20.0, 10.0))]
    span = (math.log(1e-4), math.log(1e5))
    bounds = [span, span, (span[0] + math.log(scale), span[1] + math.log(scale))]
    optimum = maximise(objective, start_objective, starts, bounds, float(x.size))
    covariance = invert(optimum.information)
    found = optimum.theta, covariance, float(optimum.value)
    q = math.exp(optimum.theta[1])
    if q <= 1:
        reason = translate("Spend is spread so widely that its Gamma-Gamma mean does not exist (q = {q:.2f}).", q=q)
        return *found, "degenerate", reason
    # At a bound all purchases of a customer, or all customers, are alike: a limit that forecasts as well.
    if not (optimum.converged or optimum.at_bound):
        return (
            *found,
            "not_converged",
            translate("The Gamma-Gamma fit did not converge to a single best set of parameters."),
        )
    return *found, "ok", ""


def _spending(x: Floats, m: Floats) -> _Spending:
    values, which = np.unique(x, return_inverse=True)
    return _Spending.of(x, m, values, which.reshape(-1))


def _scaled(theta: Floats, data: _Spending, factor: float) -> tuple[float, Floats]:
    value, gradient = _log_likelihood(theta, data)
    return factor * value, factor * gradient


def _ratio_mean(x: Floats, m: Floats) -> tuple[float, float]:
    """Mean spend per purchase with its standard error, customers being the units that vary independently."""
    mean = float((x * m).sum() / x.sum())
    if x.size < 2:
        return mean, math.nan
    residual = x * (m - mean)
    return mean, float(np.sqrt((residual**2).sum() * x.size / (x.size - 1)) / x.sum())


def _correlations(x: Floats, m: Floats) -> tuple[float, float]:
    if x.size < 3 or not spread_of(x) or not spread_of(m):
        return math.nan, math.nan

    def ranks(values: Floats) -> Floats:
        _, position, count = np.unique(values, return_inverse=True, return_counts=True)
        return (np.cumsum(count) - (count - 1) / 2)[position.reshape(-1)]

    return float(np.corrcoef(x, m)[0, 1]), float(np.corrcoef(ranks(x), ranks(m))[0, 1])
