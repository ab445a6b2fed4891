"""Preparing a study once: keyed by what went in, opened by hand or by a run, published only by a run."""

from __future__ import annotations

import json
import os
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from cxvalue.findings.finding import Finding, read_findings
from cxvalue.foundation.errors import BadInput, CxvalueError, OutOfTime
from cxvalue.study import find_study, load_study_file
from cxvalue.study.fingerprints import hash_of_inputs
from cxvalue.workspace import prepared as workspace
from cxvalue.workspace.check import check
from cxvalue.workspace.opened import Study, load_study
from cxvalue.workspace.prepared import open_run, prepare

STUDY = """name: {name}
currency: EUR
as_of: 2025-12-31
gross_margin: 0.5
annual_discount_rate: 0.1
horizon_months: 12
dormancy: {{days: 90}}
cltv: {{models: bg_nbd}}
tables:
  transactions: {{path: orders.csv}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small study with repeat purchases."""
    made = tmp_path / "tiny"
    made.mkdir()
    rows = [
        (f"c{n}", pd.Timestamp("2025-01-05") + pd.Timedelta(days=d), 10 + n) for n in range(40) for d in (0, n, 3 * n)
    ]
    pd.DataFrame(rows, columns=["customer_id", "date", "revenue"]).to_csv(made / "orders.csv", index=False)
    (made / "study.yml").write_text(STUDY.format(name="tiny"), encoding="utf-8")
    return made


