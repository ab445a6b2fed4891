"""Customer lifetime value from purchases: fit, holdout, choice of the model, and the tables that a run publishes.

`fit_cltv` takes day-level purchases (an ibis table) and returns a frozen `CltvFit`: every model on the calibration window
and on the full one, the spend model, the holdout scores and the model chosen by them. It goes in steps, each a frozen
value: `ForecastPlan`, `Calibration`, the models on all data, `choose`. `customers_table` values each customer with it.
The statistics live in `cxvalue.lifetime`; here they are put in order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from cxvalue.foundation.beside import beside
from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.lifetime import (
    HoldoutScore,
    LifetimeModel,
    SpendModel,
    fit_all,
    fit_by_period,
    fit_spend,
    score_holdout,
    select_model,
)
from cxvalue.lifetime.families.bgbb_family import BG_BB
from cxvalue.lifetime.families.registry import COVARIATES, RHYTHMS, SEASONAL, without_dropout
from cxvalue.lifetime.fitting.regular import fit_rhythms
from cxvalue.lifetime.fitting.sampled import sample_of
from cxvalue.questions.lifetime_value.base_forecast import forecast_base, past_of
from cxvalue.questions.lifetime_value.cltv_fit import CltvFit, days_counted
from cxvalue.questions.lifetime_value.covariates import Covariates, Labels, find_no_better, labels_of
from cxvalue.questions.lifetime_value.plan import ForecastPlan, plan_forecast
from cxvalue.questions.lifetime_value.seasonality import Season, find_season
from cxvalue.tables.periods import period_states
from cxvalue.tables.purchase_log import PurchaseLog
from cxvalue.tables.states import PurchaseStates, first_seen_from, purchase_states_from_purchases

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis
    import numpy as np
    from numpy.typing import NDArray

    from cxvalue.lifetime.prediction.whole_base import WholeBase
    from cxvalue.study import StudyFile

EARLY_DAYS = 91
"""First days of the holdout in which a seasonal model has to be better too."""
SPEND_PARAMETERS = ("p", "q", "gamma")


@dataclass(frozen=True, eq=False)
class Calibration:
    """Models fitted before the holdout and how they foresaw it; without a `start` there is none.

    `worse` are the variants that do no better than the plain model they are a variant of; they are not chosen.
    """

    start: date | None = None
    models: tuple[LifetimeModel, ...] = ()
    spend: SpendModel | None = None
    scores: tuple[HoldoutScore, ...] = ()
    newcomers: int = 0
    season: Season | None = None
    covariates: Covariates | None = None
    worse: frozenset[str] = frozenset()


def fit_cltv(
    purchases: ibis.Table,
    *,
    as_of: date,
    observed_from: date,
    time_unit: TimeUnit | str = TimeUnit.WEEK,
    models: str | tuple[str, ...] = "auto",
    holdout_start: date | None = None,
    labels: Labels | None = None,
    states: PurchaseStates | None = None,
    log: PurchaseLog | None = None,
) -> CltvFit:
    """Fit every model on the calibration window and on all data, score the holdout and choose.

    `models` is "auto" (the highest holdout log predictive score among the sound models) or the names to choose from.
    "bg_bb" stands alone: opportunities are then counted, one a calendar period of `time_unit`.
    The models of regular timing are among them where the likelihood finds a rhythm (up to `LARGEST_REGULAR` customers).
    With `labels` the models that can are fitted with these covariates too, and may be chosen where the AIC of the
    calibration says that they describe more than chance. `states` are the histories of all customers in `time_unit`, as
    `cxvalue.tables.states` or `cxvalue.tables.periods` counts them, where that has been done; `log` are the purchases up to
    `as_of` as arrays, where they have been read.
    Of a large base the models are compared as `calibrate` does; those that value customers are fitted to everybody.
    Raises `CxvalueError` when there is nobody to learn from.
    """
    plan = plan_forecast(
        purchases,
        as_of=as_of,
        observed_from=observed_from,
        unit=TimeUnit(time_unit),
        allowed=None if models == "auto" else (models,) if isinstance(models, str) else models,
        holdout_start=holdout_start,
        labels=labels,
        states=states,
        log=log,
    )
    calibration = calibrate(plan)
    if calibration.start is None:
        fitted, season, covariates = _fit_first(plan, plan.full, season=False)
    else:
        before = calibration.models, calibration.covariates, plan.labels
        fitted, season = refit(purchases, plan.full, observed_from, *before)
        season, covariates = season or calibration.season, calibration.covariates
    selected, forecast = choose(plan, calibration, fitted)
    return CltvFit(
        as_of=plan.full.as_of,
        holdout_start=calibration.start,
        time_unit=plan.full.time_unit,
        calibration=calibration.models,
        full=fitted,
        spend_calibration=calibration.spend,
        spend=fit_spend(plan.full),
        scores=calibration.scores,
        selected=selected,
        forecast=forecast,
        first_seen_in_holdout=calibration.newcomers,
        season=season,
        covariates=covariates,
        labels=plan.labels,
        combines=plan.period is None and (plan.allowed is None or len(plan.allowed) > 1),
    )


def calibrate(plan: ForecastPlan) -> Calibration:
    """Fit on what was known before the holdout and score it; an empty calibration where nobody had come back by then.

    Of a large base without labels these models are fitted to the sample of `cxvalue.lifetime.fitting.sampled`, on which
    the first months are compared too; the index of the season and the scores of the whole holdout are those of everybody.
    """
    start, until = plan.holdout_start, plan.full.as_of
    before = None if start is None else plan.states(start - timedelta(days=1))
    if start is None or before is None or not before.frequency.any():
        return Calibration()
    some, which = sample_of(before, whole=plan.labels is not None)
    models, season, covariates = _fit_first(plan, some, season=True)
    bought, newcomers = plan.bought(start, until)
    return Calibration(
        start=start,
        models=models,
        spend=fit_spend(some),
        scores=score_holdout(models, before, bought, days=days_counted(start, until, plan.period)),
        newcomers=newcomers,
        season=season,
        covariates=covariates,
        worse=frozenset(_no_better_early(plan, start, some, which, models) | find_no_better(models)),
    )


def _fit_first(
    plan: ForecastPlan, states: PurchaseStates, *, season: bool
) -> tuple[tuple[LifetimeModel, ...], Season | None, Covariates | None]:
    """The models of a plan: the plain ones, and the rhythms, the season and the covariates that are found."""
    grouped = states.grouped()
    if plan.period is not None:
        return fit_by_period(grouped), None, None
    models = plain = fit_all(grouped)
    found, covariates = None, None
    if season:
        found = find_season(plan.purchases, grouped, plain, observed_from=plan.observed_from)
    models += fit_rhythms(grouped, plain) if plan.rhythm else ()
    models += found.models if found is not None else ()
    if plan.labels is not None:
        covariates = Covariates.found(plan.labels, states).drop_needless(plan.labels, states, plain)
        models += covariates.fitted(plan.labels, states, plain, _by_level(plan))
    return models, found, covariates


def _by_level(plan: ForecastPlan) -> list[str]:
    """The models with covariates that are tried, where there are labels to try them with."""
    asked = plan.labels is not None
    return [name for name, plain in COVARIATES.items() if asked and (plan.allowed is None or plain in plan.allowed)]


def refit(
    purchases: ibis.Table,
    states: PurchaseStates,
    observed_from: date,
    models: tuple[LifetimeModel, ...],
    covariates: Covariates | None,
    labels: Labels | None,
) -> tuple[tuple[LifetimeModel, ...], Season | None]:
    """The models of a calibration fitted to other histories: a rhythm keeps its k, a season is estimated anew.

    All are fitted to all of these histories; of many, a sample serves for what only finds the index of the season.
    """
    grouped = states.grouped()
    if any(model.family.by_period for model in models):
        return fit_by_period(grouped), None
    plain, season = fit_all(grouped), None
    fitted = plain + fit_rhythms(grouped, plain, known={one.name: one.k for one in models if one.variant == "rhythm"})
    if any(model.variant == "season" for model in models):
        some = sample_of(states)[0]
        first = grouped if some is states else some.grouped()
        season = find_season(purchases, grouped, plain, observed_from=observed_from, insist=True, first=first)
        fitted += season.models
    if covariates is not None and labels is not None:
        by_level = [model.name for model in models if model.variant == "covariates"]
        fitted += covariates.fitted(labels, states, plain, by_level)
    return fitted, season


def _no_better_early(
    plan: ForecastPlan,
    start: date,
    some: PurchaseStates,
    which: NDArray[np.intp] | slice,
    models: tuple[LifetimeModel, ...],
) -> set[str]:
    """The seasonal models that do not foresee the first months of the holdout better than the same model without a season.

    Over a whole year the seasons cancel; over its first months they must show. Compared on some of the customers known
    before the holdout: `which` says where among all of these they stand.
    """
    seasonal = {model.name: SEASONAL[model.name] for model in models if model.variant == "season"}
    if not seasonal:
        return set()
    until = min(plan.full.as_of, start + timedelta(days=EARLY_DAYS - 1))
    either = [model for model in models if model.name in {*seasonal, *seasonal.values()}]
    scores = score_holdout(either, some, plan.bought(start, until)[0][which], days=(until - start).days + 1)
    known = {score.model: score.log_score for score in scores}
    return {name for name, twin in seasonal.items() if not known[name] > known[twin]}


def choose(plan: ForecastPlan, calibration: Calibration, fitted: tuple[LifetimeModel, ...]) -> tuple[str, str]:
    """The model that foresaw the holdout best (without one: the lowest AIC), and the one that values the customers.

    The latter is the first, `fitted` on all data, or the nearest simpler one where that fit is not sound. Where periods
    are counted, all data decide whether somebody leaves: before the holdout there may have been too few to tell.

    Raises:
        CxvalueError: periods are counted, customers do leave, and no model says how.
    """
    listed = tuple(model.name for model in calibration.models or fitted)
    allowed = plan.allowed
    if allowed is not None:
        # Where purchases have no rhythm, a model of regular timing is its irregular parent.
        allowed = tuple(dict.fromkeys(name if name in listed else RHYTHMS.get(name, name) for name in allowed))
        allowed += tuple(name for name in _by_level(plan) if name in listed and name not in calibration.worse)
    elif calibration.worse:
        allowed = tuple(name for name in listed if name not in calibration.worse)
    unsettled = _unsettled(fitted)
    if unsettled and plan.period is not None:
        remedy = translate(
            "Customers do leave, so a model in which nobody does would be too optimistic. Choose another "
            "period as cltv.time_unit, or the models that count days."
        )
        raise CxvalueError(closed_up(f"{unsettled[0].reason} {remedy}"))
    if unsettled:
        settled = [name for name in listed if name not in {model.name for model in unsettled}]
        allowed = tuple(name for name in settled if name in (allowed or listed)) or tuple(settled)
    selected = select_model(calibration.scores, allowed) if calibration.scores else _lowest_aic(fitted, allowed)
    sound = {model.name for model in fitted if model.status == "ok"}
    asked = (selected, COVARIATES.get(selected, "")) if plan.period is None else (BG_BB.name,)
    return selected, next((name for name in asked if name in sound), without_dropout(listed))


def _unsettled(fitted: tuple[LifetimeModel, ...]) -> list[LifetimeModel]:
    """Models that would end in a forecast in which nobody leaves although many do.

    Those are the ones whose refit is not sound while it says beyond doubt that customers leave. A model with covariates
    has its plain one to fall back to.
    """
    return [
        model
        for model in fitted
        if model.family.dropout
        and model.status != "ok"
        and model.variant != "covariates"
        and not model.likelihood_ratio < model.family.critical
    ]


def _lowest_aic(models: tuple[LifetimeModel, ...], allowed: tuple[str, ...] | None) -> str:
    sound = [model for model in models if model.status == "ok" and (allowed is None or model.name in allowed)]
    return min(sound, key=lambda model: model.aic).name if sound else without_dropout([model.name for model in models])


def states_of_study(study: StudyFile, purchases: ibis.Table, as_of: date) -> PurchaseStates:
    """The purchase history of each customer of a study, counted as its lifetime models count it."""
    if study.cltv.period is not None:
        return period_states(purchases, as_of=as_of, period=study.cltv.period)
    return purchase_states_from_purchases(
        purchases, as_of=as_of, time_unit=study.cltv.time_unit, per_customer=True, new_from=study.new_from
    )


def base_of_study(
    study: StudyFile,
    fit: CltvFit,
    table: Callable[[str], ibis.Table | None],
    log: PurchaseLog | None = None,
    states: PurchaseStates | None = None,
) -> WholeBase:
    """The forecast of all customers as a study file asks for it, from the fit of the same study.

    `log` are its purchases as arrays, `states` what `states_of_study` says on the day of the fit, where they have been read.
    """
    purchases = table("purchases")
    if purchases is None:
        raise CxvalueError("The study has no purchases.")
    terms = {"horizon_months": study.horizon_months, "annual_discount_rate": study.annual_discount_rate}
    states = states or states_of_study(study, purchases, fit.as_of)
    return forecast_base(fit, purchases, states, **terms, level=study.level, log=log)  # type: ignore[arg-type]


def fit_study(
    study: StudyFile,
    table: Callable[[str], ibis.Table | None],
    *,
    as_of: date,
    observed_from: date,
    log: Callable[[date], PurchaseLog] | None = None,
    states: Callable[[date], PurchaseStates] | None = None,
) -> CltvFit:
    """`fit_cltv` as a study file asks for it; `table` gives the study's tables by name, None for one that it lacks.

    `log` gives all its purchases up to a day as arrays, `states` what `states_of_study` says, where they are wanted again.
    """
    purchases, customers, wanted = table("purchases"), table("customers"), study.cltv
    if purchases is None:
        raise CxvalueError("The study has no purchases.")
    everybody = purchases
    if study.new_from is not None:
        # Of customers who are older than the tables neither age nor pace is known: others teach how customers stay.
        observed_from = max(observed_from, study.new_from)
        purchases = first_seen_from(purchases, observed_from)
    past = partial(
        past_of,
        everybody,
        unit=TimeUnit(wanted.time_unit),
        horizon_months=study.horizon_months,
        annual_discount_rate=study.annual_discount_rate,
        taught_from=study.new_from,
    )
    fit = partial(
        fit_cltv,
        purchases,
        as_of=as_of,
        observed_from=observed_from,
        time_unit=wanted.time_unit,
        models=wanted.models,
        holdout_start=wanted.holdout_start,
        labels=labels_of(customers, wanted.covariates) if wanted.covariates and customers is not None else None,
        states=states(as_of) if states is not None and study.new_from is None else None,
    )
    if log is None or wanted.period is not None:
        found = fit()
        return replace(found, past=past(as_of=found.as_of, log=log(found.as_of) if log else None))
    # With the purchases as arrays past days ask nothing of the engine, which answers one at a time.
    read = log(as_of)
    with beside(partial(past, as_of=as_of, log=read)) as looked_back:
        found = fit(log=read if study.new_from is None else None)
        return replace(found, past=looked_back())
