"""Exchange with the lifetimes package (archived in 2024, unmaintained): the only module that imports it.

Importing lifetimes turns off a pandas safety option and adds global warning filters; both are put back as they were.
Its stored likelihoods are on a rescaled time and per customer; those returned here are totals on the original one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.errors import CxvalueError, one_of
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.lifetime.families.family import Family, History, history
from cxvalue.lifetime.families.registry import family_of
from cxvalue.tables.periods import DiscreteStates, opportunities_of

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

_FITTERS = {
    "bg_nbd": "BetaGeoFitter",
    "mbg_nbd": "ModifiedBetaGeoFitter",
    "pareto_nbd": "ParetoNBDFitter",
    "bg_bb": "BetaGeoBetaBinomFitter",
}
COMPARED = ("bg_nbd", "mbg_nbd", "bg_bb")
"""The models that a page compares: the Pareto/NBD search of lifetimes takes seconds on a few thousand states."""
_OPTION = "mode.chained_assignment"


class FittedModel(Protocol):
    """What the exchange reads of a fitted model, whether of purchases or of spend."""

    @property
    def params(self) -> Mapping[str, float]: ...
    @property
    def covariance(self) -> NDArray[np.float64]: ...
    @property
    def log_likelihood(self) -> float: ...
    @property
    def customers(self) -> int: ...


class PurchaseModel(FittedModel, Protocol):
    """What it reads of a model of purchases: `cxvalue.lifetime.LifetimeModel` is one."""

    @property
    def name(self) -> str: ...
    @property
    def family(self) -> Family: ...
    @property
    def clock(self) -> object: ...
    @property
    def time_unit(self) -> TimeUnit: ...
    def history_of(self, states: Any) -> tuple[Any, Any, Any]: ...


class ValueModel(FittedModel, Protocol):
    """What it reads of a model of spend: `cxvalue.lifetime.SpendModel` is one."""

    @property
    def usable(self) -> bool: ...
    @property
    def reason(self) -> str: ...


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
        found = translate("The lifetimes package has no counterpart of the model {name!r}.", name=name)
        raise CxvalueError(closed_up(f"{found} {one_of(list(_FITTERS))}"))
    return getattr(module, _FITTERS[name])()


def _filled(fitter: Any, params: Mapping[str, float], model: FittedModel) -> Any:
    """An empty fitter with parameters, their uncertainty and the likelihood of a fitted model."""
    import pandas as pd

    fitter.params_ = pd.Series(dict(params))
    fitter._negative_log_likelihood_ = -model.log_likelihood / model.customers
    values, names = fitter.params_.to_numpy(), fitter.params_.index
    covariance = model.covariance * np.outer(values, values)
    fitter.variance_matrix_ = pd.DataFrame(covariance, columns=names, index=names)
    fitter.standard_errors_ = pd.Series(np.sqrt(np.diag(covariance)), index=names)
    fitter.confidence_intervals_ = fitter._compute_confidence_intervals()
    return fitter


def _columns(x: Any, recency: Any, age: Any, weights: Any, *, by_period: bool) -> dict[str, Any]:
    """Histories as the fitters of lifetimes call them."""
    whole = np.asarray(x).astype(int)
    return {"frequency": whole, "recency": recency, "n_periods" if by_period else "T": age, "weights": weights}


def to_lifetimes(model: PurchaseModel, states: Any = None) -> Any:
    """A fitted lifetimes object with the parameters and standard errors of a model, time in the model's unit.

    Its prediction methods work and agree with ours; with `states`, as the methods of the model take them, it also holds
    the data, which lifetimes needs for its plots. BG/NBD, MBG/NBD, Pareto/NBD and BG/BB have a counterpart.

    Raises:
        CxvalueError: the NBD, which lifetimes does not have.
    """
    import pandas as pd

    if model.clock is not None:
        raise CxvalueError(
            "This model runs on a seasonal clock, which the lifetimes package does not know. Exchange the same model "
            "without a season instead."
        )
    by_period = model.family.by_period
    with _lifetimes() as module:
        fitter = _filled(_fitter(module, model.name), model.params, model)
        if not by_period:
            fitter.predict = fitter.conditional_expected_number_of_purchases_up_to_time
            fitter._scale = 1.0
        if states is not None:
            columns = _columns(*model.history_of(states), np.asarray(states.count), by_period=by_period)
            fitter.data = pd.DataFrame(columns, index=states.customer_id)
    return fitter


def spend_to_lifetimes(spend: ValueModel) -> Any:
    """A fitted GammaGammaFitter with the parameters of a spend model; its v is our gamma.

    Raises:
        CxvalueError: a spend model that fell back on the mean, which has no parameters.
    """
    if not spend.usable:
        found = translate("This spend model has no Gamma-Gamma counterpart.")
        raise CxvalueError(closed_up(f"{found} {spend.reason}"))
    params = {"p": spend.params["p"], "q": spend.params["q"], "v": spend.params["gamma"]}
    with _lifetimes() as module:
        return _filled(module.GammaGammaFitter(), params, spend)


def lifetimes_fit(states: PurchaseStates, model: str = "bg_nbd") -> LifetimesFit:
    """Fit a model with lifetimes itself to the same grouped states.

    The Pareto/NBD search of lifetimes uses no derivatives and takes seconds on a few thousand states.

    Raises:
        CxvalueError: a model that lifetimes does not have, or a fit that it gives up on.
    """
    days = states.time_unit.days
    return _theirs(history(states.frequency, states.recency_days / days, states.age_days / days, states.count), model)


def discrete_lifetimes_fit(states: DiscreteStates) -> LifetimesFit:
    """Fit the BG/BB with lifetimes itself to the same states.

    Raises:
        CxvalueError: a fit that lifetimes gives up on.
    """
    return _theirs(history(states.frequency, states.recency, states.opportunities, states.count), "bg_bb")


def _theirs(data: History, model: str) -> LifetimesFit:
    with _lifetimes() as module:
        fitter, family = _fitter(module, model), family_of(model)
        settings = {"tol": 1e-8, "maxiter": 4000} if family.log_odds_dead is not None else {}
        columns = _columns(data.x, data.recency, data.age, data.weight, by_period=family.by_period)
        try:
            with redirect_stdout(StringIO()):  # where it gives up it prints its whole search
                fitter.fit(**columns, **settings)
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            raise CxvalueError("lifetimes could not fit {model}: {reason}", model=model, reason=reason) from error
        params = {str(name): float(value) for name, value in fitter.params_.items()}
    theta = np.log(np.array([params[name] for name in family.parameters]))
    return LifetimesFit(params, float(family.log_likelihood(theta, data)[0]))


def cross_check(model: PurchaseModel, states: PurchaseStates) -> list[CrossCheck]:
    """Our parameters and log-likelihood beside what lifetimes finds on the same states."""
    own = states.with_time_unit(model.time_unit)
    by_period = model.family.by_period
    theirs = discrete_lifetimes_fit(opportunities_of(own)) if by_period else lifetimes_fit(own, model.name)
    pairs = [(name, value, theirs.params[name]) for name, value in model.params.items()]
    pairs.append(("log_likelihood", model.log_likelihood, theirs.log_likelihood))
    return [CrossCheck(name, ours, other, (ours - other) / abs(other)) for name, ours, other in pairs]
