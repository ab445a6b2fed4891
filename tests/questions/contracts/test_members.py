"""Months of members in the engine: by hand, for staff, and the ratios that a simulated insurer was made with."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from cxvalue.engine.embedded import connect
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.contracts.spells import OPEN
from cxvalue.questions.contracts.members import TENURE, Happening, Members, calendar_columns, fit_members, member_months

EPOCH = date(1970, 1, 1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def members_of(rows: list[tuple[str, str, str | None]], **more: object) -> Members:
    table = pd.DataFrame(
        {"member": [name for name, _, _ in rows], "cluster": [name[0] for name, _, _ in rows],
         "start": [day(start) for _, start, _ in rows], "end": [day(end) if end else OPEN for _, _, end in rows]}
    )  # fmt: skip
    return Members(table, date(2025, 12, 31), date(2025, 1, 1), **more)  # type: ignore[arg-type]


def test_months_know_what_was_known_when_they_began() -> None:
    con = connect()
    events = con.create_table("complaints", pd.DataFrame({"key": ["ab", "zz"], "day": [day("2025-03-15")] * 2}))
    asked = pd.DataFrame({"key": ["a", "a"], "day": [day("2025-02-10"), day("2025-06-20")], "value": [9.0, 2.0]})
    scores = con.create_table("scores", asked)
    happenings = (
        Happening("complaint", events, 90),
        Happening("score", scores, 365, edges=(4.0, 8.0), by_cluster=True),
    )
    members = members_of(
        [("ab", "2025-01-01", "2025-09-10"), ("zy", "2024-11-15", None)], happenings=happenings, renewal_months=True
    )
    months = member_months(members, con).to_pandas()
    months = months.sort_values(["member", "month"])
    own = months[months["member"] == "ab"].reset_index(drop=True)
    # Nine months, of which the ninth ended; the complaint of 15 March is known on 2 April, 2 May and 2 June.
    assert own["ended"].tolist() == [0] * 8 + [1]
    assert own["complaint"].tolist() == ["no"] * 3 + ["yes"] * 3 + ["no"] * 3
    assert own["score"].tolist() == ["not asked"] * 2 + ["high"] * 4 + ["low"] * 3
    assert own[TENURE].tolist() == ["months 1–3"] * 3 + ["months 4–6"] * 3 + ["months 7–12"] * 3
    late = months[months["member"] == "zy"]
    # From the third month on, before which the data begins, to the thirteenth; the last one is over half through when
    # the data ends, and the one end of a month that was seen came earlier in it than that.
    assert len(late) == 12
    assert late["weight"].tolist() == [1.0] * 12
    assert late["renewal month"].tolist() == ["no"] * 9 + ["yes"] * 2 + ["no"]
    assert set(late["score"]) == {"not asked"}


def test_the_forecast_names_the_calendar_as_the_engine_does() -> None:
    con = connect()
    members = members_of([("ab", "2019-05-20", None)], renewal_months=True)
    months = member_months(members, con).to_pandas().sort_values("month")
    numbers = months["month"].to_numpy() - 1
    named = calendar_columns(numbers, np.full(len(months), day("2019-05-20")), members)
    for name in (TENURE, "renewal month", "season"):
        assert months[name].tolist() == named[name].tolist(), name


def test_months_of_members_begin_by_the_calendar_in_the_engine_as_in_the_core() -> None:
    con = connect()
    rows = [
        (f"m{number}", text, None)
        for number, text in enumerate(("2024-12-31", "2025-01-30", "2025-02-28", "2025-04-30"))
    ]
    events = [day(text) for text in ("2025-02-28", "2025-03-30", "2025-03-31", "2025-05-31")]
    # An event on the day on which the third, third, second and second month begins is known in it, and not before.
    table = con.create_table("events", pd.DataFrame({"key": [name for name, _, _ in rows], "day": events}))
    members = members_of(rows, happenings=(Happening("event", table, 25),))
    months = member_months(members, con).to_pandas().sort_values(["member", "month"])
    known = months[months["event"] == "yes"].groupby("member")["month"].min()
    assert known.tolist() == [3, 3, 2, 2]
    starts = np.array([day(text) for _, text, _ in rows])
    assert members.begins(np.array([2, 2, 1, 1]), starts).tolist() == events


def test_a_month_that_is_not_over_counts_by_how_much_of_it_could_show_an_end() -> None:
    """Of the ends of months, one of two comes in the first half; a month that is half over counts half."""
    con = connect()
    rows = [("a", "2025-04-01", "2025-04-11"), ("b", "2025-04-01", "2025-04-30"), ("c", "2025-06-15", None)]
    months = member_months(members_of(rows), con).to_pandas()
    assert months.loc[months["member"] == "c", "weight"].sort_values().tolist() == [0.5] + [1.0] * 6
    assert months["weight"].sum() == 8.5


def test_staff_leaving_is_the_same_question() -> None:
    """An employees table: hired and left, shift as a driver, the branch as the cluster; the true ratio is 1.8."""
    rng, size = np.random.default_rng(2), 3000
    hired = pd.to_datetime("2021-01-01") + pd.to_timedelta(rng.integers(0, 1600, size), unit="D")
    shift = rng.choice(["day", "night"], size)
    stay = np.where(shift == "night", (1 - 0.02) ** 1.8, 1 - 0.02)
    left = hired + pd.to_timedelta(np.floor(rng.geometric(1 - stay) * 365.25 / 12), unit="D")
    employees = pd.DataFrame(
        {"employee_id": [f"e{number}" for number in range(size)], "unit": rng.integers(0, 60, size).astype(str),
         "hired": hired, "left": left.where(left <= pd.Timestamp("2025-12-31"))}
    )  # fmt: skip

    def number(column: pd.Series) -> np.ndarray:
        days = column.to_numpy().astype("datetime64[D]").astype(np.int64)
        return np.where(column.isna(), OPEN, days)

    table = pd.DataFrame(
        {"member": employees["employee_id"], "cluster": employees["unit"], "start": number(employees["hired"]),
         "end": number(employees["left"]), "shift": shift}
    )  # fmt: skip
    staff = Members(table, date(2025, 12, 31), date(2022, 1, 1), fixed=("shift",))
    model = fit_members(staff, connect(), order={"shift": ("day", "night")})
    night = model.ratios().set_index(["driver", "level"]).loc[("shift", "night")]
    assert night["low"] < 1.8 < night["high"]
    assert night["high"] / night["low"] < 1.3
    assert model.clusters == 60
    assert "season" not in model.drivers  # nothing in it follows the season


def test_a_driver_may_not_have_the_name_of_a_column_of_the_months() -> None:
    members = members_of([("ab", "2025-01-01", None)], fixed=("months",))
    with pytest.raises(CxvalueError, match="cannot be called 'months'"):
        member_months(members, connect())
