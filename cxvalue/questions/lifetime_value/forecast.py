"""Customer lifetime value from purchases: fit, holdout, choice of the model, and the tables that a run publishes.

`fit_cltv` takes day-level purchases (an ibis table) and returns a frozen `CltvFit`: every model on the calibration window
and on the full one, the spend model, the holdout scores and the model chosen by them. `customers_table` values each
customer with it. The statistics live in `cxvalue.lifetime`; here they are put in order.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from cxvalue.foundation.calendar import TimeUnit, default_holdout_start
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import (
    DISCRETE_CRITICAL_VALUE,
    DROPOUT_CRITICAL_VALUE,
    HoldoutScore,
    LifetimeModel,
    fit_all,
    fit_by_period,
    fit_spend,
    score_holdout,
    select_model,
)
from cxvalue.lifetime.families.bgbb_family import BB, BG_BB, PERIODIC
from cxvalue.lifetime.fitting.regular import LARGEST_REGULAR, PARENTS, fit_rhythms
from cxvalue.lifetime.models.model import COVARIATES, SEASONAL, without_dropout
from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
from cxvalue.questions.lifetime_value.covariates import Covariates, Labels, find_no_better, labels_of
from cxvalue.questions.lifetime_value.seasonality import Season, find_season
from cxvalue.tables.periods import Period, by_period, period_states
from cxvalue.tables.states import first_seen_from, holdout_counts, purchase_states_from_purchases

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis

    from cxvalue.study import StudyFile

__all__ = ["fit_cltv", "fit_study"]
EARLY_DAYS = 91
"""First days of the holdout in which a seasonal model has to be better too."""
SPEND_PARAMETERS = ("p", "q", "gamma")


def fit_cltv(
    purchases: ibis.Table,
    *,
    as_of: date,
    observed_from: date,
    time_unit: TimeUnit | str = TimeUnit.WEEK,
    models: str | tuple[str, ...] = "auto",
    holdout_start: date | None = None,
    labels: Labels | None = None,
) -> CltvFit:
    """Fit every model on the calibration window and on all data, score the holdout and choose.

    `models` is "auto" (the highest holdout log predictive score among the sound models) or the names to choose from.
    "bg_bb" stands alone: opportunities are then counted, one a calendar period of `time_unit`.
    The models of regular timing are among them where the likelihood finds a rhythm (up to `LARGEST_REGULAR` customers).
    With `labels` the models that can are fitted with these covariates too, and may be chosen where the AIC of the
    calibration says that they describe more than chance.
    Raises `CxvalueError` when there is nobody to learn from.
    """
    unit = TimeUnit(time_unit)
    allowed = None if models == "auto" else (models,) if isinstance(models, str) else models
    if allowed is not None and set(allowed) & set(PERIODIC):
        if set(allowed) != {BG_BB.name}:
            raise CxvalueError("The model bg_bb counts periods and cannot be compared with models that count days.")
        return _fit_by_period(purchases, as_of, observed_from, unit, holdout_start)
    full = purchase_states_from_purchases(purchases, as_of=as_of, time_unit=unit, per_customer=True)
    rhythm = len(full) <= LARGEST_REGULAR and (allowed is None or any(name in PARENTS for name in allowed))
    if rhythm:
        full = purchase_states_from_purchases(purchases, as_of=as_of, time_unit=unit, per_customer=True, log_gaps=True)
    if not full.frequency.any():
        raise CxvalueError("Nobody bought a second time, so nothing about a customer's lifetime can be learnt.")
    start = holdout_start or default_holdout_start(as_of, observed_from)
    calibration: tuple[LifetimeModel, ...] = ()
    scores: tuple[HoldoutScore, ...] = ()
    spend_calibration, newcomers = None, 0
    season: Season | None = None
    worse: set[str] = set()
    by_level = [name for name, plain in COVARIATES.items() if labels and (allowed is None or plain in allowed)]
    covariates: Covariates | None = None
    if start is not None:
        before = purchase_states_from_purchases(
            purchases, as_of=start - timedelta(days=1), time_unit=unit, per_customer=True, log_gaps=rhythm
        )
        if before.frequency.any():
            calibration = fit_all(before.grouped())
            season = find_season(purchases, before.grouped(), calibration, observed_from=observed_from)
            calibration += fit_rhythms(before.grouped(), calibration) if rhythm else ()
            calibration += season.models
            if labels is not None:
                covariates = Covariates.found(labels, before).drop_needless(labels, before, calibration)
                calibration += covariates.fitted(labels, before, calibration, by_level)
            spend_calibration = fit_spend(before)
            counted = holdout_counts(purchases, holdout_start=start, as_of=as_of)
            newcomers = counted.first_seen_in_holdout
            scores = score_holdout(calibration, before, counted.count, days=(as_of - start).days + 1)
            early = min(as_of, start + timedelta(days=EARLY_DAYS - 1))
            soon = holdout_counts(purchases, holdout_start=start, as_of=early).count
            worse = _no_better_early(score_holdout(calibration, before, soon, days=(early - start).days + 1))
            worse |= find_no_better(calibration)
        else:
            start = None
    fitted = plain = fit_all(full.grouped())
    if rhythm:
        # The rhythm is chosen once, before the holdout, and kept.
        known = {model.name: model.k for model in calibration if model.name in PARENTS} if start is not None else None
        fitted += fit_rhythms(full.grouped(), fitted, known=known)
    if season is not None and season.models:
        season = find_season(purchases, full.grouped(), plain, observed_from=observed_from, insist=True)
        fitted += season.models
    if labels is not None:
        if covariates is None:
            covariates = Covariates.found(labels, full).drop_needless(labels, full, plain)
        fitted += covariates.fitted(labels, full, plain, by_level)
    listed = tuple(model.name for model in calibration or fitted)
    if allowed is not None:
        # Where purchases have no rhythm, a model of regular timing is its irregular parent.
        allowed = tuple(dict.fromkeys(name if name in listed else PARENTS.get(name, name) for name in allowed))
        allowed += tuple(name for name in by_level if name in listed and name not in worse)
    if allowed is None and worse:
        allowed = tuple(model.name for model in calibration if model.name not in worse)
    allowed = _without_unsettled(fitted, allowed, listed)
    selected = select_model(scores, allowed) if scores else _lowest_aic(fitted, allowed)
    sound = {model.name for model in fitted if model.status == "ok"}
    return CltvFit(
        as_of=as_of,
        holdout_start=start,
        time_unit=unit,
        calibration=calibration,
        full=fitted,
        spend_calibration=spend_calibration,
        spend=fit_spend(full),
        scores=scores,
        selected=selected,
        forecast=next((name for name in (selected, COVARIATES.get(selected, "nbd")) if name in sound), "nbd"),
        first_seen_in_holdout=newcomers,
        season=season,
        covariates=covariates,
        labels=labels,
    )


def _fit_by_period(
    purchases: ibis.Table, as_of: date, observed_from: date, unit: TimeUnit, holdout_start: date | None
) -> CltvFit:
    """`fit_cltv` for opportunities: whole periods up to `as_of`, and a holdout that begins with one."""
    if unit.value not in list(Period):
        raise CxvalueError(f"The model bg_bb counts calendar periods, and a {unit.value} is none.")
    period = Period(unit.value)
    full = period_states(purchases, as_of=as_of, period=period)
    if not full.frequency.any():
        raise CxvalueError(
            f"Nobody bought in a second {unit.value}, so nothing about a customer's lifetime can be learnt."
        )
    last = full.as_of
    wanted = holdout_start or default_holdout_start(last, observed_from)
    if holdout_start is not None and holdout_start > last:
        raise CxvalueError(
            f"The holdout from {holdout_start} holds no whole {unit.value}: the last one ended on {last}. Choose an earlier "
            "day as cltv.holdout_start."
        )
    fitted, start = fit_by_period(full.grouped()), None
    leaving = fitted[1]
    if leaving.status != "ok" and leaving.likelihood_ratio >= DISCRETE_CRITICAL_VALUE:
        raise CxvalueError(
            f"{leaving.reason} Customers do leave, so a model in which nobody does would promise too much. Choose another "
            "period as cltv.time_unit, or the models that count days."
        )
    calibration: tuple[LifetimeModel, ...] = ()
    scores: tuple[HoldoutScore, ...] = ()
    spend_calibration, newcomers = None, 0
    if wanted is not None:
        begins = period.first_day(period.number(wanted))
        before = period_states(purchases, as_of=begins - timedelta(days=1), period=period)
        if before.frequency.any():
            start, calibration, spend_calibration = begins, fit_by_period(before.grouped()), fit_spend(before)
            counted = holdout_counts(by_period(purchases, as_of=last, period=period), holdout_start=start, as_of=last)
            newcomers = counted.first_seen_in_holdout
            length = (period.number(last) - period.number(start) + 1) * unit.days
            scores = score_holdout(calibration, before, counted.count, days=length)
    selected = select_model(scores, (BG_BB.name,)) if scores else _lowest_aic(fitted, (BG_BB.name,))
    return CltvFit(
        as_of=last,
        holdout_start=start,
        time_unit=unit,
        calibration=calibration,
        full=fitted,
        spend_calibration=spend_calibration,
        spend=fit_spend(full),
        scores=scores,
        selected=selected,
        # All data decide whether somebody leaves: before the holdout there may have been too few to tell.
        forecast=BG_BB.name if leaving.status == "ok" else BB.name,
        first_seen_in_holdout=newcomers,
    )


def fit_study(
    study: StudyFile, table: Callable[[str], ibis.Table | None], *, as_of: date, observed_from: date
) -> CltvFit:
    """`fit_cltv` as a study file asks for it; `table` gives the study's tables by name, None for one that it lacks."""
    purchases, customers, wanted = table("purchases"), table("customers"), study.cltv
    if purchases is None:
        raise CxvalueError("The study has no purchases.")
    if study.new_from is not None:
        # Of customers who are older than the tables neither age nor pace is known: others teach how customers stay.
        observed_from = max(observed_from, study.new_from)
        purchases = first_seen_from(purchases, observed_from)
    return fit_cltv(
        purchases,
        as_of=as_of,
        observed_from=observed_from,
        time_unit=wanted.time_unit,
        models=wanted.models,
        holdout_start=wanted.holdout_start,
        labels=labels_of(customers, wanted.covariates) if wanted.covariates and customers is not None else None,
    )


