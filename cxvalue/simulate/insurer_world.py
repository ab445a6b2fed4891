"""The world `insurer`: companies that insure their staff month by month, renew or leave, and differ in what they pay.

Every company is an account with a buyer, who decides, and users, who are asked how satisfied they are. Without drivers the
months follow the story of Fader and Hardie (2007): in month t a contract ends with the probability that the sBG
gives, alpha / (alpha + beta + t - 1). Drivers multiply that hazard by ratios that are known: of unsatisfied users, of
a complaint in the last 90 days, of the region. Plan and value have no part in it. The insurer has been in
business longer than its records go back: contracts that had ended before the first recorded day are not in the table.
Months are calendar months from the day of the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.contracts.spells import age_in_periods, months_later
from cxvalue.simulate.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cxvalue.foundation.arrays import Bools, Floats, Ints


AS_OF = date(2026, 6, 30)
IN_BUSINESS_DAYS = 2192
RECORDED_DAYS = 1461
HORIZON_MONTHS = 24
ANNUAL_RATE = 0.10
MARGIN = 0.25
PLANS = ("basic", "family", "premium")
REGIONS = ("north", "south")
NEW_CUSTOMERS_FOR_TRUTH = 50_000
COMPLAINT_DAYS, ASKED_DAYS, YEAR_DAYS = 90, 365, 365
_LAST_DAY = (AS_OF - date(1970, 1, 1)).days
LAST_MONTH = 100
"""Contracts are followed for so many months, which is beyond every horizon."""


@dataclass(frozen=True, slots=True)
class InsurerParameters:
    """The true parameters: of the monthly probability to leave, of its drivers, and of the value per month (log-normal).

    Ratios of hazards: `satisfaction_ratio` for users one standard deviation less satisfied, `complaint_ratio` for a
    complaint in the 90 days before the month, `region_ratio` for the south against the north; 1 means that a driver has no
    effect. With `drivers` false all are 1. With `any_day`, contracts end on any day of their last month, otherwise on its
    last. With `yearly`, contracts end at an anniversary only, with the yearly probabilities of alpha and beta.
    """

    alpha: float = 0.8
    beta: float = 25.0
    median_value: float = 900.0
    spread: float = 0.6
    any_day: bool = False
    yearly: bool = False
    drivers: bool = True
    satisfaction_ratio: float = 1.5
    complaint_ratio: float = 2.5
    region_ratio: float = 1.4
    complaints_per_year: float = 0.3
    users: float = 4.0
    answers_per_year: float = 1.0


class _Companies(NamedTuple):
    """First day and days lasted of each company's contract, and what drives it; days count from the last one, 0.

    `stays` has P(the contract does not end in month m | it is there), companies x months, complaints known.
    """

    began: Ints
    lasted: Ints
    content: Floats
    region: Ints
    complaints: tuple[Ints, Ints]
    stays: Floats


def insurer(
    customers: int = 3000, seed: int | Sequence[int] = 1, parameters: InsurerParameters = InsurerParameters()
) -> World:
    """Simulate an insurer's contracts up to a day, and how long those that run on that day really go on.

    `customers` contracts were made over six years; the four last years are recorded. The truth of ``cltv.equity`` is the
    margin that the running contracts bring over the 24 months after, discounted month by month; that of
    ``churn.rate`` and ``churn.value_at_risk`` who of them really leaves within 12 months; that of ``cltv.new_customer``
    the mean over contracts that begin on that day; that of ``churn.satisfaction_gap`` the difference
    between the accounts' true probabilities of renewal, and ``hazard_ratios`` are the parameters themselves.
    """
    true = parameters
    rng = np.random.default_rng(seed)
    every = _companies(rng, customers, true, rng.integers(-IN_BUSINESS_DAYS + 1, 1, customers))
    value = np.round(true.median_value * np.exp(true.spread * rng.standard_normal(customers)), 2)
    plan = rng.choice(PLANS, customers)
    began, lasted = every.began, every.lasted
    recorded = began + lasted > -RECORDED_DAYS
    names = np.array([f"C{number:06d}" for number in range(customers)], dtype=object)
    subscriptions, people = _subscriptions(rng, every, recorded, names, value, plan, true)
    surveys = _surveys(rng, every, people, true)
    truth = _truth(every, value, recorded, surveys, true)
    last = pd.Timestamp(AS_OF)
    owner, day = every.complaints
    seen = (
        recorded[owner] & (day <= 0) & (day > -RECORDED_DAYS) & (day >= began[owner]) & (day < (began + lasted)[owner])
    )
    owner, day = owner[seen], day[seen]
    solved = day + rng.integers(1, 40, day.size)
    tables = {
        "subscriptions": subscriptions,
        "customers": pd.DataFrame({"customer_id": names, "region": np.array(REGIONS)[every.region]})[recorded],
        "interactions": pd.DataFrame(
            {"customer_id": names[owner], "date": last + pd.to_timedelta(day, unit="D"), "channel": "phone",
             "reason": "claim", "complaint": "true",
             "resolved_on": (last + pd.to_timedelta(solved, unit="D")).where(solved <= 0)}
        ),
        "surveys": pd.DataFrame(
            {"customer_id": surveys["person"], "date": last + pd.to_timedelta(surveys["day"], unit="D"),
             "metric": "satisfaction", "score": surveys["score"]}
        ),
    }  # fmt: skip
    study = {
        "title": translate("A simulated insurer whose truth is known"),
        "currency": "EUR",
        "as_of": AS_OF,
        "observed_from": AS_OF - timedelta(days=RECORDED_DAYS - 1),
        "contract": "contractual",
        "gross_margin": MARGIN,
        "annual_discount_rate": ANNUAL_RATE,
        "horizon_months": HORIZON_MONTHS,
        "tables": {name: {"path": f"{name}.csv"} for name in tables},
        "report": {"pseudonymise": False},
    }
    about = translate(
        "# A simulated insurer\n\nMade by `cxvalue simulate insurer`. Nobody in it is real. `truth.json` holds what the "
        "simulated customers really do after the last observed day ({customers:,} contracts, seed {seed}).\n",
        customers=customers,
        seed=seed,
    )
    return World(study, tables, truth, about)


def _truth(
    every: _Companies,
    value: Floats,
    recorded: NDArray[np.bool_],
    surveys: dict[str, NDArray[np.object_]],
    true: InsurerParameters,
) -> dict[str, object]:
    """What the contracts that run really do after the last day, and the accounts' true probabilities of renewal."""
    began, lasted = every.began, every.lasted
    ended = began + lasted <= 0
    margin = MARGIN * value
    ahead = np.where(ended, 0, began + lasted)
    leaves = ~ended & (ahead <= 12 * DAYS_PER_MONTH)
    past = margin * np.clip(np.minimum(began + lasted, 0) - np.maximum(began, -YEAR_DAYS), 0, None) / DAYS_PER_MONTH
    before = margin * np.clip(-YEAR_DAYS - np.maximum(began, -2 * YEAR_DAYS), 0, None) / DAYS_PER_MONTH
    here_then = (began <= -YEAR_DAYS) & (began + lasted > -YEAR_DAYS)
    truth: dict[str, object] = {
        "base.customers": float(recorded.sum()),
        "base.active": float((~ended).sum()),
        "base.lost_customers": float((here_then & ended).sum()),
        "churn.rate": float(leaves.sum() / (~ended).sum()),
        "churn.value_at_risk": float(past[leaves].sum()),
        "churn.account_renewals": float((here_then & ~ended).sum() / here_then.sum()),
        "churn.lost_renewals_margin": float(before[here_then & ended].sum()),
        "churn.satisfaction_gap": _true_gap(every, surveys),
        "cltv.equity": float((margin * _discounted_months(ahead)).sum()),
        "cltv.new_customer": _new_customer(true),
    }
    truth["cltv.mean"] = float((margin * _discounted_months(ahead)).sum() / recorded.sum())
    if true.drivers:
        truth["churn.hazard_ratio.complaint"] = true.complaint_ratio
        truth["hazard_ratios"] = {
            "complaint in 90 days": true.complaint_ratio,
            "region": true.region_ratio,
            "plan": 1.0,
        }
    return truth


