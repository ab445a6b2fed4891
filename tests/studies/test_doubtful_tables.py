"""From a caution about a table to the grade of what rests on it: campaigns, programmes and forecasts of whole studies."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.engine.embedded import connect
from cxvalue.findings.finding import Finding, read_findings
from cxvalue.foundation.errors import BadInput
from cxvalue.questions.campaigns import campaign_data, campaign_result, with_cautions
from cxvalue.questions.programmes.measure import StudyTables
from cxvalue.tables.load import load_tables
from cxvalue.workspace.opened import Study
from cxvalue.workspace.preflight import fit_declared
from cxvalue.workspace.prepared import Prepared
from tests.damage import TODAY, Tables, sound, write


def damaged(kind: str, table: str, every: int = 2) -> Tables:
    """A sound study in which the customers of one table have zeros in front, every second of them."""
    tables = {name: [dict(row) for row in rows] for name, rows in sound(kind).items()}
    for row in tables[table][::every]:
        row["customer_id"] = f"000{row['customer_id']}"
    return tables


def test_a_campaign_whose_contacts_are_half_unknown_loses_a_grade(tmp_path: Path) -> None:
    con = connect()
    loaded = load_tables(write("shop", damaged("shop", "contacts"), tmp_path), None, TODAY, tmp_path / "out", con)
    found = {name: con.read_parquet(path) for name, path in loaded.paths.items()}
    data = campaign_data(
        found["contacts"], found["purchases"], name="wake", control="held_out", window_days=60, as_of=loaded.as_of
    )
    before = campaign_result(data)
    after = with_cautions(before, loaded.cautions)
    assert (before.grade, after.grade) == ("A", "B")
    assert "000" not in after.checks[-1].detail
    assert "ids: {strip_leading_zeros: true}" in after.checks[-1].detail
    assert with_cautions(before, ()) is before


def test_a_programme_whose_customers_are_half_unknown_loses_a_grade(tmp_path: Path) -> None:
    con = connect()
    study = write("branches", damaged("branches", "customers"), tmp_path)
    loaded = load_tables(study, None, TODAY, tmp_path / "out", con)
    found = {name: con.read_parquet(path) for name, path in loaded.paths.items()}
    tables = StudyTables(study, found.get, loaded.as_of, loaded.observed_from)
    before = fit_declared(tables).programmes[0].effect
    after = fit_declared(tables, loaded.cautions).programmes[0].effect
    assert "ABCDE".index(after.grade) == "ABCDE".index(before.grade) + 1
    assert after.estimate == pytest.approx(before.estimate, rel=1e-12)


@pytest.mark.parametrize("unit", ["branch", "customer_id"])
def test_a_roll_out_that_knows_nobody_is_refused_in_words(tmp_path: Path, unit: str) -> None:
    con = connect()
    tables = {name: [dict(row) for row in rows] for name, rows in sound("branches").items()}
    for row in tables["rollout"]:
        row["unit"] = f"shop {row['unit']}"
    study = write("branches", tables, tmp_path)
    one = study.programmes[0].model_copy(update={"unit": unit})
    study = study.model_copy(update={"programmes": (one,)})
    loaded = load_tables(study, None, TODAY, tmp_path / "out", con)
    found = {name: con.read_parquet(path) for name, path in loaded.paths.items()}
    with pytest.raises(BadInput, match=r"programmes\.svc"):
        fit_declared(StudyTables(study, found.get, loaded.as_of, loaded.observed_from))


def test_what_a_notebook_hands_over_loses_a_grade_too(tmp_path: Path) -> None:
    study = write("shop", damaged("shop", "transactions", every=3), tmp_path)
    loaded = load_tables(study, None, TODAY, tmp_path / "out")
    assert {one.kind for one in loaded.cautions} == {"ids_alike", "ids_do_not_match"}
    opened = Study(Prepared(tmp_path, study, loaded.as_of, "f", {}, loaded, {}), tmp_path / "work")
    opened.publish(
        "20_cltv", findings=[Finding("cltv.equity", "Equity", 1.0, grade="C"), Finding("data.rows", "Rows", 2)]
    )
    handed = {one.id: one for one in read_findings(tmp_path / "work" / "20_cltv")}
    assert handed["cltv.equity"].grade == "D"
    assert "would be 300" in handed["cltv.equity"].method
    assert handed["data.rows"].grade is None
