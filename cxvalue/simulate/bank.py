"""The world `bank`: customers at branches, fines for payments that are a little short, and a programme that waives them.

Every customer is simulated twice with the same luck, with and without the programme, so the truth is the difference of the
two and owes nothing to an estimator. The programme raises what a customer brings and lets fewer leave; how it is given
to units (`design`) is what makes its effect easy or hard to find.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxvalue.errors import BadInput, Problem, nearest
from cxvalue.simulate.world import World

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BankDraw", "BankParameters", "bank", "draw_bank"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_MONTH = date(2023, 7, 1)
PROGRAMME = "penalty_waiver"
ANNUAL_RATE = 0.12
DESIGNS = ("staggered", "experiment", "cluster_experiment", "matched", "single_unit")


@dataclass(frozen=True, slots=True)
class BankParameters:
    """The true parameters; shares are monthly, money is in the study's currency.

    `uplift` multiplies a treated customer's margin, `retention` is the share of leavers who stay, both reached after
    `ramp_months` and fading at `fade` a month; both grow with the branch's size to the power `size_power`.
    `early_growth` lets branches that start early grow by that much a month anyway.
    """

    design: str = "staggered"
    branches: int = 48
    months: int = 36
    share_never: float = 0.35
    margin: float = 42.0
    spread_customers: float = 0.6
    spread_branches: float = 0.12
    shock: float = 0.02
    persistence: float = 0.6
    season: float = 0.10
    growth: float = 0.002
    active: float = 0.8
    leaving: float = 0.015
    uplift: float = 0.08
    retention: float = 0.25
    ramp_months: int = 2
    fade: float = 0.0
    size_power: float = 0.2
    early_growth: float = 0.0
    effect_scale: float = 1.0
    short_payments: float = 0.05
    moral_hazard: float = 0.20
    one_off: float = 60_000.0
    monthly: float = 2_000.0
    horizon_months: int = 36

    def __post_init__(self) -> None:
        if self.design not in DESIGNS:
            raise BadInput([Problem("parameters.design", f"is {self.design!r}.", nearest(self.design, DESIGNS))])


@dataclass(frozen=True, eq=False)
class BankDraw:
    """What happened, and what would have happened without the programme, by customer and month.

    `start_day` is the day of the unit's start in days after the first month's first day (−1: never), `start` the first
    full treated month, `base` the last full month before; `acquired` the day of acquisition on the same scale.
    """

    branch: Ints
    acquired: Ints
    start_day: Ints
    start: Ints
    base: Ints
    with_it: Floats
    without_it: Floats
    alive: NDArray[np.bool_]
    parameters: BankParameters

    @property
    def observed(self) -> Floats:
        """The margin that the bank's books show."""
        return self.with_it


def draw_bank(customers: int, seed: int, parameters: BankParameters = BankParameters()) -> BankDraw:
    """Simulate the customers of a bank month by month, with and without the programme."""
    true, rng = parameters, np.random.default_rng(seed)
    weight = rng.lognormal(0.0, 0.6, true.branches)
    branch = rng.choice(true.branches, customers, p=weight / weight.sum())
    days = (_month(true.months) - FIRST_MONTH).days
    old = rng.random(customers) < 0.6
    acquired = np.where(old, -rng.integers(1, 900, customers), rng.integers(0, days - 40, customers))
    level = true.margin * rng.lognormal(-(true.spread_customers**2) / 2, true.spread_customers, customers)
    level *= np.exp(true.spread_branches * rng.standard_normal(true.branches))[branch]
    common = _common(true, rng)
    busy = rng.random((customers, true.months)) < true.active
    size_of = rng.gamma(4.0, 0.25, (customers, true.months))
    luck = rng.random((customers, true.months))
    joined = np.array([_month_of(day) for day in acquired.tolist()])
    month = np.arange(true.months)
    there = month >= joined[:, None]

    plain = level[:, None] * common[branch] * busy * size_of
    alive_0 = there & (np.cumsum((luck < true.leaving) & (month > joined[:, None]), axis=1) == 0)
    without_it = np.where(alive_0, plain, 0.0)
    start_day = _starts(true, customers, branch, acquired, weight, without_it, rng)
    if true.early_growth:
        # Branches that start early were growing anyway, faster the earlier they start.
        day = np.full(true.branches, -1)
        day[branch] = start_day
        early = np.where(day >= 0, 1 - (day - day[day >= 0].min()) / max(np.ptp(day[day >= 0]), 1), 0.0)
        drift = 1 + true.early_growth * early[branch][:, None] * month
        plain, without_it = plain * drift, without_it * drift
    starts_in = np.array([_month_of(day) if day >= 0 else true.months + 99 for day in start_day.tolist()])
    whole = np.array([day >= 0 and _first_of(day) == day for day in start_day.tolist()])
    start = np.where(start_day >= 0, np.where(whole, starts_in, starts_in + 1), -1)
    start = np.where(start >= true.months, -1, start)
    base = np.where(start_day >= 0, starts_in - 1, true.months)

    since = month - starts_in[:, None]
    count = np.bincount(branch, minlength=true.branches)
    scale = true.effect_scale * (count / np.average(count, weights=count)) ** true.size_power
    dose = np.where(
        since >= 0, np.minimum((since + 1) / true.ramp_months, 1) * np.exp(-true.fade * np.maximum(since, 0)), 0
    )
    dose = dose * scale[branch][:, None]
    leave = true.leaving * (1 - np.clip(true.retention * dose, -1, 1))
    alive_1 = there & (np.cumsum((luck < leave) & (month > joined[:, None]), axis=1) == 0)
    with_it = np.where(alive_1, plain * (1 + true.uplift * dose), 0.0)
    return BankDraw(branch, acquired, start_day, start, base, with_it, without_it, alive_1, true)


