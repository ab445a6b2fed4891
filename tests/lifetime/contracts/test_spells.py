"""Whole periods by the calendar: what counts as a month, late entry, a grace after anniversaries, and months not over."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from cxvalue.lifetime.contracts.sbg import durations, fit_renewal
from cxvalue.lifetime.contracts.spells import OPEN, Spells, age_in_periods, months_later, spells

EPOCH = date(1970, 1, 1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def of(*rows: tuple[str, str | None], until: str, observed_from: str = "2000-01-01", **more: int) -> Spells:
    start, end = [day(one) for one, _ in rows], [day(one) if one else OPEN for _, one in rows]
    return spells(start, end, until=day(until), observed_from=day(observed_from), **more)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2025-07-15", 2, "2025-09-15"),
        ("2025-01-31", 1, "2025-02-28"),  # from the 31st a month ends on the last day of the next
        ("2025-01-31", 2, "2025-03-31"),
        ("2024-02-29", 12, "2025-02-28"),
        (
            "2025-04-30",
            1,
            "2025-05-31",
        ),  # from a last day to last days, as months before the end of a month are written
        ("2025-01-30", 1, "2025-02-28"),
        ("2025-01-30", 2, "2025-03-30"),
        ("2025-03-31", -1, "2025-02-28"),
    ],
)
def test_the_same_day_of_another_month_or_its_last(start: str, months: int, end: str) -> None:
    assert int(months_later(day(start), months)) == day(end)
    assert float(age_in_periods(day(start), day(end))) == months


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2025-07-01", "2025-08-31", 2),  # the last day under contract, or
        ("2025-07-01", "2025-09-01", 2),  # the first day without
        ("2025-07-01", "2025-09-02", 3),
        ("2025-01-31", "2025-02-28", 1),
        ("2025-01-31", "2025-03-31", 2),
        ("2025-02-28", "2025-03-28", 1),
        ("2025-02-28", "2025-03-31", 1),
        ("2024-03-10", "2025-03-09", 12),
        ("2024-03-10", "2025-03-10", 12),
        ("2025-07-01", "2025-07-02", 1),
    ],
)
def test_an_end_belongs_to_the_month_that_it_closes(start: str, end: str, months: int) -> None:
    found = of((start, end), until="2026-12-31")
    assert (found.renewed.tolist(), found.ended.tolist()) == ([months - 1], [True])


def test_every_end_counts_and_who_stays_counts_the_month_by_how_much_of_it_could_show_an_end() -> None:
    """Four ends of months that were over come after 10, 20, 20 and 30 of 30 days; until 20 April, 20 of 30 days are over."""
    rows = [("2025-04-01", f"2025-04-{last}") for last in ("11", "21", "21")] + [("2025-04-01", "2025-05-01")]
    rows += [("2026-04-01", "2026-04-11"), ("2026-04-01", None), ("2026-03-01", None)]
    found = of(*rows, until="2026-04-21")
    # Reverse product-limit: of 4 that could be seen up to day 30 one came on it; of 4 up to day 20 two did.
    assert found.part[-2:] == pytest.approx([3 / 4, 3 / 4])
    assert found.renewed.tolist() == [0, 0, 0, 0, 0, 0, 1]
    assert found.ended.tolist() == [True] * 5 + [False] * 2
    assert found.lasted[:5] == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1, 1 / 3])


def test_ends_that_come_with_a_period_say_nothing_of_one_that_is_not_over() -> None:
    rows = [("2025-01-10", "2025-06-10"), ("2025-01-20", "2025-08-20"), ("2025-03-01", None)]
    found = of(*rows, until="2025-12-31")
    assert (found.part.tolist(), found.renewed.tolist()) == ([0, 0, 0], [4, 6, 9])


def test_all_leavers_of_a_snapshot_count() -> None:
    """Starts lie as many months before the last day as the file says, ends on it: the lengths are those of the file."""
    tenure = np.array([1, 2, 5, 11, 12, 25, 70])
    start = np.concatenate([months_later(day("2025-12-31"), -tenure)] * 2)
    end = np.repeat([day("2025-12-31"), OPEN], tenure.size)
    found = spells(start, end, until=day("2025-12-31"), observed_from=int(start.min()))
    assert found.renewed[: tenure.size].tolist() == (tenure - 1).tolist()
    assert found.ended.sum() == tenure.size
    assert found.renewed[tenure.size :].tolist() == tenure.tolist()
    # The last day under contract instead of the first without: all in a month that is not over, and none of them lost.
    found = spells(start + 1, end, until=day("2025-12-31"), observed_from=int(start.min()))
    assert (found.renewed + found.ended)[: tenure.size].tolist() == tenure.tolist()
    assert (found.renewed + found.part)[tenure.size :].tolist() == tenure.tolist()


@pytest.mark.parametrize("inclusive", [False, True])
def test_contracts_that_run_by_the_calendar_give_the_likelihood_of_their_months(inclusive: bool) -> None:
    """sBG drawn in months, sold on any day of three years: the parameters are those of the counts of months themselves."""
    rng, size = np.random.default_rng(7), 4000
    start = day("2022-01-01") + rng.integers(0, 1096, size)
    last = rng.geometric(np.clip(rng.beta(0.6, 7.0, size), 1e-9, 1))
    until = day("2025-12-31")
    end = months_later(start, np.minimum(last, 600))
    whole = np.floor(age_in_periods(start, until)).astype(np.int64)
    counted = durations(np.where(last <= whole, last - 1, whole), last <= whole)
    true = fit_renewal(counted)
    end = end - inclusive
    end = np.where(end <= until, end, OPEN)
    found = spells(start, end, until=until, observed_from=int(start.min()))
    kept = found.kept
    mine = fit_renewal(durations(found.renewed[kept], found.ended[kept], entry=found.entry[kept]))
    if inclusive:  # an end on the last day itself is of a month that the other reading sees a day later
        assert mine.values == pytest.approx(true.values, rel=0.03)
    else:
        assert mine.values == pytest.approx(true.values, rel=1e-9)
    assert mine.bounds()["alpha"][0] < 0.6 < mine.bounds()["alpha"][1]
    assert mine.bounds()["beta"][0] < 7.0 < mine.bounds()["beta"][1]


@pytest.mark.parametrize("until", ["2025-12-01", "2025-12-16", "2025-12-31"])
def test_ends_on_any_day_give_the_true_share_wherever_the_data_ends(until: str) -> None:
    """10% leave each month, on any day of it; all begin on the first of a month, so that the last is cut for all."""
    rng, size = np.random.default_rng(11), 20_000
    start = months_later(day("2024-01-01"), rng.integers(0, 24, size))
    last = rng.geometric(0.1, size)
    over, before = months_later(start, last), months_later(start, last - 1)
    end = over - np.floor(rng.random(size) * (over - before)).astype(np.int64)
    end = np.where(end <= day(until), end, OPEN)
    found = spells(start, end, until=day(until), observed_from=int(start.min()))
    at_risk = (found.renewed - found.entry + found.ended + found.part)[found.kept].sum()
    share = found.ended[found.kept].sum() / at_risk
    assert share == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / at_risk))


def test_years_end_at_their_anniversary_with_some_grace() -> None:
    # Ends a day early, on the day, two weeks late and in the middle of the second year; and one that goes on.
    rows = [("2020-01-01", end) for end in ("2020-12-31", "2021-01-01", "2021-01-15", "2021-07-04", None)]
    found = of(*rows, until="2022-03-11", months=12, grace_days=31)
    assert found.renewed.tolist() == [0, 0, 0, 1, 2]
    assert found.ended.tolist() == [True, True, True, True, False]


def test_who_began_before_the_records_comes_in_at_the_own_age() -> None:
    rows = [("2019-09-23", None), ("2019-09-23", "2020-01-06"), ("2019-09-23", "2020-05-01")]
    found = of(*rows, until="2020-07-20", observed_from="2020-01-01")
    assert found.entry.tolist() == [4, 4, 4]
    assert found.kept.tolist() == [True, False, True]  # the second ended within the month of its entry
    assert found.renewed.tolist() == [9, 3, 7]
    assert found.periods[found.kept].tolist() == [6, 4]  # the tenth month of the first is not over


def test_nobody_is_there_for_less_than_nothing_nor_longer_than_was_seen() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        start, begun, more = rng.integers(-900, 900, 50), int(rng.integers(-300, 300)), int(rng.integers(0, 400))
        end = np.where(rng.random(50) < 0.5, OPEN, start + rng.integers(0, 900, 50))
        found = spells(start, end, until=begun + more, observed_from=begun)
        assert (found.periods[found.kept] >= 1).all()
        assert (found.periods[found.kept] <= more / 30 + 2).all()
        assert ((found.part >= 0) & (found.part <= 1)).all()
        assert not found.kept[start > begun + more].any()
