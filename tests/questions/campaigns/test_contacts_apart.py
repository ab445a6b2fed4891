"""Campaigns that run at the same time: what they do to one another, in worlds whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxvalue.questions.campaigns import (
    arms_compared,
    arms_contacted_elsewhere,
    arms_table,
    campaign_result,
    matched_campaign_result,
    windows_table,
)
from cxvalue.questions.campaigns.arm_findings import other_contacts_sentence
from cxvalue.questions.campaigns.contacts_apart import contacts_apart, measurable_days
from cxvalue.questions.campaigns.findings import reactivation_findings
from cxvalue.questions.campaigns.other_contacts import OtherContacts
from cxvalue.study import Campaign
from tests.questions.campaigns.test_reactivation import small

DAY = pd.Timestamp("2025-03-01")
ADDED = 0.15
"""Of the customers whom either campaign contacts, so many buy because of it: worth 3 of margin a contact."""
BOTH = [Campaign(name="c", control="no", window_days=30), Campaign(name="b", control="no", window_days=30)]


def world(seed, whom, *, size=1200, later=5, name="c", declared=BOTH, share=0.3, control="no", arms=("yes",)):
    """Campaign c by lot, and campaign b `later` days after it, to those whom `whom(held, arm, rng)` picks.

    A purchase that b brings comes within 10 days.
    """
    rng = np.random.default_rng(seed)
    held = rng.random(size) < share
    arm = np.where(held, "no", rng.choice(arms, size))
    other = whom(held, arm, rng)
    names = [f"c{number:05d}" for number in range(size)]
    bought = [(one, DAY - pd.Timedelta(days=int(back)), 50.0, 20.0)
              for one, back in zip(names, rng.integers(100, 400, size), strict=True)]  # fmt: skip
    usual, woken, again = (
        rng.random(size) < 0.10,
        ~held & (rng.random(size) < ADDED),
        other & (rng.random(size) < ADDED),
    )
    after = rng.integers(0, 31, (2, size)), later + rng.integers(0, 11, size)
    for yes, when in ((usual, after[0][0]), (woken, after[0][1]), (again, after[1])):
        bought += [(names[i], DAY + pd.Timedelta(days=int(when[i])), 50.0, 20.0) for i in np.flatnonzero(yes)]
    contacts = [(one, DAY, "c", mine, 0.5 * (mine != "no")) for one, mine in zip(names, arm, strict=True)]
    sent = DAY + pd.Timedelta(days=later)
    listed = ~held if whom is follow_up else np.full(size, True)
    contacts += [(names[i], sent, "b", "yes" if other[i] else "no", 0.5) for i in np.flatnonzero(listed)]
    return small(contacts, bought, name=name, declared=declared, control=control)


def to_the_held_out(held, arm, rng):
    return held


def follow_up(held, arm, rng):
    return ~held & (rng.random(len(held)) < 0.6)


def by_its_own_lot(held, arm, rng):
    return rng.random(len(held)) < 0.6


SMALL = world(0, by_its_own_lot, size=40)


def test_held_out_customers_who_were_contacted_by_another_campaign_are_nobody_to_compare_with():
    rows = world(1, to_the_held_out)
    back, held = rows.main.returned, rows.control
    assert abs(back[~held].mean() - back[held].mean()) < 0.06  # it added 0.135, and this was told with grade A
    found = campaign_result(rows, expected_share=0.3)
    assert (found.margin_per_contact, found.return_uplift, found.profit, found.judged) == (None, None, None, False)
    assert found.grade == "B"
    assert "Other campaigns (b) contacted 100% of the comparison group but only 0%" in found.withheld
    assert all(one.value is None and "no effect is told" in one.text
               for one in reactivation_findings(found, None, currency="EUR", level=0.95)[:4])  # fmt: skip


def test_a_window_that_ends_before_the_other_campaign_can_still_be_told():
    rows = world(2, to_the_held_out, later=20)
    assert measurable_days(rows) == 14
    found = campaign_result(rows)
    assert "In the first 14 days after the contact this was not yet so" in found.withheld
    assert windows_table(rows)["days"].tolist() == [7, 14]
    assert measurable_days(world(2, to_the_held_out, later=0)) is None


def test_the_contacted_of_a_campaign_without_a_holdout_are_compared_with_nobody_whom_another_contacted():
    rows = world(3, to_the_held_out)
    contacts = [(one, DAY, "b", "yes", 0.5) for one in rows.customer_id[rows.control]]
    contacts += [(one, DAY, "c", "yes", 0.5) for one in rows.customer_id[~rows.control]]
    rng = np.random.default_rng(3)
    bought = [(one, DAY - pd.Timedelta(days=int(rng.integers(100, 400))), 50.0, 20.0) for one in rows.customer_id]
    bought += [(one, DAY + pd.Timedelta(days=3), 50.0, 20.0) for one in rows.customer_id if rng.random() < 0.2]
    found = matched_campaign_result(small(contacts, bought, name="b", control=None))
    assert found.margin_per_contact is None
    assert "Other campaigns (c) contacted 100% of the comparison group but only 0%" in found.note
    # Without the other campaign's rows the same customers are compared.
    alone = matched_campaign_result(small([row for row in contacts if row[2] == "b"], bought, name="b", control=None))
    assert alone.margin_per_contact is not None
    assert "contacts" not in {check.name for check in alone.checks}


def test_a_follow_up_is_in_the_effect_and_its_cost_is_not():
    found = campaign_result(world(4, follow_up, size=6000), expected_share=0.3)
    both = 20 * ADDED * 1.6 - 0.5  # of margin: what either adds, less the cost of the first alone
    assert found.margin_per_contact.low < both < found.margin_per_contact.high
    assert found.grade == "B"
    told = reactivation_findings(found, None, currency="EUR", level=0.95)
    for one in (told[0], told[2], told[3]):
        assert "the effect contains what those contacts did, and their cost is not deducted" in one.text
        assert one.text.count("Other campaigns (b)") == 1
    # The follow-up, with a lot of its own among those contacted, is measured as it is.
    own = campaign_result(world(4, follow_up, size=6000, name="b"), expected_share=0.4)
    assert own.margin_per_contact.low < 20 * ADDED - 0.5 < own.margin_per_contact.high
    assert (own.grade, own.elsewhere) == ("A", "")


def test_a_follow_up_takes_no_grade_below_c():
    rows = world(5, follow_up)
    known = replace(rows, orders_before=rows.orders_before + ~rows.control)  # the groups were not alike
    found = campaign_result(known, expected_share=0.8)  # nor was the planned share held out
    assert [check.name for check in found.checks if check.passed is False] == ["lot", "split", "balance", "contacts"]
    assert found.grade == "C"


def test_a_follow_up_and_an_earlier_campaign_of_the_contacted_take_one_grade_together():
    rows = world(5, follow_up)
    own = np.flatnonzero(~rows.control)
    rows = replace(rows, earlier={"old": OtherContacts(own, np.full(own.size, -100))})
    sound = campaign_result(rows, expected_share=0.3)
    assert [(one.name, one.gating) for one in sound.checks if one.passed is False] == [
        ("contacts", True),
        ("earlier_contacts", True),
    ]
    assert sound.grade == "C"
    doubtful = campaign_result(rows, expected_share=0.8)
    assert [one.gating for one in doubtful.checks if one.passed is False] == [True, True, False]
    assert doubtful.grade == "C"


def test_the_same_customers_held_out_again_are_told_as_what_an_earlier_campaign_still_does_is_in_the_effect():
    def same(held, arm, rng):
        return ~held

    rows = world(8, same, later=-100)
    assert (rows.elsewhere, list(rows.earlier)) == ({}, ["b"])
    found = campaign_result(rows, expected_share=0.3)
    assert found.grade == "C"  # what b brought makes the groups unlike as well
    assert "Earlier campaigns (b) had contacted 100% of those contacted here but only 0%" in found.elsewhere
    told = reactivation_findings(found, None, currency="EUR", level=0.95)
    assert all(one.text.count("what they still do counts as the effect of this one") == 1
               for one in (told[2], told[3]))  # fmt: skip
    instead = campaign_result(world(8, to_the_held_out, later=-100), expected_share=0.3)
    assert instead.grade == "C"
    assert "what they still do is missing from the effect of this one" in instead.elsewhere
    assert instead.margin_per_contact is not None


def test_an_earlier_campaign_with_a_lot_of_its_own_or_long_ago_changes_nothing():
    for whom, later in ((by_its_own_lot, -100), (to_the_held_out, -400)):
        assert campaign_result(world(9, whom, later=later), expected_share=0.3).elsewhere == ""


def test_a_small_share_of_the_held_out_lowers_the_grade_and_is_told():
    found = campaign_result(world(6, lambda held, arm, rng: held & (rng.random(len(held)) < 0.15)))
    assert found.grade == "B"
    assert found.margin_per_contact is not None
    assert "what this campaign added to no contact at all may be more" in found.elsewhere


def test_two_campaigns_with_lots_of_their_own_change_nothing():
    for name in ("c", "b"):
        quiet = campaign_result(world(7, by_its_own_lot, name=name), expected_share=0.3 if name == "c" else 0.4)
        assert (quiet.grade, quiet.elsewhere) == ("A", "")
        assert quiet.margin_per_contact.low < 20 * ADDED - 0.5 < quiet.margin_per_contact.high
    rng, warned, warned_by_unit = np.random.default_rng(7), 0, 0
    for _ in range(200):  # small ones, with three others of which one is rare
        held, lots = rng.random(200) < 0.15, (rng.random(200) < share for share in (0.6, 0.2, 0.02))
        data = reached(200, *(np.flatnonzero(lot) for lot in lots))
        warned += contacts_apart(data, ~held, held, 30) is not None
        unit = np.arange(200) // 10
        by_unit, chosen = rng.permutation(20) < 8, rng.permutation(20) < 10
        data = replace(reached(unit.size, np.flatnonzero(chosen[unit])), unit=unit, unit_name="shop")
        warned_by_unit += contacts_apart(data, ~by_unit[unit], by_unit[unit], 30) is not None
    assert warned <= 6
    assert warned_by_unit <= 6


def test_another_campaign_before_counts_only_while_it_may_still_work():
    over = campaign_result(world(8, to_the_held_out, later=-60), expected_share=0.3)
    assert over.withheld == ""
    assert over.elsewhere.startswith("Earlier campaigns (b) had contacted 100% of the comparison group")
    assert over.margin_per_contact.low < 20 * ADDED - 0.5 < over.margin_per_contact.high
    assert campaign_result(world(8, to_the_held_out, later=-29)).withheld
    # What the study says of the other one tells how long it works; this campaign's own window does where it says nothing.
    longer = [BOTH[0], Campaign(name="b", control="no", window_days=90)]
    assert campaign_result(world(8, to_the_held_out, later=-60, declared=longer)).withheld
    # "no" is no word for a holdout, so that without the study file both groups were contacted.
    assert campaign_result(world(8, to_the_held_out, later=-29, declared=())).elsewhere == ""


def reached(size, *places):
    """A campaign whose customers other campaigns contacted at these places of its rows, on the day itself."""
    days = (np.zeros(len(place), dtype=np.int64) for place in places)
    sent = {f"o{i}": OtherContacts(place, day) for i, (place, day) in enumerate(zip(places, days, strict=True))}
    nothing = replace(SMALL.main, observed=np.ones(size, dtype=bool), sums=np.zeros((len(SMALL.main.sums), size)))
    return replace(SMALL, elsewhere=sent, windows={30: nothing})


def counted(size, own_hits, held_hits, *, names=1):
    """So many contacted and as many held out, of whom other campaigns reached so many."""
    places = (np.r_[:own_hits, size + i * held_hits + np.arange(held_hits)] for i in range(names))
    control = np.arange(2 * size) >= size
    return reached(2 * size, *list(places)), ~control, control


def test_shares_apart_by_hand():
    data, own, held = counted(100, 10, 30)
    found = contacts_apart(data, own, held, 30)
    assert (found.own, found.others, found.gap) == pytest.approx((0.10, 0.30, -0.20))
    assert not found.instead
    p = stats.fisher_exact([[10, 90], [26, 74]]).pvalue
    assert 0.001 < p < 0.01
    assert contacts_apart(*counted(100, 10, 26), 30) is not None
    assert contacts_apart(*counted(100, 10, 23), 30) is None  # 13 points, which chance makes once in 50 times
    assert stats.fisher_exact([[80, 1920], [176, 1824]]).pvalue < 1e-6
    assert contacts_apart(*counted(2000, 80, 176), 30) is None  # proven, but less than five points


def test_campaigns_that_share_the_held_out_among_them_are_taken_together():
    data, own, held = counted(500, 0, 80, names=4)
    found = contacts_apart(data, own, held, 30)
    assert found.campaigns == ("o0", "o1", "o2", "o3")
    assert found.others == pytest.approx(4 * 0.16)
    assert found.instead
    # Another one that reached everybody hides nothing.
    every = OtherContacts(np.arange(1000), np.zeros(1000, dtype=np.int64))
    hidden = contacts_apart(replace(data, elsewhere={**data.elsewhere, "z": every}), own, held, 30)
    assert hidden.campaigns == found.campaigns
    assert hidden.instead


def test_where_units_were_assigned_a_unit_is_one_draw():
    data, own, held = counted(100, 20, 60)
    assert contacts_apart(data, own, held, 30).instead
    unit = np.arange(200) // 20  # ten units; the other campaign reached one of five, and three of five
    assert contacts_apart(replace(data, unit=unit, unit_name="shop"), own, held, 30) is None


def test_arms_of_which_another_campaign_contacted_other_shares_are_not_compared():
    rows = world(11, lambda held, arm, rng: arm == "sms", size=3000, arms=("mail", "sms"))
    assert arms_contacted_elsewhere(rows) == ("mail", "sms")
    assert arms_compared(rows) == ()
    assert set(arms_table(rows)["arm"]) == {"mail", "sms"}
    assert "mail, sms" in other_contacts_sentence(arms_contacted_elsewhere(rows))
    quiet = world(11, by_its_own_lot, size=3000, arms=("mail", "sms"))
    assert arms_contacted_elsewhere(quiet) == ()
    assert len(arms_compared(quiet)) == 1
    assert other_contacts_sentence(()) == ""
    # An arm is left out whose held-out were contacted instead.
    assert not len(arms_table(world(11, to_the_held_out, size=3000, arms=("mail", "sms"))))


@pytest.mark.parametrize("whom", ["buyers", "silent"])
def test_contacts_that_follow_from_what_customers_bought_say_nothing_of_the_lot(whom):
    """Thanks for a purchase and reminders to the silent reach groups unequally because the campaign worked."""
    rows = world(4, by_its_own_lot, size=3000)
    bought = rows.main.orders > 0
    place = np.flatnonzero(bought if whom == "buyers" else ~bought)
    rows = replace(rows, elsewhere={"after": OtherContacts(place, np.full(place.size, 25))})
    assert abs(bought[~rows.control].mean() - bought[rows.control].mean()) > 0.1
    found = campaign_result(rows, expected_share=0.3)
    assert "contacts" not in {check.name for check in found.checks}
    assert (found.grade, found.withheld) == ("A", "")
