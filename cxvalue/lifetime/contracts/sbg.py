"""The shifted-beta-geometric model (sBG): customers under contract, each of whom may leave at the end of every period.

Every customer leaves at the end of a period with a probability of their own, the same in each period; over customers it
is Beta(alpha, beta). Then P(still there after t periods) is S(t) = B(alpha, beta + t) / B(alpha, beta), and the share who
stay rises with age although nobody changes: those likely to leave have left. Source: Fader and Hardie, "How to project
customer retention", Journal of Interactive Marketing 21 (2007).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, psi

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.chance import principal_steps
from cxvalue.foundation.errors import CxvalueError, one_of
from cxvalue.foundation.intervals import reach_of
from cxvalue.foundation.plain import Plain
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.lifetime.models.optimise import Optimum, invert, maximise

PERIODS_PER_YEAR = {"month": 12.0, "year": 1.0}
PARAMETERS = ("alpha", "beta")

_BOUNDS = ((-10.0, 14.0), (-10.0, 14.0))
_STARTS = (0.5, 2.0, 20.0)

CHANCE, BEGAN, SINCE = "renewal", "began", "since"


@dataclass(frozen=True, slots=True, eq=False)
class Durations:
    """How long contracts lasted, in whole periods, with the number of contracts of each kind.

    The number need not be whole: where only a part of a period could be seen, a contract stands with that part among those
    renewed once more and with the rest among the others.

    A contract comes under observation at the age `entry` (0: from its start) and is known to have been renewed
    `renewed` times in all; where `ended`, it was not renewed once more. Contracts that ended before their entry cannot
    be in the data, and the likelihood takes that into account.
    """

    entry: NDArray[np.int64]
    renewed: NDArray[np.int64]
    ended: NDArray[np.bool_]
    count: Floats

    @property
    def contracts(self) -> int:
        """Number of contracts."""
        return round(float(self.count.sum()))

    @property
    def ends(self) -> int:
        """Number of contracts that were seen to end."""
        return round(float(self.count[self.ended].sum()))


def durations(
    renewed: ArrayLike, ended: ArrayLike, *, entry: ArrayLike = 0, count: ArrayLike | None = None
) -> Durations:
    """Gather contracts of equal history; raises `CxvalueError` where a contract was never under observation.

    >>> durations([2, 0, 2], [False, True, False]).count.tolist()
    [1.0, 2.0]
    """
    survived = np.atleast_1d(np.asarray(renewed, dtype=np.int64))
    left = np.broadcast_to(np.asarray(ended, dtype=bool), survived.shape)
    first = np.broadcast_to(np.asarray(entry, dtype=np.int64), survived.shape)
    weight = np.broadcast_to(np.asarray(1 if count is None else count, dtype=float), survived.shape)
    wrong = (first < 0) | (survived < first)
    if wrong.any():
        raise CxvalueError(
            "Contracts that were renewed fewer times than the age at which they came under observation: "
            "{contracts:,}. Leave out contracts that ended before it.",
            contracts=int(wrong.sum()),
        )
    rows, which = np.unique(np.stack([first, survived, left]), axis=1, return_inverse=True)
    total = np.bincount(which.ravel(), weights=weight, minlength=rows.shape[1]).astype(float)
    return Durations(rows[0], rows[1], rows[2].astype(bool), total)


def survival(alpha: ArrayLike, beta: ArrayLike, t: ArrayLike, renewed: ArrayLike = 0) -> Floats:
    """P(t more renewals | `renewed` so far) = S(renewed + t) / S(renewed), broadcast over its arguments.

    >>> survival(1.0, 1.0, [0, 1, 2]).round(4).tolist()
    [1.0, 0.5, 0.3333]
    """
    a, t_ = np.asarray(alpha, dtype=float), np.asarray(t, dtype=float)
    b = np.asarray(beta, dtype=float) + np.asarray(renewed, dtype=float)
    return np.exp(gammaln(b + t_) - gammaln(b) + gammaln(a + b) - gammaln(a + b + t_))


def _log_likelihood(data: Durations) -> Callable[[Floats], tuple[float, Floats]]:
    """Total log-likelihood and its gradient as a function of the log-parameters, entry conditioned on."""
    entry, n = data.entry.astype(float), data.renewed.astype(float)
    ended, weight = data.ended.astype(float), data.count.astype(float)

    def objective(theta: Floats) -> tuple[float, Floats]:
        a, b = np.exp(theta)
        stayed = gammaln(b + n) - gammaln(b + entry) + gammaln(a + b + entry) - gammaln(a + b + n)
        left = np.log(a) - np.log(a + b + n)
        both = psi(a + b + entry) - psi(a + b + n)
        slope_a = both + ended * (1 / a - 1 / (a + b + n))
        slope_b = both + psi(b + n) - psi(b + entry) - ended / (a + b + n)
        value = float(weight @ (stayed + ended * left))
        return value, np.array([a * (weight @ slope_a), b * (weight @ slope_b)])

    return objective


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose rate of leaving is another one: at the chance after `months` renewals (kind `renewal`), of those who began in
    the last `months` (`began`), or of everybody in the last `months` (`since`); with 0 of these, by the year up to today.
    """

    kind: str
    months: int

    @property
    def name(self) -> str:
        """Of its factor among the parameters."""
        if self.kind == CHANCE:
            return f"pace_renewal_{self.months + 1}"
        return f"pace_{self.kind}_{self.months}_months" if self.months else f"pace_{self.kind}_a_year"


