"""What a query of a study may be and take of time, memory and disk; one that has no end is ended, in words."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import sqlglot
from sqlglot import exp

from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated

QUERY_SECONDS = "CXVALUE_QUERY_SECONDS"
"""The environment variable with the seconds that a query may take."""
USUAL_SECONDS = 300.0
MOST_MADE = 1_000_000
"""Characters or values that one call may make of nothing; the engine cannot be interrupted while it does."""

_MAKERS = (exp.Repeat, exp.Pad, exp.GenerateSeries)
_MAKERS_BY_NAME = frozenset({"range", "generate_series", "repeat", "list_resize", "array_resize", "bar"})


def grows_from_nothing(tree: exp.Expr) -> str | None:
    """The first call of a query that would make more than `MOST_MADE` characters or values; None where there is none.

    >>> import sqlglot
    >>> grows_from_nothing(sqlglot.parse_one("select repeat('x', 2000000000) from t", read="duckdb"))
    "REPEAT('x', 2000000000)"
    """
    named = (one for one in tree.find_all(exp.Anonymous) if str(one.this).lower() in _MAKERS_BY_NAME)
    for call in (*tree.find_all(*_MAKERS), *named):
        numbers = [abs(float(one.this)) for one in call.find_all(exp.Literal) if not one.is_string]
        if math.prod(max(1.0, number) for number in numbers) > MOST_MADE or call.find(exp.Pow):
            return call.sql(dialect="duckdb")[:80]
    return None


@contextmanager
def ended_in_time(con: duckdb.DuckDBPyConnection, where: str) -> Iterator[None]:
    """Interrupt what the engine does inside the block when it takes too long.

    Raises:
        BadInput: it was interrupted, or needs more memory and disk than there are.
    """
    seconds = query_seconds()
    clock = threading.Timer(seconds, con.interrupt)
    clock.daemon = True
    clock.start()
    try:
        yield
    except duckdb.InterruptException:
        remedy = translate(
            "It may contain a join without a condition. If it needs longer: {line}", line=f"export {QUERY_SECONDS}=…"
        )
        raise BadInput.at(where, translate("did not end within {seconds:g} s.", seconds=seconds), remedy) from None
    except duckdb.OutOfMemoryException:
        found = translate("needs more memory, or more disk space for what does not fit in memory, than is free.")
        raise BadInput.at(where, found, translate("It may contain a join without a condition.")) from None
    finally:
        clock.cancel()


def query_seconds() -> float:
    """How long a query may take: what the environment says, else `USUAL_SECONDS`."""
    given = os.environ.get(QUERY_SECONDS)
    try:
        seconds = USUAL_SECONDS if given is None else float(given)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < threading.TIMEOUT_MAX:
        found = translate("{given!r} is not a number of seconds.", given=given)
        raise BadInput.at(QUERY_SECONDS, found, translate("Write {line}.", line=f"export {QUERY_SECONDS}=300"))
    return seconds


def filters(query: str) -> bool:
    """Whether a query may leave rows out by a condition."""
    return any(tree is not None and tree.find(exp.Where) is not None for tree in sqlglot.parse(query, read="duckdb"))


def query_problems(con: duckdb.DuckDBPyConnection, query: str, files: tuple[str, ...], where: str) -> list[Problem]:
    """Refuse everything but one SELECT that reads the named files only."""
    allowed = translate("A query is one SELECT over the files named: {files}.", files=enumerated(files))
    try:
        statements = con.extract_statements(query)
        trees = sqlglot.parse(query, read="duckdb")
    except (duckdb.Error, sqlglot.errors.SqlglotError) as error:
        return [Problem(where, translate("cannot be understood: {said}", said=first_line(error)), allowed)]
    except RecursionError:
        return [Problem(where, translate("is nested too deeply."), allowed)]
    tree = trees[0] if trees else None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT or not isinstance(tree, exp.Query):
        return [Problem(where, translate("is not one SELECT."), allowed)]
    known = {*files, *(cte.alias for cte in tree.find_all(exp.CTE))}
    for table in tree.find_all(exp.Table):
        plain = isinstance(table.this, exp.Identifier) and not table.db
        if not plain:
            found = translate("reads from {source!r}.", source=table.sql(dialect="duckdb"))
            return [Problem(where, found, allowed)]
        if table.name.lower() not in {item.lower() for item in known}:
            found = translate("reads from {source!r}.", source=table.name)
            return [Problem(where, found, f"{nearest(table.name, files)} {allowed}")]
    if made := grows_from_nothing(tree):
        found = translate("generates more values than fit: {made}.", made=made)
        return [Problem(where, found, translate("Write a smaller number."))]
    return []


def first_line(error: Exception) -> str:
    """What an engine or a reader says of an error, in its own words."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") + "." if lines else translate("no reason given.")
