"""The same experience again and again: how fast its effect on margin halves, within customers.

Pooled means by repeat rise while the effect falls, because those who liked it come back (survivors). So every customer is
compared with themselves: y = a_i + month + E e^{−κ (n − 1)} 1{n ≥ 1}, by nonlinear least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.arrays import Floats, Ints, Places
from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.foundation.intervals import Interval, reach_of
from cxvalue.questions.experience.dummies import centred, cluster_sums
from cxvalue.tables.ask import ask
from cxvalue.tables.windows import sums_around

if TYPE_CHECKING:
    import ibis.expr.types as ir

QUIET_DAYS = 365
"""A first exposure comes after so many observed days without one."""
LONGEST_WINDOW = 28
FEWEST_CUSTOMERS = 50
MOST_REPEATS = 60
MOST_CUSTOMERS = 50_000
"""Customers whose windows are fitted; of more, so many are drawn by lot: the curve has two parameters."""


@dataclass(frozen=True, slots=True)
class Exposures:
    """Windows of customers with an experience: who, the how-manieth (0: before the first), the month, the margin in it."""

    customer: Ints
    repeat: Ints
    month: Ints
    margin: Floats
    window_days: int
    gap_days: float
    drawn_from: int = 0


@dataclass(frozen=True, slots=True)
class Habituation:
    """What the first experience brings in its window, by how much a repeat brings less, and the half-life in repeats.

    `half_life` has no upper end (inf) where the data cannot exclude that nothing wears off, and is None where κ is not above
    0.
    """

    first: Interval
    kappa: float
    half_life: Interval | None
    at_least: float
    customers: int
    windows: int
    window_days: int
    gap_days: float
    drawn_from: int = 0

    @property
    def shown(self) -> bool:
        """Whether the first experience changes margin at all; else nothing wears off."""
        return self.first.low > 0 or self.first.high < 0

    @property
    def half_life_months(self) -> Interval | None:
        """The half-life in months: repeats × the median gap between them."""
        if self.half_life is None:
            return None
        month = self.gap_days / DAYS_PER_MONTH
        return Interval(*(end * month for end in self.half_life))


def half_life(kappa: float, se: float, level: float = 0.95) -> Interval | None:
    """ln 2 / κ with the interval ln 2 / (κ ± z·se), open above where κ ≤ z·se; None where κ is not above 0.

    >>> [round(end, 6) for end in half_life(0.15, 0.02)]
    [4.620981, 3.663583, 6.2558]
    """
    if kappa <= 0:
        return None
    half = reach_of(level) * se
    high = np.log(2) / (kappa - half) if kappa > half else np.inf
    return Interval(float(np.log(2) / kappa), float(np.log(2) / (kappa + half)), float(high))


def habituation_of(
    interactions: ir.Table | None,
    contacts: ir.Table | None,
    purchases: ir.Table,
    *,
    controls: Sequence[str | None] = (),
    observed_from: date,
    as_of: date,
    level: float = 0.95,
) -> dict[str, Habituation | None]:
    """The fit of each touchpoint of the interactions and each campaign of the contacts that enough customers met twice.

    Complaints are no exposure, and neither are customers of a campaign who were held out (`controls` are those arms).
    """
    happened: dict[str, ir.Table] = {}
    if interactions is not None and "touchpoint" in interactions.columns:
        rows = interactions.filter(interactions.touchpoint.notnull())
        if "complaint" in rows.columns:
            rows = rows.filter(~rows.complaint.fill_null(False))
        happened |= {name: rows.filter(rows.touchpoint == name) for name in _names(rows, "touchpoint")}
    if contacts is not None:
        held_out = [one for one in controls if one is not None]
        sent = contacts.filter(contacts.arm.notin(held_out)) if held_out else contacts
        happened |= {
            name: sent.filter(sent.campaign == name) for name in _names(sent, "campaign") if name not in happened
        }
    fits: dict[str, Habituation | None] = {}
    for name, rows in happened.items():
        data = exposures_of(rows, purchases, observed_from=observed_from, as_of=as_of)
        if data is not None:
            fits[name] = fit_habituation(data, level=level)
    return fits


def _names(rows: ir.Table, column: str) -> list[str]:
    return [str(one) for one in rows.select(column).distinct().order_by(column).to_pyarrow()[column].to_pylist()]


def exposures_of(happened: ir.Table, purchases: ir.Table, *, observed_from: date, as_of: date) -> Exposures | None:
    """Windows around each customer's run of exposures; `happened` has customer_id and date.

    A run begins with an exposure after 365 observed days without one and ends before the next such silence; windows of
    min(28, median gap) days follow from the day after each exposure, and two such windows stand before it. None for fewer
    than 50 customers with at least two exposures.
    """
    import ibis
    import pyarrow as pa

    runs = runs_of(happened, observed_from).cache()
    again = runs.repeat >= 2
    counted = ask(
        runs.aggregate(
            met=runs.customer_id.nunique(),
            again=runs.customer_id.nunique(where=again),
            typical=runs.gap.median(where=again),
        )
    )
    met = int(counted["met"])
    if int(counted["again"]) < FEWEST_CUSTOMERS:
        return None
    typical = float(counted["typical"])
    window = int(min(LONGEST_WINDOW, max(typical, 1)))
    people = runs.select("customer_id").distinct()
    people = people.mutate(number=ibis.row_number().over(order_by=people.customer_id)).cache()
    chosen = people
    if met > MOST_CUSTOMERS:
        drawn = np.random.default_rng(1).choice(np.arange(met), MOST_CUSTOMERS, replace=False)
        chosen = people.semi_join(ibis.memtable(pa.table({"number": drawn})), "number")
    rows = runs.join(chosen, "customer_id").select("number", "date", "repeat").order_by("number", "date").to_pyarrow()
    customer, repeat = (rows[name].to_numpy().astype(np.int64) for name in ("number", "repeat"))
    day = rows["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    firsts = np.flatnonzero(repeat == 1)
    who = np.concatenate([np.arange(day.size), firsts, firsts])
    number = np.concatenate([repeat, np.zeros(2 * firsts.size, dtype=np.int64)])
    # The window begins the day after its moment.
    moment = np.concatenate([day, day[firsts] - window - 1, day[firsts] - 2 * window - 1])
    end = int(np.datetime64(as_of, "D").astype(np.int64))
    kept = (moment + window <= end) & (number <= MOST_REPEATS)
    who, number, moment = who[kept], number[kept], moment[kept]
    at = {"row": np.arange(who.size), "number": customer[who], "day": pa.array(moment.astype("datetime64[D]"))}
    moments = ibis.memtable(pa.table(at)).join(people, "number").select("row", "customer_id", "day")
    sums = sums_around(moments, purchases, {"next": (1, window)}, who.size)
    month = (moment + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return Exposures(customer[who], number, month, sums["next_margin"], window, typical, met)


def runs_of(happened: ir.Table, observed_from: date) -> ir.Table:
    """The exposures within runs: customer_id, date, `gap` in days to the one before, `repeat` (the how-manieth of its run).

    The first silence of a year begins a run, the next one ends it. Days with several exposures count once.
    """
    import ibis

    days = happened.select("customer_id", "date").distinct()
    before = days.date.lag().over(ibis.window(group_by="customer_id", order_by="date"))
    days = days.mutate(gap=days.date.delta(before.fill_null(ibis.literal(observed_from)), unit="day"))
    silent = (days.gap >= QUIET_DAYS).ifelse(1, 0)
    days = days.mutate(
        silences=silent.sum().over(ibis.cumulative_window(group_by="customer_id", order_by="date")).cast("int64")
    )
    inside = days.filter(days.silences % 2 == 1)
    place = ibis.row_number().over(ibis.window(group_by=["customer_id", "silences"], order_by="date"))
    return inside.select("customer_id", "date", "gap", repeat=place + 1)


def fit_habituation(data: Exposures, *, level: float = 0.95) -> Habituation | None:
    """Nonlinear least squares within customers, the sandwich clustered by customer; None where it cannot be fitted."""
    from scipy.optimize import minimize_scalar

    _, customer = np.unique(data.customer, return_inverse=True)
    months, month = np.unique(data.month, return_inverse=True)
    repeats, place = np.unique(data.repeat, return_inverse=True)
    in_months, in_repeats = (_counted(customer, *one) for one in ((month, months.size), (place, repeats.size)))
    windows = in_months.sum(axis=1, keepdims=True)
    # Months are taken out once; what is left is regressed on one curve. Neither needs a column a month: what months and
    # repeats have in common within customers is a matter of how often they meet.
    own = (np.diag(in_months.sum(axis=0)) - in_months.T @ (in_months / windows))[1:, 1:]
    spread = np.linalg.pinv(own, rcond=1e-10, hermitian=True)
    met = (_counted(month, place, repeats.size) - in_months.T @ (in_repeats / windows))[1:]
    alike = np.diag(in_repeats.sum(axis=0)) - in_repeats.T @ (in_repeats / windows) - met.T @ spread @ met
    n, shown = np.maximum(repeats - 1, 0).astype(float), (repeats >= 1).astype(float)

    def within(column: Floats) -> Floats:
        left = centred(column, customer)
        shift = spread @ np.bincount(month, left, months.size)[1:]
        return np.asarray(left - centred(np.append(0.0, shift)[month], customer))

    y = within(data.margin)
    moved = np.bincount(place, y, repeats.size)

    def loss(kappa: float) -> float:
        curve = shown * np.exp(-kappa * n)
        return -(float(curve @ moved) ** 2) / max(float(curve @ alike @ curve), 1e-300)

    grid = np.linspace(-0.5, 3.0, 36)
    best = int(np.argmin([loss(kappa) for kappa in grid]))
    if best in (0, grid.size - 1):
        return None
    kappa = float(minimize_scalar(loss, bounds=(grid[best - 1], grid[best + 1]), method="bounded",
                                  options={"xatol": 1e-9}).x)  # fmt: skip
    curve = shown * np.exp(-kappa * n)
    x = within(curve[place])
    first = float(x @ y / (x @ x))
    jacobian = np.column_stack([x, within((-first * n * curve)[place])])
    gram = jacobian.T @ jacobian
    if np.linalg.cond(gram / np.sqrt(np.outer(np.diag(gram), np.diag(gram)))) > 1e10:
        return None
    bread = np.linalg.inv(gram)
    left = y - first * x
    sums = cluster_sums(left[:, None] * (jacobian @ bread), customer)
    covariance = sums.T @ sums * len(sums) / max(len(sums) - 1, 1)
    errors = np.sqrt(np.diag(covariance))
    life = half_life(kappa, float(errors[1]), level)
    steepest = kappa + reach_of(level) * float(errors[1])
    return Habituation(
        first=Interval.of_error(first, float(errors[0]), level),
        kappa=kappa,
        half_life=life,
        at_least=float(np.log(2) / steepest) if steepest > 0 else np.inf,
        customers=int(customer.max()) + 1,
        windows=y.size,
        window_days=data.window_days,
        gap_days=data.gap_days,
        drawn_from=data.drawn_from,
    )


def _counted(row: Places, column: Places, columns: int) -> Floats:
    """How often each row meets each column, of pairs of them."""
    rows = int(row.max()) + 1
    return np.bincount(row * columns + column, minlength=rows * columns).reshape(rows, columns).astype(float)
