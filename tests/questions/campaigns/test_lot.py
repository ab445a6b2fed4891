"""Whether a lot made the groups: fair lots pass, contacts that did not arrive are compared as assigned, or are missed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.findings.numbers import format_value
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translate, using
from cxvalue.questions.campaigns import campaign_data, campaign_result
from cxvalue.questions.campaigns.compare import Comparison
from cxvalue.questions.campaigns.findings import reactivation_findings
from cxvalue.questions.campaigns.lot import lot_checks, with_lot_judged
from tests.questions.campaigns.test_reactivation import small

DAY = pd.Timestamp("2025-03-01").date()


def mailed(seed: int, *, size: int = 6000, only_delivered: bool = False, blank: str = ""):
    """By lot, a third held out; a contact that arrives adds nothing and costs 1. It arrives less often with who buys less.

    Returns the campaign as read, and the share of the contacted whom a contact reached.
    """
    rng = np.random.default_rng(seed)
    names, loyal = np.array([f"c{i:05d}" for i in range(size)]), rng.random(size) < 0.5
    held = rng.random(size) < 1 / 3
    arrives = rng.random(size) < np.where(loyal, 0.97, 0.30)
    number = rng.poisson(np.where(loyal, 6.0, 1.0)) + 1
    back = rng.integers(1, 360, int(number.sum()))
    bought = [
        (name, DAY - pd.Timedelta(days=int(ago)), 25.0, 10.0)
        for name, ago in zip(np.repeat(names, number), back, strict=True)
    ]
    buys = rng.random(size) < np.where(loyal, 0.5, 0.1)
    bought += [(name, DAY + pd.Timedelta(days=9), 25.0, 10.0) for name in names[buys]]
    rows = pd.DataFrame(
        {
            "customer_id": names,
            "date": DAY,
            "campaign": "c",
            "arm": np.where(held, "no", "yes"),
            "cost": np.where(held, 0.0, 1.0),
            "delivered": np.where(held | np.isin(arrives.astype(str), [blank]), None, arrives),
        }
    ).astype({"delivered": "boolean"})
    if only_delivered:
        rows = rows[held | arrives].drop(columns="delivered")
    paid = pd.DataFrame(bought, columns=["customer_id", "date", "revenue", "margin"])
    paid["date"] = pd.to_datetime(paid["date"]).dt.date
    con = ibis.duckdb.connect()
    made = campaign_data(
        con.create_table("rows", rows), con.create_table("paid", paid), name="c", control="no", window_days=30,
        as_of=pd.Timestamp("2025-06-30").date(), windows=(30,),
    )  # fmt: skip
    return made, float(arrives[~held].mean())


def test_all_who_were_assigned_are_compared_whether_or_not_the_contact_arrived():
    data, share = mailed(1)
    found = campaign_result(data, expected_share=1 / 3, level=0.99)
    assert found.delivered == pytest.approx(share)
    assert found.margin_per_contact.low < -1.0 < found.margin_per_contact.high
    assert found.return_uplift.low < 0.0 < found.return_uplift.high
    assert found.grade == "A"
    text = reactivation_findings(found, None, currency="EUR", level=0.95)[0].text
    assert f"{format_value(share, 'share')} of those contacted were reached. All who were assigned are compared" in text
    few = reactivation_findings(replace(found, delivered=0.001, return_uplift=Interval(0.1, 0.05, 0.15)), None,
                                currency="EUR", level=0.95)[0].text  # fmt: skip
    assert "check the column 'delivered'" in few
    assert "of those reached" not in few
    assert (
        reactivation_findings(replace(found, delivered=1.0), None, currency="EUR", level=0.95)[0].text.count("reached")
        == 0
    )


@pytest.mark.parametrize("language", ["en", "ru", "uk", "zh"])
def test_a_blank_is_not_a_contact_that_arrived(language):
    """Where what did not arrive is left blank, those marked are all that arrived, and the blanks are counted as unknown."""
    data, share = mailed(1, size=1500, blank="False")
    found = campaign_result(data)
    assert (found.delivered, found.delivery_unknown) == (1.0, pytest.approx(1 - share))
    with using(language):
        text = reactivation_findings(found, None, currency="EUR", level=0.95)[0].text
        told = translate(
            "{reached} of those contacted are marked as reached; for {unknown} the contacts do not say, so no effect on "
            "those reached alone is told. All who were assigned are compared, reached or not, so this is the effect of "
            "sending.",
            reached=format_value(share, "share"),
            unknown=format_value(1 - share, "share"),
        )
        assert told in text
        few = replace(found, delivered=0.8, delivery_unknown=0.1)
        assert told not in reactivation_findings(few, None, currency="EUR", level=0.95)[0].text


@pytest.mark.parametrize("planned", [None, 1 / 3])
def test_who_is_missing_because_nothing_arrived_takes_the_evidence_to_c_or_below_and_is_named(planned):
    data, _ = mailed(1, only_delivered=True)
    found = campaign_result(data, expected_share=planned)
    assert found.return_uplift is None or found.return_uplift.low > 0.0, "delivered alone look as if contacts worked"
    assert (found.checks[0].name, found.checks[0].gating) == ("lot", planned is None)
    assert found.grade >= "C"
    margin, profit = reactivation_findings(found, None, currency="EUR", level=0.95)[2:4]
    for one in (margin, profit):
        assert one.grade >= "C"
        assert "contacts that were not delivered: add every customer who was assigned" in one.method


def test_a_fair_lot_keeps_its_grade_in_19_campaigns_of_20_and_says_so_in_the_others():
    rng, kept, told = np.random.default_rng(3), 0, []
    for _ in range(300):
        frequency = rng.poisson(rng.gamma(0.8, 3.0, 800))
        before = np.column_stack([rng.lognormal(2, 1.1, 800) * frequency, frequency, rng.exponential(3, 800)])
        before = np.column_stack([before, np.log1p(frequency)])
        held = rng.random(800) < 0.3
        rows = SimpleNamespace(control=held, unit=None, before=before, unit_name="")
        checks = lot_checks(rows, Comparison(rows, ~held, held, 0.95, before), 0.3)
        failed = [one for one in checks if one.passed is False]
        kept += not failed
        told += failed
    assert kept >= 300 * 0.95 - 3 * np.sqrt(300 * 0.05 * 0.95)
    assert told
    assert all("a fair lot fails one of these" in one.detail for one in told)


def by_unit(seed: int, units: int, held: int, *, each: int = 20, largest: bool = False):
    """The checks of a lot of whole units, or of those with the most customers' orders where they were held out by choice."""
    rng = np.random.default_rng(seed)
    own = np.exp(0.2 * rng.standard_normal(units))
    chosen = np.isin(np.arange(units), np.argsort(-own)[:held] if largest else rng.choice(units, held, replace=False))
    unit = np.repeat(np.arange(units), each)
    frequency = rng.poisson(3 * own[unit])
    before = np.column_stack([frequency * rng.gamma(4, 5, unit.size), frequency, rng.exponential(60, unit.size)])
    before = np.column_stack([before, np.log1p(frequency)])
    held_out = chosen[unit]
    rows = SimpleNamespace(control=held_out, unit=unit, before=before, unit_name="branch")
    return with_lot_judged(lot_checks(rows, Comparison(rows, ~held_out, held_out, 0.95, before), None))


