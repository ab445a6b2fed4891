"""How long it takes until something happens, where it has not happened to everybody yet (Kaplan and Meier 1958)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.foundation.intervals import Interval, reach_of, share_interval


@dataclass(frozen=True, slots=True)
class Survival:
    """P(it has not happened by a time), at each time at which it happened, with Greenwood's sum Σ d / (n (n − d)).

    `begins` and `ends` are the times from which and to which each row is seen, in order.
    """

    times: Floats
    still: Floats
    greenwood: Floats
    at_risk: Floats
    begins: Floats
    ends: Floats

    def seen(self, time: float) -> int:
        """How many are seen at a time, and it has not happened to them before."""
        return int(np.searchsorted(self.begins, time, side="left") - np.searchsorted(self.ends, time, side="left"))

    def known(self, time: float) -> bool:
        """Whether the curve says anything of a time: at every moment until then, or until all were gone, somebody was seen.

        With late entry the few who are seen early may all be gone before others come in; the curve then stays at 0.
        """
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        until = time
        if place >= 0 and self.still[place] == 0:
            until = float(self.times[np.argmin(self.still)])
            if self.ends[-1] > until:
                return False
        moments = np.concatenate([[0.0], self.ends[self.ends < until]])
        after = np.searchsorted(self.begins, moments, side="right") - np.searchsorted(self.ends, moments, side="right")
        return bool((after > 0).all())

    def at(self, time: float, level: float = 0.95) -> Interval:
        """P(not yet) just after a time, with its log-log interval (Kalbfleisch and Prentice 1980); of 0 and 1 Wilson's."""
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0 or self.still[place] == 1:
            seen = self.seen(time)
            return Interval(1.0, share_interval(seen, seen, level)[0] if seen else 0.0, 1.0)
        if self.still[place] == 0:
            # Where all are seen from the beginning: of all to whom it happened, the few last ones among them.
            before = np.concatenate([[1.0], self.still[:place]])
            left = self.at_risk[: place + 1] * (1 - self.still[: place + 1] / np.where(before > 0, before, 1.0))
            late = self.begins[-1] >= 0
            seen = int(self.at_risk[np.argmin(self.still)]) if late else round(float(left[before > 0].sum()))
            return Interval(0.0, 0.0, share_interval(0, seen, level)[1])
        low, high = self._bounds(level)
        return Interval(float(self.still[place]), float(low[place]), float(high[place]))

    def median(self, level: float = 0.95) -> Interval | None:
        """The time by which it happened to half; an end that was not reached is inf, None where the median was not."""
        low, high = self._bounds(level)
        ends = [self._first_below(curve) for curve in (self.still, low, high)]
        return None if np.isinf(ends[0]) else Interval(ends[0], ends[1], ends[2])

    def _first_below(self, curve: Floats) -> float:
        below = np.flatnonzero(curve <= 0.5 + 1e-12)
        return float(self.times[below[0]]) if below.size else np.inf

    def _bounds(self, level: float) -> tuple[Floats, Floats]:
        inner = (self.still > 0) & (self.still < 1)
        log = np.log(np.where(inner, self.still, 0.5))
        reach = reach_of(level) * np.sqrt(np.where(inner, self.greenwood, 0.0)) / np.abs(log)
        low, high = np.exp(log * np.exp(reach)), np.exp(log * np.exp(-reach))
        return np.where(inner, low, self.still), np.where(inner, high, self.still)


def kaplan_meier(time: Floats, happened: Bools, entry: Floats | None = None) -> Survival:
    """The curve of times, some of them censored; with `entry` each row is seen from that time on only (left truncation).

    What happens at a time comes before what is censored at it. Rows that leave as they enter tell nothing.

    >>> curve = kaplan_meier(np.array([1.0, 2.0, 3.0]), np.array([True, False, True]))
    >>> curve.times.tolist(), curve.still.round(4).tolist()
    ([1.0, 3.0], [0.6667, 0.0])
    """
    start = np.full(time.size, -np.inf) if entry is None else entry
    seen = time > start
    time, happened, start = time[seen], happened[seen], np.sort(start[seen])
    times, events = np.unique(time[happened], return_counts=True)
    ends = np.sort(time)
    at_risk = np.searchsorted(start, times, side="left") - np.searchsorted(ends, times, side="left")
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = events / (at_risk * (at_risk - events).astype(float))
    return Survival(times, np.cumprod(1 - events / at_risk), np.cumsum(terms), at_risk.astype(float), start, ends)


def garwood(events: int, exposure: float, level: float = 0.95) -> Interval:
    """A rate of events with Garwood's (1936) exact interval.

    >>> [round(end, 6) for end in garwood(10, 100)]
    [0.1, 0.047954, 0.183904]
    """
    tail = (1 - level) / 2
    low = float(gammaincinv(events, tail)) if events else 0.0
    return Interval(events / exposure, low / exposure, float(gammaincinv(events + 1, 1 - tail)) / exposure)
