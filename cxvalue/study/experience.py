"""Parts of the study file about experience: metrics of the surveys, touchpoints, and what counts as a level or as fast."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cxvalue.language.catalogue import translatable, translate
from cxvalue.study.money import Settings

NPS_SCALE = (0.0, 10.0)

Points = Annotated[
    float,
    Field(ge=-200, le=200, description=translatable("a number of points, 100 from one end of a scale to the other")),
]
Days = Annotated[int, Field(ge=1, le=3650, description=translatable("a whole number of days"))]


class MetricRules(Settings):
    """A metric of the surveys: its scale, how it is averaged, and who owns and who computes it."""

    main: bool = False
    scale: tuple[float, float] = Field(
        default=(0.0, 10.0), description=translatable("the lowest and the highest score, such as [0, 10]")
    )
    kind: Literal["mean", "nps"] = "mean"
    department: str | None = None
    owner: str | None = None
    computed_by: str | None = None

    @model_validator(mode="after")
    def _sound(self) -> MetricRules:
        low, high = self.scale
        if not (low < high and math.isfinite(low) and math.isfinite(high)):
            raise ValueError(
                translate(
                    "the scale runs from {low} to {high}; write the lowest score first, such as [0, 10].",
                    low=f"{low:g}",
                    high=f"{high:g}",
                )
            )
        if self.kind == "nps" and self.scale != NPS_SCALE:
            scale = f"[{low:g}, {high:g}]"
            raise ValueError(translate("kind: nps is defined on the scale [0, 10], not on {scale}.", scale=scale))
        return self


class Touchpoint(Settings):
    """What could be improved, for whom, at what cost a year and by how many points of the score."""

    name: str
    segment: str = "all"
    cost: float = Field(ge=0, allow_inf_nan=False, description=translatable("an amount of money a year, 0 or more"))
    points: Points
    department: str | None = None


class ExperienceRules(Settings):
    """What counts as a bad, some or a strong experience (in points), as a fast answer, and what may be spent."""

    negative: Points = -10.0
    some: Points = 5.0
    strong: Points = 20.0
    target_days: int = Field(default=3, ge=0, le=3650, description=translatable("a whole number of days"))
    landmark_days: Days = 14
    follow_days: Days = 180
    replacement_months: float = Field(default=3.0, ge=0, le=120, description=translatable("a number of months"))
    budget: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description=translatable("what may be spent in a year")
    )
    exclude: tuple[tuple[str, str], ...] = Field(
        default=(), description=translatable("pairs that are not allowed together: [[a, b]]")
    )
    journey: tuple[str, ...] = Field(
        default=(), description=translatable("touchpoints in their order, such as [order, delivery]")
    )
    detect_points: float = Field(default=5.0, gt=0, le=200, description=translatable("a number of points above 0"))

    @model_validator(mode="after")
    def _sound(self) -> ExperienceRules:
        if not self.negative < self.some < self.strong:
            raise ValueError(
                translate(
                    "the levels must rise, but are negative {negative}, some {some}, strong {strong}.",
                    negative=f"{self.negative:g}",
                    some=f"{self.some:g}",
                    strong=f"{self.strong:g}",
                )
            )
        if self.target_days > self.landmark_days:
            raise ValueError(
                translate(
                    "target_days {target} is after landmark_days {landmark}: whether an answer was fast must be known on "
                    "the landmark day.",
                    target=self.target_days,
                    landmark=self.landmark_days,
                )
            )
        return self
