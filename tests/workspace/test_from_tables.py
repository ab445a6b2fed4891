"""A study of tables in memory is the study that its files would be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cxvalue
from cxvalue.foundation.errors import BadInput, CxvalueError

SOLD = pd.DataFrame(
    {
        "customer_id": ["007", "b", "007", "b", "007"],
        "date": pd.to_datetime(
            ["2024-01-01 23:30", "2024-01-02 00:30", "2024-02-01 12:00", "2024-03-01 12:00", "2024-05-01 12:00"]
        ).tz_localize("Asia/Tokyo"),
        "revenue": [1.5, 2.0, 3.0, 4.0, 5.0],
    }
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))


def _study(folder: Path, **changes: Any) -> Any:
    given = {"transactions": SOLD, "currency": "EUR", "gross_margin": 0.4, "as_of": pd.Timestamp("2024-06-30 12:00")}
    return cxvalue.study_from(folder=folder / "s", name="s", **{**given, **changes})


def test_the_study_that_load_study_gives(tmp_path: Path) -> None:
    study = _study(tmp_path)
    again = cxvalue.load_study(tmp_path / "s", as_of="2024-06-30")
    days = study.purchases.order_by(["customer_id", "date"]).to_pandas()
    assert days.equals(again.purchases.order_by(["customer_id", "date"]).to_pandas())
    assert [str(day)[:10] for day in days.date[:2]] == ["2024-01-01", "2024-02-01"]  # the local day, not that of UTC
    assert str(study.as_of) == "2024-06-30"
    assert study.states(as_of="2024-03-31").as_of == study.states(as_of=pd.Timestamp("2024-03-31")).as_of


def test_no_states_after_the_last_day_observed(tmp_path: Path) -> None:
    study = _study(tmp_path)
    assert study.states(as_of="2024-06-30").as_of == study.as_of
    with pytest.raises(BadInput, match=r"2024-07-01 is after the last day observed, 2024-06-30"):
        study.states(as_of="2024-07-01")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"transactions": SOLD.drop(columns="revenue")}, "has no column 'revenue'"),
        ({"gros_margin": 0.4}, "Did you mean 'gross_margin'"),
        ({"customers": 7}, "int is not a table"),
        ({"as_of": "soon"}, "is not a day"),
    ],
)
def test_what_a_study_of_files_would_be_refused_for(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        _study(tmp_path, **changes)


def test_a_study_that_somebody_wrote_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "study.yml").write_text("name: s\n", encoding="utf-8")
    with pytest.raises(CxvalueError, match="was left as it is"):
        _study(tmp_path)
    assert (tmp_path / "s" / "study.yml").read_text(encoding="utf-8") == "name: s\n"
