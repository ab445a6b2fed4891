"""A password in the environment: after every kind of failure it stands in no file, no log, no message."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from cxvalue.cli.commands import main
from cxvalue.run.execute import Limits
from cxvalue.run.study_run import RunStopped, run_study
from tests.hostile.studies import HEAD
from tests.runfixtures import Workshop

SECRET = "hunter2-Tr0ub4dor"
VARIABLE = "CXVALUE_PLANTED"
ROWS = "SELECT 'c' || i % 9 AS customer_id, DATE '2024-01-01' + i::INT AS date, 5.0 AS revenue FROM range(200) t(i)"


def _database(statement: str) -> Callable[[Path], str]:
    """An address whose path holds the secret, of a database in which a statement was run."""

    def made(folder: Path) -> str:
        path = folder / f"{SECRET}.ddb"
        with duckdb.connect(str(path)) as con:
            con.execute(statement)
        return f"duckdb://{path}"

    return made


def _damaged(folder: Path) -> str:
    path = folder / f"{SECRET}.ddb"
    path.write_bytes(b"\x00" * 8 + b"DUCK" + os.urandom(5000))
    return f"duckdb://{path}"


FAILURES: dict[str, tuple[Callable[[Path], str], str]] = {
    "no address at all": (lambda _: SECRET, "cannot be opened"),
    "a kind of database that nobody knows": (lambda _: f"gopher://u:{SECRET}@h/d", "cannot be opened"),
    "a server that refuses": (lambda _: f"postgresql://u:{SECRET}@127.0.0.1:1/d?connect_timeout=1", "cannot be opened"),
    "a server of another make": (lambda _: f"mysql://u:{SECRET}@127.0.0.1:1/d", "cannot be opened"),
    "a port that is none": (lambda _: f"postgresql://u:{SECRET}@h:port/d", "cannot be opened"),
    "an option that is none": (lambda folder: f"duckdb://{folder}/x.ddb?password={SECRET}", "there is no table"),
    "a folder that is not there": (lambda folder: f"duckdb://{folder}/no/{SECRET}.ddb", "cannot be opened"),
    "a damaged database": (_damaged, "cannot be opened"),
    "no such table": (_database("CREATE TABLE other AS SELECT 1 AS a"), "there is no table"),
    "no such column": (_database("CREATE TABLE sales AS SELECT 1 AS a"), "has no column"),
    "rows that fail while they are read": (
        _database(f"CREATE VIEW sales AS SELECT *, CAST('{SECRET}' AS INT) AS margin FROM ({ROWS})"),
        "could not be read",
    ),
    "a value that is no date": (
        _database("CREATE TABLE sales AS SELECT 'c' AS customer_id, 'soon' AS date, 5.0 AS revenue"),
        "is not a date",
    ),
}


def holding(folders: list[Path]) -> list[Path]:
    """The files below some folders that hold the secret, but for the database itself."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".ddb"]
    return [path for path in files if SECRET.encode() in path.read_bytes()]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    found = [tmp_path / name for name in ("data", "out", "cache", "temporary")]
    for folder in (found[0], found[2], found[3]):
        folder.mkdir()
    monkeypatch.setenv("CXVALUE_CACHE", str(found[2]))
    monkeypatch.setattr("tempfile.tempdir", str(found[3]))
    return found


@pytest.mark.parametrize("what", FAILURES)
def test_a_planted_password_is_found_nowhere(
    what: str,
    places: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make, words = FAILURES[what]
    monkeypatch.setenv(VARIABLE, make(tmp_path))
    study = places[0] / "shop" / "study.yml"
    study.parent.mkdir()
    study.write_text(f"{HEAD}tables: {{transactions: {{database: '${{{VARIABLE}}}', table: sales}}}}\n")
    for command in (
        ["check", str(study)],
        ["check", str(study), "--json"],
        ["report", str(study), "--out", str(places[1])],
    ):
        assert main(command) == 2
        said = capfd.readouterr()
        assert words in said.err
        assert SECRET not in said.err + said.out
    assert holding(places) == []
    assert not places[1].exists()


@pytest.mark.parametrize("cell", ["1 / 0", "import os; os._exit(1)", "x = 1"])
def test_runs_that_fail_and_one_that_publishes_keep_it_too(
    cell: str, places: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, f"postgresql://u:{SECRET}@127.0.0.1:1/d")
    shop = Workshop(tmp_path)
    study = shop.study()
    text = study.read_text().replace("path: orders.csv", f"database: '${{{VARIABLE}}}', table: sales")
    study.write_text(text)
    shop.notebook("20_first", cell)
    if cell == "x = 1":
        run_study(study, project=shop.project(), limits=Limits(jobs=1))
        assert (shop.reports / "small" / "latest" / "index.html").is_file()
    else:
        with pytest.raises(RunStopped) as stopped:
            run_study(study, project=shop.project(), limits=Limits(jobs=1))
        assert SECRET not in str(stopped.value)
    said = capfd.readouterr()
    assert SECRET not in said.err + said.out
    assert holding([*places, shop.reports]) == []
