"""Scores in PostgreSQL: whole or as before, only in a table that is the study's own, and never more rights than needed."""

from __future__ import annotations

import json
import threading
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from cxvalue.engine.failures import EngineFailed
from cxvalue.engine.opening import open_warehouse
from cxvalue.engine.postgres import Postgres
from cxvalue.engine.scores import COLUMNS
from cxvalue.engine.warehouse import Warehouse
from cxvalue.foundation.errors import BadInput
from cxvalue.run.study_run import run_study
from cxvalue.run.unchanged import last_report
from cxvalue.simulate import shop
from cxvalue.workspace.check import check
from tests.engine.helpers import VARIABLE, AnyEngine, OnPostgres

AS_OF = date(2026, 6, 30)
IDS = ["007", "a,b", 'say "x"', "две\nстроки", "", "emoji 🙂", "NULL"]
SECRET = "hunter2-planted"
MARKED = "CREATE TABLE {{0}} (x int); COMMENT ON TABLE {{0}} IS 'cxvalue:scores:{}'"


def customers(folder: Path, ids: list[str], cltv: float = 5.0) -> Path:
    size = len(ids)
    frame = pd.DataFrame({name: [1.5] * size for name, kind in COLUMNS.items() if kind == "double precision"})
    for name, kind in COLUMNS.items():
        if kind == "bigint":
            frame[name] = range(size)
        if kind == "boolean":
            frame[name] = [k % 2 == 0 for k in range(size)]
    frame["customer_id"], frame["cltv"] = ids, [cltv + k for k in range(size)]
    frame["p_alive"] = [float("nan"), *([0.25] * (size - 1))]
    frame["rhythm_broken"] = pd.array([None, *([True] * (size - 1))], dtype="boolean")
    path = folder / f"customers_{cltv}.parquet"
    frame[list(COLUMNS)].to_parquet(path, index=False)
    return path


def opened() -> Postgres:
    warehouse = open_warehouse(f"${{{VARIABLE}}}")
    assert isinstance(warehouse, Postgres)
    return warehouse


def write(named: str, path: Path, run_id: str = "r1", study: str = "shop") -> int:
    warehouse = opened()
    try:
        with warehouse.guarded():
            return warehouse.write_scores(named, study, path, run_id=run_id, as_of=AS_OF)
    finally:
        warehouse.close()


@pytest.mark.postgres
def test_scores_of_a_run_stand_there_with_real_ids(on_postgres: OnPostgres, tmp_path: Path) -> None:
    named = f"{on_postgres.schema}.scores"
    assert write(named, customers(tmp_path, IDS)) == len(IDS)
    found = on_postgres.run(f"SELECT customer_id, cltv, p_alive, rhythm_broken, dormant, frequency, run_id, as_of "
                            f"FROM {named} ORDER BY cltv")  # fmt: skip
    assert [row[0] for row in found] == IDS
    assert [row[1] for row in found] == [5.0 + k for k in range(len(IDS))]
    assert found[0][2:] == (None, None, True, 0, "r1", AS_OF)
    assert found[1][2:] == (0.25, True, False, 1, "r1", AS_OF)


@pytest.mark.postgres
def test_the_next_run_takes_their_place_and_what_others_hang_on_the_table_stays(
    on_postgres: OnPostgres, tmp_path: Path
) -> None:
    named = f"{on_postgres.schema}.scores"
    write(named, customers(tmp_path, IDS))
    on_postgres.run(f"CREATE VIEW {on_postgres.schema}.best AS SELECT customer_id FROM {named} WHERE cltv > 100")
    assert write(named, customers(tmp_path, ["007", "new"], 200.0), "r2") == 2
    assert on_postgres.run(f"SELECT customer_id FROM {on_postgres.schema}.best ORDER BY 1") == [("007",), ("new",)]
    assert on_postgres.run(f"SELECT DISTINCT run_id FROM {named}") == [("r2",)]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TABLE {0} (customer_id text)", "was not made by reports of this study, so it is left as it is"),
        ("CREATE VIEW {0} AS SELECT 1 AS customer_id", "was not made by reports of this study"),
        (MARKED.format("other"), "was not made by reports of this study"),
        (MARKED.format("shop"), "has different columns from those this version writes"),
    ],
)  # fmt: skip
def test_any_other_table_stays_as_it_is(on_postgres: OnPostgres, tmp_path: Path, statement: str, words: str) -> None:
    named = f"{on_postgres.schema}.scores"
    on_postgres.run(statement.format(named))
    before = on_postgres.run(f"SELECT * FROM {named}")
    with pytest.raises(BadInput, match=words):
        write(named, customers(tmp_path, IDS))
    assert on_postgres.run(f"SELECT * FROM {named}") == before
    warehouse = opened()
    with pytest.raises(BadInput, match=words):  # `check` says the same, before anything is run
        warehouse.ask_for_rights([], named, "shop")
    warehouse.close()


