"""Nobody can work out a small group of customers from all that two runs of a study publish, linear programming included."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from cxvalue.run.study_run import run_study
from cxvalue.simulate.retailer_draw import RetailerParameters
from cxvalue.simulate.retailer_world import retailer
from cxvalue.simulate.world import World, write_world

LEAST, CUSTOMERS = 10, 1200
BOOKS = ("10_customer_base", "30_churn", "40_reactivation", "50_discounts", "61_drivers", "63_staff")
TINY = "store00"
Rows = list[tuple[dict[tuple[str, str, int], float], float]]


def planted(extra: int) -> World:
    """A chain of eight stores, the first with six customers, in two districts; `extra` more customers of the third."""
    world = retailer(CUSTOMERS, seed=11, parameters=RetailerParameters(stores=8, others=1500))
    people = world.tables["customers"].copy()
    number = people["unit"].str[-2:].astype(int)
    people["district"] = np.where(number < 3, "west", "east")
    tables = dict(world.tables)
    rng = np.random.default_rng(5)
    if extra:
        ids = [f"X{k:03d}" for k in range(extra)]
        newcomers = people.iloc[:extra].assign(customer_id=ids, unit="store02", district="west")
        people = pd.concat([people, newcomers], ignore_index=True)
        bought = pd.DataFrame({"customer_id": ids, "date": "2026-05-15", "revenue": 30.0, "margin": 9.0})
        tables["transactions"] = pd.concat([tables["transactions"].astype({"date": str}), bought], ignore_index=True)
    tables["customers"] = people
    chosen = people["customer_id"].iloc[:CUSTOMERS]
    arms = np.where(rng.random(CUSTOMERS) < 0.5, "letter", "control")
    tables["contacts"] = pd.DataFrame({"customer_id": chosen, "date": "2026-01-15", "campaign": "letter",
                                       "arm": arms, "cost": 0.1})  # fmt: skip
    offers = [(who, "2026-03-10", rung, depth, "true" if rung == last else "false", 30.0, 12.0)
              for who, last in zip(chosen, rng.integers(1, 5, CUSTOMERS), strict=True)
              for rung, depth in ((1, 0.05), (2, 0.1), (3, 0.2)) if rung <= last]  # fmt: skip
    tables["offers"] = pd.DataFrame(
        offers, columns=["customer_id", "date", "rung", "depth", "accepted", "basket_value", "basket_margin"]
    )
    study = dict(world.study)
    study["tables"] = {name: {"path": f"{name}.csv"} for name in tables}
    study["campaigns"] = [{"name": "letter", "control": "control", "window_days": 60}]
    study["cltv"] = {**study["cltv"], "covariates": ["unit"]}
    study["touchpoints"] = [*study["touchpoints"], {"name": "delivery", "segment": "store00", "cost": 10, "points": 4}]
    study["report"] = {"pseudonymise": False, "suppress_below": LEAST}
    return replace(world, study=study, tables=tables)


@pytest.fixture(scope="module")
def folders(once: Callable[[str, Callable[[Path], Any]], Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of the same day; in the second four more customers have come to light."""

    def made(folder: Path) -> list[str]:
        found = []
        for extra in (0, 4):
            path = write_world(planted(extra), folder / str(extra) / "planted")
            found.append(str(run_study(path, out=folder / "reports", only=BOOKS).folder))
        return found

    return [Path(one) for one in once("small_cells", made)]


def table(run: Path, name: str) -> pd.DataFrame:
    path = run / "tables" / name
    return pd.read_csv(path) if path.is_file() else pd.DataFrame()


