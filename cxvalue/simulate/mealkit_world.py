"""The world `mealkit`: a meal-kit company wakes customers who have been silent for 90 days with a themed collection.

Customers order at their own pace, fall asleep, and some wake by themselves. At random most of the sleeping ones are
contacted and the rest held out. Each of them is simulated both ways with the same luck: contacted, some are persuaded
(not equally many of everyone), some come back earlier than they would have, a few are put off, and who returns buys
dearer boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.language.catalogue import translate
from cxvalue.simulate.world import World

FIRST_DAY = date(2024, 1, 1)
CAMPAIGN_DAY = 700
FOLLOW_DAYS = 210
CONTACT_DAYS = (0, 7, 14)
DORMANT_DAYS, WINDOW_DAYS = 90, 90
NAME, CONTROL, PRODUCT = "themed", "control", "themed box"
ORDERS = 60


@dataclass(frozen=True, slots=True)
class MealkitParameters:
    """The true parameters; money in the study's currency, shares per customer, rates per day.

    `persuaded` is the mean share of contacted customers whom the campaign wakes; it is larger for those who used to order
    often (`heterogeneity`). `put_off` are woken later instead. `check_uplift` raises what a contacted returner pays in the
    window; `offer` is the discount on the first box of half of the contacted.
    """

    orders_per_day: float = 0.06
    falls_asleep: float = 0.12
    wakes_per_day: float = 0.0012
    persuaded: float = 0.08
    heterogeneity: float = 1.0
    put_off: float = 0.01
    check_uplift: float = 0.30
    offer: float = 0.20
    check: float = 45.0
    margin: float = 0.35
    contact_cost: float = 0.60
    held_out: float = 0.30
    second_life_days: float = 120.0
    first_ever: float = 0.30
    effect_scale: float = 1.0


class Orders(NamedTuple):
    """Orders of customers after a contact (customers x orders): day since the contact (inf: none), revenue, discount."""

    day: Floats
    revenue: Floats
    discount: Floats

    def within(self, days: float) -> Bools:
        """Which orders come on days 0 to `days` of the contact; none comes on the day itself."""
        return self.day <= days


@dataclass(frozen=True, eq=False)
class Campaign:
    """Sleeping customers at their contact, and what they do with it and without it.

    `arm` is 0 (held out), 1 (contacted) or 2 (contacted with an offer); `used_to` the former pace of each customer.
    """

    arm: Ints
    contact: Ints
    used_to: Floats
    silent: Floats
    with_it: Orders
    without_it: Orders

    @property
    def observed(self) -> Orders:
        """What each arm's customers really do."""
        held = (self.arm == 0)[:, None]
        return Orders(
            *(np.where(held, plain, treated) for plain, treated in zip(self.without_it, self.with_it, strict=True))
        )


def simulate_campaign(
    pace: Floats, silent: Floats, rng: np.random.Generator, true: MealkitParameters = MealkitParameters()
) -> Campaign:
    """Contact or hold out sleeping customers with a former pace (orders a day) and days of silence, at random."""
    size = pace.size
    offered = rng.random(size) < 0.5
    arm = np.where(rng.random(size) < true.held_out, 0, 1 + offered)
    wakes = np.ceil(rng.exponential(1, size) / (true.wakes_per_day * (pace / true.orders_per_day) ** 0.3))
    eager = (pace / true.orders_per_day) ** true.heterogeneity
    chance = np.clip(true.effect_scale * true.persuaded * eager / np.maximum(eager.mean(), 1e-12), 0, 0.9)
    persuaded = rng.random(size) < chance
    when = np.ceil(30 * rng.random(size))
    put_off = (rng.random(size) < true.put_off * true.effect_scale) & ~persuaded
    woken = np.where(persuaded, np.minimum(wakes, when), np.where(put_off, wakes + 60, wakes))
    gaps = np.ceil(rng.exponential(1, (size, ORDERS)) / pace[:, None])
    since = np.cumsum(np.column_stack([np.zeros(size), np.maximum(gaps[:, 1:], 1)]), axis=1)
    life = rng.exponential(true.second_life_days, size)
    since = np.where(since <= life[:, None], since, np.inf)
    value = true.check * rng.lognormal(-0.08, 0.4, (size, ORDERS)) * rng.lognormal(-0.045, 0.3, size)[:, None]
    offer = true.offer * (offered & (true.effect_scale > 0))

    def orders(first: Floats, contacted: bool) -> Orders:
        day = first[:, None] + since
        raised = 1 + true.check_uplift * true.effect_scale * (contacted & (day <= WINDOW_DAYS))
        gross = value * raised
        given = np.zeros(gross.shape)
        if contacted:
            given[:, 0] = np.where(day[:, 0] <= WINDOW_DAYS, offer, 0.0) * gross[:, 0]
        return Orders(day, gross - given, given)

    contact = rng.choice(CONTACT_DAYS, size)
    return Campaign(arm, contact, pace, silent, orders(woken, True), orders(wakes, False))


