"""Scores after the report: whatever fails there, the report stands, one line says so, and the next run writes again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cxvalue.engine.warehouse import Warehouse
from cxvalue.foundation.errors import OutOfTime
from cxvalue.run.study_run import RunResult, run_study
from cxvalue.run.write_back import is_written, write_back
from cxvalue.study import load_study_file
from tests.run.test_publish import CUSTOMERS, a_run
from tests.runfixtures import Workshop, publishing

SECRET = "hunter2-planted"
VARIABLE = "CXVALUE_TEST_WRITTEN"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A study of a warehouse at which nobody answers."""
    monkeypatch.setenv(VARIABLE, f"postgresql://u:{SECRET}@127.0.0.1:1/d?connect_timeout=1")
    made = Workshop(tmp_path)
    into_engine(made.study(), "crm.scores")
    CUSTOMERS.to_parquet(tmp_path / "given.parquet", index=False)
    hands = (
        f"import shutil; shutil.copyfile({str(tmp_path / 'given.parquet')!r}, folder / 'tables' / 'customers.parquet')"
    )
    made.notebook("10_made", publishing("10_made", extra=hands), publish=False)
    return made


def into_engine(path: Path, table: str) -> Path:
    text = path.read_text().replace("{path: orders.csv}", "{table: sales.lines}")
    path.write_text(f"{text}engine: ${{{VARIABLE}}}\nwork: {{write_back: {table}}}\n")
    return path


def ran(shop: Workshop, *only: str) -> RunResult:
    return run_study(shop.folder / "data" / "small" / "study.yml", project=shop.project(), only=only)


def test_a_server_that_does_not_answer_costs_the_scores_and_not_the_report(shop: Workshop) -> None:
    result = ran(shop)
    assert result.unwritten.startswith("the report is published, but its scores were not written to crm.scores, which")
    assert "no server answers there" in result.unwritten
    assert "\n" not in result.unwritten
    assert (shop.reports / "small" / "latest").resolve() == result.folder.resolve()
    assert not is_written(result.folder, "crm.scores")
    assert not shop.failures()
    (log,) = (shop.reports / "small" / "logs").iterdir()
    assert "not written" in log.read_text()
    for path in shop.folder.rglob("*"):
        assert path.is_dir() or path.is_symlink() or SECRET.encode() not in path.read_bytes(), path


def test_a_part_of_a_report_writes_nothing(shop: Workshop) -> None:
    shop.notebook("20_more")
    result = ran(shop, "10_made")
    assert result.partial
    assert not result.unwritten
    assert not is_written(result.folder, "crm.scores")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OutOfTime("it took longer than --timeout 1 s and was stopped; nothing was published."), "time .* was reached"),
        (MemoryError(SECRET), "MemoryError$"),
        (KeyboardInterrupt(), "it was interrupted"),
    ],
)
def test_whatever_fails_is_one_line(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, error: BaseException, words: str
) -> None:
    def failing(engine: str) -> Warehouse:
        raise error

    monkeypatch.setattr("cxvalue.engine.opening.open_warehouse", failing)
    result = ran(shop)
    assert result.folder.is_dir()
    assert re.search(words, result.unwritten)
    assert SECRET not in result.unwritten
    assert "nothing was published" not in result.unwritten


class Taking(Warehouse):
    """An engine that takes whatever it is given."""

    taken: list[tuple[object, ...]]

    def __init__(self) -> None:
        self.words, self.taken = "an engine", []

    def write_scores(self, named, study, customers, *, run_id, as_of):  # type: ignore[no-untyped-def]
        self.taken.append((named, study, customers.parent.parent.name, customers.parent.name, run_id, as_of))
        return 4

    def close(self) -> None:
        self.taken.append(("left",))


@pytest.mark.parametrize("part", ["tables", "rows"])
def test_the_customers_of_the_run_are_written_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    shop = Workshop(tmp_path)
    run = a_run(shop)
    engine = Taking()
    study = load_study_file(into_engine(shop.study(path="orders.csv"), "crm.scores"))
    run = type(run)(**{**vars(run), "study": study})
    work = run.work / "20_cltv"
    if part == "rows":  # where the report has no row a customer
        (work / "rows").mkdir()
        (work / "tables" / "customers.parquet").rename(work / "rows" / "customers.parquet")
    monkeypatch.setattr("cxvalue.engine.opening.open_warehouse", lambda named: engine)
    folder = tmp_path / "reports" / "small" / run.name
    folder.mkdir(parents=True)
    assert not is_written(folder, "crm.scores")
    assert write_back(run, folder) == (4, "")
    assert engine.taken == [("crm.scores", "small", "20_cltv", part, run.run_id, run.as_of), ("left",)]
    assert is_written(folder, "crm.scores")
    assert not is_written(folder, "crm.others")
    assert not is_written(folder.with_name("another"), "crm.scores")
    assert json.loads((folder.parent / "written_back.json").read_text())["customers"] == 4


def test_a_run_without_values_of_customers_leaves_the_table_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, engine = Workshop(tmp_path), Taking()
    run = a_run(shop)
    study = load_study_file(into_engine(shop.study(path="orders.csv"), "crm.scores"))
    run = type(run)(**{**vars(run), "study": study})
    (run.work / "20_cltv" / "tables" / "customers.parquet").unlink()
    monkeypatch.setattr("cxvalue.engine.opening.open_warehouse", lambda named: engine)
    folder = tmp_path / "reports" / "small" / run.name
    folder.mkdir(parents=True)
    assert write_back(run, folder) == (0, "")
    assert not engine.taken
    assert is_written(folder, "crm.scores")
