"""The notebooks as a user gets them: a whole run on real data and on a simulated shop whose truth is known."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from cxvalue.run.study_run import RunResult, run_study
from cxvalue.simulate import bank, cosmetics, insurer, mealkit, shop, write_world
from cxvalue.simulate.bank_draw import BankParameters
from cxvalue.simulate.world import World
from cxvalue.study import project_root
from cxvalue.workspace.opened import Study
from tests.report.accessible import problems

FINDINGS = {
    *(f"base.{name}" for name in ("customers", "active", "repeat_rate", "lost_customers", "lost_value")),
    *(f"cltv.{name}" for name in ("equity", "mean", "new_customer", "holdout_bias", "holdout_mae", "backtest")),
    *("cltv.typical_miss", "cltv.coverage"),
    *(f"data.{name}" for name in ("rows", "dropped", "purchases")),
    *(f"churn.{name}" for name in ("rate", "value_at_risk", "auc", "brier")),
}
COLUMNS = (
    *("customer_id", "frequency", "recency_days", "age_days", "mean_spend", "p_alive", "expected_transactions"),
    *("cltv", "cltv_low", "cltv_high", "days_silent", "dormant", "rhythm_broken", "p_return_90d"),
)


@pytest.fixture(scope="module")
def real(once, sample: Study) -> RunResult:
    """The published CDNOW sample."""
    return once("real", lambda folder: run_study("cdnow_sample", out=folder))


@pytest.fixture(scope="module")
def simulated(once) -> tuple[RunResult, dict[str, float]]:
    """A simulated shop outside the project, and its truth."""
    return once("simulated", _simulated)


def _simulated(folder: Path) -> tuple[RunResult, dict[str, float]]:
    world, names = shop(1200, seed=7), [f"S{number:06d}" for number in range(1200)]
    world.tables["customers"] = pd.DataFrame({"customer_id": names, "city": ["north", "south"] * 597 + ["tiny"] * 6})
    world.tables["interactions"] = pd.DataFrame(
        {"customer_id": names, "date": "2026-05-01", "channel": "phone", "reason": "late", "complaint": "true",
         "resolved_on": [None, "2026-05-03"] * 600}
    )  # fmt: skip
    world.study["tables"] |= {name: {"path": f"{name}.csv"} for name in ("customers", "interactions")}
    path = write_world(world, folder / "myshop")
    return run_study(path, out=folder / "reports"), json.loads((folder / "myshop" / "truth.json").read_text())


def findings(result: RunResult) -> dict[str, dict[str, object]]:
    return {row["id"]: row for row in json.loads((result.folder / "findings.json").read_text(encoding="utf-8"))}


def rows(result: RunResult, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    return duckdb.sql(f"select {columns} from '{result.folder / 'tables' / table}'").fetchall()


def test_a_real_study_publishes_everything(real: RunResult) -> None:
    assert set(findings(real)) == FINDINGS
    assert [outcome.status for outcome in real.outcomes if outcome.name[0] in "0123"] == ["done"] * 4
    assert {outcome.status for outcome in real.outcomes if outcome.name[0] not in "0123"} == {"not_run"}
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


def test_real_ids_are_in_the_private_list_alone(real: RunResult) -> None:
    private = real.folder.parent / "private" / real.folder.name
    assert [path.name for path in private.iterdir()] == ["early_warning.csv"]
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE((private / "early_warning.csv").stat().st_mode) == 0o600
    listed = duckdb.sql(f"select * from read_csv('{private / 'early_warning.csv'}', all_varchar=true)")
    ids = {str(row[0]) for row in listed.select("customer_id").fetchall()}
    assert len(ids) == findings(real)["base.active"]["value"]
    published = {str(row[0]) for row in rows(real, "customers.parquet", "customer_id")}
    assert not ids & published
    total = listed.aggregate("sum(value_at_risk::double)").fetchall()[0][0]
    assert findings(real)["churn.value_at_risk"]["value"] == pytest.approx(total)
    # No table has a column of ids but the one with pseudonyms, and the notebook shows none.
    for path in (real.folder / "tables").glob("churn*.csv"):
        assert "customer_id" not in path.read_text(encoding="utf-8"), path.name
    cells = json.loads((real.folder / "notebooks" / "30_churn.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = json.dumps([cell.get("outputs", []) for cell in cells])
    assert "customer_id" not in outputs
    assert "private" not in (real.folder / "index.html").read_text(encoding="utf-8")


def test_pages_hold_no_code_and_ask_nobody(real: RunResult) -> None:
    for path in [real.folder / "index.html", *(real.folder / "notebooks").glob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert "import cxvalue" not in text
        assert not re.search(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", text), path.name


def test_everybody_can_read_the_pages(real: RunResult) -> None:
    pages = [real.folder / "index.html", real.folder.parents[1] / "index.html"]
    pages += (real.folder / "notebooks").glob("*.html")
    assert not {path.name: found for path in pages if (found := problems(path.read_text(encoding="utf-8")))}


def test_no_notebook_complains(real: RunResult) -> None:
    for path in (real.folder / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        noise = [out for cell in cells for out in cell.get("outputs", []) if out["output_type"] == "stream"]
        assert not noise, (path.name, noise)


def test_a_simulated_shop_is_answered_near_its_truth(simulated: tuple[RunResult, dict[str, float]]) -> None:
    result, truth = simulated
    found = findings(result)
    for name in ("base.customers", "base.active"):
        assert found[name]["value"] == truth[name]
    for name in ("cltv.equity", "cltv.mean", "cltv.new_customer", "churn.rate", "churn.value_at_risk"):
        assert found[name]["low"] <= truth[name] <= found[name]["high"], name
    assert found["base.lost_value"]["value"] > 0
    assert 0.6 < float(str(found["churn.auc"]["value"])) < 1
    shown = [path.read_text(encoding="utf-8") for path in (result.folder / "notebooks").iterdir()]
    assert not any(re.search(r"\bS\d{6}\b", text) for text in [*shown, (result.folder / "index.html").read_text()])
    ids = {str(row[0]) for row in rows(result, "customers.parquet", "customer_id")}
    assert "S000001" in ids  # this study says pseudonymise: false
    segments = rows(result, "churn_segments.csv", 'segment, "group", rate, at_risk')
    # Fewer than 10 are not shown, and neither are the next ones: they and the total would say how many.
    assert [row[:2] for row in segments] == [("city", "south")]
    complaints = dict(rows(result, "churn_reasons.csv", "reason, customers"))["complaint open"]
    active = found["base.active"]["value"]
    assert isinstance(active, int)
    assert 0.35 * active < int(str(complaints)) < 0.65 * active
    bridge = json.loads((result.folder / "notebooks" / "10_customer_base.ipynb").read_text(encoding="utf-8"))
    assert "came back" in json.dumps(bridge)


def test_a_simulated_insurer_is_answered_near_its_truth(tmp_path: Path) -> None:
    path = write_world(insurer(900, seed=5), tmp_path / "myinsurer")
    result = run_study(path, out=tmp_path / "reports")
    truth, found = json.loads((path.parent / "truth.json").read_text()), findings(result)
    shared = {name for name in FINDINGS if name[:5] in ("base.", "cltv.", "churn")} - {"cltv.backtest"}
    assert shared < set(found)
    for name in ("base.customers", "base.active", "base.lost_customers"):
        assert found[name]["value"] == truth[name]
    for name in ("churn.account_renewals", "churn.lost_renewals_margin"):
        assert found[name]["value"] == pytest.approx(truth[name])
    for name in (
        *("churn.rate", "churn.value_at_risk", "churn.satisfaction_gap", "churn.hazard_ratio.complaint"),
        *("cltv.equity", "cltv.mean", "cltv.new_customer"),
    ):
        assert found[name]["low"] <= truth[name] <= found[name]["high"], name
    assert found["cltv.holdout_bias"]["unit"] == "customers"
    page = (result.folder / "index.html").read_text(encoding="utf-8")
    assert "dormant after" not in page  # the dormancy rule has no effect on contracts
    assert not re.search(r"\bC\d{6}\b", page)
    private = result.folder.parent / "private" / result.folder.name
    listed = duckdb.sql(f"select * from read_csv('{private / 'early_warning.csv'}', all_varchar=true)")
    assert listed.columns == [
        *("rank", "customer_id", "value_at_risk", "p_end_12m", "margin_12m", "months_with_us", "reason")
    ]
    assert len(listed.fetchall()) == truth["base.active"]
    assert "driver" in duckdb.sql(f"select * from '{result.folder / 'tables' / 'hazard_ratios.csv'}'").columns
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
    assert [ended[name] for name in ("00_data_check", "20_cltv_contractual", "30_churn_contractual")] == ["done"] * 3
    assert (ended["20_cltv"], ended["30_churn"]) == ("not_run", "not_run")
    assert not complaints(result)


def one_model(world: World) -> World:
    """The world with one model of purchases, the simplest: for tests that hold no customer's value against the truth."""
    world.study["cltv"] = {"time_unit": "month", "models": "nbd"}
    return world