def _common(true: BankParameters, rng: np.random.Generator) -> Floats:
    """Season, growth and a branch's own luck, which lasts; branches x months."""
    month = np.arange(true.months)
    season = 1 + true.season * np.sin(2 * np.pi * month / 12)
    shock = np.zeros((true.branches, true.months))
    news = true.shock * rng.standard_normal((true.branches, true.months))
    for t in range(true.months):
        shock[:, t] = (true.persistence * shock[:, t - 1] if t else 0.0) + news[:, t]
    return season * (1 + true.growth * month) * np.exp(shock)


def _starts(
    true: BankParameters,
    customers: int,
    branch: Ints,
    acquired: Ints,
    weight: Floats,
    margin: Floats,
    rng: np.random.Generator,
) -> Ints:
    """Day of the start for each customer; −1 for never."""
    first, last = true.months // 3, 2 * true.months // 3
    middle = (_month(true.months // 2) - FIRST_MONTH).days
    if true.design == "experiment":
        return np.where(rng.random(customers) < 0.5, middle, -1)
    if true.design == "matched":
        return _chosen_after_a_bad_month(true, acquired, margin, rng)
    if true.design == "cluster_experiment":
        day = np.full(true.branches, -1)
        day[rng.permutation(true.branches)[: true.branches // 2]] = middle
    elif true.design == "single_unit":
        day = np.full(true.branches, -1)
        day[np.argsort(weight)[-true.branches // 4]] = middle
    else:
        day = np.array([(_month(int(m)) - FIRST_MONTH).days for m in rng.integers(first, last, true.branches)])
        day += np.where(rng.random(true.branches) < 0.3, 14, 0)
        day[rng.permutation(true.branches)[: max(round(true.share_never * true.branches), 3)]] = -1
    return day[branch]


def _chosen_after_a_bad_month(true: BankParameters, acquired: Ints, margin: Floats, rng: np.random.Generator) -> Ints:
    """Whoever had little in a month and used to have more asks for the programme, some of them, in the next month."""
    start = np.full(len(acquired), -1)
    for month in range(true.months // 2, 2 * true.months // 3):
        usual = margin[:, month - 6 : month].mean(axis=1)
        bad = (margin[:, month] < 0.5 * usual) & (usual > 0)
        asks = rng.random(len(acquired)) < np.where(bad, 0.10, 0.01) * (usual > 0)
        new = asks & (start < 0) & (acquired < (_month(month - 6) - FIRST_MONTH).days)
        start[new] = (_month(month + 1) - FIRST_MONTH).days
    return start


def bank(customers: int = 20_000, seed: int = 1, parameters: BankParameters = BankParameters()) -> World:
    """Simulate a bank's books over three years, and the truth about its programme from both of its customers' lives."""
    import pandas as pd

    true = parameters
    drawn = draw_bank(customers, seed, true)
    as_of = _month(true.months) - timedelta(days=1)
    rng = np.random.default_rng([seed, 1])
    ids = np.array([f"B{number:07d}" for number in range(customers)], dtype=object)
    seen = drawn.acquired <= (as_of - FIRST_MONTH).days
    people = pd.DataFrame(
        {
            "customer_id": ids[seen],
            "acquired_on": pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(drawn.acquired[seen], unit="D"),
            "branch": [f"branch {number:03d}" for number in drawn.branch[seen]],
        }
    )
    by_customer = true.design in ("experiment", "matched")
    tables = {"transactions": _transactions(drawn, ids, rng), "customers": people}
    tables["rollout"] = _rollout(drawn, ids, by_customer, seen)
    if not by_customer:
        tables["fees"], tables["interactions"] = _fees(drawn, ids, rng)
    design = {"cluster_experiment": "experiment"}.get(true.design, true.design)
    first_start = FIRST_MONTH + timedelta(days=int(drawn.start_day[drawn.start_day >= 0].min()))
    programme: dict[str, Any] = {
        "name": PROGRAMME,
        "design": design,
        "unit": "customer_id" if by_customer else "branch",
        "outcome": "margin",
        "horizon_months": true.horizon_months,
        "case": {"from": "first_start", "population": "treated", "persistence": "measured"},
        "costs": {"one_off": true.one_off, "monthly": true.monthly},
        "benefits": [
            {"name": "approval time", "class": "capacity", "monthly": 3000, "low": 2000, "high": 4000, "owner": "calls"}
        ],
        "success": {
            "metric": "npv", "at_least": 0, "confidence": 0.90, "registered_on": first_start - timedelta(days=30),
        },
    }  # fmt: skip
    study = {
        "title": "A simulated bank whose truth is known",
        "currency": "EUR",
        "as_of": as_of,
        "observed_from": FIRST_MONTH,
        "annual_discount_rate": ANNUAL_RATE,
        "horizon_months": 24,
        "tables": {name: {"path": f"{name}.csv"} for name in tables},
        "dormancy": {"days": 120},
        "cltv": {"time_unit": "month"},
        "programmes": [programme],
        "report": {"pseudonymise": False},
    }
    about = (
        "# A simulated bank\n\nMade by `cxvalue simulate bank`. Nobody in it is real. Branches let agents waive small "
        "fines from different dates on. `truth.json` holds what the programme really changed, from every "
        f"customer's life with and without it ({customers:,} customers, seed {seed}).\n"
    )
    return World(study, tables, truth_of(drawn), about)


def truth_of(drawn: BankDraw) -> dict[str, Any]:
    """The true value of each finding of the programme, by the definitions of the study's contract."""
    true = drawn.parameters
    month = np.arange(true.months)
    counts_from = np.array([_month_of(day) + (0 if _first_of(day) == day else 1) for day in drawn.acquired.tolist()])
    treated = (drawn.start >= 0) & (drawn.acquired < drawn.start_day)
    rows = np.flatnonzero(treated)
    since = month - drawn.start[rows][:, None]
    inside = (since >= 0) & (month >= counts_from[rows][:, None])
    change = drawn.with_it[rows] - drawn.without_it[rows]
    length = int(since.max()) + 1
    weight = np.bincount(since[inside], minlength=length)
    vector = np.bincount(since[inside], change[inside], minlength=length) / np.maximum(weight, 1)
    effect = float(change[inside].sum() / inside.sum())
    first = int(drawn.start[rows].min())
    spent = true.one_off + true.monthly * (true.months - first)
    flows = [-true.one_off]
    held = float(vector[-3:].mean())
    for later in range(true.horizon_months):
        ages = first + later - drawn.start[rows]
        ages = ages[ages >= 0]
        flows.append(float(np.where(ages < length, vector[np.minimum(ages, length - 1)], held).sum()) - true.monthly)
    discounted = np.array(flows) * (1 + ANNUAL_RATE) ** (-np.arange(len(flows)) / 12)
    summed = np.cumsum(discounted)
    late = np.flatnonzero(summed < 0)
    payback = 0 if not late.size else int(late[-1]) + 1
    name = f"programme.{PROGRAMME}"
    return {
        "base.customers": int((drawn.acquired <= (_month(true.months) - FIRST_MONTH).days - 1).sum()),
        f"{name}.effect": effect,
        f"{name}.contribution_to_date": effect * int(inside.sum()) - spent,
        f"{name}.npv": float(summed[-1]),
        f"{name}.payback_months": payback if payback < len(flows) else None,
        f"{name}.event_effects": [round(float(value), 4) for value in vector],
        f"{name}.treated_customer_months": int(inside.sum()),
    }


def _transactions(drawn: BankDraw, ids: NDArray[np.object_], rng: np.random.Generator) -> pd.DataFrame:
    """A row a customer and month with margin, and the day of acquisition where nothing else shows it."""
    import pandas as pd

    who, month = np.nonzero(drawn.observed)
    first = np.array([(_month(m) - FIRST_MONTH).days for m in range(drawn.parameters.months + 1)])
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


def _rollout(drawn: BankDraw, ids: NDArray[np.object_], by_customer: bool, seen: NDArray[np.bool_]) -> pd.DataFrame:
    import pandas as pd

    if by_customer:
        unit, day = ids[seen], drawn.start_day[seen]
    else:
        numbers, at = np.unique(drawn.branch, return_index=True)
        unit, day = np.array([f"branch {number:03d}" for number in numbers], dtype=object), drawn.start_day[at]
    start = (pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(np.maximum(day, 0), unit="D")).where(day >= 0)
    table = pd.DataFrame({"programme": PROGRAMME, "unit": unit, "start": start})
    if drawn.parameters.design in ("experiment", "cluster_experiment"):
        table["arm"] = np.where(day >= 0, "waiver", "control")
    return table


def _fees(drawn: BankDraw, ids: NDArray[np.object_], rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fines for short payments, and calls: half are about a fine, with three approvals where no agent may waive it."""
    import pandas as pd

    true = drawn.parameters
    month = np.arange(true.months)
    treated = (drawn.start_day >= 0)[:, None] & (month >= np.where(drawn.start < 0, 10_000, drawn.start)[:, None])
    chance = true.short_payments * (1 + true.moral_hazard * true.effect_scale * treated)
    who, at = np.nonzero(drawn.alive & (rng.random(drawn.alive.shape) < chance))
    amount = np.round(np.minimum(rng.lognormal(4.0, 0.5, who.size), 900), 2)
    first = np.array([(_month(m) - FIRST_MONTH).days for m in range(true.months + 1)])
    day = np.maximum(first[at], drawn.acquired[who]) + rng.integers(0, 5, who.size)
    day = np.minimum(day, first[at + 1] - 1)
    when = pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(day, unit="D")
    year = np.asarray(when.year)
    order = np.lexsort((day, year, who))
    again = np.zeros(who.size, dtype=bool)
    again[order[1:]] = (who[order[1:]] == who[order[:-1]]) & (year[order[1:]] == year[order[:-1]])
    waived = treated[who, at] & (amount <= 100) & ~again
    fees = pd.DataFrame(
        {
            "customer_id": ids[who], "date": when, "amount": amount,
            "shortfall": np.round(rng.gamma(2.0, 5.0, who.size), 2), "waived": np.where(waived, "true", "false"),
        }
    )  # fmt: skip
    calls = rng.random(who.size) < np.where(waived, 0.15, 0.5)
    own = pd.DataFrame(
        {
            "customer_id": ids[who[calls]], "date": when[calls], "channel": "phone", "reason": "fine",
            "minutes": np.round(rng.gamma(4.0, 2.0, calls.sum()), 1), "approvals": np.where(waived[calls], 0, 3),
            "complaint": np.where(rng.random(calls.sum()) < 0.2, "true", "false"),
        }
    )  # fmt: skip
    someone = rng.integers(0, len(ids), calls.sum())
    late = np.minimum(np.maximum(drawn.acquired[someone], 0) + rng.integers(0, 900, someone.size), first[-1] - 1)
    other = pd.DataFrame(
        {
            "customer_id": ids[someone], "date": pd.Timestamp(FIRST_MONTH) + pd.to_timedelta(late, unit="D"),
            "channel": "phone", "reason": "other", "minutes": np.round(rng.gamma(3.0, 1.5, someone.size), 1), "approvals": 0,
            "complaint": "false",
        }
    )  # fmt: skip
    return fees, pd.concat([own, other], ignore_index=True)


def _month(number: int) -> date:
    """First day of a month, numbered from the first one."""
    whole = FIRST_MONTH.year * 12 + FIRST_MONTH.month - 1 + number
    return date(whole // 12, whole % 12 + 1, 1)


def _month_of(day: int) -> int:
    """Number of the month in which a day lies."""
    when = FIRST_MONTH + timedelta(days=day)
    return (when.year - FIRST_MONTH.year) * 12 + when.month - FIRST_MONTH.month


def _first_of(day: int) -> int:
    """The first day of that day's month, in days."""
    return (_month(_month_of(day)) - FIRST_MONTH).days
