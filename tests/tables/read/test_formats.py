"""Several files of a table: lists, folders, columns renamed on the way, and copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tables.helpers import ledger, load, problems, rows

ONE = ledger("a,2025-03-01,5")
TWO = ledger("b,2025-04-01,7")


def _folder(folder: Path, files: dict[str, str]) -> None:
    (folder / "months").mkdir()
    for name, text in files.items():
        (folder / "months" / name).write_text(text, encoding="utf-8")


def test_a_folder_and_a_list_of_files(tmp_path: Path) -> None:
    _folder(tmp_path, {"1.csv": ONE, "2.csv": TWO, ".hidden": "x"})
    for path in ("months", ["months/1.csv", "months/2.csv"], "months/*.csv"):
        assert len(rows(load(tmp_path, {"transactions": {"path": path}}))) == 2


def test_a_column_renamed_on_the_way(tmp_path: Path) -> None:
    _folder(tmp_path, {"1.csv": ONE, "2.csv": TWO.replace("revenue", "net_total")})
    source: dict[str, Any] = {"path": "months"}
    assert "'2.csv' has no column 'revenue', which '1.csv' has." in problems(tmp_path, {"transactions": source})
    found = rows(load(tmp_path, {"transactions": source | {"same": {"net_total": "revenue"}}}))
    assert [row[2] for row in found] == [5.0, 7.0]


def test_a_copy_of_a_file_is_refused_by_name_or_left_out_and_counted(tmp_path: Path) -> None:
    _folder(tmp_path, {"1.csv": ONE, "2.csv": TWO, "1 (1).csv": ONE})
    source: dict[str, Any] = {"path": "months"}
    assert "'1.csv' is a copy of '1 (1).csv'." in problems(tmp_path, {"transactions": source})
    found = load(tmp_path, {"transactions": source | {"copies": "leave_out"}})
    assert [(one.rows, one.reason) for one in found.counts if one.kind == "left_out"] == [(1, "copy")]
    assert [row[2] for row in rows(found)] == [5.0, 7.0]
    assert next(one.rows for one in found.counts if one.kind == "read") == 3


def test_keys_of_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(ONE, encoding="utf-8")
    for key in ("sheet", "table"):
        message = problems(tmp_path, {"transactions": {"path": "o.csv", key: "x"}})
        assert f"is text, one table. Leave out '{key}:'." in message
