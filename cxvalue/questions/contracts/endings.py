"""Churn of customers under contract: who ends within 12 months, by the model that foresaw the past better.

Two models are asked: the sBG, which knows the age of a contract only, and the hazard model with drivers. Both are fitted on
what was known before the holdout and say of every customer of that day how likely the contract was to end in it. The
higher log predictive score decides which of them forecasts; AUC, Brier score and calibration are given for both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import DAYS_PER_MONTH, WHOLE_YEAR_DAYS, day_number, months_before
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import Interval
from cxvalue.foundation.progress import working
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.contracts.hazard import HazardModel
from cxvalue.lifetime.contracts.pace import Pace, at_pace
from cxvalue.lifetime.contracts.sbg import RenewalModel, survival
from cxvalue.questions.churn.losses import InDraws, Losses, bands, losses
from cxvalue.questions.churn.past_churn import Backtest, auc, brier
from cxvalue.questions.contracts.contract_base import Contracts, Outlook, find_stayers, look_ahead, months_between
from cxvalue.questions.contracts.drivers import THIRDS, VALUE, DriverTables, contract_members
from cxvalue.questions.contracts.members import Happening, Members, calendar_columns, fit_members
from cxvalue.questions.contracts.miss_range import pace_ahead
from cxvalue.questions.contracts.renewals import RenewalFit

if TYPE_CHECKING:
    import ibis
    from numpy.typing import NDArray

    from cxvalue.foundation.arrays import Floats
    from cxvalue.lifetime.evidence.attempts import Attempts

__all__ = ["ContractChurn", "Hazard", "Miss", "ModelScore", "contract_churn", "hazard_of", "monthly_outlook", "widened"]

CHURN_MONTHS = 12
LEAST_PROBABILITY = 1e-3
FEWEST_NEWCOMERS = 30
SBG, HAZARD = "sbg", "hazard"


@dataclass(frozen=True, slots=True, eq=False)
class Hazard:
    """A hazard model with the present state of those it forecasts: one row of `now` and of `start` a customer.

    `now` has the drivers as they stand on `until`; a happening that yes or no answers has its latest day in `last_day`.
    """

    model: HazardModel
    members: Members
    now: pd.DataFrame
    start: NDArray[np.int64]
    last_day: dict[str, NDArray[np.float64]]

    def p_end(
        self, renewed: NDArray[np.int64], chances: NDArray[np.int64], rows: NDArray[np.intp], coef: Floats | None = None
    ) -> Floats:
        """P(ending at one of its next so many monthly chances) of chosen customers; a column a draw of `coef`."""
        reach = int(chances[rows].max(initial=0))
        kept = np.zeros(rows.size if coef is None else (rows.size, len(coef)))
        for step, rate in enumerate(self.rates(renewed, rows, reach, coef)):
            at_risk = step < chances[rows]
            kept += np.where(at_risk if rate.ndim == 1 else at_risk[:, None], np.log1p(-rate), 0.0)
        return np.asarray(-np.expm1(kept))

    def rates(
        self, renewed: NDArray[np.int64], rows: NDArray[np.intp], reach: int, coef: Floats | None = None
    ) -> Iterator[Floats]:
        """P(ending in a month) of chosen customers in each of the next `reach` months; a column a draw of `coef`.

        What a yes-or-no driver will be in months whose beginning has not come yet is not known: unless its latest event
        still counts then, the two hazards are weighed by how often that driver was `yes`.
        """
        for step in range(reach):
            months = renewed[rows] + step
            able = self.members.can_leave(months)
            found = np.zeros(rows.size if coef is None else (rows.size, len(coef)))
            if able.any():
                found[able] = np.minimum(self._rate(months[able], rows[able], coef), 1 - 1e-12)
            yield found

    def _rate(self, months: NDArray[np.int64], rows: NDArray[np.intp], coef: Floats | None) -> Floats:
        until = day_number(self.members.until)
        begins = self.members.begins(months, self.start[rows])
        table = self.now.iloc[rows].assign(**calendar_columns(months, self.start[rows], self.members))
        weighed: list[tuple[Happening, NDArray[np.bool_]]] = []
        for one in self.members.happenings:
            if one.edges is None:
                counts = self.last_day[one.name][rows] > begins - one.days
                table[one.name] = np.where(counts, one.yes, one.no)
                weighed.append((one, ~counts & (begins > until)))
        rate = self.model.hazard(table, coef)
        for one, open_ in weighed:
            yes = self.model.at_risk.get(f"{one.name}={one.yes}", 0) / self.model.months
            if yes and open_.any():
                other = self.model.hazard(table.assign(**{one.name: one.yes}), coef)
                share = np.where(open_, yes, 0.0)
                rate = rate + (other - rate) * (share if rate.ndim == 1 else share[:, None])
        return rate

    def newcomers(self, most: int = 500) -> Hazard:
        """The same for customers who begin on the day after `until`: alike to those who began in the year before it.

        Where fewer than 30 of them are there, alike to all; at most `most` of them, evenly chosen.
        """
        day = day_number(self.members.until)
        recent = np.flatnonzero(self.start > day - WHOLE_YEAR_DAYS)
        rows = recent if recent.size >= FEWEST_NEWCOMERS else np.arange(self.start.size)
        rows = rows[np.linspace(0, rows.size - 1, min(most, rows.size)).astype(np.intp)] if rows.size else rows
        never = {name: np.full(rows.size, -math.inf) for name in self.last_day}
        return replace(self, now=self.now.iloc[rows], start=np.full(rows.size, day, dtype=np.int64), last_day=never)


def hazard_of(
    contracts: Contracts,
    tables: DriverTables,
    con: ibis.BaseBackend,
    on: date | None = None,
    *,
    suppress_below: int = 0,
) -> Hazard:
    """Fit the hazard model to what was known on a day and take the state of the customers active then.

    Levels of drivers with fewer than `suppress_below` ends are gathered. Raises `CxvalueError` when too few contracts ended.
    """
    day = on or contracts.as_of
    members = contract_members(contracts, tables, day)
    model = fit_members(members, con, order={VALUE: THIRDS}, fewest=suppress_below)
    number = day_number(day)
    table = members.table
    here = table[(table["start"] <= number) & (table["end"] > number)]
    owner = contracts.relations["customer"].to_numpy()[here["member"].astype(int)]
    here = here.assign(owner=owner).sort_values("owner", ignore_index=True)
    now, last = here[list(members.fixed)].copy(), {}
    for one in members.happenings:
        events = one.events.filter((one.events.day <= number) & (one.events.day > number - one.days))
        value = {"value": events["value"].argmax(events.day)} if one.edges is not None else {}
        seen = events.group_by("key").agg(day=events.day.max(), **value).to_pandas().set_index("key")
        seen = seen.reindex(here["cluster" if one.by_cluster else "member"])
        last[one.name] = seen["day"].fillna(-math.inf).to_numpy(float)
        if one.edges is None:
            now[one.name] = np.where(last[one.name] > number - one.days, one.yes, one.no)
        else:
            score = seen["value"].to_numpy(float)
            band = np.array(one.bands, dtype=object)[(score > one.edges[0]).astype(int) + (score > one.edges[1])]
            now[one.name] = np.where(np.isnan(score), one.unknown, band)
    return Hazard(model, members, now, here["start"].to_numpy(np.int64), last)


class ModelScore(NamedTuple):
    """How one model foresaw the holdout: log predictive score, its forecast of each customer, and of how many leave."""

    model: str
    log_score: float
    backtest: Backtest
    leavers: Miss


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
        months: where the customers stand when chances are counted by the month, as the hazard model does.
        hazard_before: the hazard model as fitted before the holdout; None where there is none.
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
    months: Outlook
    hazard_before: Hazard | None = None
    leavers: Miss | None = None

    @property
    def forecasts_by_hazard(self) -> bool:
        """Whether the model with drivers forecasts."""
        return self.model == HAZARD

    @property
    def pace(self) -> float:
        """Times as fast as foreseen at which customers left in the holdout; 1 where that lay in the range foreseen."""
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
    hazard, no_hazard = _try(contracts, tables, con, contracts.as_of, suppress_below)
    scores, before = _scores(fit, contracts, tables if hazard is not None else None, con, draws, level, seed, leaving)
    model, why = _choice(scores, no_hazard)
    months = seen if seen.step == 1 or hazard is None else monthly_outlook(contracts, hazard.members.grace_days)
    chances = seen.chances(CHURN_MONTHS)
    every = np.arange(seen.who.size)
    if model == HAZARD and hazard is not None:
        chances = months.chances(CHURN_MONTHS)
        p = _in_parts(hazard, months.renewed, chances, every)
        in_draws = _hazard_draws(hazard, months.renewed, chances, draws, seed)
    else:
        p = 1 - fit.full.survival(chances, seen.renewed)
        in_draws = _sbg_draws(fit.full, seen, chances, draws, seed)
    margins = np.full(seen.who.size, math.nan)
    if not missing and gross_margin is not None:
        since = months_before(contracts.as_of, CHURN_MONTHS)
        margins = gross_margin * contracts.revenue_between(since, contracts.as_of)[seen.who]
    found = None
    if seen.who.size:
        ahead = pace_ahead(leaving, fit.full, seen, contracts.as_of, CHURN_MONTHS)
        in_draws = _at_paces(in_draws, ahead, draws, seed)
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
        months=months,
        hazard_before=before,
        leavers=next((score.leavers for score in scores if score.model == model), None),
    )
    if found is None or made.pace == 1:
        return made
    faster = -np.expm1(made.pace * np.log1p(-np.minimum(p, 1 - 1e-12)))
    worth = np.nan_to_num(margins)
    ends = [1 - (1 - end) ** power for end in found.rate[1:] for power in (1.0, made.pace)]
    rate = Interval(found.rate.value, min(ends), max(ends))
    at_risk = widened(found.at_risk, [float(faster @ worth / (p @ worth))] if p @ worth else [])
    number = Interval(found.leaving.value, min(ends) * p.size, max(ends) * p.size)
    return replace(made, losses=replace(found, rate=rate, leaving=number, at_risk=at_risk))


def _try(
    contracts: Contracts, tables: DriverTables, con: ibis.BaseBackend, on: date, suppress_below: int
) -> tuple[Hazard | None, str]:
    try:
        return hazard_of(contracts, tables, con, on, suppress_below=suppress_below), ""
    except CxvalueError as error:
        return None, str(error)


def monthly_outlook(contracts: Contracts, grace_days: int, on: date | None = None) -> Outlook:
    """Where active customers stand when chances are counted by the month.

    The chance comes at the end of each month; where months begin with some grace, so much before it.
    """
    grace = grace_days / DAYS_PER_MONTH
    ages = contracts.ages_less(grace_days, on)
    who = np.flatnonzero(~np.isnan(ages))
    whole = np.floor(np.maximum(ages[who], 0.0))
    wait = whole + 1 - grace - ages[who]
    passed = wait <= 0
    return Outlook(who, (whole + passed).astype(np.int64), wait + passed, 1)


def _in_parts(hazard: Hazard, renewed: NDArray[np.int64], chances: NDArray[np.int64], rows: NDArray[np.intp]) -> Floats:
    parts = np.array_split(rows, max(1, math.ceil(rows.size / 100_000)))
    return np.concatenate([hazard.p_end(renewed, chances, part) for part in parts])


def _hazard_draws(
    hazard: Hazard, renewed: NDArray[np.int64], chances: NDArray[np.int64], draws: int, seed: int
) -> InDraws:
    coef = hazard.model.draw(draws, np.random.default_rng([seed, 1]))
    return lambda rows: hazard.p_end(renewed, chances, rows, coef)


def _sbg_draws(model: RenewalModel, seen: Outlook, chances: NDArray[np.int64], draws: int, seed: int) -> InDraws:
    alpha, beta = model.draw(draws, np.random.default_rng([seed, 1])).T

    def gone(rows: NDArray[np.intp]) -> Floats:
        keys = np.stack([seen.renewed[rows], chances[rows]])
        states, which = np.unique(keys, axis=1, return_inverse=True)
        return 1 - survival(alpha[None, :], beta[None, :], states[1][:, None], states[0][:, None])[which.ravel()]

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
        before, _ = _try(contracts, tables, con, last, 0)
        if before is not None:
            months = seen if seen.step == 1 else monthly_outlook(contracts, before.members.grace_days, last)
            chances = months.chances(length)
            p = _in_parts(before, months.renewed, chances, np.arange(seen.who.size))
            said[HAZARD] = p, _hazard_draws(before, months.renewed, chances, draws, seed)
    span = fit.holdout_start, contracts.as_of
    ahead = pace_ahead(leaving, fit.calibration, seen, last, length)

    def foreseen(p: Floats, in_draws: InDraws) -> Miss:
        at_paces = _at_paces(in_draws, ahead, draws, seed)
        number = losses(p, np.zeros(p.size), in_draws=at_paces, draws=draws, level=level, seed=seed).leaving
        return Miss(number, float(left.sum()))

    return tuple(_score(name, p, left, span, foreseen(p, drawn)) for name, (p, drawn) in said.items()), before


def _score(model: str, p: Floats, left: NDArray[np.bool_], span: tuple[date, date], leavers: Miss) -> ModelScore:
    # What a model holds impossible may be a date that is a day off: one such customer is not to decide.
    log_score = float(np.log(np.clip(np.where(left, p, 1 - p), LEAST_PROBABILITY, None)).sum())
    known = brier(left, np.full(p.size, left.mean()))
    return ModelScore(model, log_score, Backtest(*span, model, p, left, auc(left, p), brier(left, p), known), leavers)


def _choice(scores: tuple[ModelScore, ...], no_hazard: str) -> tuple[str, str]:
    found = {score.model: score.log_score for score in scores}
    if no_hazard:
        return SBG, translate("The model with drivers could not be fitted: {reason}", reason=no_hazard)
    if HAZARD not in found:
        return SBG, translate(
            "No history could be held back to compare models on, so the simpler model is used, which knows "
            "only the age of a contract."
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
