"""Churn of customers under contract: who ends within 12 months, by the model that foresaw the past better.

Two models are asked: the sBG, which knows the age of a contract only, and the hazard model with drivers. Both are fitted on
what was known before the holdout and say of every customer of that day how likely the contract was to end in it. The
higher log predictive score decides which of them forecasts; AUC, Brier score and calibration are given for both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import months_before
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import Interval
from cxvalue.foundation.progress import working
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.contracts.pace import Pace, at_pace, pace_of
from cxvalue.lifetime.contracts.sbg import RenewalModel
from cxvalue.questions.churn.losses import InDraws, Losses, bands, losses
from cxvalue.questions.churn.past_churn import Backtest, auc, brier
from cxvalue.questions.contracts.contract_base import Contracts, Outlook, find_stayers, look_ahead, months_between
from cxvalue.questions.contracts.driver_forecast import Hazard, hazard_of, monthly_outlook
from cxvalue.questions.contracts.drivers import DriverTables
from cxvalue.questions.contracts.miss_range import at_drift, pace_ahead
from cxvalue.questions.contracts.renewals import RenewalFit

if TYPE_CHECKING:
    import ibis
    from numpy.typing import NDArray

    from cxvalue.foundation.arrays import Floats
    from cxvalue.lifetime.evidence.attempts import Attempts

CHURN_MONTHS = 12
LEAST_PROBABILITY = 1e-3
SBG, HAZARD = "sbg", "hazard"


class ModelScore(NamedTuple):
    """How one model foresaw the holdout: log predictive score, its forecast of each customer, and of how many leave.

    `followed`: how many times as fast as the sBG says it lets customers leave.
    """

    model: str
    log_score: float
    backtest: Backtest
    leavers: Miss
    followed: float = 1.0


class Miss(NamedTuple):
    """What the model that forecasts foresaw for the holdout, with its range, and what came."""

    foreseen: Interval
    actual: float

    @property
    def outside(self) -> bool:
        """Whether what came lies outside the range that was foreseen."""
        return not self.foreseen.low <= self.actual <= self.foreseen.high


def widened(interval: Interval, factors: Iterable[float]) -> Interval:
    """The interval together with itself times each factor: what follows if a forecast is off as much again."""
    ends = [end * factor for factor in (1.0, *factors) for end in (interval.low, interval.high)]
    return Interval(interval.value, min(ends), max(ends))


@dataclass(frozen=True, slots=True, eq=False)
class ContractChurn:
    """Who of the active customers will end within 12 months.

    Attributes:
        seen: the active customers, one an element of the arrays below; `customer_id` names them.
        probabilities: P(the relation ends within 12 months).
        margins: of the last 12 months; nan where `missing` says why there is none.
        losses: share that ends and margin at risk, with intervals for what will really happen; None with nobody active.
        model: the model that forecasts, sbg or hazard; `why` says in a sentence why.
        scores: of the models on the holdout; empty without one.
        hazard: the hazard model and the present drivers; None where `no_hazard` says why.
        by_age: the sBG fitted on all data, with the marks that the contracts show; `by_age_before`: before the holdout.
        months: where the customers stand when chances are counted by the month, as the hazard model does.
        hazard_before: the hazard model as fitted before the holdout; None where there is none.
        followed: how many times as fast as the sBG says the model that forecasts lets customers leave: so much of a
            drift of the pace it has followed itself.
        drift: how many times as fast as the model alone says customers are taken to leave, as on past days.
        leavers: how many the model that forecasts foresaw to leave in the holdout, and how many did; None without one.
            Where what came lies outside, the intervals of `losses` hold what follows from the same miss in the future.
    """

    seen: Outlook
    customer_id: NDArray[np.object_]
    as_of: date
    probabilities: Floats
    margins: Floats
    missing: str
    losses: Losses | None
    model: str
    why: str
    scores: tuple[ModelScore, ...]
    hazard: Hazard | None
    no_hazard: str
    by_age: RenewalModel
    months: Outlook
    by_age_before: RenewalModel | None = None
    hazard_before: Hazard | None = None
    leavers: Miss | None = None
    followed: float = 1.0
    drift: float = 1.0

    @property
    def followed_before(self) -> float:
        """The same as `followed`, before the holdout."""
        return next((score.followed for score in self.scores if score.model == self.model), 1.0)

    @property
    def forecasts_by_hazard(self) -> bool:
        """Whether the model with drivers forecasts."""
        return self.model == HAZARD

    @property
    def pace(self) -> float:
        """Times as fast as foreseen at which customers left in the holdout; 1 where that lay in the range foreseen.

        Where everybody's rate has changed of late the forecast has followed it: the pace if that turns out otherwise, or
        what is left of the miss in the holdout, whichever is further off.
        """
        other, missed = self.by_age.otherwise, self._missed
        if self.has_followed and (missed - 1) * (other - 1) < 0:
            missed *= other
        return max(other, missed, key=lambda pace: abs(math.log(pace)))

    @property
    def has_followed(self) -> bool:
        """Whether the forecast follows a change of everybody's rate that the one of the holdout did not."""
        before = self.by_age_before
        return self.by_age.otherwise != 1 and (before is None or before.otherwise == 1)

    @property
    def _missed(self) -> float:
        past = self.backtest
        if self.leavers is None or past is None or not self.leavers.outside:
            return 1.0
        shares = np.clip(
            [self.leavers.foreseen.value / past.customers, self.leavers.actual / past.customers], 1e-9, 1 - 1e-9
        )
        foreseen, came = np.log1p(-shares).tolist()
        return float(came / foreseen)

    @property
    def backtest(self) -> Backtest | None:
        """The forecast of the past by the model that forecasts."""
        return next((score.backtest for score in self.scores if score.model == self.model), None)

    def bands(self, suppress_below: int = 0) -> pd.DataFrame:
        """Active customers and their margin by the probability of ending, see `cxvalue.questions.churn.losses.bands`."""
        return bands(self.probabilities, np.nan_to_num(self.margins), suppress_below)


