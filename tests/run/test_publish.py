"""Publishing: what is in a report, what never is, and that readers see whole reports only."""

from __future__ import annotations

import csv
import os
import stat
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from cxvalue.findings.finding import Finding, write_findings
from cxvalue.foundation.errors import CxvalueError, RunFailed
from cxvalue.language.words import words_for
from cxvalue.report.page_model import NotebookOutcome, PageNotes
from cxvalue.run import folders
from cxvalue.run.execute import NotebookRun
from cxvalue.run.folders import claimed, new_run_id, point_link_at, write_in_one_step
from cxvalue.run.manifest import parameters
from cxvalue.run.pseudonyms import KEY_VARIABLE, Pseudonyms, publish_table
from cxvalue.run.publish import publish, write_index
from cxvalue.run.record import RunRecord
from cxvalue.study import load_study_file
from cxvalue.tables.cautions import Caution
from tests.runfixtures import Workshop, reading

CUSTOMERS = pd.DataFrame({"customer_id": ["C1", "C2", "C1", None], "cltv": [10.0, 20.5, 30.0, None]})


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def handed_over(work: Path, name: str, *findings: Finding) -> NotebookRun:
    """Leave in the work folder what a notebook leaves there."""
    for part in ("tables", "figures", "private"):
        (work / name / part).mkdir(parents=True, exist_ok=True)
    write_findings(findings, work / name)
    (work / "executed").mkdir(exist_ok=True)
    run = NotebookRun(name, 1.5, work / "executed" / f"{name}.published.ipynb", work / "executed" / f"{name}.html")
    run.notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    run.page.write_text("<p>page</p>")
    return run


def record(shop: Workshop, *runs: NotebookRun, name: str = "small", **changes: object) -> RunRecord:
    pseudonymise = bool(changes.pop("pseudonymise", True))
    settings: dict[str, object] = {
        "run_id": new_run_id(),
        "study": load_study_file(shop.study(name, pseudonymise=pseudonymise, path=str(shop.folder / "orders.csv"))),
        "as_of": date(2026, 6, 30),
        "made": datetime(2026, 7, 1, 8, 30, tzinfo=UTC),
        "partial": False,
        "work": shop.folder / "work",
        "runs": runs,
        "outcomes": (
            *(NotebookOutcome(run.name, run.name, "done") for run in runs),
            NotebookOutcome("40_reactivation", "Who came back?", "not_run", "not part of this version"),
        ),
        "notes": PageNotes(),
        "fingerprint": "f" * 64,
        "inputs": {"study.yml": "0" * 64},
        "version": "9.9",
        **changes,
    }
    return RunRecord(**settings)  # type: ignore[arg-type]


def a_run(shop: Workshop, **changes: object) -> RunRecord:
    work = shop.folder / "work"
    run = handed_over(work, "20_cltv", Finding("cltv.equity", "Equity", 5.0, 4.0, 6.0, 0.95, "USD", text="It is 5."))
    CUSTOMERS.to_parquet(work / "20_cltv" / "tables" / "customers.parquet", index=False)
    (work / "20_cltv" / "tables" / "models.csv").write_text("model,estimate\nnbd,1\n")
    return record(shop, run, **changes)


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_the_manifest_says_how_it_was_made_and_names_no_machine(shop: Workshop) -> None:
    folder = publish(a_run(shop), shop.reports)
    about = reading(folder / "manifest.json")
    assert about["study"] == "small"
    assert about["as_of"] == "2026-06-30"
    assert about["made"] == "2026-07-01T08:30:00+00:00"
    assert about["cxvalue"] == "9.9"
    assert about["seed"] == 1
    assert about["packages"]["duckdb"]
    assert about["parameters"]["tables"]["transactions"]["path"] == "orders.csv"
    assert about["parameters"]["horizon_months"] == 24
    assert about["inputs"] == {"fingerprint": "f" * 64, "sha256": {"study.yml": "0" * 64}}
    assert about["notebooks"][1]["reason"] == "not part of this version"
    assert about["seconds"]["notebooks"] == {"20_cltv": 1.5}
    assert about["not_made"] == {"case.xlsx": "the study has no business case"}
    assert {"report.pdf", "deck.pptx"} <= {*about["files"]}
    assert about["pseudonyms"] == {"applied": True, "key": "made for this run"}
    for path in folder.rglob("*"):
        if path.is_file():
            assert str(shop.folder).encode() not in path.read_bytes(), path


