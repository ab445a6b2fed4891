"""Do forecasts of contracts hold where the sBG is wrong: trials, newer customers who leave faster, a lasting change?

Run as ``python -m tests.calibration.changing KIND month|year [customers] [worlds]``. KIND is `plain`, `trial` (a
free month after which 63% leave), `cohort` (each year's customers leave 28% faster) or `jump` (the rate doubled 9 months
ago, 11 by the year).
Customers join over five years at gamma rates. Truth: what the world goes on to do, and 100,000 new customers followed.
"""

from __future__ import annotations

import sys
from datetime import date

import numpy as np
import pandas as pd

from cxvalue.engine.embedded import connect
from cxvalue.foundation.arrays import Ints
from cxvalue.questions.contracts.contract_base import contracts_of
from cxvalue.questions.contracts.contract_value import renewal_value
from cxvalue.questions.contracts.drivers import DriverTables
from cxvalue.questions.contracts.endings import contract_churn
from cxvalue.questions.contracts.past_renewals import past_renewals
from cxvalue.questions.contracts.renewals import fit_renewals

FIRST, AS_OF, PAST, AHEAD = date(2020, 12, 31), date(2025, 12, 31), 60, 24
FACTORS = 1.1 ** (-np.arange(1, AHEAD + 1) / 12)


def fates(kind: str, yearly: bool, begun: Ints, rng: np.random.Generator) -> Ints:
    """The month at whose beginning each customer is gone; beyond the last where they stay."""
    month = np.arange(PAST + AHEAD)
    age = month - begun[:, None]
    rate = rng.gamma(3.0, (0.35 if yearly else 0.03) / 3.0, begun.size)[:, None] * np.ones(age.shape)
    if yearly:
        rate = np.where(age % 12 == 11, rate, 0.0)
    if kind == "cohort":
        rate *= np.exp(0.25 * (begun / 12 - 2.5))[:, None]
    if kind == "jump":
        rate = np.where(month >= PAST - (11 if yearly else 9), 2 * rate, rate)
    if kind == "trial":
        rate = np.where(age == 0, 1.0, rate)
    stays = np.cumsum(np.where(age >= 0, rate, 0.0), axis=1)
    return np.asarray((stays < rng.exponential(size=begun.size)[:, None]).sum(axis=1) + 1)


def paid(kind: str, begun: Ints, left: Ints) -> float:
    """Discounted payments of the months ahead: 10 a month, the first month of a trial free."""
    month = PAST + np.arange(AHEAD)
    free = (month == begun[:, None]) & (kind == "trial")
    return float((((left[:, None] > month) & ~free) * 10.0 @ FACTORS).sum())


def one_world(kind: str, yearly: bool, customers: int, seed: int) -> list[list[float]]:
    """Whether the range holds the truth, the relative error and the half-width: equity, churn rate, a new customer."""
    rng = np.random.default_rng([seed, customers])
    begun = rng.integers(0, PAST, customers)
    left = fates(kind, yearly, begun, rng)
    new = np.full(100_000, PAST)
    there = left >= PAST
    truths = [paid(kind, begun, left), float((left[there] < PAST + 12).mean())]
    truths.append(paid(kind, new, fates(kind, yearly, new, rng)) / new.size)
    days = (
        (np.arange(PAST + AHEAD + 3) + np.datetime64("2021-01").astype(int))
        .astype("datetime64[M]")
        .astype("datetime64[s]")
    )
    open_, ends = left > PAST, pd.Series(days[np.minimum(left, PAST)])
    rows = pd.DataFrame({"customer_id": np.arange(customers).astype(str), "start": days[begun]})
    rows = rows.assign(end=ends.where(~open_), value_per_month=10.0)
    if kind == "trial":
        after = days[begun + 1]
        later = rows.assign(start=after)[(left > begun + 1) & (begun + 1 < PAST)]
        first = rows.assign(value_per_month=0.0, end=rows["end"].where(begun + 1 >= PAST, pd.Series(after)))
        rows = pd.concat([first, later], ignore_index=True)
    con = connect()
    table = con.create_table("subscriptions", rows)
    contracts = contracts_of(table, as_of=AS_OF, observed_from=FIRST)
    fit, past = fit_renewals(contracts), past_renewals(contracts, AHEAD, 0.1)
    churn = contract_churn(fit, contracts, DriverTables(table), con, gross_margin=1.0, leaving=past.leaving)
    value = renewal_value(fit, contracts, churn, horizon_months=AHEAD, annual_discount_rate=0.1, gross_margin=1.0,
                          before=past.margin, leaving=past.leaving)  # fmt: skip
    said = (value.equity, churn.losses.rate if churn.losses else None, value.new_customer)
    return [
        [float(one.low <= truth <= one.high), one.value / truth - 1, (one.high - one.low) / 2 / one.value]
        for one, truth in zip(said, truths, strict=True)
        if one is not None
    ]


def main(kind: str = "plain", clock: str = "month", customers: str = "2500", worlds: str = "6") -> None:
    """Print a line a figure."""
    found = np.array([one_world(kind, clock == "year", int(customers), seed) for seed in range(int(worlds))])
    for name, rows in zip(("equity", "leave in 12 months", "new customer"), found.transpose(1, 0, 2), strict=True):
        held, bias, half = rows.mean(axis=0)
        print(f"{kind:<8}{clock:<7}{name:<20}{held:>8.0%}{bias:>8.1%}{half:>8.1%}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
