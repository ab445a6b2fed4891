"""Covariates that do not change (segment, channel, source) in BG/NBD, MBG/NBD and Pareto/NBD.

Fader and Hardie (2007, "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models"): a customer with
covariates z buys at Gamma(r, alpha exp(-g'z)) rates and leaves with Beta(a exp(d'z), b) probability or at a
Gamma(s, beta exp(-d'z)) rate. So exp(g) multiplies the purchase rate and exp(d) the odds (BG) or rate (Pareto) of leaving.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.lifetime.families.family import History, history
from cxvalue.lifetime.families.registry import COVARIATES, family_of, variant_of
from cxvalue.lifetime.fitting.checked import checked_history
from cxvalue.lifetime.fitting.fits import fit
from cxvalue.lifetime.models.by_level import ABOUT, CovariateModel, Level, Members
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.optimise import Optimum, coarsen, invert, maximise

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

_WIDEST = 5.0
"""Coefficients stay within a factor of e^5 either way: a level in which nobody ever left has none that is finite."""


def fit_with_covariates(
    states: PurchaseStates,
    covariates: Mapping[str, Sequence[Any] | NDArray[Any]],
    model: str = "bg_nbd",
    *,
    plain: LifetimeModel | None = None,
    order: Mapping[str, Sequence[str]] | None = None,
) -> CovariateModel:
    """Fit a model in which the levels of covariates differ in how often they buy and how soon they leave.

    Args:
        states: one row a customer, or grouped with the covariates of each group.
        covariates: a label for each row of the states, by name; the most frequent label is what others are compared with.
        model: bg_nbd, mbg_nbd or pareto_nbd.
        plain: the model without covariates fitted to the same states, where there is one already.
        order: the levels of each covariate in another order than by their customers; the first one is compared with.

    Raises:
        CxvalueError: a model without dropout, labels that do not match the states, or a covariate with a single label.
    """
    family = family_of(model)
    if model not in COVARIATES.values():
        models = enumerated(COVARIATES.values())
        raise CxvalueError("Covariates go with {models}, not with {model}.", models=models, model=model)
    checked_history(states)
    levels, combined, group_of = _combinations(states, covariates, order or {})
    blocks = [combined[:, [i]] == np.arange(1, len(one)) for i, (_, one) in enumerate(levels)]
    design = np.hstack(blocks).astype(float)
    data = [_history_of(states, group_of == number) for number in range(len(combined))]
    plain = fit(states, model) if plain is None else plain
    moves = [(family.parameters.index(name), sign) for name, sign in family.moves]
    size, columns = len(family.parameters), design.shape[1]

    def objective(theta: Floats, histories: Sequence[History] = data) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros(theta.size)
        for row, part in zip(design, histories, strict=True):
            value, gradient = family.log_likelihood(_own(theta, row, size, moves), part)
            total += value
            slope[:size] += gradient
            for kind, (position, sign) in enumerate(moves):
                begin = size + kind * columns
                slope[begin : begin + columns] += sign * gradient[position] * row
        return total, slope

    start = np.concatenate([np.log(list(plain.params.values())), np.zeros(2 * columns)])
    limits = [(value - 6.0, value + 6.0) for value in start[:size]] + [(-_WIDEST, _WIDEST)] * (2 * columns)
    coarse = partial(objective, histories=[coarsen(part) for part in data])
    optimum = maximise(objective, coarse, [start, start + 0.1], limits, float(np.sum(states.count)))
    covariance = invert(optimum.information)
    status, reason = _judge(plain, optimum, size)
    moved = [f"{about}, {name} {one.name}" for about in ABOUT for name, rest in levels for one in rest[1:]]
    names, values = [*family.parameters, *moved], np.exp(optimum.theta)
    gain = max(2 * (optimum.value - plain.log_likelihood), 0.0)
    known = states.customer_id
    return CovariateModel.of(
        plain,
        name=variant_of(model, "covariates"),
        params=dict(zip(names, values.tolist(), strict=True)),
        se=dict(zip(names, (values * np.sqrt(np.diag(covariance))).tolist(), strict=True)),
        covariance=covariance,
        log_likelihood=float(optimum.value),
        status=status,
        reason=reason,
        likelihood_ratio=plain.likelihood_ratio + gain,
        covariates=tuple(levels),
        groups=tuple(tuple(row) for row in combined.tolist()),
        p_value=float(chdtrc(2 * columns, gain)),
        plain=plain,
        group_of=group_of,
        members=None if known is None else Members(known, group_of),
    )


def _combinations(
    states: PurchaseStates,
    covariates: Mapping[str, Sequence[Any] | NDArray[Any]],
    order: Mapping[str, Sequence[str]],
) -> tuple[list[tuple[str, tuple[Level, ...]]], NDArray[np.intp], NDArray[np.intp]]:
    """The levels of each covariate, the most frequent first unless there is an `order`; their combinations, and which of
    these a row has."""
    weight = np.asarray(states.count, dtype=float)
    codes, found = [], []
    for name, labels in covariates.items():
        text = np.array([str(label) for label in labels])
        if text.size != weight.size:
            raise CxvalueError(
                "The covariate {name!r} has {labels} labels for {states} purchase states.",
                name=name,
                labels=text.size,
                states=weight.size,
            )
        levels, code = np.unique(text, return_inverse=True)
        if levels.size < 2:
            raise CxvalueError(
                "The covariate {name!r} has only one level, so it cannot explain a difference.", name=name
            )
        counted = np.bincount(code, weight, levels.size)
        often = np.argsort(-counted, kind="stable")
        if name in order:
            often = np.array(sorted(often, key=lambda one: list(order[name]).index(str(levels[one]))))
        codes.append(np.argsort(often)[code])
        found.append((name, tuple(Level(str(levels[one]), round(counted[one])) for one in often)))
    if not codes:
        raise CxvalueError("No covariate was given.")
    combined, group_of = np.unique(np.column_stack(codes), axis=0, return_inverse=True)
    return found, combined, group_of.reshape(-1).astype(np.intp)


def _history_of(states: PurchaseStates, rows: NDArray[np.bool_]) -> History:
    columns = states.frequency[rows], states.recency_days[rows], states.age_days[rows], states.count[rows]
    return history(*columns, days=states.time_unit.days)


def _own(theta: Floats, row: Floats, size: int, moves: Sequence[tuple[int, float]]) -> Floats:
    """Log-parameters of the customers with these indicators."""
    own = theta[:size].copy()
    for kind, (position, sign) in enumerate(moves):
        begin = size + kind * row.size
        own[position] += sign * (row @ theta[begin : begin + row.size])
    return own


def _judge(plain: LifetimeModel, optimum: Optimum, size: int) -> tuple[str, str]:
    title = plain.family.title
    if plain.status != "ok":
        return plain.status, plain.reason
    if np.abs(optimum.theta[size:]).max() > _WIDEST - 0.01:
        return "degenerate", translate(
            "A level of the covariates has too few purchases for the {model} to show how it differs.", model=title
        )
    if not optimum.converged:
        return "not_converged", translate("The fit of the {model} with covariates did not converge.", model=title)
    if not optimum.positive_definite:
        return "degenerate", translate(
            "The covariates are so closely related that the {model} cannot separate them.", model=title
        )
    return "ok", ""
