"""PostgreSQL as it is: rights, a server that goes away, dates without an end, and nothing that is told of its address."""

from __future__ import annotations

import os
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from cxvalue.engine.failures import EngineFailed
from cxvalue.engine.opening import open_warehouse
from cxvalue.engine.postgres import Postgres
from cxvalue.foundation.errors import BadInput
from tests.engine.helpers import VARIABLE, OnPostgres, in_engine, loaded, rows, study_of
from tests.engine.shops import COLUMNS, SETTINGS, shop

pytestmark = pytest.mark.postgres
SECRET = "hunter2-planted"
LINES = pa.table(
    {"customer_id": ["a", "b"], "date": pa.array([date(2025, 3, 5)] * 2, pa.date32()), "revenue": [12.5, 1.0]}
)


def _opened() -> Postgres:
    warehouse = open_warehouse(f"${{{VARIABLE}}}")
    assert isinstance(warehouse, Postgres)
    return warehouse


def _as_user(on_postgres: OnPostgres, monkeypatch: pytest.MonkeyPatch, *grants: str) -> str:
    """A user with a password and these rights only, in a database that lets nobody make temporary tables."""
    name = f"reader_{on_postgres.schema}"
    on_postgres.run(f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'", *(grant.format(name) for grant in grants))
    monkeypatch.setenv(VARIABLE, on_postgres.address.replace("//owner@", f"//{name}:{SECRET}@"))
    return name


def test_the_server_of_these_tests_is_odd_on_purpose(on_postgres: OnPostgres) -> None:
    [(collation, zone)] = on_postgres.run(
        "SELECT daticulocale, current_setting('TimeZone') FROM pg_database WHERE datname = current_database()"
    )
    assert (collation, zone) == ("en-US", "America/New_York")
    assert on_postgres.run("SELECT 'a' < 'B' COLLATE \"en-US-x-icu\", 'a' < 'B' COLLATE \"C\"") == [(True, False)]


def test_every_right_that_is_missing_is_told_at_once(
    on_postgres: OnPostgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    study = in_engine(on_postgres, tmp_path, {"transactions": LINES, "customers": LINES.select(["customer_id"])})
    on_postgres.run("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
    try:
        _as_user(on_postgres, monkeypatch)
        with pytest.raises(BadInput) as caught:
            loaded(study)
    finally:
        on_postgres.run("GRANT TEMPORARY ON DATABASE postgres TO PUBLIC")
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "the user may not create temporary tables: GRANT TEMPORARY ON DATABASE" in text
    for name in ("transactions", "customers"):
        assert f"the user may not read '{on_postgres.schema}.{name}'" in text
    assert SECRET not in text


def test_a_user_with_few_rights_is_enough(
    on_postgres: OnPostgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    study = in_engine(on_postgres, tmp_path, {"transactions": LINES})
    schema = on_postgres.schema
    rights = (f"GRANT USAGE ON SCHEMA {schema} TO {{}}", f"GRANT SELECT ON {schema}.transactions TO {{}}")
    _as_user(on_postgres, monkeypatch, *rights)
    assert len(rows(loaded(study))) == 2
    assert on_postgres.run("SELECT count(*) FROM pg_class WHERE relpersistence = 't'") == [(0,)]


def test_a_session_that_only_reads_is_told_apart(on_postgres: OnPostgres) -> None:
    warehouse = _opened()
    warehouse.native.execute("SET default_transaction_read_only = on")
    assert warehouse.obstacles([]) == [
        "it is read-only (a replica or a read-only session), and temporary tables are needed for a run."
    ]
    warehouse.close()


def test_a_connection_that_is_ended_in_the_middle_of_a_table_is_one_line(
    on_postgres: OnPostgres, tmp_path: Path
) -> None:
    warehouse = _opened()
    process = warehouse.native.info.backend_pid
    many = warehouse.con.sql("SELECT n::text AS a, n AS b FROM generate_series(1, 100000000) AS s(n)")

    def end() -> None:
        file = tmp_path / "many.unsorted"
        for _ in range(1000):
            if file.exists() and file.stat().st_size > 100_000:
                break
            time.sleep(0.02)
        on_postgres.run(f"SELECT pg_terminate_backend({process})")

    killer = threading.Thread(target=end)
    killer.start()
    with pytest.raises(EngineFailed) as caught:
        warehouse.bring(many, tmp_path / "many.parquet", ["b"], ["a"])
    killer.join()
    # Where the server's last words do not arrive before its end, the connection is found lost.
    ends = ("the server ended the connection (AdminShutdown, 57P01).", "the connection was lost (OperationalError).")
    assert any(f"bringing over 'many': {end}" in str(caught.value) for end in ends)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["database", "engine"])
def test_a_database_that_drops_in_the_middle_of_a_report_is_one_line_and_latest_stays(
    how: str, on_postgres: OnPostgres, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from cxvalue.cli.commands import main

    view = f"{on_postgres.schema}.dying"
    on_postgres.run(
        f"CREATE VIEW {view} AS SELECT 'c' || n % 500 AS customer_id, DATE '2024-01-01' + n % 600 AS date, "
        "(CASE WHEN n = 30000 AND pg_terminate_backend(pg_backend_pid()) THEN 1 ELSE 5 END)::float8 AS revenue "
        "FROM generate_series(1, 40000) AS s(n)"
    )
    where = f"{{database: '${{{VARIABLE}}}', table: {view}}}" if how == "database" else f"{{table: {view}}}"
    text = f"name: s\ncurrency: EUR\ngross_margin: 0.5\nas_of: 2025-06-30\ntables: {{transactions: {where}}}\n"
    text += f"engine: ${{{VARIABLE}}}\n" if how == "engine" else ""
    (tmp_path / "study.yml").write_text(text, encoding="utf-8")
    kept = tmp_path / "out" / "s" / "2025-01-01-kept"
    kept.mkdir(parents=True)
    (kept / "manifest.json").write_text("{}")
    (kept.parent / "latest").symlink_to(kept.name)
    assert main(["report", str(tmp_path / "study.yml"), "--out", str(tmp_path / "out")]) in (1, 2)
    said = capfd.readouterr().err
    assert sum(map(said.count, ("the server ended the connection", "the connection was lost"))) == 1, said
    assert ("its rows could not be read" in said) == (how == "database")
    assert "Run it again." in said
    assert "Traceback" not in said
    assert on_postgres.address not in said
    assert sorted(path.name for path in kept.parent.iterdir() if path.is_dir()) == [kept.name, "latest"]
    assert os.readlink(kept.parent / "latest") == kept.name


def test_a_planted_secret_is_told_nowhere(
    on_postgres: OnPostgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from cxvalue.cli.commands import main

    rights = (f"GRANT USAGE ON SCHEMA {on_postgres.schema} TO {{}}",)
    _as_user(on_postgres, monkeypatch, *rights)
    good = on_postgres.put("lines", LINES)
    on_postgres.put("text", LINES.set_column(2, "revenue", pa.array(["x", "y"])))
    on_postgres.run(
        f"CREATE VIEW {on_postgres.schema}.broken AS SELECT customer_id, date, 1 / (revenue - revenue)::int AS revenue "
        f"FROM {on_postgres.schema}.lines",
        f"CREATE VIEW {on_postgres.schema}.slow AS SELECT customer_id, date, revenue + length(pg_sleep(9)::text) AS revenue "
        f"FROM {on_postgres.schema}.lines",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {on_postgres.schema} TO PUBLIC",
        f"REVOKE SELECT ON {on_postgres.schema}.text FROM PUBLIC",
    )
    own = os.environ[VARIABLE]
    broken = {
        "refused": (own.replace("?host=", "?host=/nowhere"), good),
        "no database": (own.replace("/postgres?", "/nothing?"), good),
        "no user": (own.replace("//reader_", "//nobody_"), good),
        "no table": (own, f"{on_postgres.schema}.nothing"),
        "no right": (own, f"{on_postgres.schema}.text"),
        "bad value": (own, f"{on_postgres.schema}.broken"),
        "time limit": (f"{own}&options=-c%20statement_timeout%3D300", f"{on_postgres.schema}.slow"),
        "no address": (f"nonsense://{SECRET}", good),
        "no port": (own + "0000", good),
    }
    said = {}
    for what, (address, table) in broken.items():
        monkeypatch.setenv(VARIABLE, address)
        text = f"name: s\ncurrency: EUR\ngross_margin: 0.5\nengine: ${{{VARIABLE}}}\n"
        text += f"tables: {{transactions: {{table: {table}}}}}\n"
        (tmp_path / "study.yml").write_text(text, encoding="utf-8")
        assert main(["check", str(tmp_path / "study.yml")]) in (1, 2), what
        said[what] = "".join(capfd.readouterr())
        assert "failed unexpectedly" not in said[what], said[what]
    assert "the user lacks a right" not in said["no right"]
    assert "the user may not read" in said["no right"]
    assert "a value does not fit the type of its column (DivisionByZero, 22012)" in said["bad value"]
    assert "a query reached a time limit or was cancelled (QueryCanceled, 57014)" in said["time limit"]
    assert all(SECRET not in text and "reader_" not in text for text in said.values())


def test_ends_that_are_infinite_are_open(on_postgres: OnPostgres, tmp_path: Path) -> None:
    contracts = pa.table(
        {
            "customer_id": [f"c{number}" for number in range(4)],
            "start": pa.array([date(2024, 1, 1)] * 4, pa.date32()),
            "end": pa.array([date(2024, 12, 31)] * 4, pa.date32()),
        }
    )
    place = on_postgres.put("contracts", contracts)
    on_postgres.run(
        f"UPDATE {place} SET \"end\" = 'infinity' WHERE customer_id = 'c0'",
        f"UPDATE {place} SET \"end\" = NULL WHERE customer_id = 'c1'",
    )
    study = study_of(
        tmp_path,
        {"subscriptions": {"table": place}},
        engine=f"${{{VARIABLE}}}",
        contract="contractual",
        as_of=date(2025, 6, 30),
    )
    ends = rows(loaded(study), "subscriptions", 'customer_id, "end"')
    assert ends == [("c0", None), ("c1", None), ("c2", date(2024, 12, 31)), ("c3", date(2024, 12, 31))]


def test_what_is_kept_is_a_snapshot(on_postgres: OnPostgres) -> None:
    place = on_postgres.put("lines", LINES)
    warehouse = _opened()
    kept = warehouse.keep(warehouse.table(place, "tables.transactions"))
    on_postgres.run(f"INSERT INTO {place} SELECT * FROM {place}")
    counts = [one.count().to_pyarrow().as_py() for one in (kept, warehouse.table(place, "tables.transactions"))]
    assert counts == [2, 4]
    [(known,)] = warehouse.native.execute(
        "SELECT reltuples FROM pg_class WHERE relpersistence = 't' AND relkind = 'r' AND pg_table_is_visible(oid)"
    ).fetchall()
    assert known == 2.0
    warehouse.close()


def test_text_comes_over_as_it_is(on_postgres: OnPostgres, tmp_path: Path) -> None:
    texts = ["", None, '"', "a,b", "line\nbreak", "\\N", "NULL", "\U0001f600", "t", " x "]
    place = on_postgres.put(
        "texts", pa.table({"n": list(range(len(texts))), "text": texts, "flag": [True, False, *[None] * 8]})
    )
    on_postgres.run(f"UPDATE {place} SET text = '' WHERE n = 0")
    warehouse = _opened()
    warehouse.bring(warehouse.table(place, ""), tmp_path / "texts.parquet", ["n"], ["text", "flag"])
    found = parquet.read_table(tmp_path / "texts.parquet")
    assert found.column("text").to_pylist() == texts
    assert found.column("flag").to_pylist() == [True, False, *[None] * 8]
    empty = warehouse.table(place, "").filter(lambda t: t.n > 99)
    warehouse.bring(empty, tmp_path / "none.parquet", ["n"], ["text"])
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0
    warehouse.close()


def test_engine_calls_of_a_load_do_not_grow_with_its_rows(
    on_postgres: OnPostgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    before = Postgres.__init__

    def counted(self: Postgres, native: Any) -> None:
        before(self, native)
        compile_before = self.con.compile
        monkeypatch.setattr(self.con, "compile", lambda *a, **k: asked.append("") or compile_before(*a, **k))

    monkeypatch.setattr(Postgres, "__init__", counted)
    calls = []
    for size in (300, 900):
        asked.clear()
        loaded(in_engine(on_postgres, tmp_path / str(size), shop(60, size), COLUMNS, **SETTINGS))
        on_postgres.drop()
        on_postgres.run(f"CREATE SCHEMA {on_postgres.schema}")
        calls.append(len(asked))
    assert calls[1] <= calls[0] + 8  # a round more of refunds
