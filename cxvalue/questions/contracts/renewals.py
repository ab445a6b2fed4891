"""How long customers stay under contract: the sBG fitted and tried on the past, and the tables that a run publishes.

`fit_renewals` takes the contracts of a study and returns a frozen `RenewalFit`; `endings` decides whether it or the
model with drivers forecasts, and `contract_value` what margin is still to come. The statistics live in
`cxvalue.lifetime.contracts.sbg`; here they meet the calendar.

A customer can leave once a period of their own: a month, or a year where contracts end by the year. Where in that period
those who left did so is taken from the data (`part`): at its end for contracts billed by the month, anywhere in it for
contracts that can be ended at any time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import day_number, default_holdout_start, months_before
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.plain import Plain
from cxvalue.language.catalogue import translate
from cxvalue.lifetime import HoldoutScore
from cxvalue.lifetime.contracts.renewal_marks import cells_of, marked
from cxvalue.lifetime.contracts.sbg import RenewalModel, fit_renewal
from cxvalue.questions.contracts.contract_base import (
    Contracts,
    find_stayers,
    look_ahead,
    months_between,
)

YEAR = 12


@dataclass(frozen=True)
class RenewalFit(Plain):
    """The model of a study's contracts: on all data, and on what was known before the holdout.

    `part` is the mean part of their last period for which those who left still were customers, `part_calibration` the
    same as known before the holdout, `left_out` the number of relations that no whole period of observation covers.
    `at_anniversaries` is the share of ends near an anniversary, `clock` what was made of it: month, year, or mixed (by
    the month, although many ends lie at anniversaries).
    """

    as_of: date
    holdout_start: date | None
    full: RenewalModel
    part: float
    calibration: RenewalModel | None
    part_calibration: float
    score: HoldoutScore | None
    left_out: int
    clock: str = "month"
    at_anniversaries: float | None = None


def fit_renewals(contracts: Contracts, *, holdout_start: date | None = None) -> RenewalFit:
    """Fit the sBG on all contracts and on what was known before the holdout, and score its forecast of who stays.

    Raises `CxvalueError` when nobody has left; without a calibration window in which somebody left there is no score.
    """
    unit = "year" if contracts.annual else "month"
    full = renewal_model(contracts, contracts.as_of)
    # One that leaves nothing to compare with does not count, as in a study without contracts.
    asked_for = holdout_start if holdout_start is not None and holdout_start < contracts.as_of else None
    start = asked_for or default_holdout_start(contracts.as_of, contracts.observed_from)
    if asked_for is None and start is not None and contracts.annual:
        # A span that is a day short of a year may hold no end of any contract.
        year_ago = months_before(contracts.as_of, YEAR)
        if months_before(year_ago, YEAR) >= contracts.observed_from:
            start = min(start, year_ago + timedelta(days=1))
    before, score, part = None, None, 1.0
    if start is not None:
        last = start - timedelta(days=1)
        try:
            before = renewal_model(contracts, last)
        except CxvalueError:
            start = None
        else:
            part = contracts.part_of_last_period(last)
            score = _score(before, contracts, last, part)
    return RenewalFit(
        as_of=contracts.as_of,
        holdout_start=start if score else None,
        full=full,
        part=contracts.part_of_last_period(),
        calibration=before if score else None,
        part_calibration=part,
        score=score,
        left_out=contracts.left_out(),
        clock="mixed" if contracts.mixed else unit,
        at_anniversaries=None if math.isnan(contracts.at_anniversaries) else contracts.at_anniversaries,
    )


def renewal_model(contracts: Contracts, on: date) -> RenewalModel:
    """The sBG fitted on what was known on a day, with the marks that these contracts show (`renewal_marks`).

    Raises `CxvalueError` when nobody had left.
    """
    model = fit_renewal(contracts.durations(on), time_unit="year" if contracts.annual else "month")
    found = contracts.spells(on)
    return marked(model, cells_of(contracts.relations["start"], found, day_number(on), contracts.step))


def _score(model: RenewalModel, contracts: Contracts, last: date, part: float) -> HoldoutScore | None:
    """Compare who of the customers at the end of `last` was still there at the end of `as_of` with the forecast."""
    seen = look_ahead(contracts, part, last)
    if not seen.who.size:
        return None
    months = months_between(last, contracts.as_of)
    stays = model.survival(seen.chances(months), seen.renewed)
    came = find_stayers(contracts, last)[seen.who]
    error = stays - came
    safe = np.clip(np.where(came, stays, 1 - stays), 1e-300, None)
    return HoldoutScore(
        model=model.name,
        actual=float(came.sum()),
        predicted=float(stays.sum()),
        bias=float(error.sum()),
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        wmape=float(np.abs(error).sum() / came.sum()) if came.any() else math.nan,
        log_score=float(np.log(safe).sum()),
        status=model.status,
        selected=True,
    )


def missing_margin(contracts: Contracts, gross_margin: float | None) -> str:
    """Why contracts have no margin, in a sentence; empty when they have one."""
    without, every = int(contracts.rows["value"].isna().sum()), len(contracts.rows)
    if without:
        if without == every:
            return translate("No contract has a value per month (column value_per_month of subscriptions).")
        return translate(
            "{without:,} of {every:,} contracts do not have a value per month (column value_per_month of subscriptions).",
            without=without,
            every=every,
        )
    return "" if gross_margin is not None else translate("The study file gives no gross_margin.")


def renewal_models_table(fit: RenewalFit, level: float = 0.95, *, selected: bool = True) -> pd.DataFrame:
    """The parameters in both windows, as published in ``models.csv``; `selected` says whether this model forecasts."""
    rows = []
    for window, model in (("calibration", fit.calibration), ("full", fit.full)):
        if model is None:
            continue
        bounds = model.bounds(level)
        for parameter, estimate in model.params.items():
            rows.append(
                {
                    "window": window,
                    "model": model.name,
                    "parameter": parameter,
                    "estimate": estimate,
                    "se": model.se[parameter],
                    "low": bounds[parameter][0],
                    "high": bounds[parameter][1],
                    "log_likelihood": model.log_likelihood,
                    "aic": model.aic,
                    "customers": model.customers,
                    "time_unit": model.time_unit,
                    "status": model.status,
                    "selected": selected,
                }
            )
    return pd.DataFrame(rows)
