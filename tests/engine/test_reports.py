"""A report with a campaign, offers and a roll-out says the same whether its tables lie in files or in an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyarrow.parquet import read_table

from cxvalue.engine.prints import hash_of_everything
from cxvalue.study import load_study_file
from tests.engine.helpers import AnyEngine, loaded
from tests.engine.reports import company, counted, differences, report_of, study_in, study_of_files, with_refunds

MOST_CALLS = 30
ASKED_ALONE = ("40_reactivation", "70_programmes")


@pytest.mark.parametrize(
    ("engine", "customers", "only"),
    [
        pytest.param("postgres", 200, ASKED_ALONE, marks=pytest.mark.postgres, id="postgres"),
        pytest.param("postgres", 400, (), marks=pytest.mark.postgres, id="postgres-whole"),
        pytest.param("spark", 200, (), marks=pytest.mark.spark, id="spark-whole"),
    ],
    indirect=["engine"],
)
def test_a_report_is_the_same_from_files_and_from_an_engine(
    engine: AnyEngine, customers: int, only: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))
    settings, tables = company(customers)
    files = report_of(study_of_files(tmp_path / "files", settings, tables), tmp_path / "of_files", only)
    study = study_in(engine, tmp_path / "there", settings, tables)
    with counted() as calls:
        there = report_of(study, tmp_path / "of_there", only)
    assert len(calls) <= MOST_CALLS
    kinds = {name.partition(".")[0] for name in files.findings}
    assert kinds >= {"reactivation", "programme"}
    assert differences(files, there) == []


def test_a_ledger_with_refunds_takes_no_more_questions(engine: AnyEngine, tmp_path: Path) -> None:
    settings, tables = company(60)
    tables["transactions"] = with_refunds(tables["transactions"])
    files = load_study_file(study_of_files(tmp_path / "files", settings, tables), None)
    there = load_study_file(study_in(engine, tmp_path / "there", settings, tables), None)
    with counted() as calls:
        hash_of_everything(there), hash_of_everything(there)  # a report asks twice whether anything changed
        made = loaded(there)
    assert len(calls) <= MOST_CALLS
    of_files = loaded(files)
    assert {one.what: one.rows for one in made.counts} == {one.what: one.rows for one in of_files.counts}
    assert any(one.kind == "netted" for one in made.counts)
    one, other = (read_table(each.paths["purchases"]) for each in (of_files, made))
    assert one.select(["customer_id", "date", "lines"]) == other.select(["customer_id", "date", "lines"])
    for name in ("revenue", "margin"):
        assert one[name].to_numpy() == pytest.approx(other[name].to_numpy(), rel=1e-9)


def test_what_differs_is_told() -> None:
    from tests.engine.reports import Report

    finding: dict[str, Any] = {"id": "a.b", "value": 1.0, "grade": "A", "sentence": "1"}
    report = Report({"a.b": finding}, {}, {})
    assert differences(report, report) == []
    for other in ({"value": 1.00001}, {"grade": "B"}, {"value": None}):
        assert differences(report, Report({"a.b": finding | other}, {}, {})) != []
    assert differences(report, Report({}, {}, {})) != []