@pytest.mark.parametrize(("units", "held"), [(20, 3), (40, 5), (12, 2)])
def test_a_fair_lot_of_units_is_one_even_where_few_are_held_out(units, held):
    """A variance of the few held out said that no lot made them in 30 to 46 of 10,000 fair lots."""
    found = [by_unit(seed, units, held) for seed in range(100)]
    assert all(checks[0].name == "split" for checks in found)
    assert sum(one.passed is False for checks in found for one in checks) <= 100 * 0.05 + 3 * np.sqrt(100 * 0.05 * 0.95)


@pytest.mark.parametrize(("units", "held", "each"), [(40, 12, 20), (600, 250, 4)])
def test_units_that_were_held_out_by_choice_were_not_drawn(units, held, each):
    assert by_unit(1, units, held, each=each, largest=True)[0].name == "lot"
    assert by_unit(1, units, held, each=each)[0].name == "split"
    few = by_unit(1, 12, 3, largest=True)
    assert few[0].name == "split", "no p-value is below 1e-4 where only 220 lots are possible"


def test_what_can_be_told_is_told_where_all_bring_the_same_margin():
    """Who comes back differs, and the margin of everybody is 0: the share is published, the margin is not."""
    names = [f"c{number:03d}" for number in range(400)]
    contacts = [(name, "2025-03-01", "c", "no" if number % 2 else "yes", 0.0) for number, name in enumerate(names)]
    bought = [(name, "2025-01-01", 10.0, 0.0) for name in names]
    bought += [(name, "2025-03-09", 10.0, 0.0) for number, name in enumerate(names) if number % 2 == 0 and number % 8]
    bought += [(name, "2025-03-09", 10.0, 0.0) for number, name in enumerate(names) if number % 10 == 1]
    found = campaign_result(small(contacts, bought))
    assert found.return_uplift.value == pytest.approx(150 / 200 - 40 / 200)
    assert not found.judged
    uplift, _, margin, profit, _ = reactivation_findings(found, None, currency="EUR", level=0.95)
    assert uplift.value == pytest.approx(0.55)
    assert "because of" in uplift.text
    for one in (margin, profit):
        assert one.value is None
        assert "no range can be given" in one.text
