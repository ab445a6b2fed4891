"""A programme given at random: intention to treat, adjusted by what customers did before (CUPED).

Each treated month is compared with the same month of the control customers. The control's relation between the months
before and the outcome takes out what chance put into the groups (Deng, Xu, Kohavi and Walker 2013; Lin 2013): the
adjustment is linear, fitted on the control alone, and leaves the estimate unbiased whatever the true relation is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.checks.early import later_note
from cxvalue.effects.designs.customer_level import Accumulator, cohort_pairs, effect_of_customers, pre_means
from cxvalue.effects.effect import Check, Effect
from cxvalue.effects.estimators.abtest import size_of
from cxvalue.effects.estimators.clustered import clustered_variance
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.errors import BadInput
from cxvalue.foundation.intervals import p_value_of
from cxvalue.foundation.rounding import settled, spread_of
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_customer import CustomerPanel
    from cxvalue.tables.panels.by_unit import UnitPanel

FEWEST_IN_AN_ARM = 30
"""Customers in an arm below which nothing is estimated."""
YEAR = 12
BALANCE_QUESTION = translatable("Were the groups alike before the start?")


def estimate_experiment(
    panel: CustomerPanel, *, level: float = 0.95, programme: str = "programme", planned_share: float | None = None
) -> Effect:
    """The effect of a programme that customers got at random, per treated customer and month.

    `planned_share` is the share that was to be held out, where it is known. Raises `BadInput` when an arm is too small.
    """
    control = np.flatnonzero(panel.start < 0)
    treated = np.flatnonzero(panel.start >= 0)
    if min(control.size, treated.size) < FEWEST_IN_AN_ARM:
        found = translate(
            "too few customers to compare: {treated:,} with the programme, {control:,} without.",
            treated=treated.size,
            control=control.size,
        )
        remedy = translate("Each arm needs {least} customers or more.", least=FEWEST_IN_AN_ARM)
        raise BadInput.at(f"programmes.{programme}", found, remedy)
    gathered = Accumulator(len(panel.start), panel.months.count)
    differences: list[tuple[float, float]] = []
    for start, base in cohort_pairs(panel):
        own = np.flatnonzero((panel.start == start) & (panel.base == base))
        others = control[panel.first[control] <= start]
        if len(own) < 2 or len(others) < FEWEST_IN_AN_ARM:
            continue
        _compare(panel, gathered, own, others, start, base)
        differences.append(_balance(panel, own, others, base))
    if not gathered.weight.any():
        found = translate("no cohort has enough customers with a month before the start.")
        raise BadInput.at(f"programmes.{programme}", found, translate("Give the tables a longer history."))
    effect = effect_of_customers(
        panel,
        gathered.result(),
        design="experiment",
        controls=int(control.size),
        level=level,
        notes=later_note(panel),
        explanation=translate(
            "Customers were assigned to the programme by lot. They are compared as assigned, whether or not "
            "they used it, and what they had brought before the start takes luck out of the comparison."
        ),
    )
    by_lot = [_split_check(treated.size, control.size, planned_share), _balance_check(differences)]
    return effect.with_checks([*by_lot, *_assigned_checks(panel)])


def estimate_cluster_experiment(
    panel: UnitPanel, *, level: float = 0.95, programme: str = "programme", planned_share: float | None = None
) -> Effect:
    """The effect of a programme that whole units (branches, teams) got at random.

    Units are compared by their change since before the start, as in a roll-out; that they were chosen at random makes it
    an experiment. `planned_share` is the share of the units that was to be held out, where it is known.
    """
    from cxvalue.effects.designs.staggered import estimate_staggered

    found = estimate_staggered(panel, level=level, programme=programme)
    explanation = translate(
        "Units ({unit}) were assigned to the programme by lot. Their customers are compared by how much more they changed "
        "since the year before the start; the range allows for the number of units, not of customers.",
        unit=panel.unit,
    )
    # In a roll-out the sizes of both sides say nothing of how they came about; here they do, and so do their levels.
    by_lot = [_split_check(found.treated_units, found.control_units, planned_share), _unit_balance_check(panel)]
    return replace(found, design="experiment", explanation=explanation).with_checks(
        [*by_lot, *found.checks, *_assigned_checks(panel)]
    )


def _assigned_checks(panel: CustomerPanel | UnitPanel) -> list[Check]:
    """A check that fails where the programme ended for some of those who started together, and not for others.

    They count only while they have it, so that what is left is no longer the group that was drawn by lot.
    """
    keys = np.column_stack([panel.start, panel.base])[panel.start >= 0]
    until = np.zeros(len(keys), dtype=np.int64) if panel.until is None else panel.until[panel.start >= 0]
    together = len(np.unique(keys, axis=0)) == len(np.unique(np.column_stack([keys, until]), axis=0))
    if together and not panel.brief:
        return []
    detail = translate(
        "The programme ended earlier for some of those who started together, and they count only while they had it. Those "
        "who left it may differ from those who kept it, which no lot evens out."
    )
    return [Check("assigned", translate("Is everyone compared as assigned by lot?"), False, True, detail)]


def _compare(panel: CustomerPanel, gathered: Accumulator, own: Ints, others: Ints, start: int, base: int) -> None:
    """Add the effect of one cohort in each of its treated months."""
    x_own, x_others = (_design(panel, rows, base) for rows in (own, others))
    rows = np.concatenate([own, others])
    for month in range(start, panel.months.count):
        y_own, y_others = panel.values[own, month].astype(float), panel.values[others, month].astype(float)
        here, there = ~np.isnan(y_own), ~np.isnan(y_others)
        if here.sum() < 2 or there.sum() < FEWEST_IN_AN_ARM:
            continue
        design = x_others[there]
        bread = np.linalg.pinv(design.T @ design)
        slope = bread @ (design.T @ y_others[there])
        left = y_others[there] - design @ slope
        own_left = y_own[here] - x_own[here] @ slope
        effect = float(own_left.mean())
        influence = np.zeros(rows.size)
        grow = np.sqrt(here.sum() / (here.sum() - 1)), np.sqrt(there.sum() / (there.sum() - design.shape[1]))
        influence[: own.size][here] = grow[0] * (own_left - effect) / here.sum()
        influence[own.size :][there] = -grow[1] * left * (design @ (bread @ x_own[here].mean(axis=0)))
        gathered.add(month - start, effect, float(here.sum()), rows, influence)


def _design(panel: CustomerPanel, rows: Ints, base: int) -> Floats:
    """Intercept, mean of the year before, of the last quarter before, and whether there was no month before."""
    year, quarter = pre_means(panel, rows, base), pre_means(panel, rows, base, months=3)
    new = np.isnan(year)
    return np.column_stack([np.ones(rows.size), np.nan_to_num(year), np.nan_to_num(quarter), new])


def _balance(panel: CustomerPanel, own: Ints, others: Ints, base: int) -> tuple[float, float]:
    """Difference in the mean of the year before, and its variance."""
    before = [values[~np.isnan(values)] for values in (pre_means(panel, own, base), pre_means(panel, others, base))]
    if min(len(values) for values in before) < 2:
        return 0.0, np.inf
    difference = settled(float(before[0].mean() - before[1].mean()), size_of(*before))
    return difference, float(sum(float(spread_of(values)) ** 2 / (len(values) - 1) for values in before))


def _unit_balance_check(panel: UnitPanel) -> Check:
    """Had the units that got the programme the same level in the year before the first start? Each unit is one draw."""
    last = int(panel.base[panel.treated].min())
    window = slice(max(last + 1 - YEAR, 0), max(last + 1, 0))
    clusters, place = np.unique(panel.cluster, return_inverse=True)
    people, outcome = (
        np.bincount(place, values[:, :, window].sum(axis=(1, 2)), clusters.size)
        for values in (panel.customers, panel.total)
    )
    got = np.bincount(place, panel.treated, clusters.size) > 0
    means, variances, counts = [], [], []
    for side in (got & (people > 0), ~got & (people > 0)):
        if side.sum() < 2:
            nothing = translate("There are too few units to compare before the start, or no month.")
            return Check("balance", translate(BALANCE_QUESTION), None, True, nothing)
        mean = float(outcome[side].sum() / people[side].sum())
        variance, count = clustered_variance(
            (outcome[side] - mean * people[side]) / people[side].sum(), np.arange(int(side.sum()))
        )
        means.append(mean)
        variances.append(variance)
        counts.append(count)
    size = max(map(abs, means))
    difference, variance = settled(means[0] - means[1], size), settled(float(np.sqrt(sum(variances))), size) ** 2
    below = sum(part**2 / (count - 1) for part, count in zip(variances, counts, strict=True))
    df = variance**2 / below if below > 0 else np.inf
    p_value = p_value_of(difference, np.sqrt(variance), df)
    detail = translate(
        "In the year before, customers of the units that later got it brought {difference:+,.2g} a month"
        " compared with the others, of {others:,.3g} ({p_value}).",
        difference=difference,
        others=means[1],
        p_value=format_p(p_value),
    )
    return Check("balance", translate(BALANCE_QUESTION), None, True, detail, p_value)


def _split_check(treated: int, control: int, planned: float | None) -> Check:
    from scipy.stats import binomtest  # takes half a second to import

    question = translate("Were as many held out as planned?")
    share = control / (control + treated)
    if planned is None:
        detail = translate("{share:.1%} were held out; the study does not say how many were planned.", share=share)
        return Check("split", question, None, True, detail)
    p_value = float(binomtest(control, control + treated, planned).pvalue)
    detail = translate(
        "{share:.2%} were held out, {planned:.0%} planned ({p_value}).",
        share=share,
        planned=planned,
        p_value=format_p(p_value),
    )
    return Check("split", question, None, True, detail, p_value)


def _balance_check(differences: list[tuple[float, float]]) -> Check:
    weights = np.array([1 / variance if variance > 0 else 0.0 for _, variance in differences])
    if not weights.any():
        nothing = translate("There is no month before the start to compare.")
        return Check("balance", translate(BALANCE_QUESTION), None, True, nothing)
    difference = float(weights @ [value for value, _ in differences] / weights.sum())
    p_value = p_value_of(difference, 1 / np.sqrt(weights.sum()))
    detail = translate(
        "In the year before, the treated brought {difference:+,.2g} a month compared with the others ({p_value}).",
        difference=difference,
        p_value=format_p(p_value),
    )
    return Check("balance", translate(BALANCE_QUESTION), None, True, detail, p_value)
