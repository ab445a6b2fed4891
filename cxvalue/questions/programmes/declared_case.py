"""From what a study declares of a programme and the effect that was measured to its case and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.effect import Effect
from cxvalue.findings.numbers import format_month
from cxvalue.foundation.calendar import months_apart
from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import translate
from cxvalue.money import (
    Capacity,
    Case,
    CaseSettings,
    CashBenefit,
    ProgrammeCosts,
    Registration,
    Risk,
    Verdict,
    business_case,
    judge_effect,
    register,
)
from cxvalue.money.sensitivity import MarketMoves
from cxvalue.money.verdict import hash_of
from cxvalue.questions.programmes.measure import ProgrammeFit

if TYPE_CHECKING:
    from cxvalue.study import Programme, StudyFile


def case_of(fit: ProgrammeFit, programme: Programme, study: StudyFile) -> Case | None:
    """The business case by the rules of the study file; None where the outcome has no price.

    Raises `BadInput` for a programme for all customers in a study that knows of none, and for what is to come of one that
    was switched off.
    """
    if fit.margin_per_unit is None:
        return None
    rules = programme.case
    if rules.population == "all" and not fit.everyone:
        found = translate("'all' counts the customers of the study, and no table of the study says how many they are.")
        remedy = translate("Add the table 'customers', or use population: treated.")
        raise BadInput.at(f"programmes.{programme.name}.case.population", found, remedy)
    if fit.effect.over and rules.population == "treated" and rules.start == "as_of":
        found = translate(
            "as_of counts what is to come, and the programme was switched off: {month} was the last full month with it.",
            month=format_month(fit.effect.last_month),
        )
        remedy = translate(
            "Use from: first_start for what it brought, or population: all for starting it again for everyone."
        )
        raise BadInput.at(f"programmes.{programme.name}.case.from", found, remedy)
    costs = {name: getattr(programme.costs, name) for name in ("one_off", "monthly", "per_treated_customer_month")}
    settings = CaseSettings(
        costs=ProgrammeCosts(
            **{name: one.value for name, one in costs.items()},
            ranges={name: (one.range[0], one.range[2]) for name, one in costs.items() if one.range[2] > one.range[0]},
        ),
        horizon_months=programme.horizon_months or study.horizon_months,
        annual_discount_rate=study.annual_discount_rate,
        benefits=tuple(
            CashBenefit(one.name, *one.ends, one.kind, one.owner or "", one.source or "")
            for one in programme.benefits
            if one.kind != "capacity"
        ),
        capacity=tuple(
            Capacity(one.name, *one.ends, one.owner or "") for one in programme.benefits if one.kind == "capacity"
        ),
        risks=tuple(
            Risk(
                one.name, one.per_year, one.mean_loss, one.loss_exceeded_in_5_percent, one.owner or "", one.source or ""
            )
            for one in programme.risks
        ),
        persistence=rules.persistence.kind,
        half_life_months=rules.persistence.half_life_months,
        margin_per_unit=fit.margin_per_unit,
        start=rules.start,
        population=rules.population,
        everyone=fit.everyone,
        correlation=rules.correlation,
        ramp_up_months=rules.ramp_up_months,
    )
    return business_case(fit.effect, settings)


def market_of(fit: ProgrammeFit, study: StudyFile) -> MarketMoves | None:
    """What the market takes by the study file; None where it says nothing or no margin is known."""
    if study.market is None or fit.usual_margin is None:
        return None
    return MarketMoves(fit.usual_margin, study.market.erosion_per_year.ends)


def verdict_of(fit: ProgrammeFit, case: Case | None, programme: Programme) -> Verdict | None:
    """The verdict by the registered criterion; without one, break-even at 90% stands in for the smallest provable effect.

    None where there is neither money nor a criterion on the effect itself.
    """
    success = programme.success
    if success is None:
        return case.verdict(at_least=0.0, confidence=0.90) if case else None
    bounds = {"at_least": success.at_least, "at_most": success.at_most}
    if success.metric == "effect":
        return judge_effect(fit.effect, confidence=success.confidence, **bounds)
    if case is None:
        return None
    return case.verdict(metric=success.metric, confidence=success.confidence, **bounds)


def criterion_hash(programme: Programme) -> str:
    """The hash of a programme's settings as registered; settings left at their defaults have no part in it."""
    return hash_of(programme.model_dump(mode="json", exclude={"benefits", "goodwill"}, exclude_defaults=True))


def registration_of(
    programme: Programme, effect: Effect, earlier: Mapping[str, date] | None = None
) -> Registration | None:
    """The registration of a programme's criterion; None where the study registers none.

    `earlier` are hashes that stand in published runs, with the day of the first of them.
    """
    success = programme.success
    if success is None:
        return None
    number = criterion_hash(programme)
    return register(number, registered_on=success.registered_on, first_start=effect.first_start, earlier=earlier or {})


def spent_to_date(case: Case) -> float:
    """Costs of a programme up to the last full month."""
    effect, costs = case.effect, case.settings.costs
    months = months_apart(effect.first_start, effect.last_month) + 1
    treated = effect.every_treated_month
    return costs.one_off + costs.monthly * months + costs.per_treated_customer_month * treated


def contribution_to_date(case: Case) -> tuple[float, float, float]:
    """Measured effect x treated customer-months so far − costs so far, with its interval: nominal, nothing extrapolated."""
    effect = case.effect
    treated = effect.every_treated_month
    ends = np.array(
        [effect.estimate, effect.low, effect.high]
    ) * case.settings.margin_per_unit * treated - spent_to_date(case)
    return float(ends[0]), float(ends[1]), float(ends[2])
