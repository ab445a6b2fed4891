from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa

from cxvalue.engine.opening import open_warehouse
from cxvalue.engine.prints import hash_of_everything, prints_of_tables
from cxvalue.study.fingerprints import hash_of_inputs
from tests.engine.helpers import VARIABLE, AnyEngine, in_engine, in_files

LINES = pa.table(
    {
        "customer_id": ["a", "b", "b"],
        "date": pa.array([date(2025, 3, 5), date(2025, 3, 6), date(2025, 3, 6)], pa.date32()),
        "revenue": [1.0, 2.0, None],
    }
)


def _print(engine: AnyEngine, name: str, table: pa.Table) -> str:
    place = engine.put(name, table)
    warehouse = open_warehouse(f"${{{VARIABLE}}}")
    try:
        return prints_of_tables(warehouse, {"one": warehouse.table(place, "tables.transactions")})["one"]
    finally:
        warehouse.close()


def test_the_order_of_rows_does_not_matter_and_every_value_does(engine: AnyEngine) -> None:
    before = _print(engine, "one", LINES)
    assert _print(engine, "two", LINES.take([2, 0, 1])) == before
    others = [
        LINES.take([0, 1]),
        LINES.take([0, 1, 1]),
        LINES.set_column(2, "revenue", pa.array([1.0, 2.0, 0.0])),
        LINES.set_column(2, "revenue", pa.array([2.0, 1.0, None])),
        LINES.set_column(0, "customer_id", pa.array(["a", "b", "b "])),
        LINES.rename_columns(["customer_id", "date", "margin"]),
    ]
    assert len({before, *(_print(engine, f"other{number}", one) for number, one in enumerate(others))}) == 7


def test_tables_of_an_engine_are_among_the_inputs(engine: AnyEngine, tmp_path: Path) -> None:
    study = in_engine(engine, tmp_path, {"transactions": LINES})
    (tmp_path / "study.yml").write_text("name: test\n", encoding="utf-8")
    first = hash_of_everything(study)
    named = f"transactions: {study.tables['transactions'].table}"
    assert set(first) == {"study.yml", named}
    assert hash_of_everything(study) == first


def test_files_alone_are_as_ever(tmp_path: Path) -> None:
    study = in_files(tmp_path, {"transactions": LINES})
    (tmp_path / "study.yml").write_text("name: test\n", encoding="utf-8")
    assert hash_of_everything(study) == hash_of_inputs(study)
