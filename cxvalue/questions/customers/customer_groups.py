"""Customers in groups, for a report that has no row a customer: everybody is in one, all are large enough to be shown."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cxvalue.findings.small_groups import NO_GROUPS, ShownBefore, withheld_groups
from cxvalue.findings.suppression import dominated
from cxvalue.foundation.arrays import Bools, Floats, Places

SUMMARY, VALUES, SEGMENTS = "customers_summary.parquet", "customers_value.csv", "customers_segments.csv"
_HISTORY = {
    "frequency": (0, 1, 2, 3, 5, 10, 20, 50),
    "days_silent": (0, 30, 90, 180, 365, 730),
    "age_days": (0, 90, 180, 365, 730, 1460),
}
_CHANCES = (0.0, 0.2, 0.4, 0.6, 0.8)
_MOST_PARTS = 10
_MEANS = ("p_alive", "expected_transactions", "p_return_90d")


@dataclass(frozen=True, slots=True)
class Split:
    """One way to tell customers apart: band k holds what is at least ``edges[k]`` and below the next edge.

    Bands are shown from their first value to their last: whole numbers end one below the next edge, shares at it, and the
    last band at `end` (None: nowhere).
    """

    name: str
    values: ArrayLike
    edges: Sequence[float]
    whole: bool = True
    end: float | None = None

    @property
    def bands(self) -> NDArray[np.int16]:
        """The band of each customer, as a short number: those are sorted several times as fast."""
        found = np.searchsorted(np.asarray(self.edges, dtype=float), np.asarray(self.values, dtype=float), side="right")
        return np.maximum(found - 1, 0).astype(np.int16)

    @property
    def known(self) -> bool:
        """Whether every customer has a value."""
        return bool(np.isfinite(np.asarray(self.values, dtype=float)).all())

    def shown(self, bounds: tuple[int, int] | None) -> tuple[float | None, float | None]:
        """From where to where bands go, the first and the last of them given."""
        if bounds is None:
            return None, None
        first, last = bounds
        after = self.edges[last + 1] - self.whole if last + 1 < len(self.edges) else self.end
        return self.edges[first], after


def groups_by(
    splits: Sequence[Split], amounts: ArrayLike, least: int, marked: Bools | None = None
) -> list[tuple[dict[str, Any], Places]]:
    """All customers in groups that are told apart by the first split, within it by the next, as far as groups stay large.

    A band of fewer than `least` customers, or of which one or two have nearly all of the amounts, becomes one with its
    smaller neighbour, so that everybody is in a group and no group gives anybody away. Each group comes with its bounds
    (``NAME_from``, ``NAME_to``) and the places of its customers. Nothing where even all customers together are too few.
    Where some are `marked`, and a group tells how many, those who are and those who are not count as if shown alone.

    >>> one = Split("orders", [0, 0, 0, 1, 1, 5], (0, 1, 2))
    >>> [(told["orders_from"], told["orders_to"], len(who)) for told, who in groups_by([one], np.ones(6), 3)]
    [(0, 0, 3), (1, None, 3)]
    """
    money = np.asarray(amounts, dtype=float)
    bands = [split.bands if split.known else None for split in splits]

    def enough(who: Places) -> bool:
        if who.size < max(least, 1) or (least > 0 and dominated(money[who])):
            return False
        among = 0 if marked is None else int(marked[who].sum())
        return marked is None or not any(0 < count < least for count in (among, who.size - among))

    def leaves(who: Places, at: int, bounds: tuple[tuple[int, int] | None, ...]) -> Iterator[tuple[Any, Places]]:
        if at == len(splits):
            yield bounds, who
        elif (band := bands[at]) is None:
            yield from leaves(who, at + 1, (*bounds, None))
        else:
            for first, last, own in _widened(who, band[who], enough):
                yield from leaves(own, at + 1, (*bounds, (first, last)))

    everybody = np.arange(money.size)
    found = leaves(everybody, 0, ()) if enough(everybody) else iter(())
    return [(_told(splits, bounds), who) for bounds, who in found]


def _widened(who: Places, band: NDArray[np.int16], enough: Any) -> list[tuple[int, int, Places]]:
    """The bands of some customers, each wide enough; customers who are enough together stay so in the worst case as one."""
    order = np.argsort(band, kind="stable")
    names, starts = np.unique(band[order], return_index=True)
    own = np.split(who[order], starts[1:])
    groups = [(int(name), int(name), one) for name, one in zip(names, own, strict=True)]
    while len(groups) > 1:
        small = next((place for place, (*_, one) in enumerate(groups) if not enough(one)), None)
        if small is None:
            break
        beside = [place for place in (small - 1, small + 1) if 0 <= place < len(groups)]
        other = min(beside, key=lambda place: groups[place][2].size)
        low, high = sorted((small, other))
        both = np.concatenate([groups[low][2], groups[high][2]])
        groups[low : high + 1] = [(groups[low][0], groups[high][1], both)]
    return groups


def _told(splits: Sequence[Split], bounds: Sequence[tuple[int, int] | None]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for split, of in zip(splits, bounds, strict=True):
        told[f"{split.name}_from"], told[f"{split.name}_to"] = split.shown(of)
    return told


def customers_in_groups(
    customers: pd.DataFrame,
    least: int,
    segments: Mapping[str, NDArray[np.object_]],
    *,
    elsewhere: Collection[tuple[str, str]] = (),
    before: ShownBefore = NO_GROUPS,
) -> dict[str, pd.DataFrame]:
    """What a report publishes in place of its table of customers: tables of groups, by the names of their files.

    Args:
        customers: the table, as published in ``customers.parquet``.
        least: a group has as many customers at least.
        segments: labels of these customers by column.
        elsewhere, before: groups that other tables withhold, and what the last run showed of segments.
    """
    number = {name: _numbers(pd.to_numeric(customers[name])) for name in (*_HISTORY, *_MEANS, "cltv")}
    worth = number["cltv"]
    # Under contracts it is known who has left: a mean of them says how many.
    left = number["p_alive"] == 0 if np.isin(number["p_alive"], (0.0, 1.0)).all() else None
    if left is not None and 0 < min(left.sum(), (~left).sum()) < least:
        left, number["p_alive"] = None, np.full(worth.size, math.nan)
    history = [Split(name, number[name], edges) for name, edges in _HISTORY.items()]
    value = [_by_rank(worth, least), Split("p_alive", number["p_alive"], _CHANCES, whole=False, end=1.0)]
    found: dict[str, Any] = {}
    for name, splits in ((SUMMARY, history), (VALUES, value)):
        kinds = {split.name: "Int64" if split.whole else "float64" for split in splits}
        columns = {f"{name}_{end}": kind for name, kind in kinds.items() for end in ("from", "to")}
        rows = [{**told, **_measured(number, who)} for told, who in groups_by(splits, worth, least, left)]
        table = pd.DataFrame(rows, columns=[*columns, *_MEASURES])
        found[name] = table.astype(columns)
    if segments:
        dormant = customers["dormant"].to_numpy(bool)
        few = set(_few_apart(segments, (dormant,) if left is None else (left, ~left), least))
        hidden = withheld_groups(segments, least, amounts=worth, also=few, elsewhere=elsewhere, before=before)
        found[SEGMENTS] = _by_segment(number, segments, hidden)
    return found


def _numbers(column: pd.Series) -> Floats:
    # Where nothing can be missing the column is taken as it is, and not copied.
    return column.to_numpy(float, **({} if isinstance(column.dtype, np.dtype) else {"na_value": math.nan}))


_MEASURES = ("customers", *_MEANS, "cltv", "cltv_mean")


def _by_rank(worth: Floats, least: int) -> Split:
    """Tenths by value, the most valuable first; fewer and larger parts where tenths were too small."""
    parts = max(1, min(_MOST_PARTS, worth.size // max(least, 1)))
    rank = np.empty(worth.size, dtype=np.int64)
    rank[np.argsort(-worth, kind="stable")] = np.arange(worth.size)
    return Split("value_part", rank * parts // max(worth.size, 1) + 1, range(1, parts + 1), end=parts)


def _measured(number: Mapping[str, Floats], who: Places | Bools) -> dict[str, float]:
    told: dict[str, float] = {"customers": int(number["cltv"][who].size)}
    for name in _MEANS:
        known = number[name][who]
        told[name] = float(known.mean()) if np.isfinite(known).all() else math.nan
    return {**told, "cltv": float(number["cltv"][who].sum()), "cltv_mean": float(number["cltv"][who].mean())}


def _by_segment(
    number: Mapping[str, Floats], segments: Mapping[str, NDArray[np.object_]], hidden: Collection[tuple[str, str]]
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for name, labels in segments.items():
        texts = labels.astype(str)
        for group in np.unique(texts):
            if (name, group) not in hidden:
                rows.append({"segment": name, "group": group, **_measured(number, texts == group)})
    return pd.DataFrame(rows, columns=["segment", "group", *_MEASURES])


def _few_apart(
    segments: Mapping[str, NDArray[np.object_]], sides: Sequence[Bools], least: int
) -> Iterator[tuple[str, str]]:
    """Groups of which one of the sides has fewer than `least`: others are counted elsewhere, and the rest would be these."""
    for name, labels in segments.items():
        names, codes = np.unique(labels.astype(str), return_inverse=True)
        for side in sides:
            counts = np.bincount(codes.reshape(-1), side, minlength=names.size)
            yield from ((name, str(group)) for group, count in zip(names, counts, strict=True) if 0 < count < least)
