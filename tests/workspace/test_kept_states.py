"""The histories of a base survive being written down, to the last bit."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.lifetime_value.forecast import states_of_study
from cxvalue.tables.states import PurchaseStates, purchase_states
from cxvalue.workspace import kept_states
from cxvalue.workspace.kept_states import kept_customers, read_states, write_states
from cxvalue.workspace.opened import Study


def same(one: PurchaseStates, other: PurchaseStates) -> None:
    for field in fields(PurchaseStates):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(theirs, np.ndarray):
            assert mine.dtype == theirs.dtype, field.name
            assert np.array_equal(mine, theirs, equal_nan=theirs.dtype.kind == "f"), field.name
        else:
            assert mine == theirs or (mine != mine and theirs != theirs), field.name


def bought(free: bool = False) -> PurchaseStates:
    """Three customers, with ids that a table may spoil, one of them after a purchase for nothing."""
    days = pd.to_datetime(["2025-01-01", "2025-01-15", "2025-01-08", "2025-01-20", "2025-01-21"])
    paid = [10.0, 0.0 if free else 0.1 + 0.2, 3.0, 1 / 3, 7.0]
    rows = pd.DataFrame({"customer_id": ["007", "007", "7", "Ж", "Ж"], "date": days, "revenue": paid})
    return purchase_states(rows, as_of=date(2025, 1, 29), per_customer=True)


@pytest.mark.parametrize("free", [False, True])
def test_what_is_read_is_what_was_written(free: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_states, "_ROWS_AT_ONCE", 2)
    states = bought(free)
    write_states(states, tmp_path)
    found = read_states(tmp_path, states.as_of)
    assert found is not None
    assert (found.paid is not None) == free
    same(found, states)
    assert (kept_customers(tmp_path), kept_customers(tmp_path / "nowhere")) == (3, 0)


def test_ids_that_the_states_do_not_hold_come_from_a_table(tmp_path: Path) -> None:
    states = bought()
    write_states(
        replace(states, customer_id=None), tmp_path, ibis.memtable({"customer_id": states.customer_id.tolist()})
    )
    found = read_states(tmp_path, states.as_of)
    assert found is not None
    same(found, states)


def test_histories_of_another_day_are_not_taken_for_todays(tmp_path: Path) -> None:
    states = bought()
    assert read_states(tmp_path, states.as_of) is None
    write_states(states, tmp_path)
    assert read_states(tmp_path, states.as_of - timedelta(days=1)) is None


def test_a_notebook_opens_the_histories_that_the_engine_counts(sample: Study) -> None:
    assert (sample.prepared.folder / "states" / "ids.parquet").is_file()
    same(sample.states(), states_of_study(sample.file, sample.purchases, sample.as_of))
