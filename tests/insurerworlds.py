"""Simulated insurers in an engine, as a study would hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from cxvalue.engine.embedded import connect
from cxvalue.questions.contracts.contract_base import Contracts, contracts_of
from cxvalue.questions.contracts.drivers import DriverTables
from cxvalue.questions.contracts.endings import ContractChurn, contract_churn
from cxvalue.questions.contracts.renewals import RenewalFit, missing_margin

if TYPE_CHECKING:
    from cxvalue.lifetime.evidence.attempts import Attempts
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


def by_age(
    fit: RenewalFit,
    contracts: Contracts,
    gross_margin: float = 0.25,
    *,
    leaving: Attempts | None = None,
    draws: int = 400,
    seed: int = 1,
) -> ContractChurn:
    """Who will leave where nothing but the contracts is known, so that the sBG forecasts."""
    con = connect()
    nobody = con.create_table("nobody", pd.DataFrame({"customer_id": [""], "start": [pd.Timestamp("2025-01-01")]}))
    missing = missing_margin(contracts, gross_margin)
    return contract_churn(fit, contracts, DriverTables(nobody), con, gross_margin=gross_margin, missing=missing,
                          leaving=leaving, draws=draws, seed=seed)  # fmt: skip
