"""Purchase histories against published counts, and the versions of the engine that they rest on."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cxvalue.firstmile.found import recognise
from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.errors import BadInput, CxvalueError
from cxvalue.lifetime import fit, fit_spend
from cxvalue.tables import states as states_module
from cxvalue.tables.ledger import Purchases, purchases
from cxvalue.tables.outside import ledger_of
from cxvalue.tables.states import PurchaseStates, holdout_counts, purchase_states, purchase_states_from_purchases
from cxvalue.workspace.from_tables import study_from
from tests.tables.helpers import counted, load

CALIBRATION_END, HOLDOUT_START, END = date(1997, 9, 30), date(1997, 10, 1), date(1998, 6, 30)


def _cdnow(name: str) -> Path:
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "datasets" / name


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    names = ["master_id", "customer_id", "date", "cds", "revenue"]
    frame = pd.read_csv(_cdnow("CDNOW_sample.txt"), sep=r"\s+", header=None, names=names, dtype={"date": str})
    return frame.assign(date=pd.to_datetime(frame["date"], format="%Y%m%d"))


@pytest.fixture(scope="module")
def bought(sample: pd.DataFrame) -> Purchases:
    return purchases(ledger_of(sample), END)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_customers_moves_no_bit_of_their_totals(seed: int) -> None:
    rng, size = np.random.default_rng(seed), 30_000
    amounts = rng.lognormal(3, 2, size)
    ids = [f"c{number:05d}" for number in range(size)]
    rows = pa.table({"customer_id": ids, "date": [END] * size, "revenue": amounts, "margin": 0.3 * amounts})
    names = ("total_margin", "total_revenue", "first_margin_mean", "first_margin_se")
    found = []
    for table in (rows, rows.take(pa.array(rng.permutation(size)))):
        states = purchase_states_from_purchases(ibis.memtable(table), as_of=END)
        found.append([getattr(states, name) for name in names])
    assert found[0] == found[1]


def test_cdnow_sample_has_the_published_statistics(sample: pd.DataFrame) -> None:
    # Fader, Hardie and Lee (2005), 1/10 sample, and the same counts from BTYD and CLVTools: N, sum of x, zero-repeaters.
    states = purchase_states(sample, as_of=CALIBRATION_END)
    assert states.customers == 2357
    assert (states.frequency * states.count).sum() == 2457
    assert states.count[states.frequency == 0].sum() == 1411
    assert states.T.max() == pytest.approx(38.857, abs=5e-4)
    one = (states.frequency == 2) & (states.recency_days == 213) & (states.age_days == 272)
    assert states.count[one].sum() > 0  # customer 1 of Hardie's spreadsheet: x = 2, t_x = 30.43, T = 38.86


def test_counting_part_by_part_changes_nothing(
    sample: pd.DataFrame, bought: Purchases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both() -> list[PurchaseStates]:
        from_rows = purchase_states(sample, as_of=CALIBRATION_END, per_customer=True)
        return [from_rows, purchase_states_from_purchases(bought.table, as_of=END, log_gaps=True)]

    at_once = both()
    monkeypatch.setattr(states_module, "_ROWS_AT_ONCE", 1_000)
    for whole, parts in zip(at_once, both(), strict=True):
        for field in fields(whole):
            expected, found = getattr(whole, field.name), getattr(parts, field.name)
            if isinstance(expected, np.ndarray) and expected.dtype == object:
                assert expected.tolist() == found.tolist() == sorted(found)
            elif isinstance(expected, (np.ndarray, float)):
                assert found == pytest.approx(expected, nan_ok=True)
            else:
                assert found == expected


def test_cdnow_holdout_has_the_published_total(bought: Purchases) -> None:
    held = holdout_counts(bought.table, HOLDOUT_START, END)
    calibration = purchase_states_from_purchases(bought.table, as_of=CALIBRATION_END, per_customer=True)
    assert held.count.sum() == 1882
    assert held.first_seen_in_holdout == 0
    assert calibration.customer_id is not None
    assert (held.customer_id == calibration.customer_id).all()


def test_cdnow_sample_merges_same_day_purchases(bought: Purchases) -> None:
    assert (bought.rows, bought.merged_lines, bought.purchases) == (6919, 223, 6696)


def test_mean_repeat_spend_is_that_of_the_gamma_gamma_papers(sample: pd.DataFrame) -> None:
    # Fader and Hardie (2013): mean of m_x over the 946 repeaters is 35.08.
    states = purchase_states(sample, as_of=CALIBRATION_END, per_customer=True)
    assert states.mean_spend is not None
    assert states.mean_spend[states.frequency > 0].mean() == pytest.approx(35.0778, abs=5e-4)
    assert np.isnan(states.mean_spend[states.frequency == 0]).all()


def test_per_customer_groups_to_the_distinct_states(sample: pd.DataFrame) -> None:
    distinct = purchase_states(sample, as_of=CALIBRATION_END)
    grouped = purchase_states(sample, as_of=CALIBRATION_END, per_customer=True).grouped()
    for name in ("frequency", "recency_days", "age_days", "count"):
        assert (getattr(grouped, name) == getattr(distinct, name)).all()
    assert grouped.customer_id is None
    assert len(grouped) == len(distinct)


def test_the_cdnow_files_load_with_their_known_rows(tmp_path: Path) -> None:
    read = {"delimiter": "whitespace"}
    master = {
        "package": "lifetimes",
        "path": "datasets/CDNOW_master.txt",
        "read": read,
        "columns": {"revenue": "dollar_value"},
    }
    result = load(tmp_path, {"transactions": master}, as_of=END)
    assert counted(result, "read") == {"rows read": 69_659}
    assert counted(result, "kept") == {"purchases (one customer, one day)": 67_591}
    assert counted(result, "note") == {
        "zero amounts (they count as purchases)": 80,
        "exact duplicates without an order_id": 255,
    }
    table = ibis.duckdb.connect().read_parquet(result.paths["purchases"])
    assert purchase_states_from_purchases(table, as_of=END).customers == 23_570
    columns = {"customer_id": "column1", "date": "column2", "revenue": "column4"}
    tenth = {
        "package": "lifetimes",
        "path": "datasets/CDNOW_sample.txt",
        "read": {**read, "header": False},
        "columns": columns,
    }
    result = load(tmp_path, {"transactions": tenth}, as_of=END)
    assert counted(result, "note") == {
        "zero amounts (they count as purchases)": 8,
        "exact duplicates without an order_id": 21,
    }
    assert counted(result, "kept") == {"purchases (one customer, one day)": 6696}


@pytest.fixture
def small() -> pd.DataFrame:
    days = pd.to_datetime(
        [f"2025-{day}" for day in ("01-01 15:00", "01-15 00:00", "01-15 00:00", "01-08 00:00", "03-01 00:00")]
    )
    return pd.DataFrame(
        {"customer_id": [1.0, 1, 1, 2, 3], "date": days, "revenue": [10.0, 5, 7, 4, 1], "margin": [4.0, 2, 3, 1, 1]}
    )


def test_any_kind_of_table_gives_the_same_states(small: pd.DataFrame) -> None:
    arrow = pa.Table.from_pandas(small)

    class Polars:  # what of polars is used
        def to_arrow(self) -> pa.Table:
            return arrow

    for table in (small, arrow, Polars(), ibis.memtable(small), small.astype({"customer_id": "Int64"})):
        states = purchase_states(table, as_of=date(2025, 1, 31), per_customer=True)
        assert list(states.customer_id if states.customer_id is not None else []) == ["1", "2"]
        assert states.frequency.tolist() == [1, 0]
        assert states.recency_days.tolist() == [14, 0]
        assert states.age_days.tolist() == [30, 23]
        assert states.mean_spend is not None
        assert states.mean_spend[0] == 12
        assert (states.total_revenue, states.total_margin) == (26, 10)
        assert states.first_margin_mean == 2.5
        assert states.first_margin_se == pytest.approx(np.std([4, 1], ddof=1) / np.sqrt(2))


def test_a_purchase_late_on_the_last_day_is_observed(small: pd.DataFrame) -> None:
    # lifetimes sends a purchase of 15:00 on the last day to the holdout; days have no hours here.
    assert purchase_states(small, as_of=date(2025, 1, 1)).customers == 1


def test_states_of_an_earlier_day_and_another_unit(small: pd.DataFrame) -> None:
    states = purchase_states(small, as_of=date(2025, 3, 31), until=date(2025, 1, 9), time_unit="day")
    assert states.frequency.tolist() == [0, 0]
    assert states.T.tolist() == [1.0, 8.0]
    assert states.with_time_unit("week").T.tolist() == [1 / 7, 8 / 7]
    assert states.with_time_unit("week").time_unit is TimeUnit.WEEK
    assert np.isnan(purchase_states(small, as_of=date(2025, 1, 1)).first_margin_se)


def test_customers_first_seen_in_the_holdout_are_counted_apart(small: pd.DataFrame) -> None:
    held = holdout_counts(purchases(ledger_of(small), date(2025, 12, 31)).table, date(2025, 1, 9), date(2025, 12, 31))
    assert (held.customer_id.tolist(), held.count.tolist(), held.first_seen_in_holdout) == (["1", "2"], [1, 0], 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revenue": [1.0, np.nan, np.inf, 1, 1]}, "transactions.revenue: 2 row(s) with no finite amount."),
        ({"customer_id": [1.0, 1, None, 2, 3]}, "transactions.customer_id: 1 row(s) with no customer."),
        ({"date": ["2025-01-01"] * 5}, "transactions.date: contains string values, not dates. Convert it first"),
        (
            {"revenue": [10.0, 5, 7, 4, -2]},
            "transactions.revenue: 1 refund(s) larger than the customer's earlier purchases together.",
        ),
        (
            {"order_id": ["x", "x", "y", "z", "w"]},
            "transactions.order_id: 1 order(s) whose rows name different customers or days",
        ),
    ],
)
def test_a_ledger_that_is_wrong_says_so(small: pd.DataFrame, change: dict, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        purchase_states(small.assign(**change), as_of=date(2025, 12, 31))
    assert said in str(caught.value)


def test_what_is_no_ledger_is_refused(small: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match="has no column 'revenue'"):
        purchase_states(small.rename(columns={"revenue": "revenues"}), as_of=END)
    with pytest.raises(BadInput, match=r"is a dict\. Give a pandas, polars, arrow or ibis table"):
        purchase_states({"a": 1}, as_of=END)


def test_the_engine_can_create_overwrite_drop_cache_and_batch() -> None:
    # These fail with sqlglot 30.18 (DROP TABLE IF EXISTS without a name) and with duckdb 2.0 (batches).
    con = ibis.duckdb.connect()
    con.create_table("t", pd.DataFrame({"x": [1, 2]}))
    con.create_table("t", pd.DataFrame({"x": [3, 4, 5]}), overwrite=True)
    cached = con.table("t").filter(lambda t: t.x > 3).cache()
    assert cached.count().execute() == 2
    assert sum(len(batch) for batch in con.table("t").to_pyarrow_batches()) == 3
    con.drop_table("t")
    assert "t" not in con.list_tables()


def test_lines_of_a_frame_are_one_only_when_equal_in_every_column() -> None:
    frame = pd.DataFrame(
        {
            "customer_id": "a",
            "date": pd.to_datetime(
                ["2025-01-01", "2025-01-01", "2025-01-01", "2025-02-01", "2025-02-01", "2025-02-01"]
            ),
            "revenue": [5.0, 5.0, 5.0, 10.0, 10.0, 10.0],
            "order_id": ["x", "x", None, "y", "y", "y"],
            "item": ["cup", "cup", "cup", "cup", "plate", 3],
        }
    )
    states = purchase_states(frame, as_of=date(2025, 3, 1), per_customer=True)
    assert (states.mean_spend.tolist(), states.total_revenue) == ([30.0], 40.0)
    without = purchase_states(frame.drop(columns="item"), as_of=date(2025, 3, 1), per_customer=True)
    assert (without.mean_spend.tolist(), without.total_revenue) == ([10.0], 20.0)


@pytest.mark.parametrize(
    ("ids", "refused"),
    [
        (["4.471E+12", "4.471E+12"], True),
        ([float(2**60), 7.0], True),
        ([4471000000001.0, 7.0], False),
        (["1E10", "a+b"], False),
    ],
)
def test_ids_that_were_rounded_are_refused_in_memory_too(ids: list, refused: bool) -> None:
    frame = pd.DataFrame(
        {"customer_id": ids, "date": pd.to_datetime(["2025-01-01", "2025-01-02"]), "revenue": [1.0, 2.0]}
    )
    if refused:
        with pytest.raises(BadInput, match="Different customers became one"):
            ledger_of(frame)
    else:
        assert ledger_of(frame).customer_id.nunique().to_pyarrow().as_py() == 2


@pytest.mark.parametrize("as_of", ["2025-01-29", pd.Timestamp("2025-01-29 18:00"), np.datetime64("2025-01-29")])
def test_a_day_may_be_given_in_any_form(as_of: Any) -> None:
    bought = pd.DataFrame(
        {"customer_id": ["a", "a"], "date": pd.to_datetime(["2025-01-01", "2025-01-15"]), "revenue": 1.0}
    )
    expected = purchase_states(bought, as_of=date(2025, 1, 29), per_customer=True)
    found = purchase_states(bought, as_of=as_of, per_customer=True)
    assert (found.age_days.tolist(), found.as_of) == (expected.age_days.tolist(), date(2025, 1, 29))


def test_a_day_after_as_of_and_an_unknown_unit_are_refused():
    small = pd.DataFrame({"customer_id": ["a"], "date": [pd.Timestamp("2025-01-02")], "revenue": [1.0]})
    with pytest.raises(BadInput, match="1 January 2026 is later than as_of, 31 March 2025"):
        purchase_states(small, as_of="2025-03-31", until="2026-01-01")
    for given, said in [("weeks", "Did you mean 'week'"), (None, "time_unit == None"), ("W", "time_unit == 'W'")]:
        with pytest.raises(CxvalueError, match=said):
            purchase_states(small, as_of="2025-03-31", time_unit=given)
    with pytest.raises(CxvalueError, match="Did you mean 'week'"):
        purchase_states(small, as_of="2025-03-31").with_time_unit("weeks")


@pytest.mark.parametrize("ask", [fit, fit_spend])
def test_a_table_in_place_of_states_is_refused_with_what_makes_them(ask):
    with pytest.raises(
        CxvalueError, match=r"states must be what purchase_states\(table, as_of=\.\.\.\) returns, not a DataFrame"
    ):
        ask(pd.DataFrame({"customer_id": ["a"]}))


def four_rows(**columns):
    days = pd.to_datetime(["2025-01-01", "2025-01-15", "2025-02-01", "2025-01-08"])
    ids = ["1", "1", "1", "2"]
    return pd.DataFrame({"customer_id": ids, "date": days, "revenue": [10.0, 5.0, 7.0, 3.0]} | columns)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"margin": [3.0, None, 2.0, 1.0]}, r"transactions\.margin: 1 row\(s\) with no finite amount"),
        ({"margin": [3.0, np.inf, 2.0, 1.0]}, r"transactions\.margin: 1 row"),
        ({"margin": ["30%"] * 4}, r"transactions\.margin: 4 rows with a text that is no number"),
        ({"revenue": ["10,5", "5.0", "7.0", "3.0"]}, r"transactions\.revenue: 1 row with a text"),
        ({"revenue": [10.0, "12,5", 7.0, 3.0]}, r"transactions\.revenue: 1 row with a text"),
        ({"revenue": [10.0, "x", pd.NA, 3.0]}, r"transactions\.revenue: 1 row with a text"),
        ({"revenue": ["10", "NaN", "7", "-inf"]}, r"transactions\.revenue: 2 row\(s\) with no finite amount"),
        ({"revenue": ["10", "1e999", "7", ""]}, r"transactions\.revenue: 2 rows with a text"),
        ({"revenue": [True, False, True, True]}, "holds boolean values, not amounts"),
        ({"revenue": pd.to_timedelta([1, 2, 3, 4], "D")}, "4 rows with a text that is no number"),
    ],
)
def test_amounts_that_are_none_or_known_for_some_rows_only_are_refused(columns, said):
    with pytest.raises(BadInput, match=said):
        purchase_states(four_rows(**columns), as_of="2025-03-31")


@pytest.mark.parametrize(
    "columns",
    [
        {"customer_id": [1, "1", 1, "2"]},
        {"customer_id": pd.Categorical(["1", "1", "1", "2"])},
        {"revenue": ["10", "5.0", "7", "3"]},
        {"revenue": pd.Categorical([10.0, 5.0, 7.0, 3.0])},
        {"margin": [None] * 4},
        {"channel": ["web", 1, pd.NA, None]},
        {"revenue": [" 10", "5.0\r", "+7e0", "3."]},
        {"date": pd.PeriodIndex(["2025-01-01", "2025-01-15", "2025-02-01", "2025-01-08"], freq="D")},
        {"date": pd.to_datetime(["2025-01-01", "2025-01-15", "2025-02-01", "2025-01-08"]).tz_localize("Europe/Kyiv")},
    ],
)
def test_columns_held_in_other_ways_give_the_same_histories(columns):
    plain = purchase_states(four_rows(), as_of="2025-03-31", per_customer=True)
    held = purchase_states(four_rows(**columns), as_of="2025-03-31", per_customer=True)
    assert held.to_frame().equals(plain.to_frame())
    assert held.total_revenue == plain.total_revenue


def test_a_text_that_is_no_number_is_refused_with_examples_by_an_engine_that_would_make_0_of_it():
    table = ibis.sqlite.connect().create_table("rows", four_rows(revenue=["10", "5", "ten", "12,5"], date="2025-01-01"))
    with pytest.raises(BadInput, match="2 rows with a text that is no number") as refused:
        ledger_of(table.mutate(date=ibis.date("2025-01-01")))
    assert refused.value.problems[0].examples == ("12,5", "ten")


@pytest.mark.parametrize("arrow", [False, True])
def test_columns_of_one_name_are_refused_at_every_door(arrow, tmp_path):
    doubled = pd.concat([four_rows(), pd.DataFrame({"revenue": [1.0] * 4})], axis=1)
    if arrow:
        doubled = pa.Table.from_pandas(four_rows()).append_column("revenue", pa.array([1.0] * 4))
    said = "has several columns of the same name: 'revenue'"
    with pytest.raises(BadInput, match=f"transactions: {said}"):
        purchase_states(doubled, as_of="2025-03-31")
    with pytest.raises(BadInput, match=f"study_from: transactions: {said}"):
        study_from(transactions=doubled, currency="EUR", gross_margin=0.4, folder=tmp_path)
    with pytest.raises(BadInput, match=f"recognise: {said}"):
        recognise(doubled)


def test_a_frame_of_nothing_is_refused():
    with pytest.raises(BadInput, match="has no rows"):
        purchase_states(pd.DataFrame(), as_of="2025-03-31")
