"""A table on its way in, asked in rounds as a load asks it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pytest

from cxvalue.engine.embedded import Embedded
from cxvalue.foundation.errors import BadInput
from cxvalue.study import StudyFile
from cxvalue.tables.ask import ask_in_rounds
from cxvalue.tables.one_table import Loading, take_in
from tests.tables.helpers import ledger, load

TODAY = date(2026, 7, 1)


def _taken(folder: Path, text: str, **settings: object) -> Loading | BadInput:
    (folder / "orders.csv").write_text(text, encoding="utf-8")
    source = {"path": "orders.csv", **settings}
    study = StudyFile(name="test", currency="EUR", gross_margin=0.5, tables={"transactions": source}, guest_ids=("0",))
    study._path = folder / "study.yml"
    place = Embedded()
    try:
        return ask_in_rounds({"it": take_in(place, "transactions", study, TODAY, folder)})["it"]
    finally:
        place.close()


def test_rows_are_counted_bad_ones_told_and_guests_set_apart(tmp_path: Path) -> None:
    lines = ["a,2026-01-05,10", "b,2026-01-06,20", "0,2026-01-07,40", "c,2026-02-30,80", "d,2027-01-01,160"]
    found = _taken(tmp_path, "\n".join(["customer_id,date,revenue", *lines, ""]))
    assert isinstance(found, Loading)
    assert (found.rows, found.amount, found.bad) == (5, 310.0, 2)
    assert sorted(item.column for item in found.broken) == ["date", "date"]
    assert found.guests is not None


def test_a_table_in_which_every_amount_is_negative_is_asked_again_and_read_as_amounts(tmp_path: Path) -> None:
    lines = [f"c{number},2026-01-05,10,-{number}" for number in range(1, 4)]
    found = _taken(tmp_path, "\n".join(["customer_id,date,revenue,discount", *lines, ""]))
    assert isinstance(found, Loading)
    assert [one.kind for one in found.cautions] == ["sign"]
    assert not found.broken


def test_other_names_of_columns_are_noted(tmp_path: Path) -> None:
    found = _taken(tmp_path, "who,date,revenue\na,2026-01-05,10\n", columns={"customer_id": "who"})
    assert isinstance(found, Loading)
    assert "transactions: customer_id = who." in found.notes


@pytest.mark.parametrize("text", ["customer_id,date,revenue\n"])
def test_a_table_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    found = _taken(tmp_path, text)
    assert isinstance(found, BadInput)
    assert "has no rows" in str(found)


def test_rows_of_a_file_are_given_back_before_its_purchases_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: dict[str, list[str]] = {}
    bring = Embedded.bring

    def watched(self: Embedded, table: ir.Table, path: Path, *told: Any) -> None:
        laid = self.con.con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
        # The engine is shared by all tests of a process: other tables may have been left there by theirs.
        held[path.stem] = [name for (name,) in laid if name.startswith(("parsed_transactions", "raw_transactions"))]
        bring(self, table, path, *told)

    monkeypatch.setattr(Embedded, "bring", watched)
    control = {"revenue": 50.0, "tolerance": 0.0}
    rows = ["a,2025-01-05,10", "a,2025-01-06,20", "0,2025-01-07,20"]
    made = load(tmp_path, ledger(*rows, header="customer_id,date,revenue"), control_totals=control, guest_ids=("0",))
    assert made.control is not None
    assert made.control.within
    assert held == {"transactions": ["parsed_transactions"], "purchases": []}
