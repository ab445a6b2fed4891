"""Did last year's warning come true? The churn forecast of the past against what then happened.

The model that was chosen on the holdout, fitted before it, says how likely each customer active then was to buy nothing
in it. `backtest` compares that with who did: calibration by tenths, Brier score (Brier 1950) and AUC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import share_interval
from cxvalue.questions.churn.churn import p_no_purchase
from cxvalue.questions.lifetime_value.past_states import PastStates

if TYPE_CHECKING:
    import ibis

    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit

TENTHS = 10
LEVEL = 0.95


def auc(happened: ArrayLike, score: ArrayLike) -> float:
    """P(a random case that happened has a higher score than a random one that did not), ties counting half.

    The Mann-Whitney statistic by midranks; nan when everything or nothing happened.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    event, scores = np.asarray(happened, dtype=bool), np.asarray(score, dtype=float)
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    midrank = np.cumsum(count) - (count - 1) / 2
    yes = int(event.sum())
    no = event.size - yes
    if not yes or not no:
        return float("nan")
    return float((midrank[place.reshape(-1)][event].sum() - yes * (yes + 1) / 2) / (yes * no))


def brier(happened: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared distance of the probability from what happened (1 or 0): 0 is perfect, lower is better.

    >>> brier([1, 0], [0.5, 0.5])
    0.25
    """
    return float(np.mean((np.asarray(probability, dtype=float) - np.asarray(happened, dtype=float)) ** 2))


def calibration_by_tenth(happened: ArrayLike, probability: ArrayLike, level: float = 0.95) -> pd.DataFrame:
    """Cases ranked by their probability and cut into tenths, the lowest first.

    Columns: tenth, customers, predicted (mean probability), actual (share that happened), low and high (Wilson's
    interval of that share).
    """
    event, p = np.asarray(happened, dtype=float), np.asarray(probability, dtype=float)
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), TENTHS) if part.size]
    ends = [share_interval(int(event[part].sum()), part.size, level) for part in parts]
    return pd.DataFrame(
        {
            "tenth": range(1, len(parts) + 1),
            "customers": [part.size for part in parts],
            "predicted": [float(p[part].mean()) for part in parts],
            "actual": [float(event[part].mean()) for part in parts],
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """The forecast made at the end of the day before `start`, for the customers active then, and the outcome.

    Attributes:
        start, end: first and last day of the holdout.
        model: the model that forecast, fitted before `start`.
        probabilities: P(no purchase from `start` to `end`), one a customer active before it.
        stayed_away: whether that happened.
        auc, brier: how well the forecast ranks, and how close it comes; auc is nan when all or none stayed away.
        brier_of_rate: the Brier score of whoever knows only the share that stayed away.
    """

    start: date
    end: date
    model: str
    probabilities: NDArray[np.float64]
    stayed_away: NDArray[np.bool_]
    auc: float
    brier: float
    brier_of_rate: float

    @property
    def customers(self) -> int:
        """Customers active before the holdout."""
        return self.stayed_away.size

    def calibration(self, level: float = 0.95) -> pd.DataFrame:
        """What was said and what happened, by tenths; see `calibration_by_tenth`."""
        return calibration_by_tenth(self.stayed_away, self.probabilities, level)


def backtest(
    fit: CltvFit, purchases: ibis.Table, *, dormancy_days: int, level: float = LEVEL, then: PastStates | None = None
) -> Backtest | None:
    """Ask on the day before the holdout who of the then active would stay away in it, and see who did.

    Asked are the candidates together, as they forecast today, or the one model that the study names. None without a
    holdout, where the fit withholds churn, and when nobody was active. `then` is what was read of the same
    purchases before, asked at a level that moves nothing here.
    """
    if fit.holdout_start is None or fit.withheld:
        return None
    model = next(model for model in fit.calibration if model.name == fit.selected)
    then = then or PastStates(fit, purchases)
    before = then.known_before(fit.holdout_start)
    active = before.days_silent < dormancy_days
    if not active.any():
        return None
    counted = then.bought(fit.holdout_start, fit.as_of)
    if counted.shape != before.frequency.shape:
        raise CxvalueError("The holdout and the histories before it do not cover the same customers.")
    away = counted[active] == 0
    asked = None
    if fit.combines and fit.past is not None:
        asked = then.forecast(fit.past, level)
    if asked is not None and asked.returns.size == len(before):
        p, name = 1 - asked.returns[active], "combination"
    else:
        p = p_no_purchase(model, before.take(active), fit.days(fit.holdout_start, fit.as_of))
        name = model.name
    return Backtest(
        start=fit.holdout_start,
        end=fit.as_of,
        model=name,
        probabilities=p,
        stayed_away=away,
        auc=auc(away, p),
        brier=brier(away, p),
        brier_of_rate=brier(away, np.full(p.size, away.mean())),
    )
