"""Words of yes and no: read alike from files and from engines, and none that says both."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.tables.read.yes_no import FALSE_WORDS, TRUE_WORDS
from tests.tables.helpers import load, rows

PAIRS = [
    ("Ja", "Nein"),
    ("ja", "nee"),
    ("OUI", "non"),
    ("Sí", "No"),
    ("sì", "no"),
    ("Tak", "Nie"),
    ("SIM", "Não"),
    ("Да", "НЕТ"),
    ("так", "ні"),
    ("是", "否"),
    ("WAHR", "FALSCH"),
    ("J", "N"),
]


def _accepted(folder: Path, *words: str, **more: object) -> list[bool]:
    lines = "".join(f"{number},2025-01-01,1,0.1,{word}\n" for number, word in enumerate(words))
    (folder / "o.csv").write_text(f"customer_id,date,rung,depth,accepted\n{lines}", encoding="utf-8")
    bought = "customer_id,date,revenue\n" + "".join(f"{number},2025-01-01,9\n" for number in range(len(words)))
    read = load(folder, {"transactions": bought, "offers": {"path": "o.csv", **more}})
    return [accepted for _, accepted in rows(read, "offers", "customer_id, accepted")]


@pytest.mark.parametrize(("yes", "no"), PAIRS)
def test_yes_and_no_of_other_languages_are_read(tmp_path: Path, yes: str, no: str) -> None:
    assert _accepted(tmp_path, yes, no, yes) == [True, False, True]


def test_no_word_says_both() -> None:
    assert not set(TRUE_WORDS) & set(FALSE_WORDS)
    assert all(word == word.lower().strip() for word in (*TRUE_WORDS, *FALSE_WORDS))


def test_what_may_be_a_letter_or_a_zero_is_refused_until_the_study_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        _accepted(tmp_path, "O", "N", "1")
    assert "values: {COLUMN: {WORD: 1, OTHER_WORD: 0}}" in str(refused.value)
    assert _accepted(tmp_path, "O", "N", "1", values={"accepted": {"O": 1}}) == [True, False, True]


def test_words_are_replaced_in_columns_that_bear_our_names_and_in_segments(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("customer_id,region\n0,N\n1,S\n")
    (tmp_path / "i.csv").write_text("customer_id,date,channel,reason,complaint\n0,2025-01-01,tel,fee,O\n")
    read = load(
        tmp_path,
        {
            "transactions": "customer_id,date,revenue\n0,2025-01-01,9\n1,2025-01-01,9\n",
            "customers": {"path": "c.csv", "values": {"region": {"N": "north"}}},
            "interactions": {"path": "i.csv", "values": {"complaint": {"O": 1}, "channel": {"tel": "phone"}}},
        },
    )
    assert rows(read, "interactions", "channel, complaint") == [("phone", True)]
    assert rows(read, "customers", "customer_id, region") == [("0", "north"), ("1", "S")]
