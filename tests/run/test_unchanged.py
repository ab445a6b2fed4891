"""When a report would be made again as it is, and everything that must make it run."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from cxvalue.engine.prints import hash_of_everything
from cxvalue.run import unchanged
from cxvalue.run.graph import asked_for
from cxvalue.run.pseudonyms import KEY_VARIABLE
from cxvalue.run.publish import publish
from cxvalue.run.unchanged import last_report, made_from
from cxvalue.study import load_study_file
from cxvalue.workspace.history import PROMISE_TABLE
from tests.engine.helpers import VARIABLE, AnyEngine
from tests.run.test_publish import a_run
from tests.runfixtures import Workshop, reading

TODAY = date(2026, 7, 1)
Patch = pytest.MonkeyPatch


class Company:
    """A project with a study, and runs that publish without running anything."""

    def __init__(self, folder: Path) -> None:
        self.shop, self.folder = Workshop(folder), folder
        self.packages, self.code = folder / "site-packages", folder / "code"
        for place in ("lib-1.0.dist-info", "other-2.0.dist-info"):
            (self.packages / place).mkdir(parents=True)
        (self.code / "templates").mkdir(parents=True)
        (self.code / "model.py").write_text("fit = 1\n")
        (self.code / "templates" / "page.html").write_text("<p>")
        (folder / "notebooks" / "20_cltv.ipynb").write_text("{}")
        self.study = self.shop.study()
        self.orders = self.write("orders.csv", "customer_id,date,revenue\n1,2026-01-01,5\n")

    @property
    def shelf(self) -> Path:
        return self.shop.reports / "small"

    def write(self, name: str, text: str) -> Path:
        (self.study.parent / name).write_text(text, encoding="utf-8")
        return self.study.parent / name

    def settings(self, old: str, new: str) -> None:
        self.study.write_text(self.study.read_text().replace(old, new))

    def run(self, *only: str, as_of: date | None = None, out: Path | None = None, until: date | None = None) -> Path:
        study = load_study_file(self.study)
        asked = asked_for(study, only)
        inputs = hash_of_everything(study)
        made = made_from(study, inputs, as_of=as_of, asked=asked, notebooks=self.folder / "notebooks")
        days = {"day": TODAY.isoformat(), "until": until.isoformat() if until else None}
        text = self.study.read_text()
        run = a_run(self.shop, study=study, partial=bool(only), made_from={**made, **days})
        self.study.write_text(text)  # the stand-in has a study of its own
        return publish(run, out or self.shop.reports)

    def asks(self, *only: str, **options: object) -> Path | None:
        return last_report("small", only=only, **{"today": TODAY, **options})  # type: ignore[arg-type]


@pytest.fixture
def company(tmp_path: Path, monkeypatch: Patch) -> Company:
    made = Company(tmp_path)
    monkeypatch.setenv("CXVALUE_ROOT", str(tmp_path))
    monkeypatch.setenv(KEY_VARIABLE, "a key")
    monkeypatch.setattr(unchanged, "PACKAGE", made.code)
    monkeypatch.setattr("sys.path", [str(made.packages), *sys.path])
    return made


def test_what_a_run_would_say_again_is_named_and_nothing_is_touched(company: Company) -> None:
    assert company.asks() is None
    last = company.run()
    link = os.lstat(company.shelf / "latest").st_ino
    assert company.asks() == last
    # Times of files do not count, nor do caches and what an editor leaves behind.
    for path in (company.orders, company.study, company.code / "model.py"):
        os.utime(path, (1, 1))
    for cache in ("code/__pycache__", "notebooks/.ipynb_checkpoints"):
        (company.folder / cache).mkdir()
        (company.folder / cache / "x").write_text("x")
    assert company.asks() == last
    assert company.asks(as_of=date(2026, 6, 30)) == last
    assert last_report(company.study.parent, today=TODAY) == last
    assert os.lstat(company.shelf / "latest").st_ino == link
    assert len(company.shop.published()) == 1


def test_scores_that_were_not_written_make_it_run(company: Company, monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, (engine := AnyEngine(tmp_path)).address)
    engine.put("lines", pa.table({"customer_id": ["1"]}))
    company.settings("{path: orders.csv}", "{table: lines}")
    company.write(
        "study.yml", f"{company.study.read_text()}engine: ${{{VARIABLE}}}\nwork: {{write_back: crm.scores}}\n"
    )
    last = company.run()
    assert company.asks() is None
    written = {"run": last.name, "table": "crm.scores", "customers": 1}
    (company.shelf / "written_back.json").write_text(json.dumps(written))
    assert company.asks() == last
    (company.shelf / "written_back.json").write_text(json.dumps({**written, "run": "an earlier one"}))
    assert company.asks() is None
    part = company.run("20_cltv")  # a part of a report writes none
    assert company.asks("20_cltv") == part


def _rename(path: Path, name: str) -> None:
    path.rename(path.with_name(name))


CHANGES: dict[str, Callable[[Company, Patch], object]] = {
    "a row": lambda company, patch: company.write("orders.csv", "customer_id,date,revenue\n1,2026-01-01,6\n"),
    "a table that is gone": lambda company, patch: company.orders.unlink(),
    "a setting": lambda company, patch: company.settings("horizon_months: 24", "horizon_months: 36"),
    "a study file with a mistake": lambda company, patch: company.settings("horizon_months", "horizon"),
    "the code": lambda company, patch: (company.code / "model.py").write_text("fit = 2\n"),
    "a module more": lambda company, patch: (company.code / "more.py").write_text(""),
    "a template": lambda company, patch: (company.code / "templates" / "page.html").write_text("<b>"),
    "a notebook": lambda company, patch: (company.folder / "notebooks" / "20_cltv.ipynb").write_text("[]"),
    "a module beside the notebooks": lambda company, patch: (company.folder / "notebooks" / "own.py").write_text(""),
    "a package": lambda company, patch: _rename(company.packages / "lib-1.0.dist-info", "lib-1.1.dist-info"),
    "the Python": lambda company, patch: patch.setattr("sys.version", "3.99"),
    "another key": lambda company, patch: patch.setenv(KEY_VARIABLE, "another"),
    "no key": lambda company, patch: patch.delenv(KEY_VARIABLE),
    "a missing page": lambda company, patch: (company.shelf / "latest" / "index.html").unlink(),
    "a missing table": lambda company, patch: (company.shelf / "latest" / "tables" / "models.csv").unlink(),
    "a manifest cut short": lambda company, patch: (company.shelf / "latest" / "manifest.json").write_text("{"),
    "a manifest of an older version": lambda company, patch: (company.shelf / "latest" / "manifest.json").write_text(
        '{"partial": false}'
    ),
    "a missing list": lambda company, patch: shutil.rmtree(company.shelf / "private"),
    "no latest": lambda company, patch: (company.shelf / "latest").unlink(),
    "no run": lambda company, patch: shutil.rmtree((company.shelf / "latest").resolve()),
    "no reports": lambda company, patch: shutil.rmtree(company.shop.reports),
    "no index": lambda company, patch: (company.shop.reports / "index.html").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changed_makes_it_run(company: Company, monkeypatch: Patch, change: str) -> None:
    calls = company.shop.folder / "work" / "20_cltv" / "private"
    calls.mkdir(parents=True)
    (calls / "calls.csv").write_text("customer_id\n1\n")
    assert company.run() == company.asks()
    CHANGES[change](company, monkeypatch)
    assert company.asks() is None


def test_options_are_held_against_the_last_run_with_the_same(company: Company, tmp_path: Path) -> None:
    whole = company.run()
    assert company.asks("20") is None
    part = company.run("20")
    assert company.asks("cltv") == part
    assert company.asks() == whole
    assert company.asks("20", "30") is None
    assert company.asks("nonsense") is None
    assert company.asks(as_of=date(2026, 5, 31)) is None
    assert company.asks(out=tmp_path / "elsewhere") is None
    elsewhere = company.run(out=tmp_path / "elsewhere")
    assert company.asks(out=tmp_path / "elsewhere") == elsewhere
    # The last one decides, not any older one that would fit.
    company.orders.write_text(company.orders.read_text() + "2,2026-01-02,5\n")
    company.run("20")
    company.orders.write_text(company.orders.read_text().replace("2,2026-01-02,5\n", ""))
    assert company.asks("20") is None
    assert company.asks() == whole


def test_the_day_counts_where_it_has_its_say(company: Company) -> None:
    assert company.asks(today=TODAY + timedelta(days=999)) is None
    last = company.run()
    assert company.asks(today=TODAY + timedelta(days=999)) == last
    assert company.asks(today=TODAY - timedelta(days=1)) is None
    last = company.run(until=TODAY + timedelta(days=3))
    assert company.asks(today=TODAY + timedelta(days=3)) == last
    assert company.asks(today=TODAY + timedelta(days=4)) is None


def test_what_other_runs_promised_counts_and_the_run_itself_does_not(company: Company) -> None:
    head = "programme,criterion,as_of,month,treated_customers,promised,low,high,se\n"
    promise = company.shop.folder / "work" / "20_cltv" / "tables" / PROMISE_TABLE
    promise.parent.mkdir(parents=True)
    promise.write_text(head + "waiver,abc,2026-06-30,2026-07-01,10,1,0,2,1\n")
    last = company.run()
    assert company.asks() == last
    company.run("20")  # says the same once more
    assert company.asks() == last
    promise.write_text(head + "waiver,abc,2025-12-31,2026-07-01,10,1,0,2,1\n")
    company.run("20", as_of=date(2025, 12, 31))
    assert company.asks() is None


def test_rows_that_only_the_database_knows_always_run(company: Company, monkeypatch: Patch) -> None:
    monkeypatch.setenv("WAREHOUSE", "duckdb://")
    company.settings("{path: orders.csv}", "{database: '${WAREHOUSE}', table: orders}")
    company.run()
    assert company.asks() is None


def test_rates_and_new_files_of_a_pattern_are_data(company: Company) -> None:
    company.write("rates.csv", "currency,date,rate\nEUR,2026-01-01,1.1\n")
    company.settings("{path: orders.csv}", "{path: 'orders*.csv'}\nexchange_rates: {path: rates.csv}")
    assert company.run() == company.asks()
    company.write("rates.csv", "currency,date,rate\nEUR,2026-01-01,1.2\n")
    assert company.asks() is None
    assert company.run() == company.asks()
    company.write("orders_2.csv", "customer_id,date,revenue\n")
    assert company.asks() is None


def test_two_studies_of_one_name_are_told_apart(company: Company, tmp_path: Path) -> None:
    first = company.run()
    other = tmp_path / "other"
    shutil.copytree(company.study.parent, other)
    (other / "orders.csv").write_text("customer_id,date,revenue\n7,2026-01-01,5\n")
    assert last_report(other, today=TODAY) is None
    assert company.asks() == first


def test_a_run_that_failed_leaves_the_last_report_as_it_was(company: Company) -> None:
    last = company.run()
    (company.shelf / "failed" / "2026-06-30-x").mkdir(parents=True)
    assert company.asks() == last
    assert company.asks("20") is None


def test_the_key_of_the_pseudonyms_is_not_given_away(company: Company, monkeypatch: Patch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "a key that nobody may read")
    text = (company.run() / "manifest.json").read_text()
    assert "nobody may read" not in text
    company.settings("pseudonymise: true", "pseudonymise: false")
    last = company.run()
    monkeypatch.delenv(KEY_VARIABLE)
    assert company.asks() == last
    assert reading(last / "manifest.json")["pseudonyms"] == {"applied": False, "key": None}