def test_the_manifest_lists_the_cautions_without_what_is_private(shop: Workshop) -> None:
    said = Caution("dominant_id", "transactions", "customer_id", 9, 0.3, "One id holds 30%.", True, private="K77")
    folder = publish(a_run(shop, notes=PageNotes(cautions=(said,))), shop.reports)
    expected = {"kind": "dominant_id", "table": "transactions", "column": "customer_id", "rows": 9, "share": 0.3}
    assert reading(folder / "manifest.json")["cautions"] == [{**expected, "text": "One id holds 30%."}]
    assert "One id holds 30%." in (folder / "index.html").read_text(encoding="utf-8")
    assert all(b"K77" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_absolute_paths_of_a_study_become_file_names(shop: Workshop) -> None:
    study = load_study_file(shop.study(path=r"C:\Users\me\orders.csv"))
    assert parameters(study)["tables"]["transactions"]["path"] == "orders.csv"


def test_published_ids_are_pseudonyms_that_only_the_key_can_make(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sesame")
    folder = publish(a_run(shop), shop.reports)
    ids = pd.read_parquet(folder / "tables" / "customers.parquet")["customer_id"].tolist()
    one = Pseudonyms(b"sesame", "")
    assert ids[:3] == [one("C1"), one("C2"), one("C1")]
    assert pd.isna(ids[3])
    beside = pd.read_csv(folder / "tables" / "customers.csv")
    assert beside["customer_id"].tolist()[:3] == ids[:3]
    assert beside["cltv"].tolist()[:3] == [10.0, 20.5, 30.0]
    assert (folder / "tables" / "models.csv").read_text() == "model,estimate\nnbd,1\n"
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"sesame" not in everything
    assert reading(folder / "manifest.json")["pseudonyms"]["key"] == "environment"


@pytest.mark.parametrize("key", [b"k", b"longer than a block of the hash " * 4])
def test_a_column_gets_the_pseudonym_of_each_id(key: bytes) -> None:
    one = Pseudonyms(key, "")
    column = one.column(pa.array(["C1", None, "Ж", "C1", ""]))
    assert column.to_pylist() == [one("C1"), None, one("Ж"), one("C1"), one("")]


def test_without_a_key_every_run_makes_its_own(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    one, other = (publish(a_run(shop), shop.reports) for _ in range(2))
    read = [pd.read_parquet(folder / "tables" / "customers.parquet")["customer_id"] for folder in (one, other)]
    assert read[0][0] != read[1][0]
    assert read[0][0] == read[0][2]


def test_real_ids_are_published_only_when_the_study_says_so(shop: Workshop) -> None:
    folder = publish(a_run(shop, pseudonymise=False), shop.reports)
    assert pd.read_parquet(folder / "tables" / "customers.parquet")["customer_id"].tolist()[:2] == ["C1", "C2"]


def test_ids_in_text_tables_are_replaced_too(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text('name,customer_id\n"a,b",C1\nc,\n', encoding="utf-8")
    (tmp_path / "out").mkdir()
    key = Pseudonyms(b"k", "")
    publish_table(tmp_path / "list.csv", tmp_path / "out", key)
    with (tmp_path / "out" / "list.csv").open(newline="") as written:
        assert list(csv.reader(written)) == [["name", "customer_id"], ["a,b", key("C1")], ["c", ""]]


def test_a_table_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.xlsx").touch()
    with pytest.raises(CxvalueError, match=r"list.xlsx cannot be published. Allowed: '.parquet', '.csv'"):
        publish_table(tmp_path / "list.xlsx", tmp_path, None)


def test_a_large_table_gets_no_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxvalue.run.pseudonyms.ROWS_OF_A_SMALL_TABLE", 3)
    CUSTOMERS.to_parquet(tmp_path / "customers.parquet", index=False)
    (tmp_path / "out").mkdir()
    publish_table(tmp_path / "customers.parquet", tmp_path / "out", None)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["customers.parquet"]


def test_texts_from_data_are_inert_in_the_csv_beside_a_table_and_as_they_are_in_the_table(tmp_path: Path) -> None:
    names = ["=cmd|'/C calc'!A0", "@x", "+1-1", "-5", "plain", None]
    frame = pd.DataFrame({"customer_id": names, "=segment": names, "amount": [-1.5, 2, 3, 4, 5, 6]})
    frame.to_parquet(tmp_path / "customers.parquet", index=False)
    (tmp_path / "out").mkdir()
    publish_table(tmp_path / "customers.parquet", tmp_path / "out", None)
    with (tmp_path / "out" / "customers.csv").open(newline="") as written:
        head, *rows = csv.reader(written)
    assert head == ["customer_id", "'=segment", "amount"]
    assert [row[1] for row in rows] == ["'=cmd|'/C calc'!A0", "'@x", "'+1-1", "-5", "plain", ""]
    assert rows[0][2] == "-1.5"
    published = pd.read_parquet(tmp_path / "out" / "customers.parquet")
    assert published["=segment"].tolist()[:5] == names[:5]


def test_keep_takes_away_what_is_older_with_its_private_lists(shop: Workshop) -> None:
    made = []
    for number in range(4):
        one = a_run(shop, made=datetime(2026, 7, 1 + number, 8, tzinfo=UTC))
        kept = one.study.model_copy(update={"keep": 2})
        made.append(publish(replace(one, study=kept), shop.reports))
        (shop.reports / "small" / "private" / made[-1].name).mkdir(parents=True, exist_ok=True)
    assert shop.published() == sorted(made[2:])
    assert sorted(path.name for path in (shop.reports / "small" / "private").iterdir()) == sorted(
        path.name for path in made[2:]
    )
    assert os.readlink(shop.reports / "small" / "latest") == made[-1].name
    assert not list((shop.reports / "small").glob(".staging*"))
    # A clock that went back: what was just published stays, and latest leads to it.
    one = a_run(shop, made=datetime(2020, 1, 1, tzinfo=UTC))
    back = publish(replace(one, study=one.study.model_copy(update={"keep": 1})), shop.reports)
    assert os.readlink(shop.reports / "small" / "latest") == back.name
    assert back in shop.published()
    # A partial run takes nothing away.
    some = a_run(shop, partial=True)
    publish(replace(some, study=some.study.model_copy(update={"keep": 1})), shop.reports)
    assert len(shop.published()) == 3


def test_private_lists_are_for_their_owner_only(shop: Workshop) -> None:
    run = a_run(shop)
    (run.work / "20_cltv" / "private" / "call.csv").write_text("customer_id\nC1\n")
    folder = publish(run, shop.reports)
    private = shop.reports / "small" / "private" / folder.name
    assert (private / "call.csv").read_text() == "customer_id\nC1\n"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert modes(private) == {0o600}
    assert "private" not in (folder / "index.html").read_text()
    assert not list(folder.rglob("call.csv"))


@pytest.mark.parametrize("part", ["tables", "figures", "private"])
def test_two_notebooks_cannot_publish_one_file(shop: Workshop, part: str) -> None:
    work = shop.folder / "work"
    runs = [handed_over(work, name) for name in ("20_a", "30_b")]
    for run in runs:
        (work / run.name / part / "same.csv").touch()
    with pytest.raises(RunFailed, match=f"20_a and 30_b both publish {part}/same.csv"):
        publish(record(shop, *runs), shop.reports)
    assert not shop.published()


def test_two_notebooks_cannot_publish_one_finding(shop: Workshop) -> None:
    work = shop.folder / "work"
    runs = [handed_over(work, name, Finding("base.n", "N", 1, unit="customers")) for name in ("20_a", "30_b")]
    with pytest.raises(RunFailed, match=r"20_a and 30_b both publish the finding 'base.n'"):
        publish(record(shop, *runs), shop.reports)
    assert not shop.published()
    assert not (shop.reports / "index.html").exists()


def test_findings_say_which_notebook_they_are_from(shop: Workshop) -> None:
    assert reading(publish(a_run(shop), shop.reports) / "findings.json")[0]["notebook"] == "20_cltv"


def test_a_listed_figure_without_a_file_is_refused(shop: Workshop) -> None:
    run = a_run(shop)
    (run.work / "20_cltv" / "figures" / "figures.json").write_text('[{"name": "f", "title": "F", "caption": "c"}]')
    with pytest.raises(RunFailed, match="20_cltv lists the figure 'f' but left no file for it"):
        publish(run, shop.reports)


def test_latest_is_a_relative_link_and_stays_for_a_partial_run(shop: Workshop) -> None:
    first = publish(a_run(shop), shop.reports)
    latest = shop.reports / "small" / "latest"
    assert os.readlink(latest) == first.name
    publish(a_run(shop, partial=True), shop.reports)
    assert os.readlink(latest) == first.name
    third = publish(a_run(shop), shop.reports)
    assert os.readlink(latest) == third.name
    assert len(shop.published()) == 3


@pytest.mark.parametrize("step", ["_assemble", "sync_tree", "point_link_at", "write_index"])
def test_whenever_publishing_breaks_every_visible_report_is_whole(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = publish(a_run(shop), shop.reports)
    index = (shop.reports / "index.html").read_text()

    def broken(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(f"cxvalue.run.publish.{step}", broken)
        with pytest.raises(OSError, match="No space left"):
            publish(a_run(shop), shop.reports)
    shelf = shop.reports / "small"
    assert not list(shelf.glob(".staging*"))
    assert all((folder / "manifest.json").is_file() for folder in shop.published())
    assert (shelf / "latest").resolve() in {folder.resolve() for folder in shop.published()}
    assert (shop.reports / "index.html").read_text() == index
    if step != "write_index":
        assert os.readlink(shelf / "latest") == before.name


def test_a_report_that_cannot_be_read_is_named_in_the_index(shop: Workshop) -> None:
    folder = publish(a_run(shop), shop.reports)
    (folder / "manifest.json").write_text("{")
    write_index(shop.reports)
    assert "its latest report cannot be read; run it again" in (shop.reports / "index.html").read_text()


def test_the_index_is_in_the_language_that_all_reports_have(shop: Workshop) -> None:
    russian = a_run(shop)
    publish(replace(russian, study=russian.study.in_language("ru")), shop.reports)
    index = (shop.reports / "index.html").read_text(encoding="utf-8")
    assert '<html lang="ru">' in index
    assert "30 июня 2026 г." in index
    assert words_for("ru")["index_title"] in index
    publish(a_run(shop, name="other"), shop.reports)
    index = (shop.reports / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in index
    assert index.count('<tr lang="ru">') == 1
    assert "30 июня 2026 г." in index
    assert "30 June 2026" in index
    (shop.reports / "other" / "latest" / "manifest.json").write_text("{")
    write_index(shop.reports)
    assert "последний отчёт не читается" in (shop.reports / "index.html").read_text(encoding="utf-8")


def test_what_a_dead_run_left_is_removed_and_a_living_one_is_not_disturbed(tmp_path: Path) -> None:
    dead = tmp_path / ".staging-dead"
    dead.mkdir()
    (dead / ".lock").touch()
    (tmp_path / ".staging-nameless").mkdir()
    with claimed(tmp_path, ".staging-a", prefix=".staging-") as living:
        assert not dead.exists()
        with claimed(tmp_path, ".staging-b", prefix=".staging-"):
            assert living.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == [folders.LOCK_NAME]


def test_run_ids_sort_by_time() -> None:
    early = new_run_id(datetime(2026, 7, 1, 9, 59, 59, tzinfo=UTC))
    late = new_run_id(datetime(2026, 7, 1, 10, 0, 0, tzinfo=UTC))
    assert early < late
    assert late.startswith("20260701T100000Z-")
    assert len({new_run_id() for _ in range(50)}) == 50


def test_a_replacement_that_fails_leaves_the_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "index.html"
    write_in_one_step(page, "old")
    monkeypatch.setattr(folders, "sync", lambda path: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_in_one_step(page, "new")
    assert page.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_a_link_is_replaced_in_one_step(tmp_path: Path) -> None:
    for target in ("one", "two"):
        point_link_at(tmp_path / "latest", target)
        assert os.readlink(tmp_path / "latest") == target
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_the_index_says_what_the_headline_was_in_earlier_complete_reports(shop: Workshop) -> None:
    def published(month: int, value: float, unit: str = "USD", *, partial: bool = False) -> None:
        finding = Finding("cltv.equity", "Equity", value, 0.0, 10.0, 0.95, unit, text="It is so much.")
        day, made = date(2026, month, 28), datetime(2026, month + 1, 1, tzinfo=UTC)
        run = handed_over(shop.folder / "work", "20_cltv", finding)
        publish(record(shop, run, as_of=day, made=made, partial=partial), shop.reports)

    def index() -> str:
        return (shop.reports / "index.html").read_text(encoding="utf-8")

    published(2, 4.6)
    assert "from USD" not in index()
    published(3, 9.0, partial=True)
    published(4, 5.0)
    assert "▲ from USD 4.60" in index()
    assert "28 February 2026" in index()
    published(5, 4.5)
    assert "▼ from USD 5.00" in index()
    assert "28 February 2026: USD 4.60; 28 April 2026: USD 5.00; 28 May 2026: USD 4.50" in index()
    assert "9.00" not in index(), "a partial run is no report"
    published(6, 4.0, "EUR")
    assert "from USD" not in index(), "another currency"
