"""One treated unit among several untreated: synthetic difference-in-differences with placebo inference.

Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021): untreated units are weighted so that together they move like the
treated one before its start, months before the start so that they look like those after it, and the effect is the
difference-in-differences of the two. How large it comes out by chance is read off the untreated units, each in turn taken
for the treated one (their algorithm 4). With few of them that distribution is coarse, and the range is wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from cxvalue.effects.checks.early import early_months, early_note, later_note
from cxvalue.effects.designs.staggered import cohorts_of
from cxvalue.effects.effect import Alternative, Check, Effect
from cxvalue.effects.estimators.imputation import fill_gaps
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.errors import BadInput
from cxvalue.foundation.intervals import reach_of
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.tables.panels.by_unit import UnitPanel

FEWEST_CONTROLS = 5
FEWEST_MONTHS = 4
LEAST_THERE = 0.5
"""Share of the months before, and of those after, in which a unit must be there to be a comparison."""


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticDiD:
    """Effect, its path after the start, weights of the other units, and how far the fit misses before the start."""

    effect: float
    path: Floats
    before: Floats
    unit_weights: Floats
    misfit: float


def synthetic_did(outcome: Floats, before: int) -> SyntheticDiD:
    """Synthetic difference-in-differences of the first row of `outcome` (units x months) after `before` months.

    Raises `ValueError` for fewer than two rows or no month on either side.
    """
    units, months = outcome.shape
    if units < 2 or not 0 < before < months:
        raise ValueError("synthetic_did needs untreated units, and months before and after the start.")
    treated, others = outcome[0], outcome[1:]
    after = months - before
    moves = np.diff(others[:, :before], axis=1)
    noise = float(moves.std(ddof=1)) if moves.size > 1 else 0.0
    zeta = after**0.25 * noise
    units_w = _simplex(others[:, :before].T, treated[:before], zeta**2 * before)
    months_w = _simplex(others[:, :before], others[:, before:].mean(axis=1), (1e-6 * noise) ** 2 * (units - 1))
    gap = treated - units_w @ others
    level = float(months_w @ gap[:before])
    path = gap[before:] - level
    left = gap[:before] - gap[:before].mean()
    return SyntheticDiD(float(path.mean()), path, gap[:before] - level, units_w, float(np.sqrt((left**2).mean())))


def _simplex(design: Floats, target: Floats, ridge: float) -> Floats:
    """Weights of 0 or more that sum to 1 and make design @ w + a constant closest to the target, with a ridge on them."""
    a = design - design.mean(axis=0)
    b = target - target.mean()
    size = design.shape[1]
    heavy = 1e4 * max(float(np.abs(a).max(initial=0.0)), 1e-9) * np.sqrt(len(a))
    rows = np.vstack([a, np.sqrt(ridge) * np.eye(size), np.full((1, size), heavy)])
    weights = nnls(rows, np.concatenate([b, np.zeros(size), [heavy]]), maxiter=50 * size)[0]
    weights = weights if weights.sum() > 0 else np.ones(size)
    result: Floats = weights / weights.sum()
    return result


def estimate_single_unit(panel: UnitPanel, *, level: float = 0.95, programme: str = "programme") -> Effect:
    """The effect on one treated unit, per customer and month.

    Raises `BadInput` unless exactly one unit is treated and there are enough untreated units and months before the start.
    """
    mean, size, names, before, event_time = _compared(panel, f"programmes.{programme}")
    main = synthetic_did(mean, before)
    placebos = [
        synthetic_did(np.vstack([mean[i], np.delete(mean[1:], i - 1, axis=0)]), before) for i in range(1, len(mean))
    ]
    covariance = _placebo_covariance(placebos, size)
    after = main.path.size
    se = float(np.sqrt(covariance[:after, :after].sum()) / after)
    df = float(len(placebos) - 1)
    half = reach_of(level, df) * se
    pre = np.arange(before)
    people = size[0]
    effect = Effect(
        design="single_unit",
        outcome=panel.outcome,
        unit=panel.unit,
        estimate=main.effect,
        se=se,
        df=df,
        low=main.effect - half,
        high=main.effect + half,
        level=level,
        event_time=event_time,
        event_effect=main.path,
        covariance=covariance[:after, :after],
        event_weight=np.full(after, people),
        pre_time=(pre - before).astype(np.int64),
        pre_effect=main.before,
        pre_covariance=covariance[after:, after:],
        cohorts=cohorts_of(panel),
        treated_units=1,
        control_units=len(placebos),
        treated_customers=round(people),
        control_customers=round(size[1:].sum()),
        treated_customer_months=round(people * after),
        unidentified_customer_months=early_months(panel),
        naive=float(mean[0, before:].mean() - mean[0, max(before - 12, 0) : before].mean()),
        naive_se=None,
        checks=(),
        grade="B",
        last_month=panel.months.day(panel.months.count - 1),
        alternatives=_alternatives(mean, before, names, main),
        notes=(*early_note(panel), *later_note(panel)),
        explanation=translate(
            "One unit got the programme. It is compared with a weighted mix of the other units that moved like it before "
            "the start; what that comparison shows for units without the programme tells how much may be luck."
        ),
        extra={
            "weights": _weight_table(main, names),
            "base": translate("the months before the start, weighted so that they look like those after it"),
        },
    )
    return effect.with_checks(
        [_fit_check(main, placebos), _date_check(mean, before, size), _luck_check(main, placebos)]
    )


def _compared(panel: UnitPanel, where: str) -> tuple[Floats, Floats, tuple[str, ...], int, Ints]:
    """What is compared, the treated unit first: mean outcomes of the months used, sizes and names of the units.

    Then the months before the start, and how long after it the others are. Raises `BadInput` at `where` for what the design
    cannot tell.
    """
    treated = np.flatnonzero(panel.treated)
    if treated.size != 1:
        found = translate(
            "{units} units have got the programme; the design single_unit is for exactly one.", units=treated.size
        )
        raise BadInput.at(where, found, translate("Use design: staggered for several units."))
    start, base = int(panel.start[treated[0]]), int(panel.base[treated[0]])
    mean, size, names, seen = _means(panel, base)
    later = np.flatnonzero(seen & (np.arange(panel.months.count) >= start))
    if not later.size:
        found = translate("the unit has no month with an outcome after its start.")
        raise BadInput.at(where, found, translate("Wait until there is one."))
    used = [*range(base + 1), *later.tolist()]
    mean = mean[:, used]
    before = base + 1
    if len(mean) - 1 < FEWEST_CONTROLS or before < FEWEST_MONTHS:
        found = translate(
            "untreated units: {units}, months before the start: {months}.",
            units=len(mean) - 1,
            months=before,
        )
        remedy = translate(
            "The least that is needed is {units} untreated units and {months} months before the start.",
            units=FEWEST_CONTROLS,
            months=FEWEST_MONTHS,
        )
        raise BadInput.at(where, found, remedy)
    return mean, size, names, before, later - start


def _means(panel: UnitPanel, base: int) -> tuple[Floats, Floats, tuple[str, ...], Bools]:
    """Mean outcome of who was there by the base (units x months, the treated one first), their number, and the names.

    Last the months in which the treated unit was there.
    """
    bins = slice(0, base + 1)
    people, total = panel.customers[:, bins].sum(axis=1), panel.total[:, bins].sum(axis=1)
    months = np.arange(panel.months.count) <= base
    there = people > 0
    usable = there.all(axis=1) | there[:, ~months].all(axis=1) & there[:, base]
    if panel.gaps:
        usable |= (there[:, months].mean(axis=1) >= LEAST_THERE) & (there[:, ~months].mean(axis=1) >= LEAST_THERE)
    order = np.concatenate([np.flatnonzero(panel.treated), np.flatnonzero(~panel.treated & usable)])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(people > 0, total / people, np.nan)[order]
    # A month in which nobody counted is put in as the unit and the month have it elsewhere.
    free = there[order] & (months | ~panel.treated[order][:, None])
    seen = there[order][0]
    if not there[order].all():
        mean = fill_gaps(mean, free)
    names = tuple(panel.names[panel.cluster[i]] if panel.cluster[i] < len(panel.names) else str(i) for i in order)
    size = np.where(there[:, base], people[:, base], people.max(axis=1))[order]
    return mean, size, names, seen


def _placebo_covariance(placebos: list[SyntheticDiD], size: Floats) -> Floats:
    """Second moments of the placebo paths, made those of a unit of the treated one's size.

    The variance of a unit's mean has a part that its size does not change and one that falls with it.
    """
    paths = np.array([np.concatenate([one.path, one.before]) for one in placebos])
    squares = np.array([one.effect**2 for one in placebos])
    parts = nnls(np.column_stack([np.ones(len(placebos)), 1 / size[1:]]), squares)[0]
    expected, own = parts[0] + parts[1] / size[1:], parts[0] + parts[1] / size[0]
    scale = np.sqrt(own / np.maximum(expected, 1e-300)) if own > 0 else np.ones(len(placebos))
    scaled = paths * np.clip(scale, 0.25, 4.0)[:, None]
    result: Floats = scaled.T @ scaled / len(placebos)
    return result


def _alternatives(mean: Floats, before: int, names: tuple[str, ...], main: SyntheticDiD) -> tuple[Alternative, ...]:
    plain = mean[:, before:].mean(axis=1) - mean[:, :before].mean(axis=1)
    found = [
        Alternative(
            translate("plain difference-in-differences"),
            float(plain[0] - plain[1:].mean()),
            detail=translate("All units alike."),
        )
    ]
    heavy = int(np.argmax(main.unit_weights)) + 1
    if len(mean) > 3:
        rest = synthetic_did(np.delete(mean, heavy, axis=0), before)
        name = translate("without {unit}", unit=names[heavy])
        found.append(Alternative(name, rest.effect, None, translate("Without the unit that weighs most.")))
    return tuple(found)


def _weight_table(main: SyntheticDiD, names: tuple[str, ...]) -> list[dict[str, object]]:
    order = np.argsort(-main.unit_weights)[:10]
    return [
        {"unit": names[i + 1], "weight": float(main.unit_weights[i])} for i in order if main.unit_weights[i] > 0.005
    ]


def _rank(own: float, others: list[float]) -> float:
    """Share of all units, the treated one included, with a value as large as its own."""
    return (1 + sum(value >= own for value in others)) / (1 + len(others))


def _fit_check(main: SyntheticDiD, placebos: list[SyntheticDiD]) -> Check:
    share = _rank(main.misfit, [one.misfit for one in placebos])
    question = translate("Does the mix move like the unit before the start?")
    detail = translate(
        "Before the start the mix misses the unit by {miss:,.2g} a month; {share:.0%} of the units are "
        "missed by as much or more.",
        miss=main.misfit,
        share=share,
    )
    return Check("fit", question, share > 0.05, True, detail, share)


def _date_check(mean: Floats, before: int, size: Floats) -> Check:
    question = translate("Would a start in the middle of the months before have shown an effect?")
    false_start = before - max(before // 4, 2)
    if false_start < FEWEST_MONTHS:
        detail = translate("Not known: there are too few months before the start to try.")
        return Check("placebo_start", question, None, True, detail, needed=True)
    early = mean[:, :before]
    main = synthetic_did(early, false_start)
    others = [
        synthetic_did(np.vstack([early[i], np.delete(early[1:], i - 1, axis=0)]), false_start)
        for i in range(1, len(mean))
    ]
    share = _rank(abs(main.effect), [abs(one.effect) for one in others])
    detail = translate(
        "It would have shown {effect:+,.2g}; {share:.0%} of the units show as much or more.",
        effect=main.effect,
        share=share,
    )
    return Check("placebo_start", question, None, True, detail, share)


def _luck_check(main: SyntheticDiD, placebos: list[SyntheticDiD]) -> Check:
    share = _rank(abs(main.effect), [abs(one.effect) for one in placebos])
    detail = translate(
        "{share:.0%} of the units, without the programme, show an effect as large by luck; with "
        "{units:,} untreated units, {least:.0%} is the smallest possible share.",
        share=share,
        units=len(placebos),
        least=1 / (1 + len(placebos)),
    )
    return Check("luck", translate("How often would luck show as much?"), share <= 0.05, False, detail)
