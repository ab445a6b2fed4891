"""CDNOW from the plain files in the lifetimes wheel, and states from arrays."""

from __future__ import annotations

import csv
import importlib.util
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from cxvalue.foundation.calendar import TimeUnit
from cxvalue.lifetime import LifetimeModel
from cxvalue.tables.periods import DiscreteStates, Period
from cxvalue.tables.states import PurchaseStates

CALIBRATION_END = date(1997, 9, 30)
HOLDOUT_END = date(1998, 6, 30)
HOLDOUT_DAYS = 273


def make_states(x, recency_days, age_days, count=None, *, unit="week", mean_spend=None, ids=None, **money):
    """States from plain numbers; without counts there is one customer in each."""
    x = np.atleast_1d(np.asarray(x, dtype=np.int64))
    if count is None:
        ids = np.array([str(i + 1) for i in range(x.size)], dtype=object) if ids is None else ids
        count = np.ones(x.size, dtype=np.int64)
    return PurchaseStates(
        frequency=x,
        recency_days=np.atleast_1d(np.asarray(recency_days, dtype=np.int64)),
        age_days=np.atleast_1d(np.asarray(age_days, dtype=np.int64)),
        count=np.atleast_1d(np.asarray(count, dtype=np.int64)),
        time_unit=TimeUnit(unit),
        as_of=CALIBRATION_END,
        customer_id=ids,
        mean_spend=mean_spend,
        **money,
    )


def make_discrete(x, recency, n, count=None, period="year"):
    x, recency, n = (np.atleast_1d(np.asarray(v, dtype=np.int64)) for v in (x, recency, n))
    count = np.ones(x.size, dtype=np.int64) if count is None else np.asarray(count, dtype=np.int64)
    return DiscreteStates(x, recency, np.broadcast_to(n, x.shape), count, Period(period))


def exact_model(name, *values, unit="week"):
    """A model at given parameters, without uncertainty."""
    from cxvalue.lifetime.families.registry import family_of

    names = family_of(name).parameters
    return LifetimeModel(
        name=name,
        params=dict(zip(names, map(float, values), strict=True)),
        se=dict.fromkeys(names, 0.0),
        covariance=np.zeros((len(names), len(names))),
        log_likelihood=0.0,
        customers=1,
        time_unit=TimeUnit(unit),
        status="ok",
        reason="",
        likelihood_ratio=99.0,
    )


def merged_days(name="CDNOW_sample.txt"):
    """(customer number, day, dollars) of a CDNOW file, one row per customer and day.

    The sample file has a customer's number in the full data first and the number in the sample second.
    """
    spec = importlib.util.find_spec("lifetimes")
    lines = (Path(spec.submodule_search_locations[0]) / "datasets" / name).read_text().splitlines()
    rows = [line.replace(",", " ").split() for line in lines if line.strip()]
    rows = [row for row in rows if row[-4].isdigit()]
    fields = np.array([row[-4:] for row in rows])
    customer = fields[:, -4].astype(int)
    day = fields[:, -3].astype("U8")
    days = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in day], dtype="datetime64[D]").astype(np.int64)
    order = np.lexsort((days, customer))
    customer, days, dollars = customer[order], days[order], fields[order, -1].astype(float)
    first = np.concatenate([[True], (customer[1:] != customer[:-1]) | (days[1:] != days[:-1])])
    starts = np.flatnonzero(first)
    return customer[starts], days[starts], np.add.reduceat(dollars, starts), len(lines)


def states_until(end, name="CDNOW_sample.txt", unit="week", margin=0.3):
    """Per-customer states of a CDNOW file at the end of a day."""
    customer, days, dollars, _ = merged_days(name)
    last = np.datetime64(end).astype("datetime64[D]").astype(np.int64)
    keep = days <= last
    customer, days, dollars = customer[keep], days[keep], dollars[keep]
    starts = np.flatnonzero(np.concatenate([[True], customer[1:] != customer[:-1]]))
    visits = np.diff(np.append(starts, customer.size))
    first, latest = days[starts], days[starts + visits - 1]
    repeat = np.add.reduceat(dollars, starts) - dollars[starts]
    x = visits - 1
    return make_states(
        x,
        latest - first,
        last - first,
        unit=unit,
        mean_spend=np.where(x > 0, repeat / np.maximum(x, 1), np.nan),
        ids=customer[starts].astype(str).astype(object),
        total_revenue=float(dollars.sum()),
        total_margin=margin * float(dollars.sum()),
        first_margin_mean=margin * float(dollars[starts].mean()),
        first_margin_se=margin * float(dollars[starts].std(ddof=1) / np.sqrt(starts.size)),
    )


def holdout_of(states):
    """Purchase days of each customer between the two ends, in the order of the states."""
    customer, days, _, _ = merged_days()
    low, high = (np.datetime64(d).astype("datetime64[D]").astype(np.int64) for d in (CALIBRATION_END, HOLDOUT_END))
    bought = customer[(days > low) & (days <= high)]
    return np.array([np.count_nonzero(bought == int(c)) for c in states.customer_id])


@lru_cache(maxsize=1)
def _calibration():
    states = states_until(CALIBRATION_END)
    return states, holdout_of(states)


@pytest.fixture(scope="session")
def cdnow():
    """CDNOW 1/10 sample at 1997-09-30, per customer, in weeks."""
    return _calibration()[0]


@pytest.fixture(scope="session")
def cdnow_holdout():
    """Purchase days of the same customers from 1997-10-01 to 1998-06-30."""
    return _calibration()[1]


@pytest.fixture(scope="session")
def fitted(cdnow):
    """All four models on the CDNOW calibration sample, by name."""
    from cxvalue.lifetime import fit_all

    return {model.name: model for model in fit_all(cdnow)}


@pytest.fixture(scope="session")
def spend(cdnow):
    from cxvalue.lifetime import fit_spend

    return fit_spend(cdnow)


@pytest.fixture(scope="session")
def donations():
    """The donations table: 11,104 donors, 6 opportunities a year apart, grouped."""
    spec = importlib.util.find_spec("lifetimes")
    text = (Path(spec.submodule_search_locations[0]) / "datasets" / "donations.csv").read_text()
    rows = np.array([[int(row[k]) for k in row] for row in csv.DictReader(text.splitlines())])
    return make_discrete(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3])