@dataclass(frozen=True, slots=True, eq=False)
class RenewalModel(Plain):
    """An sBG fitted by maximum likelihood; it carries the length of its period.

    Attributes:
        params: alpha and beta, the beta distribution of the probability to leave at the end of a period.
        se: standard errors on the natural scale.
        covariance: of the log-parameters.
        log_likelihood: total, given that each contract had reached its entry.
        customers: number of contracts fitted on.
        time_unit: the period, month or year.
        status: ok, degenerate (a parameter sits at its limit) or not_converged.
        reason: why the status is not ok, in one sentence; empty when it is.
        marks: what the sBG alone does not know (`renewal_marks`); of each `params` has the factor on the rate of
            leaving, after alpha and beta and in this order.
    """

    params: Mapping[str, float]
    se: Mapping[str, float]
    covariance: NDArray[np.float64]
    log_likelihood: float
    customers: int
    time_unit: str
    status: str
    reason: str
    marks: tuple[Mark, ...] = ()

    @property
    def name(self) -> str:
        """Its name in published tables."""
        return "sbg"

    @property
    def aic(self) -> float:
        """2 x number of parameters - 2 x log-likelihood."""
        return 2.0 * len(self.params) - 2.0 * self.log_likelihood

    @property
    def values(self) -> tuple[float, float]:
        """alpha and beta."""
        return self.params["alpha"], self.params["beta"]

    def bounds(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Wald bounds from the log scale, so that none is negative."""
        z = reach_of(level)
        spread = np.exp(z * np.sqrt(np.diag(self.covariance)))
        return {name: (v / s, v * s) for (name, v), s in zip(self.params.items(), spread.tolist(), strict=True)}

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """n draws of the parameters, shape (n, parameters), from the normal approximation on the log scale."""
        steps = principal_steps(self.covariance)
        return np.exp(np.log(list(self.params.values())) + rng.standard_normal((n, len(steps))) @ steps)

    @property
    def changed(self) -> bool:
        """Whether newer customers, or everybody of late, leave at another rate than before."""
        return any(mark.kind != CHANCE for mark in self.marks)

    @property
    def otherwise(self) -> float:
        """How many times as fast as forecast customers leave if a change of late is over, or goes on for another year.

        1 where everybody's rate has not changed.
        """
        pace = 1.0
        for mark, factor in zip(self.marks, list(self.params.values())[2:], strict=True):
            if mark.kind == SINCE:
                pace *= 1 / factor if mark.months else factor
        return pace

    def survival(self, t: ArrayLike, renewed: ArrayLike = 0) -> Floats:
        """P(t more renewals | `renewed` so far); with `renewed` 0 the survival curve S(t)."""
        return self.curve(np.array(list(self.params.values())), t, renewed)

    def curve(self, drawn: Floats, t: ArrayLike, renewed: ArrayLike = 0, began: float | None = None) -> Floats:
        """The same at other parameters, with a first axis where `drawn` has a row a draw.

        Who has renewed so often began so many periods and half a one before the last day, unless `began` says how many
        months before.
        """
        _, done = np.broadcast_arrays(np.asarray(t), np.asarray(renewed))
        alpha, beta, *factors = (part.reshape(part.shape + (1,) * done.ndim) for part in np.moveaxis(drawn, -1, 0))
        stays = survival(alpha, beta, t, renewed)
        step = 12 / PERIODS_PER_YEAR[self.time_unit]
        months = (done + 0.5) * step if began is None else np.full(done.shape, began)
        pace: Floats = np.ones(())
        for mark, factor in zip(self.marks, factors, strict=True):
            if mark.kind == CHANCE:
                ahead = (done <= mark.months) & (mark.months < done + np.asarray(t))
                one = np.log1p(alpha / (beta + mark.months))
                stays = stays * np.where(ahead, np.exp(-one * (factor - 1)), 1.0)
            elif mark.months:
                pace = pace * np.where((months < mark.months) | (mark.kind == SINCE), factor, 1.0)
            elif mark.kind == BEGAN:
                pace = pace * factor ** (-months / 12)
        return np.asarray(stays**pace) if self.marks else stays


def fit_renewal(data: Durations, *, time_unit: str = "month") -> RenewalModel:
    """Fit the sBG to contract durations by maximum likelihood.

    Raises `CxvalueError` when no contract is under observation for a whole period, or none was seen to end: then there
    is nothing from which a probability of leaving could be learnt.
    """
    if time_unit not in PERIODS_PER_YEAR:
        refused = translate("time_unit is {unit!r}.", unit=time_unit)
        raise CxvalueError(closed_up(f"{refused} {one_of(list(PERIODS_PER_YEAR))}"))
    periods = round(float((data.count * (data.renewed - data.entry + data.ended)).sum()))
    if not data.ends:
        if periods:
            raise CxvalueError(
                ("No contract ended in {periods:,} {unit}s, so the data say nothing about how long contracts last."),
                periods=periods,
                unit=time_unit,
            )
        raise CxvalueError(
            "No contract ended and none was observed for a full {unit}, so the data say nothing about how "
            "long contracts last.",
            unit=time_unit,
        )
    rate = data.ends / max(periods, 1)
    share = min(max(rate, 1e-4), 1 - 1e-4)
    starts = [np.log(np.array([share, 1 - share]) * total) for total in _STARTS]
    objective = _log_likelihood(data)
    found = maximise(objective, objective, starts, _BOUNDS, float(data.contracts))
    covariance = invert(found.information)
    values = np.exp(found.theta)
    status, reason = fit_renewal_status(found)
    return RenewalModel(
        params=dict(zip(PARAMETERS, values.tolist(), strict=True)),
        se=dict(zip(PARAMETERS, (values * np.sqrt(np.diag(covariance))).tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=found.value,
        customers=data.contracts,
        time_unit=time_unit,
        status=status,
        reason=reason,
    )


def fit_renewal_status(found: Optimum) -> tuple[str, str]:
    """Whether the search ended at a top (ok), at a limit (degenerate) or neither (not_converged), and why not."""
    if found.at_bound:
        told = (
            translate(
                "How long customers have stayed does not show how likely they are to leave: the share that stays"
                " is the same at every age. Forecasts use that share."
            )
            if found.theta[:2].min() > 0
            else translate(
                "Too few contracts ended to show how customers differ; the forecast rests on the few that did."
            )
        )
        return "degenerate", told
    if not (found.converged and found.positive_definite):
        return "not_converged", translate("The search for the best parameters did not converge.")
    return "ok", ""
