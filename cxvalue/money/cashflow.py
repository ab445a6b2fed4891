"""From an effect per customer and month to the margin of every month of a case, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from cxvalue.effects.effect import Cohort
from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import month_after, months_apart
from cxvalue.foundation.chance import principal_steps
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.sensible import as_shown, is_number, keep_plain, plain_number

if TYPE_CHECKING:
    from cxvalue.effects.effect import Effect

Persistence = Literal["measured", "none", "half_life"]

LAST_TIMES = 3
"""Event times whose mean stands for the effect beyond what was measured."""


@dataclass(frozen=True, slots=True)
class ProgrammeCosts:
    """What a programme costs: once at month 0, each month, and for each treated customer and month.

    `ranges` holds low and high of those that are not certain (95%), by name.
    """

    one_off: float = 0.0
    monthly: float = 0.0
    per_treated_customer_month: float = 0.0
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("one_off", "monthly", "per_treated_customer_month"):
            if not is_number(value := getattr(self, name), 0):
                raise CxvalueError("{name} == {cost}, must be an amount of 0 or more.", name=name, cost=as_shown(value))
        keep_plain(self, "one_off", "monthly", "per_treated_customer_month")
        ranges = {
            name: tuple(plain_number(end) if is_number(end) else end for end in ends)
            for name, ends in self.ranges.items()
        }
        object.__setattr__(self, "ranges", ranges)

    def flows(self, treated: Floats) -> dict[str, Floats]:
        """Each cost by month 0 … H, given the treated customers of months 1 … H."""
        months = np.ones(treated.size)
        return {
            "one_off": np.concatenate([[self.one_off], 0 * months]),
            "monthly": np.concatenate([[0.0], self.monthly * months]),
            "per_treated_customer_month": np.concatenate([[0.0], self.per_treated_customer_month * treated]),
        }


@dataclass(frozen=True, slots=True)
class CashBenefit:
    """A monthly benefit measured elsewhere that is money: cash, or a planned cost avoided. `low`–`high` hold 95%."""

    name: str
    monthly: float
    low: float
    high: float
    kind: Literal["cash", "avoided"] = "cash"
    owner: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        keep_plain(self, "monthly", "low", "high")
        if not self.low <= self.monthly <= self.high:
            raise CxvalueError(
                "The benefit {name!r}: {monthly:,} does not lie in {low:,} to {high:,}.",
                name=self.name,
                monthly=self.monthly,
                low=self.low,
                high=self.high,
            )


@dataclass(frozen=True, slots=True)
class Capacity:
    """Time or room that a programme sets free. It is shown, and no function here takes it into a cash flow."""

    name: str
    monthly: float
    low: float
    high: float
    owner: str = ""

    def __post_init__(self) -> None:
        keep_plain(self, "monthly", "low", "high")


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Treated customers by month of the case (months 1 … H) and months since their start.

    `customers` is months x event times; `months_seen` counts the months of the case that lie within the data.
    """

    customers: Floats
    first_month: date
    months_seen: int

    @property
    def by_month(self) -> Floats:
        """Treated customers in each month."""
        total: Floats = self.customers.sum(axis=1)
        return total


@dataclass(frozen=True, slots=True)
class Decay:
    """Monthly rate at which an effect fades (0: not at all), its standard error, and how often a lasting one seems to."""

    rate_per_month: float
    se: float
    p_value: float

    @property
    def significant(self) -> bool:
        """Whether an effect is carried on with this decay: a fade that chance would show less than 1 time in 20."""
        return self.rate_per_month > 0 and self.p_value < 0.05

    @property
    def rises(self) -> bool:
        """Whether the effect grew with the time since the start by more than chance would show 1 time in 20."""
        return self.rate_per_month == 0 and self.p_value > 0.95

    @property
    def half_life_months(self) -> float:
        """Months until half of the effect is left."""
        return float(np.log(2) / self.rate_per_month) if self.rate_per_month > 0 else float("inf")


def followed(
    effect: Effect, *, start: str, population: str, everyone: int, ramp_up_months: int
) -> tuple[date, list[Cohort]]:
    """The first month of a case and the cohorts that it follows, see `exposure`."""
    begin = effect.first_start if start == "first_start" else month_after(effect.last_month, 1)
    cohorts = list(effect.cohorts)
    if population == "all":
        part, stay = everyone / ramp_up_months, effect.stay_per_month
        # They are customers of the last month seen: until then nobody left, and who is reached later may have left by then.
        last = max(months_apart(begin, effect.last_month), 0)
        cohorts = [
            Cohort(
                month_after(begin, number), 0, round(part),
                (part * stay ** max(number - last, 0),) * (max(last - number, 0) + 1), stay,
            )
            for number in range(ramp_up_months)
        ]  # fmt: skip
    return begin, cohorts


def exposure(
    effect: Effect,
    *,
    horizon_months: int,
    start: str = "first_start",
    population: str = "treated",
    everyone: int = 0,
    ramp_up_months: int = 1,
) -> Exposure:
    """Follow the treated customers as they came in and left (`treated`), or roll out to `everyone` from month 1 on (`all`).

    A roll-out to everyone reaches an equal part of them in each of the first `ramp_up_months`.

    Month 1 is the first treated month of the first cohort (`first_start`) or the month after the last one seen (`as_of`).
    """
    begin, cohorts = followed(
        effect, start=start, population=population, everyone=everyone, ramp_up_months=ramp_up_months
    )
    size = horizon_months + max(months_apart(cohort.start, begin) for cohort in cohorts) + 1
    customers = np.zeros((horizon_months, max(size, horizon_months)))
    for cohort in cohorts:
        ahead = months_apart(cohort.start, begin)
        for month in range(max(-ahead, 0), horizon_months):
            customers[month, month + ahead] += cohort.there(month + ahead)
    seen = int(np.clip(months_apart(begin, effect.last_month) + 1, 0, horizon_months))
    return Exposure(customers, begin, seen)


