"""What moves a case: each input's own swing, the value at which the case turns, and the case under other settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from cxvalue.effects.effect import outcome_word
from cxvalue.findings.numbers import format_level
from cxvalue.foundation.intervals import reach_of
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.money.finance import irr, npv
from cxvalue.money.risks import risk_draws

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.money.case import Case

TENTHS = reach_of(0.8) / reach_of(0.95)
"""From the ends of a range that holds 95% to its 10% and 90% points."""
RATE_STEP = 0.05
SwingKind = Literal[
    "effect",
    "benefit",
    "one_off",
    "monthly",
    "per_treated_customer_month",
    "other_costs",
    "risk",
    "discount_rate",
    "persistence",
]
COSTS: dict[SwingKind, tuple[str, str]] = {
    "one_off": (translatable("One-off cost"), "{currency}"),
    "monthly": (translatable("Monthly cost"), translatable("{currency} a month")),
    "per_treated_customer_month": (translatable("Cost per treated customer and month"), "{currency}"),
}


@dataclass(frozen=True, slots=True)
class Swing:
    """The NPV when one input is low or high and the others as expected, and the value at which the NPV is 0.

    `low_npv` and `high_npv` belong to `low` and `high`, the 10% and 90% points of the input. `switching` is None where
    no value of the input alone turns the case. `kind` says which input it is, for programs.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    low_npv: float
    high_npv: float
    switching: float | None
    kind: SwingKind

    @property
    def width(self) -> float:
        """How far the input moves the NPV."""
        return abs(self.high_npv - self.low_npv)


def tornado(case: Case, currency: str = "") -> tuple[Swing, ...]:
    """The inputs of a case by how far each moves the NPV, the farthest first."""
    rate = case.annual_discount_rate
    expected = case.npv.value
    from_effect = float(npv(case.effect_flow, rate))
    effect = case.effect
    t10 = reach_of(0.8, effect.df) * effect.se
    found = []
    if case.per_unit_effect > 0 and effect.estimate != 0:
        # All event times move together, by the error of their mean.
        step = t10 * case.per_unit_effect
        turn = case.effect_worth(0.0)
        found.append(
            Swing(
                translate(
                    "Effect on {outcome} per treated customer and month, all months moved alike",
                    outcome=outcome_word(effect.outcome),
                ), currency,
                effect.estimate, effect.estimate - t10, effect.estimate + t10, expected - step, expected + step,
                None if turn is None else effect.estimate + turn - from_effect / case.per_unit_effect,
                "effect",
            )
        )  # fmt: skip
    months = float(npv([0.0] + [1.0] * case.horizon_months, rate))
    for one in case.settings.benefits:
        sides = [(end - one.monthly) * TENTHS for end in (one.low, one.high)]
        found.append(
            Swing(
                one.name, translate("{currency} a month", currency=currency), one.monthly,
                one.monthly + sides[0], one.monthly + sides[1],
                expected + sides[0] * months, expected + sides[1] * months, one.monthly - expected / months,
                "benefit",
            )
        )  # fmt: skip
    found += _cost_swings(case, expected, currency)
    found += _risk_swings(case, expected, months, currency)
    rates = (max(rate - RATE_STEP, 0.0), rate + RATE_STEP)
    worth = [float(npv(case.net_flow, one)) for one in rates]
    rate_of_return = irr(case.net_flow)
    found.append(
        Swing(
            translate("Discount rate, 5 points either way"), "share", rate, *rates, worth[0], worth[1], rate_of_return,
            "discount_rate",
        )
    )  # fmt: skip
    measured = int(effect.event_time.max()) + 1
    if case.exposure.customers[:, measured:].any() and case.settings.persistence != "none":
        gone = case.changed(persistence="none")
        ends = float(npv(gone.net_flow, rate))
        found.append(
            Swing(translate("Effect after the months that were measured: gone or as assumed"), "share", 1.0, 0.0, 1.0, ends,
                  expected,
                  -ends / (expected - ends) if expected != ends and ends < 0 < expected else None, "persistence")
        )  # fmt: skip
    return tuple(sorted(found, key=lambda swing: -swing.width))


