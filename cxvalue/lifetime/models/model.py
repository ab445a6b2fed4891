"""The fitted repeat-purchase model: parameters with their uncertainty, and everything it predicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.foundation.chance import principal_steps
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import check_level, reach_of
from cxvalue.foundation.plain import NOT_KEPT, Plain
from cxvalue.foundation.shown import Drawn
from cxvalue.language.words import enumerated
from cxvalue.lifetime.families.discounting import DiscountCurve
from cxvalue.lifetime.families.family import Family, Params
from cxvalue.lifetime.families.registry import MODELS, family_of
from cxvalue.lifetime.families.season import SeasonalClock
from cxvalue.lifetime.models.by_age import FewFutures
from cxvalue.tables.distinct import distinct_rows

if TYPE_CHECKING:
    from datetime import date

    from cxvalue.tables.states import PurchaseStates

_MANY = 25_000
"""States above which distinct histories are looked for."""


def measured(states: PurchaseStates, unit: TimeUnit, clock: SeasonalClock | None) -> tuple[Floats, Floats, Floats]:
    """Frequency, recency and age of states in a unit of time, on a seasonal clock if there is one."""
    x = np.asarray(states.frequency, dtype=float)
    recency, age = np.asarray(states.recency_days, dtype=float), np.asarray(states.age_days, dtype=float)
    if clock is not None:
        end = _day_number(states.as_of) + 1.0
        recency, age = clock.elapsed(end - age, end - age + recency), clock.elapsed(end - age, end)
    return x, recency / unit.days, age / unit.days


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LifetimeModel(Drawn, Plain):
    """A repeat-purchase model fitted by maximum likelihood; it carries its unit of time.

    Attributes:
        name: nbd, bg_nbd, mbg_nbd or pareto_nbd; bg_cnbd_k or mbg_cnbd_k for a regular rhythm; bg_bb, or bb without
            dropout, for opportunities that come once a calendar period, the unit of time.
        params: estimates by their name in the literature (r, alpha; a, b; s, beta; alpha, beta, gamma, delta).
        se: standard errors on the natural scale.
        covariance: of the log-parameters, in the order of `params`.
        log_likelihood: total, of the purchase times on the original time scale (unit `time_unit`).
        customers: number of customers fitted on.
        status: ok (also where the fit ran to the limit in which dropout is the same for everybody), degenerate (the data
            identify no dropout) or not_converged.
        reason: why the status is not ok, in one sentence; empty when it is.
        likelihood_ratio: 2 (log-likelihood - that of the model without dropout); nan for that model itself.
        clock: where rates follow the seasons: the histories are measured on it, and times ahead are converted to it.
        k: events to a purchase: above 1 the times between purchases are more regular than chance would have them.
        root: of a model of one group among several that were fitted together: a matrix whose product with its transpose
            is `covariance`, with columns that all the groups share, so that equal generators draw the groups jointly.

    The times given to the methods are in `time_unit`; states are converted to it.
    """

    name: str
    params: Mapping[str, float]
    se: Mapping[str, float]
    covariance: NDArray[np.float64]
    log_likelihood: float
    customers: int
    time_unit: TimeUnit
    status: str
    reason: str
    likelihood_ratio: float
    k: int = 1
    clock: SeasonalClock | None = None
    root: NDArray[np.float64] | None = field(default=None, metadata=NOT_KEPT)

    _card = "lifetime_card"

    @property
    def aic(self) -> float:
        """2 x number of parameters - 2 x log-likelihood; k counts as a parameter where it was chosen."""
        return 2.0 * (len(self.params) + (self.variant == "rhythm")) - 2.0 * self.log_likelihood

    @property
    def family(self) -> Family:
        """The functions behind the model."""
        return family_of(self.name, self.k)

    @property
    def variant(self) -> str:
        """What sets the model apart from a plain one: rhythm, season or covariates; empty for a plain one."""
        return MODELS[self.name].variant

    @property
    def values(self) -> Params:
        """The parameters as arrays of one, ready to broadcast with states."""
        return tuple(np.array([value], dtype=float) for value in self.params.values())

    @property
    def p_alive_withheld(self) -> bool:
        """Whether P(alive) is withheld: the model has no dropout, or none that the data identify."""
        return not self.family.dropout or self.status == "degenerate"

    @property
    def fallback(self) -> str:
        """Name of the model without dropout that forecasts where this one cannot."""
        return (self.family.still or self.family).name

    @property
    def typical(self) -> LifetimeModel:
        """A model with one set of parameters: this one."""
        return self

    def bounds(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Wald bounds from the log scale, so that none is negative."""
        z = reach_of(check_level(level))
        spread = np.exp(z * np.sqrt(np.diag(self.covariance)))
        return {name: (v / s, v * s) for (name, v), s in zip(self.params.items(), spread.tolist(), strict=True)}

    def with_params(self, values: ArrayLike) -> LifetimeModel:
        """The same model at other natural-scale parameters, in the order of `params`; the uncertainty is kept."""
        numbers = np.asarray(values, dtype=float)
        if numbers.shape != (len(self.params),) or not (np.isfinite(numbers) & (numbers > 0)).all():
            raise CxvalueError(
                "{model} needs {number} positive parameters ({names}), got {given}.",
                model=self.name,
                number=len(self.params),
                names=enumerated(self.params),
                given=numbers.tolist(),
            )
        return replace(self, params=dict(zip(self.params, numbers.tolist(), strict=True)))

    @property
    def directions(self) -> Floats:
        """Steps of one standard error of the log-parameters in independent directions, a row each."""
        return principal_steps(self.covariance) if self.root is None else self.root.T

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """n draws of the natural-scale parameters, (n, k), from the normal approximation on the log scale."""
        centre = np.log(np.array(list(self.params.values())))
        steps = self.directions
        return np.exp(centre + rng.standard_normal((n, len(steps))) @ steps)

    # what is known about a customer -----------------------------------------------------------------------------

    def history_of(self, states: PurchaseStates) -> tuple[Floats, Floats, Floats]:
        """Frequency, recency and age of states in this model's unit of time; whole numbers where it counts periods."""
        x, recency, age = measured(states, self.time_unit, self.clock)
        return (x, np.rint(recency), np.rint(age)) if self.family.by_period else (x, recency, age)

    def ahead(self, t: ArrayLike, as_of: date) -> Floats:
        """A time after the end of `as_of`, in `time_unit`, as the model measures it: on its seasonal clock if it has one."""
        times = np.asarray(t, dtype=float)
        if self.clock is None:
            return times
        start = _day_number(as_of) + 1.0
        return self.clock.elapsed(start, start + times * self.time_unit.days) / self.time_unit.days

    def curve(self, annual_rate: float, months: int, as_of: date) -> DiscountCurve:
        """What money is worth in each of the months after `as_of`, whose lengths are those on the model's clock."""
        curve = DiscountCurve.of(annual_rate, months, self.time_unit)
        if self.clock is None:
            return curve
        ends = self.ahead(self.time_unit.from_days(DAYS_PER_MONTH) * np.arange(1, months + 1), as_of)
        return curve.with_ends(ends)

    def p_alive(self, states: PurchaseStates) -> Floats:
        """P(still alive at T) a state; nan throughout when it is withheld (`p_alive_withheld`)."""
        x, recency, age = self.history_of(states)
        if self.p_alive_withheld:
            return np.full(x.shape, math.nan)
        return self.family.alive(self.values, x, recency, age)

    def p_silence(self, states: PurchaseStates) -> Floats:
        """P(a silence as long as the present one | the history before it, alive): small means a broken rhythm."""
        x, recency, age = self.history_of(states)
        return self.family.silence(self.values, x, recency, age)

    def futures(self, states: PurchaseStates) -> tuple[Floats, Params, NDArray[np.intp]]:
        """P(alive) of each state, the parameters of the distinct futures of the living, and which of these a state has."""
        x, recency, age = self.history_of(states)
        first, which = self._rows(states)
        future = self.family.future(self.values, x[first], recency[first], age[first])
        future = tuple(np.broadcast_to(value, first.shape).astype(float) for value in future)
        return self._alive(states, x, recency, age), future, which

    def few_futures(self, states: PurchaseStates) -> tuple[Floats, FewFutures, NDArray[np.intp]]:
        """As `futures`, where there are many of them at a few ages."""
        x, recency, age = self.history_of(states)
        first, which = self._rows(states)
        few = FewFutures.of(self.family, self.values, x[first], age[first], recency[first])
        return self._alive(states, x, recency, age), few, which

    def _alive(self, states: PurchaseStates, x: Floats, recency: Floats, age: Floats) -> Floats:
        """P(alive) of each state; of many it is worked out once a distinct history."""
        if x.size <= _MANY or not self.family.dropout:
            return self.family.alive(self.values, x, recency, age)
        rows, which = states.histories
        return self.family.alive(self.values, x[rows], recency[rows], age[rows])[which]

    def expected_transactions(self, states: PurchaseStates, t: ArrayLike) -> Floats:
        """E[purchases in (T, T + t]] a state; `t` one number or one a state."""
        alive, future, which, t_ = self._ahead(states, t)
        return alive * self.family.expected(future, t_[:, None])[..., 0][which]

    def p_return(self, states: PurchaseStates, t: ArrayLike) -> Floats:
        """P(at least one purchase in (T, T + t]] a state."""
        alive, future, which, t_ = self._ahead(states, t)
        return alive * (1 - self.family.none(future, t_))[which]

    def p_count(self, states: PurchaseStates, t: ArrayLike, n: ArrayLike) -> Floats:
        """P(exactly n purchases in (T, T + t]] elementwise; `n` and `t` one number or one a state."""
        return self._chance_of(n, *self._ahead(states, t))

    def foresee(self, states: PurchaseStates, t: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
        """`expected_transactions` and `p_count` at once: who is alive is worked out for both together."""
        alive, future, which, t_ = self._ahead(states, t)
        expected = alive * self.family.expected(future, t_[:, None])[..., 0][which]
        return expected, self._chance_of(n, alive, future, which, t_)

    def _chance_of(self, n: ArrayLike, alive: Floats, future: Params, which: NDArray[np.intp], t: Floats) -> Floats:
        count = np.broadcast_to(np.asarray(n, dtype=float), alive.shape)
        rows, each = distinct_rows(count, which)
        own = which[rows]
        chance = self.family.count(tuple(value[own] for value in future), t[own], count[rows])[each]
        return alive * chance + (1 - alive) * (count == 0)

    # what is expected of a new customer -------------------------------------------------------------------------

    def expected_new(self, t: ArrayLike) -> Floats:
        """E[X(t)]: repeat purchases of a new customer within t of the first, on the model's clock; shaped like `t`."""
        times = np.atleast_1d(np.asarray(t, dtype=float))
        share, future = self.family.newcomer(self.values)
        return (share[:, None] * self.family.expected(future, times.reshape(1, -1))).reshape(np.shape(t))

    def p_count_new(self, t: ArrayLike, n: ArrayLike) -> Floats:
        """P(X(t) = n) of a new customer, elementwise."""
        times, count = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(n, dtype=float))
        shape = times.shape
        times, count = times.reshape(-1), count.reshape(-1)
        share, future = self.family.newcomer(self.values)
        return (share * self.family.count(future, times, count) + (1 - share) * (count == 0)).reshape(shape)

    def to_lifetimes(self) -> Any:
        """The same model as a fitted object of the lifetimes package (none exists for the NBD)."""
        from cxvalue.lifetime.fitting.lifetimes_bridge import to_lifetimes

        return to_lifetimes(self)

    @classmethod
    def of(cls, model: LifetimeModel, **own: Any) -> Self:
        """The same model as one of this kind, with fields of its own."""
        return cls(**{field.name: getattr(model, field.name) for field in fields(LifetimeModel)} | own)

    def _rows(self, states: PurchaseStates) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return self.family.rows(states.frequency, states.recency_days, states.age_days)

    def _ahead(self, states: PurchaseStates, t: ArrayLike) -> tuple[Floats, Params, NDArray[np.intp], Floats]:
        """`futures` and a time ahead for each of them: one number keeps them few."""
        alive, future, which = self.futures(states)
        try:
            times = np.asarray(t, dtype=float)
        except (TypeError, ValueError):  # a text such as 12 months
            times = np.array(np.nan)
        if times.shape not in ((), (1,), alive.shape) or not (times >= 0).all():
            raise CxvalueError(
                "t must be a time of at least 0 {unit}s, one for all or one for each state.", unit=self.time_unit.value
            )
        times = self.ahead(times, states.as_of)
        if times.size == 1:
            return alive, future, which, np.broadcast_to(times, future[0].shape)
        return alive, tuple(value[which] for value in future), np.arange(which.size), times


def _day_number(day: date) -> float:
    return float(np.datetime64(day, "D").astype(np.int64))
