"""Published data sets as the arrays that the estimators take."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel
from cxvalue.tables.panels.inputs import PanelMonths


def panel_of(unit, period, first_treated, outcome) -> UnitPanel:
    """A balanced panel with a row a unit and period; `first_treated` is 0 or nan for never. One unit is one customer."""
    table = pd.DataFrame({"unit": unit, "period": period, "first": first_treated, "y": outcome})
    wide = table.pivot(index="unit", columns="period", values="y")
    periods = wide.columns.to_numpy()
    first = table.groupby("unit")["first"].first().reindex(wide.index).fillna(0).to_numpy()
    start = np.where((first > 0) & (first <= periods[-1]), first - periods[0], -1).astype(np.int64)
    months = len(periods)
    customers, total = (np.zeros((len(wide), months, months)) for _ in range(2))
    customers[:, 0] = 1.0
    total[:, 0] = wide.to_numpy()
    return UnitPanel(
        months=PanelMonths(date(2000, 1, 1), months),
        cluster=np.arange(len(wide)),
        names=tuple(str(name) for name in wide.index),
        start=start,
        base=np.where(start >= 0, start - 1, months).astype(np.int64),
        customers=customers,
        total=total,
        later=0,
        unlisted=0,
        outcome="margin",
        unit="unit",
    )


def mpdta() -> UnitPanel:
    """County teen employment 2003-2007 of Callaway and Sant'Anna (2021), in logarithms."""
    import moderndid

    data = moderndid.load_mpdta().to_pandas()
    return panel_of(data["countyreal"], data["year"], data["first.treat"], data["lemp"])


def ehec() -> UnitPanel:
    """Medicaid expansion 2008-2019: share insured by state, as in Mixtape-Sessions' Advanced-DID course."""
    import moderndid

    data = moderndid.load_ehec().to_pandas()
    return panel_of(data["stfips"], data["year"], data["yexp2"], data["dins"])


def df_het() -> pd.DataFrame:
    """Simulated panel of Gardner's did2s: 1,500 units of 40 states over 31 years, effects that differ by group and grow."""
    import pyfixest

    return pd.read_csv(Path(pyfixest.__file__).parent / "did" / "data" / "df_het.csv")


def contracts(
    *, seed: int, churn: float, saved: float = 0.0, lift: float = 0.0, noise: float = 3.0, by_customer: bool = False,
    gap: float = 0.0, faster: float = 1.0,
) -> CustomerPanel:  # fmt: skip
    """Customers under contract over 30 months, of whom some leave each month; half of 20 units start in month 14 or 18.

    The programme takes away `saved` of the leaving and adds `lift`; its customers bring `gap` more and leave `faster` times
    as fast, with or without it.
    `by_customer` gives it by lot in month 14 instead. The same seed gives the same people and draws with any programme.
    """
    rng = np.random.default_rng(seed)
    units, each, months = 20, 100, 30
    unit = np.repeat(np.arange(units), each)
    start = np.array([14, -1, 18, -1] * 5)[unit]
    if by_customer:
        start = np.where(rng.random(unit.size) < 0.5, 14, -1)
    first, draws = rng.integers(0, 8, unit.size), rng.random((unit.size, months))
    month = np.arange(months)
    treated = (start >= 0)[:, None] & (month >= start[:, None])
    usual = churn * np.where(start >= 0, faster, 1.0)[:, None]
    gone = (draws < usual * np.where(treated & (month > start[:, None]), 1 - saved, 1.0)) & (month > first[:, None])
    last = np.where(gone.any(axis=1), gone.argmax(axis=1) - 1, months - 1)
    values = 10 + rng.normal(0, 1, units)[unit][:, None] + noise * rng.normal(size=gone.shape)
    values = values + lift * treated + gap * (start >= 0)[:, None]
    values[(month < first[:, None]) | (month > last[:, None])] = np.nan
    return CustomerPanel(
        months=PanelMonths(date(2024, 1, 1), months),
        customer_id=np.arange(unit.size).astype(object),
        unit_of=np.arange(unit.size) if by_customer else unit,
        names=(),
        start=start.astype(np.int64),
        base=np.where(start >= 0, start - 1, months).astype(np.int64),
        arm=np.full(unit.size, "", dtype=object),
        first=first,
        last=last,
        values=values.astype(np.float32),
        later=0,
        unlisted=0,
        outcome="margin",
        unit="customer_id" if by_customer else "unit",
    )


def units_of_contracts(customers: CustomerPanel) -> UnitPanel:
    """The same customers added up by unit, bin and month."""
    months = customers.months.count
    units = np.unique(customers.unit_of)
    people, total = (np.zeros((units.size, months, months)) for _ in range(2))
    for month in range(months):
        there = ~np.isnan(customers.values[:, month])
        at = (customers.unit_of[there], customers.first[there], month)
        np.add.at(people, at, 1.0)
        np.add.at(total, at, customers.values[there, month].astype(float))
    one = np.array([np.flatnonzero(customers.unit_of == unit)[0] for unit in units])
    return UnitPanel(
        customers.months, units, tuple(map(str, units)), customers.start[one], customers.base[one], people, total, 0, 0,
        "margin", "unit",
    )  # fmt: skip