@working("Fitting the models of contracts")
def contract_churn(
    fit: RenewalFit,
    contracts: Contracts,
    tables: DriverTables,
    con: ibis.BaseBackend,
    *,
    gross_margin: float | None,
    missing: str = "",
    suppress_below: int = 0,
    leaving: Attempts | None = None,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 1,
) -> ContractChurn:
    """Choose the model by the holdout and forecast with it who ends within 12 months, and the margin that goes along.

    `missing` is the reason why contracts have no margin, as `missing_margin` gives it; empty when they have one. Levels of
    drivers with fewer than `suppress_below` ends are gathered. `leaving` are the paces of past days (`past_renewals`): the
    ranges then hold how far off the pace of leaving was.
    """
    seen = look_ahead(contracts, fit.part)
    hazard, no_hazard = _try(contracts, tables, con, contracts.as_of, suppress_below, fit.full)
    scores, before = _scores(fit, contracts, tables if hazard is not None else None, con, draws, level, seed, leaving)
    model, why = _choice(scores, no_hazard, fit.full.changed and not (fit.calibration and fit.calibration.changed))
    months = seen if seen.step == 1 or hazard is None else monthly_outlook(contracts, hazard.members.grace_days)
    chances, followed, drift = seen.chances(CHURN_MONTHS), 1.0, 1.0
    every = np.arange(seen.who.size)
    p = 1 - fit.full.survival(chances, seen.renewed)
    if model == HAZARD and hazard is not None:
        chances = months.chances(CHURN_MONTHS)
        by_age, p = p, _in_parts(hazard, months.renewed, chances, every)
        in_draws, followed = _hazard_draws(hazard, months.renewed, chances, draws, seed), pace_of(by_age, p.sum())
    else:
        in_draws = _sbg_draws(fit.full, seen, chances, draws, seed)
    margins = np.full(seen.who.size, math.nan)
    if not missing and gross_margin is not None:
        since = months_before(contracts.as_of, CHURN_MONTHS)
        margins = gross_margin * contracts.revenue_between(since, contracts.as_of)[seen.who]
    found = None
    if seen.who.size:
        ahead = at_drift(pace_ahead(leaving, fit.full, seen, contracts.as_of, CHURN_MONTHS), followed)
        drift = ahead.centre
        in_draws, p = _at_paces(in_draws, ahead, draws, seed), at_pace(p, drift)
        found = losses(p, np.nan_to_num(margins), in_draws=in_draws, draws=draws, level=level, seed=seed)
    made = ContractChurn(
        seen=seen,
        customer_id=contracts.customers[seen.who],
        as_of=contracts.as_of,
        probabilities=p,
        margins=margins,
        missing=missing,
        losses=found,
        model=model,
        why=why,
        scores=scores,
        hazard=hazard,
        no_hazard=no_hazard,
        by_age=fit.full,
        by_age_before=fit.calibration,
        months=months,
        hazard_before=before,
        leavers=next((score.leavers for score in scores if score.model == model), None),
        followed=followed,
        drift=drift,
    )
    return made if found is None or made.pace == 1 else replace(made, losses=_at_either_pace(found, made))


def _at_either_pace(found: Losses, made: ContractChurn) -> Losses:
    """The losses with ranges that also hold what is lost where customers leave `made.pace` times as fast."""
    p, worth = made.probabilities, np.nan_to_num(made.margins)
    faster = -np.expm1(made.pace * np.log1p(-np.minimum(p, 1 - 1e-12)))
    ends = [1 - (1 - end) ** power for end in found.rate[1:] for power in (1.0, made.pace)]
    return replace(
        found,
        rate=Interval(found.rate.value, min(ends), max(ends)),
        leaving=Interval(found.leaving.value, min(ends) * p.size, max(ends) * p.size),
        at_risk=widened(found.at_risk, [float(faster @ worth / (p @ worth))] if p @ worth else []),
    )


def _try(
    contracts: Contracts,
    tables: DriverTables,
    con: ibis.BaseBackend,
    on: date,
    suppress_below: int,
    by_age: RenewalModel,
) -> tuple[Hazard | None, str]:
    try:
        return hazard_of(contracts, tables, con, on, suppress_below=suppress_below, marks=by_age.marks), ""
    except CxvalueError as error:
        return None, str(error)


