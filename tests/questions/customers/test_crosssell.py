"""Cross-selling and referrals: counts by hand, a world whose truth is known, and refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.customers.crosssell import CrossSelling, cross_selling
from cxvalue.questions.customers.crosssell_findings import crosssell_findings, referral_findings
from cxvalue.questions.customers.display import products_display
from cxvalue.questions.customers.referral import referrals, who_was_referred

AS_OF = date(2025, 12, 31)
FROM = date(2024, 1, 1)
START = date(2025, 1, 1)


def lines_of(frame: pd.DataFrame) -> ibis.Table:
    return ibis.memtable(frame.assign(date=pd.to_datetime(frame["date"]), margin=frame["revenue"] / 2)).mutate(
        date=ibis._.date.date()
    )


def handful(rows: list[tuple[str, date, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "date", "product", "revenue"])


def company(seed: int, customers: int = 2000, replaced: float = 0.0) -> pd.DataFrame:
    """Customers who buy bread every month; 30% take up jam in 2025, for 2 of margin a month, less `replaced` of bread's."""
    rng = np.random.default_rng(seed)
    takes = rng.random(customers) < 0.30
    who, month = (part.ravel() for part in np.indices((customers, 24)))
    day = pd.to_datetime(FROM) + pd.to_timedelta(30 * month + rng.integers(0, 28, who.size), unit="D")
    jam = takes[who] & (day >= pd.Timestamp(START))
    bread = 20.0 + 2 * rng.standard_normal(who.size) - 2 * replaced * jam
    names = np.char.add("c", who.astype(str))
    both = pd.DataFrame({"customer_id": names, "date": day, "product": "bread / 1", "revenue": bread})
    more = both[jam].assign(product="jam / 1", revenue=4.0 + 0.4 * rng.standard_normal(int(jam.sum())))
    return pd.concat([both, more], ignore_index=True)


def crossed(rows: pd.DataFrame, **more):
    return cross_selling(lines_of(rows), as_of=AS_OF, observed_from=FROM, dormancy_days=90, **more)


def test_a_new_product_beside_the_old_ones() -> None:
    found = crossed(company(1))
    assert found is not None
    assert found.start == START
    jam = found.products.set_index("product").loc["jam"]
    assert found.customers == jam.eligible == 2000
    assert jam.attach_low < 0.30 < jam.attach_high
    months = 24 - (START - FROM).days / 30
    assert jam.margin_low < months * 2.0 < jam.margin_high
    assert jam.other_low < 0 < jam.other_high
    assert jam.point_value == pytest.approx(20 * jam.extra_per_new_buyer)


@pytest.mark.parametrize(("worlds", "least"), [(8, 6), (40, 34)])
def test_what_it_replaces_is_taken_off_and_the_ranges_cover(worlds: int, least: int) -> None:
    """Worlds in which half of the new margin comes from bread: extra is 1 a month, for 11.8 months."""
    inside = 0
    for seed in range(worlds):
        found = crossed(company(seed, customers=150, replaced=1.0))
        assert found is not None
        jam = found.products.set_index("product").loc["jam"]
        inside += jam.extra_low <= 11.8 <= jam.extra_high
    assert inside >= least  # 95% of 40 is 38; fewer than 34 has a probability below 0.5%, fewer than 6 of 8 one of 0.6%


