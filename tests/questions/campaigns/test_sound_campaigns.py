"""Sound campaigns that used to be misread: answers on the day itself, constant covariates, rows twice, several arms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxvalue.effects.estimators.abtest import difference_in_means
from cxvalue.figures import campaign_uplift
from cxvalue.questions.campaigns import (
    arms_compared,
    arms_on_other_days,
    arms_table,
    campaign_result,
    matched_campaign_result,
    windows_table,
)
from cxvalue.questions.campaigns.arm_findings import arm_findings, arms_sentence, other_days_sentence
from cxvalue.questions.campaigns.claims import pull_forward_sentence
from cxvalue.questions.campaigns.compare import Comparison, days_apart
from cxvalue.questions.campaigns.display import arms_display, capped_sentence, segments_display, windows_display
from cxvalue.questions.campaigns.findings import reactivation_findings
from cxvalue.questions.campaigns.segments import segments_table
from tests.questions.campaigns.test_reactivation import small


def lot(seed, size=1500, *, answer=0.10, day_zero=True):
    """A sound lot of customers: a tenth of the contacted buy because of it, many of them on the day of the contact."""
    rng = np.random.default_rng(seed)
    names = [f"c{number:05d}" for number in range(2 * size)]
    held = np.arange(2 * size) % 2 == 0
    day = pd.Timestamp("2025-03-01")
    paid = [(name, day - pd.Timedelta(days=int(back)), 50.0, 20.0) for name, back in
            zip(names, rng.integers(100, 400, 2 * size), strict=True)]  # fmt: skip
    usual = rng.random(2 * size) < 0.10
    woken = ~held & (rng.random(2 * size) < answer)
    when = np.where(rng.random(2 * size) < 0.6, 0 if day_zero else 1, rng.integers(1, 31, 2 * size))
    paid += [(name, day + pd.Timedelta(days=int(later)), 50.0, 20.0)
             for name, later, buys in zip(names, when, usual | woken, strict=True) if buys]  # fmt: skip
    arms = np.where(held, "no", "yes")
    return [(name, day, "c", arm, 0.1 * (arm == "yes")) for name, arm in zip(names, arms, strict=True)], paid


def test_an_answer_on_the_day_of_the_contact_counts():
    contacts, bought = lot(1)
    rows = small(contacts, bought)
    found = campaign_result(rows, expected_share=0.5, dormancy_days=90)
    assert found.return_uplift.low < 0.09 < found.return_uplift.high  # 10% of the 90% who would not have bought
    assert found.return_uplift.value == pytest.approx(0.09, abs=0.03)
    assert found.grade == "A"
    # The same answers a day later are the same campaign: no customer's past, and no covariate, knows of them.
    later = small(*lot(1, day_zero=False))
    assert np.array_equal(rows.before, later.before)
    assert found.margin_per_contact == campaign_result(later, dormancy_days=90).margin_per_contact


def test_a_covariate_that_is_the_same_for_everybody_changes_nothing():
    rows = small(*lot(2))
    assert (rows.frequency == 1).all()  # everybody had ordered once: log(2) 3,000 times
    found = campaign_result(rows, expected_share=0.5)
    balance = next(check for check in found.checks if check.name == "balance")
    assert balance.passed
    assert "left out" in balance.detail
    assert "orders ever" in balance.detail
    other = replace(rows, frequency=np.zeros(len(rows.arm)))
    assert found.margin_per_contact == pytest.approx(campaign_result(other).margin_per_contact)


def test_nothing_bought_is_no_estimate():
    contacts, bought = lot(3, size=100)
    silent = [row for row in bought if row[1] < pd.Timestamp("2025-03-01")]
    found = campaign_result(small(contacts, silent), expected_share=0.5)
    assert found.margin_per_contact is None
    assert found.return_uplift is None
    assert found.profit is None
    assert "None of the 200 customers" in found.withheld
    assert not found.judged
    findings = reactivation_findings(found, None, currency="EUR", level=0.95)
    assert all(one.value is None and "one of the 200 customers" in one.text for one in findings[:4])
    unlike = campaign_data_without_holdout(contacts, silent)
    assert matched_campaign_result(unlike).margin_per_contact is None


def campaign_data_without_holdout(contacts, bought):
    return small([row for row in contacts if row[3] == "yes"], bought, control=None)


def test_the_same_row_twice_is_one_contact():
    contacts, bought = lot(4, size=50)
    once, twice = small(contacts, bought), small(contacts + contacts[:40], bought)
    assert np.array_equal(once.cost, twice.cost)
    again = small([*contacts, (contacts[1][0], "2025-03-05", "c", "yes", 0.1)], bought)  # a second letter costs again
    assert again.cost.sum() == pytest.approx(once.cost.sum() + 0.1)


def test_arms_are_compared_with_each_other():
    rng = np.random.default_rng(5)
    names = [f"c{number:05d}" for number in range(3000)]
    arms = np.array(["no", "mail", "sms"])[np.arange(3000) % 3]
    chance = {"no": 0.1, "mail": 0.15, "sms": 0.4}
    day = pd.Timestamp("2025-03-01")
    bought = [(name, day - pd.Timedelta(days=int(rng.integers(100, 300))), 50.0, 20.0) for name in names]
    back = [(name, day + pd.Timedelta(days=5), 50.0, 20.0) for name, arm in zip(names, arms, strict=True)
            if rng.random() < chance[arm]]  # fmt: skip
    rows = small([(name, day, "c", arm, 0.0) for name, arm in zip(names, arms, strict=True)], bought + back)
    (gap,) = arms_compared(rows)
    assert (gap.best, gap.other) == ("sms", "mail")
    assert gap.gap.low < 20 * 0.25 < gap.gap.high
    plain = difference_in_means(rows.main.margin[rows.arm == "sms"], rows.main.margin[rows.arm == "mail"])
    assert gap.gap.value == pytest.approx(plain.value, abs=0.1)
    result = campaign_result(rows, dormancy_days=90)
    findings = arm_findings(result, arms_table(rows), arms_compared(rows), currency="EUR", level=0.95)
    assert [one.id for one in findings] == [
        "reactivation.c.arm_mail_margin_per_contact", "reactivation.c.arm_sms_margin_per_contact",
        "reactivation.c.best_arm_ahead_by",
    ]  # fmt: skip
    assert findings[-1].text.startswith("A contact by sms brought EUR ")
    assert "more than one by mail" in findings[-1].text
    alike = replace(rows, arm=np.where(rows.control, rows.arm, np.where(np.arange(3000) % 2, "mail", "sms")))
    assert "It is not clear which version is better" in arms_sentence(arms_compared(alike), "EUR")


def test_words_say_what_customers_did():
    contacts, bought = lot(6, size=300)
    rows = small(contacts, bought)
    awake = campaign_result(replace(rows, priced=False), dormancy_days=500)
    texts = " ".join(one.text for one in reactivation_findings(awake, None, currency="EUR", level=0.95))
    assert "came back" not in texts
    assert "wake" not in texts
    assert "woken" not in texts
    assert "won back" not in texts
    assert "the contacts give no cost" in texts
    assert "of EUR 0 " not in texts
    assert "came back" in reactivation_findings(
        campaign_result(rows, dormancy_days=90), None, currency="EUR", level=0.95
    )[0].text  # fmt: skip
    assert "would change anything" in capped_sentence(awake, "EUR")  # every margin is the same: a cap cuts nothing
    flat = pd.DataFrame({"days": [7, 30], "margin": [1.0, 1.0]})
    flat.loc[1, "margin"] = 1.0 - 1e-12
    assert "brought forward" in pull_forward_sentence(flat, "EUR")
    assert "gone again" not in pull_forward_sentence(flat, "EUR")


def test_a_small_holdout_of_skewed_customers_is_not_called_unlike():
    """Drawn alike, 60 of 1,260 seldom differ and three times the spending is seen; what explains nothing saves nothing."""
    rng, data = np.random.default_rng(8), small(*lot(2, 50))
    held = np.arange(1260) < 60
    alarms, seen, saved = 0, 0, []
    for _ in range(200):
        spent = rng.lognormal(3.0, 1.2, held.size) * (rng.random(held.size) < 0.4)
        compared = Comparison(data, ~held, held, 0.95, rng.gamma(2.0, 10.0, (held.size, 1)))
        alarms += compared.plain(spent).p_value < 0.05
        seen += compared.plain(spent * np.where(held, 3.0, 1.0)).p_value < 0.05
        saved.append(1 - compared.mean(spent).se / compared.plain(spent).se)
    assert alarms <= 18  # 200 of 5%: more would have a probability of 1%; Welch's t raises more
    assert seen >= 100
    assert abs(np.mean(saved)) < 0.03


def test_shares_held_out_by_segment_are_no_lot_and_returns_are_withheld():
    """Half of the best and a tenth of the others held out: returns came out 10 points too low with a narrow range."""
    rng = np.random.default_rng(5)
    names, good = [f"c{number:05d}" for number in range(3000)], np.arange(3000) < 900
    held = rng.random(3000) < np.where(good, 0.5, 0.1)
    day = pd.Timestamp("2025-03-01")
    paid = [(name, day - pd.Timedelta(days=int(back)), 50.0, 20.0) for name, best in zip(names, good, strict=True)
            for back in rng.integers(100, 360, 6 if best else 1)]  # fmt: skip
    buys = rng.random(3000) < np.where(good, 0.5, 0.1)  # contacting changes nothing
    paid += [(name, day + pd.Timedelta(days=3), 50.0, 20.0) for name, one in zip(names, buys, strict=True) if one]
    contacts = [
        (name, day, "c", "no" if out else "yes", 0.0 if out else 0.1) for name, out in zip(names, held, strict=True)
    ]
    rows = small(contacts, paid)
    found = campaign_result(rows, dormancy_days=90)
    assert found.return_uplift is None
    assert found.check_uplift is None
    assert "make each segment a campaign of its own" in found.unlike
    parts = {"kind": np.where(np.arange(len(rows.arm)) % 2, "odd", "even").astype(object)}
    windows, arms, segments = (
        windows_table(rows, unlike=True), arms_table(rows, unlike=True), segments_table(rows, parts, unlike=True),
    )  # fmt: skip
    assert windows["would_return"].isna().all()
    for table in (windows, arms, segments):
        assert table[["return_uplift", "return_uplift_low", "return_uplift_high"]].isna().all(axis=None)
        assert table.notna().any(axis=None)
    shown = (windows_display(windows, "EUR", 30), arms_display(arms, "EUR"), segments_display(segments, "EUR"))
    for display in shown:
        assert not {"because of it", "anyway", "bought because of it"} & set(display.data.columns)
    figure = campaign_uplift(windows, "EUR")
    assert [axes.get_ylabel() for axes in figure.axes] == ["Margin per contact, EUR"]
    assert found.margin_per_contact.low < 0.0  # adjusted by what customers had brought: nothing was earned
    told = reactivation_findings(found, None, currency="EUR", level=0.95)
    assert "make each segment a campaign of its own" in told[0].text
    contacts = [
        (name, day, "c", "no" if out else "yes", 0.1) for name, out in zip(names, rng.random(3000) < 0.3, strict=True)
    ]
    rows = small(contacts, paid)
    found = campaign_result(rows, dormancy_days=90)
    assert found.return_uplift is not None
    assert not found.unlike
    told = (
        windows_display(windows_table(rows), "EUR", 30).data.columns,
        arms_display(arms_table(rows), "EUR").data.columns,
    )
    assert all("because of it" in columns for columns in told)
    assert len(campaign_uplift(windows_table(rows), "EUR").axes) == 2


def waves(seed, *, shares, first_arm="yes", size=1500):
    """Two waves, in a quiet month and in a busy one, that change nothing; `shares` are held out of each."""
    rng, names, contacts, paid = np.random.default_rng(seed), iter(range(2 * size)), [], []
    for day, held_out, busy, arm in (("2025-03-01", shares[0], 0.1, first_arm), ("2025-05-15", shares[1], 0.3, "yes")):
        day = pd.Timestamp(day)
        for out, buys, back in zip(
            rng.random(size) < held_out, rng.random(size) < busy, rng.integers(100, 400, size), strict=True
        ):
            name = f"c{next(names):05d}"
            contacts.append((name, day, "c", "no" if out else arm, 0.0))
            paid.append((name, day - pd.Timedelta(days=int(back)), 50.0, 20.0))
            paid += [(name, day + pd.Timedelta(days=3), 50.0, 20.0)] * bool(buys)
    return small(contacts, paid)


def test_waves_of_which_other_shares_were_held_out_tell_no_effect():
    """Half of a quiet wave and a tenth of a busy one: the busy month came out as the effect of a contact, with grade A."""
    rows = waves(7, shares=(0.5, 0.1))
    contacted, held = ~rows.control, rows.control
    back = rows.main.returned
    assert back[contacted].mean() - back[held].mean() > 0.05  # what was told
    found = campaign_result(rows, dormancy_days=90)
    estimates = (found.return_uplift, found.check_uplift, found.margin_per_contact, found.capped, found.unadjusted)
    assert all(one is None for one in estimates)
    assert (found.judged, found.profit, found.claimed, found.subsidy) == (False, None, None, 0.0)
    assert found.grade == "B"
    told = reactivation_findings(found, None, currency="EUR", level=0.95)
    assert all(one.value is None and "make each wave a campaign of its own" in one.text for one in told[:4])
    # By hand: of 75 days between the waves, the groups' shares of the second lie so far apart.
    late = rows.contacted_on > rows.contacted_on.min()
    by_hand = 75 * (late[contacted].mean() - late[held].mean())
    assert days_apart(rows, contacted, held) == pytest.approx(by_hand)
    # Units are draws, not customers: two units that stand on other days are no proof.
    unit = late.astype(np.int64) * 2 + held
    assert days_apart(replace(rows, unit=unit), contacted, held) == 0.0


def test_waves_of_which_the_same_share_was_held_out_are_compared():
    found = campaign_result(waves(8, shares=(0.3, 0.3)), expected_share=0.3, dormancy_days=90)
    assert found.return_uplift.low < 0.0 < found.return_uplift.high
    assert found.grade == "A"
    assert all(one.name != "days" for one in found.checks)


def test_an_arm_sent_in_another_month_is_compared_with_those_held_out_of_that_month():
    rows = waves(9, shares=(0.3, 0.3), first_arm="early")
    table = arms_table(rows).set_index("arm")
    assert (table["return_uplift_low"] < 0.0).all()
    assert (table["return_uplift_high"] > 0.0).all()
    assert (table["margin_per_contact_low"] < 0.0).all()
    assert (table["margin_per_contact_high"] > 0.0).all()
    assert arms_compared(rows) == ()  # a busy month is no better arm
    assert arms_on_other_days(rows) == ("early", "yes")
    assert "early, yes were sent on different days" in other_days_sentence(arms_on_other_days(rows))
    early = rows.contacted_on == rows.contacted_on.min()
    alone = replace(rows, control=rows.control & ~early, arm=np.where(rows.control & early, "early", rows.arm))
    assert list(arms_table(alone)["arm"]) == ["yes"]  # nobody was held out of the first month
