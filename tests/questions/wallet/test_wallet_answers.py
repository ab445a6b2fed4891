"""Answers about the wallet: the latest of each question, where it was asked, and what was bought before."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np

from cxvalue.questions.wallet.wallet_answers import wallet_rows

AS_OF = date(2025, 12, 31)


def test_the_latest_answer_counts_and_the_till_is_known_by_its_name() -> None:
    people = [f"c{k:02d}" for k in range(40)]
    surveys = ibis.memtable(
        {"customer_id": [*people, "c00", "c01"], "metric": ["main_store"] * 40 + ["main_store", "category_spend"],
         "score": [1.0] * 40 + [0.0, 80.0], "date": [AS_OF - timedelta(days=400)] * 40 + [AS_OF] * 2,
         "channel": ["Till"] * 40 + ["online", "Till"]}
    )  # fmt: skip
    bought = ibis.memtable(
        {"customer_id": ["c00"], "date": [AS_OF - timedelta(days=5)], "revenue": [50.0], "margin": [9.0]}
    )
    found = wallet_rows(surveys, bought, None, as_of=AS_OF)
    assert found is not None
    assert found.ids.tolist() == people
    assert (found.main_store[0], found.main_store[1]) == (0.0, 1.0)
    assert (bool(found.at_till[0]), bool(found.at_till[1])) == (False, True)
    assert (found.before_revenue[0], found.before_margin[0], found.visits[0]) == (50.0, 9.0, 1.0)
    assert found.category_spend[1] == 80.0
    assert np.isnan(found.rank).all()
    assert (bool(found.followed[0]), bool(found.followed[2])) == (False, True)
    few = surveys.filter(surveys.customer_id < "c1")
    assert wallet_rows(few, bought, None, as_of=AS_OF) is None


def test_the_till_is_known_in_other_languages_and_years_not_observed_are_marked() -> None:
    channels = ["Kasse", " КАССА", "каса", "收银台", "Cash register", "online"] * 5
    surveys = ibis.memtable(
        {"customer_id": [f"c{k:02d}" for k in range(30)], "metric": ["main_store"] * 30, "score": [1.0] * 30,
         "date": [AS_OF - timedelta(days=k % 2) for k in range(30)], "channel": channels}
    )  # fmt: skip
    bought = ibis.memtable({"customer_id": ["c00"], "date": [AS_OF], "revenue": [50.0], "margin": [9.0]})
    found = wallet_rows(surveys, bought, None, as_of=AS_OF, observed_from=AS_OF - timedelta(days=365))
    assert found is not None
    assert found.at_till.tolist() == [name != "online" for name in channels]
    assert found.preceded.tolist() == [k % 2 == 0 for k in range(30)]
    always = wallet_rows(surveys, bought, None, as_of=AS_OF)
    assert always is not None
    assert always.preceded.all()
