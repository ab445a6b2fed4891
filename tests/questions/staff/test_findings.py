"""The sentences of staff: loud leads take the grade down and say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from cxvalue.questions.staff.findings import link_of_staff_findings, replacement_finding, turnover_findings
from cxvalue.questions.staff.head_count import head_count_of, turnover_of
from cxvalue.questions.staff.turnover_link import fit_turnover_link
from tests.questions.staff.test_head_count import staff
from tests.questions.staff.test_turnover_link import drawn


def test_loud_leads_are_said_and_graded() -> None:
    quiet = fit_turnover_link(drawn(1))
    assert quiet is not None
    quiet = replace(quiet, leads_p=0.5)
    first = link_of_staff_findings(quiet, currency="EUR", level=0.95)
    assert [one.id for one in first] == ["experience.staff.link", "experience.staff.cost_customers"]
    assert [one.grade for one in first] == ["C", "C"]
    assert "are followed by" in first[0].text
    loud = link_of_staff_findings(replace(quiet, leads_p=0.001), currency="EUR", level=0.95)
    assert [one.grade for one in loud] == ["D", "D"]
    assert "which comes first the data does not say" in loud[0].text
    assert "followed" not in loud[0].text
    assert link_of_staff_findings(None, currency="EUR", level=0.95) == []


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
