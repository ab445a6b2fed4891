"""Panels of simulated banks straight from memory, as the engine would make them from the bank's tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from cxvalue.simulate.bank_draw import FIRST_MONTH, PROGRAMME, BankDraw, counts_from
from cxvalue.simulate.bank_fines import draw_service, service_tables, service_truth
from cxvalue.tables.panels.by_customer import CustomerPanel
from cxvalue.tables.panels.by_unit import UnitPanel
from cxvalue.tables.panels.inputs import PanelMonths


def customer_panel_of(drawn: BankDraw, unit: str = "customer_id") -> CustomerPanel:
    """The population's customers with their margin by month."""
    months = drawn.with_it.shape[1]
    last_start = drawn.start_day.max()
    inside = drawn.acquired < np.where(drawn.start_day >= 0, drawn.start_day, last_start)
    first = counts_from(drawn)
    inside &= first < months
    values = drawn.with_it[inside].astype(np.float32)
    values[np.arange(months) < first[inside][:, None]] = np.nan
    rows = int(inside.sum())
    return CustomerPanel(
        months=PanelMonths(date(FIRST_MONTH.year, FIRST_MONTH.month, 1), months),
        customer_id=np.arange(len(drawn.branch))[inside].astype(object),
        unit_of=np.arange(rows) if unit == "customer_id" else drawn.branch[inside],
        names=(),
        start=drawn.start[inside].astype(np.int64),
        base=drawn.base[inside].astype(np.int64),
        arm=np.full(rows, "", dtype=object),
        first=first[inside],
        last=np.full(rows, months - 1),
        values=values,
        later=int((~inside).sum()),
        unlisted=0,
        outcome="margin",
        unit=unit,
    )


def unit_panel_of(drawn: BankDraw) -> UnitPanel:
    """The same customers added up by branch, bin and month."""
    panel = customer_panel_of(drawn, "branch")
    months = panel.months.count
    keys = np.column_stack([panel.unit_of, panel.start, panel.base])
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    people, total = (np.zeros((len(cells), months, months)) for _ in range(2))
    for month in range(months):
        here = panel.first <= month
        np.add.at(people, (cell[here], panel.first[here], month), 1.0)
        np.add.at(total, (cell[here], panel.first[here], month), panel.values[here, month].astype(float))
    return UnitPanel(
        panel.months, cells[:, 0], tuple(map(str, range(len(cells)))), cells[:, 1], cells[:, 2], people, total,
        panel.later, 0, "margin", "branch",
    )  # fmt: skip


def contacts_of(drawn: BankDraw, seed: int) -> tuple[CustomerPanel, float]:
    """The same customers with their contacts by month, their margin beside; and the true change in contacts."""
    ids = np.arange(len(drawn.branch)).astype(object)
    service = draw_service(drawn, np.random.default_rng([seed, 2]))
    calls = service_tables(drawn, service, ids, np.random.default_rng([seed, 3]))["interactions"]
    month = (calls["date"].dt.year - FIRST_MONTH.year) * 12 + calls["date"].dt.month - FIRST_MONTH.month
    number = np.zeros(drawn.with_it.shape, dtype=np.float32)
    np.add.at(number, (calls["customer_id"].to_numpy(int), month.to_numpy(int)), 1.0)
    panel = customer_panel_of(drawn)
    values = number[panel.customer_id.astype(int)]
    values[np.isnan(panel.values)] = np.nan
    truth = service_truth(drawn, service)[f"programme.{PROGRAMME}.calls_per_treated_customer_month"]
    return replace(panel, values=values, beside=panel.values, outcome="interactions"), truth