def _in_parts(hazard: Hazard, renewed: NDArray[np.int64], chances: NDArray[np.int64], rows: NDArray[np.intp]) -> Floats:
    parts = np.array_split(rows, max(1, math.ceil(rows.size / 100_000)))
    return np.concatenate([hazard.p_end(renewed, chances, part) for part in parts])


def _hazard_draws(
    hazard: Hazard, renewed: NDArray[np.int64], chances: NDArray[np.int64], draws: int, seed: int
) -> InDraws:
    coef = hazard.model.draw(draws, np.random.default_rng([seed, 1]))
    return lambda rows: hazard.p_end(renewed, chances, rows, coef)


def _sbg_draws(model: RenewalModel, seen: Outlook, chances: NDArray[np.int64], draws: int, seed: int) -> InDraws:
    drawn = model.draw(draws, np.random.default_rng([seed, 1]))

    def gone(rows: NDArray[np.intp]) -> Floats:
        keys = np.stack([seen.renewed[rows], chances[rows]])
        states, which = np.unique(keys, axis=1, return_inverse=True)
        return 1 - model.curve(drawn, states[1], states[0]).T[which.ravel()]

    return gone


def _at_paces(in_draws: InDraws, ahead: Pace, draws: int, seed: int) -> InDraws:
    """The probabilities of each draw at a pace of its own."""
    paces = ahead.draw(draws, np.random.default_rng([seed, 3]))
    return lambda rows: at_pace(in_draws(rows), paces)


def _scores(
    fit: RenewalFit,
    contracts: Contracts,
    tables: DriverTables | None,
    con: ibis.BaseBackend,
    draws: int,
    level: float,
    seed: int,
    leaving: Attempts | None = None,
) -> tuple[tuple[ModelScore, ...], Hazard | None]:
    """Both models, fitted before the holdout, on the customers of the day before it; and the one with drivers."""
    if fit.holdout_start is None or fit.calibration is None:
        return (), None
    last = fit.holdout_start - timedelta(days=1)
    seen = look_ahead(contracts, fit.part_calibration, last)
    if not seen.who.size:
        return (), None
    left = ~find_stayers(contracts, last)[seen.who]
    length = months_between(last, contracts.as_of)
    chances = seen.chances(length)
    said = {
        SBG: (
            1 - fit.calibration.survival(chances, seen.renewed),
            _sbg_draws(fit.calibration, seen, chances, draws, seed),
        )
    }
    before = None
    if tables is not None:
        before, _ = _try(contracts, tables, con, last, 0, fit.calibration)
        if before is not None:
            months = seen if seen.step == 1 else monthly_outlook(contracts, before.members.grace_days, last)
            chances = months.chances(length)
            p = _in_parts(before, months.renewed, chances, np.arange(seen.who.size))
            said[HAZARD] = p, _hazard_draws(before, months.renewed, chances, draws, seed)
    span = fit.holdout_start, contracts.as_of
    ahead = pace_ahead(leaving, fit.calibration, seen, last, length)

    def tried(name: str) -> ModelScore:
        p, in_draws = said[name]
        followed = 1.0 if name == SBG else pace_of(said[SBG][0], p.sum())
        known = at_drift(ahead, followed)
        p, at_paces = at_pace(p, known.centre), _at_paces(in_draws, known, draws, seed)
        number = losses(p, np.zeros(p.size), in_draws=at_paces, draws=draws, level=level, seed=seed).leaving
        return _score(name, p, left, span, Miss(number, float(left.sum())), followed)

    return tuple(tried(name) for name in said), before


def _score(
    model: str, p: Floats, left: NDArray[np.bool_], span: tuple[date, date], leavers: Miss, followed: float
) -> ModelScore:
    # What a model holds impossible may be a date that is a day off: one such customer is not to decide.
    log_score = float(np.log(np.clip(np.where(left, p, 1 - p), LEAST_PROBABILITY, None)).sum())
    known = brier(left, np.full(p.size, left.mean()))
    past = Backtest(*span, model, p, left, auc(left, p), brier(left, p), known)
    return ModelScore(model, log_score, past, leavers, followed)


def _choice(scores: tuple[ModelScore, ...], no_hazard: str, changed: bool) -> tuple[str, str]:
    found = {score.model: score.log_score for score in scores}
    if no_hazard:
        return SBG, translate("The model with drivers could not be fitted: {reason}", reason=no_hazard)
    if HAZARD not in found:
        return SBG, translate(
            "No history could be held back to compare models on, so the simpler model is used, which knows "
            "only the age of a contract."
        )
    if changed:
        return SBG, translate(
            "Customers have begun to leave at another rate, which only the model by age follows, so that model is used."
        )
    if found[HAZARD] > found[SBG]:
        return HAZARD, translate("On the holdout, the model with drivers forecast better who would leave.")
    return (
        SBG,
        translate(
            "On the holdout, drivers added nothing: the simpler model, which knows only the age of a "
            "contract, forecast better who would leave."
        ),
    )