def test_counts_of_a_handful_by_hand() -> None:
    early, late = date(2024, 12, 20), date(2025, 3, 1)
    rows = [(f"a{n}", early, "tea", 10.0) for n in range(30)]
    rows += [(f"a{n}", late, "milk", 6.0) for n in range(12)]  # 12 of 30 tea drinkers take up milk
    rows += [(f"b{n}", early, "milk", 6.0) for n in range(20)]
    rows += [(f"b{n}", late, "tea", 10.0) for n in range(10)]  # 10 of 20 milk drinkers take up tea
    rows += [
        ("gone", date(2024, 2, 1), "tea", 10.0),
        ("new", late, "milk", 6.0),
    ]  # neither was active on the last day of 2024
    found = crossed(handful(rows))
    assert found is not None
    table = found.products.set_index("product")
    assert found.customers == 50
    assert list(table.loc["milk", ["eligible", "new_buyers"]]) == [30, 12]
    assert list(table.loc["tea", ["eligible", "new_buyers"]]) == [20, 10]
    assert table.loc["milk", "margin_per_new_buyer"] == pytest.approx(3.0)
    pairs = found.pairs.set_index(["has", "next"])
    assert pairs.loc[("tea", "milk"), "attach_rate"] == pytest.approx(0.4)
    assert pairs.loc[("milk", "tea"), "lift"] == pytest.approx(1.0)  # everybody who could take up tea had milk
    hidden = crossed(handful(rows), fewest=11)
    assert hidden is not None
    assert list(hidden.products["product"]) == ["milk"]


def test_without_products_or_history_nothing_is_said() -> None:
    rows = company(1, customers=50)
    assert cross_selling(lines_of(rows).drop("product"), as_of=AS_OF, observed_from=FROM, dormancy_days=90) is None
    assert cross_selling(lines_of(rows), as_of=AS_OF, observed_from=date(2025, 8, 1), dormancy_days=90) is None
    assert crosssell_findings(None, currency="EUR") == []


def test_the_sentence_names_the_product_with_the_most_to_gain_and_warns() -> None:
    rate, point = crosssell_findings(crossed(company(2, replaced=1.0)), currency="EUR")
    assert (rate.id, point.id) == ("crosssell.attach_rate", "crosssell.point_value")
    assert rate.text.startswith("The most certain gain is in jam:")
    assert "that it replaced has been deducted" in point.text
    assert "not as proof" in point.text
    assert point.grade == "D"


def products(rows: list[tuple[str, float, float, float]]) -> CrossSelling:
    """Products with what one point more is worth and its range, in the order in which they are found."""
    found = crossed(company(2, customers=300))
    assert found is not None
    one = found.products[found.products["product"] == "jam"].iloc[0]
    table = pd.DataFrame(
        [
            {**one, "product": name, "point_value": value, "point_low": low, "point_high": high}
            for name, value, low, high in rows
        ]
    )
    return replace(found, products=table.sort_values("point_low", ascending=False, ignore_index=True))


def test_a_proven_gain_leads_over_a_larger_guess() -> None:
    found = products([("radio", 640.0, -193.0, 1472.0), ("lamp", 459.0, 238.0, 680.0)])
    rate, point = crosssell_findings(found, currency="EUR")
    assert rate.text.startswith("The most certain gain is in lamp:")
    assert (point.value, point.low, point.high) == (459.0, 238.0, 680.0)


def test_where_nothing_is_proven_that_is_said() -> None:
    found = products([("radio", 640.0, -193.0, 1472.0), ("lamp", 100.0, -300.0, 500.0)])
    rate, point = crosssell_findings(found, currency="EUR")
    assert rate.value is not None
    assert point.value is None
    assert "any of the 2 products known cannot be shown to bring extra margin; for radio" in point.text
    assert "between EUR −193 and 1,470" in point.text


def test_the_same_amount_from_everybody_has_no_range() -> None:
    early, late = date(2024, 12, 20), date(2025, 3, 1)
    rows = [(f"a{n}", early, "tea", 10.0) for n in range(30)] + [(f"a{n}", late, "milk", 6.0) for n in range(12)]
    found = crossed(handful(rows))
    assert found is not None
    milk = found.products.set_index("product").loc["milk"]
    assert milk["margin_per_new_buyer"] == pytest.approx(3.0)
    assert np.isnan([milk["point_low"], milk["point_high"], milk["margin_low"]]).all()
    assert not found.proven
    point = crosssell_findings(found, currency="EUR")[1]
    assert point.value is None
    assert "no range can be given for any product" in point.text
    assert "not known" in products_display(found.products, "EUR").to_html()


