"""Covariates that do not change (segment, channel, source) in BG/NBD, MBG/NBD and Pareto/NBD.

Fader and Hardie (2007, "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models"): a customer with
covariates z buys at Gamma(r, alpha exp(-g'z)) rates and leaves with Beta(a exp(d'z), b) probability or at a
Gamma(s, beta exp(-d'z)) rate. So exp(g) multiplies the purchase rate and exp(d) the odds (BG) or rate (Pareto) of leaving.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from cxvalue.errors import CxvalueError
from cxvalue.lifetime.families import Family, Floats, History, history
from cxvalue.lifetime.fitting import checked_history, fit
from cxvalue.lifetime.models import LifetimeModel, family_of
from cxvalue.lifetime.optimise import invert, maximise

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.tables.states import PurchaseStates

__all__ = ["Coefficient", "CovariateModel", "fit_with_covariates"]

# The parameter that each kind of coefficient moves, and in which direction.
_MOVES = {"bg_nbd": (("alpha", -1.0), ("a", 1.0)), "mbg_nbd": (("alpha", -1.0), ("a", 1.0)),
          "pareto_nbd": (("alpha", -1.0), ("beta", -1.0))}  # fmt: skip
_WIDEST = 5.0
"""Coefficients stay within a factor of e^5 either way: a level in which nobody ever left has none that is finite."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """What one level changes against the first level of its covariate.

    `about` is purchases or leaving; `ratio` multiplies the purchase rate, or the odds (Pareto/NBD: the rate) of
    leaving, with the bounds of its 95% interval; `estimate` and `se` are on the log scale.
    """

    about: str
    covariate: str
    level: str
    estimate: float
    se: float
    ratio: float
    low: float
    high: float
    customers: int


@dataclass(frozen=True, slots=True, eq=False)
class CovariateModel:
    """A lifetime model in which customers of different levels buy and leave differently.

    Attributes:
        name: bg_nbd, mbg_nbd or pareto_nbd.
        coefficients: one for each level but the first of each covariate, for purchases and for leaving.
        covariance: of (log-parameters of the first levels, coefficients for purchases, coefficients for leaving).
        log_likelihood: total, on the time scale of the states.
        plain: the model without covariates on the same customers.
        p_value: of the likelihood-ratio test against `plain`.
        groups: the combinations of levels, and `models` the model of each, for everything that a model predicts.
        group_of: which combination each row of the states has.
        status, reason: as of a `LifetimeModel`.
    """

    name: str
    coefficients: tuple[Coefficient, ...]
    covariance: Floats
    log_likelihood: float
    plain: LifetimeModel
    p_value: float
    groups: tuple[tuple[str, ...], ...]
    models: tuple[LifetimeModel, ...]
    group_of: NDArray[np.intp]
    status: str
    reason: str

    @property
    def aic(self) -> float:
        """Akaike's criterion, comparable with that of `plain`."""
        return 2 * len(self.covariance) - 2 * self.log_likelihood

    def expected_transactions(self, states: PurchaseStates, t: float) -> Floats:
        """E[purchases in (T, T + t]] of each row of the states that the model was fitted to."""
        return self._by_group("expected_transactions", states, t)

    def p_alive(self, states: PurchaseStates) -> Floats:
        """P(alive) of each row of the states that the model was fitted to."""
        return self._by_group("p_alive", states)

    def _by_group(self, what: str, states: PurchaseStates, *more: float) -> Floats:
        if len(states.frequency) != self.group_of.size:
            raise CxvalueError("These are not the customers that the covariates were given for.")
        result = np.empty(self.group_of.size)
        for number, model in enumerate(self.models):
            rows = np.flatnonzero(self.group_of == number)
            if rows.size:
                result[rows] = getattr(model, what)(_rows(states, rows), *more)
        return result

    def table(self) -> pd.DataFrame:
        """The coefficients as a table."""
        import pandas as pd

        return pd.DataFrame([{name: getattr(one, name) for name in Coefficient.__slots__} for one in self.coefficients])

    def _repr_html_(self) -> str:
        return str(self.table().to_html(index=False, float_format="{:.3f}".format))


