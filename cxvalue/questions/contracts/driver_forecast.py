"""Who ends in which month, by the model with drivers: its forecast of customers whose drivers stand as they do on a day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import DAYS_PER_MONTH, WHOLE_YEAR_DAYS, day_number
from cxvalue.lifetime.contracts.hazard import HazardModel
from cxvalue.lifetime.contracts.sbg import Mark
from cxvalue.questions.contracts.contract_base import Contracts, Outlook
from cxvalue.questions.contracts.drivers import THIRDS, VALUE, DriverTables, contract_members
from cxvalue.questions.contracts.members import Happening, Members, calendar_columns, fit_members

if TYPE_CHECKING:
    import ibis
    from numpy.typing import NDArray

    from cxvalue.foundation.arrays import Floats

FEWEST_NEWCOMERS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Hazard:
    """A hazard model with the present state of those it forecasts: one row of `now` and of `start` a customer.

    `now` has the drivers as they stand on `until`; a happening that yes or no answers has its latest day in `last_day`.
    """

    model: HazardModel
    members: Members
    now: pd.DataFrame
    start: NDArray[np.int64]
    last_day: dict[str, NDArray[np.float64]]

    def p_end(
        self, renewed: NDArray[np.int64], chances: NDArray[np.int64], rows: NDArray[np.intp], coef: Floats | None = None
    ) -> Floats:
        """P(ending at one of its next so many monthly chances) of chosen customers; a column a draw of `coef`."""
        reach = int(chances[rows].max(initial=0))
        kept = np.zeros(rows.size if coef is None else (rows.size, len(coef)))
        for step, rate in enumerate(self.rates(renewed, rows, reach, coef)):
            at_risk = step < chances[rows]
            kept += np.where(at_risk if rate.ndim == 1 else at_risk[:, None], np.log1p(-rate), 0.0)
        return np.asarray(-np.expm1(kept))

    def rates(
        self, renewed: NDArray[np.int64], rows: NDArray[np.intp], reach: int, coef: Floats | None = None
    ) -> Iterator[Floats]:
        """P(ending in a month) of chosen customers in each of the next `reach` months; a column a draw of `coef`.

        What a yes-or-no driver will be in months whose beginning has not come yet is not known: unless its latest event
        still counts then, the two hazards are weighed by how often that driver was `yes`.
        """
        for step in range(reach):
            months = renewed[rows] + step
            able = self.members.can_leave(months)
            found = np.zeros(rows.size if coef is None else (rows.size, len(coef)))
            if able.any():
                found[able] = np.minimum(self._rate(months[able], rows[able], coef), 1 - 1e-12)
            yield found

    def _rate(self, months: NDArray[np.int64], rows: NDArray[np.intp], coef: Floats | None) -> Floats:
        until = day_number(self.members.until)
        begins = self.members.begins(months, self.start[rows])
        table = self.now.iloc[rows].assign(**calendar_columns(months, self.start[rows], self.members))
        weighed: list[tuple[Happening, NDArray[np.bool_]]] = []
        for one in self.members.happenings:
            if one.edges is None:
                counts = self.last_day[one.name][rows] > begins - one.days
                table[one.name] = np.where(counts, one.yes, one.no)
                weighed.append((one, ~counts & (begins > until)))
        rate = self.model.hazard(table, coef)
        for one, open_ in weighed:
            yes = self.model.at_risk.get(f"{one.name}={one.yes}", 0) / self.model.months
            if yes and open_.any():
                other = self.model.hazard(table.assign(**{one.name: one.yes}), coef)
                share = np.where(open_, yes, 0.0)
                rate = rate + (other - rate) * (share if rate.ndim == 1 else share[:, None])
        return rate

    def newcomers(self, most: int = 500) -> Hazard:
        """The same for customers who begin on the day after `until`: alike to those who began in the year before it.

        Where fewer than 30 of them are there, alike to all; at most `most` of them, evenly chosen.
        """
        day = day_number(self.members.until)
        recent = np.flatnonzero(self.start > day - WHOLE_YEAR_DAYS)
        rows = recent if recent.size >= FEWEST_NEWCOMERS else np.arange(self.start.size)
        rows = rows[np.linspace(0, rows.size - 1, min(most, rows.size)).astype(np.intp)] if rows.size else rows
        never = {name: np.full(rows.size, -math.inf) for name in self.last_day}
        return replace(self, now=self.now.iloc[rows], start=np.full(rows.size, day, dtype=np.int64), last_day=never)


def hazard_of(
    contracts: Contracts,
    tables: DriverTables,
    con: ibis.BaseBackend,
    on: date | None = None,
    *,
    suppress_below: int = 0,
    marks: Sequence[Mark] = (),
) -> Hazard:
    """Fit the hazard model to what was known on a day and take the state of the customers active then.

    Levels of drivers with fewer than `suppress_below` ends are gathered; `marks` are those of the sBG of that day. Raises
    `CxvalueError` when too few contracts ended.
    """
    day = on or contracts.as_of
    members = contract_members(contracts, tables, day, marks)
    model = fit_members(members, con, order={VALUE: THIRDS}, fewest=suppress_below)
    number = day_number(day)
    table = members.table
    here = table[(table["start"] <= number) & (table["end"] > number)]
    owner = contracts.relations["customer"].to_numpy()[here["member"].astype(int)]
    here = here.assign(owner=owner).sort_values("owner", ignore_index=True)
    now, last = here[list(members.fixed)].copy(), {}
    for one in members.happenings:
        events = one.events.filter((one.events.day <= number) & (one.events.day > number - one.days))
        value = {"value": events["value"].argmax(events.day)} if one.edges is not None else {}
        seen = events.group_by("key").agg(day=events.day.max(), **value).to_pandas().set_index("key")
        seen = seen.reindex(here["cluster" if one.by_cluster else "member"])
        last[one.name] = seen["day"].fillna(-math.inf).to_numpy(float)
        if one.edges is None:
            now[one.name] = np.where(last[one.name] > number - one.days, one.yes, one.no)
        else:
            score = seen["value"].to_numpy(float)
            band = np.array(one.bands, dtype=object)[(score > one.edges[0]).astype(int) + (score > one.edges[1])]
            now[one.name] = np.where(np.isnan(score), one.unknown, band)
    return Hazard(model, members, now, here["start"].to_numpy(np.int64), last)


def monthly_outlook(contracts: Contracts, grace_days: int, on: date | None = None) -> Outlook:
    """Where active customers stand when chances are counted by the month.

    The chance comes at the end of each month; where months begin with some grace, so much before it.
    """
    grace = grace_days / DAYS_PER_MONTH
    ages = contracts.ages_less(grace_days, on)
    who = np.flatnonzero(~np.isnan(ages))
    whole = np.floor(np.maximum(ages[who], 0.0))
    wait = whole + 1 - grace - ages[who]
    passed = wait <= 0
    return Outlook(who, (whole + passed).astype(np.int64), wait + passed, 1)