def test_new_buyers_without_similar_customers_tell_nothing() -> None:
    """Everybody like the new buyers took it up too: what it replaced cannot be known."""
    rng = np.random.default_rng(1)
    early, late = date(2024, 12, 20), date(2025, 3, 1)
    rows = [(f"a{n}", early, "tea", 10.0) for n in range(30)]
    rows += [(f"a{n}", late, "milk", 6.0 + rng.random()) for n in range(29)]
    found = crossed(handful(rows))
    assert found is not None
    milk = found.products.set_index("product").loc["milk"]
    assert np.isnan([milk["other_change"], milk["extra_per_new_buyer"], milk["point_value"]]).all()


def people(columns: dict[str, list[object]]) -> ibis.Table:
    return ibis.memtable(pd.DataFrame(columns))


def base() -> tuple[ibis.Table, pd.DataFrame]:
    """Forty customers: each has brought 10; the first 20 are worth 5 more, the others 1; the last 12 joined this year."""
    names = [f"k{n:02d}" for n in range(40)]
    purchases = ibis.memtable(pd.DataFrame({"customer_id": names * 2, "margin": [4.0] * 40 + [6.0] * 40}))
    valued = pd.DataFrame({"customer_id": names, "age_days": [500] * 28 + [100] * 12, "cltv": [5.0] * 20 + [1.0] * 20})
    return purchases, valued


def test_worth_of_referred_customers_by_hand() -> None:
    purchases, valued = base()
    by = ["k39" if n < 10 else "" for n in range(38)] + ["k00", " k01 "]
    table = people({"customer_id": list(valued["customer_id"]), "referred_by": by, "acquisition_cost": [2.0] * 40})
    found = referrals(table, purchases, valued, as_of=AS_OF)
    assert found is not None
    assert (found.referred, found.new, found.new_referred, found.referrers) == (12, 12, 2, 3)
    mean = (10 * (10 + 5 - 2) + 2 * (10 + 1 - 2)) / 12
    assert found.worth[0] == pytest.approx(mean)
    told = {}
    for new, referred in ((12, 2), (12, 0), (0, 0)):
        year = replace(found, new=new, new_referred=referred)
        told[new, referred] = referral_findings(year, currency="EUR", horizon_months=24)[1]
    assert told[12, 2].value == pytest.approx(2 * mean / 28)
    assert [told[key].value for key in ((12, 0), (0, 0))] == [None, None]
    assert "none of the 12 customers who joined in the year up to" in told[12, 0].text
    assert "nobody joined in the year up to" in told[0, 0].text
    first, second = referral_findings(found, currency="EUR", horizon_months=24)
    assert "3 customers referred others; referred in all: 12" in first.text
    assert second.value == pytest.approx(2 * mean / 28)
    wider = referrals(table, purchases, valued, as_of=AS_OF, equity_relative_error=0.5)
    assert wider is not None
    assert wider.worth[2] - wider.worth[1] > found.worth[2] - found.worth[1]


def test_referred_customers_who_are_all_alike_have_no_worth_to_state() -> None:
    purchases, valued = base()
    names = list(valued["customer_id"])
    table = people({"customer_id": names, "channel": ["referral"] * 15 + ["search"] * 25})
    found = referrals(table, purchases, valued, as_of=AS_OF, equity_relative_error=0.1)
    assert found is not None
    assert found.worth is None
    first, *rest = referral_findings(found, currency="EUR", horizon_months=12)
    assert (first.id, first.value, rest) == ("referral.worth", None, [])
    assert "come out at the same amount" in first.text


def test_a_channel_tells_too_and_its_absence_is_no_zero() -> None:
    purchases, valued = base()
    names = list(valued["customer_id"])
    channel = people({"customer_id": names, "channel": ["Word-of-Mouth"] * 15 + ["search"] * 24 + [None]})
    found = referrals(channel, purchases, valued, as_of=AS_OF)
    assert found is not None
    assert (found.referred, found.referrers) == (15, None)
    assert who_was_referred(people({"customer_id": names, "channel": ["search"] * 40})) is None
    assert who_was_referred(people({"customer_id": names, "segment": ["a"] * 40})) is None
    assert referral_findings(None, currency="EUR", horizon_months=12) == []
