"""What moves a case: each input's own swing, the value at which the case turns, and the case under other settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import stats

from cxvalue.money.finance import npv

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.money.case import Case

__all__ = ["Swing", "scenarios", "tornado"]

P10 = 1.281552
RATE_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Swing:
    """The NPV when one input is low or high and the others as expected, and the value at which the NPV is 0.

    `low_npv` and `high_npv` belong to `low` and `high`, the 10% and 90% points of the input. `switching` is None where
    no value of the input alone turns the case.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    low_npv: float
    high_npv: float
    switching: float | None

    @property
    def width(self) -> float:
        """How far the input moves the NPV."""
        return abs(self.high_npv - self.low_npv)


def tornado(case: Case, currency: str = "") -> tuple[Swing, ...]:
    """The inputs of a case by how far each moves the NPV, the farthest first."""
    rate = case.annual_discount_rate
    expected = float(npv(case.net_flow, rate))
    from_effect = float(npv(case.effect_flow, rate))
    effect = case.effect
    t10 = float(stats.t.ppf(0.9, effect.df)) * effect.se
    found = []
    if case.per_unit_effect > 0 and effect.estimate != 0:
        # All event times move together, by the error of their mean.
        step = t10 * case.per_unit_effect
        turn = case.effect_worth(0.0)
        found.append(
            Swing(
                f"Effect on {effect.outcome} per treated customer and month", currency, effect.estimate,
                effect.estimate - t10, effect.estimate + t10, expected - step, expected + step,
                None if turn is None else effect.estimate + turn - from_effect / case.per_unit_effect,
            )
        )  # fmt: skip
    months = float(npv([0.0] + [1.0] * case.horizon_months, rate))
    for one in case.benefits:
        sides = [(end - one.monthly) * P10 / 1.959964 for end in (one.low, one.high)]
        found.append(
            Swing(
                one.name, f"{currency} a month", one.monthly, one.monthly + sides[0], one.monthly + sides[1],
                expected + sides[0] * months, expected + sides[1] * months, one.monthly - expected / months,
            )
        )  # fmt: skip
    spent = float(npv(case.cost_flow, rate))
    if spent > 0:
        low, high = expected + 0.2 * spent, expected - 0.2 * spent
        found.append(
            Swing("Costs, 20% either way", currency, spent, 0.8 * spent, 1.2 * spent, low, high, spent + expected)
        )
    rates = (max(rate - RATE_STEP, 0.0), rate + RATE_STEP)
    worth = [float(npv(case.net_flow, one)) for one in rates]
    found.append(Swing("Discount rate, 5 points either way", "share", rate, *rates, worth[0], worth[1], case.irr))
    measured = int(effect.event_time.max()) + 1
    if case.exposure.customers[:, measured:].any() and case.persistence != "none":
        gone = case.changed(persistence="none")
        ends = float(npv(gone.net_flow, rate))
        found.append(
            Swing("Effect after the months that were measured: gone or as assumed", "share", 1.0, 0.0, 1.0, ends,
                  expected,
                  -ends / (expected - ends) if expected != ends and ends < 0 < expected else None)
        )  # fmt: skip
    return tuple(sorted(found, key=lambda swing: -swing.width))


def scenarios(case: Case, *, everyone: int = 0) -> pd.DataFrame:
    """The case as it stands, with nothing beyond what was measured, and rolled out to every customer.

    Columns: scenario, npv, npv_low, npv_high, payback_months, probability_of_loss.
    """
    import pandas as pd

    chosen = [("As registered", case), ("Measured months only", case.changed(persistence="none"))]
    if case.persistence != "half_life":
        chosen.append(("Effect halves every 12 months", case.changed(persistence="half_life", half_life_months=12.0)))
    if everyone and case.population != "all":
        rolled = case.changed(population="all", everyone=everyone, start="as_of")
        chosen.append(("Rolled out to every customer from now", rolled))
    rows = []
    for name, one in chosen:
        middle, low, high = one.npv
        payback = one.payback
        rows.append((name, middle, low, high, payback.value if payback else None, one.probability_of_loss))
    columns = ["scenario", "npv", "npv_low", "npv_high", "payback_months", "probability_of_loss"]
    return pd.DataFrame(rows, columns=columns)
