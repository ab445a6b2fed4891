"""Fingerprints of what a study is made from: its files, and its tables in an engine by one question for all."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from cxvalue.study.fingerprints import hash_of_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from cxvalue.engine.warehouse import Warehouse
    from cxvalue.study import StudyFile


def hash_of_everything(study: StudyFile) -> dict[str, str]:
    """`hash_of_inputs`, with a fingerprint of each table in the study's engine: rows that are the same give the same."""
    inputs = hash_of_inputs(study)
    inside = {name: source for name, source in study.tables.items() if source.in_engine}
    if study.engine is None or not inside:
        return inputs
    from cxvalue.engine.opening import open_warehouse

    warehouse = open_warehouse(study.engine)
    try:
        with warehouse.guarded():
            tables = {name: warehouse.table(str(source.table), f"tables.{name}") for name, source in inside.items()}
            for name, told in prints_of_tables(warehouse, tables).items():
                inputs[f"{name}: {inside[name].table}"] = told
    finally:
        warehouse.close()
    return inputs


def prints_of_tables(warehouse: Warehouse, tables: Mapping[str, ir.Table]) -> dict[str, str]:
    """A fingerprint of each table, whatever the order of its rows: its columns, how many rows, and two sums over their text.

    All are asked in one question.
    """
    import ibis

    asked = [_sums(warehouse, name, table) for name, table in tables.items()]
    found = {row.pop("name"): row for row in (ibis.union(*asked) if asked[1:] else asked[0]).to_pyarrow().to_pylist()}
    prints = {}
    for name, table in tables.items():
        columns = [(column, str(kind)) for column, kind in table.schema().items()]
        told = json.dumps([columns, *(str(found[name][one]) for one in ("rows", "one", "two"))])
        prints[name] = hashlib.sha256(told.encode()).hexdigest()
    return prints


def _sums(warehouse: Warehouse, name: str, table: ir.Table) -> ir.Table:
    import ibis

    from cxvalue.engine.warehouse import row_text

    text = row_text([table[column] for column in table.columns])
    marked = table.select(one=warehouse.mark(text), two=warehouse.mark(text + "2"))
    sums = {one: marked[one].cast("decimal(38, 0)").sum() for one in ("one", "two")}
    return marked.aggregate(rows=marked.count(), **sums).mutate(name=ibis.literal(name))
