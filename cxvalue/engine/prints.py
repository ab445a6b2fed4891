"""Fingerprints of what a study is made from: its files, and its tables in an engine by one question each."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from cxvalue.study.fingerprints import hash_of_inputs

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.engine.warehouse import Warehouse
    from cxvalue.study import StudyFile

__all__ = ["hash_of_everything", "print_of_table"]


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
            for name, source in inside.items():
                table = warehouse.table(str(source.table), f"tables.{name}")
                inputs[f"{name}: {source.table}"] = print_of_table(warehouse, table)
    finally:
        warehouse.close()
    return inputs


def print_of_table(warehouse: Warehouse, table: ir.Table) -> str:
    """A fingerprint of a table, whatever the order of its rows: its columns, how many rows, and two sums over their text."""
    from cxvalue.engine.warehouse import row_text

    text = row_text([table[name] for name in table.columns])
    marked = table.select(one=warehouse.mark(text), two=warehouse.mark(text + "2"))
    asked = marked.aggregate(
        rows=marked.count(), one=marked.one.cast("decimal(38, 0)").sum(), two=marked.two.cast("decimal(38, 0)").sum()
    )
    found: dict[str, Any] = asked.to_pyarrow().to_pylist()[0]
    columns = [(name, str(kind)) for name, kind in table.schema().items()]
    told = json.dumps([columns, *(str(found[name]) for name in ("rows", "one", "two"))])
    return hashlib.sha256(told.encode()).hexdigest()
