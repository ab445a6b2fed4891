"""A campaign whose windows are open is told to be so, with the day on which it can be told; all others are told."""

from __future__ import annotations

from datetime import date

import pytest

from cxvalue.questions.campaigns import campaign_result, matched_campaign_result
from cxvalue.questions.campaigns.findings import reactivation_findings
from cxvalue.questions.campaigns.open_windows import has_begun, interim_look, not_begun, too_early
from tests.questions.campaigns.test_next_contacts import campaign, data_of, table


def test_nothing_is_told_before_both_groups_were_followed_for_the_window() -> None:
    given = campaign()
    given["contacts"]["date"][:300] = ["2025-03-20"] * 300
    data = data_of(given, as_of=date(2025, 3, 30))
    told = too_early(data)
    assert "as the data end on 30 March 2025" in told
    assert "once the data reach 31 March 2025, all once they reach 19 April 2025" in told
    found = campaign_result(data, expected_share=0.5)
    assert not found.judged
    assert (found.withheld, found.note, found.interim, found.contacted) == (told, told, "", 0)
    assert [one.name for one in found.checks] == ["split"]
    findings = reactivation_findings(found, (3, 9), currency="EUR", level=0.95, product="tea")
    assert all(one.value is None and "too early to tell" in one.text for one in findings)
    assert not too_early(data_of(given, as_of=date(2025, 3, 31)))


def test_one_group_alone_is_no_comparison_and_one_day_is_named_once() -> None:
    given = campaign()
    contacts = given["contacts"]
    contacts["date"] = ["2025-03-01" if arm != "no" else "2025-03-20" for arm in contacts["arm"]]
    told = too_early(data_of(given, as_of=date(2025, 4, 5)))
    assert told.endswith("It can be told once the data reach 19 April 2025.")
    assert interim_look(data_of(given, as_of=date(2025, 4, 5))) == ""


def test_a_campaign_without_held_out_customers_waits_too() -> None:
    given = campaign()
    kept = [number for number, arm in enumerate(given["contacts"]["arm"]) if arm != "no"]
    contacts = {name: [column[number] for number in kept] for name, column in given["contacts"].items()}
    data = data_of(given | {"contacts": contacts}, control=None, as_of=date(2025, 3, 30))
    found = matched_campaign_result(data)
    assert "once the data reach 31 March 2025" in found.withheld
    assert (found.margin_per_contact, found.checks) == (None, ())


@pytest.mark.parametrize(("control", "begun"), [("no", True), ("nobody", False), (None, True)])
def test_a_campaign_has_begun_when_both_its_groups_have(control: str | None, begun: bool) -> None:
    contacts = table(campaign()["contacts"])
    assert has_begun(contacts, "c", control) is begun
    assert not has_begun(contacts, "later", control)
    assert "30 days after the contacts" in not_begun(30, date(2025, 3, 30))


@pytest.mark.parametrize("each", [1, 2, 4])
def test_a_first_look_at_a_handful_gives_no_range_or_a_wide_one(each: int) -> None:
    """One customer of either group broke the run, and four of each were adjusted by as many columns."""
    given = campaign()
    arms, seen = given["contacts"]["arm"], {"no": 0}
    for number, arm in enumerate(arms):
        side = "no" if arm == "no" else "yes"
        seen[side] = seen.get(side, 0) + 1
        given["contacts"]["date"][number] = "2025-03-01" if seen[side] <= each else "2025-03-20"
    found = campaign_result(data_of(given, as_of=date(2025, 4, 1)))
    assert (found.contacted, found.held_out) == (each, each)
    findings = reactivation_findings(found, None, currency="EUR", level=0.95)
    if found.margin_per_contact is None:
        assert "no range can be given" in findings[2].text
    else:
        assert found.margin_per_contact.se == pytest.approx(found.unadjusted.se)
