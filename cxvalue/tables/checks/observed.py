"""On which days something happened, up to which day the tables are whole, and whether that is long ago.

A file does not end where its last row stands: one order placed ahead may lie weeks after the rest, and a business that
closes at weekends is silent on the last days of many a month. What decides is how dense the rows lie.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.tables.cautions import Caution

YEAR = timedelta(days=365)
STRAY_SHARE = 0.001
"""Share of rows below which the last ones are strays where a silence sets them apart; a single row always is."""
FEWEST_FOR_STRAYS = 100
FEWEST_DAYS = 10
"""Days with rows without which nobody knows how long a silence is usual."""
SHORTEST_SILENCE = 7
"""Days that are no silence to speak of, however dense the rows before it lie."""
MONTHLY, QUARTERLY = 31, 92
"""Days by which a file that is exported once a month lies behind the day of the run; contracts may rest for a quarter."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The days with rows, in order, how many rows each has, and the tables they come from.

    `ahead` is the first day with a row after the day of the run, such as the end of a contract that runs on.
    """

    tables: tuple[str, ...]
    days: tuple[date, ...]
    rows: tuple[int, ...]
    ahead: date | None = None

    @classmethod
    def of(cls, columns: list[tuple[str, ir.DateColumn]], today: date) -> Observed | None:
        """Count the days up to today of some columns, each with the name of its table; None where there is no such day."""
        if not columns:
            return None
        every = [column.name("day").as_table() for _, column in columns]
        each = ibis.union(*every) if every[1:] else every[0]
        rows = each.group_by("day").agg(n=each.count()).to_pyarrow().to_pylist()
        counted = {row["day"]: row["n"] for row in rows if row["day"] is not None}
        days = sorted(day for day in counted if day <= today)
        ahead = min((day for day in counted if day > today), default=None)
        tables = tuple(name for name, _ in columns)
        return cls(tables, tuple(days), tuple(counted[day] for day in days), ahead) if days else None

    @property
    def first(self) -> date:
        """The first day with a row."""
        return self.days[0]

    @property
    def last(self) -> date:
        """The last day on which rows are dense: what strays beyond it is left aside.

        Strays are the last few rows, set apart by a silence longer than any of the 12 months before.
        """
        return self.days[self._dense()]

    def _dense(self) -> int:
        """The place of the last dense day."""
        end, total, beyond = len(self.days) - 1, sum(self.rows), 0
        if total < FEWEST_FOR_STRAYS:
            return end
        for place in range(len(self.days) - 2, -1, -1):
            beyond += self.rows[place + 1]
            if beyond > max(1.0, STRAY_SHARE * total):
                break
            silence = (self.days[place + 1] - self.days[place]).days - 1
            if silence > max(self._longest_silence(place), SHORTEST_SILENCE):
                end = place
        return end

    def _longest_silence(self, place: int) -> int:
        """Most days in a row without a row, in the 12 months up to the day at a place."""
        recent = [day for day in self.days[: place + 1] if day >= self.days[place] - YEAR]
        return max(((late - early).days - 1 for early, late in pairwise(recent)), default=0)

    @property
    def longest_silence(self) -> int:
        """Most days in a row without a row, in the 12 months up to the last dense day."""
        return self._longest_silence(self._dense())

    def latest_complete_month(self, today: date) -> date:
        """The last day of the latest month that is over and whole.

        A month is whole when the silence at its end is no longer than the longest one of the 12 months before.
        """
        last = self.last
        end = last.replace(day=monthrange(last.year, last.month)[1])
        whole = last == end or (end < today and (end - last).days <= self.longest_silence)
        return end if whole else last.replace(day=1) - timedelta(days=1)

    def same_until(self, as_of: date | None, today: date) -> date | None:
        """The last day on which a run reads the same from these days as today; None where every later one does.

        What may change is the latest complete month where no `as_of` is given, and how old the data are.
        """
        old, last = self.stale(as_of, today), self.last
        ahead = [self.ahead - timedelta(days=1)] if self.ahead else []
        if as_of:
            return min(ahead, default=None) if old else None
        month = last.replace(day=monthrange(last.year, last.month)[1])
        turns = [month] if today <= month != last else []
        usual = max(self.longest_silence, QUARTERLY if "subscriptions" in self.tables else MONTHLY)
        return today if old else min([last + timedelta(days=usual), *turns, *ahead])

    def stale(self, as_of: date | None, today: date) -> list[Caution]:
        """A caution where the data end long before `as_of`, or before the day of the run where the tables set `as_of`."""
        last, usual = self.last, self.longest_silence
        silent, contracts = ((as_of or today) - last).days, "subscriptions" in self.tables
        allowed = QUARTERLY if contracts else SHORTEST_SILENCE if as_of else MONTHLY
        if len(self.days) < FEWEST_DAYS or silent <= max(usual, allowed):
            return []
        before = translate_count(
            "No silence of the year before was longer than {count} day.",
            "No silence of the year before was longer than {count} days.",
            usual,
        )
        text = translate(
            "The data end on {last}, {silent:,} days before the day of the run, {today}: provide newer data.",
            last=last,
            silent=silent,
            today=today,
        )
        if as_of:
            where = {"last": last, "silent": silent, "day": as_of, "line": f"as_of: {last}"}
            text = (
                translate(
                    "The data end on {last}, {silent:,} days before the last day observed, {day}: nobody seems to "
                    "have joined or left since. Provide newer data, or write {line}.",
                    **where,
                )
                if contracts
                else translate(
                    "The data end on {last}, {silent:,} days before the last day observed, {day}: every customer "
                    "looks silent for that long. Provide newer data, or write {line}.",
                    **where,
                )
            )
        text = f"{text} {before}"
        return [Caution("stale", self.tables[0], "date", 0, None, text, lowers=as_of is not None and silent > MONTHLY)]
