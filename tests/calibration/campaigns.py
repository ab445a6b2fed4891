"""Do the figures of a campaign cover? Simulated campaigns with a holdout, whose truth is known.

Run as ``python -m tests.calibration.campaigns [worlds] [customers] [null] [units]``. It prints how often the 95% intervals
hold the truth, their mean widths and the mean error, how often a campaign is said to have earned money, and how often a
difference between customers is seen. The truth is what customers like these gain, for whom the intervals are made (the mean
over all worlds); *these* is how often they hold what the very customers of the campaign gained. *All arms* is how often
the intervals of both arms together hold what each arm's customers gained. ``null`` are campaigns that change nothing; with
``units`` whole units of unequal size, whose customers are alike, are contacted or held out.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from cxvalue.foundation.intervals import share_interval
from cxvalue.questions.campaigns import arms_table
from cxvalue.questions.campaigns.campaign import CampaignData, Window
from cxvalue.questions.campaigns.randomised import campaign_result
from cxvalue.questions.campaigns.targeting import policy_curve, target
from cxvalue.simulate.mealkit_world import (
    NAME,
    WINDOW_DAYS,
    Campaign,
    MealkitParameters,
    _margin,
    simulate_campaign,
    truth_of,
)

NAMES = ("return_uplift", "check_uplift", "margin_per_contact", "first_ever_share")
CLAIMS = ("said to earn", "grade kept", "customers differ", "policy value covered", "all arms covered")
UNITS = 60
Floats = NDArray[np.float64]


def whole_units(
    rng: np.random.Generator, customers: int, held_out: float
) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """Each customer's unit, how much faster than others its customers buy, and whether it is held out."""
    size = rng.dirichlet(np.full(UNITS, 3.0))
    unit = rng.choice(UNITS, customers, p=size)
    held = np.zeros(UNITS, dtype=bool)
    held[rng.permutation(UNITS)[: round(held_out * UNITS)]] = True
    return unit, rng.lognormal(0.0, 0.3, UNITS)[unit], held[unit]


def campaign_in_memory(
    campaign: Campaign, true: MealkitParameters, unit: NDArray[np.int64] | None = None
) -> CampaignData:
    """The same as the engine makes of contacts and purchases."""
    orders = campaign.observed
    inside = orders.within(WINDOW_DAYS)
    size = len(campaign.arm)
    sums = (
        inside.sum(axis=1).astype(float), np.where(inside, orders.revenue, 0.0).sum(axis=1), _margin(orders, inside, true),
        np.where(inside, orders.discount, 0.0).sum(axis=1),
    )  # fmt: skip
    window = Window(WINDOW_DAYS, np.ones(size, dtype=bool), np.array(sums))
    held = campaign.arm == 0
    return CampaignData(
        name=NAME, customer_id=np.arange(size).astype(object), arm=campaign.arm.astype(str).astype(object),
        control=held,
        contacted_on=np.zeros(size, dtype=np.int64), cost=np.where(held, 0.0, true.contact_cost),
        days_silent=campaign.silent,
        frequency=np.round(campaign.used_to * 400),
        tenure_days=campaign.silent + 200, revenue_before=campaign.used_to * 9000, margin_before=campaign.used_to * 3000,
        orders_before=np.round(campaign.used_to * 200),
        windows={WINDOW_DAYS: window},
        window_days=WINDOW_DAYS, as_of=date(2026, 6, 30), unit=unit, unit_name="" if unit is None else "branch",
    )  # fmt: skip


