"""Which groups are withheld: counts by hand, a programme that tries to work withheld ones out, and the run before."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cxvalue.findings.small_groups import NO_GROUPS, ShownBefore, System, protect, withheld_groups, withheld_list


def column(**sizes: int) -> NDArray[np.object_]:
    return np.repeat(np.array(list(sizes), dtype=object), list(sizes.values()))


def test_nothing_is_withheld_where_nothing_is_small() -> None:
    assert withheld_groups({"unit": column(a=10, b=50)}, 10) == frozenset()
    assert withheld_groups({"unit": column(a=3, b=50)}, 0) == frozenset()
    assert withheld_groups({}, 10) == frozenset()


def test_the_smallest_that_covers_a_small_group_goes_with_it() -> None:
    assert withheld_groups({"unit": column(a=6, b=50, c=40)}, 10) == {("unit", "a"), ("unit", "c")}


def test_two_small_groups_that_are_too_few_together_take_a_third() -> None:
    assert withheld_groups({"unit": column(a=2, b=3, c=40, d=30)}, 10) == {("unit", "a"), ("unit", "b"), ("unit", "d")}
    assert withheld_groups({"unit": column(a=6, b=7, c=40, d=30)}, 10) == {("unit", "a"), ("unit", "b")}


def test_a_district_does_not_give_its_only_small_store_away() -> None:
    unit = column(a=6, b=50, c=40, d=20)
    labels = {"unit": unit, "district": np.where(np.isin(unit, ["a", "b"]), "west", "east").astype(object)}
    assert withheld_groups(labels, 10) == {("unit", "a"), ("unit", "b")}  # not d, which is smaller and elsewhere
    alone = {"unit": unit, "district": np.where(unit == "a", "west", "east").astype(object)}
    hidden = withheld_groups(alone, 10)
    assert {("district", "west"), ("unit", "a"), ("district", "east")} <= hidden


def test_money_that_is_mostly_one_customers_is_withheld() -> None:
    unit = column(a=20, b=20, c=30)
    amounts = np.ones(70)
    assert withheld_groups({"unit": unit}, 10, amounts=amounts) == frozenset()
    amounts[0] = 500.0  # what remains after the two largest, 18, is below a tenth of it
    assert withheld_groups({"unit": unit}, 10, amounts=amounts) == {("unit", "a"), ("unit", "b")}  # b: all less a and c


def test_what_the_last_run_withheld_stays_beside_a_small_group() -> None:
    unit = {"unit": column(a=6, b=50, c=40, d=45)}
    then = ShownBefore({"unit": {"b": 50.0, "c": 41.0}}, same_day=False)
    assert withheld_groups(unit, 10, before=then) == {
        ("unit", "a"),
        ("unit", "d"),
    }  # not c: with d it would be two sums


def test_what_the_last_run_showed_of_the_same_day_hides_nothing() -> None:
    unit = {"unit": column(a=6, b=50, c=40, d=45)}
    then = ShownBefore({"unit": {"b": 50.0, "c": 40.0}}, same_day=True)
    hidden = withheld_groups(unit, 10, before=then)
    assert {("unit", "a"), ("unit", "d")} <= hidden
    assert ("unit", "c") not in hidden


def test_a_group_that_grew_by_a_few_on_the_same_day_is_withheld() -> None:
    unit = {"unit": column(a=60, b=50, c=44)}
    grown = ShownBefore({"unit": {"a": 60.0, "b": 50.0, "c": 40.0}}, same_day=True)
    assert ("unit", "c") in withheld_groups(unit, 10, before=grown)
    assert withheld_groups(unit, 10, before=ShownBefore(grown.counts, same_day=False)) == frozenset()
    assert withheld_groups(unit, 10, before=NO_GROUPS) == frozenset()


@pytest.mark.parametrize("seed", range(12))
def test_no_programme_proves_a_withheld_group_small(seed: int) -> None:
    """The attack knows every total and which store lies in which district, and maximises each withheld group."""
    rng = np.random.default_rng(seed)
    sizes = np.concatenate([rng.integers(1, 10, 2), rng.integers(10, 80, 7)])
    unit = np.repeat(np.array([f"u{k}" for k in range(9)], dtype=object), sizes)
    district = np.array([f"d{k}" for k in rng.integers(0, 3, 9)], dtype=object)[np.repeat(np.arange(9), sizes)]
    hidden = withheld_groups({"unit": unit, "district": district}, 10)
    cells = [("unit", name) for name in sorted(set(unit))] + [("district", name) for name in sorted(set(district))]
    counts = np.array([(({"unit": unit, "district": district}[name]) == one).sum() for name, one in cells], dtype=float)
    rows = [[float(name == "unit") for name, _ in cells]]
    for place, (name, one) in enumerate(cells):
        if name == "district":
            inside = {str(u) for u in unit[district == one]}
            rows.append([float(n == "unit" and u in inside) - (k == place) for k, (n, u) in enumerate(cells)])
    taken = np.array([cell in hidden for cell in cells])
    system = System(counts, np.array(rows), np.zeros((0, counts.size)))
    small = [k for k in range(counts.size) if 0 < counts[k] < 10]
    assert small
    assert all(taken[k] for k in small)
    assert all(system.most(k, taken) >= 10 - 1e-9 for k in small)
    naive = np.isin(np.arange(counts.size), small)
    if len(small) == 1:  # without the others that went with it, it is given away
        assert system.most(small[0], naive) == pytest.approx(counts[small[0]])


def test_a_list_is_a_column() -> None:
    assert withheld_list("abc", [6, 50, 40], 10).tolist() == [True, False, True]
    assert withheld_list("abcd", [6, 50, 40, 45], 10, before={"b": 50, "c": 40}).tolist() == [True, False, False, True]
    assert withheld_list("abc", [60, 50, 40], 10, also=[False, True, False]).tolist() == [
        False,
        True,
        True,
    ]  # else it is the rest


def test_all_of_it_goes_where_nothing_else_can_cover_a_small_group() -> None:
    system = System(np.array([6.0, 50.0]), np.ones((1, 2)), np.zeros((0, 2)))
    hidden = protect(system, np.array([True, False]), 10, known=np.array([False, True]))
    assert hidden.tolist() == [True, True]


def test_what_other_tables_withhold_goes_first() -> None:
    unit = {"unit": column(a=6, b=50, c=40, d=20)}
    assert withheld_groups(unit, 10) == {("unit", "a"), ("unit", "d")}
    assert withheld_groups(unit, 10, elsewhere={("unit", "a"), ("unit", "b")}) == {("unit", "a"), ("unit", "b")}
    assert withheld_groups({"unit": column(a=60, b=50)}, 10, elsewhere={("unit", "b")}) == {("unit", "b")}
    assert withheld_list("abcd", [6, 50, 40, 20], 10, elsewhere=["b"]).tolist() == [True, True, False, False]


def test_an_entry_may_stand_for_several_members() -> None:
    unit, times = np.array(["a", "b", "c"], dtype=object), [6, 50, 40]
    assert withheld_groups({"unit": unit}, 10, times=times) == {("unit", "a"), ("unit", "c")}
    assert withheld_groups({"unit": unit}, 10) == {("unit", "a"), ("unit", "b"), ("unit", "c")}


def test_where_something_moved_what_was_shown_may_cover_a_small_group() -> None:
    """Nobody can know that c did not move as well."""
    unit = {"unit": column(a=64, b=50, c=40)}
    then = ShownBefore({"unit": {"a": 60.0, "b": 50.0, "c": 40.0}}, same_day=True)
    assert withheld_groups(unit, 10, before=then) == {("unit", "a"), ("unit", "c")}
