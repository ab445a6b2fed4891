"""Failures of an engine in words of ours: its own may hold an address, a user, a password or a query, and are dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from cxvalue.foundation.errors import BadInput, CxvalueError, Problem

__all__ = ["EngineFailed", "guarded", "refused", "said_of"]

_BY_STATE = (
    ("28", "the user or the password is refused", "Look at the user and at how the password is given."),
    ("3D", "there is no such database", "Look at the name of the database in the address."),
    (
        "42501",
        "the user lacks a right",
        "Ask for SELECT on the tables and for temporary tables (TEMPORARY) on the database.",
    ),
    ("57014", "a query ran into a time limit or was cancelled", "Ask for a longer statement_timeout, or try again."),
    ("57", "the server ended the connection", "Run it again."),
    ("53100", "the disk of the server is full", "Make room there, then run it again."),
    ("53", "the server has no room or no connection left", "Run it again later."),
    ("25006", "the server only reads (a replica), and temporary tables are needed", "Name the main server."),
    ("22", "a value does not fit the type of its column", "Make a view that casts it, and name the view as the table."),
    ("08", "the connection was lost", "Run it again."),
)
_BY_TEXT = (
    (r"password|authentication", *_BY_STATE[0][1:]),
    (r"database .* does not exist", *_BY_STATE[1][1:]),
    (
        r"translate host|name or service|getaddrinfo|resolve",
        "no server has that name",
        "Look at the host in the address.",
    ),
    (r"refused|no such file", "no server answers there", "Look at host and port; is the server running?"),
    (r"time ?out", "no server answered in time", "Look at host and port, and at the firewall."),
    (r"closed|lost|terminat|consuming input|broken pipe|eof", "the connection was lost", "Run it again."),
)


class EngineFailed(CxvalueError):
    """The engine of a study could not do what it was asked; the words hold nothing of its own message."""


def said_of(error: BaseException) -> tuple[str, str]:
    """What happened and what to do, from the class and the state of an error of an engine; never its message.

    >>> said_of(ConnectionRefusedError("connection to server at db.example, user shop, was refused"))
    ('no server answers there (ConnectionRefusedError)', 'Look at host and port; is the server running?')
    """
    state = str(getattr(error, "sqlstate", None) or "")
    named = f"{type(error).__name__}, {state}" if re.fullmatch(r"[0-9A-Z]{5}", state) else type(error).__name__
    for start, words, remedy in _BY_STATE:
        if state.startswith(start):
            return f"{words} ({named})", remedy
    for pattern, words, remedy in _BY_TEXT:
        if not state and re.search(pattern, str(error), re.IGNORECASE):
            return f"{words} ({named})", remedy
    return f"the engine could not do it ({named})", "Try the tables there with a client of its own."


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Turn whatever an engine raises into `EngineFailed`, without its message and without a trace of it."""
    try:
        yield
    except CxvalueError:
        raise
    except Exception as error:
        found, remedy = said_of(error)
        failed = EngineFailed(f"{what}: {found}. {remedy}")
        try:
            raise failed from None
        finally:
            failed.__context__ = None  # the first error is not even kept beside it


def refused(where: str, error: BaseException) -> BadInput:
    """The same as a refusal of the study file: for what its address leads to."""
    found, remedy = said_of(error)
    return BadInput([Problem(where, f"{found}.", remedy)])
