"""From the variable that holds the address of an engine to the engine. The address is shown nowhere."""

from __future__ import annotations

import os
from typing import Any

import ibis

from cxvalue.engine.embedded import Embedded
from cxvalue.engine.failures import refused
from cxvalue.engine.place import Place
from cxvalue.engine.warehouse import WHERE, Warehouse
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated


def open_engine(engine: str | None, con: Any = None) -> Place:
    """The engine that a study file names as ``${NAME}``; without one that of this process, on `con` where it is given.

    Raises `BadInput` where the variable is not set, a driver is missing or nobody answers, without the address.
    """
    return Embedded(con) if engine is None else open_warehouse(engine)


def open_warehouse(engine: str) -> Warehouse:
    """The same for one that is certainly named."""
    variable = engine[2:-1]
    address = os.environ.get(variable, "").strip()
    if not address:
        found = translate("the environment has no variable {variable!r}.", variable=variable)
        remedy = translate("Set it before the run: {line}", line=f"export {variable}=…")
        raise BadInput([Problem(WHERE, found, remedy)])
    kind = address.partition(":")[0].lower()
    if kind in ("postgres", "postgresql"):
        from cxvalue.engine.postgres import open_postgres

        return open_postgres(address)
    if kind in ("spark", "sc"):
        from cxvalue.engine.spark import open_spark

        return open_spark(address)
    return _through_ibis(kind, address)


def _through_ibis(kind: str, address: str) -> Warehouse:
    """Any other engine that ibis reaches: it should work."""
    failed: Exception | None = None
    try:
        con = ibis.connect(address)
    except Exception as error:
        failed = error
    else:
        return Warehouse(con, translate("{engine} (not among those tested: it should work)", engine=con.name))
    known = enumerated(("postgresql", "spark", "snowflake", "bigquery", "databricks", "clickhouse", "trino"))
    if type(failed).__name__ in ("ValueError", "AttributeError", "ModuleNotFoundError", "ImportError"):
        found = translate("the address is for an engine that is not installed here.")
        remedy = translate(
            "It begins with one of {known}; the driver is that of 'ibis-framework[…]' of the same name.", known=known
        )
        raise BadInput([Problem(WHERE, found, remedy)])
    raise refused(WHERE, failed)
