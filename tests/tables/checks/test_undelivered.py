"""Contacts left out because of their delivery lower the evidence; other rows, and a column that is mapped, do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tables.helpers import load


def _cautions(folder: Path, status: list[str], columns: dict[str, str] | None = None, **more: Any) -> list[Any]:
    ids = [f"k{number:03d}" for number in range(40)]
    bought = [f"{who},2025-01-{1 + number % 28:02d},10,4" for number, who in enumerate(ids)]
    (folder / "x.csv").write_text("customer_id,date,revenue,margin\n" + "\n".join(bought) + "\n", encoding="utf-8")
    rows = [f"{who},2025-02-01,c,{'no' if n % 2 else 'yes'},{status[n % len(status)]}" for n, who in enumerate(ids)]
    (folder / "y.csv").write_text("customer_id,date,campaign,arm,how\n" + "\n".join(rows) + "\n", encoding="utf-8")
    source = {"path": "y.csv", **({"columns": columns} if columns else {}), **more}
    found = load(folder, {"transactions": {"path": "x.csv"}, "contacts": source}, as_of="2025-03-31")
    return [one for one in found.cautions if one.kind == "undelivered"]


@pytest.mark.parametrize(
    ("bad", "key"),
    [
        ("bounced", {"leave_out_rows": {"how": ["bounced"]}}),
        ("Hard Bounce", {"keep_rows": {"how": ["ok"]}}),
        ("не доставлено", {"leave_out_rows": {"how": ["не доставлено"]}}),
        ("退信", {"keep_rows": {"how": ["ok"]}}),
        ("failed", {"leave_out_rows": {"how": ["failed"]}}),
        ("Returned to sender", {"leave_out_rows": {"how": ["Returned to sender"]}}),
        ("Invalid e-mail", {"keep_rows": {"how": ["ok"]}}),
    ],
)
def test_what_was_not_delivered_and_is_left_out_lowers_the_evidence(tmp_path, bad, key):
    (one,) = _cautions(tmp_path, ["ok", "ok", "ok", "ok", bad, "ok", bad, "ok"], **key)
    assert one.lowers
    assert (one.table, one.rows) == ("contacts", 10)
    assert f"how: {bad}" in one.text
    assert "map a column 'delivered'" in one.text


def test_other_rows_and_a_mapped_column_are_no_doubt(tmp_path):
    assert not _cautions(tmp_path, ["ok", "ok", "draft", "ok"], leave_out_rows={"how": ["draft"]})
    assert not _cautions(tmp_path, ["yes", "yes", "no", "yes"], columns={"delivered": "how"})


@pytest.mark.parametrize(
    "value", ["Free delivery week", "failed payment", "delivery complaint", "Rejected basket", "ошибка теста"]
)
def test_words_of_something_else_are_no_delivery(tmp_path, value):
    assert not _cautions(tmp_path, ["ok", value, "ok", "ok"], leave_out_rows={"how": [value]})


def test_a_refusal_of_consent_is_no_delivery(tmp_path):
    renamed = {"leave_out_rows": {"arm": ["отказ"]}}
    assert not _cautions(tmp_path, ["ok"], **renamed)