def fit_with_covariates(
    states: PurchaseStates, covariates: Mapping[str, Sequence[Any]], model: str = "bg_nbd", *, level: float = 0.95
) -> CovariateModel:
    """Fit a model in which the levels of covariates differ in how often they buy and how soon they leave.

    Args:
        states: one row a customer, or grouped with the covariates of each group.
        covariates: a label for each row of the states, by name; the most frequent label is what others are compared with.
        model: bg_nbd, mbg_nbd or pareto_nbd.
        level: of the intervals.

    Raises:
        CxvalueError: a model without dropout, labels that do not match the states, or a covariate with a single label.
    """
    family = family_of(model)
    if model not in _MOVES:
        raise CxvalueError(f"Covariates go with {', '.join(_MOVES)}, not with {model}.")
    checked_history(states)
    design, names, groups, group_of = _design(states, covariates)
    data = [_history_of(states, group_of == number) for number in range(len(groups))]
    plain = fit(states, model)
    moves = [(family.parameters.index(name), sign) for name, sign in _MOVES[model]]
    size, columns = len(family.parameters), design.shape[1]

    def objective(theta: Floats) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros(theta.size)
        for row, part in zip(design, data, strict=True):
            value, gradient = family.log_likelihood(_own(theta, row, size, moves), part)
            total += value
            slope[:size] += gradient
            for kind, (position, sign) in enumerate(moves):
                begin = size + kind * columns
                slope[begin : begin + columns] += sign * gradient[position] * row
        return total, slope

    start = np.concatenate([np.log(list(plain.params.values())), np.zeros(2 * columns)])
    limits = [(value - 6.0, value + 6.0) for value in start[:size]] + [(-_WIDEST, _WIDEST)] * (2 * columns)
    optimum = maximise(objective, objective, [start, start + 0.1], limits, float(np.sum(states.count)))
    covariance = invert(optimum.information)
    status, reason = _judge(plain, optimum.converged, optimum.theta[size:], family)
    models = tuple(
        _model_of(plain, family, optimum.theta, covariance, row, size, moves, round(part.customers), status, reason)
        for row, part in zip(design, data, strict=True)
    )
    ratio = max(2 * (optimum.value - plain.log_likelihood), 0.0)
    weights = np.asarray(states.count)
    return CovariateModel(
        name=model,
        coefficients=_coefficients(names, optimum.theta, covariance, size, columns, level, covariates, weights),
        covariance=covariance,
        log_likelihood=float(optimum.value),
        plain=plain,
        p_value=float(chdtrc(2 * columns, ratio)),
        groups=groups,
        models=models,
        group_of=group_of,
        status=status,
        reason=reason,
    )


def _design(
    states: PurchaseStates, covariates: Mapping[str, Sequence[Any]]
) -> tuple[Floats, list[tuple[str, str]], tuple[tuple[str, ...], ...], NDArray[np.intp]]:
    """Indicators of each combination of levels, what each indicator stands for, the combinations and which a row has."""
    weight = np.asarray(states.count, dtype=float)
    codes, names, pieces = [], [], []
    for name, labels in covariates.items():
        text = np.array([str(label) for label in labels], dtype=object)
        if text.size != weight.size:
            raise CxvalueError(f"The covariate {name!r} has {text.size} labels for {weight.size} purchase states.")
        levels, code = np.unique(text.astype(str), return_inverse=True)
        if levels.size < 2:
            raise CxvalueError(f"The covariate {name!r} has one level only, so it cannot explain a difference.")
        often = np.argsort(-np.bincount(code, weight, levels.size), kind="stable")
        levels, code = levels[often], np.argsort(often)[code]
        codes.append(code)
        pieces.append(levels)
        names += [(name, str(one)) for one in levels[1:]]
    if not codes:
        raise CxvalueError("No covariate was given.")
    combined, group_of = np.unique(np.column_stack(codes), axis=0, return_inverse=True)
    blocks = [combined[:, [i]] == np.arange(1, levels.size) for i, levels in enumerate(pieces)]
    groups = tuple(tuple(str(levels[c]) for levels, c in zip(pieces, row, strict=True)) for row in combined)
    return np.hstack(blocks).astype(float), names, groups, group_of.reshape(-1).astype(np.intp)


