"""What an effect is turned into money by: costs, horizon, rate and what else a business case rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from cxvalue.foundation.errors import CxvalueError, nearest
from cxvalue.foundation.sensible import (
    as_shown,
    check_draws,
    check_horizon,
    check_kind,
    check_rate,
    check_seed,
    is_number,
    is_whole,
    keep_plain,
)
from cxvalue.language.letters import closed_up
from cxvalue.money.cashflow import Capacity, CashBenefit, Persistence, ProgrammeCosts
from cxvalue.money.risks import Risk

STARTS, POPULATIONS = ("first_start", "as_of"), ("treated", "all")


@dataclass(frozen=True, slots=True)
class CaseSettings:
    """What an effect is turned into money by.

    Attributes:
        costs: what the programme costs, see `ProgrammeCosts`; costs already spent are included.
        horizon_months: months 1 … H, at most 600.
        annual_discount_rate: effective annual, 0.12 for 12%.
        benefits: money measured elsewhere; capacity is no money and goes into `capacity`, which is only shown.
        risks: losses as frequency and severity.
        persistence: measured, none or half_life (with `half_life_months`), beyond the last measured month.
        margin_per_unit: margin for one unit of the outcome (1 where the outcome is margin).
        start: first_start (month 1 is the first treated month of the first unit) or as_of (the month after the data).
        population: treated (as they came in and left) or all (`everyone` customers from month 1 on).
        correlation: between the stated ranges, 0 (independent) to 1: low benefits go with high costs.
        ramp_up_months: over how many months population: all is reached, in equal parts.
        erosion_per_year: share of the effect that the market takes a year beyond the data, as it takes of all margin.
        draws, seed: of the possible worlds.

    Raises:
        CxvalueError: settings that make no sense.
    """

    costs: ProgrammeCosts = field(default_factory=ProgrammeCosts)
    horizon_months: int = 36
    annual_discount_rate: float = 0.10
    benefits: Sequence[CashBenefit] = ()
    capacity: Sequence[Capacity] = ()
    risks: Sequence[Risk] = ()
    persistence: str = "measured"
    half_life_months: float | None = None
    margin_per_unit: float = 1.0
    start: str = "first_start"
    population: str = "treated"
    everyone: int = 0
    correlation: float = 0.0
    ramp_up_months: int = 1
    erosion_per_year: float = 0.0
    draws: int = 20_000
    seed: int = 1

    def __post_init__(self) -> None:
        keep_plain(
            self,
            "annual_discount_rate",
            "margin_per_unit",
            "erosion_per_year",
            "correlation",
            "half_life_months",
            "everyone",
        )
        object.__setattr__(self, "horizon_months", check_horizon(self.horizon_months))
        check_rate(self.annual_discount_rate)
        object.__setattr__(self, "draws", check_draws(self.draws))
        if not isinstance(self.costs, ProgrammeCosts):
            raise CxvalueError(
                "costs == {costs!r}, must name what is paid when: {example}.",
                costs=self.costs,
                example='costs={"one_off": 60_000, "monthly": 500}',
            )
        lists: tuple[tuple[str, Any, type, str], ...] = (
            ("benefits", self.benefits, CashBenefit, "CashBenefit(name, monthly, low, high)"),
            ("capacity", self.capacity, Capacity, "Capacity(name, monthly, low, high)"),
            ("risks", self.risks, Risk, "Risk(name, per_year, mean_loss, loss_exceeded_in_5_percent)"),
        )
        for name, listed, kind, made in lists:
            for one in listed if isinstance(listed, Sequence) else [listed]:
                if name == "benefits" and isinstance(one, Capacity):
                    raise CxvalueError(
                        "{benefit!r} is not money and cannot enter an NPV; pass it as capacity.", benefit=one
                    )
                check_kind(name, one, kind, made)
        for name, word, allowed in (
            ("persistence", self.persistence, get_args(Persistence)),
            ("start", self.start, STARTS),
            ("population", self.population, POPULATIONS),
        ):
            if word not in allowed:
                raise CxvalueError(closed_up(f"{name} == {word!r}. {nearest(str(word), allowed)}"))
        self._check_numbers()

    def _check_numbers(self) -> None:
        if not is_number(self.margin_per_unit):
            raise CxvalueError(
                "margin_per_unit == {margin}, must be the margin for one unit of the outcome.",
                margin=as_shown(self.margin_per_unit),
            )
        if not is_number(self.erosion_per_year, 0) or self.erosion_per_year >= 1:
            raise CxvalueError(
                "erosion_per_year == {share}, must be a share from 0 to below 1.", share=as_shown(self.erosion_per_year)
            )
        if not is_number(self.correlation, 0, 1):
            raise CxvalueError(
                "correlation == {correlation}, must lie between 0 and 1.", correlation=as_shown(self.correlation)
            )
        half = self.half_life_months
        if (half is not None or self.persistence == "half_life") and not (is_number(half, 0) and half):
            raise CxvalueError(
                "half_life_months == {months}, must be a number of months above 0.", months=as_shown(half)
            )
        if not is_whole(self.ramp_up_months, 1):
            raise CxvalueError(
                "ramp_up_months == {months}, must be a whole number of months, 1 or more.",
                months=as_shown(self.ramp_up_months),
            )
        object.__setattr__(self, "ramp_up_months", int(self.ramp_up_months))
        if not is_number(self.everyone, 0) or (self.population == "all" and not self.everyone):
            raise CxvalueError(
                "everyone == {customers}, must be how many customers a programme for all of them reaches.",
                customers=as_shown(self.everyone),
            )
        object.__setattr__(self, "seed", check_seed(self.seed))