def _no_better_early(scores: tuple[HoldoutScore, ...]) -> set[str]:
    """The seasonal models that do not foresee the first months of the holdout better than the same model without a season.

    Over a whole year the seasons cancel; over its first months they must show.
    """
    known = {score.model: score.log_score for score in scores}
    return {name for name, twin in SEASONAL.items() if name in known and not known[name] > known[twin]}


def _without_unsettled(
    fitted: tuple[LifetimeModel, ...], allowed: tuple[str, ...] | None, listed: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The names to choose from, without models that would end in a forecast in which nobody leaves although many do.

    Those are the ones whose refit is not sound while it says beyond doubt that customers leave. A model with covariates
    has its plain one to fall back to.
    """
    unsettled = {
        model.name
        for model in fitted
        if model.family.dropout
        and model.status != "ok"
        and model.name not in COVARIATES
        and not model.likelihood_ratio < DROPOUT_CRITICAL_VALUE
    }
    if not unsettled:
        return allowed
    kept = tuple(name for name in allowed or listed if name not in unsettled)
    return kept or tuple(name for name in listed if name not in unsettled)


def _lowest_aic(models: tuple[LifetimeModel, ...], allowed: tuple[str, ...] | None) -> str:
    sound = [model for model in models if model.status == "ok" and (allowed is None or model.name in allowed)]
    return min(sound, key=lambda model: model.aic).name if sound else without_dropout([model.name for model in models])
