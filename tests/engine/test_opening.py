from __future__ import annotations

import sys

import pytest

from cxvalue.engine.embedded import Embedded, connect
from cxvalue.engine.opening import open_engine, open_warehouse
from cxvalue.foundation.errors import BadInput

NAME, SECRET = "TEST_WAREHOUSE", "hunter2-planted"


def _refused(monkeypatch: pytest.MonkeyPatch, address: str) -> str:
    monkeypatch.setenv(NAME, address)
    with pytest.raises(BadInput) as caught:
        open_warehouse(f"${{{NAME}}}")
    text = str(caught.value)
    assert SECRET not in text
    assert caught.value.__context__ is None or SECRET not in str(caught.value.__context__)
    return text


def test_without_an_engine_it_is_the_one_in_this_process() -> None:
    con = connect()
    place = open_engine(None, con)
    assert isinstance(place, Embedded)
    assert place.files is con


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAME, raising=False)
    with pytest.raises(
        BadInput, match=f"the environment has no variable '{NAME}'. Set it before the run: export {NAME}=…"
    ):
        open_engine(f"${{{NAME}}}")


def test_an_address_of_no_engine_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the address is for an engine that is not installed here." in _refused(
        monkeypatch, f"nonsense://me:{SECRET}@host/db"
    )
    assert "the address is for an engine" in _refused(monkeypatch, SECRET)


@pytest.mark.parametrize(
    ("address", "package", "words"),
    [
        (f"postgresql://me:{SECRET}@host/db", "psycopg", "'cxvalue[postgres]'"),
        ("spark://local[1]", "pyspark.sql", "'cxvalue[spark]'"),
    ],
)
def test_a_driver_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, address: str, package: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert words in _refused(monkeypatch, address)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://me:{0}@127.0.0.1:9/db", "no server answers there"),
        ("postgresql://me:{0}@host.invalid/db", "no server has that name"),
        ("postgresql://me:{0}@127.0.0.1:many/db", "the engine could not do it"),
    ],
)
def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, address: str, words: str) -> None:
    pytest.importorskip("psycopg", reason="SKIPPED LOUDLY: PostgreSQL was not tested: its driver is missing")
    assert words in _refused(monkeypatch, address.format(SECRET))
