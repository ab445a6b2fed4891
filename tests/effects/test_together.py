"""Programmes measured together, on panels without noise where every answer is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from cxvalue.effects.effect import Effect
from cxvalue.effects.estimators.group_time import BASE_MONTHS, group_time
from cxvalue.effects.together import contained, state_effects, with_neighbours
from cxvalue.effects.vintage import earlier_effects, truncated
from cxvalue.simulate.bank_draw import BankParameters, draw_bank
from cxvalue.tables.panels.by_unit import UnitPanel
from cxvalue.tables.panels.inputs import PanelMonths
from cxvalue.tables.panels.overlap import PathCounts
from tests.calibration.bankworlds import customer_panel_of, unit_panel_of
from tests.calibration.portfolio import BASE, path_panel_of, paths_of
from tests.money.test_money import an_effect

MONTHS = 12
STARTS = np.array([[5, -1], [5, 8], [-1, 6], [7, 7], [-1, -1], [-1, -1], [6, 9], [-1, 8], [5, -1]])
TOGETHER = {(): 0.0, (0,): 2.0, (1,): 3.0, (0, 1): 4.0}  # less than the sum of the two


def a_panel(start: np.ndarray, outcome) -> UnitPanel:
    """Units of 50 customers from the first month on; `outcome` gives the total of a unit in a month."""
    count = len(start)
    people, total = (np.zeros((count, MONTHS, MONTHS)) for _ in range(2))
    people[:, 0] = 50.0
    for unit in range(count):
        for month in range(MONTHS):
            total[unit, 0, month] = 50 * outcome(unit, month)
    first = np.where((start >= 0).any(axis=1), np.where(start >= 0, start, MONTHS).min(axis=1), -1)
    base = np.where(first >= 0, first - 1, MONTHS)
    months = PanelMonths(date(2024, 1, 1), MONTHS)
    return UnitPanel(
        months, np.arange(count), tuple(map(str, range(count))), first, base, people, total, 0, 0, "margin", "b"
    )


def state_of(unit: int, month: int) -> tuple[int, ...]:
    return tuple(k for k in (0, 1) if 0 <= STARTS[unit, k] <= month)


def test_each_state_is_found_as_it_is_whatever_the_programmes_do_together():
    panel = a_panel(STARTS, lambda unit, month: 10 + unit + 0.5 * month + TOGETHER[state_of(unit, month)])
    starts, path = np.unique(STARTS, axis=0, return_inverse=True)
    found = state_effects(panel, path.reshape(-1), starts)
    assert dict(zip(found.states, found.rate.tolist(), strict=True)) == pytest.approx(
        {state: value for state, value in TOGETHER.items() if state}
    )
    assert found.covariance == pytest.approx(np.zeros((3, 3)), abs=1e-12)


def test_what_an_estimate_holds_of_another_programme_is_exactly_that():
    own, other = 2.0, 5.0
    starts = np.array([[5, 7], [6, 7], [7, -1], [-1, 9], [-1, -1], [-1, -1]])

    def both(unit: int, month: int) -> float:
        first, second = (0 <= start <= month for start in starts[unit])
        return unit + month + own * first + other * second

    panel = a_panel(starts[:, :1], both)
    exposure = a_panel(starts[:, :1], lambda unit, month: float(0 <= starts[unit, 1] <= month))
    share = contained(exposure)
    assert 0.2 < share < 1
    assert group_time(panel, base_months=BASE_MONTHS).overall == pytest.approx(own + share * other)


def test_a_programme_that_had_ended_holds_nothing_of_the_one_that_took_its_place():
    def paths(*until: int) -> PathCounts:
        # Months 4 to 9 with the first programme, and with the second from 12 on, in one unit or both; one never has any.
        start, base = np.array([[4, 12], [4, 12], [-1, -1]]), np.array([[3, 11], [3, 11], [18, 18]])
        ends = np.column_stack([[*until, 18], [18, 18, 18]])
        span = PanelMonths(date(2024, 1, 1), 18)
        first = np.zeros(3, dtype=int)
        return PathCounts(span, ("a", "b"), np.full(3, 100.0), start, base, first, first + 17, ends)

    ended = paths(10, 10)
    panel = ended.exposure_panel(0, 1)
    assert panel.months.count == 10
    assert panel.until is None
    assert contained(panel) == 0.0
    # Half of the 12 months before the second programme had the first.
    assert contained(ended.exposure_panel(1, 0)) == pytest.approx(-0.5)
    # A unit that has both goes on: 6 of its 14 months with the first also have the second, of 20 in all.
    still = paths(10, 18)
    panel = still.exposure_panel(0, 1)
    assert panel.until.tolist() == [18, 10, 18]
    assert contained(panel) == pytest.approx(6 / 20)
    assert not still.exposure_panel(0, 1).customers[1, :, 10:].any()
    brief = paths(4, 18)
    assert brief.exposure_panel(0, 1).start.tolist() == [-1, 4]


def named_effect(value: float, se: float) -> Effect:
    return replace(an_effect([value] * 4), estimate=value, se=se)


def test_effects_are_told_apart_where_they_can_be():
    holds = [[1.0, 0.5], [0.2, 1.0]]
    # Own effects 2 and 3: observed 2 + 0.5 x 3 and 3 + 0.2 x 2.
    first, second = with_neighbours([named_effect(3.5, 0.4), named_effect(3.4, 0.5)], ["a", "b"], holds)
    assert [one.alternatives[-1].estimate for one in (first, second)] == pytest.approx([2.0, 3.0])
    assert [one.checks[-1].passed for one in (first, second)] == [False, True]
    assert (first.grade, second.grade) == ("B", "A")
    assert "50% of the effect of b" in first.checks[-1].detail
    alike, _ = with_neighbours([named_effect(3.5, 9.0), named_effect(3.5, 9.0)], ["a", "b"], [[1.0, 1.0], [1.0, 1.0]])
    assert alike.checks[-1].passed is False
    assert "cannot be separated" in alike.checks[-1].detail
    alone = named_effect(1.0, 1.0)
    assert with_neighbours([alone], ["a"], [[1.0]]) == (alone,)


def test_a_panel_cut_at_a_date_is_the_panel_of_that_date():
    drawn = draw_bank(900, 2, BankParameters(branches=10, months=20))
    for panel in (unit_panel_of(drawn), customer_panel_of(drawn)):
        short = truncated(panel, 9)
        assert short.months.count == 9
        assert (short.start < 9).all()
        later = (panel.start >= 9).sum()
        assert later > 0
        assert (short.start >= 0).sum() < (panel.start >= 0).sum()
    # In the month of the cut everything is as in an earlier run: same customers, same outcome.
    cells = truncated(unit_panel_of(drawn), 9)
    assert cells.customers.sum() == unit_panel_of(drawn).customers[:, :9, :9].sum()


def test_the_effect_of_an_earlier_date_knows_nothing_of_later_months():
    drawn = draw_bank(1200, 3, BankParameters(branches=12, months=24))
    changed = replace(drawn, with_it=np.where(np.arange(24) >= 21, drawn.with_it * 3, drawn.with_it))
    plain, other = (unit_panel_of(one) for one in (drawn, changed))
    effect = an_effect([1.0] * 3)
    effect = replace(effect, design="staggered", unit="branch")
    first, again = earlier_effects(plain, effect), earlier_effects(other, effect)
    assert [one.last_month for one in first] == [one.last_month for one in again]
    assert [one.estimate for one in first] == [one.estimate for one in again]
    assert first[-1].last_month == date(2025, 3, 1)


def test_the_engine_free_panel_of_two_programmes_is_complete():
    drawn = draw_bank(800, 4, replace(BASE, branches=12, months=20))
    panel, paths = path_panel_of(drawn), paths_of(drawn)
    months = sum(by.sum() for by in paths.by_state([0, 1]).values())
    treated = panel.panel.customers[panel.panel.treated]
    assert treated.sum() > 0
    assert months <= paths.customers.sum() * 20
    assert panel.starts.shape[1] == 2