def one_world(task: tuple[MealkitParameters, int, int, bool]) -> list[float]:
    """Which intervals hold the truth, their widths and errors, and what is claimed."""
    true, customers, seed, by_unit = task
    rng = np.random.default_rng([seed, customers])
    pace = true.orders_per_day * rng.gamma(2.0, 0.5, customers).clip(0.05)
    silent, unit = 90 + rng.exponential(120, customers), None
    if by_unit:
        unit, faster, held = whole_units(rng, customers, true.held_out)
        campaign = simulate_campaign(pace * faster, silent / faster**0.3, rng, true)
        campaign = replace(campaign, arm=np.where(held, 0, np.maximum(campaign.arm, 1)))
    else:
        campaign = simulate_campaign(pace, silent, rng, true)
    data, truth = campaign_in_memory(campaign, true, unit), truth_of(campaign, true)
    found = campaign_result(data, expected_share=true.held_out)
    buyers = 300
    low, high = share_interval(int(rng.binomial(buyers, true.first_ever)), buyers)
    intervals = [found.return_uplift, found.check_uplift, found.margin_per_contact]
    ends = [(one.low, one.high, one.value) if one else (np.nan,) * 3 for one in intervals] + [(low, high, np.nan)]
    at = [truth[f"reactivation.{NAME}.{name}"] for name in NAMES]
    inside = [float(a <= t <= b) for t, (a, b, _) in zip(at, ends, strict=True)]
    each = _margin(campaign.with_it, campaign.with_it.within(WINDOW_DAYS), true) - _margin(
        campaign.without_it, campaign.without_it.within(WINDOW_DAYS), true
    )
    one_by_one = [np.nan] * 3 if by_unit else customers_one_by_one(data, campaign, each - true.contact_cost, seed)
    return [
        *inside,
        *(b - a for a, b, _ in ends),
        *(v - t for t, (_, _, v) in zip(at, ends, strict=True)),
        *(low for low, _, _ in ends),
        *at,
        float(found.margin_per_contact is not None and found.margin_per_contact.low > 0),
        float(found.grade == "A"),
        *one_by_one,
    ]


def customers_one_by_one(data: CampaignData, campaign: Campaign, gain: Floats, seed: int) -> list[float]:
    """Whether customers are said to differ, the worth of contacting the best half is held, and the arms' all are."""
    cost = float(data.cost[~data.control].mean())
    ranked = target(data.main.margin, ~data.control, data.before, cost, seed=seed)
    best = policy_curve(ranked.score, ranked.ranking, points=5).iloc[2]
    those = np.flatnonzero(ranked.judged)
    chosen = those[np.argsort(-ranked.ranking, kind="stable")[: round(those.size / 2)]]
    picked = np.zeros(gain.size)
    picked[chosen] = gain[chosen]
    arms = arms_table(data)
    means = [gain[campaign.arm == int(arm)].mean() for arm in arms["arm"]]
    held = (arms["margin_per_contact_low"] <= means) & (arms["margin_per_contact_high"] >= means)
    return [float(ranked.differs), float(best["low"] <= picked[those].mean() <= best["high"]), float(held.all())]


def main(worlds: int = 1000, customers: int = 3000, *kinds: str) -> None:
    """Print the figures."""
    true, by_unit = MealkitParameters(), "units" in kinds
    if "null" in kinds:
        true = replace(true, effect_scale=0.0, contact_cost=0.0)
    with ProcessPoolExecutor() as pool:
        rows = np.array(
            list(pool.map(one_world, [(true, customers, seed, by_unit) for seed in range(worlds)], chunksize=10))
        )
    print(f"campaigns {' '.join(kinds) or 'effect'}: {worlds} worlds of {customers} customers")
    mean = np.array([np.nanmean(column) if np.isfinite(column).any() else np.nan for column in rows.T])
    for place, name in enumerate(NAMES):
        width, low, truth = rows[:, 4 + place], rows[:, 12 + place], mean[16 + place]
        covered = np.mean((low <= truth) & (truth <= low + width))
        print(
            f"  {name:<20} covered {covered:.1%}  these {mean[place]:.1%}  mean width {mean[4 + place]:.4f}"
            f"  bias {mean[8 + place]:+.5f}"
        )
    for place, name in enumerate(CLAIMS):
        if not np.isnan(mean[20 + place]):
            hits = int(rows[:, 20 + place].sum())
            bound = stats.binomtest(hits, worlds).proportion_ci(0.999, method="exact")
            print(f"  {name:<20} {hits / worlds:.1%} (99.9% bound {bound.low:.1%} to {bound.high:.1%})")


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))
