from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cxvalue.engine.opening import open_warehouse
from cxvalue.engine.warehouse import Warehouse
from cxvalue.foundation.errors import BadInput
from cxvalue.study import StudyFile
from cxvalue.tables.read.sql import LINE, ROW, SAME
from cxvalue.tables.read.typed import typed_table

NAME = "TYPED_WAREHOUSE"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What `typed_table` makes of a SELECT, as rows of a dictionary each, and what is known of it."""
    opened: list[Warehouse] = []

    def ask(select: str, table: str = "transactions", **settings: Any) -> tuple[list[dict[str, Any]], Any]:
        file = tmp_path / f"{len(opened)}.ddb"
        with duckdb.connect(file) as con:
            con.execute(f"CREATE TABLE given AS {select}")
        monkeypatch.setenv(NAME, f"duckdb://{file}")
        opened.append(open_warehouse(f"${{{NAME}}}"))
        given = {"currency": "EUR", "gross_margin": 0.5, "engine": f"${{{NAME}}}", **settings}
        study = StudyFile(name="test", tables={table: {"table": "given"}}, **given)
        parsed, rows = typed_table(opened[-1], table, study)
        return rows.order_by(ROW).to_pyarrow().to_pylist(), parsed

    yield ask
    for one in opened:
        one.close()


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("'007'", "007"),
        ("' 7\u00a0'", "7"),
        ("'  '", None),
        ("7::BIGINT", "7"),
        ("7.0::DOUBLE", "7"),
        ("7.5::DOUBLE", "7.5"),
        ("'nan'::DOUBLE", None),
        ("12345678901234567::DECIMAL(38, 0)", "12345678901234567"),
        ("7::DECIMAL(38, 10)", "7"),
        ("'2f8a41f6-0c1c-4d32-9a3f-0123456789ab'::UUID", "2f8a41f6-0c1c-4d32-9a3f-0123456789ab"),
    ],
)
def test_ids_are_text(asked: Any, id: str, text: str | None) -> None:
    [row], _ = asked(f"SELECT {id} AS customer_id, DATE '2025-03-05' AS date, 1.5::DOUBLE AS revenue")
    assert row["customer_id"] == text


def test_amounts_days_and_flags_are_those_of_a_file(asked: Any) -> None:
    [row], parsed = asked(
        "SELECT 'a' AS customer_id, TIMESTAMP '2025-03-05 23:59:59' AS date, 12.5::DECIMAL(38, 10) AS revenue, "
        "'inf'::DOUBLE AS margin, 3::INT AS discount"
    )
    assert (row["date"], row["revenue"], row["margin"], row["discount"]) == (date(2025, 3, 5), 12.5, None, 3.0)
    assert row[parsed.not_finite["margin"]]
    assert not row[parsed.not_finite["revenue"]]
    rows, parsed = asked(
        "SELECT 'a' AS customer_id, DATE '2025-03-05' AS date, r AS rung, 0.1 AS depth, f AS accepted "
        "FROM (VALUES (1.0, ' Yes'), (2.5, 'no'), (3.0, 'perhaps')) AS v(r, f)",
        "offers",
    )
    assert [(row["rung"], row["accepted"]) for row in rows] == [(1, True), (3, None), (None, False)]
    assert [row[parsed.unparsed["rung"]] for row in rows] == [False, False, True]
    assert [row[parsed.unparsed["accepted"]] for row in rows] == [False, True, False]


def test_lines_that_differ_in_a_column_nobody_mapped_are_told_apart(asked: Any) -> None:
    rows, _ = asked(
        "SELECT 'a' AS customer_id, DATE '2025-03-05' AS date, v.revenue, v.till "
        "FROM (VALUES (1.0, 'x'), (1.0, 'x'), (1.0, 'y'), (2.0, 'x')) AS v(revenue, till)"
    )
    lines, same = [row[LINE] for row in rows], [row[SAME] for row in rows]
    assert (len(set(lines)), len(set(same))) == (3, 2)
    assert [row[ROW] for row in rows] == [1, 2, 3, 4]


def test_moments_with_a_zone_are_days_of_utc_and_it_is_said(asked: Any) -> None:
    [row], parsed = asked("SELECT 'a' AS customer_id, TIMESTAMPTZ '2025-03-05 23:30:00-05' AS date, 1.0 AS revenue")
    assert row["date"] == date(2025, 3, 6)
    assert parsed.notes == (
        "transactions: 'date' contains moments in universal time; their days are those of UTC unless the study file names a "
        "time_zone.",
    )


def test_rungs_that_repeat_on_a_day_need_an_occasion(asked: Any) -> None:
    select = "SELECT 'a' AS customer_id, DATE '2025-03-05' AS date, 1 AS rung, 0.1 AS depth, false AS accepted"
    twice = f"{select} UNION ALL {select}"
    with pytest.raises(BadInput, match="1 rung was offered twice to one customer on one day"):
        asked(twice, "offers")
    named = twice.replace("SELECT 'a' AS", "SELECT 'o' AS occasion_id, 'a' AS")
    assert len(asked(named, "offers")[0]) == 2


def test_values_of_several_parts_are_refused(asked: Any) -> None:
    with pytest.raises(
        BadInput, match=r"the column 'customer_id' has the type .* in the engine, and one value per row is needed"
    ):
        asked("SELECT [1, 2] AS customer_id, DATE '2025-03-05' AS date, 1.0 AS revenue")
