"""Contracts from a folder of Parquet files, as somebody who was sent the file would make a table `subscriptions` of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import ibis
import pandas as pd

from cxvalue.questions.contracts.contract_base import Contracts, contracts_of
from cxvalue.questions.contracts.drivers import DriverTables

__all__ = ["Base", "base_files", "read_base"]

QUARTER_MONTHS = 3
_DAYS_PER_MONTH = 365.25 / 12
_EVERY = 8
"""Of so many policies one stands for all: the model with drivers is fitted anew for every day."""
_FEWEST_MEMBERS = 100
"""The last year with so many is the last that is looked at: the lending library closed in December 1941."""
_SHIFT = 1.2
"""Premiums in one file are standardised: so much is added that the smallest is above 0."""


@dataclass(frozen=True, eq=False)
class Base:
    """All contracts of a company: customer_id, start, end (NaT while running on `last`), value_per_month; its customers.

    `first` is the first day seen, `last` the last; `days` those from which forecasts are judged; `months` the horizons.
    """

    name: str
    contracts: pd.DataFrame
    customers: pd.DataFrame | None
    first: date
    last: date
    days: tuple[date, ...]
    months: tuple[int, ...]

    def known(self, day: date) -> Contracts:
        """The contracts as known at the end of a day: none that begins later, no end that comes later."""
        return contracts_of(self._table(day), as_of=day, observed_from=self.first)

    def _table(self, day: date) -> ibis.Table:
        moment = pd.Timestamp(day)
        begun = self.contracts[self.contracts["start"] <= moment]
        return ibis.memtable(begun.assign(end=begun["end"].where(begun["end"] <= moment)))

    def tables(self, day: date, con: ibis.BaseBackend) -> DriverTables:
        """The tables from which drivers come, in an engine."""
        frame = self._table(day).to_pandas()
        made = con.create_table("subscriptions", frame, overwrite=True)
        if self.customers is None:
            return DriverTables(made)
        own = self.customers[self.customers["customer_id"].isin(frame["customer_id"])]
        return DriverTables(made, con.create_table("customers", own, overwrite=True))


def base_files(folder: Path) -> list[Path]:
    """The files of a folder that are known to hold contracts, in the order of their names."""
    return [file for file in sorted(folder.glob("*.parquet")) if _reader(pd.read_parquet(file).columns) is not None]


def read_base(file: Path) -> Base:
    """Read a file by its columns; raises `SystemExit` where they are none of those known."""
    table = pd.read_parquet(file)
    reader = _reader(table.columns)
    if reader is None:
        raise SystemExit(f"{file} holds no contracts that this laboratory can read.")
    return reader(file.stem, table)


def _reader(columns: pd.Index) -> Callable[[str, pd.DataFrame], Base] | None:
    for wanted, reader in (({"issue.date", "duration"}, _policies), ({"member_id", "year"}, _member_years)):
        if wanted <= set(columns):
            return reader
    return None


def _policies(name: str, table: pd.DataFrame) -> Base:
    """Life policies: a start, a duration in quarters and whether it ended; segments as known at the start."""
    table = table.iloc[::_EVERY].reset_index(drop=True)
    start = pd.to_datetime(table["issue.date"])
    ended = table["termination.cause"] != "in-force"
    until = start + pd.to_timedelta((table["duration"] * QUARTER_MONTHS * _DAYS_PER_MONTH).round(), unit="D")
    last = until[~ended].min()
    gone = ended & (until <= last)
    ids = [f"p{number}" for number in range(len(table))]
    value = table["annual.premium"] + _SHIFT
    contracts = pd.DataFrame({"customer_id": ids, "start": start, "end": until.where(gone), "value_per_month": value})
    names = ["acc.death.rider", "gender", "premium.frequency", "risk.state", "underwriting.age", "living.place"]
    customers = table[names].astype(str).rename(columns=lambda one: one.replace(".", "_")).assign(customer_id=ids)
    days = tuple(date(year, 5, 31) for year in range(1998, last.year, 2))
    return Base(name, contracts, customers, start.min().date(), last.date(), days, (12, 24))


def _member_years(name: str, table: pd.DataFrame) -> Base:
    """Members by calendar year: a contract runs from 1 January to the next."""
    rows = table.drop_duplicates(["member_id", "year"])
    year = rows["year"].astype(int)
    start, end = (pd.to_datetime((year + more).astype(str) + "-01-01") for more in (0, 1))
    counts = year.value_counts()
    last = int(counts.index[counts >= _FEWEST_MEMBERS].max())
    contracts = pd.DataFrame({"customer_id": rows["member_id"], "start": start, "end": end, "value_per_month": 1.0})
    people = table.drop_duplicates("member_id")[["member_id", "gender"]].rename(columns={"member_id": "customer_id"})
    begun = int(year.min())
    days = tuple(date(one, 12, 31) for one in range(begun + 3, last, 2))
    people["gender"] = people["gender"].fillna("not known")
    return Base(name, contracts, people, date(begun, 1, 1), date(last, 12, 31), days, (12, 24))
