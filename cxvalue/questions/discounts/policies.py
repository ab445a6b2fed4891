"""What each discount policy earns an occasion: none, one depth for everybody, the ladder as run, the best short ladder.

The margin at depth d is basket margin − d x basket value, if the customer buys. Within a bracket the fitted family says
how many would have bought at d; what their baskets are like is taken from the bracket itself, so that customers who
need a discount may have other baskets than those who do not. The ladder as run is what really came in.

Intervals draw groups of customers anew, stretches of days as well where a depth was named to many at once, and with each
draw a family, by how well the families fit: what is not in the data (how many would have bought at full price, where nobody
was offered nothing) differs between them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cxvalue.findings.small_groups import withheld_list
from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.chance import is_a_point
from cxvalue.foundation.intervals import interval_ends
from cxvalue.language.catalogue import translatable, translate
from cxvalue.questions.discounts.at_once import drawn_anew
from cxvalue.questions.discounts.occasions import Occasions
from cxvalue.questions.discounts.reservation import Fitted, fit_families, goodness_of_fit, refit, turnbull, weights_of

DEPTHS = np.round(np.arange(0, 0.4 + 1e-9, 0.0005), 4)
NO_RANGE = translatable(
    "all customers come out alike, with nothing or the same amount from each of them, so no range "
    "can be given. Check the columns accepted, basket_value and basket_margin."
)
DRAWS = 300
FEWEST_APART = 5
"""Occasions that must lie between two depths, at least."""
NO_PRICE = translatable("the offers have no basket value and basket margin, so no figure in money is possible.")
ONE_DEPTH = translatable(
    "customers were told apart at one depth only, so the effect of another depth is not known. Offer"
    " two different depths, each to a random part of the customers, or in turn, week by week."
)
LADDER_STEPS = np.round(np.arange(0, 0.4 + 1e-9, 0.05), 2)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class DiscountResult:
    """What the policies earn an occasion, and the reservation discounts behind it.

    Attributes:
        fits, weights: the families and how much each counts; `best` is the likeliest.
        overdispersion: of the best family's fit (1 or less: it fits).
        none, flat, ladder: expected immediate margin an occasion, None where baskets have no price or customers all come
            out alike.
        optimal_depth: the best flat depth.
        curve: margin an occasion at each of `DEPTHS`, with its bounds (rows: value, low, high).
        acceptance: share that buys at each of `DEPTHS`, with its bounds.
        short_ladder: the best ladder with at most three rungs, and what it earns.
        by_segment: best depth and margin at it, for each segment.
        walked_away: share of the occasions in which nothing was bought.
        offered_nothing: share of the occasions whose first offer was no discount.
        missing: why there are no figures for other policies; empty where there are.
    """

    fits: tuple[Fitted, ...]
    weights: Floats
    overdispersion: float
    none: Figure | None
    flat: Figure | None
    ladder: Figure | None
    optimal_depth: Figure | None
    curve: Floats
    acceptance: Floats
    short_ladder: tuple[tuple[float, ...], float] | None
    by_segment: tuple[tuple[str, float, float, float], ...]
    walked_away: float
    offered_nothing: float
    missing: str = ""

    @property
    def best(self) -> Fitted:
        """The likeliest family."""
        return self.fits[int(np.argmax(self.weights))]


def analyse(
    data: Occasions,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 1,
    suppress_below: int = 0,
    elsewhere: Collection[str] = (),
) -> DiscountResult:
    """Fit the families and price the policies.

    Segments of fewer than `suppress_below` customers are not named, nor those that would give them away or that other
    tables withhold (`elsewhere`).
    """
    rng = np.random.default_rng(seed)
    count = data.count.sum(axis=0)
    fits = fit_families(data.low, data.high, data.segment, count)
    first = weights_of(fits)
    chi2, df = goodness_of_fit(fits[int(np.argmax(first))], data.low, data.high, data.segment, count)
    spread = max(chi2 / df, 1.0) if df else 1.0
    weights = weights_of(fits, spread)
    groups = len(data.count)
    shown = _mix(data, fits, weights)
    ready = [refit(one, data.low, data.high, data.segment, count) for one in fits]
    sample = []
    for _ in range(draws):
        drawn = np.bincount(rng.integers(0, groups, groups), minlength=groups).astype(float)
        family = ready[int(rng.choice(len(fits), p=weights))]
        sums = _sums(data, drawn, rng)
        sample.append(_priced(data, family.to(sums[0]), sums))
    curves, accepted, ladders = (np.array([one[i] for one in sample]) for i in range(3))

    def sampled(value: float, values: Floats) -> Figure | None:
        return None if is_a_point(float(values.min()), float(values.max())) else figure(value, values)

    def figure(value: float, values: Floats) -> Figure:
        low, high = interval_ends(values, level)
        return Figure(value, min(float(low), value), max(float(high), value))

    profit, acceptance, ladder = shown
    known = told_apart(data, count)
    missing = "" if known else translate(ONE_DEPTH)
    if not data.priced:
        missing = translate(NO_PRICE)
    best = int(np.argmax(profit))
    bounds = np.vstack([profit, *interval_ends(curves, level)]) if data.priced else np.zeros((3, DEPTHS.size))
    return DiscountResult(
        fits=fits,
        weights=weights,
        overdispersion=spread if df else 1.0,
        none=sampled(float(profit[0]), curves[:, 0]) if not missing else None,
        flat=sampled(float(profit[best]), curves.max(axis=1)) if not missing else None,
        ladder=sampled(ladder, ladders) if data.priced else None,
        optimal_depth=figure(float(DEPTHS[best]), DEPTHS[curves.argmax(axis=1)]) if not missing else None,
        curve=bounds if known else np.full(bounds.shape, np.nan),
        acceptance=np.vstack([acceptance, *interval_ends(accepted, level)])
        if known
        else np.full((3, DEPTHS.size), np.nan),
        short_ladder=_short_ladder(data, fits, weights) if not missing else None,
        by_segment=_segments(data, fits, weights, suppress_below, elsewhere) if not missing else (),
        walked_away=float(count[np.isposinf(data.high)].sum() / count.sum()),
        offered_nothing=float(data.first_depths.get(0.0, 0.0)),
        missing=missing,
    )


def told_apart(data: Occasions, count: Floats) -> bool:
    """Whether the answers say more than one thing about the curve: its place alone leaves its width free.

    In some segment customers must differ at two depths: some need no more than the one, some more than it but no more
    than the other, and some more than both. Otherwise any width fits, and so does any answer at another depth.
    """
    for number in np.unique(data.segment):
        own = (data.segment == number) & (count > 0)
        if not own.any():
            continue
        _, share = turnbull(data.low[own], data.high[own], count[own], tolerance=1e-7)
        mass = np.diff(np.concatenate([[0.0], share, [1.0]])) * count[own].sum()
        if (mass >= FEWEST_APART).sum() >= 3:
            return True
    return False


def _within(data: Occasions, fitted: Fitted, depth: Floats) -> Floats:
    """P(reservation discount ≤ depth | bracket) for each cell (columns) and depth (rows)."""
    low, high = fitted.below(data.low, data.segment), fitted.below(data.high, data.segment)
    segments = np.broadcast_to(np.arange(fitted.centre.size), (depth.size, fitted.centre.size))
    at = fitted.below(np.broadcast_to(depth[:, None], segments.shape), segments)[:, data.segment]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip((at - low) / (high - low), 0.0, 1.0)
    # Where the family puts nothing into a bracket, the bracket's ends decide.
    return np.where(high - low > 1e-12, share, (depth[:, None] >= data.high).astype(float))


def _sums(data: Occasions, drawn: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, float]:
    """Count, value and margin of each cell and the realised margin a visit, for groups of customers drawn so often.

    Where depths were named at once, stretches get other weights as well: how many visits a cell has, and what their baskets
    are like, moves with both, customers and stretches. What the ladder as run brought, it brought in these stretches.
    """
    count, value, margin, realised = (drawn @ one for one in (data.count, data.value, data.margin, data.realised))
    earned = float(realised.sum() / count.sum())
    if data.at_once is None or not data.at_once.drawn:
        return count, value, margin, earned
    moved = drawn_anew(data.at_once, len(data.stretches[0]), rng) - 1.0
    whole = [one.sum(axis=0) for one in (data.count, data.value, data.margin)]
    weighed = [one + moved @ more for one, more in zip(whole, data.stretches, strict=True)]
    number = np.maximum(weighed[0], 0.0)
    scaled = number / whole[0]
    of_baskets = [
        one * scaled + count * scaled * (after / np.maximum(number, 1e-9) - before / whole[0])
        for one, before, after in zip((value, margin), whole[1:], weighed[1:], strict=True)
    ]
    return count * scaled, of_baskets[0], of_baskets[1], earned


def _priced(
    data: Occasions, fitted: Fitted, sums: tuple[Floats, Floats, Floats, float]
) -> tuple[Floats, Floats, float]:
    """Margin an occasion and acceptance at each depth, and the margin of the ladder as run, for cells of such sums."""
    count, value, margin, realised = sums
    total = count.sum()
    share = _within(data, fitted, DEPTHS)
    profit = (share @ margin - DEPTHS * (share @ value)) / total
    return profit, share @ count / total, realised


def _mix(data: Occasions, fits: tuple[Fitted, ...], weights: Floats) -> tuple[Floats, Floats, float]:
    count, value, margin, realised = (one.sum(axis=0) for one in (data.count, data.value, data.margin, data.realised))
    sums = (count, value, margin, float(realised.sum() / count.sum()))
    parts = [_priced(data, one, sums) for one in fits]
    profit = np.tensordot(weights, np.array([part[0] for part in parts]), axes=1)
    return profit, np.tensordot(weights, np.array([part[1] for part in parts]), axes=1), parts[0][2]


def _short_ladder(data: Occasions, fits: tuple[Fitted, ...], weights: Floats) -> tuple[tuple[float, ...], float]:
    """The best ladder with at most three rungs in steps of five points, smallest first."""
    margin, value, total = data.margin.sum(axis=0), data.value.sum(axis=0), data.total
    share = np.tensordot(weights, np.array([_within(data, one, LADDER_STEPS) for one in fits]), axes=1)
    best: tuple[tuple[float, ...], float] = ((0.0,), -np.inf)
    for size in (1, 2, 3):
        for rungs in combinations(range(LADDER_STEPS.size), size):
            before, worth = np.zeros(margin.size), 0.0
            for rung in rungs:
                more = share[rung] - before
                worth += float(more @ (margin - LADDER_STEPS[rung] * value))
                before = share[rung]
            if worth / total > best[1] + 1e-9:
                best = (tuple(float(LADDER_STEPS[rung]) for rung in rungs), worth / total)
    return best


def _segments(
    data: Occasions, fits: tuple[Fitted, ...], weights: Floats, least: int, elsewhere: Collection[str]
) -> tuple[tuple[str, float, float, float], ...]:
    """Name, share of the occasions, best flat depth and margin an occasion of each segment that may be shown."""
    people = data.people or np.full(len(data.segments), least)  # occasions in memory do not say whose they are
    hidden = withheld_list(data.segments, people, least, elsewhere=elsewhere)
    share = np.tensordot(weights, np.array([_within(data, one, DEPTHS) for one in fits]), axes=1)
    count, value, margin = data.count.sum(axis=0), data.value.sum(axis=0), data.margin.sum(axis=0)
    found = []
    for number, name in enumerate(data.segments):
        if hidden[number]:
            continue
        inside = data.segment == number
        profit = (share[:, inside] @ margin[inside] - DEPTHS * (share[:, inside] @ value[inside])) / count[inside].sum()
        best = int(np.argmax(profit))
        found.append((name, float(count[inside].sum() / data.total), float(DEPTHS[best]), float(profit[best])))
    return tuple(found)
