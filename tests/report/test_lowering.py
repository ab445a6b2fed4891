"""A caution takes down the evidence of what rests on its table, and of nothing else."""

from __future__ import annotations

import pytest

from cxvalue.findings.finding import Finding
from cxvalue.report.lowering import lower_grades
from cxvalue.tables.cautions import KINDS, Caution, worst_first


def finding(key: str, grade: str | None) -> Finding:
    return Finding(key, "a label", 1.0, grade=grade, method="Counted.")


def caution(table: str, lowers: bool = True) -> Caution:
    return Caution("ids_alike", table, "customer_id", 5, 0.2, "Ids are alike.", lowers)


@pytest.mark.parametrize(
    ("key", "table", "grade", "expected"),
    [
        ("cltv.equity", "transactions", "C", "D"),
        ("churn.rate", "subscriptions", "C", "D"),
        ("discounts.flat_profit", "offers", "B", "C"),
        ("cltv.equity", "transactions", "E", "E"),
        ("cltv.equity", "offers", "C", "C"),
        ("base.customers", "transactions", None, None),
        ("programme.x.npv", "rollout", "B", "B"),  # there it is one of the checks
    ],
)
def test_what_rests_on_the_table_loses_one_grade(key: str, table: str, grade: str | None, expected: str | None) -> None:
    (found,) = lower_grades([finding(key, grade)], [caution(table)])
    assert found.grade == expected
    assert ("One grade lower: Ids are alike." in found.method) == (grade != expected or grade == "E")


def test_several_cautions_and_those_that_only_say_so() -> None:
    many = [caution("transactions"), caution("transactions")]
    assert lower_grades([finding("cltv.equity", "C")], many)[0].grade == "D"
    assert lower_grades([finding("cltv.equity", "C")], [caution("transactions", False)])[0].grade == "C"


def test_cautions_come_in_the_order_of_their_kinds_and_never_name_an_id_in_public() -> None:
    some = [Caution(kind, "transactions", "", 1, 0.1, kind, private="K77") for kind in reversed(KINDS)]
    assert [one.kind for one in worst_first(some)] == list(KINDS)
    assert all("K77" not in str(one.published()) for one in some)
    with pytest.raises(ValueError, match="unknown kind"):
        Caution("new", "transactions", "", 1, None, "x")
