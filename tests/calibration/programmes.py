"""Do effects and money cover? Simulated banks whose truth is known, by design.

Run as ``python -m tests.calibration.programmes DESIGN [worlds] [customers] [KIND]``, with DESIGN one of staggered,
experiment, cluster_experiment and matched. A line says how often the 95% intervals of the effect and of the NPV hold the
truth, how wide they are, how often the grade was kept, and how often the verdict was PASS. KIND is ``null`` (the programme
does nothing), ``early`` or ``early=GROWTH`` (the first branches were growing anyway, by 2% a month or by GROWTH),
``proven`` (an effect of the smallest size that is said to be provable), ``contacts`` (matched only: the change in contacts
of customers who were picked by their margin) or ``dip``, ``dip=SHARE`` (staggered only: the programme does nothing, and
the branches with the worst last quarter start, all or SHARE of those that start; the others by lot). *Dip* is how often the
check of the last months before the start failed: a false alarm but for ``dip``.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
from scipy import stats

from cxvalue.effects.designs.experiment import estimate_cluster_experiment, estimate_experiment
from cxvalue.effects.designs.matched import estimate_matched
from cxvalue.effects.designs.staggered import estimate_staggered
from cxvalue.effects.effect import BASE_GRADES, Effect
from cxvalue.money import ProgrammeCosts, business_case
from cxvalue.simulate.bank_draw import (
    ANNUAL_RATE,
    FIRST_MONTH,
    PROGRAMME,
    BankDraw,
    BankParameters,
    counts_from,
    draw_bank,
    month_of,
    month_start,
)
from cxvalue.simulate.bank_truth import truth_of
from cxvalue.simulate.bank_world import SELECTION
from tests.calibration.bankworlds import contacts_of, customer_panel_of, unit_panel_of

BASE = BankParameters(branches=40, months=30, one_off=4_000.0, monthly=100.0)
COLUMNS = ("effect", "npv", "event times", "kept", "pass", "bias", "width", "true", "mde", "dip", "claimed")


def estimate(drawn: BankDraw) -> Effect:
    """The effect by the world's own design."""
    design = drawn.parameters.design
    if design == "staggered":
        return estimate_staggered(unit_panel_of(drawn))
    if design == "cluster_experiment":
        return estimate_cluster_experiment(unit_panel_of(drawn))
    return (estimate_experiment if design == "experiment" else estimate_matched)(customer_panel_of(drawn))


def one_world(task: tuple[BankParameters, int, int, str]) -> list[float]:
    """What is counted in one world."""
    true, customers, seed, kind = task
    drawn = draw_bank(customers, seed, true)
    if kind == "contacts":
        panel, at = contacts_of(drawn, seed)
        effect = estimate_matched(panel)
        kept = float(effect.grade == BASE_GRADES[effect.design])
        inside = float(effect.low <= at <= effect.high)
        return [inside, np.nan, np.nan, kept, np.nan, effect.estimate - at, effect.high - effect.low, at, *[np.nan] * 3]
    if kind.startswith("dip"):
        effect = estimate(after_bad_quarters(drawn, float(kind.partition("=")[2] or 1), seed))
        kept, claimed = float(effect.grade == BASE_GRADES[effect.design]), float(effect.low > 0)
        inside, width = float(effect.low <= 0 <= effect.high), effect.high - effect.low
        return [inside, np.nan, np.nan, kept, np.nan, effect.estimate, width, 0.0, np.nan, dipped(effect), claimed]
    if kind == "proven":
        drawn = with_effect_of(drawn, verdict_of(estimate(without_effect(drawn)), true).mde or 0.0)
    truth = truth_of(drawn)
    effect = estimate(drawn)
    case = case_of(effect, true)
    verdict = case.verdict(at_least=0, confidence=0.90)
    name = f"programme.{PROGRAMME}"
    at = truth[f"{name}.effect"]
    vector = np.array(truth[f"{name}.event_effects"])[effect.event_time]
    q = stats.t.ppf(0.975, effect.df)
    covered = np.abs(vector - effect.event_effect) <= q * np.sqrt(np.diag(effect.covariance))
    _, low, high = case.npv
    return [
        float(effect.low <= at <= effect.high),
        float(low <= truth[f"{name}.npv"] <= high),
        float(np.average(covered, weights=effect.event_weight)),
        float(effect.grade == BASE_GRADES[effect.design]),
        float(verdict.word == "PASS"),
        effect.estimate - at,
        effect.high - effect.low,
        at,
        verdict.mde if verdict.mde is not None else np.nan,
        dipped(effect),
        float(effect.low > 0),
    ]


