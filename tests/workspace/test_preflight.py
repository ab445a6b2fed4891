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

from cxvalue.cli.commands import main
from cxvalue.simulate import bank, mealkit, write_world
from cxvalue.simulate.bank_draw import BankParameters
from cxvalue.workspace.check import check
from cxvalue.workspace.opened import Study
from cxvalue.workspace.prepared import prepare

SMALL = BankParameters(branches=8, months=20)


@pytest.fixture(scope="module")
def world():
    made = bank(500, 3, SMALL)
    made.study["cltv"] = {"time_unit": "month", "models": "nbd"}  # nothing here values customers: no rhythm is sought
    return made


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
        ({"costs": {"one_off": "two million"}}, r"costs.one_off: 'two million' is not an amount; write a plain number"),
        ({"costs": {"monthly": "2000 EUR"}}, r"costs.monthly: '2000 EUR' is not an amount"),
        ({"costs": {"monthly": None}}, r"costs.monthly: is empty; write a plain number"),
        ({"costs": {"one_off": -5}}, r"costs.one_off: −5 is below 0; write a cost"),
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
         r"risks\[1\]: a loss above 50 in 1 of 20 is not compatible with a mean of 100"),
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
def test_everything_that_rules_a_programme_out_is_said_at_once(said, world, command):
    base, table = world.study["programmes"][0], world.tables["rollout"]
    one = table.copy()
    one.loc[one["start"].notna().cumsum() > 1, "start"] = pd.NaT
    lone = rollout(world, all="2024-06-01")
    lone = lone[lone["start"].notna() | (lone["start"].isna().cumsum() == 1)]
    cases: dict[str, tuple[pd.DataFrame, dict[str, Any], str]] = {
        "lone": (lone, {}, "to compare with, so its luck would count as the effect"),
        "same": (rollout(world, all="2024-06-01").dropna(subset="start"), {},
                 "every unit started by June 2024 and none is left without the programme"),
        "late": (rollout(world, all="2026-09-01"), {}, "no unit had started by"),
        "single": (one, {}, "Use design: single_unit for one treated unit"),
        "column": (table, {"unit": "brunch"},
                   "the unit 'brunch' is not a column of the table 'customers'. Did you mean 'branch'?"),
        "names": (table.assign(unit="shop " + table["unit"]), {},
                  "Check that the roll-out names the units as the table 'customers' does"),
        "price": (table, {"outcome": "interactions"},
                  "the criterion is on npv, but the outcome 'interactions' has no price"),
    }  # fmt: skip
    starts = pd.concat([rows.assign(programme=name) for name, (rows, _, _) in cases.items()], ignore_index=True)
    declared = [{**copy.deepcopy(base), "name": name, **change} for name, (_, change, _) in cases.items()]
    words = said(command, rollout=starts, programmes=declared)
    assert f"{len(cases)} problems found" in words
    for name, (_, _, message) in cases.items():
        line = next(line for line in words.splitlines() if f"programmes.{name}" in line)
        assert message in line


def test_units_and_programmes_that_do_not_fit(said, world):
    table = world.tables["rollout"]
    twice = pd.concat([table, table.head(1)], ignore_index=True)
    assert "a programme and unit that is on more than one row" in said(rollout=twice)
    misspelt = table.assign(programme="penalty_wavier")
    assert "the table 'rollout' has no programme 'penalty_waiver'. Did you mean" in said(rollout=misspelt)


