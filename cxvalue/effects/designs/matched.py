"""A programme given to whoever asked, complained or was picked: compared with similar customers who did not get it.

For the customers of each start month the comparison are customers without the programme, described by what they did
before that month. The estimate is doubly robust (augmented inverse probability weighting for the treated; Robins,
Rotnitzky and Zhao 1994, Sant'Anna and Zhao 2020): it is right if either the chance of getting the programme or the outcome
without it is described well. Customers picked for a bad month recover anyway, so the months before the bad one are part
of the description.

The comparison are all who had not got it yet. To leave out those who got it later would keep customers who never had a bad
month again; so they stay, and the effect itself is taken off their later months (Robins 1994, structural nested means),
all event times at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cxvalue.effects.designs.customer_level import Accumulator, cohort_pairs, effect_of_customers
from cxvalue.effects.effect import Alternative, Check, Effect
from cxvalue.effects.estimators.doubly_robust import doubly_robust_att, fit_logit, robustness_value
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.errors import BadInput
from cxvalue.foundation.rounding import settled, spread_of
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_customer import CustomerPanel

FEWEST_ON_A_SIDE = 30
MOST_LATER = 0.8
"""A month in which more of the comparisons than this had got the programme too says nothing about it."""
COMPARISONS_PER_TREATED, FEWEST_COMPARISONS = 20, 5_000
HIGHEST_ODDS = 10.0
"""Treated customers likelier than 10 to 1 to get the programme have nobody to be compared with."""
DESCRIBED_MONTHS, PLACEBO_MONTHS = 12, 6
TOO_ALIKE = 0.95
UNBALANCED = 0.10
"""Standardised differences above this after weighting count as unbalanced (Austin 2009)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stack:
    """Treated and comparison customers of all cohorts, one under the other, with what they did before."""

    row: Ints
    cohort: Ints
    treated: Bools
    x: Floats
    odds: Floats
    kept: Bools


def estimate_matched(
    panel: CustomerPanel, *, level: float = 0.95, programme: str = "programme", seed: int = 1
) -> Effect:
    """The effect of a programme on those who got it, against similar customers who did not.

    Raises `BadInput` when there are too few of either, or when nobody without the programme is like those with it.
    """
    where = f"programmes.{programme}"
    pairs = [pair for pair in cohort_pairs(panel) if pair[1] >= 1]
    stack = _stack(panel, pairs, np.random.default_rng(seed))
    if stack is None:
        found = translate(
            "there are too few customers with, or without, the programme who were customers for two months before it."
        )
        remedy = translate("Each side needs {least} customers or more.", least=FEWEST_ON_A_SIDE)
        raise BadInput.at(where, found, remedy)
    lost = float((stack.treated & ~stack.kept).sum() / stack.treated.sum())
    if lost > 0.5:
        found = translate(
            "{share:.0%} of those who got the programme are unlike anybody without it, so there is no fair comparison.",
            share=lost,
        )
        remedy = translate("Keep a random part of the customers without it, and use design: experiment.")
        raise BadInput.at(where, found, remedy)
    gathered = Accumulator(len(panel.start), panel.months.count)
    for place, (start, _) in enumerate(pairs):
        inside = np.flatnonzero(stack.cohort == place)
        for month in range(start, panel.months.count):
            _add(panel, gathered, stack, inside, month, month - start)
    if not gathered.weight.any():
        found = translate("in every month nearly all customers who could be compared had also got the programme.")
        raise BadInput.at(where, found, translate("Keep customers who never get it for comparison."))
    result = gathered.result(None if panel.unit == CUSTOMER else panel.unit_of)
    left_out = translate(
        "{share:.1%} of those who got the programme are unlike anybody without it and are left out.", share=lost
    )
    effect = effect_of_customers(
        panel,
        result,
        design="matched",
        controls=int(np.unique(stack.row[~stack.treated]).size),
        level=level,
        alternatives=(_plain_difference(panel, stack, pairs),),
        notes=(left_out,) if lost else (),
        explanation=translate(
            "Those who got the programme are compared with customers without it who had behaved the same before: how much "
            "they brought in each of the last months and in the year, how long they had been customers, and what the "
            "customers table says about them. What nobody recorded cannot be balanced, so this is not proof."
        ),
    )
    checks = [_balance_check(stack), _overlap_check(lost), _placebo_check(panel, stack, pairs), _hidden_check(effect)]
    return effect.with_checks(checks)


