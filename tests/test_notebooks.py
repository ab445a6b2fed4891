"""The notebooks as a user gets them: a whole run on real data and on a simulated shop whose truth is known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest

from cxvalue.run import RunResult, run_study
from cxvalue.simulate import insurer, shop, write_world
from cxvalue.study import project_root

FINDINGS = {
    *(f"base.{name}" for name in ("customers", "active", "repeat_rate", "lost_customers", "lost_value")),
    *(f"cltv.{name}" for name in ("equity", "mean", "new_customer", "holdout_bias", "holdout_mae")),
    *(f"data.{name}" for name in ("rows", "dropped", "purchases")),
}
COLUMNS = (
    *("customer_id", "frequency", "recency_days", "age_days", "mean_spend", "p_alive", "expected_transactions"),
    *("cltv", "cltv_low", "cltv_high", "days_silent", "dormant", "rhythm_broken", "p_return_90d"),
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The published CDNOW sample."""
    return run_study("cdnow_sample", out=tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, dict[str, float]]:
    """A simulated shop outside the project, and its truth."""
    folder = tmp_path_factory.mktemp("simulated")
    path = write_world(shop(1200, seed=7), folder / "myshop")
    return run_study(path, out=folder / "reports"), json.loads((folder / "myshop" / "truth.json").read_text())


def findings(result: RunResult) -> dict[str, dict[str, object]]:
    return {row["id"]: row for row in json.loads((result.folder / "findings.json").read_text(encoding="utf-8"))}


def rows(result: RunResult, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    return duckdb.sql(f"select {columns} from '{result.folder / 'tables' / table}'").fetchall()


def test_a_real_study_publishes_everything(real: RunResult) -> None:
    assert set(findings(real)) == FINDINGS
    assert [outcome.status for outcome in real.outcomes if outcome.name[0] in "012"] == ["done"] * 3
    assert (real.folder.parent / "latest").readlink() == Path(real.folder.name)
    for name in ("index.html", "findings.csv", "manifest.json", "tables/models.csv", "tables/holdout.csv"):
        assert (real.folder / name).is_file(), name
    found = duckdb.sql(f"select * from '{real.folder / 'tables' / 'customers.parquet'}'")
    assert tuple(found.columns) == COLUMNS
    assert len(rows(real, "customers.parquet")) == findings(real)["base.customers"]["value"] == 2357


def test_the_equity_is_the_sum_over_the_customers(real: RunResult) -> None:
    total, active = rows(real, "customers.parquet", "sum(cltv), count(*) filter (where not dormant)")[0]
    found = findings(real)
    assert found["cltv.equity"]["value"] == pytest.approx(total)
    assert found["cltv.mean"]["value"] == pytest.approx(total / 2357)
    assert found["base.active"]["value"] == active
    assert found["base.lost_value"]["value"] is None


def test_nothing_published_names_a_machine_or_a_customer(real: RunResult) -> None:
    ids = {row[0] for row in rows(real, "customers.parquet", "customer_id")}
    assert all(re.fullmatch(r"[0-9a-f]{16}", str(name)) for name in ids)
    for path in real.folder.rglob("*"):
        if path.suffix in (".html", ".ipynb", ".json", ".csv"):
            text = path.read_text(encoding="utf-8")
            assert str(project_root()) not in text, path.name
            assert str(Path.home()) + "/" not in text, path.name


def test_pages_hold_no_code_and_ask_nobody(real: RunResult) -> None:
    for path in [real.folder / "index.html", *(real.folder / "notebooks").glob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert "import cxvalue" not in text
        assert not re.search(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", text), path.name


def test_no_notebook_complains(real: RunResult) -> None:
    for path in (real.folder / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        noise = [out for cell in cells for out in cell.get("outputs", []) if out.get("name") == "stderr"]
        assert not noise, (path.name, noise)


def test_a_simulated_shop_is_answered_near_its_truth(simulated: tuple[RunResult, dict[str, float]]) -> None:
    result, truth = simulated
    found = findings(result)
    for name in ("base.customers", "base.active"):
        assert found[name]["value"] == truth[name]
    for name in ("cltv.equity", "cltv.mean", "cltv.new_customer"):
        assert found[name]["low"] <= truth[name] <= found[name]["high"], name
    assert found["base.lost_value"]["value"] > 0
    ids = {str(row[0]) for row in rows(result, "customers.parquet", "customer_id")}
    assert "S000001" in ids  # this study says pseudonymise: false
    bridge = json.loads((result.folder / "notebooks" / "10_customer_base.ipynb").read_text(encoding="utf-8"))
    assert "came back" in json.dumps(bridge)


def test_a_simulated_insurer_is_answered_near_its_truth(tmp_path: Path) -> None:
    path = write_world(insurer(900, seed=5), tmp_path / "myinsurer")
    result = run_study(path, out=tmp_path / "reports")
    truth, found = json.loads((path.parent / "truth.json").read_text()), findings(result)
    assert {name for name in FINDINGS if name[:4] in ("base", "cltv")} < set(found)
    for name in ("base.customers", "base.active", "base.lost_customers"):
        assert found[name]["value"] == truth[name]
    for name in ("churn.rate", "churn.value_at_risk", "cltv.equity", "cltv.mean", "cltv.new_customer"):
        assert found[name]["low"] <= truth[name] <= found[name]["high"], name
    assert found["base.repeat_rate"]["value"] is None
    assert found["base.lost_value"]["value"] > 0
    described = duckdb.sql(f"select * from '{result.folder / 'tables' / 'customers.parquet'}'")
    assert tuple(described.columns) == COLUMNS
    assert rows(result, "customers.parquet", "sum(cltv)")[0][0] == pytest.approx(found["cltv.equity"]["value"])
    assert set(rows(result, "models.csv", "model, parameter, time_unit")) == {
        ("sbg", "alpha", "month"),
        ("sbg", "beta", "month"),
    }
    ended = {outcome.name: outcome.status for outcome in result.outcomes}
    assert (ended["00_data_check"], ended["20_cltv_contractual"], ended["20_cltv"]) == ("done", "done", "not_run")
    for book in (result.folder / "notebooks").glob("*.ipynb"):
        cells = json.loads(book.read_text(encoding="utf-8"))["cells"]
        assert not [out for cell in cells for out in cell.get("outputs", []) if out.get("name") == "stderr"]
