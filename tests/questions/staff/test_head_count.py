"""Employees as months: by hand, with late entry, and the truth of the world."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pytest

from cxvalue.questions.staff.head_count import head_count_of, turnover_of
from tests.experienceworlds import retail


def staff(rows: list[tuple[str, str, date, date | None]], **more: list[object]) -> ibis.Table:
    ids, units, hired, left = zip(*rows, strict=True)
    table = ibis.memtable(
        {"employee_id": list(ids), "unit": list(units), "hired": list(hired), "left": list(left)} | more
    )
    return table.mutate(left=table.left.cast("date"))


def test_heads_and_leavers_by_month() -> None:
    people = staff(
        [("a", "u", date(2020, 1, 1), None), ("b", "u", date(2025, 1, 10), date(2025, 2, 20)),
         ("c", "v", date(2024, 1, 1), date(2024, 12, 31))],
        monthly_cost=[2000.0, 3000.0, None],
    )  # fmt: skip
    found = head_count_of(people, observed_from=date(2025, 1, 1), as_of=date(2025, 3, 31))
    assert found is not None
    assert found.units == ("u", "v")
    assert found.leavers.tolist() == [[0, 1, 0], [0, 0, 0]]
    assert found.mean.tolist() == [[1.5, 1.5, 1.0], [0, 0, 0]]
    assert found.people == 2  # c left before anything was observed
    assert (found.monthly_cost, found.leavers_year) == (2500.0, 2)
    turnover = turnover_of(found)
    assert turnover is not None
    assert turnover.rate.value == pytest.approx(12 * 1 / 4)
    assert head_count_of(people, observed_from=date(2025, 1, 2), as_of=date(2025, 1, 31)) is None


def test_people_are_seen_from_the_day_on_which_the_table_begins() -> None:
    """A constant chance to leave; of those there at the start many stayed long, and nobody who left early is seen."""
    rng = np.random.default_rng(1)
    hired = rng.integers(-3000, 1000, 6000)
    left = hired + np.ceil(rng.exponential(500, 6000)).astype(int)
    day = np.datetime64("2022-01-01")
    seen = left >= 0
    rows = [(f"e{k}", "u", (day + int(h)).astype(object), (day + int(g)).astype(object) if g <= 1000 else None)
            for k, (h, g) in enumerate(zip(hired, left, strict=True)) if seen[k]]  # fmt: skip
    found = head_count_of(staff(rows), observed_from=date(2022, 1, 1), as_of=(day + 1000).astype(object))
    assert found is not None
    turnover = turnover_of(found)
    assert turnover is not None
    assert turnover.survival.low < np.exp(-365.25 / 500) < turnover.survival.high
    assert turnover.rate.value == pytest.approx(365.25 / 500, rel=0.06)


def test_those_who_were_sent_away_are_counted_apart() -> None:
    people = staff([("a", "u", date(2020, 1, 1), date(2025, 1, 9)), ("b", "u", date(2020, 1, 1), date(2025, 1, 9))],
                   reason=["Dismissed ", "own wish"])  # fmt: skip
    found = head_count_of(people, observed_from=date(2025, 1, 1), as_of=date(2025, 1, 31))
    assert found is not None
    assert (found.leavers.sum(), found.chose.sum(), found.reasons) == (2, 1, True)


def test_the_world_s_turnover_is_found() -> None:
    world = retail()
    found = head_count_of(world.tables["employees"], observed_from=world.observed_from, as_of=world.as_of)
    assert found is not None
    turnover = turnover_of(found)
    assert turnover is not None
    assert turnover.rate.low <= world.truth["experience.staff.turnover"] <= turnover.rate.high