def contiguous(effect: Effect) -> Floats:
    """The effect at 0, 1, 2, … months; one that could not be measured takes the value before it."""
    vector = np.full(int(effect.event_time.max()) + 1, np.nan)
    vector[effect.event_time] = effect.event_effect
    last = effect.estimate
    for place, value in enumerate(vector):
        last = value if np.isfinite(value) else last
        vector[place] = last
    return vector


def contiguous_draws(effect: Effect, draws: int, rng: np.random.Generator) -> Floats:
    """The same in so many draws, a row each: multivariate t around the event-time vector (normal without a df)."""
    steps = principal_steps((effect.covariance + effect.covariance.T) / 2)
    z = rng.standard_normal((draws, len(steps))) @ steps
    if np.isfinite(effect.df):
        z *= np.sqrt(effect.df / rng.chisquare(effect.df, draws))[:, None]
    vector = contiguous(effect)
    drawn = np.broadcast_to(vector, (draws, vector.size)).copy()
    drawn[:, effect.event_time] += z
    return drawn


def fit_decay(effect: Effect) -> Decay:
    """Does the effect fade with the time since the start? Log-linear by least squares, weighted by customer-months.

    effect(e) = A exp(-rate e), the two fitted to the event-time vector (Gauss-Newton); errors follow from its covariance.
    The p-value is one-sided, by the effect's degrees of freedom: how often an effect that lasts would seem to fall at least
    as much along log(1 + e). A rising effect counts as no decay.

    Weights from the covariance itself would be surer on paper and wrong: from few units it is known too poorly to be
    minimised over, and 13% of lasting effects of 12 units then seemed to fade.
    """
    kept = np.isfinite(effect.event_effect) & (effect.event_weight > 0)
    if kept.sum() < 4 or effect.estimate == 0:
        return Decay(0.0, 0.0, 0.5)
    y, time = effect.event_effect[kept], effect.event_time[kept].astype(float)
    covariance = effect.covariance[np.ix_(kept, kept)]
    weight = effect.event_weight[kept] / effect.event_weight[kept].sum()
    level, rate = float(effect.estimate), 0.0
    for _ in range(50):
        fade = np.exp(-rate * time)
        slopes = np.column_stack([fade, -level * time * fade])
        inward = slopes.T * weight
        step = np.linalg.lstsq(inward @ slopes, inward @ (y - level * fade), rcond=None)[0]
        level, rate = level + float(step[0]), float(np.clip(rate + step[1], -1.0, 3.0))
        if abs(step[1]) < 1e-10:
            break
    fade = np.exp(-rate * time)
    slopes = np.column_stack([fade, -level * time * fade])
    influence = np.linalg.pinv((slopes.T * weight) @ slopes) @ (slopes.T * weight)
    se = float(np.sqrt(max((influence @ covariance @ influence.T)[1, 1], 0.0)))
    return Decay(
        max(rate, 0.0), se, _chance_of_a_fall(y if effect.estimate > 0 else -y, time, weight, covariance, effect.df)
    )


def _chance_of_a_fall(y: Floats, time: Floats, weight: Floats, covariance: Floats, df: float) -> float:
    """One-sided p-value of a fall along log(1 + time): most of what fades does so early, where most customers are seen."""
    along = np.log1p(time)
    contrast = weight * (along - weight @ along)
    found, error = float(contrast @ y), float(np.sqrt(max(float(contrast @ covariance @ contrast), 0.0)))
    if error > 0:
        return float(special.stdtr(df, found / error))
    least = 1e-12 * float(np.max(np.abs(y)))
    return 0.5 if abs(found) <= least else float(found > 0)


def extend(
    event_effect: Floats,
    length: int,
    *,
    persistence: str = "measured",
    half_life_months: float | None = None,
    rate: float = 0.0,
) -> Floats:
    """Effects by event time (last axis) carried on to `length` months since the start.

    Beyond the last measured one: `measured` holds the mean of the last three, fading at `rate` a month; `none` is 0;
    `half_life` lets that mean halve every `half_life_months`.

    >>> extend(np.array([1.0, 2.0, 3.0, 4.0]), 6, persistence="measured").tolist()
    [1.0, 2.0, 3.0, 4.0, 3.0, 3.0]
    """
    measured = event_effect[..., :length]
    more = length - measured.shape[-1]
    if more <= 0:
        return measured
    held = event_effect[..., -LAST_TIMES:].mean(axis=-1, keepdims=True)
    ahead = np.arange(1, more + 1)
    if persistence == "none":
        shape = np.zeros(more)
    elif persistence == "half_life":
        if half_life_months is None or half_life_months <= 0:
            raise CxvalueError(
                "half_life_months == {months}, must be a number of months above 0.", months=half_life_months
            )
        shape = 0.5 ** (ahead / half_life_months)
    elif persistence == "measured":
        shape = np.exp(-rate * ahead)
    else:
        raise CxvalueError(
            "persistence == {persistence!r}, must be measured, none or half_life.", persistence=persistence
        )
    return np.concatenate([measured, held * shape], axis=-1)
