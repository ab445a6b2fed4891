"""Failures of an engine in words of ours: its own may hold an address, a user, a password or a query, and are dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from cxvalue.foundation.errors import BadInput, CxvalueError, Problem
from cxvalue.language.catalogue import translatable, translate

_BY_STATE = (
    (
        "28",
        translatable("the user or the password was rejected ({error})."),
        translatable("Check the user and how the password is given."),
    ),
    (
        "3D",
        translatable("there is no such database ({error})."),
        translatable("Check the name of the database in the address."),
    ),
    (
        "42501",
        translatable("the user lacks a right ({error})."),
        translatable("Ask for SELECT on the tables and for temporary tables (TEMPORARY) on the database."),
    ),
    (
        "57014",
        translatable("a query reached a time limit or was cancelled ({error})."),
        translatable("Ask for a longer statement_timeout, or try again."),
    ),
    ("57", translatable("the server ended the connection ({error})."), translatable("Run it again.")),
    (
        "53100",
        translatable("the disk of the server is full ({error})."),
        translatable("Free some space there, then run it again."),
    ),
    (
        "53",
        translatable("the server has no memory or no connections left ({error})."),
        translatable("Run it again later."),
    ),
    (
        "25006",
        translatable("the server is read-only (a replica), and temporary tables are needed ({error})."),
        translatable("Name the main server."),
    ),
    (
        "22",
        translatable("a value does not fit the type of its column ({error})."),
        translatable("Make a view that casts it, and name the view as the table."),
    ),
    ("08", translatable("the connection was lost ({error})."), translatable("Run it again.")),
)
_BY_TEXT = (
    (re.compile(r"password|authentication", re.IGNORECASE), *_BY_STATE[0][1:]),
    (re.compile(r"database .* does not exist", re.IGNORECASE), *_BY_STATE[1][1:]),
    (
        re.compile(r"translate host|name or service|getaddrinfo|resolve", re.IGNORECASE),
        translatable("no server has that name ({error})."),
        translatable("Look at the host in the address."),
    ),
    (
        re.compile(r"refused|no such file", re.IGNORECASE),
        translatable("no server answers there ({error})."),
        translatable("Check host and port; is the server running?"),
    ),
    (
        re.compile(r"time ?out", re.IGNORECASE),
        translatable("no server answered in time ({error})."),
        translatable("Check host and port, and the firewall."),
    ),
    (re.compile(r"closed|lost|terminat|consuming input|broken pipe|eof", re.IGNORECASE), *_BY_STATE[-1][1:]),
)
_UNKNOWN = (
    translatable("the engine could not do it ({error})."),
    translatable("Try to read the tables there with another client."),
)


class EngineFailed(CxvalueError):
    """The engine of a study could not do what it was asked; the words hold nothing of its own message."""


def said_of(error: BaseException) -> tuple[str, str]:
    """What happened and what to do, from the class and the state of an error of an engine; never its message.

    >>> said_of(ConnectionRefusedError("connection to server at db.example, user shop, was refused"))
    ('no server answers there (ConnectionRefusedError).', 'Check host and port; is the server running?')
    """
    state = str(getattr(error, "sqlstate", None) or "")
    named = f"{type(error).__name__}, {state}" if re.fullmatch(r"[0-9A-Z]{5}", state) else type(error).__name__
    told = [one[1:] for one in _BY_STATE if state.startswith(one[0])]
    text = str(error).partition("Traceback")[0]  # lines of code hold words such as timeout
    told += [one[1:] for one in _BY_TEXT if not state and one[0].search(text)]
    words, remedy = told[0] if told else _UNKNOWN
    return translate(words, error=named), translate(remedy)


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Turn whatever an engine raises into `EngineFailed`, without its message and without a trace of it."""
    try:
        yield
    except CxvalueError:
        raise
    except Exception as error:
        found, remedy = said_of(error)
        failed = EngineFailed(f"{what}: {found} {remedy}")
        try:
            raise failed from None
        finally:
            failed.__context__ = None  # the first error is not even kept beside it


def refused(where: str, error: BaseException) -> BadInput:
    """The same as a refusal of the study file: for what its address leads to."""
    found, remedy = said_of(error)
    return BadInput([Problem(where, found, remedy)])
