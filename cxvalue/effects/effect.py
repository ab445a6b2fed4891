"""The frozen result that every design ends in: an estimate, its event-time vector with covariance, and its checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.grades import lower_grade
from cxvalue.foundation.plain import Plain
from cxvalue.foundation.shown import Drawn
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated

DESIGNS = ("experiment", "staggered", "matched", "single_unit")
BASE_GRADES = {"experiment": "A", "staggered": "B", "single_unit": "B", "matched": "C"}
OUTCOMES = {
    "margin": translatable("margin"),
    "revenue": translatable("revenue"),
    "orders": translatable("orders"),
    "interactions": translatable("contacts"),
}
"""Outcomes that cxvalue knows; any other is an analyst's own word."""


def outcome_word(outcome: str) -> str:
    """An outcome as readers are told it.

    >>> outcome_word("interactions"), outcome_word("visits")
    ('contacts', 'visits')
    """
    return translate(OUTCOMES[outcome]) if outcome in OUTCOMES else outcome


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a design's assumptions.

    `question` is what it asks, in an analyst's words; `detail` the sentence with what was found. `passed` is None where
    the data could not make the check. Only `gating` checks lower the evidence grade. Checks with a `p_value` are judged
    together (`holm`), others by their own rule. A design rests on the checks that are `needed`: one that could not be made
    lowers the grade like one that failed, since nobody knows.
    """

    name: str
    question: str
    passed: bool | None
    gating: bool
    detail: str
    p_value: float | None = None
    needed: bool = False

    @property
    def lowers(self) -> bool:
        """Whether it takes the grade down by one."""
        unknown = self.passed is None and self.p_value is None and self.needed
        return self.gating and (self.passed is False or unknown)


@dataclass(frozen=True, slots=True)
class Alternative:
    """The same effect by another estimator or another cut of the data, shown beside the estimate."""

    name: str
    estimate: float
    se: float | None = None
    detail: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The units that started in one month: `start` is the first full month under treatment, as its first day.

    `still` are the customers who are there in the months 0, 1, … since then, as far as the data go, where some leave (empty:
    nobody does); beyond, `stay_per_month` of them stay from one month to the next.
    """

    start: date
    units: int
    customers: int
    still: tuple[float, ...] = ()
    stay_per_month: float = 1.0

    def there(self, since: int) -> float:
        """Customers who are there so many months after the start.

        >>> [Cohort(date(2026, 1, 1), 1, 10, (10.0, 8.0), 0.5).there(month) for month in (0, 1, 3)]
        [10.0, 8.0, 2.0]
        """
        if not self.still:
            return float(self.customers)
        known = min(since, len(self.still) - 1)
        return float(self.still[known] * self.stay_per_month ** (since - known))


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a programme changed of leaving: `effect` on the share of the customers there who leave at the end of a month.

    `brings` is what a customer who had the programme and was there brought a month over the last 12 months, in the outcome's
    own unit.
    """

    effect: Effect
    brings: float


@dataclass(frozen=True, repr=False)
class Effect(Drawn, Plain):
    """What a programme changed per treated customer and month, and how sure that is.

    `estimate` is the mean over the treated customer-months that could be identified, with standard error `se`, a
    reference t distribution of `df` degrees of freedom (infinite: normal) and its interval `low`–`high` at `level`.
    `event_time` counts months since a unit's first treated month (0, 1, …); `event_effect` is the effect there with
    `covariance`, and `event_weight` the treated customer-months behind it. `pre_*` are the same before the start (−1, −2,
    …), counted from the same base. `naive` is before/after on the treated alone. Money is in the study's currency, per
    customer and month; `outcome` says of what. `over`: the programme was switched off, and `last_month` is the last full
    month with it.
    """

    design: str
    outcome: str
    unit: str
    estimate: float
    se: float
    df: float
    low: float
    high: float
    level: float
    event_time: NDArray[np.int64]
    event_effect: NDArray[np.float64]
    covariance: NDArray[np.float64]
    event_weight: NDArray[np.float64]
    pre_time: NDArray[np.int64]
    pre_effect: NDArray[np.float64]
    pre_covariance: NDArray[np.float64]
    cohorts: tuple[Cohort, ...]
    treated_units: int
    control_units: int
    treated_customers: int
    control_customers: int
    treated_customer_months: int
    unidentified_customer_months: int
    naive: float
    naive_se: float | None
    checks: tuple[Check, ...]
    grade: str
    last_month: date
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[str, ...] = ()
    explanation: str = ""
    extra: dict[str, Any] = field(default_factory=dict)  # JSON only: what figures of one design need
    leaving: Leaving | None = None
    over: bool = False

    _card = "effect_card"

    def __post_init__(self) -> None:
        if self.design not in DESIGNS:
            allowed = enumerated(DESIGNS)
            raise CxvalueError(
                "An effect of the design {design!r}: allowed are {allowed}.", design=self.design, allowed=allowed
            )
        size = len(self.event_time)
        if not (len(self.event_effect) == len(self.event_weight) == size and self.covariance.shape == (size, size)):
            raise CxvalueError("The event-time vector, its weights and its covariance differ in length.")
        if not (np.isfinite(self.estimate) and np.isfinite(self.se) and self.se >= 0):
            raise CxvalueError(
                "The effect is {estimate} with standard error {error}: not a finite estimate.",
                estimate=self.estimate,
                error=self.se,
            )

    @property
    def first_start(self) -> date:
        """The first month in which anybody was treated, as its first day."""
        return min(cohort.start for cohort in self.cohorts)

    @property
    def stay_per_month(self) -> float:
        """Share of the treated customers who stay from one month to the next; 1 where nobody leaves."""
        return self.cohorts[0].stay_per_month

    @property
    def every_treated_month(self) -> int:
        """Customer-months under treatment, those included that could not be compared."""
        return self.treated_customer_months + self.unidentified_customer_months

    def probability_at_least(self, threshold: float) -> float:
        """P(effect ≥ threshold) by the reference t distribution around the estimate."""
        if self.se == 0:
            return float(self.estimate >= threshold)
        return float(special.stdtr(self.df, (self.estimate - threshold) / self.se))

    def with_checks(self, checks: Sequence[Check]) -> Effect:
        """The same effect with these checks, judged together, and the grade that follows."""
        judged = holm(checks)
        return replace(self, checks=judged, grade=grade_of(BASE_GRADES[self.design], judged))


_ALPHA = 0.05


def holm(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Judge the gating checks that have a p-value together (Holm 1979): a check fails when its adjusted p is below 0.05.

    >>> one, two = holm([Check("a", "?", None, True, "", 0.03), Check("b", "?", None, True, "", 0.04)])
    >>> one.passed, two.passed  # 2 × 0.03 is above 0.05
    (True, True)
    """
    ranked = sorted(
        (check.p_value, place) for place, check in enumerate(checks) if check.gating and check.p_value is not None
    )
    failed: set[int] = set()
    for rank, (p_value, place) in enumerate(ranked):
        if p_value * (len(ranked) - rank) >= _ALPHA:
            break
        failed.add(place)
    judged = {place for _, place in ranked}
    return tuple(
        replace(check, passed=place not in failed) if place in judged else check for place, check in enumerate(checks)
    )


def grade_of(base: str, checks: Sequence[Check]) -> str:
    """One grade down from the design's own for each gating check that failed or was needed and not made, E at the lowest.

    >>> grade_of("B", [Check("a", "?", False, True, ""), Check("b", "?", False, False, "")])
    'C'
    >>> grade_of("B", [Check("a", "?", None, True, "", needed=True), Check("b", "?", None, True, "")])
    'C'
    """
    return lower_grade(base, sum(check.lowers for check in checks))