def _companies(rng: np.random.Generator, customers: int, true: InsurerParameters, began: Ints) -> _Companies:
    """Draw how long each contract lasts, with complaints that come and go whether or not it still runs."""
    content = rng.standard_normal(customers)
    region = rng.integers(0, len(REGIONS), customers)
    days = round(LAST_MONTH * DAYS_PER_MONTH)
    number = rng.poisson(true.complaints_per_year * days / 365.25, customers)
    owner = np.repeat(np.arange(customers), number)
    day = began[owner] + rng.integers(0, days, owner.size)
    ratio = np.ones((customers, LAST_MONTH))
    if true.drivers:
        ratio *= (true.satisfaction_ratio**-content * true.region_ratio**region)[:, None]
        # A month that begins on or within 90 days after a complaint knows of it.
        first = np.ceil(age_in_periods(_LAST_DAY + began[owner], _LAST_DAY + day)).astype(np.int64)
        complained = np.zeros((customers, LAST_MONTH), dtype=bool)
        for later in range(4):
            place = first + later
            starts = months_later(_LAST_DAY + began[owner], place) - _LAST_DAY
            inside = (place < LAST_MONTH) & (starts >= day) & (starts < day + COMPLAINT_DAYS)
            complained[owner[inside], place[inside]] = True
        ratio[complained] *= true.complaint_ratio
    months = np.arange(LAST_MONTH)
    base = true.alpha / (true.alpha + true.beta + (months // 12 if true.yearly else months))
    if true.yearly:
        base = np.where(months % 12 == 11, base, 0.0)
    stays = (1 - base)[None, :] ** ratio
    gone = rng.random((customers, LAST_MONTH)) > stays
    last = np.where(gone.any(axis=1), gone.argmax(axis=1) + 1, LAST_MONTH)
    early = rng.random(customers) if true.any_day else np.zeros(customers)
    over, before = (months_later(_LAST_DAY + began, last - back) - _LAST_DAY - began for back in (0, 1))
    lasted = np.maximum(over - np.floor(early * (over - before)), 1).astype(np.int64)
    return _Companies(began, lasted, content, region, (owner, day), stays)


def _subscriptions(
    rng: np.random.Generator,
    every: _Companies,
    recorded: Bools,
    names: NDArray[np.object_],
    value: Floats,
    plan: NDArray[np.str_],
    true: InsurerParameters,
) -> tuple[pd.DataFrame, Ints]:
    """A row for each buyer and for each user, and the company of each user."""
    company = np.repeat(np.flatnonzero(recorded), 1 + rng.poisson(true.users - 1, int(recorded.sum())))
    who = np.concatenate([np.flatnonzero(recorded), company])
    buyers = int(recorded.sum())
    last, over = pd.Timestamp(AS_OF), every.began + every.lasted
    table = pd.DataFrame(
        {
            "customer_id": np.concatenate([names[recorded], [f"U{number:07d}" for number in range(company.size)]]),
            "start": last + pd.to_timedelta(every.began[who], unit="D"),
            "end": (last + pd.to_timedelta(np.minimum(over[who], 1), unit="D")).where(over[who] <= 0),
            "value_per_month": np.where(np.arange(who.size) < buyers, value[who], 0.0),
            "plan": plan[who],
            "account_id": [f"A{number:06d}" for number in who],
            "role": np.where(np.arange(who.size) < buyers, "buyer", "user"),
        }
    )
    return table, company


def _surveys(
    rng: np.random.Generator, every: _Companies, company: Ints, true: InsurerParameters
) -> dict[str, NDArray[np.object_]]:
    """Answers of users while their company is a customer: person, company, day and score from 0 to 10."""
    number = rng.poisson(true.answers_per_year * RECORDED_DAYS / 365.25, company.size)
    person = np.repeat(np.arange(company.size), number)
    where = company[person]
    day = rng.integers(-RECORDED_DAYS + 1, 1, person.size)
    score = np.clip(np.round(7 + 1.2 * every.content[where] + 1.2 * rng.standard_normal(person.size)), 0, 10)
    there = (day >= every.began[where]) & (day < (every.began + every.lasted)[where])
    names = np.array([f"U{one:07d}" for one in person[there]], dtype=object)
    return {"person": names, "company": where[there], "day": day[there], "score": score[there]}


def _true_gap(every: _Companies, surveys: dict[str, NDArray[np.object_]]) -> float | None:
    """True probability to stay 12 months of the third of the accounts with the most satisfied users, less the lowest.

    Asked a year, two and three years before the last day, of the accounts that were customers then and whose users had
    answered in the year before.
    """
    stay, score = [], []
    for landmark in (-YEAR_DAYS, -2 * YEAR_DAYS - 1, -3 * YEAR_DAYS - 1):
        asked = (surveys["day"] > landmark - ASKED_DAYS) & (surveys["day"] <= landmark)
        who, code = np.unique(surveys["company"][asked].astype(np.int64), return_inverse=True)
        mean = np.bincount(code, surveys["score"][asked].astype(float)) / np.maximum(np.bincount(code), 1)
        over = every.began + every.lasted
        here = (every.began[who] <= landmark) & (over[who] > landmark)
        score.append(mean[here])
        age = age_in_periods(_LAST_DAY + every.began[who[here]], _LAST_DAY + landmark)
        first = np.floor(age).astype(np.int64)
        months = first[:, None] + np.arange(12)
        stay.append(every.stays[who[here][:, None], months].prod(axis=1))
    scores, stays = np.concatenate(score), np.concatenate(stay)
    if scores.size < 3:
        return None
    low, high = np.quantile(scores, [1 / 3, 2 / 3])
    if not ((scores <= low).any() and (scores > high).any()):
        return None
    return float(stays[scores > high].mean() - stays[scores <= low].mean())


def _discounted_months(days: Ints | Floats) -> Floats:
    """Months under contract of the horizon, each discounted from its end, for contracts that go on for these days."""
    months = np.arange(HORIZON_MONTHS)
    share = np.clip(days[:, None] / DAYS_PER_MONTH - months, 0.0, 1.0)
    return np.asarray(share @ (1 + ANNUAL_RATE) ** (-(months + 1) / 12), dtype=np.float64)


@cache
def _new_customer(true: InsurerParameters) -> float:
    """Mean discounted margin of a new customer: probabilities to leave in each month, added up over many companies."""
    every = _companies(
        np.random.default_rng(1), NEW_CUSTOMERS_FOR_TRUTH, true, np.zeros(NEW_CUSTOMERS_FOR_TRUTH, dtype=np.int64)
    )
    stays = every.stays[:, :HORIZON_MONTHS].cumprod(axis=1).mean(axis=0)
    leaves = np.append(-np.diff(np.append(1.0, stays)), stays[-1])
    days = np.floor(np.arange(1, HORIZON_MONTHS + 2) * DAYS_PER_MONTH).astype(np.int64)
    months = _discounted_months(days)
    if true.any_day:
        # Days are whole, so that half a day is lost on average.
        ends = np.asarray(np.arange(1, HORIZON_MONTHS + 2) * DAYS_PER_MONTH - 0.5, dtype=np.float64)
        months = (_discounted_months(ends) + _discounted_months(ends - DAYS_PER_MONTH)) / 2
        months[-1] = _discounted_months(ends)[-1]
    return float(MARGIN * true.median_value * np.exp(true.spread**2 / 2) * (leaves @ months))