def published(run: Path, number: int) -> Rows:
    """What a reader of one run's files knows of how many customers of which store are where; stores are known by name.

    A variable is (population, store, run). All customers were contacted or held out, and all were offered a discount once:
    the totals say so, so these populations are one.
    """
    told = {one["id"]: one["value"] for one in json.loads((run / "findings.json").read_text())}
    stores = [f"store{k:02d}" for k in range(8)]
    rows: Rows = []

    def shown(population: str, column: str, group: str, count: float) -> None:
        inside = {"west": stores[:3], "east": stores[3:]}.get(group, [group]) if column in ("unit", "district") else []
        if inside:
            rows.append(({(population, store, number): 1.0 for store in inside}, count))

    def every(population: str, total: float) -> None:
        rows.append(({(population, store, number): 1.0 for store in stores}, total))

    every("active", told["base.active"])
    for one in table(run, "churn_segments.csv").itertuples():
        shown("active", one.segment, one.group, one.customers)
    windows = table(run, "campaign_letter_windows.csv")
    every("contacted", windows["contacted"].max())
    every("held_out", windows["held_out"].max())
    for one in table(run, "campaign_letter_segments.csv").itertuples():
        shown("contacted", one.column, one.segment, one.contacted)
        shown("held_out", one.column, one.segment, one.held_out)
    for one in table(run, "discount_segments.csv").itertuples():
        shown("offered", "unit", one.segment, one.share_of_occasions * CUSTOMERS)
    every("offered", CUSTOMERS)
    for store in stores:
        rows.append(({("offered", store, number): 1.0, ("contacted", store, number): -1.0,
                      ("held_out", store, number): -1.0}, 0.0))  # fmt: skip
    return rows


def both(runs: list[Path]) -> Rows:
    """Two runs together: nobody's campaign or offer has changed between them."""
    rows = [row for number, run in enumerate(runs) for row in published(run, number)]
    for store in (f"store{k:02d}" for k in range(8)):
        for population in ("contacted", "held_out", "offered"):
            rows.append(({(population, store, 0): 1.0, (population, store, 1): -1.0}, 0.0))
    return rows


def most(rows: Rows, wanted: dict[tuple[str, str, int], float]) -> float:
    """The most that a sum of variables can be, as far as the rows go: what the attack proves."""
    names = sorted({name for row, _ in rows for name in row} | set(wanted))
    place = {name: k for k, name in enumerate(names)}
    equal: NDArray[np.float64] = np.zeros((len(rows), len(names)))
    for k, (row, _) in enumerate(rows):
        for name, factor in row.items():
            equal[k, place[name]] = factor
    goal = np.zeros(len(names))
    for name, factor in wanted.items():
        goal[place[name]] = factor
    found = linprog(-goal, A_eq=equal, b_eq=[right for _, right in rows], bounds=(0, None), method="highs")
    assert found.status in (0, 3), found.message
    return np.inf if found.status == 3 else -found.fun


def test_no_programme_finds_the_tiny_store_in_all_that_two_runs_publish(folders: list[Path]) -> None:
    rows = both(folders)
    for population in ("active", "contacted", "held_out", "offered"):
        for number in (0, 1):
            assert most(rows, {(population, TINY, number): 1.0}) >= LEAST - 1e-6, (population, number)


def test_the_attack_finds_it_where_only_small_groups_are_left_out(folders: list[Path]) -> None:
    """The same programme on what would have been published without the others that went with it."""
    people = planted(0).tables["customers"]
    naive: Rows = [({("offered", store, 0): 1.0}, float(count))
                   for store, count in people["unit"].value_counts().items() if count >= LEAST]  # fmt: skip
    assert most(both(folders) + naive, {("offered", TINY, 0): 1.0}) == pytest.approx(6.0)


def test_the_four_who_came_to_light_are_nowhere_the_difference_of_two_runs(folders: list[Path]) -> None:
    first, second = (table(run, "churn_segments.csv") for run in folders)
    if second.empty:
        return
    together = first.merge(second, on=["segment", "group"])
    apart = (together["customers_x"] - together["customers_y"]).abs()
    assert not ((apart > 0) & (apart < LEAST)).any()
    assert len(together) >= 3  # the others are still shown


def test_the_tiny_store_stands_in_no_table_no_figure_and_no_sentence(folders: list[Path]) -> None:
    """The study file itself asks for it in a touchpoint: there it is named, and withheld."""
    asked = "experience.choice.delivery.store00"
    for run in folders:
        for path in [*(run / "tables").glob("*.csv"), *(run / "figures").glob("*.svg")]:
            assert TINY not in path.read_text(encoding="utf-8"), path
        told = {one["id"]: one for one in json.loads((run / "findings.json").read_text())}
        assert told[asked]["value"] is None
        assert "too few customers" in told[asked]["text"]
        assert [one["id"] for one in told.values() if TINY in json.dumps(one)] == [asked]