def _rows(states: PurchaseStates, rows: NDArray[Any]) -> PurchaseStates:
    picked = {name: getattr(states, name)[rows] for name in ("frequency", "recency_days", "age_days", "count")}
    return replace(states, **picked, customer_id=None, mean_spend=None)


def _history_of(states: PurchaseStates, rows: NDArray[np.bool_]) -> History:
    days = states.time_unit.days
    return history(
        states.frequency[rows], states.recency_days[rows] / days, states.age_days[rows] / days, states.count[rows]
    )


def _own(theta: Floats, row: Floats, size: int, moves: Sequence[tuple[int, float]]) -> Floats:
    """Log-parameters of the customers with these indicators."""
    own = theta[:size].copy()
    for kind, (position, sign) in enumerate(moves):
        begin = size + kind * row.size
        own[position] += sign * (row @ theta[begin : begin + row.size])
    return own


def _model_of(
    plain: LifetimeModel,
    family: Family,
    theta: Floats,
    covariance: Floats,
    row: Floats,
    size: int,
    moves: Sequence[tuple[int, float]],
    customers: int,
    status: str,
    reason: str,
) -> LifetimeModel:
    """The model of one combination; the covariance of its log-parameters is that of a linear map of theta."""
    turn = np.zeros((size, theta.size))
    turn[:, :size] = np.eye(size)
    for kind, (position, sign) in enumerate(moves):
        begin = size + kind * row.size
        turn[position, begin : begin + row.size] = sign * row
    values, own = np.exp(turn @ theta), turn @ covariance @ turn.T
    errors = values * np.sqrt(np.diag(own))
    return replace(
        plain,
        params=dict(zip(family.parameters, values.tolist(), strict=True)),
        se=dict(zip(family.parameters, errors.tolist(), strict=True)),
        covariance=own,
        log_likelihood=math.nan,
        customers=customers,
        status=status,
        reason=reason,
    )


def _judge(plain: LifetimeModel, converged: bool, coefficients: Floats, family: Family) -> tuple[str, str]:
    if plain.status != "ok":
        return plain.status, plain.reason
    if np.abs(coefficients).max() > _WIDEST - 0.01:
        return (
            "degenerate",
            f"A level of the covariates has too few purchases for the {family.title} to tell how it differs.",
        )
    if not converged:
        return "not_converged", f"The fit of the {family.title} with covariates did not settle."
    return "ok", ""


def _coefficients(
    names: Sequence[tuple[str, str]],
    theta: Floats,
    covariance: Floats,
    size: int,
    columns: int,
    level: float,
    covariates: Mapping[str, Sequence[Any]],
    weights: NDArray[Any],
) -> tuple[Coefficient, ...]:
    z = float(ndtri((1 + level) / 2))
    found = []
    for kind, about in enumerate(("purchases", "leaving")):
        for column, (name, label) in enumerate(names):
            place = size + kind * columns + column
            value, error = float(theta[place]), float(np.sqrt(covariance[place, place]))
            there = np.array([str(one) == label for one in covariates[name]])
            ends = (math.exp(value - z * error), math.exp(value + z * error))
            found.append(
                Coefficient(about, name, label, value, error, math.exp(value), *ends, int(weights[there].sum()))
            )
    return tuple(found)