@pytest.mark.postgres
def test_rights_that_are_missing_are_told_before_and_those_told_are_enough(
    on_postgres: OnPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema, named = on_postgres.schema, f"{on_postgres.schema}.scores"
    user = f"writer_{schema}"
    on_postgres.run(f"CREATE ROLE {user} LOGIN PASSWORD '{SECRET}'")
    owner = on_postgres.address
    monkeypatch.setenv(VARIABLE, owner.replace("//owner@", f"//{user}:{SECRET}@"))

    def refused() -> str:
        with pytest.raises(BadInput) as caught:
            write(named, customers(tmp_path, IDS))
        assert SECRET not in str(caught.value)
        return str(caught.value)

    assert f"GRANT USAGE, CREATE ON SCHEMA {schema} TO" in refused()
    on_postgres.run(f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}")
    assert write(named, customers(tmp_path, IDS)) == len(IDS)
    on_postgres.run(f"REVOKE CREATE ON SCHEMA {schema} FROM {user}")
    assert write(named, customers(tmp_path, IDS)) == len(IDS)
    on_postgres.run(f"ALTER TABLE {named} OWNER TO owner", f"GRANT INSERT ON {named} TO {user}")
    assert f"GRANT INSERT, DELETE ON {named} TO" in refused()
    on_postgres.run(f"GRANT DELETE ON {named} TO {user}")
    assert write(named, customers(tmp_path, IDS)) == len(IDS)
    on_postgres.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")


@pytest.mark.postgres
def test_a_schema_that_is_not_there_is_told(on_postgres: OnPostgres, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no schema .nowhere.\..*CREATE SCHEMA nowhere"):
        write("nowhere.scores", customers(tmp_path, IDS))


@pytest.mark.postgres
def test_what_fails_in_the_middle_leaves_the_scores_of_the_run_before(on_postgres: OnPostgres, tmp_path: Path) -> None:
    named = f"{on_postgres.schema}.scores"
    write(named, customers(tmp_path, IDS))
    with pytest.raises(EngineFailed) as caught:  # one customer twice: the last row of many
        write(named, customers(tmp_path, [*(f"n{k}" for k in range(5000)), "n0"], 300.0), "r2")
    assert "n0" not in str(caught.value)
    assert on_postgres.run(f"SELECT count(*), min(run_id) FROM {named}") == [(len(IDS), "r1")]
    with pytest.raises(EngineFailed):  # the same where there was no table yet
        write(f"{on_postgres.schema}.other", customers(tmp_path, ["a", "a"], 400.0))
    assert on_postgres.run(f"SELECT to_regclass('{on_postgres.schema}.other')") == [(None,)]


@pytest.mark.postgres
def test_a_connection_that_ends_in_the_middle_is_one_line(on_postgres: OnPostgres, tmp_path: Path) -> None:
    named = f"{on_postgres.schema}.scores"
    write(named, customers(tmp_path, IDS))
    warehouse = opened()
    process = warehouse.native.info.backend_pid
    path = customers(tmp_path, [f"n{k}" for k in range(300_000)], 300.0)

    def end() -> None:
        for _ in range(1000):
            seen = on_postgres.run(f"SELECT query LIKE 'COPY%' FROM pg_stat_activity WHERE pid = {process}")
            if seen == [(True,)]:
                break
            time.sleep(0.005)
        on_postgres.run(f"SELECT pg_terminate_backend({process})")

    killer = threading.Thread(target=end)
    killer.start()
    with pytest.raises(EngineFailed) as caught, warehouse.guarded():
        warehouse.write_scores(named, "shop", path, run_id="r2", as_of=AS_OF)
    killer.join()
    assert "\n" not in str(caught.value)
    assert on_postgres.run(f"SELECT count(*), min(run_id) FROM {named}") == [(len(IDS), "r1")]


@pytest.mark.postgres
def test_runs_at_once_write_one_after_the_other(on_postgres: OnPostgres, tmp_path: Path) -> None:
    named = f"{on_postgres.schema}.scores"
    paths = [customers(tmp_path, [f"n{k}" for k in range(2000 + run)], float(run)) for run in range(4)]
    threads = [threading.Thread(target=write, args=(named, path, f"r{run}")) for run, path in enumerate(paths)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    ((rows, runs, last),) = on_postgres.run(f"SELECT count(*), count(DISTINCT run_id), min(run_id) FROM {named}")
    assert runs == 1
    assert rows == 2000 + int(last[1:])


def test_an_engine_that_takes_no_scores_says_so_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, AnyEngine(tmp_path).address)
    warehouse = open_warehouse(f"${{{VARIABLE}}}")
    assert isinstance(warehouse, Warehouse)
    with pytest.raises(
        BadInput, match=r"write_back: .* cannot receive scores in this version; PostgreSQL and Spark can"
    ):
        warehouse.ask_for_rights([], "crm.scores", "shop")
    warehouse.close()


@pytest.mark.postgres
def test_a_study_is_checked_reported_and_written_back(
    on_postgres: OnPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it with the notebooks of the product, as a user with the rights that the documentation asks for."""
    world, schema = shop(150, seed=3), on_postgres.schema
    lines = world.tables["transactions"].assign(date=lambda table: pd.to_datetime(table["date"]).dt.date)
    named = on_postgres.put("lines", pa.Table.from_pandas(lines, preserve_index=False))
    user = f"study_{schema}"
    on_postgres.run(
        f"CREATE ROLE {user} LOGIN PASSWORD '{SECRET}'",
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}",
        f"GRANT SELECT ON {named} TO {user}",
    )
    monkeypatch.setenv(VARIABLE, on_postgres.address.replace("//owner@", f"//{user}:{SECRET}@"))
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))
    study = {
        **world.study,
        "name": "told",
        "tables": {"transactions": {"table": named}},
        "engine": f"${{{VARIABLE}}}",
        "work": {"write_back": f"{schema}.scores"},
        "report": {"customers": "summary"},
    }
    study.pop("simulated", None)
    path = tmp_path / "told" / "study.yml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(study), encoding="utf-8")
    assert f"the scores of each customer can be written to {schema}.scores" in check(path)
    assert on_postgres.run(f"SELECT to_regclass('{schema}.scores')") == [(None,)]  # a check makes nothing
    result = run_study(path, out=tmp_path / "out")
    assert result.unwritten == ""
    found = on_postgres.run(
        f"SELECT count(*), count(DISTINCT customer_id), sum(cltv), min(run_id), max(run_id) FROM {schema}.scores"
    )
    told = {one["id"]: one["value"] for one in json.loads((result.folder / "findings.json").read_text())}
    assert found[0][:2] == (told["base.customers"], told["base.customers"])
    assert found[0][2] == pytest.approx(told["cltv.equity"])
    assert found[0][3] == found[0][4]
    assert result.folder.name.endswith(found[0][3])
    known = {row[0] for row in on_postgres.run(f"SELECT DISTINCT customer_id FROM {named}")}
    assert {row[0] for row in on_postgres.run(f"SELECT customer_id FROM {schema}.scores")} == known
    for file in (tmp_path / "out").rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes(), file
    assert last_report(path, out=tmp_path / "out") == result.folder
    on_postgres.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")
