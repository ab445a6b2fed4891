"""Do the ranges of contracts hold in a world whose rate of leaving drifts, and how wide are they where it does not?

Run as ``python -m tests.calibration.drifting [customers] [worlds] [sd in hundredths] [trend in hundredths]``. Members join
over eight years and leave in any month at a rate that is theirs (gamma over members, so that an sBG is nearly right) times
that of the calendar year, whose logarithm is a random walk with steps of that standard deviation (0: the model is right)
and that mean. `off` is the root of the mean square error of the centre.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import date

import ibis
import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import DAYS_PER_MONTH, day_number
from cxvalue.lifetime import Interval
from cxvalue.questions.contracts.contract_base import contracts_of
from cxvalue.questions.contracts.contract_value import renewal_value
from cxvalue.questions.contracts.past_renewals import past_renewals
from cxvalue.questions.contracts.renewals import fit_renewals
from tests.insurerworlds import by_age

FIRST, AS_OF, MONTHS = date(2017, 12, 31), date(2025, 12, 31), 24
YEARS_BEFORE, YEARS_AFTER = 8, 2
SHAPE, MONTHLY = 3.0, 0.03


def world(customers: int, seed: int, sd: float, trend: float = 0.0) -> pd.DataFrame:
    """customer_id, start, end and value_per_month of everybody who joined by `AS_OF`, later ends included."""
    rng = np.random.default_rng([seed, customers])
    months = 12 * (YEARS_BEFORE + YEARS_AFTER)
    pace = np.exp(np.repeat(np.cumsum(rng.normal(trend, sd, YEARS_BEFORE + YEARS_AFTER)), 12))
    rate = rng.gamma(SHAPE, MONTHLY / SHAPE, customers)
    begun = rng.integers(0, 12 * YEARS_BEFORE, customers)
    stays = np.cumsum(np.where(np.arange(months) >= begun[:, None], rate[:, None] * pace, 0.0), axis=1)
    left = (stays < rng.exponential(size=customers)[:, None]).sum(axis=1) + 1
    days = np.arange(months + 2).astype("datetime64[M]") - np.datetime64("1970-01") + np.datetime64("2018-01")
    ends = np.append(days, np.datetime64("2099-01"))[np.where(left > months, -1, left)]
    return pd.DataFrame(
        {
            "customer_id": [f"m{number}" for number in range(customers)],
            "start": days[begun].astype("datetime64[s]"),
            "end": ends.astype("datetime64[s]"),
            "value_per_month": 10.0,
        }
    )


def one_world(task: tuple[int, int, float, float]) -> dict[str, list[float]]:
    """Whether the range holds what came, the same of the model alone, and half-widths over the value, of each figure."""
    customers, seed, sd, trend = task
    every = world(customers, seed, sd, trend)
    moment = pd.Timestamp(AS_OF)
    known = every.assign(end=every["end"].where(every["end"] <= moment))
    contracts = contracts_of(ibis.memtable(known), as_of=AS_OF, observed_from=FIRST)
    fit, past = fit_renewals(contracts), past_renewals(contracts, MONTHS, 0.0)
    settings = {"horizon_months": MONTHS, "annual_discount_rate": 0.0, "gross_margin": 1.0}
    ways = (past.margin, past.leaving), (None, None)
    churns = [by_age(fit, contracts, 1.0, leaving=leaving) for _, leaving in ways]
    values = [
        renewal_value(fit, contracts, churn, before=before, leaving=leaving, **settings)
        for churn, (before, leaving) in zip(churns, ways, strict=True)
    ]
    equities = [value.equity for value in values if value.equity]
    rates = [churn.losses.rate for churn in churns if churn.losses]
    here = every[every["end"] > moment]
    days = (here["end"] - moment).dt.days.to_numpy()
    came = 10.0 * np.minimum(days, MONTHS * DAYS_PER_MONTH).sum() / DAYS_PER_MONTH
    gone = float((days <= day_number(date(2026, 12, 31)) - day_number(AS_OF)).mean())
    found = {}
    for name, truth, (full, alone) in (("equity", came, equities), ("churn_rate", gone, rates)):
        off = [one.value / truth - 1 for one in (full, alone)]
        found[name] = [_holds(full, truth), _holds(alone, truth), _half(full), _half(alone), *off, *np.square(off)]
    return found


def _holds(said: Interval, truth: float) -> float:
    return float(said.low <= truth <= said.high)


def _half(said: Interval) -> float:
    return (said.high - said.low) / 2 / said.value


def main(customers: int = 500, worlds: int = 100, hundredths: int = 20, trend: int = 0) -> None:
    """Print a line a figure."""
    tasks = [(customers, seed, hundredths / 100, trend / 100) for seed in range(worlds)]
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(one_world, tasks))
    print(f"{customers} customers, {worlds} worlds, steps of {hundredths / 100}, trend {trend / 100}")
    print(
        f"{'figure':<14}{'held':>8}{'alone':>8}{'half-width':>12}{'alone':>8}{'bias':>8}{'alone':>8}{'off':>8}{'alone':>8}"
    )
    for name in results[0]:
        means = np.array([one[name] for one in results]).mean(axis=0)
        told = "".join(
            f"{one:>{12 if place == 2 else 8}.1%}" for place, one in enumerate([*means[:6], *np.sqrt(means[6:])])
        )
        print(f"{name:<14}{told}", flush=True)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