def truth_of(campaign: Campaign, true: MealkitParameters) -> dict[str, float]:
    """The true values of the campaign's findings, over all its customers, from what each does with it and without it."""
    treated, plain = campaign.with_it, campaign.without_it
    inside, without = treated.within(WINDOW_DAYS), plain.within(WINDOW_DAYS)
    gain = _margin(treated, inside, true) - _margin(plain, without, true)
    checks = [
        float(orders.revenue[rows].sum() / max(rows.sum(), 1)) for orders, rows in ((treated, inside), (plain, without))
    ]
    per_contact = float(gain.mean()) - true.contact_cost
    contacted = int((campaign.arm > 0).sum())
    name = f"reactivation.{NAME}"
    return {
        f"{name}.return_uplift": float(inside.any(axis=1).mean() - without.any(axis=1).mean()),
        f"{name}.check_uplift": checks[0] / checks[1] - 1 if checks[1] else float("nan"),
        f"{name}.margin_per_contact": per_contact,
        f"{name}.profit": per_contact * contacted,
        f"{name}.first_ever_share": true.first_ever,
    }


def _margin(orders: Orders, rows: Bools, true: MealkitParameters) -> Floats:
    margin = true.margin * (orders.revenue + orders.discount) - orders.discount
    total: Floats = np.where(rows, margin, 0.0).sum(axis=1)
    return total


def mealkit(customers: int = 12_000, seed: int = 1, parameters: MealkitParameters = MealkitParameters()) -> World:
    """Simulate the company's orders over two years, the campaign, and seven months after it."""
    true, rng = parameters, np.random.default_rng(seed)
    ids = np.array([f"M{number:06d}" for number in range(customers)], dtype=object)
    joined = rng.integers(0, CAMPAIGN_DAY - 30, customers)
    pace = true.orders_per_day * rng.gamma(2.0, 0.5, customers).clip(0.05)
    (who, day), coming = _orders(joined.astype(float), pace, true, CAMPAIGN_DAY, rng)
    last = np.zeros(customers, dtype=np.int64)
    np.maximum.at(last, who, day)
    silent = CAMPAIGN_DAY - last
    asleep = np.flatnonzero(silent >= DORMANT_DAYS)
    campaign = simulate_campaign(pace[asleep], silent[asleep].astype(float), rng, true)
    end = CAMPAIGN_DAY + FOLLOW_DAYS
    rows = [_plain_rows(who, day, true, rng)]
    observed = campaign.observed
    seen = observed.day + campaign.contact[:, None] + CAMPAIGN_DAY <= end
    place, number = np.nonzero(seen)
    contacted = campaign.arm[place] > 0
    rows.append(
        pd.DataFrame(
            {
                "who": asleep[place],
                "day": (CAMPAIGN_DAY + campaign.contact[place] + observed.day[place, number]).astype(int),
                "revenue": observed.revenue[place, number],
                "discount": observed.discount[place, number],
                "themed": rng.random(place.size) < np.where(contacted, 0.7, 0.15),
            }
        )
    )
    awake = np.flatnonzero(silent < DORMANT_DAYS)
    # Their lives go on as before, drawn apart so that the campaign's customers do not depend on them.
    later = np.random.default_rng([seed, 1])
    (again, when), _ = _orders(coming[awake], pace[awake], true, end, later, begun=True)
    rows.append(_plain_rows(awake[again], when, true, later, themed=0.05))
    orders = pd.concat(rows, ignore_index=True)
    until = CAMPAIGN_DAY + max(CONTACT_DAYS) + WINDOW_DAYS
    box = orders[orders["themed"] & (orders["day"] >= CAMPAIGN_DAY) & (orders["day"] <= until)]
    # As many first-ever buyers as come up before the known ones do, if each buyer is one with the true probability.
    new = int(rng.negative_binomial(max(box["who"].nunique(), 1), 1 - true.first_ever))
    fresh = _plain_rows(customers + np.arange(new), rng.integers(CAMPAIGN_DAY, until + 1, new), true, rng, themed=1.0)
    orders = pd.concat([orders, fresh], ignore_index=True)
    ids = np.concatenate([ids, np.array([f"N{number:06d}" for number in range(new)], dtype=object)])
    transactions = _transactions(orders, ids, true)
    contacts = _contacts(campaign, ids[asleep], true)
    as_of = FIRST_DAY + timedelta(days=end)
    final = orders.groupby("who")["day"].max().to_numpy()
    truth: dict[str, Any] = {
        "base.customers": int(transactions["customer_id"].nunique()),
        "base.active": int((end - final < DORMANT_DAYS).sum()),
        **truth_of(campaign, true),
    }
    study = _study(as_of, true)
    about = translate(
        "# A simulated meal-kit company\n\nMade by `cxvalue simulate mealkit`. Nobody in it is real. Customers silent "
        "for 90 days were contacted with a themed collection, 30% of them held out by lot. `truth.json` holds what the "
        "campaign really did, from every customer's life with and without it ({customers:,} customers, seed {seed}).\n",
        customers=customers,
        seed=seed,
    )
    return World(study, {"transactions": transactions, "contacts": contacts}, truth, about)


