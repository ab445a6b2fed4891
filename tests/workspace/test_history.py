"""Earlier published runs: hashes of criteria and promises are found, broken reports are passed over."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from cxvalue.workspace.history import PROMISE_TABLE, collect_history, read_history

HEAD = "programme,criterion,as_of,month,treated_customers,promised,low,high,se\n"


def a_run(shelf: Path, name: str, made: str, criteria: dict[str, str], rows: str = "") -> None:
    (shelf / name / "tables").mkdir(parents=True)
    (shelf / name / "manifest.json").write_text(json.dumps({"made": made, "criteria": criteria}))
    if rows:
        (shelf / name / "tables" / PROMISE_TABLE).write_text(HEAD + rows)


def test_hashes_and_promises_of_earlier_runs_are_found(tmp_path):
    shelf, work = tmp_path / "reports" / "bank", tmp_path / "work"
    work.mkdir()
    month = "2025-07-01,10,{0},{1},{2},5\n"
    a_run(shelf, "2025-06-30-a", "2025-07-02T10:00:00+00:00", {"waiver": "abc"},
          "waiver,abc,2025-06-01," + month.format(100, 90, 110))  # fmt: skip
    later = "waiver,abc,2025-09-01," + month.format(80, 70, 90) + "waiver,xyz,2025-01-01," + month.format(1, 0, 2)
    a_run(shelf, "2025-09-30-b", "2025-10-02T10:00:00+00:00", {"waiver": "abc", "other": "def"}, later)
    collect_history(shelf, work)
    found = read_history(work)
    assert found.criteria == {"abc": date(2025, 7, 2), "def": date(2025, 10, 2)}
    promise = found.promise("waiver", "abc", before=date(2025, 12, 1))
    assert promise.as_of == date(2025, 6, 1)
    assert (promise.months[0].margin, promise.months[0].se) == (100.0, 5.0)
    assert found.promise("waiver", "abc", before=date(2025, 6, 1)) is None
    assert found.promise("waiver", "changed", before=date(2025, 12, 1)) is None


def test_reports_that_cannot_be_read_are_passed_over(tmp_path):
    shelf = tmp_path / "bank"
    a_run(
        shelf, "2025-06-30-a", "2025-07-02T10:00:00+00:00", {"waiver": "abc"}, "waiver,abc,never,2025-07-01,1,x,1,1,1\n"
    )
    (shelf / "2025-07-31-b").mkdir()
    (shelf / "2025-08-31-c").mkdir()
    (shelf / "2025-08-31-c" / "manifest.json").write_text("{")
    (shelf / "2025-09-30-d").mkdir()
    (shelf / "2025-09-30-d" / "manifest.json").write_text('{"made": 5, "criteria": []}')
    a_run(shelf, "failed", "2024-07-02T10:00:00+00:00", {"waiver": "zzz"})
    collect_history(shelf, tmp_path)
    found = read_history(tmp_path)
    assert found.criteria == {"abc": date(2025, 7, 2)}
    assert found.promises == ()


def test_opened_by_hand_there_is_no_history(tmp_path):
    assert read_history(None).criteria == {}
    collect_history(tmp_path / "nothing published", tmp_path)
    assert read_history(tmp_path).promises == ()


def test_the_groups_that_the_last_run_showed_are_found(tmp_path):
    shelf, work = tmp_path / "shop", tmp_path / "work"
    work.mkdir()
    head = "segment,group,customers,rate\n"
    for name, made, rows in (("2025-09-30-b", "2025-10-02", "unit,a,12,0.1\nregion,north,40,0.2\n"),
                             ("2025-12-31-a", "2025-09-02", "unit,a,11,0.1\n")):  # fmt: skip
        a_run(shelf, name, made, {})
        (shelf / name / "manifest.json").write_text(json.dumps({"made": made, "criteria": {}, "as_of": name[:10]}))
        (shelf / name / "tables" / "churn_segments.csv").write_text(head + rows)
    (shelf / "2025-12-31-a" / "tables" / "staff_units.csv").write_text("unit,people,customers\nfirst,9,50\n")
    collect_history(shelf, work)
    found = read_history(work)
    told = found.shown("churn_segments.csv", date(2025, 9, 30))
    assert told.same_day
    assert told.of("unit") == {"a": 12.0}
    assert told.of("region") == {"north": 40.0}
    assert told.of("plan") is None
    assert not found.shown("churn_segments.csv", date(2025, 12, 31)).same_day
    assert found.shown("staff_units.csv", date(2025, 12, 31), "unit").of("unit") == {"first": 50.0}
    assert found.shown("campaign_x_segments.csv", date(2025, 12, 31)).of("unit") is None
