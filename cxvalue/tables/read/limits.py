"""What a query of a study may take of time, memory and disk; one that has no end is ended, in words."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from sqlglot import exp

from cxvalue.foundation.errors import BadInput, Problem

__all__ = ["QUERY_SECONDS", "ended_in_time", "grows_from_nothing"]

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
        remedy = f"A join without a condition may be in it. Where it needs longer: export {QUERY_SECONDS}=…"
        raise BadInput([Problem(where, f"did not end within {seconds:g} s.", remedy)]) from None
    except duckdb.OutOfMemoryException:
        found = "needs more memory, or more of the disk for what does not fit there, than is free."
        raise BadInput([Problem(where, found, "A join without a condition may be in it.")]) from None
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
        raise BadInput.at(QUERY_SECONDS, f"{given!r} is no number of seconds.", f"Write export {QUERY_SECONDS}=300.")
    return seconds
