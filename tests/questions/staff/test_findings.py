"""The sentences of staff: loud leads take the grade down and say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from cxvalue.foundation.intervals import Interval
from cxvalue.questions.staff.findings import link_of_staff_findings, replacement_finding, turnover_findings
from cxvalue.questions.staff.head_count import head_count_of, turnover_of
from cxvalue.questions.staff.turnover_link import fit_turnover_link
from tests.questions.staff.test_head_count import staff
from tests.questions.staff.test_turnover_link import drawn


def test_loud_leads_are_said_and_graded() -> None:
    quiet = fit_turnover_link(drawn(1))
    assert quiet is not None
    quiet = replace(quiet, leads_p=0.5, above=Interval(0.2, 0.1, 0.3))
    first = link_of_staff_findings(quiet, currency="EUR", level=0.95)
    assert [one.id for one in first] == ["experience.staff.link", "experience.staff.cost_customers"]
    assert [one.grade for one in first] == ["C", "C"]
    assert "are followed by" in first[0].text
    loud = link_of_staff_findings(replace(quiet, leads_p=0.001), currency="EUR", level=0.95)
    assert [one.grade for one in loud] == ["D", "D"]
    assert "which comes first the data does not say" in loud[0].text
    assert "followed" not in loud[0].text
    assert link_of_staff_findings(None, currency="EUR", level=0.95) == []


def test_those_who_were_sent_away_are_told_where_they_are_left_out() -> None:
    rows = [("a", "u", date(2020, 1, 1), date(2025, 1, 9)), ("b", "u", date(2020, 1, 1), date(2025, 1, 9))]
    for reasons, told in ((["retired", "own wish"], True), (["own wish", "own wish"], False)):
        people = head_count_of(staff(rows, reason=reasons), observed_from=date(2025, 1, 1), as_of=date(2025, 1, 31))
        assert people is not None
        found = turnover_findings(people, turnover_of(people), level=0.95)[0]
        assert ("1 of them did not choose to leave" in found.method) == told


def test_who_stays_a_year_is_not_told_where_nobody_was_seen_in_the_first_one() -> None:
    """Forty who came long before the table begins, and one newcomer who left: not "0% are still there"."""
    old = [(f"e{k}", "u", date(2024, 9, 1), None) for k in range(40)]
    found = head_count_of(
        staff([*old, ("new", "u", date(2025, 2, 1), date(2025, 2, 13))]),
        observed_from=date(2025, 1, 1),
        as_of=date(2026, 6, 30),
    )
    assert found is not None
    turnover, survival = turnover_findings(found, turnover_of(found), level=0.95)
    assert turnover.value is not None
    assert (survival.id, survival.value) == ("experience.staff.survival", None)
    assert "first 12 months" in survival.text


def test_a_cost_is_not_claimed_where_units_differ_by_chance() -> None:
    found = fit_turnover_link(drawn(1))
    assert found is not None
    chance = replace(found, leads_p=0.5, above=Interval(0.2, 0.0, 0.3), money=Interval(5000.0, 0.0, 9000.0))
    link, cost = link_of_staff_findings(chance, currency="EUR", level=0.95)
    assert (link.grade, cost.grade) == ("C", "D")
    assert "are followed by" in link.text
    assert "is not shown" in cost.text
    assert "by chance alone" in cost.text
    assert cost.value == 5000.0
    apart = replace(chance, above=Interval(0.2, 0.1, 0.3), money=Interval(5000.0, 2000.0, 9000.0))
    _, cost = link_of_staff_findings(apart, currency="EUR", level=0.95)
    assert cost.grade == "C"
    assert "chance" not in cost.text
    assert "goes with" in cost.text
    unsure = replace(apart, money=Interval(5000.0, -2000.0, 9000.0))
    _, cost = link_of_staff_findings(unsure, currency="EUR", level=0.95)
    assert "is not shown" in cost.text
    assert "chance" not in cost.text


def test_turnover_survival_and_replacement() -> None:
    people = staff(
        [("a", "u", date(2020, 1, 1), None), ("b", "u", date(2024, 6, 1), date(2025, 2, 20))], monthly_cost=[2000.0] * 2
    )
    found = head_count_of(people, observed_from=date(2025, 1, 1), as_of=date(2025, 3, 31))
    assert found is not None
    told = turnover_findings(found, turnover_of(found), level=0.95)
    assert [one.id for one in told] == ["experience.staff.turnover", "experience.staff.survival"]
    cost = replacement_finding(found, 3.0, currency="EUR")
    assert cost is not None
    assert cost.value == 1 * 3.0 * 2000.0
    assert replacement_finding(replace(found, monthly_cost=None), 3.0, currency="EUR") is None
