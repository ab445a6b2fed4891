"""JSON: an object a line or a list of them, nested ones flattened."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tables.helpers import load, problems, rows

SOLD = [
    {"customer_id": 9007199254740993, "date": "2025-03-01", "money": {"revenue": 5.5}, "items": [1, 2]},
    {"customer_id": None, "date": "2025-03-02", "money": None},
    {"customer_id": 8, "date": "2025-03-03", "money": {"revenue": 1.588, "tax": 0}},
]
SOURCE = {"columns": {"revenue": "money.revenue"}, "keep_rows": {"date": ["2025-03-01", "2025-03-03"]}}


def test_lines_and_lists_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, SOLD)) + "\n", encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps(SOLD, indent=1), encoding="utf-8")
    answer = {"page": 1, "response": {"orders": SOLD, "errors": [], "tags": ["x"]}}
    (tmp_path / "answer.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")
    (tmp_path / "answer_in_a_line.json").write_text(json.dumps(answer), encoding="utf-8")
    for path in ("a.jsonl", "a.json", "answer.json", "answer_in_a_line.json"):
        found = rows(load(tmp_path, {"transactions": {"path": path, **SOURCE}}))
        assert found == [("8", "2025-03-03", 1.588), ("9007199254740993", "2025-03-01", 5.5)]


def test_a_line_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(SOLD[0]) + '\n{"customer_id": 1, "da', encoding="utf-8")
    assert "line 2 is not valid JSON." in problems(tmp_path, {"transactions": {"path": "a.jsonl", **SOURCE}})
    (tmp_path / "a.jsonl").write_text(json.dumps(SOLD[0]) + "\n[1]\n", encoding="utf-8")
    assert "line 2 is not a JSON object." in problems(tmp_path, {"transactions": {"path": "a.jsonl", **SOURCE}})