def test_goodwill_rules_need_what_they_count(said, world):
    block = {"current": {"cap": 100, "times_per_year": 1}, "caps": [50], "reason": "fine", "minute_cost": 1.0}
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "reason": ({"reason": "fines"}, "no interaction has the reason 'fines'. Did you mean 'fine'?"),
        "marks": ({}, "no fee is marked as waived"),
        "cap": ({"current": {"cap": 0.01, "times_per_year": 1}, "saved_per_waiver": 2, "minute_cost": None},
                "would have waived nothing"),
    }  # fmt: skip
    declared = []
    for name, (change, _) in cases.items():
        rules = {key: value for key, value in {**block, **change}.items() if value is not None}
        declared.append({**copy.deepcopy(world.study["programmes"][0]), "name": name, "goodwill": rules})
    starts = pd.concat([world.tables["rollout"].assign(programme=name) for name in cases], ignore_index=True)
    unmarked = world.tables["fees"].drop(columns="waived")
    words = said(rollout=starts, programmes=declared, fees=unmarked)
    for name, (_, message) in cases.items():
        line = next(line for line in words.splitlines() if f"programmes.{name}" in line)
        assert message in line
    tables = {name: {"path": f"{name}.csv"} for name in world.tables if name != "fees"}
    assert "goodwill: needs the table 'fees'" in said(programme={"goodwill": block}, tables=tables)


@pytest.mark.usefixtures("without_forecast")
def test_what_is_no_mistake_is_noted(world, tmp_path):
    table = rollout(world, branch_000="2026-09-01")
    extra = pd.DataFrame({"programme": "penalty_waiver", "unit": ["branch 900"], "start": pd.NaT})
    foreign = pd.DataFrame({"programme": "another", "unit": ["branch 001"], "start": pd.NaT})
    changed = type(world)(
        world.study, {**world.tables, "rollout": pd.concat([table, extra, foreign])}, world.truth, world.about
    )
    path = write_world(changed, tmp_path / "mybank")
    assert "In 'rollout' only 8 of its 9 different units are known to customers.branch" in check(path)
    study = Study(prepare(path), None)
    notes = " ".join(study.programmes[0].effect.notes)
    assert "1 of the units in the roll-out has no customers and is not counted: branch 900." in notes
    counted = {(count.table, count.what): count.rows for count in study.tables.counts}
    assert counted["rollout", "'start' after 28 February 2025, so still open on that day"] == 1
    assert counted["rollout", "of programmes that the study does not declare, not used"] == 1


@pytest.mark.usefixtures("without_forecast")
def test_a_programme_without_never_treated_units_says_what_it_compares(world, tmp_path):
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
        ({"control": None}, r"the arm 'control' looks like customers who were held out"),
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


def test_offers_that_contradict_one_another_are_refused_before_anything_runs(tmp_path, capsys, monkeypatch):
    """They were met by the notebook only: the run failed with exit 1, and `check` found nothing."""
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))
    study, offer = tmp_path / "till", "c{0},2025-0{1}-01,{2},{3},{4},{5},{6}"
    study.mkdir()
    bought = [f"c{n},2025-0{month}-01,{10 + n}" for n in range(30) for month in (1, 3, 5)]
    offered = [offer.format(n, 1, 1, 0.05, "yes", 20, 9) for n in range(28)]
    offered += [offer.format(28, 1, 1, 0.05, "no", "", ""), offer.format(29, 1, 1, 0.05, "yes", 20, 9)]
    offered += [offer.format(29, 1, 2, 0.10, "yes", 20, 9)]
    (study / "orders.csv").write_text("\n".join(["customer_id,date,revenue", *bought]))
    head = "customer_id,date,rung,depth,accepted,basket_value,basket_margin"
    (study / "offers.csv").write_text("\n".join([head, *offered]))
    (study / "study.yml").write_text(
        "name: till\ncurrency: EUR\nas_of: 2025-06-30\ngross_margin: 0.4\nannual_discount_rate: 0.1\n"
        "horizon_months: 12\ntables: {transactions: {path: orders.csv}, offers: {path: offers.csv}}\n"
    )
    for command in (["check", str(study)], ["report", str(study), "--out", str(tmp_path / "out")]):
        assert main(command) == 2
        words = capsys.readouterr().err
        assert "1 occasion has no basket value or no basket margin" in words
        assert "1 occasion is accepted more than once" in words
    assert not list((tmp_path / "out").glob("till/2*"))
