"""The world `insurer`: companies that insure their staff month by month, renew or leave, and differ in what they pay.

Contracts follow the story of Fader and Hardie (2007): each customer leaves at the end of a month of the contract with a
probability of their own, beta distributed over customers; plan and value have no part in it. The insurer has been in
business longer than its records go back: contracts that had ended before the first recorded day are not in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.simulate.world import World
from cxvalue.timeunit import DAYS_PER_MONTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["InsurerParameters", "insurer"]

AS_OF = date(2026, 6, 30)
IN_BUSINESS_DAYS = 2192
RECORDED_DAYS = 1461
HORIZON_MONTHS = 24
ANNUAL_RATE = 0.10
MARGIN = 0.25
PLANS = ("basic", "family", "premium")
NEW_CUSTOMERS_FOR_TRUTH = 200_000


@dataclass(frozen=True, slots=True)
class InsurerParameters:
    """The true parameters: of the monthly probability to leave, and of the value per month (log-normal).

    With `any_day`, contracts end on any day of their last month, otherwise on its last.
    """

    alpha: float = 0.8
    beta: float = 25.0
    median_value: float = 900.0
    spread: float = 0.6
    any_day: bool = False


def insurer(customers: int = 3000, seed: int = 1, parameters: InsurerParameters = InsurerParameters()) -> World:
    """Simulate an insurer's contracts up to a day, and how long those that run on that day really go on.

    `customers` contracts were made over six years; the four last years are recorded. The truth of ``cltv.equity`` is the
    margin that the running contracts bring over the 24 months after, discounted month by month; that of
    ``churn.rate`` and ``churn.value_at_risk`` who of them really leaves within 12 months; that of ``cltv.new_customer``
    the mean over 200,000 further contracts from their first day on.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    began = rng.integers(-IN_BUSINESS_DAYS + 1, 1, customers)  # days before the last one, which is 0
    lasted = _days_lasted(rng, customers, parameters)
    value = np.round(parameters.median_value * np.exp(parameters.spread * rng.standard_normal(customers)), 2)
    plan = rng.choice(PLANS, customers)
    recorded = began + lasted > -RECORDED_DAYS
    began, lasted = began[recorded], lasted[recorded]
    value, plan = value[recorded], plan[recorded]
    ended = began + lasted <= 0
    last = pd.Timestamp(AS_OF)
    subscriptions = pd.DataFrame(
        {
            "customer_id": [f"C{number:06d}" for number in np.flatnonzero(recorded)],
            "start": last + pd.to_timedelta(began, unit="D"),
            "end": (last + pd.to_timedelta(np.minimum(began + lasted, 1), unit="D")).where(ended),
            "value_per_month": value,
            "plan": plan,
        }
    )
    margin = MARGIN * value
    ahead = np.where(ended, 0, began + lasted)
    leaves = ~ended & (ahead <= 12 * DAYS_PER_MONTH)
    year_ago = -365
    past = margin * np.clip(np.minimum(began + lasted, 0) - np.maximum(began, year_ago), 0, None) / DAYS_PER_MONTH
    here_then = (began <= year_ago) & (began + lasted > year_ago)
    truth = {
        "base.customers": float(recorded.sum()),
        "base.active": float((~ended).sum()),
        "base.lost_customers": float((here_then & ended).sum()),
        "churn.rate": float(leaves.sum() / (~ended).sum()),
        "churn.value_at_risk": float(past[leaves].sum()),
        "cltv.equity": float((margin * _discounted_months(ahead)).sum()),
        "cltv.new_customer": _new_customer(rng, parameters),
    }
    truth["cltv.mean"] = truth["cltv.equity"] / truth["base.customers"]
    study = {
        "title": "A simulated insurer whose truth is known",
        "currency": "EUR",
        "as_of": AS_OF,
        "observed_from": AS_OF - timedelta(days=RECORDED_DAYS - 1),
        "contract": "contractual",
        "gross_margin": MARGIN,
        "annual_discount_rate": ANNUAL_RATE,
        "horizon_months": HORIZON_MONTHS,
        "tables": {"subscriptions": {"path": "subscriptions.csv"}},
        "report": {"pseudonymise": False},
    }
    about = (
        "# A simulated insurer\n\nMade by `cxvalue simulate insurer`. Nobody in it is real. `truth.json` holds what the "
        f"simulated customers really do after the last observed day ({customers:,} contracts, seed {seed}).\n"
    )
    return World(study, {"subscriptions": subscriptions}, truth, about)


def _days_lasted(rng: np.random.Generator, customers: int, true: InsurerParameters) -> NDArray[np.int64]:
    """Days from the first to the end of each contract."""
    leaving = np.maximum(rng.beta(true.alpha, true.beta, customers), 1e-6)
    months = np.ceil(np.log(rng.random(customers)) / np.log1p(-leaving))
    early = rng.random(customers) if true.any_day else 0.0
    return np.maximum(np.floor((months - early) * DAYS_PER_MONTH), 1).astype(np.int64)


def _discounted_months(days: NDArray[np.int64]) -> NDArray[np.float64]:
    """Months under contract of the horizon, each discounted from its end, for contracts that go on for these days."""
    months = np.arange(HORIZON_MONTHS)
    share = np.clip(days[:, None] / DAYS_PER_MONTH - months, 0.0, 1.0)
    return share @ (1 + ANNUAL_RATE) ** (-(months + 1) / 12)


def _new_customer(rng: np.random.Generator, true: InsurerParameters) -> float:
    mean_value = true.median_value * np.exp(true.spread**2 / 2)
    return float(MARGIN * mean_value * _discounted_months(_days_lasted(rng, NEW_CUSTOMERS_FOR_TRUTH, true)).mean())