def _contacts(campaign: Campaign, customer_id: NDArray[np.object_], true: MealkitParameters) -> pd.DataFrame:
    """The contacts of a campaign, a row each of its customers."""
    return pd.DataFrame(
        {
            "customer_id": customer_id,
            "date": pd.Timestamp(FIRST_DAY) + pd.to_timedelta(CAMPAIGN_DAY + campaign.contact, unit="D"),
            "campaign": NAME,
            "arm": np.array([CONTROL, "email", "email and offer"], dtype=object)[campaign.arm],
            "cost": np.where(campaign.arm > 0, true.contact_cost, 0.0),
            "offer_depth": np.where(campaign.arm == 2, true.offer, 0.0),
        }
    )


def _study(as_of: date, true: MealkitParameters) -> dict[str, Any]:
    """What a study file says of the company."""
    return {
        "title": translate("A simulated meal-kit company whose truth is known"),
        "currency": "EUR",
        "as_of": as_of,
        "observed_from": FIRST_DAY,
        "annual_discount_rate": 0.10,
        "horizon_months": 12,
        "tables": {name: {"path": f"{name}.csv"} for name in ("transactions", "contacts")},
        "dormancy": {"days": DORMANT_DAYS},
        "campaigns": [
            {
                "name": NAME,
                "control": CONTROL,
                "expected_share": true.held_out,
                "window_days": WINDOW_DAYS,
                "product": PRODUCT,
            }
        ],
        "report": {"pseudonymise": False},
    }


def _orders(
    first: Floats, pace: Floats, true: MealkitParameters, until: int, rng: np.random.Generator, *, begun: bool = False
) -> tuple[tuple[Ints, Ints], Floats]:
    """Whose orders and on which day before `until`, from the first one of each customer, and when the next one comes.

    Awake customers order, fall asleep after one, and may wake again. With `begun` a first order may lie beyond the end.
    """
    time, alive = first.copy(), np.arange(len(first))
    alive = alive[time[alive] < until] if begun else alive
    who, day = [alive], [time[alive].astype(np.int64)]
    while alive.size:
        sleeps = rng.random(alive.size) < true.falls_asleep
        wait = np.where(sleeps, rng.exponential(1 / true.wakes_per_day, alive.size), 0.0)
        time[alive] += np.maximum(np.ceil(rng.exponential(1, alive.size) / pace[alive] + wait), 1)
        alive = alive[time[alive] < until]
        who.append(alive)
        day.append(time[alive].astype(np.int64))
    return (np.concatenate(who), np.concatenate(day)), time


def _plain_rows(
    who: Ints, day: Ints, true: MealkitParameters, rng: np.random.Generator, themed: float = 0.0
) -> pd.DataFrame:
    value = true.check * rng.lognormal(-0.125, 0.5, who.size)
    return pd.DataFrame(
        {"who": who, "day": day, "revenue": value, "discount": 0.0, "themed": rng.random(who.size) < themed}
    )


def _transactions(orders: pd.DataFrame, ids: NDArray[np.object_], true: MealkitParameters) -> pd.DataFrame:
    revenue, discount = orders["revenue"].round(2), orders["discount"].round(2)
    table = pd.DataFrame(
        {
            "customer_id": ids[orders["who"].to_numpy()],
            "date": pd.Timestamp(FIRST_DAY) + pd.to_timedelta(orders["day"], unit="D"),
            "order_id": [f"O{number:07d}" for number in range(len(orders))],
            "revenue": revenue,
            "margin": (true.margin * (revenue + discount) - discount).round(4),
            "product": np.where(orders["themed"], PRODUCT, "classic box"),
            "channel": "web",
            "discount": discount,
        }
    )
    return table.sort_values(["date", "order_id"], ignore_index=True)
