"""Is the model's uncertainty honest? The information matrix against a robust covariance that does not trust the model.

The covariance of a fitted model is the inverse of its information, which is right when customers behave as the model
says. The sandwich I^-1 B I^-1, with B the sum of the outer products of the customers' own slopes, is right either way
(White 1982, Econometrica 50(1), 1-25). Where both agree the published errors hold; where the sandwich is the larger one,
the data scatter more than the model explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.families.family import Family, History, history
from cxvalue.lifetime.models.by_level import CovariateModel
from cxvalue.lifetime.models.model import LifetimeModel

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

MOST_HISTORIES = 2_000


@dataclass(frozen=True, slots=True, eq=False)
class RobustCheck:
    """The robust covariance of the log-parameters, and how far its standard errors are from the model's own.

    Attributes:
        covariance: the sandwich, in the order of `model.params`.
        se: robust standard errors on the natural scale.
        ratio: robust over the model's own standard error of each parameter; 1 where the model describes the scatter.
        histories: distinct histories that the slopes were taken from.
        sampled: whether these are a sample of all histories.
    """

    covariance: Floats
    se: Mapping[str, float]
    ratio: Mapping[str, float]
    histories: int
    sampled: bool


def _alone(data: History, row: int) -> History:
    """One history, of one customer."""
    x, recency, age = (column[row : row + 1] for column in (data.x, data.recency, data.age))
    first = np.zeros(1, dtype=np.intp)
    return History(x, recency, age, np.ones(1), x, first, age, first, recency, first)


def _slopes(family: Family, theta: Floats, data: History, rows: NDArray[np.intp]) -> Floats:
    """The gradient of the log-likelihood of one customer of each of some histories, (rows, parameters)."""
    if family.slopes is None:
        return np.array([family.log_likelihood(theta, _alone(data, int(row)))[1] for row in rows])
    columns: dict[str, Any] = {
        name: getattr(data, name)[rows] for name in ("x", "recency", "age", "weight", "which", "age_of", "recency_of")
    }
    return family.slopes(theta, replace(data, **columns))


def robust_covariance(
    model: LifetimeModel, states: PurchaseStates, *, most: int = MOST_HISTORIES, seed: int = 1
) -> RobustCheck:
    """The sandwich covariance of a model at the states it was fitted to.

    Args:
        model: fitted to these states, with an information matrix that could be inverted.
        states: grouped or per customer.
        most: distinct histories whose slopes are worked out; of more, so many are drawn in proportion to their customers.
        seed: of that draw.

    Raises:
        CxvalueError: a covariance with missing numbers, or states of other customers than the model's.
    """
    own = np.asarray(model.covariance, dtype=float)
    if isinstance(model, CovariateModel):
        raise CxvalueError("Robust standard errors are not worked out for a model with covariates.")
    if not np.isfinite(own).all():
        raise CxvalueError(
            "The {model} has no covariance to check: {reason}",
            model=model.family.title,
            reason=model.reason or model.status,
        )
    x, recency, age = model.history_of(states)
    data = history(x, recency, age, np.asarray(states.count))
    if round(data.customers) != model.customers:
        raise CxvalueError(
            "The model was fitted to {customers:,} customers and these states cover {given:,}: pass the "
            "states that it was fitted to.",
            customers=model.customers,
            given=round(data.customers),
        )
    theta = np.log(np.array(list(model.params.values())))
    sampled = data.x.size > most
    rows, weight = np.arange(data.x.size), data.weight
    if sampled:
        share = data.weight / data.customers
        rows = np.random.default_rng(seed).choice(data.x.size, most, p=share)
        weight = np.full(most, data.customers / most)
    slopes = _slopes(model.family, theta, data, rows)
    # At the maximum the slopes add up to 0, so their spread is their second moment.
    covariance = own @ (slopes.T @ (slopes * weight[:, None])) @ own
    errors = np.sqrt(np.diag(covariance))
    ratio = errors / np.sqrt(np.diag(own))
    natural = np.exp(theta) * errors
    return RobustCheck(
        covariance=covariance,
        se=dict(zip(model.params, natural.tolist(), strict=True)),
        ratio=dict(zip(model.params, ratio.tolist(), strict=True)),
        histories=int(rows.size),
        sampled=bool(sampled),
    )
