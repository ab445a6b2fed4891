"""Goodwill rules: up to which amount, and how often a year, may an agent let a customer off?

A rule waives the first so many fees of a customer and year that do not exceed a cap. Its yearly value is the handling
that it saves, plus what customers who were let off bring more, less the fees forgone and less what is run up only because it
may be waived, which is charged at the amount of the fee: the price that the company itself puts on it. Fees that fell while
such a rule was in force hold those extra ones already, and are counted back to what would have fallen without it. The
recommended rule is the best of those tried; its range is drawn anew with the choice, since the best of many is partly lucky.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import interval_ends, stated_draws

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Handling:
    """What a rule changes, each as a value with the ends of its 95% range.

    `saved_per_waiver`: calls and approvals that cost money. `gain_per_customer_year`: margin that a customer who was let off
    brings more. `extra_share`: fees run up only because there is a rule, as a share of those that fall anyway.
    """

    saved_per_waiver: tuple[float, float, float]
    gain_per_customer_year: tuple[float, float, float]
    extra_share: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class GoodwillSearch:
    """The rules that were tried (with waivers, customers, fees forgone and value, a year each) and the best one.

    `best_low` and `best_high` bound the value of whatever rule this way of choosing picks, and are the best rule's range in
    `rules` as well; `chosen` is how often the best rule was the best among the draws too; `cap_range` and
    `times_range` hold 95% of the draws' choices.
    """

    rules: pd.DataFrame
    cap: float
    times_per_year: int
    value: float
    best_low: float
    best_high: float
    chosen: float
    cap_range: tuple[float, float]
    times_range: tuple[float, float]


def search_rules(
    customer_year: ArrayLike,
    amount: ArrayLike,
    *,
    years: float,
    handling: Handling,
    caps: Sequence[float],
    times: Sequence[int] = (1, 2, 3, 12),
    under_rule: ArrayLike | None = None,
    uptake: float = 1.0,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 1,
) -> GoodwillSearch:
    """Value every rule on the fees of some years, and recommend one (or none: a cap of 0).

    Args:
        customer_year: a number for each fee's customer and year; fees in the order of their dates.
        amount: of each fee.
        years: how many years the fees cover.
        handling: what a waiver saves, gains and invites.
        caps, times: the rules to try.
        under_rule: which fees fell while a goodwill rule was in force already (none of them by default).
        uptake: the share of what a rule allows that agents really waive.

    Raises:
        CxvalueError: no fees, or ranges that do not hold their values.
    """
    import pandas as pd

    paid = np.asarray(amount, dtype=float)
    if not paid.size or years <= 0:
        raise CxvalueError("There are no fees, or no period in which they fell, to search for rules.")
    _check_ranges(handling)
    rng = np.random.default_rng(seed)
    there = np.zeros(paid.size, dtype=bool) if under_rule is None else np.asarray(under_rule, dtype=bool)
    found = [one for cap in caps for one in _counted(np.asarray(customer_year), paid, there, float(cap), times)]
    counts = np.array([one[2:7] for one in found]) * uptake / years
    spread = np.array([one[7] for one in found])
    # Customers are a sample as well: totals of a rule vary with who is in it (Poisson bootstrap over customer-years).
    luck = 1 + spread * rng.standard_normal((draws, 1))
    stated = [
        stated_draws(rng.standard_normal(draws), *getattr(handling, name))[:, None] for name in Handling.__slots__
    ]
    worth = _value(counts, *stated) * luck
    certain = [np.array(getattr(handling, name)[0]) for name in Handling.__slots__]
    expected = _value(counts, *certain)
    picked, best = worth.argmax(axis=1), int(np.argmax(expected))
    low, high = _ranges(worth, expected, picked, level)
    base = 1 / (1 + certain[2])
    rules = pd.DataFrame(
        {
            "cap": [one[0] for one in found], "times_per_year": [one[1] for one in found],
            "waivers": counts[:, 0] + base * counts[:, 1], "customers": counts[:, 4],
            "forgone": counts[:, 2] + base * counts[:, 3], "value": expected, "low": low, "high": high,
            "chosen": np.bincount(picked, minlength=len(found)) / draws,
        }
    )  # fmt: skip
    rules["saved"] = certain[0] * rules["waivers"]
    rules["gain"] = certain[1] * rules["customers"]
    rules["moral_hazard"] = certain[2] * rules["forgone"]
    pays = worth.max(axis=1) > 0
    tails = [(1 - level) / 2, (1 + level) / 2]
    chosen_caps, chosen_times = (np.where(pays, rules[name].to_numpy(float)[picked], 0.0) for name in rules.columns[:2])
    cap_range, times_range = (
        (float(low), float(high))
        for low, high in (np.quantile(values, tails, method="nearest") for values in (chosen_caps, chosen_times))
    )
    if expected[best] <= 0:
        return GoodwillSearch(rules, 0.0, 0, 0.0, 0.0, 0.0, float((~pays).mean()), cap_range, times_range)
    return GoodwillSearch(
        rules, float(found[best][0]), int(found[best][1]), float(expected[best]), float(low[best]), float(high[best]),
        float(rules["chosen"].iloc[best]), cap_range, times_range,
    )  # fmt: skip


def _ranges(worth: Floats, expected: Floats, picked: NDArray[np.intp], level: float) -> tuple[Floats, Floats]:
    """The range of each rule's value; that of the best one holds the choice as well."""
    draws, best = len(worth), int(np.argmax(expected))
    low, high = interval_ends(worth, level)
    low, high = np.minimum(low, expected), np.maximum(high, expected)
    if expected[best] > 0:
        # The best of the draws is judged on other draws, so that being lucky once does not count twice.
        ends = interval_ends(np.roll(worth, draws // 2, axis=0)[np.arange(draws), picked], level)
        low[best], high[best] = min(float(ends[0]), expected[best]), max(float(ends[1]), expected[best])
    return low, high


def _check_ranges(handling: Handling) -> None:
    for name in Handling.__slots__:
        middle, least, most = getattr(handling, name)
        if not least <= middle <= most:
            raise CxvalueError(
                "{name}: {middle} does not lie in its range {least} to {most}.",
                name=name,
                middle=middle,
                least=least,
                most=most,
            )


def _value(counts: Floats, saved: Floats, gain: Floats, extra: Floats) -> Floats:
    """Yearly value of every rule: handling saved + gain − fees forgone − those run up because they may be waived."""
    base = 1 / (1 + extra)
    waived = counts[:, 0] + base * counts[:, 1]
    forgone = counts[:, 2] + base * counts[:, 3]
    total: Floats = saved * waived + gain * counts[:, 4] - forgone * (1 + extra)
    return total


def _counted(
    whose: NDArray[Any], paid: Floats, there: Bools, cap: float, times: Sequence[int]
) -> list[tuple[float, ...]]:
    """For each number of times: cap, times, waivers and amounts (each without and with a rule in force), customers, and the
    relative error of the amount."""
    able = np.flatnonzero(paid <= cap)
    if not able.size:
        return [(cap, often, *([0.0] * 6)) for often in times]
    _, group = np.unique(whose[able], return_inverse=True)
    group = group.reshape(-1)
    order = np.argsort(group, kind="stable")
    sorted_group, amount, under = group[order], paid[able][order], there[able][order]
    number = np.arange(order.size)
    first = np.ones(order.size, dtype=bool)
    first[1:] = sorted_group[1:] != sorted_group[:-1]
    rank = number - np.maximum.accumulate(np.where(first, number, 0))
    rows: list[tuple[float, ...]] = []
    for often in times:
        kept = rank < often
        before, during = kept & ~under, kept & under
        sums = np.bincount(sorted_group[kept], amount[kept])
        error = float(np.sqrt((sums**2).sum()) / sums.sum()) if sums.sum() > 0 else 0.0
        rows.append(
            (
                cap, often, float(before.sum()), float(during.sum()), float(amount[before].sum()),
                float(amount[during].sum()), float(first.sum()), error,
            )
        )  # fmt: skip
    return rows
