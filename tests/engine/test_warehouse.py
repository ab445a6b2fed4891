"""The same shop from files and from an engine: one ledger, one set of counts, one set of refusals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from cxvalue.engine.warehouse import SMALL_ROWS
from cxvalue.foundation.errors import BadInput
from tests.engine.helpers import VARIABLE, AnyEngine, held_equal, in_engine, in_files, loaded, rows, study_of
from tests.engine.shops import COLUMNS, SETTINGS, shop

LINE = {"customer_id": ["a"], "date": pa.array([date(2025, 3, 5)], pa.date32()), "revenue": [12.5]}


def _refused(study: Any) -> str:
    with pytest.raises(BadInput) as caught:
        loaded(study)
    return str(caught.value)


def test_a_shop_is_the_same_from_files_and_from_an_engine(engine: AnyEngine, tmp_path: Path) -> None:
    tables = shop()
    zone = {} if type(engine) is AnyEngine else {"time_zone": "America/New_York"}
    files = loaded(in_files(tmp_path / "files", tables, COLUMNS, **SETTINGS, **zone))
    held_equal(files, loaded(in_engine(engine, tmp_path / "engine", tables, COLUMNS, **SETTINGS, **zone)))


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Kyiv"])
def test_days_of_moments_at_the_end_of_a_month_in_which_clocks_change(
    engine: AnyEngine, tmp_path: Path, zone: str
) -> None:
    hours = [
        (10, 26, 0),
        (10, 31, 21),
        (10, 31, 22),
        (11, 1, 3),
        (11, 1, 4),
        (11, 2, 5),
        (11, 2, 6),
        (12, 1, 4),
        (12, 1, 5),
    ]
    at = [datetime(2025, month, day, hour, 30, tzinfo=UTC) for month, day, hour in hours]
    lines = {
        "transactions": pa.table(
            {
                "customer_id": [f"c{number}" for number in range(len(at))],
                "date": pa.array(at, pa.timestamp("us", tz="UTC")),
                "revenue": [1.0] * len(at),
            }
        )
    }
    there = in_engine(engine, tmp_path / "engine", lines, time_zone=zone)
    if type(engine) is AnyEngine:
        assert f"cannot convert timestamps to {zone} here" in _refused(there)
        return
    found = loaded(there)
    assert rows(found) == rows(loaded(in_files(tmp_path / "files", lines, time_zone=zone)))
    shift = {"America/New_York": (-4, -5), "Europe/Kyiv": (3, 2)}[zone]
    local = [one.hour + shift[one >= datetime(2025, 11, 2, 6, tzinfo=UTC)] for one in at[1:]]
    assert len(local) == 8
    days = [str(row[1]) for row in rows(found)]
    expected = {
        "America/New_York": "25 31 31 31 01 02 02 30 01",
        "Europe/Kyiv": "26 31 01 01 01 02 02 01 01",
    }[zone]
    assert [day[-2:] for day in days] == expected.split()


def test_amounts_that_are_no_numbers_are_refused_in_the_same_words(engine: AnyEngine, tmp_path: Path) -> None:
    bad = {
        "transactions": pa.table(
            {
                "customer_id": ["a", "b", None, "d", "e"],
                "date": pa.array([date(2025, 3, day) for day in (1, 2, 3, 4, 5)], pa.date32()),
                "revenue": [1.0, float("nan"), 3.0, float("inf"), 5.0],
                "margin": [None, 1.0, 1.0, float("nan"), 1.0],
            }
        )
    }
    files = _refused(in_files(tmp_path / "files", bad, gross_margin=None))
    there = _refused(in_engine(engine, tmp_path / "engine", bad, gross_margin=None))

    def plain(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.strip().startswith(("row ", "a row"))]

    assert plain(files) == plain(there)
    assert "a value of 'revenue' that is NaN or infinite" in there
    assert "no margin" in there
    assert "a row: customer_id=b, date=2025-03-02, revenue=, margin=1.0" in there


def test_text_where_days_and_numbers_are_due_is_refused_with_the_cast(engine: AnyEngine, tmp_path: Path) -> None:
    lines = {"transactions": pa.table({"customer_id": ["a"], "date": ["2025-03-05"], "revenue": ["12.5"]})}
    message = _refused(in_engine(engine, tmp_path, lines))
    assert "the column 'date' has the type varchar in the engine, and a date or timestamp is needed there." in message
    assert "to_date(date, 'YYYY-MM-DD')" in message
    assert "CAST(revenue AS NUMERIC)" in message


def test_another_currency_is_refused(engine: AnyEngine, tmp_path: Path) -> None:
    lines = {"transactions": pa.table({**LINE, "currency": ["usd"]})}
    assert "1 row is in 'USD', the study's currency is EUR." in _refused(in_engine(engine, tmp_path, lines))
    lines = {"transactions": pa.table({**LINE, "currency": ["eur"]})}
    assert rows(loaded(in_engine(engine, tmp_path, lines)), columns="revenue") == [(12.5,)]


def test_small_tables_may_come_from_files(engine: AnyEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = shop()
    study = in_engine(engine, tmp_path / "engine", tables, COLUMNS, **SETTINGS)
    parquet.write_table(tables["rollout"], study.folder / "rollout.parquet")
    own = {name: source.model_dump(exclude_unset=True) for name, source in study.tables.items()}
    given = study.model_dump(include={"campaigns", "programmes", "as_of", "engine"}, exclude_unset=True)
    mixed = study_of(study.folder, {**own, "rollout": {"path": "rollout.parquet"}}, gross_margin=None, **given)
    held_equal(loaded(study), loaded(mixed))
    monkeypatch.setattr("cxvalue.engine.warehouse.SMALL_ROWS", 5)
    assert "tables.rollout: has more than 5 rows in a file" in _refused(mixed)
    assert SMALL_ROWS == 100_000


def test_a_table_that_is_not_there_is_refused_with_the_nearest(engine: AnyEngine, tmp_path: Path) -> None:
    place = engine.put("lines", pa.table(LINE))
    study = study_of(tmp_path, {"transactions": {"table": place[:-1]}}, engine=f"${{{VARIABLE}}}")
    assert f"there is no table {place[:-1]!r}. Did you mean 'lines'?" in _refused(study)


def test_a_sample_is_of_customers(engine: AnyEngine, tmp_path: Path) -> None:
    from cxvalue.tables.load import load_tables

    many = 400
    lines = pa.table(
        {
            "customer_id": [f"c{number // 2}" for number in range(many)],
            "date": pa.array([date(2025, 3, 1 + number % 2) for number in range(many)], pa.date32()),
            "revenue": [1.0] * many,
        }
    )
    study = in_engine(engine, tmp_path, {"transactions": lines})
    found = load_tables(study, date(2025, 12, 31), date(2026, 1, 1), tmp_path / "part", sample=0.25)
    each = rows(found, columns="customer_id")
    assert 25 <= len(set(each)) <= 75
    assert len(each) == 2 * len(set(each))
