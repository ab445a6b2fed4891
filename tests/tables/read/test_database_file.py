"""SQLite and DuckDB files: one of their tables, and the file as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from tests.tables.helpers import load, problems, rows

INSERT = "INSERT INTO orders VALUES ('007', '2025-03-01', 5.5), ('b', '2025-03-02', 7)"


def test_a_table_of_a_sqlite_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as con:
        con.execute("CREATE TABLE orders (customer_id TEXT, date TEXT, revenue REAL)")
        con.execute("CREATE TABLE sessions (id INTEGER)")
        con.execute(INSERT)
        con.commit()
    before = path.read_bytes()
    found = rows(load(tmp_path, {"transactions": {"path": "shop.db", "table": "orders"}}))
    assert found == [("007", "2025-03-01", 5.5), ("b", "2025-03-02", 7.0)]
    message = problems(tmp_path, {"transactions": {"path": "shop.db"}})
    assert "contains 2 tables. Write 'table:' with one of them: 'orders', 'sessions'." in message
    message = problems(tmp_path, {"transactions": {"path": "shop.db", "table": "order"}})
    assert "has no table 'order'. Did you mean 'orders'?" in message
    assert path.read_bytes() == before
    (tmp_path / "shop.db-wal").write_bytes(b"pages")
    assert "is open in another program" in problems(tmp_path, {"transactions": {"path": "shop.db", "table": "orders"}})


def test_a_table_of_a_duckdb_file(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE TABLE orders (customer_id VARCHAR, date DATE, revenue DOUBLE)")
        con.execute(INSERT)
    tables = {"transactions": {"path": "shop.duckdb"}, "contacts": {"path": "shop.duckdb", "table": "sent"}}
    assert "has no table 'sent'." in problems(tmp_path, tables)
    del tables["contacts"]
    assert rows(load(tmp_path, tables)) == [("007", "2025-03-01", 5.5), ("b", "2025-03-02", 7.0)]
