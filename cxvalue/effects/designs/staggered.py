"""A programme rolled out to units at different dates: group-time effects, their checks and an `Effect`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.effects.checks.drift import Drifts, drifts_before
from cxvalue.effects.checks.early import early_cohorts, early_months, early_note
from cxvalue.effects.checks.few_units import few_units_note
from cxvalue.effects.checks.pretrend import PLACEBO_MONTHS, Dip, PlaceboStart, dip_before, placebo_start
from cxvalue.effects.checks.what_if import what_if
from cxvalue.effects.effect import Alternative, Check, Cohort, Effect
from cxvalue.effects.estimators.group_time import BASE_MONTHS, EVENTS, GroupTime, Jackknife, group_time, jackknife
from cxvalue.effects.estimators.imputation import imputed_effect
from cxvalue.effects.staying import with_leavers
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.errors import BadInput
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_unit import UnitPanel

FEW_UNITS = 10
DIP_BY_LUCK = 0.01
"""A dip before the start that luck alone makes less often than this lowers the grade."""


def estimate_staggered(panel: UnitPanel, *, level: float = 0.95, programme: str = "programme") -> Effect:
    """The effect of a staggered roll-out, per treated customer and month.

    Raises `BadInput` when a single unit is treated, or when none or a single one can be compared with.
    """
    where = f"programmes.{programme}"
    _check_comparable(panel, where)
    found_, knife = group_time(panel, base_months=BASE_MONTHS), jackknife(panel, base_months=BASE_MONTHS)
    if not found_.identified:
        found = translate("no treated month can be compared: no unit was still without the programme.")
        remedy = translate("List the units that never got it, with an empty start.")
        raise BadInput.at(where, found, remedy)
    before, before_knife = group_time(panel), jackknife(panel)
    post = found_.event_time >= 0
    shown = EVENTS + np.flatnonzero(~post)  # before the start, from the same base as after it
    fields = measured(panel, found_, knife, level)
    se = fields["se"]
    early = _path_before(before, before_knife)
    drifts = drifts_before(panel, found_.overall)
    units, customers = _sizes(panel)
    rows, limit, drift_note = what_if(found_, se, knife.df, before, before_knife, drifts, level)
    usual = usual_outcome(panel)
    checks = [
        _drift_check(drifts, found_.overall),
        *_dip_check(dip_before(*early, direction=found_.overall, usual=usual)),
        drift_note,
        _placebo_check(placebo_start(*early, usual=usual)),
        _one_unit_check(knife, fields["low"] > 0 or fields["high"] < 0, panel.unit == CUSTOMER),
        _size_check(*units),
    ]
    effect = Effect(
        design="staggered",
        outcome=panel.outcome,
        unit=panel.unit,
        **fields,
        level=level,
        pre_time=found_.event_time[~post],
        pre_effect=found_.event_effect[~post],
        pre_covariance=knife.covariance[np.ix_(shown, shown)],
        treated_units=units[0],
        control_units=units[1],
        treated_customers=customers[0],
        control_customers=customers[1],
        unidentified_customer_months=round(found_.unidentified) + early_months(panel),
        naive=found_.naive,
        naive_se=float(np.sqrt(knife.covariance[1, 1])),
        checks=(),
        grade="B",
        alternatives=_alternatives(panel, before, before_knife),
        notes=tuple(_notes(panel, found_)),
        explanation=translate(
            "Units that got the programme are compared, month by month, with units that had not got it yet "
            "or never did: how much more did their customers change from the year before the start? "
            "Customers are compared with those who joined at the same time."
        ),
        extra={
            "groups": _group_table(panel, found_),
            "sensitivity": rows,
            "drift_limit": limit,
            "left_out": _left_out(panel, knife),
            "base": _base_words(found_),
            "month_before": _month_before(before, before_knife),
        },
    )
    return effect.with_checks(checks)


def _check_comparable(panel: UnitPanel, where: str) -> None:
    """Raise `BadInput` unless several units are treated, several can be compared with, and one has a month before."""
    treated = np.unique(panel.cluster[panel.treated])
    if not treated.size:
        found = translate("no unit got the programme after the first and before the last month of the data.")
        raise BadInput.at(where, found, translate("Check the days in the roll-out table."))
    if treated.size < 2:
        found = translate("only one unit got the programme, so its own luck cannot be separated from the programme.")
        raise BadInput.at(where, found, translate("Use design: single_unit for one treated unit."))
    first = int(panel.start[panel.treated].min())
    compared = np.unique(panel.cluster[~panel.treated | (panel.start > first)])
    if compared.size == 1:
        found = translate(
            "there is only one unit ({unit}) to compare with, so its luck would count as the effect.",
            unit=panel.names[compared[0]],
        )
        remedy = translate("List more units that did not have the programme, or had it later.")
        raise BadInput.at(where, found, remedy)
    if not (panel.treated & (panel.base >= 0)).any():
        found = translate("no unit has a full month before its start, so there is nothing to compare with.")
        raise BadInput.at(where, found, translate("Give the tables a longer history."))


def _path_before(before: GroupTime, knife: Jackknife) -> tuple[Ints, Floats, Floats, Floats, float]:
    """Months before the start, the month of comparison left out: times, effects, covariance, weights, degrees of freedom."""
    pre = before.event_time < -1
    at = EVENTS + np.flatnonzero(pre)
    covariance = knife.covariance[np.ix_(at, at)]
    return before.event_time[pre], before.event_effect[pre], covariance, before.event_weight[pre], knife.df


def measured(panel: UnitPanel, found: GroupTime, knife: Jackknife, level: float) -> dict[str, Any]:
    """Fields of an `Effect` that follow from group-time effects and their jackknife."""
    post = found.event_time >= 0
    at = EVENTS + np.flatnonzero(post)
    se = float(np.sqrt(knife.covariance[0, 0]))
    _, low, high = Interval.of_error(found.overall, se, level, knife.df)
    return {
        "estimate": found.overall,
        "se": se,
        "df": knife.df,
        "low": low,
        "high": high,
        "event_time": found.event_time[post],
        "event_effect": found.event_effect[post],
        "covariance": knife.covariance[np.ix_(at, at)],
        "event_weight": found.event_weight[post],
        "cohorts": cohorts_of(panel),
        "treated_customer_months": round(found.identified),
        "last_month": panel.months.day(panel.months.count - 1),
    }


def usual_outcome(panel: UnitPanel) -> float:
    """Mean size of the outcome per customer and month, whatever its sign."""
    return float(np.abs(panel.total).sum() / max(panel.customers.sum(), 1e-300))


def cohorts_of(panel: UnitPanel) -> tuple[Cohort, ...]:
    """The cohorts of a panel with their units and customers, in the order of their starts."""
    cohorts = early_cohorts(panel)
    for start in np.unique(panel.start[panel.treated]):
        cells = panel.start == start
        cohorts.append(Cohort(panel.months.day(int(start)), units_of(panel, cells), round(_heads(panel, cells))))
    return with_leavers(panel, cohorts)


def _heads(panel: UnitPanel, cells: Bools) -> float:
    """Customers of some cells, each counted once: those of a bin are most in the month from which they count."""
    return float(panel.customers[cells].max(axis=2).sum())


def _sizes(panel: UnitPanel) -> tuple[tuple[int, int], tuple[int, int]]:
    sides = (panel.treated, ~panel.treated)
    heads = tuple(round(_heads(panel, side)) for side in sides)
    units = tuple(units_of(panel, side) for side in sides)
    return (units[0], units[1]), (heads[0], heads[1])


def units_of(panel: UnitPanel, cells: Bools) -> int:
    """Units in some cells; where customers are the units, a cell holds many of them by lot."""
    return round(_heads(panel, cells)) if panel.unit == CUSTOMER else int(np.unique(panel.cluster[cells]).size)


def _drift_check(drifts: Drifts | None, estimate: float) -> Check:
    question = translate("Did the units move like the others before they got the programme?")
    if drifts is None:
        detail = translate("Not known: there are too few months before the first start to tell.")
        return Check("pre_trend", question, None, True, detail, needed=True)
    together, early = np.isfinite(drifts.together), np.isfinite(drifts.early)
    told = {"p_value": format_p(drifts.p_value), "effect": estimate}
    of_all = {"drift": drifts.together, "found": drifts.together_found}
    of_first = {"first": drifts.early, "first_found": drifts.early_found}
    if together and early:
        detail = translate(
            "Before the start they drifted from the others by {drift:+,.2g} a month, and those that started first by "
            "{first:+,.2g} from those that started last ({p_value}, towards the effect); a drift of {found:,.2g}, or one "
            "of {first_found:,.2g} of the first would have been found with 80% probability, against an effect of "
            "{effect:,.3g}.",
            **told,
            **of_all,
            **of_first,
        )
    elif together:
        detail = translate(
            "Before the start they drifted from the others by {drift:+,.2g} a month ({p_value}, towards the effect); a "
            "drift of {found:,.2g} would have been found with 80% probability, against an effect of {effect:,.3g}.",
            **told,
            **of_all,
        )
    else:
        detail = translate(
            "Before the start those that started first drifted by {first:+,.2g} a month from those that started last "
            "({p_value}, towards the effect); a drift of {first_found:,.2g} would have been found with 80% probability, "
            "against an effect of {effect:,.3g}.",
            **told,
            **of_first,
        )
    return Check("pre_trend", question, None, True, detail, drifts.p_value)


def _dip_check(dip: Dip | None) -> list[Check]:
    """A check of its own, made where the history allows: it does not make the others harder to fail."""
    if dip is None:
        return []
    question = translate("Were the last months before the start as usual?")
    passed = dip.p_value >= DIP_BY_LUCK
    told = {"months": dip.months, "gap": dip.gap, "p_value": format_p(dip.p_value)}
    if passed:
        detail = translate(
            "In the last {months} months before the start they were {gap:+,.2g} a month away from the others"
            " and the months before ({p_value}, away from the effect).",
            **told,
        )
    else:
        detail = translate(
            "In the last {months} months before the start they were {gap:+,.2g} a month away from the others"
            " and the months before ({p_value}, away from the effect): part of the effect may be just a "
            "return to normal, or purchases put off until the start.",
            **told,
        )
    return [Check("dip", question, passed, True, detail)]


def _placebo_check(placebo: PlaceboStart | None) -> Check:
    question = translate("Would a start {months} months too early have shown an effect?", months=PLACEBO_MONTHS)
    if placebo is None:
        detail = translate("There are too few months before the first start to try.")
        return Check("placebo_start", question, None, False, detail)
    detail = translate(
        "It would have shown {effect:+,.2g} ({p_value}); it should show nothing.",
        effect=placebo.effect,
        p_value=format_p(placebo.p_value),
    )
    return Check("placebo_start", question, placebo.p_value >= 0.05, False, detail, placebo.p_value)


def _one_unit_check(knife: Jackknife, proven: bool, groups: bool) -> Check:
    low, high = float(knife.without.min()), float(knife.without.max())
    passed = (low > 0) == (high > 0) if proven else None
    if groups:
        question = translate("Does a single group of customers decide the result?")
        detail = translate(
            "Leaving out one group of customers at a time, the effect lies between {low:,.3g} and {high:,.3g}.",
            low=low,
            high=high,
        )
    else:
        question = translate("Does a single unit decide the result?")
        detail = translate(
            "Leaving out one unit at a time, the effect lies between {low:,.3g} and {high:,.3g}.", low=low, high=high
        )
    return Check("one_unit", question, passed, False, detail)


def _size_check(treated: int, controls: int) -> Check:
    passed = min(treated, controls) >= FEW_UNITS
    detail = translate(
        "Units with the programme: {treated:,}, without: {others:,}; the range allows for their number.",
        treated=treated,
        others=controls,
    )
    return Check("units", translate("Are there enough units?"), passed, False, detail)


def _alternatives(panel: UnitPanel, one_month: GroupTime, knife: Jackknife) -> tuple[Alternative, ...]:
    found = [
        Alternative(
            translate("compared with the month before the start only"),
            one_month.overall,
            float(np.sqrt(knife.covariance[0, 0])),
            translate(
                "As in textbooks: the level before the start is that of one month, which is as noisy as any other."
            ),
            kind="month_before",
        )
    ]
    if (~panel.treated).any():
        never = group_time(panel, base_months=BASE_MONTHS, never_only=True)
        if np.isfinite(never.overall):
            without = translate("Without those that start later.")
            found.append(Alternative(translate("never-treated units only"), never.overall, detail=without))
    imputed = imputed_effect(panel)
    if np.isfinite(imputed):
        put_in = translate(
            "The treated months as they would have been without treatment, judging by the untreated ones."
        )
        found.append(Alternative(translate("imputation"), imputed, detail=put_in))
    return tuple(found)


def _notes(panel: UnitPanel, found: GroupTime) -> Sequence[str]:
    notes = []
    if panel.treated.all():
        notes.append(
            translate(
                "No unit is left without the programme: units are compared only with those that start later, and"
                " months in which all have it carry no information."
            )
        )
    if found.unidentified >= 0.5:
        share = found.unidentified / (found.unidentified + found.identified)
        notes.append(
            translate(
                "{months:,.0f} treated customer-months ({share:.1%}) have no comparison or no month before the start and "
                "are left out of the effect.",
                months=found.unidentified,
                share=share,
            )
        )
    notes += early_note(panel)
    if panel.later:
        notes.append(
            translate_count(
                "{count:,} customer joined after their unit had started and is not part of the comparison.",
                "{count:,} customers joined after their unit had started and are not part of the comparison.",
                panel.later,
            )
        )
    if panel.unlisted:
        notes.append(
            translate_count(
                "{count:,} customer belongs to no unit of the roll-out and is left out.",
                "{count:,} customers belong to no unit of the roll-out and are left out.",
                panel.unlisted,
            )
        )
    few = few_units_note(panel)
    return [*notes, few] if few else notes


def _base_words(found: GroupTime) -> str:
    """From what all effects by month are counted, before the start and after it."""
    longest = min(BASE_MONTHS, int(found.bases.max()) + 1)
    if longest > 1:
        return translate_count(
            "the mean of the {count:,} month before the start",
            "the mean of the {count:,} months before the start",
            longest,
        )
    return translate("the month before the start")


def _month_before(one_month: GroupTime, knife: Jackknife) -> list[dict[str, float]]:
    """The effects by month counted from the month before the start alone, as textbooks show them."""
    error = np.sqrt(np.maximum(np.diag(knife.covariance)[EVENTS:], 0.0))
    rows = zip(one_month.event_time.tolist(), one_month.event_effect.tolist(), error.tolist(), strict=True)
    return [{"time": time, "effect": effect, "se": se} for time, effect, se in rows]


def _left_out(panel: UnitPanel, knife: Jackknife) -> dict[str, float]:
    """The effect without each cluster: what the errors of two programmes on the same units have in common shows in it."""
    clusters = np.unique(panel.cluster)
    return {panel.names[number]: float(value) for number, value in zip(clusters, knife.without, strict=True)}


def _group_table(panel: UnitPanel, found: GroupTime) -> list[dict[str, object]]:
    """Mean effect of each cohort over its treated months."""
    rows: list[dict[str, object]] = []
    for number, start in enumerate(found.cohorts):
        known = found.post[number] & ~np.isnan(found.effects[number])
        weight = found.weights[number][known]
        if weight.sum() > 0:
            mean = float((weight * found.effects[number][known]).sum() / weight.sum())
            month = panel.months.day(int(start)).isoformat()
            rows.append({"start": month, "customer_months": float(weight.sum()), "effect": mean})
    return rows
