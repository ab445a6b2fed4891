"""The business case: from an effect to monthly contribution margin, costs, and what they may be worth today.

Every draw takes the effect's event-time vector from its joint sampling distribution and the other inputs from their stated
ranges, and follows the same treated customers month by month. Figures are those of the central assumptions, as a workbook
computes them from the month table; ranges, the probability of a loss and the verdict come from the draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from cxvalue.effects.effect import Effect
from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import month_after, months_apart
from cxvalue.foundation.errors import CxvalueError, nearest
from cxvalue.foundation.intervals import Interval, stated_draws
from cxvalue.foundation.sensible import check_kind
from cxvalue.foundation.shown import Drawn
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.letters import closed_up
from cxvalue.money.case_settings import CaseSettings
from cxvalue.money.cashflow import (
    Decay,
    Exposure,
    ProgrammeCosts,
    contiguous,
    contiguous_draws,
    exposure,
    extend,
    fit_decay,
)
from cxvalue.money.finance import discount_factors, irr, irr_of_many, npv, payback_months, peak_exposure
from cxvalue.money.risks import risk_draws
from cxvalue.money.verdict import Verdict, judge

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Case(Drawn):
    """A programme's money, month by month and in `draws` possible worlds.

    Attributes:
        effect: what was measured.
        settings: what turned it into money.
        exposure: treated customers by month and months since their start.
        decay: the measured fade.
        effect_flow: expected margin of months 0 … H from the effect; `benefit_flow` and `cost_flow` likewise.
        measured_flow: the part of `effect_flow` within the months since a start that were measured.
        unit_flow: margin of months 0 … H from an effect of 1 per treated customer and month, in every month.
        flow_draws: net flow of months 0 … H in each draw; `spent_draws` the present value of its costs.
        npv_draws, payback_draws, simple_payback_draws: one for each draw (nan: never within the horizon).
    """

    effect: Effect
    settings: CaseSettings
    exposure: Exposure
    decay: Decay
    effect_flow: Floats
    benefit_flow: Floats
    cost_flow: Floats
    measured_flow: Floats
    unit_flow: Floats
    flow_draws: Floats
    spent_draws: Floats
    npv_draws: Floats
    payback_draws: Floats
    simple_payback_draws: Floats

    _card = "case_card"

    @property
    def horizon_months(self) -> int:
        """Months 1 … H of the case: those of its settings, or up to the end of what was switched off."""
        return self.flow_draws.shape[1] - 1

    @property
    def annual_discount_rate(self) -> float:
        """The effective annual rate of the case."""
        return self.settings.annual_discount_rate

    @property
    def net_flow(self) -> Floats:
        """Expected net flow of months 0 … H, undiscounted."""
        return self.effect_flow + self.benefit_flow - self.cost_flow

    @property
    def per_unit_effect(self) -> float:
        """NPV of an effect of 1 per treated customer and month, in every month."""
        return float(npv(self.unit_flow, self.annual_discount_rate))

    @property
    def npv(self) -> Interval:
        """Net present value of the central assumptions and the 2.5–97.5% range of the draws."""
        return self.npv_range(0.95)

    def npv_range(self, level: float) -> Interval:
        """The same with the middle `level` of the draws."""
        return _range(float(npv(self.net_flow, self.annual_discount_rate)), self.npv_draws, level)

    @property
    def probability_of_loss(self) -> float:
        """Share of the draws with an NPV below 0."""
        return float((self.npv_draws < 0).mean())

    @property
    def expected_loss(self) -> float:
        """What going ahead would cost on average if the programme does lose money; 0 when no draw loses."""
        lost = self.npv_draws[self.npv_draws < 0]
        return float(-lost.mean()) if lost.size else 0.0

    @property
    def payback(self) -> Interval | None:
        """Discounted payback in months; None when never within the horizon. The upper end may be infinite."""
        return _months_range(payback_months(self.net_flow, self.annual_discount_rate), self.payback_draws)

    @property
    def simple_payback(self) -> Interval | None:
        """The same without discounting."""
        return _months_range(payback_months(self.net_flow), self.simple_payback_draws)

    def paid_back_within(self, months: float) -> float:
        """P(discounted payback within a number of months)."""
        return float((self.payback_draws <= months).mean())

    @cached_property
    def irr(self) -> Interval | None:
        """Annual internal rate of return; None unless the central flows go out first and then come in, once.

        Draws in which nothing comes back count as −1, those in which nothing goes out as infinite. Where more than 1 draw
        in 40 has no rate, because its money turns several times, the range is not known: nan.
        """
        value = irr(self.net_flow)
        if value is None:
            return None
        draws = irr_of_many(self.flow_draws)
        known = draws[~np.isnan(draws)]
        if known.size < 0.975 * draws.size:
            return Interval(value, np.nan, np.nan)
        return _range(value, known)

    @property
    def roi(self) -> Interval | None:
        """(benefits − costs) / costs, both discounted; None without costs."""
        spent = float(npv(self.cost_flow, self.annual_discount_rate))
        if spent <= 0:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = np.where(self.spent_draws > 0, self.npv_draws / self.spent_draws, np.inf)
        return _range(self.npv.value / spent, draws)

    @property
    def peak_exposure(self) -> Interval:
        """The most money that is out at any time, undiscounted."""
        return _range(float(peak_exposure(self.net_flow)), peak_exposure(self.flow_draws))

    @property
    def break_even(self) -> float | None:
        """The constant effect per treated customer and month at which the NPV of the central assumptions is 0."""
        return self.effect_worth(0.0)

    def effect_worth(self, threshold: float) -> float | None:
        """The constant effect per treated customer and month at which the NPV reaches a threshold."""
        if self.per_unit_effect <= 0:
            return None
        rest = float(npv(self.benefit_flow - self.cost_flow, self.annual_discount_rate))
        return (threshold - rest) / self.per_unit_effect

    def verdict(
        self,
        *,
        at_least: float | None = None,
        at_most: float | None = None,
        confidence: float = 0.90,
        metric: str = "npv",
    ) -> Verdict:
        """Judge the case against a criterion, see `cxvalue.money.verdict.judge`."""
        return judge(self, metric=metric, at_least=at_least, at_most=at_most, confidence=confidence)

    def table(self) -> pd.DataFrame:
        """Month by month: treated customers, margin from the effect, other benefits, costs, net, discounted and summed.

        The last two columns are what a workbook needs to move the effect: its part within the months since a start that were
        measured, and the margin from an effect of 1.
        """
        import pandas as pd

        months = np.arange(self.horizon_months + 1)
        discounted = self.net_flow * discount_factors(self.horizon_months, self.annual_discount_rate)
        first = self.exposure.first_month
        return pd.DataFrame(
            {
                "month": months,
                "calendar_month": [month_after(first, int(n) - 1).isoformat() for n in months],
                "observed": (months >= 1) & (months <= self.exposure.months_seen),
                "treated_customers": np.concatenate([[0.0], self.exposure.by_month]),
                "margin_from_effect": self.effect_flow,
                "other_benefits": self.benefit_flow,
                "costs": self.cost_flow,
                "net": self.net_flow,
                "net_discounted": discounted,
                "net_discounted_to_date": np.cumsum(discounted),
                "margin_within_months_measured": self.measured_flow,
                "margin_per_unit_of_effect": self.unit_flow,
            }
        )

    def changed(self, effect: Effect | None = None, **settings: Any) -> Case:
        """The same case with another effect or other settings of `CaseSettings`, for scenarios."""
        return business_case(effect or self.effect, self.settings, **settings)


def _range(value: float, draws: Floats, level: float = 0.95) -> Interval:
    """The middle `level` of the draws around a figure of the central assumptions; draws may be infinite (never)."""
    return Interval.around(value, draws, level, method="inverted_cdf")


def _months_range(central: Floats, draws: Floats) -> Interval | None:
    months = float(central)
    return None if np.isnan(months) else _range(months, np.where(np.isnan(draws), np.inf, draws))


def business_case(effect: Effect, settings: CaseSettings | None = None, **given: Any) -> Case:
    """Turn an effect into money.

    Args:
        effect: per treated customer and month, with its event-time vector and covariance.
        settings: the costs, the horizon, the discount rate and what else `CaseSettings` lists with its defaults.
        given: single settings by their names, in place of those.

    Raises:
        CxvalueError: settings that are not known or make no sense, such as a case from today on of what was switched off.
    """
    check_kind("effect", effect, Effect, "estimate_effect(panel, rollout, design=...)")
    if settings is not None:
        check_kind("settings", settings, CaseSettings, "CaseSettings(costs=..., horizon_months=...)")
    _known(CaseSettings, given, translatable("{name!r} is not a setting of a business case."))
    if isinstance(given.get("costs"), Mapping):
        _known(ProgrammeCosts, given["costs"], translatable("{name!r} is no cost of a business case."))
        given["costs"] = ProgrammeCosts(**given["costs"])
    by = replace(settings or CaseSettings(), **given)
    if given.get("half_life_months") is not None and by.persistence != "half_life":
        raise CxvalueError("half_life_months goes with persistence='half_life': without it nothing would be halved.")
    horizon, discount = _horizon(effect, by), by.annual_discount_rate
    shape = exposure(
        effect, horizon_months=horizon, start=by.start, population=by.population, everyone=by.everyone,
        ramp_up_months=by.ramp_up_months,
    )  # fmt: skip
    decay = fit_decay(effect)
    rng = np.random.default_rng(by.seed)
    vector = contiguous(effect)
    length = shape.customers.shape[1]

    def carried(values: Floats, rate: float) -> Floats:
        return extend(values, length, persistence=by.persistence, half_life_months=by.half_life_months, rate=rate)

    rate = decay.rate_per_month if decay.significant else 0.0
    zero = np.zeros(1)
    ahead = np.maximum(np.arange(1, horizon + 1) - shape.months_seen, 0)
    eroded = shape.customers * ((1 - by.erosion_per_year) ** (ahead / 12))[:, None]
    margin = by.margin_per_unit * eroded @ carried(vector, rate)
    cost: Floats = np.add.reduce(list(by.costs.flows(shape.by_month).values()))
    benefit = np.full(horizon, sum(one.monthly for one in by.benefits))
    expected_loss = np.full(horizon, sum(one.per_year_cost / 12 for one in by.risks))
    ones = by.margin_per_unit * eroded @ carried(np.ones(vector.size), rate)
    within = by.margin_per_unit * eroded @ extend(vector, length, persistence="none")

    drawn = _effect_draws(effect, eroded, carried, rate, decay, by.draws, rng) * by.margin_per_unit
    earned, spent = _stated_draws(by, shape.by_month, rng)
    flows = earned - spent
    flows[:, 1:] += drawn - risk_draws(by.risks, by.draws, horizon, rng)
    return Case(
        effect=effect,
        settings=by,
        exposure=shape,
        decay=decay,
        effect_flow=np.concatenate([zero, margin]),
        benefit_flow=np.concatenate([zero, benefit - expected_loss]),
        cost_flow=cost,
        measured_flow=np.concatenate([zero, within]),
        unit_flow=np.concatenate([zero, ones]),
        flow_draws=flows,
        spent_draws=npv(spent, discount),
        npv_draws=npv(flows, discount),
        payback_draws=payback_months(flows, discount),
        simple_payback_draws=payback_months(flows),
    )


def _horizon(effect: Effect, by: CaseSettings) -> int:
    """The months of a case; of what was switched off, neither costs nor margin go on after its last full month."""
    if not effect.over or by.population == "all":
        return int(by.horizon_months)
    if by.start == "as_of":
        raise CxvalueError(
            "The programme was switched off, so nothing of it is to come for those who had it: use start='first_start' for "
            "what it brought, or population='all' for starting it again for everyone."
        )
    return min(int(by.horizon_months), months_apart(effect.first_start, effect.last_month) + 1)


def _known(kind: type, given: Mapping[str, Any], refusal: str) -> None:
    names = [one.name for one in fields(kind)]
    for name in given:
        if name not in names:
            raise CxvalueError(closed_up(f"{translate(refusal, name=name)} {nearest(name, names)}"))


def _effect_draws(
    effect: Effect,
    customers: Floats,
    carried: Callable[[Floats, float], Floats],
    rate: float,
    decay: Decay,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """Margin units by month in each draw of the effect and of how it fades."""
    drawn = contiguous_draws(effect, draws, rng)
    if rate == 0.0 or decay.se == 0.0:
        flows: Floats = carried(drawn, rate) @ customers.T
        return flows
    # The fade is uncertain as well: a few of its values stand for all.
    pieces = np.array_split(np.arange(draws), 25)
    chance = (np.arange(len(pieces)) + 0.5) / len(pieces)
    rates = np.maximum(rate + decay.se * special.ndtri(chance), 0.0)
    return np.concatenate(
        [carried(drawn[rows], float(own)) @ customers.T for rows, own in zip(pieces, rates, strict=True)]
    )


def _stated_draws(by: CaseSettings, treated: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Benefits and costs by month 0 … H in each draw, from their stated ranges.

    Each is normal on either side of its value. With a correlation they share a part: what turns out badly does so together,
    low benefits with high costs.
    """
    common = rng.standard_normal(by.draws)

    def luck() -> Floats:
        z: Floats = np.sqrt(by.correlation) * common + np.sqrt(1 - by.correlation) * rng.standard_normal(by.draws)
        return z

    monthly = np.zeros(by.draws)
    for one in by.benefits:
        monthly += stated_draws(luck(), one.monthly, one.low, one.high)
    parts = by.costs.flows(treated)
    earned, spent = (np.zeros((by.draws, treated.size + 1)) for _ in range(2))
    earned[:, 1:] = monthly[:, None]
    spent += sum(parts.values())
    for name, (low, high) in by.costs.ranges.items():
        value = getattr(by.costs, name)
        if high > low:
            unit = ProgrammeCosts(1.0, 1.0, 1.0).flows(treated)[name]
            more = stated_draws(-luck(), 0.0, low - value, high - value)
            spent += np.maximum(more, -value)[:, None] * unit
    return earned, spent
