"""Parts of the study file about money: amounts with a range, costs, benefits, criteria, risks, goodwill, the market."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from statistics import NormalDist
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from cxvalue.language.catalogue import translatable, translate

Share = Annotated[float, Field(ge=0, le=1, description=translatable("a share between 0 and 1"))]
Amount = Annotated[float, Field(allow_inf_nan=False, description=translatable("an amount of money"))]

MOST_SKEWED = math.exp(NormalDist().inv_cdf(0.95) ** 2 / 2)
"""No log-normal loss exceeds more than this many times its mean in 1 of 20."""


class Settings(BaseModel):
    """A group of settings: frozen, an unknown key is an error, and yes and no are no numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_word_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """YAML reads yes, no, on and off as true and false, which Python takes for 1 and 0."""
        within = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(one, bool) for one in within):
            kinds = set(_kinds_in(cls.model_fields[str(info.field_name)].annotation))
            if kinds & {int, float} and bool not in kinds:
                raise PydanticCustomError("float_type", "yes and no are no numbers")
        return value


def _kinds_in(annotation: Any) -> Iterator[Any]:
    """An annotation and all that it is made of."""
    yield annotation
    for one in get_args(annotation):
        yield from _kinds_in(one)


def as_range(value: Any) -> Any:
    """A bare number stands for a value without a range; anything but a number or a group is refused in plain words."""
    if isinstance(value, dict | Stated):
        return value
    try:
        if isinstance(value, bool) or not math.isfinite(float(value)):
            raise ValueError
    except (TypeError, ValueError):
        example = "{value: 2000000, low: 1800000, high: 2500000}"
        if value is None:
            raise ValueError(
                translate(
                    "is empty; write a plain number in the study's currency, such as 2000000, or {example}.",
                    example=example,
                )
            ) from None
        raise ValueError(
            translate(
                "{value!r} is not an amount; write a plain number in the study's currency, such as 2000000, or {example}.",
                value=value,
                example=example,
            )
        ) from None
    return {"value": value}


def _outside(value: float, low: float, high: float) -> str:
    return translate(
        "{value:,.10g} does not lie in its range, {low:,.10g} to {high:,.10g}.", value=value, low=low, high=high
    )


class Stated(Settings):
    """A figure that somebody states: a value, the range that holds 95%, who answers for it and where it is from."""

    value: Amount
    low: Amount | None = None
    high: Amount | None = None
    owner: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Stated:
        low, middle, high = self.range
        if not low <= middle <= high:
            raise ValueError(_outside(middle, low, high))
        return self

    @property
    def range(self) -> tuple[float, float, float]:
        """Low, value and high; an end that is not given is the value."""
        low = self.value if self.low is None else self.low
        return low, self.value, self.value if self.high is None else self.high

    @property
    def ends(self) -> tuple[float, float, float]:
        """Value, low and high."""
        low, value, high = self.range
        return value, low, high


class StatedCost(Stated):
    """A stated figure that cannot be negative."""

    @model_validator(mode="after")
    def _positive(self) -> StatedCost:
        if self.range[0] < 0:
            raise ValueError(
                translate(
                    "{value:,.10g} is below 0; write a cost or a saving as a positive amount.", value=self.range[0]
                )
            )
        return self


Cost = Annotated[StatedCost, BeforeValidator(as_range)]
NOTHING = StatedCost(value=0.0)


class Persistence(Settings):
    """How an effect goes on beyond what was measured."""

    kind: Literal["measured", "none", "half_life", "finding"] = "measured"
    half_life_months: float | None = Field(default=None, gt=0, description=translatable("a number of months above 0"))
    finding: str | None = Field(
        default=None,
        pattern=r"^experience\.habituation\.[\w-]+\.half_life_months$",
        description=translatable("the id of a half-life, such as experience.habituation.tasting.half_life_months"),
    )

    @model_validator(mode="after")
    def _says_how_long(self) -> Persistence:
        if (self.kind == "half_life") != (self.half_life_months is not None):
            raise ValueError(translate("a half-life is written as {example}.", example="{half_life_months: 12}"))
        if (self.kind == "finding") != (self.finding is not None):
            example = "{finding: experience.habituation.NAME.half_life_months}"
            raise ValueError(translate("a finding is written as {example}.", example=example))
        return self


def _persistence(value: Any) -> Any:
    if isinstance(value, str):
        return {"kind": value}
    if isinstance(value, dict) and set(value) == {"half_life_months"}:
        return {"kind": "half_life", **value}
    if isinstance(value, dict) and set(value) == {"finding"}:
        return {"kind": "finding", **value}
    return value


class CaseRules(Settings):
    """From when, for whom and how long a programme's effect counts."""

    start: Literal["first_start", "as_of"] = Field(default="first_start", alias="from")
    population: Literal["treated", "all"] = "treated"
    persistence: Annotated[Persistence, BeforeValidator(_persistence)] = Persistence()
    ramp_up_months: int = Field(default=1, ge=1, le=120, description=translatable("a whole number of months"))
    correlation: Share = 0.0


