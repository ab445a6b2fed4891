"""Ids as strangers write them: spoilt by a spreadsheet, written in two ways, standing for nobody."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxvalue.study import IdRules, StudyFile
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.ids import repaired
from cxvalue.tables.counts import TableSet
from tests.tables.helpers import counted, ledger, load, problems, rows

DAY = date(2025, 1, 1)


def sales(*ids: str, times: int = 1) -> str:
    """A ledger in which every id buys for 10 on so many days of its own."""
    lines = [f"{one},{DAY + timedelta(days=3 * n)},10" for one in ids for n in range(times)]
    return ledger(*lines)


def kinds(result: TableSet) -> list[str]:
    return [one.kind for one in result.cautions]


def only(result: TableSet, kind: str) -> Caution:
    (one,) = [one for one in result.cautions if one.kind == kind]
    return one


MANY = tuple(f"C{n:03d}" for n in range(40))


@pytest.mark.parametrize(
    ("text", "repairs", "expected"),
    [
        ("000123", ["strip_leading_zeros"], "123"),
        ("000", ["strip_leading_zeros"], "0"),
        ("0", ["strip_leading_zeros"], "0"),
        ("00A1", ["strip_leading_zeros"], "A1"),
        ("123.0", ["strip_decimal"], "123"),
        ("123.00", ["strip_decimal"], "123"),
        ("1.05", ["strip_decimal"], "1.05"),
        ("0012.0", ["strip_decimal", "strip_leading_zeros"], "12"),
        ("aB-7", ["fold_case"], "ab-7"),
        ("Shop  7\u00a0A", ["single_blanks"], "Shop 7 A"),
        ("\u0421\uff11\uff12\uff0da", ["one_alphabet"], "C12-a"),  # a Cyrillic letter, wide signs
        ("\u0421\uff11\uff12\uff0da", ["fold_case"], "\u0441\uff11\uff12\uff0da"),
        ("00aB.0", [], "00aB.0"),
    ],
)
def test_repairs_take_away_what_they_name(text: str, repairs: list[str], expected: str) -> None:
    engine = ibis.duckdb.connect()
    table = engine.create_table("t", pa.table({"id": [text]}), temp=True)
    assert table.select(id=repaired(table.id, repairs)).to_pyarrow().to_pylist() == [{"id": expected}]


@pytest.mark.parametrize("spoilt", ["4.47100E+12", "4,471E+12", "4E+12", "1.2e+05"])
def test_ids_in_scientific_notation_are_refused_in_every_table(tmp_path: Path, spoilt: str) -> None:
    said = problems(tmp_path, sales("4471000000001").replace("4471000000001", f'"{spoilt}"'))
    assert "scientific notation" in said
    assert "as text" in said
    assert "bad_rows" not in said
    contacts = f'customer_id,date,campaign,arm\n"{spoilt}",2025-03-01,x,mail\n'
    assert "tables.contacts.customer_id" in problems(tmp_path, {"transactions": sales(*MANY), "contacts": contacts})


def test_spoilt_ids_are_refused_even_where_bad_rows_may_be_dropped(tmp_path: Path) -> None:
    text = sales(*MANY, "4.47100E+12")
    assert "scientific notation" in problems(tmp_path, text, bad_rows={"drop_up_to": 0.5})


def test_ids_that_only_look_like_notation_are_ids(tmp_path: Path) -> None:
    assert not kinds(load(tmp_path, sales("1E10", "5E12", "12E-4", "4.5", *MANY)))


def test_ids_rounded_in_a_column_of_numbers_are_refused(tmp_path: Path) -> None:
    days = [DAY + timedelta(days=n) for n in range(2)]
    pq.write_table(
        pa.table({"customer_id": [float(2**53 + 2), 17.0], "date": days, "revenue": [1.0, 2.0]}), tmp_path / "t.parquet"
    )
    assert "rounded" in problems(tmp_path, {"transactions": {"path": "t.parquet"}})
    pq.write_table(
        pa.table({"customer_id": [4471000000001.0, 17.0], "date": days, "revenue": [1.0, 2.0]}), tmp_path / "t.parquet"
    )
    found = load(tmp_path, {"transactions": {"path": "t.parquet"}})
    assert [row[0] for row in rows(found)] == ["17", "4471000000001"]


@pytest.mark.parametrize(
    ("one", "other", "line"),
    [
        ("{n}", "{n}.0", "ids: {strip_decimal: true}"),
        ("{n}", "00{n}", "ids: {strip_leading_zeros: true}"),
        ("c{n}", "C{n}", "ids: {fold_case: true}"),
        ("shop {n}", "shop  {n}", "ids: {single_blanks: true}"),
        ("shop {n}", "shop\u00a0{n}", "ids: {single_blanks: true}"),
        ("C{n}", "\u0421{n}", "ids: {one_alphabet: true}"),
        ("C{n}", "\uff23{n}", "ids: {one_alphabet: true}"),
        ("c{n}", "0C{n}.0", "ids: {strip_decimal: true, strip_leading_zeros: true, fold_case: true}"),
    ],
)
def test_ids_that_a_repair_makes_equal_are_counted_and_the_line_joins_them(
    tmp_path: Path, one: str, other: str, line: str
) -> None:
    first = [one.format(n=n) for n in range(10, 40)]
    second = [other.format(n=n) for n in range(10, 25)]
    text = sales(*first, *second)
    found = only(load(tmp_path, text), "ids_alike")
    assert (found.rows, found.lowers) == (15, True)
    assert "45 different customer_ids" in found.text
    assert "would be 30" in found.text
    assert line in found.text
    rules = {name: True for name in IdRules.model_fields if f"{name}: true" in line}
    mended = load(tmp_path, text, ids=rules)
    assert not kinds(mended)
    assert len({row[0] for row in rows(mended)}) == 30


def test_units_and_accounts_are_looked_at_too(tmp_path: Path) -> None:
    contracts = "customer_id,start,end,account_id\n" + "".join(
        f"{n},2024-01-01,,{'A' if n % 2 else 'a'}{n // 2}\n" for n in range(40)
    )
    found = load(tmp_path, {"subscriptions": contracts}, contract="contractual")
    assert (only(found, "ids_alike").table, only(found, "ids_alike").column) == ("subscriptions", "account_id")


def test_sound_ids_say_nothing(tmp_path: Path) -> None:
    for ids in (MANY, [f"{n:06d}" for n in range(40)], [str(n) for n in range(40)], [f"{n}-x" for n in range(40)]):
        assert not kinds(load(tmp_path, sales(*ids, times=3)))


@pytest.mark.parametrize("word", ["guest", "NULL", "nan", "N/A", "unknown", "Gast", "гость", "匿名", "-1", "0"])
def test_a_stand_in_for_guests_is_said_with_its_line(tmp_path: Path, word: str) -> None:
    text = sales(*MANY, times=2) + "".join(f"{word},{DAY + timedelta(days=n)},10\n" for n in range(30))
    found = only(load(tmp_path, text), "guest_id")
    assert found.rows == 30
    assert found.share == pytest.approx(30 / 110)
    assert found.lowers
    assert f'guest_ids: ["{word}"]' in found.text


def test_a_number_is_no_stand_in_among_ordinary_numbers(tmp_path: Path) -> None:
    numbers = [str(n) for n in range(40)]
    assert not kinds(load(tmp_path, sales(*numbers, "99999", times=2)))
    much = sales(*numbers[1:], times=2) + "".join(f"0,{DAY + timedelta(days=n)},1\n" for n in range(60))
    assert "guest_id" in kinds(load(tmp_path, much))


def test_guests_count_in_the_totals_and_are_no_customer(tmp_path: Path) -> None:
    text = sales("a", "b") + "guest,2025-02-01,30\nguest,2025-02-02,-5\nguest,2026-01-10,7\n0,2025-02-01,8\n"
    found = load(
        tmp_path,
        text,
        as_of=date(2025, 12, 31),
        guest_ids=["guest", "0"],
        control_totals={"revenue": 53.0, "tolerance": 0},
    )
    assert [row[0] for row in rows(found)] == ["a", "b"]
    assert counted(found, "apart") == {"sales to guests: in the totals, but not as customers": 3}
    assert counted(found, "cut") == {"sales of guests after 31 December 2025": 1}
    assert found.control is not None
    assert found.control.within
    assert found.control.found == 53.0
    assert "guest_id" not in kinds(found)


def test_guests_are_set_apart_in_every_table(tmp_path: Path) -> None:
    tables = {
        "transactions": sales("a", "b", "guest"),
        "customers": "customer_id,segment\na,x\nb,y\nguest,z\n",
        "fees": "customer_id,date,amount\na,2025-02-01,3\nguest,2025-02-01,4\n",
    }
    found = load(tmp_path, tables, guest_ids=["guest"])
    for name in ("customers", "fees"):
        assert "guest" not in [row[0] for row in rows(found, name, "customer_id")]
        assert counted(found, "apart", name) == {"rows of guests, no customer": 1}


def test_guest_ids_of_a_study_file_are_text() -> None:
    tables = {"transactions": {"path": "t.csv"}}
    made = StudyFile.model_validate({"name": "x", "currency": "EUR", "tables": tables, "guest_ids": [0, -1, "guest"]})
    assert made.guest_ids == ("0", "-1", "guest")


def test_one_id_with_an_implausible_share_is_said_without_its_name(tmp_path: Path) -> None:
    text = sales(*MANY) + "".join(f"K77,{DAY + timedelta(days=n)},1\n" for n in range(10))
    found = only(load(tmp_path, text), "dominant_id")
    assert found.rows == 10
    assert found.share == pytest.approx(0.2)
    assert "rows" in found.text
    assert "K77" not in found.text
    assert 'guest_ids: ["K77"]' in found.private
    rich = sales(*MANY) + "K77,2025-01-01,1000\n"
    assert "revenue" in only(load(tmp_path, rich), "dominant_id").text
    few = sales(*MANY[:10]) + "K77,2025-01-01,1000\n"
    assert not kinds(load(tmp_path, few))


def test_one_id_far_ahead_of_all_others_is_said(tmp_path: Path) -> None:
    many = [f"C{n:03d}" for n in range(150)]
    apart = "".join(f"K77,{DAY + timedelta(days=n)},1\n" for n in range(40))
    found = only(load(tmp_path, sales(*many, times=3) + apart), "dominant_id")
    assert (found.rows, found.share) == (40, pytest.approx(40 / 490))
    assert "13 times as many as any other" in found.text
    assert "K77" not in found.text
    loyal = "".join(f"C001,{DAY + timedelta(days=n + 100)},1\n" for n in range(20))
    assert "dominant_id" not in kinds(load(tmp_path, sales(*many, times=3) + apart + loyal))


def test_one_customer_with_most_of_the_contacts_is_said(tmp_path: Path) -> None:
    contacts = "customer_id,date,campaign,arm\n" + "".join(f"{one},2025-03-01,x,mail\n" for one in MANY)
    contacts += "".join(f"C001,2025-04-{n + 1:02d},x,mail\n" for n in range(20))
    found = only(load(tmp_path, {"transactions": sales(*MANY), "contacts": contacts}), "dominant_id")
    assert (found.table, found.rows) == ("contacts", 21)
