"""The world `retailer`: a chain of stores whose customers have better and worse experiences, answer, complain and buy.

After a better quarter more is bought for a year; severe complaints are answered later and lose more customers;
tastings bring less each time. What a finding should say is counted in other customers of the same stores, several times as
many, or comes from what would have happened to the same customers (a complaint answered fast and slow).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from cxvalue.language.catalogue import translate
from cxvalue.simulate.retailer_draw import (
    FIRST_DAY,
    MONTHS,
    STARTS,
    TOUCHPOINTS,
    Lives,
    RetailerParameters,
    draw_lives,
    draw_stores,
)
from cxvalue.simulate.retailer_outside import benchmarks, employees, journeys, wallet_answers
from cxvalue.simulate.retailer_truth import experience_truth
from cxvalue.simulate.world import World

ANNUAL_RATE = 0.10
USUAL = RetailerParameters()
COSTS = (0.12, 0.06, 0.05, 0.09)
"""What a touchpoint costs a year for each customer."""
DEPARTMENTS = {"store": "shops", "delivery": "logistics", "contact_centre": "service", "website": "service"}


def retailer(customers: int = 20_000, seed: int | Sequence[int] = 1, parameters: RetailerParameters = USUAL) -> World:
    """Simulate a retailer over four years; the truth is conditional on its stores."""
    rng = np.random.default_rng(seed)
    stores = draw_stores(rng, parameters)
    lives = draw_lives(rng, stores, customers, parameters)
    others = draw_lives(rng, stores, parameters.others, parameters)
    truth = experience_truth(lives, others, parameters)
    last = FIRST_DAY + timedelta(days=int(STARTS[MONTHS]) - 1)
    metrics = {"overall": {"main": True, "scale": [0, 10], "department": "board", "owner": "head of service",
                           "computed_by": "analytics"}}  # fmt: skip
    for name in TOUCHPOINTS:
        metrics[name] = {"scale": [0, 10], "department": DEPARTMENTS[name], "owner": DEPARTMENTS[name],
                         "computed_by": "logistics" if name == "delivery" else "analytics"}  # fmt: skip
    wallet, of_wallet = wallet_answers(rng, lives)
    truth |= of_wallet
    people, of_staff = employees(rng, parameters.stores, FIRST_DAY)
    truth |= of_staff
    steps, of_steps = journeys(rng, customers)
    truth |= of_steps
    tables = _tables(lives, wallet, steps) | {"employees": people}
    study: dict[str, Any] = {
        "title": translate("A simulated retailer whose truth is known"),
        "currency": "EUR",
        "as_of": last,
        "observed_from": FIRST_DAY,
        "annual_discount_rate": ANNUAL_RATE,
        "horizon_months": 24,
        "tables": {name: {"path": f"{name}.csv"} for name in tables},
        "dormancy": {"days": 90},
        "cltv": {"time_unit": "month", "models": ["bg_nbd"]},
        "metrics": metrics,
        "touchpoints": [
            {"name": name, "cost": round(cost * customers), "points": points, "department": DEPARTMENTS[name]}
            for name, cost, points in zip(TOUCHPOINTS, COSTS, (4, 5, 6, 3), strict=True)
        ],
        "experience": {"budget": round(0.2 * customers), "journey": ["order", "delivery_day", "follow_up"]},
        "report": {"pseudonymise": False},
    }
    about = translate(
        "# A simulated retailer\n\nMade by `cxvalue simulate retailer`. Nobody in it is real. `truth.json` holds what the "
        "findings should say ({customers:,} customers, seed {seed}).\n",
        customers=customers,
        seed=seed,
    )
    return World(study, tables, truth, about)


def _tables(lives: Lives, wallet: pd.DataFrame, steps: dict[str, np.ndarray]) -> dict[str, pd.DataFrame]:
    names = np.array([f"R{number:06d}" for number in range(lives.store.size)], dtype=object)
    units = np.array([f"store{number:02d}" for number in range(int(lives.store.max()) + 1)], dtype=object)
    origin, size = pd.Timestamp(FIRST_DAY), int(STARTS[MONTHS])

    def days(numbers: np.ndarray) -> Any:
        return origin + pd.to_timedelta(numbers, unit="D")

    buyer, answering = lives.buyer, lives.asked < size
    money = {"revenue": np.round(lives.margin / 0.3, 2), "margin": np.round(lives.margin, 2)}
    transactions = pd.DataFrame({"customer_id": names[buyer], "date": days(lives.bought), **money})
    # Overall and a score per touchpoint on one occasion; those who do not answer are invited all the same.
    who, quarter = lives.invited[answering], lives.quarter[answering]
    common = pd.DataFrame({"customer_id": names[who], "date": days(lives.asked[answering]),
                           "event_date": days(lives.event[answering]), "invited": "true",
                           "invited_on": days(lives.asked[answering]), "unit": units[lives.store[who]],
                           "occasion_id": [f"O{w}-{q}" for w, q in zip(who, quarter, strict=True)]})  # fmt: skip
    answers = lives.answers[answering]
    parts = [common.assign(metric="overall", score=np.where(answers, lives.overall[answering], np.nan))]
    for k, name in enumerate(TOUCHPOINTS):
        parts.append(common[answers].assign(metric=name, score=lives.parts[answering][answers, k], touchpoint=name))
    asked = wallet.assign(customer_id=names[wallet["customer"]], date=days(np.full(len(wallet), size - 1)))
    surveys = pd.concat([*parts, asked.drop(columns="customer")], ignore_index=True)
    seen = lives.complained < size
    owner, answered = lives.complainer[seen], (lives.complained + lives.days_to_answer)[seen]
    complaints = pd.DataFrame({"customer_id": names[owner], "date": days(lives.complained[seen]), "channel": "phone",
                               "reason": np.where(lives.severe[seen], "damaged", "late"), "touchpoint": "contact_centre",
                               "complaint": "true", "unit": units[lives.store[owner]],
                               "responded_on": pd.Series(days(answered)).where(answered < size)})  # fmt: skip
    tastings = pd.DataFrame({"customer_id": names[lives.taster], "date": days(lives.tasted), "channel": "store",
                             "reason": "tasting", "touchpoint": "tasting", "complaint": "false",
                             "unit": units[lives.store[lives.taster]]})  # fmt: skip
    journey = pd.DataFrame({"customer_id": names[steps["customer"]], "date": days(steps["day"]), "channel": "online",
                            "reason": "order", "touchpoint": steps["touchpoint"], "complaint": "false",
                            "unit": units[lives.store[steps["customer"]]]})  # fmt: skip
    people = pd.DataFrame({"customer_id": names, "unit": units[lives.store],
                           "age_group": np.where(lives.young, "under 35", "35 and over")})  # fmt: skip
    return {
        "transactions": transactions,
        "customers": people,
        "interactions": pd.concat([complaints, tastings, journey], ignore_index=True),
        "surveys": surveys,
        "benchmarks": benchmarks(FIRST_DAY),
    }
