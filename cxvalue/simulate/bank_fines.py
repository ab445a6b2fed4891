"""Fines and calls at the simulated bank: a payment a little short, the fine for it, and the call about the fine.

As with margin, both lives of a customer share their luck: the same payment is short, the same call is made, unless the
programme changes it. A waiver saves calls and approvals, and makes payments short a little more often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.simulate.bank_draw import (
    ASKS,
    FIRST_MONTH,
    PROGRAMME,
    BankDraw,
    asking_months,
    bad_month,
    counts_from,
    month_start,
)

APPROVALS = 3
CALLS_ABOUT_A_FINE = 0.5
COMPLAINTS = 0.2
COMPLAINS_BESIDE = (0.15, 0.015)
"""Who complains without asking for the programme: in a bad month, and otherwise."""

MINUTE_COST, APPROVAL_COST = 0.6, 1.5
"""What a minute of an agent and an approval cost the bank."""

CAPS, TIMES = (25.0, 50.0, 100.0, 200.0), (1, 2, 3)
"""Goodwill rules whose true value is told."""

Flags = Bools


@dataclass(frozen=True, eq=False)
class BankService:
    """Fines and calls, a row each, with flags for the two lives of the customer.

    `who` and `month` of a fine, `day` since the first month; `happens`, `waived` and `called` have two columns: with the
    programme, without it. Other calls have `other_who`, `other_day` and `other_happens`.
    """

    who: Ints
    month: Ints
    day: Ints
    amount: Floats
    shortfall: Floats
    minutes: Floats
    complains: Flags
    happens: Flags
    waived: Flags
    called: Flags
    other_who: Ints
    other_month: Ints
    other_day: Ints
    other_minutes: Floats
    other_happens: Flags


def draw_service(drawn: BankDraw, rng: np.random.Generator) -> BankService:
    """Draw the fines and calls of both lives of every customer."""
    true = drawn.parameters
    shape = drawn.alive.shape
    first = _first_days(true.months)
    treated = (drawn.start >= 0)[:, None] & (np.arange(true.months) >= drawn.start[:, None])
    hazard = max(1 + true.moral_hazard * true.effect_scale, 0.0)
    luck = rng.random(shape)
    short = np.stack(
        [
            drawn.alive & (luck < true.short_payments * np.where(treated, hazard, 1.0)),
            drawn.alive_without & (luck < true.short_payments),
        ],
        axis=-1,
    )
    who, month = np.nonzero(short.any(axis=-1))
    happens = short[who, month]
    amount = np.minimum(rng.lognormal(4.0, 0.5, who.size), 900.0).round(2)
    day = np.minimum(np.maximum(first[month], drawn.acquired[who]) + rng.integers(0, 5, who.size), first[month + 1] - 1)
    started = (drawn.start_day[who] >= 0) & (day >= drawn.start_day[who])
    waived = np.zeros((who.size, 2), dtype=bool)
    waived[:, 0] = _within_limit(happens[:, 0] & started & (amount <= true.cap), who, day, true.waivers_a_year)
    saved = np.clip(1 - true.calls_saved * true.effect_scale, 0, 1)
    wants = rng.random(who.size)
    called = happens & (wants[:, None] < CALLS_ABOUT_A_FINE * np.where(waived, saved, 1.0))
    other_luck = rng.random(shape) < CALLS_ABOUT_A_FINE * true.short_payments
    other_who, other_month = np.nonzero(other_luck & (drawn.alive | drawn.alive_without))
    low = np.maximum(first[other_month], drawn.acquired[other_who])
    other_day = low + np.floor(rng.random(other_who.size) * (first[other_month + 1] - low)).astype(np.int64)
    return BankService(
        who, month, day, amount,
        shortfall=np.round(rng.gamma(2.0, 5.0, who.size), 2),
        minutes=np.round(rng.gamma(4.0, 2.0, who.size), 1),
        complains=rng.random(who.size) < COMPLAINTS,
        happens=happens, waived=waived, called=called,
        other_who=other_who, other_month=other_month, other_day=other_day,
        other_minutes=np.round(rng.gamma(3.0, 1.5, other_who.size), 1),
        other_happens=np.stack([drawn.alive[other_who, other_month], drawn.alive_without[other_who, other_month]], -1),
    )  # fmt: skip


def service_tables(
    drawn: BankDraw, service: BankService, ids: NDArray[np.object_], rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """The tables `fees` and `interactions` as the bank's books show them."""
    true = drawn.parameters
    there = service.happens[:, 0]
    fees = pd.DataFrame(
        {
            "customer_id": ids[service.who[there]],
            "date": _dates(service.day[there]),
            "amount": service.amount[there],
            "shortfall": service.shortfall[there],
            "waived": np.where(service.waived[there, 0], "true", "false"),
        }
    )
    call, other = service.called[:, 0], service.other_happens[:, 0]
    who, day = [service.who[call], service.other_who[other]], [service.day[call], service.other_day[other]]
    minutes = [service.minutes[call], service.other_minutes[other]]
    approvals = [np.where(service.waived[call, 0], 0, APPROVALS), np.zeros(other.sum(), dtype=np.int64)]
    complains, reason = [service.complains[call], np.zeros(other.sum(), dtype=bool)], ["fine", "other"]
    if true.design == "matched":
        asked_who, asked_day = _complaints(drawn, rng)
        size = asked_who.size
        who, day = [*who, asked_who], [*day, asked_day]
        minutes, reason = [*minutes, np.round(rng.gamma(4.0, 3.0, size), 1)], [*reason, "complaint"]
        approvals, complains = [*approvals, np.zeros(size, dtype=np.int64)], [*complains, np.ones(size, dtype=bool)]
    days, complaint = np.concatenate(day), np.concatenate(complains)
    resolved = days + rng.geometric(0.2, days.size)
    last = int(_first_days(true.months)[-1]) - 1
    interactions = pd.DataFrame(
        {
            "customer_id": ids[np.concatenate(who)],
            "date": _dates(days),
            "channel": "phone",
            "reason": np.repeat(np.array(reason, dtype=object), [part.size for part in who]),
            "minutes": np.concatenate(minutes),
            "approvals": np.concatenate(approvals),
            "complaint": np.where(complaint, "true", "false"),
            "resolved_on": _dates(resolved).where(complaint & (resolved <= last)),
        }
    )
    by_day = {"by": ["date", "customer_id"], "ignore_index": True}
    return {"fees": fees.sort_values(**by_day), "interactions": interactions.sort_values(**by_day)}


