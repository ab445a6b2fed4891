"""Numbers for customers say what their ids say, to every question that is asked of them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.engine.embedded import connect
from cxvalue.questions import drivers
from cxvalue.questions.customers import audit
from cxvalue.questions.experience.answers import answered
from cxvalue.questions.journey.steps import steps_of
from cxvalue.questions.levels import classify, habituation_of, shares_of_all, values_of
from cxvalue.questions.response import complaints_of, index_complaints
from cxvalue.tables.purchase_log import PurchaseLog, purchase_log
from cxvalue.workspace import kept_numbers
from cxvalue.workspace.kept_numbers import NUMBERED, ids_in_order, ids_of, in_numbers, read_numbered, write_numbered
from tests.experienceworlds import METRICS, RULES, retail


def test_numbers_follow_the_order_of_all_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_numbers, "MANY_ROWS", 3)
    bought = pd.DataFrame(
        {"customer_id": ["10", "9", "Ж"], "date": pd.to_datetime(["2025-01-02"] * 3), "margin": [1.0, 2, 3]}
    )
    tables = {
        "purchases": ibis.memtable(bought),
        "surveys": ibis.memtable(pd.DataFrame({"customer_id": ["a", "10", None], "score": [7, 8, 9]})),
    }
    write_numbered(tables.get, tmp_path)
    con = connect()
    purchases, surveys = (read_numbered(con, tmp_path, name) for name in ("purchases", "surveys"))
    assert purchases is not None
    assert surveys is not None
    assert purchases.to_pandas()[["customer_id", "margin"]].to_numpy().tolist() == [[0, 1], [1, 2], [3, 3]]
    told = surveys.order_by("score").to_pandas()
    assert told["customer_id"].fillna(-1).tolist() == [2, 0, -1]  # who bought nothing is numbered too, nobody is not
    worth = con.create_table("worth", pd.DataFrame({"customer_id": ["Ж", "a"], "cltv": [5.0, 6.0]}))
    assert in_numbers(con, tmp_path, worth).order_by("cltv").to_pandas()["customer_id"].tolist() == [3, 2]
    assert ids_of(tmp_path, np.array([3, 0, 3], dtype=np.int32)).tolist() == ["Ж", "10", "Ж"]
    assert ids_in_order(con, tmp_path, "purchases").to_pandas()["customer_id"].tolist() == ["10", "9", "Ж"]
    assert ids_in_order(con, tmp_path, "surveys").to_pandas()["customer_id"].tolist() == ["10", "a"]
    assert read_numbered(con, tmp_path, "interactions") is None
    with pytest.raises(ValueError, match="no numbers"):
        read_numbered(con, tmp_path, "fees")


def test_ids_of_purchases_alone_are_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_numbers, "MANY_ROWS", 3)
    ids = [f"C{number % 700}" for number in range(5_000)]
    write_numbered({"purchases": ibis.memtable({"customer_id": ids})}.get, tmp_path)
    found = ids_in_order(connect(), tmp_path, "purchases").to_pandas()["customer_id"].tolist()
    assert found == sorted(set(ids))


def test_a_small_study_keeps_its_ids(tmp_path: Path) -> None:
    purchases = ibis.memtable({"customer_id": ["a"], "date": ["2025-01-02"]})
    write_numbered({"purchases": purchases}.get, tmp_path)
    assert list(tmp_path.iterdir()) == []
    con = connect()
    assert read_numbered(con, tmp_path, "purchases") is None
    assert in_numbers(con, tmp_path, purchases) is purchases
    assert ids_of(tmp_path, np.array(["a"], dtype=object)).tolist() == ["a"]


def test_questions_are_answered_alike_by_numbers_and_by_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_numbers, "MANY_ROWS", 0)
    world = retail()
    tables = {name: rows for name, rows in world.tables.items() if name in NUMBERED} | {"purchases": world.purchases}
    write_numbered(tables.get, tmp_path)
    con = connect()
    by_number = {name: read_numbered(con, tmp_path, name) for name in tables}
    days = {"observed_from": world.observed_from, "as_of": world.as_of}
    found, by_bag = [], []
    for own in (tables, by_number):
        bought, asked, touched, people = (own[name] for name in ("purchases", "surveys", "interactions", "customers"))
        rows = classify(bought, surveys=asked, interactions=touched, customers=people, metrics=METRICS, rules=RULES,
                        dormancy_days=90, **days)  # fmt: skip
        shares = shares_of_all(
            rows, asked, bought, interactions=touched, customers=people, metric="overall", metrics=METRICS
        )
        complaints = complaints_of(touched, **days)
        index = index_complaints(complaints, bought, RULES)
        worn = habituation_of(touched, None, bought, **days)
        steps = steps_of(touched, ("order", "delivery_day", "follow_up"), as_of=world.as_of)
        base = audit.base_counts(bought, as_of=world.as_of, dormancy_days=90)
        cohorts = audit.cohort_table(bought, **days)
        found.append((rows, shares, index, worn, steps, base, cohorts, purchase_log(bought, world.as_of)))
        answers = answered(asked, METRICS)
        link = drivers.link_rows(answers, bought, people, main="overall", **days)
        together = drivers.occasions_together(answers, "overall")
        by_bag.append(
            [
                (ids_of(tmp_path, one.ids).tolist(), values)
                for one, values in ((link, link.after), (together, together.y))
            ]
        )
    ids, numbers = found
    for (who, values), (same, alike) in zip(*by_bag, strict=True):
        assert who == same
        assert values == pytest.approx(alike, rel=1e-12)
    for name in ("customer", "quarter", "level", "next_level", "active_days", "unit", "tenure", "bought_after"):
        assert np.array_equal(getattr(ids[0], name), getattr(numbers[0], name)), name
    assert numbers[0].after == pytest.approx(ids[0].after, rel=1e-12)
    assert [one.value for one in numbers[1].values()] == pytest.approx([one.value for one in ids[1].values()], rel=1e-9)
    assert list(numbers[1]) == list(ids[1])
    assert len(ids[1]) == 5
    assert numbers[2].x == pytest.approx(ids[2].x, rel=1e-9, abs=1e-9)
    assert (numbers[2].fast == ids[2].fast).all()
    assert {name: fit and fit.first.value for name, fit in numbers[3].items()} == pytest.approx(
        {name: fit and fit.first.value for name, fit in ids[3].items()}, rel=1e-6
    )
    assert any(ids[3].values())
    assert numbers[4:6] == ids[4:6]
    pd.testing.assert_frame_equal(numbers[6], ids[6])
    for field in fields(PurchaseLog):
        assert np.array_equal(getattr(numbers[7], field.name), getattr(ids[7], field.name)), field.name
    worth = con.create_table("worth", pd.DataFrame({"customer_id": ids[0].names[::2].astype(str), "cltv": 3.0}))
    valued = values_of(numbers[0], in_numbers(con, tmp_path, worth))
    assert np.array_equal(np.isfinite(valued), np.isfinite(values_of(ids[0], worth)))
    assert np.isfinite(valued).sum() == len(ids[0].names[::2])
