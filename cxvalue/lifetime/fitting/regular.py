"""BG/CNBD-k and MBG/CNBD-k: the BG/NBD and MBG/NBD for customers who buy at a regular rhythm.

Platzer and Reutterer (2016), Marketing Science 35(5), 779-799; the functions themselves are in `regular_family`. With
the same number of parameters the models of k = 1, 2, ... are compared by their likelihood, which needs one statistic
more: the sum of the logarithms of the times between purchases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.errors import CxvalueError, one_of
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.lifetime.families.registry import RHYTHMS, family_of
from cxvalue.lifetime.fitting.checked import checked_history
from cxvalue.lifetime.fitting.fits import best_of, model_at
from cxvalue.lifetime.models.model import LifetimeModel

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

LARGEST_REGULAR = 100_000
"""Customers up to whom a study asks for a rhythm: the intervals of these models are simulated customer by customer."""

_LARGEST_K = 4


def regularity(k: int, purchases: float, sum_log_gaps: float) -> float:
    """What the times between purchases add to the log-likelihood: no parameter is in it but k."""
    return (k - 1) * sum_log_gaps - purchases * math.lgamma(k)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RegularModel(LifetimeModel):
    """A (M)BG/CNBD-k model fitted by maximum likelihood: a `LifetimeModel` that remembers which k were tried.

    `log_likelihood_by_k` has the log-likelihood of every k that was tried; `alpha` is that of the events, of which a
    purchase takes k; the `likelihood_ratio` is against the same timing without dropout.
    """

    log_likelihood_by_k: Mapping[int, float] = field(default_factory=dict)

    @property
    def plain(self) -> LifetimeModel:
        """The same model without the others that were tried."""
        return LifetimeModel.of(self)


def fit_regular(
    states: PurchaseStates, model: str = "bg_cnbd_k", k: int | None = None, *, near: LifetimeModel | None = None
) -> RegularModel:
    """Fit a BG/CNBD-k or MBG/CNBD-k by maximum likelihood, with k of the highest likelihood up to 4 unless it is given.

    Args:
        states: purchase histories counted with `log_gaps`, grouped or per customer.
        model: bg_cnbd_k or mbg_cnbd_k.
        k: events to a purchase, at least 1.
        near: the model of another k, or the irregular parent, fitted to the same states: the search begins there too.

    Returns:
        The fitted model in the unit of time of the states. Read its `status` before its parameters.

    Raises:
        CxvalueError: an unknown model, states without `sum_log_gaps`, no customers, or impossible histories.
    """
    if model not in RHYTHMS:
        refused = translate("There is no model of regular timing {name!r}.", name=model)
        raise CxvalueError(closed_up(f"{refused} {one_of(list(RHYTHMS))}"))
    if k is not None and (k < 1 or int(k) != k):
        raise CxvalueError("k == {k}, must be a whole number of at least 1.", k=k)
    if states.sum_log_gaps is None:
        raise CxvalueError(
            "These states do not say how regularly customers buy. Count them again with purchase_states(..., "
            "log_gaps=True)."
        )
    data = checked_history(states)
    log_gaps = float(states.sum_log_gaps.sum()) - data.purchases * math.log(states.time_unit.days)
    found, height = {}, {}
    for size in range(1, _LARGEST_K + 1) if k is None else (k,):
        family = family_of(model, size)
        still = best_of(family.still or family, data)
        begin = None
        if near is not None:
            # The same purchase rate takes k times as many events.
            begin = np.log(list(near.params.values())) - [0.0, math.log(size / near.k), 0.0, 0.0]
        found[size] = best_of(family, data, still, begin), still, family
        height[size] = found[size][0].value + regularity(size, data.purchases, log_gaps)
    chosen = max(height, key=lambda size: height[size])
    fitted = model_at(*found[chosen], data, states.time_unit)
    return RegularModel.of(fitted, log_likelihood=height[chosen], k=chosen, log_likelihood_by_k=height)


def fit_rhythms(
    states: PurchaseStates, plain: Iterable[LifetimeModel], *, known: Mapping[str, int] | None = None
) -> tuple[LifetimeModel, ...]:
    """The models of regular timing that describe the purchases better than their irregular parents, if any.

    Args:
        states: purchase histories counted with `log_gaps`.
        plain: the parents, BG/NBD and MBG/NBD, fitted to the same states; a model without its parent is left out.
        known: the k of each model wanted, where they were chosen on other data; else the likelihood chooses, and a
            model whose k is 1 is left out because it is its parent.
    """
    parents = {model.name: model for model in plain}
    found: list[LifetimeModel] = []
    for name, parent in RHYTHMS.items():
        if known is not None:
            if name in known:
                found.append(fit_regular(states, name, known[name], near=parents.get(parent)).plain)
        elif parent in parents:
            best: LifetimeModel = parents[parent]
            for k in range(2, _LARGEST_K + 1):
                more = fit_regular(states, name, k, near=best).plain
                if not more.log_likelihood > best.log_likelihood:
                    break
                best = more
            found += [best] if best.k > 1 else []
    return tuple(found)
