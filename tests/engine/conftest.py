"""Engines that hold tables: DuckDB through the path of any other engine, PostgreSQL and Spark."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.helpers import VARIABLE, AnyEngine, OnPostgres, OnSpark
from tests.engine.servers import LOUD, spark_session, start_postgres, why_no_postgres, why_no_spark


@pytest.fixture(scope="session")
def postgres(common: Path) -> str:
    """The address of a running PostgreSQL, for its owner."""
    if reason := why_no_postgres():
        pytest.skip(f"{LOUD}: {reason}")
    with (common / "postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return start_postgres(common)


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session of Spark."""
    if reason := why_no_spark():
        pytest.skip(f"{LOUD}: {reason}")
    yield from spark_session()


@pytest.fixture
def on_postgres(postgres: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[OnPostgres]:
    """A schema of its own in PostgreSQL, whose address the variable of the tests holds."""
    engine = OnPostgres.made(postgres)
    monkeypatch.setenv(VARIABLE, engine.address)
    yield engine
    engine.drop()


@pytest.fixture(
    params=[
        "any",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("spark", marks=pytest.mark.spark),
    ]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnyEngine]:
    """Each engine in turn, with its address in the variable of the tests."""
    if request.param == "postgres":
        made: AnyEngine = OnPostgres.made(request.getfixturevalue("postgres"))
    elif request.param == "spark":
        made = OnSpark(request.getfixturevalue("spark"), tmp_path)
    else:
        made = AnyEngine(tmp_path)
    monkeypatch.setenv(VARIABLE, made.address)
    yield made
    made.drop()
