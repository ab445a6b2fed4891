"""Panels: months, populations and cells as the contract defines them, against rows counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.simulate.bank_draw import BankParameters, draw_bank
from cxvalue.simulate.bank_world import bank
from cxvalue.tables.panels.by_customer import customer_panel
from cxvalue.tables.panels.by_unit import unit_panel
from cxvalue.tables.panels.inputs import Early, PanelMonths, PanelSource
from cxvalue.tables.panels.overlap import contacted_under, programme_paths
from tests.calibration.bankworlds import customer_panel_of, unit_panel_of


def days(table):
    copy = table.copy()
    for name in copy.columns:
        if str(copy[name].dtype).startswith("datetime"):
            copy[name] = copy[name].dt.date
    return copy


def source(transactions, rollout, customers=None, **changes):
    con = ibis.duckdb.connect()
    made = {"transactions": transactions, "rollout": rollout, "customers": customers}
    tables = {}
    for name, table in made.items():
        if table is not None:
            typed = {c: "date" for c in ("date", "start", "acquired_on") if c in table.columns}
            tables[name] = con.create_table(name, days(table)).cast(typed)
    settings = {
        "rollout": tables["rollout"], "unit": "branch", "outcome": "margin", "as_of": date(2025, 6, 30),
        "observed_from": date(2025, 1, 1), "purchases": tables["transactions"], "customers": tables.get("customers"),
    }  # fmt: skip
    return PanelSource(**{**settings, **changes})


def frame(rows, names):
    table = pd.DataFrame(rows, columns=names)
    for name in ("date", "start", "acquired_on"):
        if name in table:
            table[name] = pd.to_datetime(table[name])
    return table


BOUGHT = frame(
    [("a", "2025-01-10", 10.0, 4.0), ("a", "2025-03-02", 20.0, 8.0), ("a", "2025-03-20", 5.0, 2.0),
     ("b", "2025-02-15", 6.0, 3.0), ("b", "2025-06-01", 7.0, 3.5), ("c", "2024-12-01", 9.0, 1.0),
     ("c", "2025-02-01", 9.0, 1.5), ("d", "2025-05-05", 9.0, 9.0)],
    ["customer_id", "date", "revenue", "margin"],
)  # fmt: skip
PEOPLE = frame([("a", "north"), ("b", "north"), ("c", "south"), ("d", "north")], ["customer_id", "branch"])
STARTS = frame([("p", "north", "2025-04-15"), ("p", "south", None)], ["programme", "unit", "start"])


def test_full_months_only():
    assert PanelMonths.between(date(2025, 1, 1), date(2025, 6, 29)).count == 5
    assert PanelMonths.between(date(2025, 1, 2), date(2025, 6, 30)) == PanelMonths(date(2025, 2, 1), 5)
    assert PanelMonths.between(date(2025, 6, 2), date(2025, 6, 30)).count == 0
    assert PanelMonths(date(2025, 11, 1), 5).day(2) == date(2026, 1, 1)


def test_a_small_panel_counted_by_hand():
    found = customer_panel(source(BOUGHT, STARTS, PEOPLE))
    assert found.customer_id.tolist() == ["a", "b", "c"]  # d came after north had started
    assert found.later == 1
    # North started on 15 April: treated from May (4), base March (2); April is neither. South: never.
    assert found.start.tolist() == [4, 4, -1]
    assert found.base.tolist() == [2, 2, 6]
    assert found.first.tolist() == [1, 2, 0]
    expected = [[np.nan, 0, 10, 0, 0, 0], [np.nan, np.nan, 0, 0, 0, 3.5], [0, 1.5, 0, 0, 0, 0]]
    assert np.array_equal(found.values, np.array(expected, dtype=np.float32), equal_nan=True)


def test_the_cells_are_the_customers_added_up():
    made = source(BOUGHT, STARTS, PEOPLE)
    cells, people = unit_panel(made), customer_panel(made)
    assert cells.names == ("north", "south")
    assert cells.total.sum(axis=(1, 2)).tolist() == [13.5, 1.5]
    known = ~np.isnan(people.values)
    assert cells.customers.sum(axis=(0, 1)).tolist() == known.sum(axis=0).tolist()
    assert cells.customers[0, 1].tolist() == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(("outcome", "expected"), [("revenue", 32.0), ("orders", 3.0)])
def test_other_outcomes(outcome, expected):
    assert unit_panel(source(BOUGHT, STARTS, PEOPLE, outcome=outcome)).total[0].sum() == expected


def test_the_margin_comes_along_where_the_outcome_is_no_amount():
    orders, margin = (customer_panel(source(BOUGHT, STARTS, PEOPLE, outcome=name)) for name in ("orders", "margin"))
    assert np.array_equal(orders.beside, margin.values, equal_nan=True)
    assert margin.beside is None


def test_contracts_bring_their_value_by_the_day_until_they_end():
    held = frame(
        [("a", "2025-01-01", "2025-03-16", 100.0), ("b", "2025-02-15", None, 60.0), ("c", "2024-01-01", None, 10.0)],
        ["customer_id", "start", "end", "value_per_month"],
    )
    held["end"] = pd.to_datetime(held["end"])
    made = source(held, STARTS, PEOPLE)
    contracts = made.purchases.cast({"start": "date", "end": "date"})
    found = customer_panel(replace(made, purchases=None, subscriptions=contracts, margin_share=0.5))
    assert found.last.tolist() == [1, 5, 5]  # a's contract ended within March
    assert np.array_equal(found.values[0], np.array([50, 50] + [np.nan] * 4, dtype=np.float32), equal_nan=True)
    assert found.values[1, 2:].tolist() == [30.0] * 4


def test_customers_as_units_are_put_into_groups():
    starts = frame(
        [("p", "a", "2025-04-01"), ("p", "b", "2025-03-01"), ("p", "c", None)], ["programme", "unit", "start"]
    )
    found = unit_panel(source(BOUGHT, starts, None, unit="customer_id"))
    assert sorted(found.start.tolist()) == [-1, 2, 3]
    assert found.unlisted == 1  # d is not in the roll-out


def test_the_engine_agrees_with_the_world_in_memory():
    true = BankParameters(branches=8, months=18)
    world, drawn = bank(400, 4, true), draw_bank(400, 4, true)
    made = source(
        world.tables["transactions"], world.tables["rollout"], world.tables["customers"],
        as_of=world.study["as_of"], observed_from=world.study["observed_from"],
    )  # fmt: skip
    engine, memory = customer_panel(made), customer_panel_of(drawn, "branch")
    assert engine.values.shape == memory.values.shape
    assert np.nansum(engine.values) == pytest.approx(np.nansum(memory.values), rel=1e-4)
    assert (np.isnan(engine.values) == np.isnan(memory.values)).all()
    assert engine.start.tolist() == memory.start.tolist()
    assert engine.base.tolist() == memory.base.tolist()
    cells, other = unit_panel(made), unit_panel_of(drawn)
    assert cells.customers.sum() == other.customers.sum()
    assert np.allclose(cells.total.sum(axis=(0, 1)), other.total.sum(axis=(0, 1)), rtol=1e-4)


def test_a_control_arm_never_starts_whatever_its_day():
    starts = frame([("p", "north", "2025-04-01", "new"), ("p", "south", "2025-04-01", "Control")],
                   ["programme", "unit", "start", "arm"])  # fmt: skip
    found = customer_panel(source(BOUGHT, starts, PEOPLE))
    assert found.start.tolist() == [3, 3, -1]
    assert found.arm.tolist() == ["new", "new", "Control"]


@pytest.mark.parametrize(
    "name", ["held_out", "Hold-Out", "control group", "контрольная группа", "контрольна група", "对照组"]
)
def test_a_held_out_arm_that_began_in_waves_never_starts_either(name):
    waves = frame([("p", "north", "2025-03-01", "new"), ("p", "south", "2025-04-01", name)],
                  ["programme", "unit", "start", "arm"])  # fmt: skip
    assert customer_panel(source(BOUGHT, waves, PEOPLE)).start.tolist() == [2, 2, -1]


def test_arms_that_began_on_the_same_days_with_nobody_left_out_are_not_compared():
    people = frame([(who, who) for who in "abcd"], ["customer_id", "branch"])
    starts = {"a": "2025-03-01", "b": "2025-03-01", "c": "2025-04-01", "d": "2025-04-01"}

    def listed(**arms):
        return frame([("p", who, starts.get(who), arms[who]) for who in arms], ["programme", "unit", "start", "arm"])

    with pytest.raises(BadInput, match=r"began on the same days \('A', 'B'\)"):
        unit_panel(source(BOUGHT, listed(a="A", b="B", c="A", d="B"), people))
    unit_panel(source(BOUGHT, listed(a="wave 1", b="wave 1", c="wave 2", d="wave 2"), people))
    more = frame([*((who, who) for who in "abcd"), ("e", "e")], ["customer_id", "branch"])
    unit_panel(source(BOUGHT, listed(a="A", b="B", c="A", d="B", e=None), more))


def test_what_rules_a_panel_out_is_said():
    def said(**changes):
        given = {"transactions": BOUGHT, "rollout": STARTS, "customers": PEOPLE} | {
            name: changes.pop(name) for name in ("rollout", "customers") if name in changes
        }
        with pytest.raises(BadInput) as caught:
            unit_panel(source(given["transactions"], given["rollout"], given["customers"], **changes))
        return str(caught.value)

    assert "not a column of the table 'customers'" in said(unit="city")
    assert "no unit had started by 30 June 2025" in said(rollout=STARTS.assign(start=pd.NaT))
    everywhere = frame([("p", "north", "2025-03-01"), ("p", "south", "2025-03-01")], ["programme", "unit", "start"])
    assert "every unit started by March 2025" in said(rollout=everywhere)
    assert "needs the table 'interactions'" in said(outcome="interactions")
    assert "full calendar months" in said(observed_from=date(2025, 6, 1))
    nowhere = STARTS.assign(unit=["east", "west"])
    assert "names the units as the table 'customers' does" in said(rollout=nowhere)


def test_what_is_known_of_customers_comes_along_as_numbers():
    people = PEOPLE.assign(tier=["gold", "basic", "basic", "basic"], city=["x", "x", "x", "x"])
    found = customer_panel(source(BOUGHT, STARTS, people))
    assert found.about.tolist() == [[1.0], [0.0], [0.0]]  # gold or not; a single city says nothing
    many = pd.DataFrame(
        {"customer_id": [f"k{i:02d}" for i in range(30)], "branch": ["north", "south"] * 15, "age": range(30)}
    )
    bought = frame(
        [(f"k{i:02d}", "2025-01-05", 1.0, 1.0) for i in range(30)], ["customer_id", "date", "revenue", "margin"]
    )
    numbers = customer_panel(source(bought, STARTS, many)).about
    assert numbers.shape == (30, 1)
    assert numbers.std() == pytest.approx(1.0)
    assert customer_panel(source(BOUGHT, STARTS, PEOPLE)).about is None


def test_units_that_started_before_the_panel_are_no_comparison_and_are_counted():
    starts = [("p", "west", "2024-11-10"), ("p", "north", "2025-04-15"), ("p", "south", None)]
    rollout = frame(starts, ["programme", "unit", "start"])
    bought = pd.concat([BOUGHT, frame([("e", "2024-06-03", 9.0, 1.0), ("f", "2024-12-24", 9.0, 1.0)], BOUGHT.columns)])
    people = pd.concat([PEOPLE, frame([("e", "west"), ("f", "west")], PEOPLE.columns)])
    made = source(bought, rollout, people)
    for found in (customer_panel(made), unit_panel(made)):
        # Of west, e was there before the start and has been treated since December 2024: 1 + 6 months. f came later.
        assert found.early == (Early(start=-1, units=1, customers=1, customer_months=7),)
        assert sorted(set(found.start.tolist())) == [-1, 4]
        assert (found.base >= 0).all()
        assert found.later == 2
    only_early = frame([starts[0], ("p", "north", None), starts[2]], ["programme", "unit", "start"])
    with pytest.raises(BadInput, match="no full month observed before it"):
        customer_panel(source(bought, only_early, people))


def ends(*rows):
    table = frame([("p", *row) for row in rows], ["programme", "unit", "start", "ended_on"])
    return table.assign(ended_on=pd.to_datetime(table["ended_on"]).dt.date)


@pytest.mark.parametrize(("last_day", "months"), [("2025-05-31", 5), ("2025-06-15", 5), ("2025-06-30", 6)])
def test_a_programme_that_was_switched_off_ends_its_panel(last_day, months):
    """The day of the end is the last one with it; an end of units that never had it says nothing."""
    made = source(BOUGHT, ends(("north", "2025-04-15", last_day), ("south", None, "2025-02-01")), PEOPLE)
    made = replace(made, rollout=made.rollout.cast({"ended_on": "date"}))
    for found in (unit_panel(made), customer_panel(made)):
        assert (found.months.count, found.over, found.until) == (months, True, None)
        assert "switched off" in found.notes[0]
    assert customer_panel(made).last.tolist() == [months - 1] * 3


def test_a_unit_that_no_longer_has_it_is_treated_no_longer():
    """A unit counts up to the last whole month with it; one that had it for less than a month is left out."""
    people = pd.concat([PEOPLE.iloc[:3], frame([("d", "west")], ["customer_id", "branch"])])
    bought = BOUGHT.assign(date=BOUGHT["date"].where(BOUGHT["customer_id"] != "d", pd.Timestamp("2025-01-02")))
    rows = (("north", "2025-03-01", "2025-04-30"), ("south", "2025-04-01", None), ("west", "2025-05-02", "2025-05-30"))
    made = source(bought, ends(*rows), people)
    made = replace(made, rollout=made.rollout.cast({"ended_on": "date"}))
    found = customer_panel(made)
    assert (found.months.count, found.over) == (6, False)
    assert found.customer_id.tolist() == ["a", "b", "c"]
    assert found.until.tolist() == [4, 4, 6]
    assert found.last.tolist() == [3, 3, 5]
    assert [note.split()[0] for note in found.notes] == ["2", "1"]
    assert unit_panel(made).customers.sum(axis=1).tolist() == [[0, 1, 2, 2, 0, 0], [1] * 6]
    paths = programme_paths([made])
    assert paths.ends
    assert paths.by_state([0])[0,].tolist() == [0, 0, 2, 3, 1, 1]
    assert contacted_under(
        ibis.memtable({"customer_id": ["a", "c"], "campaign": ["x"] * 2, "arm": ["y"] * 2, "date": [date(2025, 6, 2)] * 2}),
        "x", None, [made],
    ) == [2, 1]  # fmt: skip


def with_ends(*rows, people=PEOPLE):
    made = source(BOUGHT, ends(*rows), people)
    return replace(made, rollout=made.rollout.cast({"ended_on": "date"}))


def test_why_nobody_has_a_month_with_the_programme_is_told():
    rows = (("north", "2025-03-05", "2025-03-20"), ("south", None, None))
    with pytest.raises(
        BadInput, match="For less than a full month: 2; only before the first full month of the tables: 0"
    ):
        unit_panel(with_ends(*rows))


def test_customers_whose_programme_ended_before_the_tables_are_not_told_as_counted():
    people = pd.concat([PEOPLE.iloc[:3], frame([("d", "west")], ["customer_id", "branch"])])
    bought = BOUGHT.assign(date=BOUGHT["date"].where(BOUGHT["customer_id"] != "d", pd.Timestamp("2024-06-02")))
    rows = (("north", "2025-03-01", None), ("south", None, None), ("west", "2024-08-01", "2024-11-30"))
    made = with_ends(*rows, people=people)
    made = replace(made, purchases=source(bought, ends(*rows), people).purchases)
    found = unit_panel(made)
    assert found.notes == (
        "1 customer had the programme only before the first full month of the tables and is left out.",
    )
    assert (found.early, found.over) == ((), False)


@pytest.mark.parametrize("late", [("south", "2025-06-15", None), ("nobody", "2025-03-01", None)])
def test_a_start_without_a_month_of_customers_does_not_keep_a_programme_going(late):
    rows = [("north", "2025-03-01", "2025-04-30"), late]
    if late[0] != "south":
        rows.append(("south", None, None))
    for found in (unit_panel(with_ends(*rows)), customer_panel(with_ends(*rows))):
        assert (found.over, found.months.count) == (True, 4)
        assert "for everyone counted here" in found.notes[0]
    going = [("north", "2025-03-01", "2025-04-30"), ("south", "2025-05-01", None)]
    assert not unit_panel(with_ends(*going)).over
