"""Scores in Spark: whole or as before, and only where the view is the study's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from cxvalue.engine.opening import open_warehouse
from cxvalue.engine.scores import COLUMNS
from cxvalue.foundation.errors import BadInput
from tests.engine.helpers import VARIABLE
from tests.engine.test_scores import AS_OF, IDS, customers

pytestmark = pytest.mark.spark
NAMED = "crm.scores"


@pytest.fixture
def session(spark: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv(VARIABLE, "spark")
    spark.sql("CREATE SCHEMA crm")
    yield spark
    spark.sql("DROP SCHEMA crm CASCADE")


def write(path: Path, run_id: str, study: str = "burlington") -> int:  # Spark hides values with "url" in them
    warehouse = open_warehouse(f"${{{VARIABLE}}}")
    try:
        return warehouse.write_scores(NAMED, study, path, run_id=run_id, as_of=AS_OF)
    finally:
        warehouse.close()


def rows(session: Any, columns: str = "*") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.sql(f"SELECT {columns} FROM {NAMED} ORDER BY cltv").collect()]


def kept_in_crm(session: Any) -> set[str]:
    # Views of the session itself, which other tests have made, are listed with those of any schema.
    return {row.tableName for row in session.sql("SHOW TABLES IN crm").collect() if not row.isTemporary}


def test_scores_of_a_run_take_the_place_of_those_of_the_run_before(session: Any, tmp_path: Path) -> None:
    assert write(customers(tmp_path, IDS), "20260731T101500Z-5f3a9c") == len(IDS)
    found = rows(session, "customer_id, cltv, p_alive, rhythm_broken, dormant, frequency, run_id, as_of")
    assert [row[0] for row in found] == IDS
    assert [row[1] for row in found] == [5.0 + k for k in range(len(IDS))]
    assert found[0][2:] == (None, None, True, 0, "20260731T101500Z-5f3a9c", AS_OF)
    assert found[1][2:] == (0.25, True, False, 1, "20260731T101500Z-5f3a9c", AS_OF)
    assert write(customers(tmp_path, ["007", "new"], 200.0), "r2") == 2
    assert rows(session, "customer_id, run_id") == [("007", "r2"), ("new", "r2")]
    kept = kept_in_crm(session)
    assert kept == {"scores", "scores__r2"}  # nothing is left of the run before

    broken = tmp_path / "broken.parquet"  # what fails in the middle leaves the scores and no table of its own
    some = parquet.read_table(customers(tmp_path, ["x"], 300.0))
    parquet.write_table(some.set_column(1, "frequency", pa.array(["no number"])), broken)
    with pytest.raises(pa.ArrowInvalid):
        write(broken, "r3")
    assert rows(session, "customer_id, run_id") == [("007", "r2"), ("new", "r2")]
    assert kept_in_crm(session) == kept
    with pytest.raises(BadInput, match="was not made by reports of this study, so it is left as it is"):
        write(customers(tmp_path, IDS), "r4", study="it's another")
    assert list(session.table(NAMED).columns) == ["run_id", "as_of", *COLUMNS]


def test_what_is_not_the_studys_own_stays_and_is_told_before_a_run(session: Any, tmp_path: Path) -> None:
    warehouse = open_warehouse(f"${{{VARIABLE}}}")
    assert warehouse.obstacles_to_scores(NAMED, "shop") == []
    assert "there is no schema 'nowhere'" in warehouse.obstacles_to_scores("nowhere.scores", "shop")[0][0]
    session.sql(f"CREATE TABLE {NAMED} USING parquet AS SELECT 1 AS customer_id, 2 AS cltv")
    with pytest.raises(BadInput, match="was not made by reports of this study"):
        warehouse.ask_for_rights([], NAMED, "shop")
    assert rows(session) == [(1, 2)]
    session.sql(f"DROP TABLE {NAMED}")
    mark = f"TBLPROPERTIES ('cxvalue.scores' = '{b'cxvalue:scores:burlington'.hex()}')"
    session.sql(f"CREATE VIEW {NAMED} {mark} AS SELECT 1 AS customer_id, 2 AS cltv")
    with pytest.raises(BadInput, match="has different columns from those this version writes"):
        write(customers(tmp_path, IDS), "r1")
    warehouse.close()
