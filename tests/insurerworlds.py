"""Simulated insurers in an engine, as a study would hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from cxvalue.engine.embedded import connect
from cxvalue.questions.contracts.contract_base import Contracts, contracts_of
from cxvalue.questions.contracts.drivers import DriverTables

if TYPE_CHECKING:
    from cxvalue.simulate.world import World


def in_engine(world: World) -> tuple[Contracts, DriverTables, ibis.BaseBackend]:
    """The contracts of a world, its tables for drivers, and the engine that holds them."""
    con = connect()
    tables = {}
    for name, frame in world.tables.items():
        typed = frame.copy()
        for column in ("start", "end", "date", "resolved_on"):
            if column in typed.columns:
                typed[column] = pd.to_datetime(typed[column])
        if "complaint" in typed.columns:
            typed["complaint"] = typed["complaint"].eq("true")
        tables[name] = con.create_table(name, typed)
    contracts = contracts_of(
        tables["subscriptions"], as_of=world.study["as_of"], observed_from=world.study["observed_from"]
    )
    return contracts, DriverTables(**tables), con


def of_world(world: World) -> Contracts:
    """The contracts of a world alone, without an engine of their own."""
    table = world.tables["subscriptions"]
    buyers = ibis.memtable(table[table["role"] == "buyer"])
    return contracts_of(buyers, as_of=world.study["as_of"], observed_from=world.study["observed_from"])