class Costs(Settings):
    """What a programme costs, in the study's currency."""

    one_off: Cost = NOTHING
    monthly: Cost = NOTHING
    per_treated_customer_month: Cost = NOTHING


class Benefit(Settings):
    """A benefit measured elsewhere, with its class; capacity never enters an NPV."""

    name: str
    kind: Literal["cash", "avoided", "capacity"] = Field(alias="class")
    monthly: Amount
    low: Amount | None = None
    high: Amount | None = None
    owner: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Benefit:
        _, low, high = self.ends
        if not low <= self.monthly <= high:
            raise ValueError(_outside(self.monthly, low, high))
        return self

    @property
    def ends(self) -> tuple[float, float, float]:
        """The monthly amount, low and high; an end that is not given is the amount."""
        low = self.monthly if self.low is None else self.low
        return self.monthly, low, self.monthly if self.high is None else self.high


class Success(Settings):
    """The criterion, registered before the result."""

    metric: Literal["npv", "payback_months", "effect"]
    at_least: Amount | None = None
    at_most: Amount | None = None
    confidence: Annotated[float, Field(gt=0.5, lt=1, description=translatable("a probability between 0.5 and 1"))] = (
        0.90
    )
    registered_on: date | None = None
    next_measurement: date | None = None
    stop_if: str | None = None


class LossRisk(Settings):
    """A loss that a relaxed rule may bring: how often a year, how large on average, how large in 1 of 20."""

    name: str
    per_year: float = Field(ge=0, allow_inf_nan=False, description=translatable("how many a year, 0 or more"))
    mean_loss: float = Field(gt=0, allow_inf_nan=False, description=translatable("an amount above 0"))
    loss_exceeded_in_5_percent: float = Field(
        gt=0, allow_inf_nan=False, description=translatable("an amount above the mean")
    )
    owner: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> LossRisk:
        if not 1 <= self.loss_exceeded_in_5_percent / self.mean_loss <= MOST_SKEWED:
            raise ValueError(
                translate(
                    "a loss above {loss:,.10g} in 1 of 20 is not compatible with a mean of {mean:,.10g}; it must lie"
                    " between the mean and {most:.1f} times the mean.",
                    loss=self.loss_exceeded_in_5_percent,
                    mean=self.mean_loss,
                    most=MOST_SKEWED,
                )
            )
        return self


class CurrentRule(Settings):
    """The goodwill rule that the programme really followed."""

    cap: float = Field(gt=0, allow_inf_nan=False, description=translatable("an amount above 0"))
    times_per_year: int = Field(ge=1, le=366, description=translatable("a whole number of 1 or more"))


class Goodwill(Settings):
    """Which rules for letting customers off fees are compared, and what a waiver saves and invites.

    `current` is the rule that was rolled out and whose effect was measured. What handling a fee costs is read from the
    interactions with the reason `reason`, priced by the minute and the approval, unless `saved_per_waiver` states it.
    """

    current: CurrentRule
    caps: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = Field(min_length=1)
    times_per_year: tuple[Annotated[int, Field(ge=1, le=366)], ...] = Field(default=(1, 2, 3), min_length=1)
    reason: str | None = None
    minute_cost: Cost | None = None
    approval_cost: Cost | None = None
    handling_class: Literal["cash", "avoided", "capacity"] = Field(default="capacity", alias="class")
    saved_per_waiver: Cost | None = None
    extra_share: Cost | None = None
    fees_in_margin: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> Goodwill:
        priced = self.minute_cost is not None or self.approval_cost is not None
        if (self.saved_per_waiver is not None) == priced:
            raise ValueError(
                translate(
                    "give either saved_per_waiver, or minute_cost and approval_cost (at least one of them), not both."
                )
            )
        if priced and self.reason is None:
            raise ValueError(
                translate("minute_cost and approval_cost need the reason of the interactions that are about a fee.")
            )
        return self

    @property
    def rules(self) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """The caps and times a year to try, in order, those of the current rule among them."""
        return (
            tuple(sorted({*self.caps, self.current.cap})),
            tuple(sorted({*self.times_per_year, self.current.times_per_year})),
        )


class Market(Settings):
    """What the market takes of every customer's margin a year while nothing is done."""

    erosion_per_year: Annotated[Stated, BeforeValidator(as_range)]

    @model_validator(mode="after")
    def _a_share(self) -> Market:
        low, _, high = self.erosion_per_year.range
        if not (low >= 0 and high < 1):
            raise ValueError(
                translate("erosion_per_year must be a share from 0 to below 1, such as 0.03 for 3% a year.")
            )
        return self


def _as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


class UniversalHoldout(Settings):
    """The customers who are held out of every programme: those with a value in a column of the customers table."""

    column: str = Field(description=translatable("a column of the table 'customers'"))
    value: Annotated[str, BeforeValidator(_as_text)] = Field(
        description=translatable("the value of that column for the held-out")
    )