def complaints(result: RunResult) -> list[str]:
    """What notebooks printed: sentences are shown as text, and neither warnings nor bars belong on a page."""
    books = [json.loads(path.read_text(encoding="utf-8")) for path in (result.folder / "notebooks").glob("*.ipynb")]
    outputs = [out for book in books for cell in book["cells"] for out in cell.get("outputs", [])]
    return [out["text"] for out in outputs if out["output_type"] == "stream"]


@pytest.mark.parametrize("whole", [False, True], ids=["its own notebooks", "the whole report"])
def test_a_simulated_campaign_is_answered_near_its_truth(tmp_path: Path, whole: bool) -> None:
    path = write_world(one_model(mealkit(2500, seed=7)), tmp_path / "mymeals")
    result = run_study(path, out=tmp_path / "reports", only=() if whole else ("40_reactivation",))
    truth, found = json.loads((path.parent / "truth.json").read_text()), findings(result)
    for name in ("return_uplift", "check_uplift", "margin_per_contact", "profit", "first_ever_share"):
        one = found[f"reactivation.themed.{name}"]
        assert one["low"] <= truth[f"reactivation.themed.{name}"] <= one["high"], name
    assert found["reactivation.themed.profit"]["grade"] == "A"
    assert not complaints(result)
    private = result.folder.parent / "private" / result.folder.name
    listed = duckdb.sql(f"select * from read_csv('{private / 'contact_list_themed.csv'}', all_varchar=true)")
    assert listed.columns[:3] == ["rank", "customer_id", "expected_margin"]
    assert "customer_id" not in (result.folder / "notebooks" / "40_reactivation.ipynb").read_text(encoding="utf-8")
    assert rows(result, "campaign_themed_windows.csv", "count(*)") == [(9,)]


