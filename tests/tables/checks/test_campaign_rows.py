"""Contacts of a campaign: two treated arms are a caution, a contaminated control is refused, a repeat is neither."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from cxvalue.tables.checks.campaign_rows import held_and_sent, second_control, two_arms, unnamed_control
from tests.tables.helpers import load

SOLD = "customer_id,date,revenue\n" + "".join(f"c{i},2025-03-01,10\n" for i in range(10))


def contacts(rows: list[tuple[str, str, str, str]]) -> ibis.Table:
    return ibis.memtable(pd.DataFrame(rows, columns=["customer_id", "date", "campaign", "arm"]))


def test_two_arms_of_one_campaign_are_counted():
    rows = [(f"c{i}", "2025-05-01", "spring", "mail" if i % 2 else "sms") for i in range(10)]
    rows += [("c1", "2025-05-08", "spring", "sms"), ("c3", "2025-05-08", "spring", "mail")]  # another arm; a repeat
    rows += [("c5", "2025-06-01", "summer", "sms"), ("c5", "2025-06-02", "winter", "mail")]  # campaigns of their own
    (found,) = two_arms(contacts(rows), {"spring": None, "summer": None, "winter": None})
    assert (found.kind, found.table, found.column, found.rows, found.share) == ("two_arms", "contacts", "arm", 2, 0.1)
    assert found.lowers
    assert "1 of the 10 customers of the campaign spring (10.0%)" in found.text
    assert two_arms(contacts(rows[:10]), {"spring": None}) == []
    assert two_arms(contacts(rows), {"summer": None}) == []  # no campaign of the study


def test_the_caution_travels_with_the_tables(tmp_path):
    sent = "customer_id,date,campaign,arm\n" + "".join(f"c{i},2025-05-01,spring,mail\n" for i in range(9))
    given = {"transactions": SOLD, "contacts": f"{sent}c0,2025-05-02,spring,sms\nc9,2025-05-01,spring,held\n"}
    campaigns = [{"name": "spring", "control": "held", "window_days": 30}]
    (found,) = load(tmp_path, given, campaigns=campaigns).cautions
    assert (found.kind, found.rows) == ("two_arms", 2)


@pytest.mark.parametrize("control", ["held", None])
def test_who_was_held_out_and_contacted_is_counted(control):
    rows = [("a", "2025-05-01", "c", "held"), ("b", "2025-05-01", "c", "held"), ("b", "2025-05-02", "c", "sms")]
    found = held_and_sent(contacts(rows), "c", control)
    assert len(found) == (control is not None)
    if found:
        assert "1 customer appears in more than one arm" in found[0].found
        assert "50.0% of the 2 held out; b" in found[0].found


@pytest.mark.parametrize(
    ("arms", "said"),
    [
        (["yes", "No"], "'No'"),
        ("是否", "'否'"),
        (["mail", "holdout"], "'holdout'"),
        ("NS", ""),  # north and south
        ("NY", ""),
        ("FT", ""),
        ("01", ""),
        ("AB", ""),
        ("Y", ""),
        (["mail", "no"], ""),
    ],
)
def test_an_arm_of_no_beside_one_of_yes_is_nobody_contacted(arms, said):
    rows = [(f"c{i}", "2025-05-01", "c", arms[i % len(arms)]) for i in range(6)]
    found = unnamed_control(contacts(rows), "c")
    assert [f"the arm {said} looks like customers who were held out" in one.found for one in found] == [True] * bool(
        said
    )


@pytest.mark.parametrize(
    ("arms", "told"),
    [
        (["mail", "control", "Hold-out"], True),
        (["a", "b", "control"], False),
        (["mail", "Control "], False),
        (["mail", "control", "placebo"], False),  # sent, and no offer in it
        (["none", "control", "bau"], False),
    ],
)
def test_a_second_arm_of_held_out_customers_is_refused_beside_the_control(arms, told):
    rows = [(f"c{i}", "2025-05-01", "c", arms[i % len(arms)]) for i in range(6)]
    found = second_control(contacts(rows), "c", "control")
    assert ["they would count as contacted" in one.found for one in found] == [True] * told
    assert ["values: {arm: {Hold-out: control}}" in one.remedy for one in found] == [True] * told
