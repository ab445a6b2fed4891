"""What others would have forecast on the same day with the same purchases: totals of money over each horizon.

`lifetimes` goes its package's own path: `BetaGeoFitter`, then `GammaGammaFitter` on returning customers whose purchases
brought money, then expected purchases times expected value. Where a fit does not converge it is tried again with a penalty.
`last_equal` is what those known a horizon ago brought since, for each of those known today. `pymc_marketing` is asked only
where it is installed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.tables.purchase_log import Known, PurchaseLog
from tests.reality.judged import HORIZONS

__all__ = ["PEERS", "PeersBeside", "forecasts_of_peers"]

MOST_FITTED = 5_000
"""Customers on whom a peer is fitted: of more every k-th, in the order of their first purchase; all are forecast."""
_WEEK = 7.0
_PENALTIES = (0.0, 0.01, 0.1)

Floats = NDArray[np.float64]


def forecasts_of_peers(log: PurchaseLog, day: int, horizons: Sequence[int]) -> dict[str, Floats]:
    """Totals by peer over each horizon; nan where a peer has nothing to say."""
    known = log.known(day)
    return {name: np.array(peer(log, known, horizons), dtype=float) for name, peer in PEERS.items()}


class PeersBeside:
    """The peers asked once a day of a log, kept in a file for the next time."""

    def __init__(self, log: PurchaseLog, file: Path) -> None:
        """Begin with what the file holds, where there is one."""
        self._log, self._file = log, file
        self._told: dict[str, dict[str, float]] = json.loads(file.read_text()) if file.is_file() else {}

    def came(self, day: int, days: int) -> float:
        """What those known on a day brought over the days after it."""
        known = self._log.known(day)
        return float(self._log.between(known, day, day + days, np.ones(1), np.inf)[1].sum())

    def beside(self, attempts: Attempts) -> dict[str, Floats]:
        """A forecast by each peer for each row: as far off as it was for all customers, where the row is of some."""
        beside = {name: np.full(len(attempts), np.nan) for name in PEERS}
        for origin in np.unique(attempts.origin).tolist():
            rows = np.flatnonzero(attempts.origin == origin)
            horizons = attempts.days[rows].tolist()
            if any(f"{origin}+{days}" not in self._told for days in horizons):
                told = forecasts_of_peers(self._log.until(origin), origin, HORIZONS)
                for place, days in enumerate(HORIZONS):
                    self._told[f"{origin}+{days}"] = {name: float(one[place]) for name, one in told.items()}
            for row, days in zip(rows, horizons, strict=True):
                came, actual = self.came(origin, days), float(attempts.actual[row])
                share = actual / came if np.isfinite(actual) and came > 0 else 1.0
                for name in PEERS:
                    beside[name][row] = self._told[f"{origin}+{days}"][name] * share
        return beside

    def keep(self) -> None:
        """Write what was told to the file."""
        self._file.write_text(json.dumps(self._told))


def _last_equal(log: PurchaseLog, known: Known, horizons: Sequence[int]) -> list[float]:
    told = []
    for days in horizons:
        length = min(days, (known.day - log.first_day) // 2)
        before = log.known(known.day - length)
        if not len(before):
            told.append(math.nan)
            continue
        _, worth = log.between(before, before.day, known.day, np.ones(1), math.inf)
        told.append(float(worth.sum()) / len(before) * len(known) * days / length)
    return told


def _lifetimes(log: PurchaseLog, known: Known, horizons: Sequence[int]) -> list[float]:
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    frequency, recency, age, spend = _summary(known)
    fitted = _spread(known)
    paying = fitted & (frequency > 0) & (spend > 0)
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        buying = _converged(BetaGeoFitter, frequency[fitted], recency[fitted], age[fitted])
        if buying is None:
            return [math.nan] * len(horizons)
        alike = paying.sum() < 2 or np.ptp(spend[paying]) <= 1e-9 * spend[paying].max()
        value = None if alike else _converged(GammaGammaFitter, frequency[paying], spend[paying])
        if value is not None:
            worth = np.asarray(value.conditional_expected_average_profit(frequency, spend), dtype=float)
        else:
            worth = np.full(frequency.size, spend[paying].mean() if paying.any() else math.nan)
        totals = [np.nansum(buying.predict(days / _WEEK, frequency, recency, age) * worth) for days in horizons]
        return [float(total) if total > 0 else math.nan for total in totals]


def _converged(fitter: Callable[..., object], *columns: Floats) -> object | None:
    from lifetimes.utils import ConvergenceError

    for penalty in _PENALTIES:
        try:
            model = fitter(penalizer_coef=penalty)
            model.fit(*columns)  # type: ignore[attr-defined]
        except (ConvergenceError, ValueError, FloatingPointError):
            continue
        if np.isfinite(list(model.params_)).all():  # type: ignore[attr-defined]
            return model
    return None


def _pymc_marketing(log: PurchaseLog, known: Known, horizons: Sequence[int]) -> list[float]:
    import pandas as pd
    from pymc_marketing import clv

    frequency, recency, age, spend = _summary(known)
    columns = {"customer_id": np.arange(frequency.size), "frequency": frequency, "recency": recency, "T": age}
    table = pd.DataFrame({**columns, "monetary_value": spend})
    fitted = table[_spread(known)]
    paying = fitted[(fitted.frequency > 0) & (fitted.monetary_value > 0)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        buying = clv.BetaGeoModel(data=fitted.drop(columns="monetary_value"))
        buying.fit(method="map", progressbar=False)
        worth = np.full(frequency.size, spend[(frequency > 0) & (spend > 0)].mean())
        if np.ptp(paying.monetary_value) > 1e-9 * paying.monetary_value.max():
            value = clv.GammaGammaModel(data=paying[["customer_id", "frequency", "monetary_value"]])
            value.fit(method="map", progressbar=False)
            told = value.expected_customer_spend(table[["customer_id", "frequency", "monetary_value"]])
            worth = np.asarray(told).reshape(-1)
        return [
            float((np.asarray(buying.expected_purchases(table, future_t=days / _WEEK)).reshape(-1) * worth).sum())
            for days in horizons
        ]


def _summary(known: Known) -> tuple[Floats, Floats, Floats, Floats]:
    """Frequency, recency and age in weeks, and mean revenue of the repeat purchases, 0 without one."""
    frequency = known.repeats.astype(float)
    spend = np.where(frequency > 0, (known.revenue - known.first_revenue) / np.maximum(frequency, 1), 0.0)
    return frequency, (known.last - known.first) / _WEEK, (known.day - known.first) / _WEEK, spend


def _spread(known: Known) -> NDArray[np.bool_]:
    chosen = np.zeros(len(known), dtype=bool)
    chosen[np.argsort(known.first, kind="stable")[:: -(-len(known) // MOST_FITTED)]] = True
    return chosen


Peer = Callable[[PurchaseLog, Known, Sequence[int]], list[float]]
PEERS: Mapping[str, Peer] = {
    "lifetimes": _lifetimes,
    "last_equal": _last_equal,
    **({"pymc_marketing": _pymc_marketing} if importlib.util.find_spec("pymc_marketing") else {}),
}
