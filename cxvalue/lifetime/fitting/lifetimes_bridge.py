"""Exchange with the lifetimes package (archived in 2024, unmaintained): the only module that imports it.

Importing lifetimes turns off a pandas safety option and adds global warning filters; both are put back as they were.
Its stored likelihoods are on a rescaled time and per customer; those returned here are totals on the original one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cxvalue.foundation.errors import CxvalueError, one_of
from cxvalue.lifetime.families.family import history
from cxvalue.lifetime.fitting.discrete import opportunities_of

if TYPE_CHECKING:
    from cxvalue.lifetime.fitting.discrete import DiscreteModel
    from cxvalue.lifetime.models.model import LifetimeModel
    from cxvalue.lifetime.models.spend import SpendModel
    from cxvalue.tables.periods import DiscreteStates
    from cxvalue.tables.states import PurchaseStates

__all__ = [
    "CrossCheck",
    "LifetimesFit",
    "cross_check",
    "discrete_lifetimes_fit",
    "discrete_to_lifetimes",
    "lifetimes_fit",
    "spend_to_lifetimes",
    "to_lifetimes",
]

_FITTERS = {"bg_nbd": "BetaGeoFitter", "mbg_nbd": "ModifiedBetaGeoFitter", "pareto_nbd": "ParetoNBDFitter"}
_OPTION = "mode.chained_assignment"


class LifetimesFit(NamedTuple):
    """What lifetimes itself finds: parameters by name, and their log-likelihood on the original time scale."""

    params: dict[str, float]
    log_likelihood: float


class CrossCheck(NamedTuple):
    """One line of the comparison; `difference` is relative, (ours - lifetimes) / |lifetimes|."""

    parameter: str
    ours: float
    lifetimes: float
    difference: float


@contextmanager
def _lifetimes() -> Iterator[Any]:
    """The lifetimes module; what importing or fitting does to pandas options and warning filters is undone."""
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = pd.get_option(_OPTION)
        try:
            import lifetimes

            yield lifetimes
        finally:
            if pd.get_option(_OPTION) != before:
                pd.set_option(_OPTION, before)


def _fitter(module: Any, name: str) -> Any:
    if name not in _FITTERS:
        raise CxvalueError(f"The lifetimes package has no counterpart of the model {name!r}. {one_of(list(_FITTERS))}")
    return getattr(module, _FITTERS[name])()


def to_lifetimes(model: LifetimeModel, states: PurchaseStates | None = None) -> Any:
    """A fitted lifetimes object with the parameters and standard errors of a model, time in the model's unit.

    Its prediction methods work and agree with ours; with `states` it also holds the data, which lifetimes needs for its
    plots. BG/NBD, MBG/NBD, Pareto/NBD and BG/BB have a counterpart.

    Raises:
        CxvalueError: the NBD, which lifetimes does not have.
    """
    import pandas as pd

    if model.name == "bg_bb":
        return discrete_to_lifetimes(model, None if states is None else opportunities_of(states))
    if model.clock is not None:
        raise CxvalueError(
            "This model runs on a seasonal clock, which the lifetimes package does not know. Exchange the same model "
            "without a season instead."
        )

    with _lifetimes() as module:
        fitter = _fitter(module, model.name)
        fitter.params_ = pd.Series(dict(model.params))
        fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
        fitter._scale = 1.0
        fitter._negative_log_likelihood_ = -model.log_likelihood / model.customers
        values = fitter.params_.to_numpy()
        _set_uncertainty(fitter, model.covariance * np.outer(values, values))
        if states is not None:
            x, recency, age = model.history_of(states)
            columns = {"frequency": x.astype(int), "recency": recency, "T": age, "weights": np.asarray(states.count)}
            fitter.data = pd.DataFrame(columns, index=states.customer_id)
    return fitter


def spend_to_lifetimes(spend: SpendModel) -> Any:
    """A fitted GammaGammaFitter with the parameters of a spend model; its v is our gamma.

    Raises:
        CxvalueError: a spend model that fell back on the mean, which has no parameters.
    """
    import pandas as pd

    if not spend.usable:
        raise CxvalueError(f"This spend model has no Gamma-Gamma counterpart. {spend.reason}")
    with _lifetimes() as module:
        fitter = module.GammaGammaFitter()
        fitter.params_ = pd.Series({"p": spend.params["p"], "q": spend.params["q"], "v": spend.params["gamma"]})
        fitter._negative_log_likelihood_ = -spend.log_likelihood / spend.customers
        values = fitter.params_.to_numpy()
        _set_uncertainty(fitter, spend.covariance * np.outer(values, values))
    return fitter


def discrete_to_lifetimes(model: DiscreteModel | LifetimeModel, states: DiscreteStates | None = None) -> Any:
    """A fitted BetaGeoBetaBinomFitter with the parameters of a BG/BB model.

    With `states` it also holds the data, which its `expected_number_of_transactions_in_first_n_periods` counts.
    """
    import pandas as pd

    with _lifetimes() as module:
        fitter = module.BetaGeoBetaBinomFitter()
        fitter.params_ = pd.Series(dict(model.params))
        fitter._negative_log_likelihood_ = -model.log_likelihood / model.customers
        values = fitter.params_.to_numpy()
        _set_uncertainty(fitter, model.covariance * np.outer(values, values))
        if states is not None:
            fitter.data = pd.DataFrame(_opportunities(states), index=states.customer_id)
    return fitter


def discrete_lifetimes_fit(states: DiscreteStates) -> LifetimesFit:
    """Fit the BG/BB with lifetimes itself to the same states.

    Raises:
        CxvalueError: a fit that lifetimes gives up on.
    """
    with _lifetimes() as module:
        fitter = module.BetaGeoBetaBinomFitter()
        try:
            fitter.fit(**_opportunities(states))
        except Exception as error:
            raise CxvalueError(f"lifetimes could not fit bg_bb: {str(error).strip().splitlines()[0]}") from error
        params = {str(name): float(value) for name, value in fitter.params_.items()}
    data = history(states.frequency, states.recency, states.opportunities, states.count)
    return LifetimesFit(params, _log_likelihood("bg_bb", params, data))


def _opportunities(states: DiscreteStates) -> dict[str, Any]:
    columns = {"frequency": states.frequency, "recency": states.recency, "n_periods": states.opportunities}
    return {**columns, "weights": np.asarray(states.count)}


def _set_uncertainty(fitter: Any, covariance: np.ndarray) -> None:
    import pandas as pd

    names = fitter.params_.index
    fitter.variance_matrix_ = pd.DataFrame(covariance, columns=names, index=names)
    fitter.standard_errors_ = pd.Series(np.sqrt(np.diag(covariance)), index=names)
    fitter.confidence_intervals_ = fitter._compute_confidence_intervals()


def lifetimes_fit(states: PurchaseStates, model: str = "bg_nbd") -> LifetimesFit:
    """Fit a model with lifetimes itself to the same grouped states.

    The Pareto/NBD search of lifetimes uses no derivatives and takes seconds on a few thousand states.

    Raises:
        CxvalueError: a model that lifetimes does not have, or a fit that it gives up on.
    """
    days = states.time_unit.days
    data = history(states.frequency, states.recency_days / days, states.age_days / days, states.count)
    with _lifetimes() as module:
        fitter = _fitter(module, model)
        settings = {"tol": 1e-8, "maxiter": 4000} if model == "pareto_nbd" else {}
        try:
            fitter.fit(data.x.astype(int), data.recency, data.age, weights=data.weight, **settings)
        except Exception as error:
            raise CxvalueError(f"lifetimes could not fit {model}: {str(error).strip().splitlines()[0]}") from error
        params = {str(name): float(value) for name, value in fitter.params_.items()}
    return LifetimesFit(params, _log_likelihood(model, params, data))


def _log_likelihood(model: str, params: dict[str, float], data: Any) -> float:
    from cxvalue.lifetime.models.model import family_of

    family = family_of(model)
    theta = np.log(np.array([params[name] for name in family.parameters]))
    return float(family.log_likelihood(theta, data)[0])


def cross_check(model: LifetimeModel, states: PurchaseStates) -> list[CrossCheck]:
    """Our parameters and log-likelihood beside what lifetimes finds on the same states."""
    own = states.with_time_unit(model.time_unit)
    periods = model.name == "bg_bb"
    theirs = discrete_lifetimes_fit(opportunities_of(own)) if periods else lifetimes_fit(own, model.name)
    pairs = [(name, value, theirs.params[name]) for name, value in model.params.items()]
    pairs.append(("log_likelihood", model.log_likelihood, theirs.log_likelihood))
    return [CrossCheck(name, ours, other, (ours - other) / abs(other)) for name, ours, other in pairs]