def _cost_swings(case: Case, expected: float, currency: str) -> list[Swing]:
    """Each cost with a stated range by itself; all that are stated without one together, 20% either way."""
    rate, found, rest = case.annual_discount_rate, [], 0.0
    for name, flow in case.settings.costs.flows(case.exposure.by_month).items():
        value, spent = getattr(case.settings.costs, name), float(npv(flow, rate))
        low, high = case.settings.costs.ranges.get(name, (value, value))
        if high <= low or not spent:
            rest += spent
            continue
        each = spent / value
        least, most = (value + (end - value) * TENTHS for end in (low, high))
        kind = cast(SwingKind, name)
        title, unit = COSTS[kind]
        found.append(
            Swing(
                translate(title), translate(unit, currency=currency).strip(), value, least, most,
                expected - (least - value) * each,
                expected - (most - value) * each, value + expected / each, kind,
            )
        )  # fmt: skip
    if rest > 0:
        low, high = expected + 0.2 * rest, expected - 0.2 * rest
        title = translate("Other costs, 20% either way") if found else translate("Costs, 20% either way")
        found.append(Swing(title, currency, rest, 0.8 * rest, 1.2 * rest, low, high, rest + expected, "other_costs"))
    return found


def _risk_swings(case: Case, expected: float, months: float, currency: str) -> list[Swing]:
    """What each risk costs a year on average over the horizon, between a lucky and an unlucky run of years."""
    found = []
    for one in case.settings.risks:
        mean, monthly = one.per_year_cost, months / 12
        total = risk_draws([one], 4000, 1, np.random.default_rng(1), years=case.horizon_months / 12)[:, 0]
        low, high = (float(end) * 12 / case.horizon_months for end in np.quantile(total, [0.1, 0.9]))
        turn = mean + expected / monthly
        found.append(
            Swing(
                translate("Risk: {risk}", risk=one.name), translate("{currency} a year", currency=currency), mean, low, high,
                expected + (mean - low) * monthly, expected + (mean - high) * monthly, turn if turn >= 0 else None, "risk",
            )
        )  # fmt: skip
    return found


def scenarios(case: Case, *, everyone: int = 0, market: MarketMoves | None = None) -> pd.DataFrame:
    """The case as it stands, with no effect later than measured, rolled out to everybody, and against a falling market.

    With `market`, one line says what is lost by doing nothing, one what is left of that when the programme goes on: their
    difference is what acting is worth, the programme's effect falling with the market like all other margin.

    Columns: scenario, npv, npv_low, npv_high, payback_months, probability_of_loss (both empty for doing nothing).
    """
    import pandas as pd

    measured = int(case.effect.event_time.max()) + 1
    alone = translate_count(
        "No effect later than {count:,} month after a unit's start",
        "No effect later than {count:,} months after a unit's start",
        measured,
    )
    chosen = [(translate("As registered"), case), (alone, case.changed(persistence="none"))]
    if case.settings.persistence != "half_life":
        halved = translate("Effect halves every 12 months")
        chosen.append((halved, case.changed(persistence="half_life", half_life_months=12.0)))
    if everyone and case.settings.population != "all":
        rolled = case.changed(population="all", everyone=everyone, start="as_of", ramp_up_months=1)
        chosen.append((translate("Rolled out to every customer from now"), rolled))
    rows: list[tuple[object, ...]] = []
    for name, one in chosen:
        payback = one.payback
        rows.append((name, *one.npv, payback.value if payback else None, one.probability_of_loss))
    if market is not None:
        acting = case.changed(erosion_per_year=market.erosion[0])
        lost = [-market.lost(case, share) for share in market.erosion]
        share = format_level(market.erosion[0])
        nothing = translate("Do nothing while the market takes {share} a year", share=share)
        rows.append((nothing, lost[0], lost[2], lost[1], None, None))
        payback = acting.payback
        rows.append(
            (
                translate("Go on while the market takes {share} a year", share=share),
                lost[0] + acting.npv.value,
                lost[2] + acting.npv.low,
                lost[1] + acting.npv.high,
                payback.value if payback else None,
                acting.probability_of_loss,
            )
        )
    columns = ["scenario", "npv", "npv_low", "npv_high", "payback_months", "probability_of_loss"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True, slots=True)
class MarketMoves:
    """What customers bring a month without the programme, and the share of it that the market takes a year.

    `erosion` is the share with low and high; `margin_per_customer_month` what a customer brings before it starts.
    """

    margin_per_customer_month: float
    erosion: tuple[float, float, float]

    def lost(self, case: Case, erosion: float) -> float:
        """Margin lost over the months of the horizon that lie ahead, discounted to today's month 0 of the case.

        Of the customers of the case: those who have the programme, or everybody it is rolled out to.
        """
        month = np.arange(1, case.horizon_months + 1)
        ahead = np.maximum(month - case.exposure.months_seen, 0)
        customers = case.exposure.by_month
        missing = self.margin_per_customer_month * customers * (1 - (1 - erosion) ** (ahead / 12))
        return float(npv(np.concatenate([[0.0], missing]), case.annual_discount_rate))