def service_truth(drawn: BankDraw, service: BankService) -> dict[str, Any]:
    """What the programme truly changed in fines and calls up to `as_of`, over all customers, and in calls per treated month.

    The calls per treated customer and month are those of the population of `programme.NAME.effect`.
    """
    name, sign = f"programme.{PROGRAMME}", np.array([1, -1])
    rows = (drawn.start >= 0) & (drawn.acquired < drawn.start_day)
    month = np.arange(drawn.parameters.months)
    inside = rows[:, None] & (month >= np.maximum(drawn.start, counts_from(drawn))[:, None])
    change = service.called @ sign
    other = service.other_happens @ sign
    approved = (service.called & ~service.waived) @ sign
    calls = change @ inside[service.who, service.month] + other @ inside[service.other_who, service.other_month]
    return {
        f"{name}.fines_waived_to_date": round(float(service.amount[service.waived[:, 0]].sum()), 2),
        f"{name}.extra_short_payments_to_date": int((service.happens @ sign).sum()),
        f"{name}.calls_avoided_to_date": -int(change.sum() + other.sum()),
        f"{name}.call_minutes_avoided_to_date": -round(
            float(change @ service.minutes + other @ service.other_minutes), 1
        ),
        f"{name}.approvals_avoided_to_date": -APPROVALS * int(approved.sum()),
        f"{name}.calls_per_treated_customer_month": float(calls / max(int(inside.sum()), 1)),
    }