def dipped(effect: Effect) -> float:
    """Whether the check of the last months before the start failed; nan where it was not made."""
    found = [check.lowers for check in effect.checks if check.name == "dip"]
    return float(found[0]) if found else np.nan


def after_bad_quarters(drawn: BankDraw, share: float, seed: int) -> BankDraw:
    """The same customers, whom the programme does nothing to: each month the branches start whose last quarter was worst.

    A quarter is as bad as it lies below what the same customers bring on average while they are there, next to all
    branches: it was bad luck, which goes. As many start in all as the world lets start, all but `share` of them by lot.
    """
    true, months = drawn.parameters, drawn.with_it.shape[1]
    there = drawn.alive_without & (np.arange(months) >= counts_from(drawn)[:, None])
    own = drawn.without_it.sum(axis=1, where=there) / np.maximum(there.sum(axis=1), 1)
    brought, usual = np.zeros((2, true.branches, months))
    np.add.at(brought, drawn.branch, np.where(there, drawn.without_it, 0.0))
    np.add.at(usual, drawn.branch, np.where(there, own[:, None], 0.0))
    luck = brought / np.maximum(usual, 1e-9)
    luck -= luck.mean(axis=0)
    rollout, rng = range(months // 3, 2 * months // 3), np.random.default_rng([seed, 7])
    day = np.full(true.branches, -1)
    for done, month in enumerate(rollout, start=1):
        last = luck[:, month - 3 : month].mean(axis=1)
        for _ in range(round(done / len(rollout) * (true.branches - true.never)) - int((day >= 0).sum())):
            order = np.argsort(last) if rng.random() < share else rng.permutation(true.branches)
            day[order[day[order] < 0][0]] = (month_start(month) - FIRST_MONTH).days
    start_day = day[drawn.branch]
    at = np.where(start_day >= 0, month_of(start_day), -1)
    base = np.where(start_day >= 0, at - 1, months)
    return replace(without_effect(drawn), start_day=start_day, start=at, base=base)


def case_of(effect: Effect, true: BankParameters):
    """The world's case."""
    return business_case(
        effect,
        costs=ProgrammeCosts(true.one_off, true.monthly),
        horizon_months=true.horizon_months,
        annual_discount_rate=ANNUAL_RATE,
        draws=4000,
    )


def verdict_of(effect: Effect, true: BankParameters):
    """The verdict on the world's case."""
    return case_of(effect, true).verdict(at_least=0, confidence=0.90)


def without_effect(drawn: BankDraw) -> BankDraw:
    """The same customers, whom the programme does nothing to."""
    return replace(drawn, with_it=drawn.without_it)


def with_effect_of(drawn: BankDraw, amount: float) -> BankDraw:
    """The same customers with a constant effect in every treated month."""
    months = np.arange(drawn.with_it.shape[1])
    treated = (drawn.start >= 0)[:, None] & (months >= drawn.start[:, None])
    return replace(drawn, with_it=drawn.without_it + amount * treated)


def main(design: str = "staggered", worlds: int = 200, customers: int = 4000, kind: str = "") -> None:
    """Print one line, with exact 99.9% bounds of the shares that are judged."""
    true = replace(BASE, design=design)
    if kind == "null":
        true = replace(true, effect_scale=0.0)
    if kind.startswith("dip"):
        true = replace(true, effect_scale=0.0)
    if kind.startswith("early"):
        true = replace(true, early_growth=float(kind.partition("=")[2] or SELECTION.early_growth))
    with ProcessPoolExecutor() as pool:
        rows = np.array(
            list(pool.map(one_world, [(true, customers, seed, kind) for seed in range(worlds)], chunksize=5))
        )
    print(f"{design} {kind or 'effect'}: {worlds} worlds of {customers} customers")
    digits = 5 if kind == "contacts" else 3
    for name, values in zip(COLUMNS, rows.T, strict=True):
        if not np.isnan(values).all():
            print(f"  {name} {np.nanmean(values):.{digits}f}", end="")
    print(f"  sd of error {rows[:, 5].std():.{digits}f}  mean se {rows[:, 6].mean() / 3.92:.{digits}f}")
    for name in ("effect", "npv", "kept", "pass", "dip", "claimed"):
        judged = rows[:, COLUMNS.index(name)]
        if np.isnan(judged).any():
            continue
        hits = int(judged.sum())
        bound = stats.binomtest(hits, worlds).proportion_ci(0.999, method="exact")
        print(f"    {name}: {hits / worlds:.1%} (99.9% bound {bound.low:.1%} to {bound.high:.1%})")


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))
