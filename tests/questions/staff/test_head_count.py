"""Employees as months: by hand, with late entry, and the truth of the world."""

from __future__ import annotations

from dataclasses import replace
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
    assert (found.monthly_cost, found.leavers_year) == (
        3000.0,
        2,
    )  # of those who left; a stays and c's cost is not known
    stays = staff([("a", "u", date(2020, 1, 1), None)], monthly_cost=[2000.0])
    of_all = head_count_of(stays, observed_from=date(2025, 1, 1), as_of=date(2025, 3, 31))
    assert of_all is not None
    assert of_all.monthly_cost == 2000.0
    turnover = turnover_of(found)
    assert turnover is not None
    assert turnover.rate.value == pytest.approx(12 * 1 / 4)
    assert head_count_of(people, observed_from=date(2025, 1, 2), as_of=date(2025, 1, 31)) is None


def test_who_moves_to_another_unit_within_a_month_has_not_left() -> None:
    """A transfer is two rows; so is somebody hired anew months later, who did leave."""
    people = staff(
        [("a", "u", date(2020, 1, 1), date(2025, 2, 10)), ("a", "v", date(2025, 2, 11), None),
         ("b", "u", date(2024, 1, 10), date(2025, 1, 20)), ("b", "v", date(2025, 1, 25), date(2025, 3, 5)),
         ("c", "v", date(2024, 1, 1), date(2025, 1, 15)), ("c", "v", date(2025, 3, 20), None)],
    )  # fmt: skip
    found = head_count_of(people, observed_from=date(2025, 1, 1), as_of=date(2025, 3, 31))
    assert found is not None
    assert found.leavers.tolist() == [[0, 0, 0], [1, 0, 1]]
    assert (found.moved, found.leavers_year) == (2, 2)
    assert found.people == 4  # c is seen in two stays
    stays = {int(days) for days in found.stayed}
    assert (date(2025, 3, 31) - date(2020, 1, 1)).days in stays  # a, over both units
    assert (date(2025, 3, 5) - date(2024, 1, 10)).days in stays
    assert found.mean.sum(axis=0).tolist() == [2.5, 2, 2]


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


@pytest.mark.parametrize(
    ("reason", "chose"),
    [("Redundancy: shop closed", False), ("Сокращение штата", False), ("Вихід на пенсію", False), ("裁员", False),
     ("betriebsbedingte Kündigung", False), ("laid-off", False), ("not voluntary", False), ("licenciement", False),
     ("Despedido", False), ("gekündigt vom Arbeitgeber", False), ("terminated for cause", False),
     ("death in service", False), ("site closed\nredundancy", False), ("death of parent", True),
     ("quit before layoff", True), ("Voluntarily Terminated", True), ("умеренная зарплата", True),
     ("voluntary", True), ("по собственному желанию", True), ("за власним бажанням", True), ("个人原因", True),
     ("moved abroad", True), ("", True)],
)  # fmt: skip
def test_reasons_are_known_in_the_words_and_languages_of_those_who_wrote_them(reason: str, chose: bool) -> None:
    people = staff([("a", "u", date(2020, 1, 1), date(2025, 1, 9)), ("b", "u", date(2020, 1, 1), None)],
                   reason=[reason, "x"])  # fmt: skip
    found = head_count_of(people, observed_from=date(2025, 1, 1), as_of=date(2025, 1, 31))
    assert found is not None
    assert (found.leavers.sum(), bool(found.chose.sum())) == (1, chose)


def test_a_turnover_is_that_of_the_months_seen_and_not_that_of_the_law_behind_them() -> None:
    """A good and a bad spell that all people of a unit share: what was counted is held to the chances of those months."""
    rng = np.random.default_rng(3)
    held = law = 0
    for _ in range(100):
        chance = 0.04 * np.exp(0.8 * rng.standard_normal((8, 24)) - 0.32)
        leavers = rng.binomial(20, chance)
        rows = head_count_of(staff([("a", "u", date(2020, 1, 1), None)]), observed_from=date(2024, 1, 1),
                             as_of=date(2025, 12, 31))  # fmt: skip
        assert rows is not None
        found = turnover_of(replace(rows, leavers=leavers.astype(float), mean=np.full((8, 24), 20.0)))
        assert found is not None
        held += found.rate.low <= 12 * chance.mean() <= found.rate.high
        law += found.rate.low <= 12 * 0.04 <= found.rate.high
    assert held >= 90
    assert law < held


def test_the_world_s_turnover_is_found() -> None:
    world = retail()
    found = head_count_of(world.tables["employees"], observed_from=world.observed_from, as_of=world.as_of)
    assert found is not None
    turnover = turnover_of(found)
    assert turnover is not None
    assert turnover.rate.low <= world.truth["experience.staff.turnover"] <= turnover.rate.high
