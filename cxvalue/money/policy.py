"""Goodwill rules: up to which amount, and how often a year, may an agent let a customer off?

A rule waives the first so many fees of a customer and year that do not exceed a cap. Its yearly value is the handling
that it saves, plus what customers who were let off bring more, less the fees forgone, those that customers would not
have run up without the rule included. The recommended rule is the best of those tried; its range is drawn anew with the
choice, since the best of many is partly lucky.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxvalue.errors import CxvalueError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GoodwillSearch", "Handling", "search_rules"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Handling:
    """What a rule changes, each with its 95% range: `saved_per_waiver` (calls and approvals that cost money),
    `gain_per_customer_year` (margin that a customer who was let off brings more), `extra_share` (more fees run up
    because they may be waived, as a share of the waived ones)."""

    saved_per_waiver: tuple[float, float, float]
    gain_per_customer_year: tuple[float, float, float]
    extra_share: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class GoodwillSearch:
    """The rules that were tried (with waivers, customers, fees forgone and value, a year each) and the best one.

    `best_low` and `best_high` bound the value of whatever rule this way of choosing picks; `chosen` is how often each
    rule was the best among the draws.
    """

    rules: pd.DataFrame
    cap: float
    times_per_year: int
    value: float
    best_low: float
    best_high: float
    chosen: float

    @property
    def frontier(self) -> pd.DataFrame:
        """For each cap the best number of times."""
        best = self.rules.groupby("cap")["value"].idxmax()
        found: pd.DataFrame = self.rules.loc[best].reset_index(drop=True)
        return found


def search_rules(
    customer_year: ArrayLike,
    amount: ArrayLike,
    *,
    years: float,
    handling: Handling,
    caps: Sequence[float],
    times: Sequence[int] = (1, 2, 3, 12),
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

    Raises:
        CxvalueError: no fees, or ranges that do not hold their values.
    """
    import pandas as pd

    whose, paid = np.asarray(customer_year), np.asarray(amount, dtype=float)
    if not paid.size or years <= 0:
        raise CxvalueError("There are no fees, or no time in which they fell, to search rules on.")
    for name in ("saved_per_waiver", "gain_per_customer_year", "extra_share"):
        middle, least, most = getattr(handling, name)
        if not least <= middle <= most:
            raise CxvalueError(f"{name}: {middle} does not lie in its range {least} to {most}.")
    rng = np.random.default_rng(seed)
    _, group = np.unique(whose, return_inverse=True)
    group = group.reshape(-1)
    size = int(group.max()) + 1
    counts = [(cap, often, *_waived(group, paid, cap, often)) for cap in caps for often in times]
    waived, customers, forgone = (np.array([row[i] for row in counts], dtype=float) / years for i in (2, 3, 4))
    # Customers are a sample as well: totals of a rule vary with who is in it (Poisson bootstrap over customer-years).
    spread = np.array([_relative_error(group, paid, cap, often, size) for cap, often, *_ in counts])
    luck = 1 + spread * rng.standard_normal((draws, 1))

    def value(saved: Floats, gain: Floats, extra: Floats) -> Floats:
        total: Floats = saved * waived * (1 + extra) + gain * customers - forgone * (1 + extra)
        return total

    drawn = [_drawn(getattr(handling, name), draws, rng)[:, None] for name in Handling.__slots__]
    worth = value(*drawn) * luck
    expected = value(*(np.array(getattr(handling, name)[0]) for name in Handling.__slots__))
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(worth, tails, axis=0)
    best = int(np.argmax(expected))
    picked = worth.argmax(axis=1)
    # The best of the draws is judged on other draws, so that being lucky once does not count twice.
    other = np.roll(worth, draws // 2, axis=0)[np.arange(draws), picked]
    ends = np.quantile(other, tails)
    rules = pd.DataFrame(
        {
            "cap": [row[0] for row in counts], "times_per_year": [row[1] for row in counts], "waivers": waived,
            "customers": customers, "forgone": forgone, "value": expected, "low": low, "high": high,
            "chosen": np.bincount(picked, minlength=len(counts)) / draws,
        }
    )  # fmt: skip
    if expected[best] <= 0:
        return GoodwillSearch(rules, 0.0, 0, 0.0, 0.0, 0.0, float((worth.max(axis=1) <= 0).mean()))
    return GoodwillSearch(
        rules, float(counts[best][0]), int(counts[best][1]), float(expected[best]), float(ends[0]), float(ends[1]),
        float(rules["chosen"].iloc[best]),
    )  # fmt: skip


def _waived(group: Ints, paid: Floats, cap: float, often: int) -> tuple[int, int, float]:
    """Waivers, customer-years with one, and fees forgone under a rule."""
    rows = _rows(group, paid, cap, often)
    return int(rows.sum()), int(np.unique(group[rows]).size), float(paid[rows].sum())


def _rows(group: Ints, paid: Floats, cap: float, often: int) -> NDArray[np.bool_]:
    able = np.flatnonzero(paid <= cap)
    order = able[np.argsort(group[able], kind="stable")]
    number = np.arange(order.size)
    first = np.ones(order.size, dtype=bool)
    first[1:] = group[order[1:]] != group[order[:-1]]
    rank = number - np.maximum.accumulate(np.where(first, number, 0))
    rows = np.zeros(paid.size, dtype=bool)
    rows[order[rank < often]] = True
    return rows


def _relative_error(group: Ints, paid: Floats, cap: float, often: int, size: int) -> float:
    rows = _rows(group, paid, cap, often)
    sums = np.bincount(group[rows], paid[rows], size)
    total = float(sums.sum())
    return float(np.sqrt((sums**2).sum()) / total) if total > 0 else 0.0


def _drawn(value: tuple[float, float, float], draws: int, rng: np.random.Generator) -> Floats:
    z = rng.standard_normal(draws)
    middle, low, high = value
    return middle + z * np.where(z < 0, middle - low, high - middle) / 1.959964
