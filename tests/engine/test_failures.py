from __future__ import annotations

import traceback

import pytest

from cxvalue.engine.failures import EngineFailed, guarded, refused, said_of
from cxvalue.foundation.errors import BadInput, Problem

SECRET = "hunter2-planted"


class _Stated(Exception):
    def __init__(self, state: str | None) -> None:
        super().__init__(f"could not connect to postgresql://shop:{SECRET}@db.example/sales: some reason")
        self.sqlstate = state


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("28P01", "the user or the password was rejected (_Stated, 28P01)"),
        ("3D000", "there is no such database"),
        ("42501", "the user lacks a right"),
        ("57014", "a query reached a time limit or was cancelled"),
        ("57P01", "the server ended the connection"),
        ("53100", "the disk of the server is full"),
        ("53300", "the server has no memory or no connections left"),
        ("25006", "the server is read-only (a replica)"),
        ("22003", "a value does not fit the type of its column"),
        ("08006", "the connection was lost"),
        ("XX000", "the engine could not do it (_Stated, XX000)"),
        (f"{SECRET}", "the engine could not do it (_Stated)"),
    ],
)
def test_the_state_of_an_error_says_what_happened_and_nothing_of_its_message(state: str, words: str) -> None:
    found, remedy = said_of(_Stated(state))
    assert words in found
    assert remedy.endswith((".", "?"))
    assert SECRET not in found + remedy


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('FATAL: password authentication failed for user "x"', "the user or the password was rejected"),
        ('FATAL: database "x" does not exist', "there is no such database"),
        ("could not translate host name", "no server has that name"),
        ("connection refused", "no server answers there"),
        ("connection timeout expired", "no server answered in time"),
        ("server closed the connection unexpectedly", "the connection was lost"),
        (
            "terminating connection. Traceback (most recent call last):\n  wait(timeout=timeout)",
            "the connection was lost",
        ),
        ("whatever else", "the engine could not do it"),
    ],
)
def test_without_a_state_its_kind_is_told_by_its_message_which_is_not_shown(message: str, words: str) -> None:
    found, _ = said_of(RuntimeError(f"{message} {SECRET}"))
    assert found == f"{words} (RuntimeError)."


def test_a_failure_leaves_no_trace_of_the_first_error() -> None:
    with pytest.raises(EngineFailed) as caught, guarded("The warehouse"):
        raise RuntimeError(SECRET)
    assert str(caught.value).startswith("The warehouse: the engine could not do it (RuntimeError).")
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_what_the_product_itself_refuses_passes() -> None:
    with pytest.raises(BadInput), guarded("The warehouse"):
        raise BadInput([Problem("here", "something.")])


def test_a_refusal_names_the_place() -> None:
    text = str(refused("study.engine", _Stated("28P01")))
    assert "study.engine: the user or the password was rejected" in text
    assert SECRET not in text