nobody_is_valued = pytest.mark.usefixtures("without_forecast")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test."""
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@nobody_is_valued
def test_the_same_inputs_are_prepared_once(folder: Path) -> None:
    first = prepare(find_study(folder))
    made = (first.folder / "prepared.json").stat().st_mtime_ns
    again = prepare(find_study(folder))
    assert again.folder == first.folder
    assert (again.folder / "prepared.json").stat().st_mtime_ns == made


@nobody_is_valued
def test_any_change_of_inputs_is_prepared_anew(folder: Path) -> None:
    folders = {prepare(find_study(folder)).folder, prepare(find_study(folder), date(2025, 11, 30)).folder}
    with (folder / "orders.csv").open("a") as stream:
        stream.write("c1,2025-12-30,9\n")
    folders.add(prepare(find_study(folder)).folder)
    (folder / "study.yml").write_text(STUDY.format(name="tiny") + "level: 0.9\n", encoding="utf-8")
    folders.add(prepare(find_study(folder)).folder)
    assert len(folders) == 4


def test_every_file_of_a_pattern_and_the_exchange_rates_are_inputs(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "orders.csv").write_text("customer_id,date,revenue,currency\n1,2025-02-01,5,USD\n")
    (folder / "orders.csv").write_text("customer_id,date,revenue,currency\n1,2025-01-01,5,EUR\n")
    (folder / "rates.csv").write_text("currency,date,rate\nUSD,2025-01-01,0.9\n")
    text = STUDY.format(name="tiny").replace("orders.csv", '"**/orders*.csv"')
    (folder / "study.yml").write_text(f"{text}exchange_rates: {{path: rates.csv}}\n", encoding="utf-8")
    seen = [hash_of_inputs(load_study_file(find_study(folder)))]
    assert {"transactions: more/orders.csv", "transactions: orders.csv", "exchange_rates: rates.csv"} <= set(seen[0])
    for changed in ("more/orders.csv", "orders.csv", "rates.csv"):
        text = (folder / changed).read_text()
        (folder / changed).write_text(text.replace("5,USD", "6,USD").replace("5,EUR", "6,EUR").replace("0.9", "0.8"))
        seen.append(hash_of_inputs(load_study_file(find_study(folder))))
    assert len({tuple(sorted(one.items())) for one in seen}) == 4


def test_files_of_one_name_in_folders_of_one_name_are_two_inputs(folder: Path, tmp_path: Path) -> None:
    paths = [tmp_path / place / "in" / "orders.csv" for place in ("one", "two")]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text("customer_id,date,revenue\n1,2025-01-01,5\n")
    text = STUDY.format(name="tiny").replace("orders.csv", f"{tmp_path}/*/in/orders.csv")
    (folder / "study.yml").write_text(text, encoding="utf-8")
    before = hash_of_inputs(load_study_file(find_study(folder)))
    assert len(before) == 3
    for path in paths:
        path.write_text(path.read_text() + "2,2025-01-02,5\n")
        after = hash_of_inputs(load_study_file(find_study(folder)))
        assert after != before
        before = after


@nobody_is_valued
def test_a_preparation_is_not_taken_on_a_day_that_reads_the_tables_differently(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Calendar(date):
        now = date(2025, 5, 25)

        @classmethod
        def today(cls) -> date:
            return cls.now

    monkeypatch.setattr(workspace, "date", Calendar)
    text = STUDY.format(name="tiny").replace("2025-12-31", "latest_complete_month")
    (folder / "study.yml").write_text(text, encoding="utf-8")
    rows = [f"c{day % 9},2025-{month:02}-{day:02},10" for month in range(1, 6) for day in range(1, 25)]
    (folder / "orders.csv").write_text("\n".join(["customer_id,date,revenue", *rows, ""]))
    first = prepare(find_study(folder))
    assert (first.as_of, first.tables.same_until) == (date(2025, 4, 30), date(2025, 5, 31))
    Calendar.now = date(2025, 5, 31)
    assert prepare(find_study(folder)).folder == first.folder
    Calendar.now = date(2025, 6, 1)
    turned = prepare(find_study(folder))
    assert (turned.as_of, turned.folder != first.folder) == (date(2025, 5, 31), True)
    assert prepare(find_study(folder)).folder == turned.folder


@nobody_is_valued
def test_as_of_from_the_command_line_counts(folder: Path) -> None:
    study = load_study(folder, as_of="2025-06-30")
    assert study.as_of == date(2025, 6, 30)
    assert study.purchases.date.max().to_pyarrow().as_py() <= date(2025, 6, 30)


def test_by_hand_everything_is_there_and_nothing_is_published(folder: Path, tmp_path: Path) -> None:
    study = load_study(folder)
    assert study.states().customers == 40
    assert study.cltv.forecast in {"nbd", "bg_nbd", "mbg_nbd", "pareto_nbd"}
    assert study.table("transactions").count().to_pyarrow().as_py() == 120
    with pytest.raises(CxvalueError, match=r"has no table 'offers'; it has purchases, transactions"):
        study.table("offers")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert "nothing was published" in study.publish("20_cltv")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


@nobody_is_valued
def test_a_run_gets_what_a_notebook_hands_over_and_the_mark_comes_last(folder: Path, tmp_path: Path) -> None:
    from cxvalue import figures

    work = tmp_path / "work"
    prepared = prepare(find_study(folder))
    open_run(prepared, work)
    study = load_study("whatever the parameter says", work=work)
    assert study.name == "tiny"
    table = pd.DataFrame({"a": [1]})
    said = study.publish(
        "10_x",
        findings=[Finding("base.customers", "Customers", 40, unit="customers")],
        tables={"a.csv": table, "b.parquet": table},
        figures={"f": (figures.value_distribution([1.0, 2.0], "EUR"), "Title", "Caption")},
    )
    assert said == "Handed to the run: findings: 1, tables: 2, figures: 1."
    left = work / "10_x"
    assert read_findings(left)[0].value == 40
    assert sorted(path.name for path in (left / "tables").iterdir()) == ["a.csv", "b.parquet"]
    assert {path.name for path in (left / "figures").iterdir()} == {"f.svg", "f.png", "figures.json"}
    assert json.loads((left / "figures" / "figures.json").read_text())[0]["caption"] == "Caption"
    assert (left / "done.json").stat().st_mtime_ns == max(p.stat().st_mtime_ns for p in left.rglob("*") if p.is_file())


@nobody_is_valued
def test_private_lists_keep_their_ids_and_are_for_their_owner(folder: Path, tmp_path: Path) -> None:
    open_run(prepare(find_study(folder)), tmp_path / "work")
    study = load_study(folder, work=tmp_path / "work")
    said = study.publish("30_x", private={"calls.csv": pd.DataFrame({"customer_id": ["c1"], "rank": [1]})})
    assert said == "Handed to the run: findings: 0, tables: 0, figures: 0, 1 private list."
    left = tmp_path / "work" / "30_x" / "private"
    assert (left / "calls.csv").read_text() == "customer_id,rank\nc1,1\n"
    assert (left.stat().st_mode & 0o777, (left / "calls.csv").stat().st_mode & 0o777) == (0o700, 0o600)
    with pytest.raises(CxvalueError, match=r"The private list 'calls.parquet' .* must end with '.csv'"):
        study.publish("30_y", private={"calls.parquet": pd.DataFrame()})
    assert not (tmp_path / "work" / "30_y").exists()


@nobody_is_valued
def test_a_study_file_edited_during_a_run_does_not_change_the_run(folder: Path, tmp_path: Path) -> None:
    open_run(prepare(find_study(folder)), tmp_path / "work")
    (folder / "study.yml").write_text("nonsense", encoding="utf-8")
    assert load_study(folder, work=tmp_path / "work").file.horizon_months == 12


def test_what_cannot_be_fitted_is_said_and_the_rest_is_prepared(folder: Path) -> None:
    (folder / "orders.csv").write_text("customer_id,date,revenue\na,2025-01-02,5\nb,2025-03-04,6\n")
    prepared = prepare(find_study(folder))
    assert "Nobody bought a second time" in prepared.unavailable["20_cltv"]
    with pytest.raises(CxvalueError, match="Nobody bought a second time"):
        _ = Study(prepared, None).cltv


@pytest.mark.parametrize("step", ["past_of", "fit_cltv"])
def test_a_time_limit_ends_the_preparation_wherever_it_is_hit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """It was taken for what the models refused, and a report without lifetime values was published in its name."""

    def late(*arguments: object, **options: object) -> None:
        raise OutOfTime("it took longer than --timeout 1 s")

    monkeypatch.setattr(f"cxvalue.questions.lifetime_value.forecast.{step}", late)
    with pytest.raises(OutOfTime, match="--timeout 1 s"):
        prepare(find_study(folder))


def test_contractual_customers_are_not_valued_by_models_without_contracts(folder: Path) -> None:
    text = STUDY.format(name="tiny") + "contract: contractual\n"
    (folder / "study.yml").write_text(text, encoding="utf-8")
    assert not (prepare(find_study(folder)).folder / "cltv.json").exists()


def test_bad_data_leaves_nothing_in_the_cache(folder: Path, cache: Path) -> None:
    (folder / "orders.csv").write_text("customer_id,date,revenue\n,2025-01-02,5\nb,soon,6\n")
    with pytest.raises(BadInput, match="2 problems found"):
        prepare(find_study(folder))
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_check_says_what_there_is_and_writes_nothing(folder: Path, cache: Path) -> None:
    said = check(find_study(folder))
    assert "tiny: the study file and its tables can be read. To look at first: 1." in said
    assert "The data end on 2 May 2025, 243 days before the last day observed" in said
    assert "5 January 2025 to 31 December 2025" in said
    assert not cache.exists()


@nobody_is_valued
def test_old_preparations_are_forgotten_but_not_those_a_run_may_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [date(2025, 12, day) for day in (1, 2, 3, 4)]
    kept = [prepare(find_study(folder), day).folder for day in days]
    assert all(path.is_dir() for path in kept)
    for path in kept[:2]:
        os.utime(path, (time.time() - 2 * workspace.LONGEST_RUN_S,) * 2)
    newest = prepare(find_study(folder), date(2025, 12, 5)).folder
    assert [path.is_dir() for path in (*kept, newest)] == [False, False, True, True, True]