def _stack(
    panel: CustomerPanel,
    pairs: list[tuple[int, int]],
    rng: np.random.Generator,
) -> _Stack | None:
    """Customers of all cohorts with what they did up to their base, and their odds of getting the programme."""
    about = _telling(panel)
    rows, cohorts, treated, x = [], [], [], []
    for number, (start, base) in enumerate(pairs):
        own = np.flatnonzero((panel.start == start) & (panel.base == base) & (panel.first <= base - 1))
        later = (panel.start < 0) | (panel.base > base)
        others = np.flatnonzero(later & (panel.first <= base - 1))
        most = max(COMPARISONS_PER_TREATED * own.size, FEWEST_COMPARISONS)
        if others.size > most:
            others = np.sort(rng.choice(others, most, replace=False))
        if not own.size or others.size < FEWEST_ON_A_SIDE:
            continue
        chosen = np.concatenate([own, others])
        rows.append(chosen)
        cohorts.append(np.full(chosen.size, number))
        treated.append(np.arange(chosen.size) < own.size)
        history = _history(panel.known_before, panel.first, chosen, base)
        if panel.beside is not None:  # the last two columns say how long they have been customers, once more
            history = np.column_stack([history, _history(panel.beside, panel.first, chosen, base)[:, :-2]])
        x.append(history if about is None else np.column_stack([history, about[chosen]]))
    if not rows or sum(part.sum() for part in treated) < FEWEST_ON_A_SIDE:
        return None
    cohort, got = np.concatenate(cohorts), np.concatenate(treated)
    described = np.vstack(x)
    spread = spread_of(described)
    described = (described - described.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    present = np.unique(cohort)
    design = np.column_stack([cohort[:, None] == present, described])
    odds = np.exp(np.clip(design @ fit_logit(design, got), -30, 30))
    kept = odds <= HIGHEST_ODDS
    return _Stack(np.concatenate(rows), cohort, got, design, odds, kept)


def _telling(panel: CustomerPanel) -> Floats | None:
    """What is known of customers, without columns that only say who got the programme: those describe nobody."""
    if panel.about is None:
        return None
    got = (panel.start >= 0).astype(float)
    telling = [
        float(spread_of(column)) > 0 and abs(np.corrcoef(column, got)[0, 1]) <= TOO_ALIKE for column in panel.about.T
    ]
    return panel.about[:, np.array(telling, dtype=bool)]


def _history(values: NDArray[np.float32], first_month: Ints, rows: Ints, until: int) -> Floats:
    """What customers did up to a month: each of the last months, half-years, months without anything, a bad last month."""
    window = np.full((rows.size, 12), np.nan)
    there = values[rows, max(until - 11, 0) : until + 1].astype(float)
    window[:, 12 - there.shape[1] :] = there
    known = ~np.isnan(window)
    filled = np.where(known, window, 0.0)

    def mean(first: int, last: int) -> Floats:
        number = known[:, first:last].sum(axis=1)
        every = filled.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        return np.where(number > 0, filled[:, first:last].sum(axis=1) / np.maximum(number, 1), every)

    last, usual, far = filled[:, -1], mean(6, 11), mean(0, 6)
    empty = (filled == 0) & known
    return np.column_stack(
        [
            *filled.T[-3:],
            mean(9, 12),
            usual,
            far,
            np.sqrt(np.maximum(usual, 0)),
            np.sqrt(np.maximum(last, 0)),
            empty[:, -1],
            empty[:, -2],
            empty[:, -3:].all(axis=1),
            empty[:, -6:].sum(axis=1),
            empty.sum(axis=1),
            (last < 0.5 * usual) & (usual > 0),
            (usual > 0) & (last == 0),
            known.sum(axis=1),
            np.log1p(np.maximum(until - first_month[rows], 0)),
        ]
    ).astype(float)


def _add(panel: CustomerPanel, gathered: Accumulator, stack: _Stack, inside: Ints, month: int, since: int) -> None:
    """Add the doubly robust effect of one cohort in one month, with what is owed to those who got it later."""
    if not inside.size:
        return
    y = panel.values[stack.row[inside], month].astype(float)
    usable = ~np.isnan(y) & stack.kept[inside]
    y, use = y[usable], inside[usable]
    rows, treated = stack.row[use], stack.treated[use]
    if treated.sum() < 2 or (~treated).sum() < FEWEST_ON_A_SIDE:
        return
    own = panel.start[rows]
    later = np.flatnonzero(~treated & (own >= 0) & (month >= own))
    effect, influence, taken = doubly_robust_att(stack.x[use], y, treated, stack.odds[use])
    weight = taken[later]
    if weight.sum() > MOST_LATER:
        return
    owed = np.bincount(month - own[later], weight, minlength=gathered.weight.size).astype(np.float64)
    # A customer may stand in the stack once for each cohort, but only once within this one.
    gathered.add(since, effect, float(treated.sum()), rows, influence, owed)


def _plain_difference(panel: CustomerPanel, stack: _Stack, pairs: list[tuple[int, int]]) -> Alternative:
    """Treated against the others as they are, from the first treated month on."""
    total = weight = 0.0
    for number, (start, _) in enumerate(pairs):
        inside = stack.cohort == number
        own, others = (stack.row[inside & side] for side in (stack.treated, ~stack.treated))
        if own.size and others.size:
            months = panel.months.count - start
            total += (
                own.size * months * (np.nanmean(panel.values[own, start:]) - np.nanmean(panel.values[others, start:]))
            )
            weight += own.size * months
    estimate = float(total / weight) if weight else float("nan")
    return Alternative(
        translate("plain difference, not matched"),
        estimate,
        detail=translate("With the programme compared with without, unadjusted."),
    )


def _balance_check(stack: _Stack) -> Check:
    question = translate("Are the compared customers alike before the start?")
    use = stack.kept
    own, others = use & stack.treated, use & ~stack.treated
    weight = stack.odds[others] / stack.odds[others].sum()
    mean = stack.x[own].mean(axis=0)
    spread = np.sqrt((spread_of(stack.x[own]) ** 2 + spread_of(stack.x[others]) ** 2) / 2)
    raw = np.abs(mean - stack.x[others].mean(axis=0))[spread > 0] / spread[spread > 0]
    left = np.abs(mean - weight @ stack.x[others])[spread > 0] / spread[spread > 0]
    detail = translate_count(
        "The largest of {count:,} standardised difference is {after:.2f} after weighting, {before:.2f} before; up to "
        "{usual:.2f} is usual.",
        "The largest of {count:,} standardised differences is {after:.2f} after weighting, {before:.2f} before; up to "
        "{usual:.2f} is usual.",
        int(left.size),
        after=float(left.max()),
        before=float(raw.max()),
        usual=UNBALANCED,
    )
    return Check("balance", question, bool(left.max() <= UNBALANCED), True, detail)


def _overlap_check(lost: float) -> Check:
    question = translate("Is there somebody to compare each customer with?")
    detail = translate(
        "{share:.1%} of those with the programme had nobody to be compared with and are left out.", share=lost
    )
    return Check("overlap", question, lost <= 0.10, True, detail)


def _placebo_check(panel: CustomerPanel, stack: _Stack, pairs: list[tuple[int, int]]) -> Check:
    """Did the compared customers differ in the half-year before all that they are described by?

    If the months that describe them are all that led to the programme, the months before those are balanced as well.
    """
    question = translate("Does the comparison show an effect where there cannot be one?")
    gathered = Accumulator(len(panel.start), PLACEBO_MONTHS)
    for number, (_, base) in enumerate(pairs):
        inside = np.flatnonzero(stack.cohort == number)
        first = base - DESCRIBED_MONTHS - PLACEBO_MONTHS + 1
        for since in range(PLACEBO_MONTHS):
            if first + since >= 0:
                _add(panel, gathered, stack, inside, first + since, since)
    if not gathered.weight.any():
        detail = translate("Not known: the history before the start is too short to try.")
        return Check("placebo_month", question, None, True, detail)
    result = gathered.result()
    size = float(np.nanmax(np.abs(panel.values), initial=0.0))
    se = settled(float(np.sqrt(result.covariance[0, 0])), size)
    p_value = float(2 * special.ndtr(-abs(result.overall) / se)) if se > 0 else float(not settled(result.overall, size))
    detail = translate(
        "More than a year before the start, the compared customers differed by {difference:+,.2g} a month ({p_value}); they "
        "should not.",
        difference=result.overall,
        p_value=format_p(p_value),
    )
    return Check("placebo_month", question, None, True, detail, p_value)


def _hidden_check(effect: Effect) -> Check:
    question = translate("How strong would something unrecorded have to be?")
    if effect.se == 0:
        return Check("hidden", question, None, False, translate("The effect has no error to compare with."))
    value = robustness_value(effect.estimate / effect.se, max(effect.treated_customers + effect.control_customers, 2))
    detail = translate(
        "Something that explains {share:.1%} of both who got it and what they brought would undo the effect.",
        share=value,
    )
    return Check("hidden", question, None, False, detail)
