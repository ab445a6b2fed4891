"""The world `bank`: customers at branches, fines for payments that are a little short, and a programme that waives them.

Every customer is simulated twice with the same luck, with and without the programme, so the truth is the difference of the
two and owes nothing to an estimator. The programme raises what a customer brings and lets fewer leave; how it is given
to units (`design`) is what makes its effect easy or hard to find. `draw_bank` is that draw in memory, `bank` its tables.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxvalue.language.catalogue import translatable, translate
from cxvalue.simulate.bank_draw import (
    ANNUAL_RATE,
    FIRST_MONTH,
    PROGRAMME,
    SECOND,
    BankDraw,
    BankParameters,
    draw_bank,
    month_start,
)
from cxvalue.simulate.bank_fines import draw_service, rules_truth, service_tables, service_truth
from cxvalue.simulate.bank_truth import truth_of
from cxvalue.simulate.world import World

DEFAULT = BankParameters()
SELECTION = BankParameters(early_growth=0.02)
"""Branches that were growing anyway started first: a comparison of changes is wrong by about the size of the effect."""
DORMANT_DAYS = 120
GIVEN = {
    "staggered": translatable("Branches let agents waive small fines from different dates on, some never did."),
    "experiment": translatable("Agents may waive small fines of half of the customers, drawn by lot."),
    "cluster_experiment": translatable("Half of the branches, drawn by lot, let agents waive small fines."),
    "matched": translatable("Customers who asked for it, mostly after a bad month, are let off small fines."),
    "single_unit": translatable("One branch lets agents waive small fines."),
}

BY_CUSTOMER = ("experiment", "matched")
"""Designs in which customers, not branches, get the programme."""


def bank(customers: int = 20_000, seed: int = 1, parameters: BankParameters = DEFAULT) -> World:
    """Simulate a bank's books over three years, and the truth about its programme from both of its customers' lives.

    Raises `BadInput` when there are so few customers that nobody got the programme.
    """
    true = parameters
    drawn = draw_bank(customers, seed, true)
    as_of = month_start(true.months) - timedelta(days=1)
    rng = np.random.default_rng([seed, 1])
    ids = np.array([f"B{number:07d}" for number in range(customers)], dtype=object)
    people = pd.DataFrame(
        {
            "customer_id": ids,
            "acquired_on": pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(drawn.acquired, unit="D"),
            "branch": [f"branch {number:03d}" for number in drawn.branch],
        }
    )
    truth = truth_of(drawn)
    tables = {"transactions": _transactions(drawn, ids, rng), "customers": people}
    tables["rollout"] = _rollout(drawn, ids, true.design in BY_CUSTOMER)
    service = draw_service(drawn, np.random.default_rng([seed, 2]))
    tables |= service_tables(drawn, service, ids, np.random.default_rng([seed, 3]))
    last = tables["transactions"].groupby("customer_id")["date"].max()
    truth["base.active"] = int((last > pd.Timestamp(as_of - timedelta(days=DORMANT_DAYS))).sum())
    first_start = FIRST_MONTH + timedelta(days=int(drawn.start_day[drawn.start_day >= 0].min()))
    programme = _programme(true, first_start)
    programmes = [programme]
    if drawn.second is not None:
        tables["rollout"] = pd.concat([tables["rollout"], _second_rollout(drawn)], ignore_index=True)
        costs = {"one_off": true.second_one_off, "monthly": true.second_monthly}
        left_out = ("benefits", "success")
        kept = {key: value for key, value in programme.items() if key not in left_out}
        programmes.append({**kept, "name": SECOND, "costs": costs})
    study = {
        "title": translate("A simulated bank whose truth is known"),
        "currency": "EUR",
        "as_of": as_of,
        "observed_from": FIRST_MONTH,
        "annual_discount_rate": ANNUAL_RATE,
        "horizon_months": 24,
        "tables": {name: {"path": f"{name}.csv"} for name in tables},
        "dormancy": {"days": DORMANT_DAYS},
        "cltv": {"time_unit": "month"},
        "programmes": programmes,
        "report": {"pseudonymise": False},
    }
    about = translate(
        "# A simulated bank\n\nMade by `cxvalue simulate bank` ({customers:,} customers, seed {seed}). Nobody in it is "
        "real. {design} `truth.json` holds what the programme really changed, from every customer's life with and "
        "without it.\n",
        customers=customers,
        seed=seed,
        design=translate(GIVEN[true.design]),
    )
    return World(study, tables, truth | service_truth(drawn, service) | rules_truth(drawn, service), about)


def _programme(true: BankParameters, first_start: date) -> dict[str, Any]:
    """What a study file says of the programme."""
    design = {"cluster_experiment": "experiment"}.get(true.design, true.design)
    return {
        "name": PROGRAMME,
        "design": design,
        "unit": "customer_id" if true.design in BY_CUSTOMER else "branch",
        "outcome": "margin",
        "horizon_months": true.horizon_months,
        "case": {"from": "first_start", "population": "treated", "persistence": "measured"},
        "costs": {"one_off": true.one_off, "monthly": true.monthly},
        "benefits": [
            {"name": "approval time", "class": "capacity", "monthly": 3000, "low": 2000, "high": 4000, "owner": "calls"}
        ],
        "success": {
            "metric": "npv",
            "at_least": 0,
            "confidence": 0.90,
            "registered_on": first_start - timedelta(days=30),
        },
    }


def bank_selection(customers: int = 20_000, seed: int = 1, parameters: BankParameters = SELECTION) -> World:
    """The bank whose first branches were growing anyway, by 2% a month the earliest: its evidence should lose its grade."""
    return bank(customers, seed, parameters)


def _transactions(drawn: BankDraw, ids: NDArray[np.object_], rng: np.random.Generator) -> pd.DataFrame:
    """A row a customer and month with margin, on any day of it since the acquisition."""
    who, month = np.nonzero(drawn.observed)
    first = np.array([(month_start(m) - FIRST_MONTH).days for m in range(drawn.parameters.months + 1)])
    low = np.maximum(first[month], drawn.acquired[who])
    day = low + np.floor(rng.random(who.size) * (first[month + 1] - low)).astype(int)
    margin = drawn.observed[who, month].round(2)
    rows = pd.DataFrame(
        {
            "customer_id": ids[who],
            "date": pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(day, unit="D"),
            "revenue": (margin / 0.6).round(2),
            "margin": margin,
        }
    )
    return rows.sort_values(["date", "customer_id"], ignore_index=True)


def _rollout(drawn: BankDraw, ids: NDArray[np.object_], by_customer: bool) -> pd.DataFrame:
    if by_customer:
        unit, day = ids, drawn.start_day
    else:
        numbers, at = np.unique(drawn.branch, return_index=True)
        unit, day = np.array([f"branch {number:03d}" for number in numbers], dtype=object), drawn.start_day[at]
    start = (pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(np.maximum(day, 0), unit="D")).where(day >= 0)
    table = pd.DataFrame({"programme": PROGRAMME, "unit": unit, "start": start})
    if drawn.parameters.design in ("experiment", "cluster_experiment"):
        table["arm"] = np.where(day >= 0, "waiver", "control")
    return table


def _second_rollout(drawn: BankDraw) -> pd.DataFrame:
    assert drawn.second is not None
    numbers, at = np.unique(drawn.branch, return_index=True)
    day = drawn.second.start_day[at]
    start = (pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(np.maximum(day, 0), unit="D")).where(day >= 0)
    units = [f"branch {number:03d}" for number in numbers]
    return pd.DataFrame({"programme": SECOND, "unit": units, "start": start})
