"""How well models fitted on a calibration window foresaw a holdout, and which of them that selects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cxvalue.foundation.errors import CxvalueError, one_of
from cxvalue.foundation.plain import Plain
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.lifetime.families.registry import without_dropout

if TYPE_CHECKING:
    from cxvalue.lifetime.models.model import LifetimeModel
    from cxvalue.tables.states import PurchaseStates

_FLOOR = 1e-300


@dataclass(frozen=True, slots=True)
class HoldoutScore(Plain):
    """Forecast and outcome of one model over the customers known at the end of calibration, in purchase days.

    `bias` is predicted - actual, in total; `mae` and `rmse` are per customer; `wmape` is the sum of absolute errors
    over the actual total (nan when nobody bought). `log_score` is the sum of ln P(the customer's actual count): the
    higher the better, over the whole distribution and not only its mean. `status` is that of the calibration fit.
    """

    model: str
    actual: float
    predicted: float
    bias: float
    mae: float
    rmse: float
    wmape: float
    log_score: float
    status: str
    selected: bool = False


def score_holdout(
    models: Iterable[LifetimeModel], calibration_states: PurchaseStates, actual: ArrayLike, *, days: float
) -> tuple[HoldoutScore, ...]:
    """Score every model on the purchase days that the same customers had in the `days` days after calibration.

    `actual` has one count per state of `calibration_states`, which must be per customer. The score that the automatic
    selection picks is marked.

    Raises:
        CxvalueError: lengths that differ, grouped states, or no days.
    """
    count = np.asarray(actual, dtype=float)
    if count.shape != np.shape(calibration_states.frequency):
        raise CxvalueError(
            "The holdout has {counts} counts for {states} calibration states: one count per customer is needed, in the "
            "same order.",
            counts=count.size,
            states=np.size(calibration_states.frequency),
        )
    if (np.asarray(calibration_states.count) != 1).any():
        raise CxvalueError("The holdout needs states per customer: purchase_states(..., per_customer=True).")
    if not days > 0:
        raise CxvalueError("days == {days}, must be above 0: the holdout has to have a length.", days=days)
    scores = tuple(_score(model, calibration_states, count, days) for model in models)
    chosen = select_model(scores)
    return tuple(replace(score, selected=score.model == chosen) for score in scores)


def _score(model: LifetimeModel, states: PurchaseStates, actual: np.ndarray, days: float) -> HoldoutScore:
    t = model.time_unit.from_days(days)
    expected, chance = model.foresee(states, t, actual)
    error, chance = expected - actual, np.maximum(chance, _FLOOR)
    total = float(actual.sum())
    return HoldoutScore(
        model=model.name,
        actual=total,
        predicted=float(error.sum()) + total,
        bias=float(error.sum()),
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        wmape=float(np.abs(error).sum()) / total if total > 0 else float("nan"),
        log_score=float(np.log(chance).sum()),
        status=model.status,
    )


def select_model(scores: Sequence[HoldoutScore], allowed: Sequence[str] | None = None) -> str:
    """Name of the model with the highest log score among those with status ok; the one without dropout when there is none.

    `allowed` are the names a study restricts itself to; None allows all.

    >>> good = HoldoutScore("bg_nbd", 10, 9, -1, .1, .2, .3, -50.0, "ok")
    >>> better = replace(good, model="pareto_nbd", log_score=-40.0, status="not_converged")
    >>> select_model([good, better])
    'bg_nbd'
    """
    known = [score.model for score in scores]
    unknown = [name for name in allowed or () if name not in known]
    if unknown:
        found = translate("The holdout has no score for the model {name!r}.", name=unknown[0])
        raise CxvalueError(closed_up(f"{found} {one_of(known)}"))
    sound = [score for score in scores if score.status == "ok" and (allowed is None or score.model in allowed)]
    return max(sound, key=lambda score: score.log_score).model if sound else without_dropout(known)
