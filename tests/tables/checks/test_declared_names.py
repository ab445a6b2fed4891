"""What a study declares of programmes, held against its tables and the day of the run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.tables.helpers import TODAY, ledger, load, problems

TABLES = {
    "transactions": ledger("a,2025-01-05,5", "b,2025-01-06,7"),
    "customers": "customer_id\na\nb\n",
    "rollout": "programme,unit,start\np,a,2025-06-01\np,b,\n",
}


def _declared(days: int) -> list[dict[str, Any]]:
    success = {"metric": "effect", "at_least": 0, "registered_on": TODAY + timedelta(days=days)}
    return [{"name": "p", "design": "experiment", "unit": "customer_id", "horizon_months": 12, "success": success}]


@pytest.mark.parametrize("days", [1, 400])
def test_a_criterion_was_not_registered_on_a_day_to_come(tmp_path: Path, days: int) -> None:
    said = problems(tmp_path, TABLES, programmes=_declared(days))
    assert "programmes.p.success.registered_on" in said
    assert "lies in the future" in said


def test_one_registered_today_is_taken(tmp_path: Path) -> None:
    assert load(tmp_path, TABLES, programmes=_declared(0)).as_of