@pytest.mark.parametrize("whole", [False, True], ids=["its own notebooks", "the whole report"])
def test_a_simulated_till_is_answered_near_its_truth(tmp_path: Path, whole: bool) -> None:
    path = write_world(one_model(cosmetics(1500, seed=5)), tmp_path / "mytill")
    result = run_study(path, out=tmp_path / "reports", only=() if whole else ("50_discounts",))
    truth, found = json.loads((path.parent / "truth.json").read_text()), findings(result)
    for name in ("none_profit", "flat_profit", "ladder_profit", "optimal_depth"):
        one = found[f"discounts.{name}"]
        assert one["low"] <= truth[f"discounts.{name}"] <= one["high"], name
    assert len(rows(result, "discount_segments.csv")) == 3
    assert not complaints(result)


@pytest.mark.parametrize("whole", [False, True], ids=["its own notebooks", "the whole report"])
def test_two_simulated_programmes_are_answered_near_their_truth(tmp_path: Path, whole: bool) -> None:
    true = BankParameters(branches=24, months=30, second_share=0.4, second_follows=0.5)
    path = write_world(one_model(bank(2500, seed=6, parameters=true)), tmp_path / "mybank")
    result = run_study(path, out=tmp_path / "reports", only=() if whole else ("70_programmes", "80_roi_case"))
    truth, found = json.loads((path.parent / "truth.json").read_text()), findings(result)
    for name in ("effect", "npv", "contribution_to_date"):
        one = found[f"programme.penalty_waiver.{name}"]
        assert one["low"] <= truth[f"programme.penalty_waiver.{name}"] <= one["high"], name
    assert found["programme.penalty_waiver.verdict"]["value"] in ("PASS", "FAIL", "NOT PROVEN")
    assert found["programme.penalty_waiver.verdict"]["case"] == "C6"
    assert found["programmes.total_to_date"]["low"] <= truth["programmes.total_to_date"]
    assert found["programmes.total_to_date"]["high"] >= truth["programmes.total_to_date"]
    assert found["programmes.overlap_share"]["value"] == pytest.approx(truth["programmes.overlap_share"])
    assert found["programme.penalty_waiver.realisation"]["case"] == "C6"
    page = (result.folder / "index.html").read_text()
    assert page.count("All programmes: contribution so far") >= 1
    assert "count shared customers" in page or "miss part of it" in page
    assert rows(result, "programme_promise.csv", "count(distinct programme)") == [(2,)]
    assert not complaints(result)
    bridge = rows(result, "case_bridge.csv", "sum(amount) filter (where step <> 'Net present value'), sum(amount) filter "
                  "(where step = 'Net present value')")  # fmt: skip
    assert bridge[0][0] == pytest.approx(bridge[0][1])
