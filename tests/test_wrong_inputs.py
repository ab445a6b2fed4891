"""What is wrong with a study's campaigns and programmes: one clear message each, exit 2, nothing published."""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from cxvalue.cli import main
from cxvalue.simulate import bank, mealkit, write_world
from cxvalue.simulate.bank import BankParameters
from cxvalue.workspace import Study, check, prepare

SMALL = BankParameters(branches=8, months=20)


@pytest.fixture(scope="module")
def world():
    return bank(500, 3, SMALL)


@pytest.fixture
def said(world, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What a command says about the small bank, changed: its exit status, its words, and whether anything was published."""
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))

    def run(command: str = "check", *, programme: dict[str, Any] | None = None, drop: str = "", **changes: Any) -> str:
        study = copy.deepcopy(world.study)
        study["programmes"][0].update(programme or {})
        study["programmes"][0].pop(drop, None)
        tables = dict(world.tables)
        for name, value in changes.items():
            if name in tables:
                tables[name] = value
            else:
                study[name] = value
        shutil.rmtree(tmp_path / "mybank", ignore_errors=True)
        path = write_world(type(world)(study, tables, world.truth, world.about), tmp_path / "mybank")
        study["tables"] = {name: source for name, source in study["tables"].items() if name in tables}
        out = ["--out", str(tmp_path / "out")] if command == "report" else []
        status = main([command, str(path), *out])
        captured = capsys.readouterr()
        assert not list((tmp_path / "out").glob("*/2*")), "nothing may be published"
        assert status == 2, captured.err + captured.out
        return captured.err

    return run


def rollout(world, **starts: str | None) -> pd.DataFrame:
    """The bank's roll-out with some starts changed, `all` for every unit that has one."""
    table = world.tables["rollout"].copy()
    for unit, start in starts.items():
        rows = table["start"].notna() if unit == "all" else table["unit"] == unit.replace("_", " ")
        table.loc[rows, "start"] = pd.Timestamp(start) if start else pd.NaT
    return table


@pytest.mark.parametrize(
    ("programme", "message"),
    [
        ({"costs": {"one_off": "two million"}}, r"costs.one_off: 'two million' is no amount; write a plain number"),
        ({"costs": {"monthly": "2000 EUR"}}, r"costs.monthly: '2000 EUR' is no amount"),
        ({"costs": {"monthly": None}}, r"costs.monthly: is empty; write a plain number"),
        ({"costs": {"one_off": -5}}, r"costs.one_off: -5 is below 0; write a cost"),
        ({"costs": {"one_off": {"value": 5, "low": 6}}}, r"costs.one_off: 5 does not lie in its range, 6 to 5"),
        ({"success": {"metric": "roi", "at_least": 0}}, r"success.metric: 'roi' is not known. Allowed: 'effect', 'npv'"),
        ({"success": {"metric": "payback_months", "at_least": 9}}, r"success.at_least: asks for a payback that comes late"),
        ({"case": {"persistence": {"half_life_months": 0}}}, r"half_life_months: 0 is out of range: it must be > 0"),
        ({"case": {"persistence": "half_life"}}, r"persistence: a half-life is written as {half_life_months: 12}"),
        ({"case": {"ramp_up_months": 6}}, r"case.ramp_up_months: is 6, with population: treated"),
        ({"design": "staggered", "expected_share": 0.5}, r"expected_share: is 0.5, with design: staggered"),
        ({"horizon_months": 0}, r"horizon_months: 0 is out of range"),
        ({"benefits": [{"name": "calls", "class": "cash", "monthly": 5, "low": 9, "high": 4}]},
         r"benefits\[1\]: 5 does not lie in its range, 9 to 4"),
        ({"benefits": [{"name": "time", "class": "capacty", "monthly": 5}]}, r"class: 'capacty' is not known. Did you mean"),
        ({"benefits": [{"name": "calls", "class": "cash", "monthly": 5}] * 2}, r"benefits: 'calls' is listed 2 times"),
        ({"risks": [{"name": "fraud", "per_year": 2, "mean_loss": 100, "loss_exceeded_in_5_percent": 50}]},
         r"risks\[1\]: a loss above 50 in 1 of 20 does not go with a mean of 100"),
        ({"goodwill": {"current": {"cap": 100, "times_per_year": 1}, "caps": [50], "minute_cost": 1}},
         r"goodwill: minute_cost and approval_cost need the reason"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(world, tmp_path, capsys, programme, message):
    study = {**copy.deepcopy(world.study), "name": "mybank"}
    study["programmes"][0].update(programme)
    (tmp_path / "study.yml").write_text(yaml.safe_dump(study), encoding="utf-8")
    assert main(["check", str(tmp_path / "study.yml")]) == 2
    lines = capsys.readouterr().err
    assert "1 problem found" in lines
    assert re.search(message, lines)


@pytest.mark.parametrize("command", ["check", "report"])
def test_the_tables_rule_a_programme_out(said, world, command):
    every = world.tables["rollout"]["start"].dropna()
    same = rollout(world, all="2024-06-01").dropna(subset="start")
    assert "every unit started by June 2024 and none is left without the programme" in said(command, rollout=same)
    late = rollout(world, all="2026-09-01")
    assert "no unit had started by" in said(command, rollout=late)
    one = world.tables["rollout"].copy()
    one.loc[one["start"].notna() & (one["start"] != every.iloc[0]), "start"] = pd.NaT
    one.loc[one["start"].notna().cumsum() > 1, "start"] = pd.NaT
    assert "Use design: single_unit for one treated unit" in said(command, rollout=one)


def test_units_that_do_not_fit(said, world):
    table = world.tables["rollout"]
    twice = pd.concat([table, table.head(1)], ignore_index=True)
    assert "a programme and unit that stands on more than one row" in said(rollout=twice)
    assert "the table 'rollout' has no programme 'penalty_waiver'. Did you mean" in said(
        rollout=table.assign(programme="penalty_wavier")
    )
    assert "the unit 'brunch' is no column of the table 'customers'. Did you mean 'branch'?" in said(
        programme={"unit": "brunch"}
    )
    assert "Check that the roll-out names the units as the table 'customers' does" in said(
        rollout=table.assign(unit="shop " + table["unit"])
    )


def test_outcomes_and_criteria_without_a_figure(said):
    assert "the criterion is on npv, but the outcome 'interactions' has no price" in said(
        programme={"outcome": "interactions"}
    )


def test_everything_is_said_at_once(said, world):
    other = {**copy.deepcopy(world.study["programmes"][0]), "name": "other", "unit": "town"}
    first = {**copy.deepcopy(world.study["programmes"][0]), "unit": "street"}
    tables = pd.concat([world.tables["rollout"], world.tables["rollout"].assign(programme="other")], ignore_index=True)
    words = said(rollout=tables, programmes=[first, other])
    assert "2 problems found" in words
    assert "the unit 'street'" in words
    assert "the unit 'town'" in words


def test_goodwill_rules_need_what_they_count(said, world):
    block = {"current": {"cap": 100, "times_per_year": 1}, "caps": [50], "reason": "fine", "minute_cost": 1.0}

    def tried(**change: Any) -> str:
        return said(programme={"goodwill": {**block, **change.pop("goodwill", {})}}, **change)

    tables = {name: {"path": f"{name}.csv"} for name in world.tables if name != "fees"}
    assert "goodwill: needs the table 'fees'" in tried(tables=tables)
    assert "no interaction has the reason 'fines'. Did you mean 'fine'?" in tried(goodwill={"reason": "fines"})
    assert "would have waived nothing" in tried(goodwill={"current": {"cap": 0.01, "times_per_year": 1}})
    unmarked = world.tables["fees"].drop(columns="waived")
    assert "no fee is marked as waived" in tried(fees=unmarked)


def test_what_is_no_mistake_is_noted(world, tmp_path, monkeypatch):
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))
    table = rollout(world, branch_000="2026-09-01")
    extra = pd.DataFrame({"programme": "penalty_waiver", "unit": ["branch 900"], "start": pd.NaT})
    foreign = pd.DataFrame({"programme": "another", "unit": ["branch 001"], "start": pd.NaT})
    changed = type(world)(
        world.study, {**world.tables, "rollout": pd.concat([table, extra, foreign])}, world.truth, world.about
    )
    path = write_world(changed, tmp_path / "mybank")
    assert "are sound" in check(path)
    study = Study(prepare(path), None)
    notes = " ".join(study.programmes[0].effect.notes)
    assert "1 of the units in the roll-out have no customers and count for nothing: branch 900." in notes
    counted = {(count.table, count.what): count.rows for count in study.tables.counts}
    assert counted["rollout", f"'start' after {study.as_of}, so still open on that day"] == 1
    assert counted["rollout", "of programmes that the study does not declare, not used"] == 1


def test_a_programme_without_never_treated_units_says_what_it_compares(world, tmp_path, monkeypatch):
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))
    started = world.tables["rollout"].dropna(subset="start")
    changed = type(world)(world.study, {**world.tables, "rollout": started}, world.truth, world.about)
    study = Study(prepare(write_world(changed, tmp_path / "mybank")), None)
    assert "no unit is left without the programme" in " ".join(study.programmes[0].effect.notes).lower()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "unknown"}, r"the table 'contacts' has no campaign 'unknown'"),
        ({"control": "nobody"}, r"control: no contact of the campaign has the arm 'nobody'"),
        ({"product": "thymed"}, r"product: no transaction has the product 'thymed'"),
        ({"window_days": 3000}, r"window_days: is 3000 days, but the earliest contact was followed for \d+ days only"),
    ],
)
def test_campaigns_that_cannot_be(tmp_path, capsys, change, message):
    made = mealkit(customers=400, seed=1)
    made.study["campaigns"][0].update(change)
    path = write_world(made, tmp_path / "kit")
    assert main(["check", str(path)]) == 2
    words = capsys.readouterr().err
    assert "1 problem found" in words
    assert re.search(message, words)