def rules_truth(drawn: BankDraw, service: BankService) -> dict[str, Any]:
    """What each goodwill rule would be worth over the last 12 months to the programme's population, from both lives.

    A rule waives the first fines of the 12 months up to its cap. A waived fine saves the call that it would have brought, as
    often as a waiver does, and its approvals. A fine that falls only because there is a programme is charged at its amount.
    What customers who are let off bring more is the true change of their margin, with the fines given up put back.
    """
    true = drawn.parameters
    window = true.months - 12
    rows = (drawn.start >= 0) & (drawn.acquired < drawn.start_day)
    inside = rows[:, None] & (np.arange(true.months) >= np.maximum(drawn.start, counts_from(drawn))[:, None])
    inside &= np.arange(true.months) >= window
    change = float((drawn.with_it - drawn.without_it)[inside].sum())
    mine = rows[service.who] & (service.month >= window)
    amount, with_it, without = service.amount, service.happens[:, 0] & mine, service.happens[:, 1] & mine
    order = np.lexsort((service.day, service.who))
    calls = (
        np.clip(true.calls_saved * true.effect_scale, 0, 1) * service.minutes * MINUTE_COST + APPROVALS * APPROVAL_COST
    )
    handling = np.where(service.called[:, 1], calls, 0.0)

    def rule(cap: float, times: int) -> dict[str, float]:
        able = order[with_it[order] & (amount[order] <= cap)]
        whose = service.who[able]
        place = np.arange(able.size)
        first = np.ones(able.size, dtype=bool)
        first[1:] = whose[1:] != whose[:-1]
        waived = np.zeros(amount.size, dtype=bool)
        waived[able[place - np.maximum.accumulate(np.where(first, place, 0)) < times]] = True
        anyway = waived & without
        return {
            "cap": cap, "times_per_year": times, "waivers": int(anyway.sum()), "customers": int(first.sum()),
            "forgone": float(amount[anyway].sum()), "moral_hazard": float(amount[waived & ~without].sum()),
            "saved": float(handling[anyway].sum()),
        }  # fmt: skip

    force = rule(true.cap, true.waivers_a_year)
    more = float(amount[with_it].sum() - amount[without].sum())
    gain = change + force["forgone"] + force["moral_hazard"] - more
    each = gain / force["customers"] if force["customers"] else 0.0
    table = [rule(cap, times) for cap in CAPS for times in TIMES]
    for one in table:
        one["gain"] = each * one["customers"]
        one["value"] = one["saved"] + one["gain"] - one["forgone"] - one["moral_hazard"]
    best = max(table, key=lambda one: one["value"])
    name = f"programme.{PROGRAMME}"
    return {
        f"{name}.goodwill_rules": [{key: round(value, 2) for key, value in one.items()} for one in table],
        f"{name}.policy_cap": best["cap"] if best["value"] > 0 else 0.0,
        f"{name}.policy_times": best["times_per_year"] if best["value"] > 0 else 0,
        f"{name}.policy_value": round(max(best["value"], 0.0), 2),
    }


def _within_limit(eligible: Flags, who: Ints, day: Ints, times: int) -> Flags:
    """The first so many eligible fines of each customer and calendar year."""
    rows = np.flatnonzero(eligible)
    year = (np.datetime64(FIRST_MONTH, "D") + day[rows]).astype("datetime64[Y]").astype(np.int64)
    order = np.lexsort((day[rows], year, who[rows]))
    same = np.zeros(rows.size, dtype=bool)
    person, period = who[rows][order], year[order]
    same[1:] = (person[1:] == person[:-1]) & (period[1:] == period[:-1])
    place = np.arange(rows.size)
    before = place - np.maximum.accumulate(np.where(same, 0, place))
    chosen = np.zeros(eligible.size, dtype=bool)
    chosen[rows[order[before < times]]] = True
    return chosen


def _complaints(drawn: BankDraw, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Who complained and when, mostly in a bad month: everybody who then got the programme, and others as often.

    Those who have the programme go on to complain at the rate of everybody else, so it changes nothing about complaints;
    a month is bad for those who have just left, too, and they complain like the others.
    """
    true, first = drawn.parameters, _first_days(drawn.parameters.months)
    given = np.flatnonzero(drawn.start_day >= 0)
    who, day = [given], [drawn.start_day[given] - rng.integers(1, 15, given.size)]
    for month in asking_months(true):
        usual, bad = bad_month(drawn.without_it, month)
        asks, more = np.where(bad, *ASKS), np.where(bad, *COMPLAINS_BESIDE)
        has_it = (drawn.start >= 0) & (drawn.start <= month)
        chance = np.where(has_it, 1 - (1 - asks) * (1 - more), more) * (usual > 0)
        able = (drawn.acquired < first[month - 6]) & (drawn.start != month + 1)
        others = np.flatnonzero(able & (rng.random(bad.size) < chance))
        who, day = [*who, others], [*day, first[month + 1] - rng.integers(1, 15, others.size)]
    return np.concatenate(who), np.concatenate(day)


def _first_days(months: int) -> Ints:
    """First day of every month and of the one after the last, in days since the first month."""
    return np.array([(month_start(number) - FIRST_MONTH).days for number in range(months + 1)])


def _dates(days: Ints) -> pd.Series[Any]:
    return pd.Series(pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(days, unit="D"))
