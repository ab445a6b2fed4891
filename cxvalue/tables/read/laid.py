"""A table of a study laid where its engine can compute with it: parsed from a file, or typed as the engine holds it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cxvalue.engine.warehouse import Warehouse
from cxvalue.tables.read.currency import in_one_currency
from cxvalue.tables.read.parse import ParsedTable, parse_table
from cxvalue.tables.read.sources import read_table
from cxvalue.tables.read.sql import ROW
from cxvalue.tables.read.typed import typed_table

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.engine.place import Place
    from cxvalue.study import StudyFile
    from cxvalue.tables.cautions import Caution
    from cxvalue.tables.read.schema import TableContract

_ONLY_THERE = ("order_id", "channel", "currency")


def lay_table(
    place: Place, name: str, study: StudyFile, scratch: Path, sample: float | None = None
) -> tuple[ParsedTable, ir.Table, list[Caution]]:
    """The table `name` of a study: what is known of it, its rows in the engine, and what was done on the way.

    Files are parsed by the embedded engine; `scratch` is a folder for copies of them, `sample` the share of customers that
    is taken of a table in a warehouse.
    """
    source = study.tables[name]
    if isinstance(place, Warehouse) and place.holds(source):
        return *typed_table(place, name, study, sample), []
    native, zone = place.files.con, study.time_zone
    raw = read_table(native, name, source, study.folder, scratch, zone, None, study.currency)
    parsed, cautions = in_one_currency(native, parse_table(native, raw, study.currency, zone), study, scratch)
    return parsed, place.send(place.files.table(parsed.relation), f"tables.{name}"), cautions


def lines_to_bring(
    study: StudyFile, contract: TableContract, lines: ir.Table, purchases: ir.Table
) -> tuple[ir.Table, list[str], list[str]]:
    """What becomes the table of transactions: the rows, the columns that order them, and the columns that are kept.

    Of a warehouse no id of an order and no channel comes over, and lines only where they name a product or a discount:
    what else is asked of transactions, the purchases answer.
    """
    kept = [name for name in contract.names if name in lines.columns]
    if study.engine is not None:
        kept = [name for name in kept if name not in _ONLY_THERE]
        if not {"product", "discount"} & set(kept):
            return purchases, ["customer_id", "date"], kept
    return lines, ["customer_id", "date", ROW], kept
