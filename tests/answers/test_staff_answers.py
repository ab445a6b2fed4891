"""What staff turnover costs: two people who never leave, and customers that no unit is known of."""

from __future__ import annotations

from cxvalue.answers.staff_answers import StaffAnswers
from cxvalue.workspace.opened import Study


def test_nobody_left_and_no_customer_has_a_unit(little: Study) -> None:
    staff = StaffAnswers(little)
    assert staff.people is not None
    assert {one.id.split(".")[1] for one in staff.turnover().findings} == {"staff"}
    assert repr(staff.customers_follow()).startswith("Left out: ")
    assert staff.handed_over()["tables"] == {}
