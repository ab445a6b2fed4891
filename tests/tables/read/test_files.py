"""Several files as one table: which they are, where a row stands, and what they must agree on."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from cxvalue.study import TableSource
from cxvalue.study.places import source_files
from tests.tables.helpers import load, problems, rows

ALL = {"transactions": {"path": "orders_*.csv"}}


def _orders(folder: Path) -> None:
    (folder / "orders_1.csv").write_text("customer_id,date,revenue\n1,2025-01-01,1\n2,2025-01-02,2\n")
    (folder / "orders_2.csv").write_text('"revenue";date;customer_id\n"3";2025-01-03;3\n')  # another order and sign
    (folder / "other.csv").write_text("customer_id,date,revenue\n9,2025-01-01,9\n")


def test_a_pattern_reads_all_files_that_fit(tmp_path: Path) -> None:
    _orders(tmp_path)
    expected = [("1", "2025-01-01", 1.0), ("2", "2025-01-02", 2.0), ("3", "2025-01-03", 3.0)]
    assert rows(load(tmp_path, ALL)) == expected
    query = {"files": {"o": "orders_?.csv"}, "query": "SELECT customer_id, date, revenue FROM o WHERE revenue > '1'"}
    assert rows(load(tmp_path, {"transactions": query})) == expected[1:]


def test_bad_rows_are_shown_with_their_file(tmp_path: Path) -> None:
    _orders(tmp_path)
    (tmp_path / "orders_3.csv").write_text("customer_id,date,revenue\n4,2025-01-03,5\n5,soon,5\n6,2025-01-03\n")
    message = problems(tmp_path, ALL)
    assert "orders_3.csv line 3: 5,soon,5" in message
    assert "orders_3.csv line 4: 6,2025-01-03" in message
    assert "2 fields where there are 3 columns" in message


def test_files_that_disagree_are_refused(tmp_path: Path) -> None:
    _orders(tmp_path)
    (tmp_path / "orders_3.csv").write_text("customer_id,date,amount\n4,2025-01-03,5\n")
    message = problems(tmp_path, ALL)
    assert "tables.transactions.path: 'orders_3.csv' has no column 'revenue', which 'orders_1.csv' has." in message
    assert "'orders_1.csv' has no column 'amount', which 'orders_3.csv' has." in message


def test_no_file_fits(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"sales_{number:03}.csv").write_text("x\n")
    message = problems(tmp_path, {"transactions": {"path": "orders_*.csv"}})
    assert "tables.transactions.path: no file fits 'orders_*.csv'. Files there: 'sales_" in message
    assert message.count(".csv'") == 6
    assert "and 295 more." in message
    message = problems(tmp_path, {"transactions": {"path": "zzz.dat"}})
    assert message.count(".csv'") == 5
    (tmp_path / "a[1].csv").write_text("customer_id,date,revenue\n1,2025-01-01,1\n")  # a name, not a pattern
    assert rows(load(tmp_path, {"transactions": {"path": "a[1].csv"}})) == [("1", "2025-01-01", 1.0)]


def test_all_files_are_inputs(tmp_path: Path) -> None:
    _orders(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "orders_1.csv").write_text("customer_id,date,revenue\n7,2025-01-01,1\n8,soon,1\n")
    found = source_files(TableSource(path="**/orders_*.csv"), tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in found] == ["more/orders_1.csv", "orders_1.csv", "orders_2.csv"]
    assert "more/orders_1.csv line 3: 8,soon,1" in problems(tmp_path, {"transactions": {"path": "**/orders_*.csv"}})


def _part(folder: Path, name: str, ids: pa.Array, revenue: pa.Array) -> None:
    days = pa.array([f"2025-01-0{n + 1}" for n in range(len(ids))])
    parquet.write_table(pa.table({"customer_id": ids, "date": days, "revenue": revenue}), folder / name)


def test_parts_of_parquet_agree_in_their_types(tmp_path: Path) -> None:
    source = {"transactions": {"path": "part-*.parquet"}}
    _part(tmp_path, "part-1.parquet", pa.array([1, 2]), pa.array([1, 2]))
    _part(tmp_path, "part-2.parquet", pa.array([3.0, None]), pa.array([2.5, 1.0]))
    message = problems(tmp_path, source)
    assert "1 row with no customer_id." in message
    assert "part-2.parquet row 2: customer_id=, date=2025-01-02, revenue=1.0" in message
    _part(tmp_path, "part-2.parquet", pa.array([3.0, 4.0]), pa.array([2.5, 1.0]))
    assert [(row[0], row[2]) for row in rows(load(tmp_path, source))] == [("1", 1), ("2", 2), ("3", 2.5), ("4", 1)]
    _part(tmp_path, "part-2.parquet", pa.array(["3", "4"]), pa.array([2.5, 1.0]))
    message = problems(tmp_path, source)
    assert "the column 'customer_id' is BIGINT in 'part-1.parquet' and VARCHAR in 'part-2.parquet'." in message
