from __future__ import annotations

from typing import Any

import ibis
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.tables import ask as asking
from cxvalue.tables.ask import Asking, ask, ask_in_rounds

TABLE = ibis.memtable({"a": [1, 2, 3]})


def _twice(least: int) -> Asking[tuple[Any, ...]]:
    """Ask for the rows from a number on, twice: the second question hangs on the answer to the first."""
    found = yield [TABLE.aggregate(n=TABLE.count(where=TABLE.a >= least)), TABLE.aggregate(most=TABLE.a.max())]
    again = yield [TABLE.aggregate(n=TABLE.count(where=TABLE.a > found["n"]))]
    return found["n"], found["most"], again["n"]


def _refused() -> Asking[int]:
    found = yield [TABLE.aggregate(n=TABLE.count())]
    raise BadInput.at("tables.x", f"has {found['n']} rows.", "Leave it out.")


def _nothing_asked() -> Asking[int]:
    yield []
    return 7


def test_two_answers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="under one name: n"):
        ask(TABLE.aggregate(n=TABLE.count()), TABLE.aggregate(n=TABLE.a.max()))


def test_askings_of_equal_names_get_their_own_answers_in_as_many_questions_as_the_longest_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    askings = {"one": _twice(3), "bad": _refused(), "two": _twice(2), "none": _nothing_asked()}
    asked: list[int] = []
    monkeypatch.setattr(asking, "ask", lambda *rows: asked.append(len(rows)) or ask(*rows))
    found = ask_in_rounds(askings)
    assert list(found) == list(askings)
    assert (found["one"], found["two"], found["none"]) == ((1, 3, 2), (2, 3, 1), 7)
    assert isinstance(found["bad"], BadInput)
    assert "has 3 rows." in str(found["bad"])
    assert [rows for rows in asked if rows] == [5, 2]


def test_other_errors_end_all_of_them() -> None:
    def broken() -> Asking[int]:
        yield []
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_in_rounds({"one": broken(), "two": _twice(1)})


def test_no_askings_have_no_answers() -> None:
    assert ask_in_rounds({}) == {}
