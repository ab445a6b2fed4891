"""What somebody gave as an argument: whether it is a number that makes sense, a whole one, or of the kind that is needed."""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from cxvalue.foundation.errors import CxvalueError

MOST_MONTHS, FEWEST_DRAWS = 600, 20
"""The longest horizon that anything is forecast for, and the draws without which no interval means anything."""


def is_number(value: Any, least: float = -math.inf, most: float = math.inf) -> bool:
    """Whether a value is a finite number from `least` to `most`; a text or a truth value is none.

    >>> is_number(0.1, 0), is_number("0.1"), is_number(float("nan")), is_number(True), is_number(10**400)
    (True, False, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        return False
    try:
        number = float(value)
    except (OverflowError, ValueError):  # more than a float holds; a Decimal that signals
        return False
    return math.isfinite(number) and least <= number <= most


def is_whole(value: Any, least: int, most: float = math.inf) -> bool:
    """Whether a value is a whole number from `least` to `most`, held as a whole number or as a float.

    >>> is_whole(24, 1), is_whole(24.0, 1), is_whole(24.5, 1), is_whole("24", 1)
    (True, True, False, False)
    """
    return is_number(value, least, most) and (isinstance(value, Integral) or float(value).is_integer())


def plain_number(value: Any) -> int | float:
    """A number, of whatever type, as the int or float that arithmetic goes on with.

    >>> plain_number(Decimal("0.12")), plain_number(3)
    (0.12, 3)
    """
    return int(value) if isinstance(value, Integral) else float(value)


def keep_plain(settings: Any, *names: str) -> None:
    """Store those fields of a frozen dataclass that are numbers as int or float; others stay, to be refused.

    >>> from dataclasses import make_dataclass
    >>> one = make_dataclass("Rate", ["rate"], frozen=True)(Decimal("0.12"))
    >>> keep_plain(one, "rate")
    >>> one.rate
    0.12
    """
    for name in names:
        if is_number(value := getattr(settings, name)):
            object.__setattr__(settings, name, plain_number(value))


def as_shown(value: Any) -> Any:
    """A value as a message shows it: texts in quotes, so that '24' is not taken for 24.

    >>> as_shown("24"), as_shown(24)
    ("'24'", 24)
    """
    return repr(value) if isinstance(value, str) else value


def check_kind(name: str, value: Any, kind: type | tuple[type, ...], made: str) -> None:
    """Refuse an argument that is not of the kind that is needed; `made` is the code that makes one.

    >>> check_kind("states", [1, 2], dict, "purchase_states(table, as_of=...)")
    Traceback (most recent call last):
    cxvalue.foundation.errors.CxvalueError: states must be what purchase_states(table, as_of=...) returns, not a list.
    """
    if not isinstance(value, kind):
        raise CxvalueError(
            "{name} must be what {made} returns, not a {kind}.", name=name, made=made, kind=type(value).__name__
        )


def check_horizon(months: Any) -> int:
    """The months of a horizon; raises `CxvalueError` unless they are a whole number that anything can be forecast for."""
    if not is_whole(months, 1, MOST_MONTHS):
        raise CxvalueError(
            "horizon_months == {months}, must be a whole number of months from 1 to {most}.",
            months=as_shown(months),
            most=MOST_MONTHS,
        )
    return int(months)


def check_rate(rate: Any) -> float:
    """A discount rate; raises `CxvalueError` unless it is an effective annual rate: 12 for 12% above all."""
    if not is_number(rate, 0) or rate >= 1:
        raise CxvalueError(
            "annual_discount_rate == {rate}, must be an effective annual rate from 0 to below 1: 0.12 stands for 12%.",
            rate=as_shown(rate),
        )
    return plain_number(rate)


def check_draws(draws: Any) -> int:
    """The number of draws; raises `CxvalueError` unless they are a whole number with which an interval means something."""
    if not is_whole(draws, FEWEST_DRAWS):
        raise CxvalueError(
            "draws == {draws}, must be a whole number of {fewest} or more for an interval to mean anything.",
            draws=as_shown(draws),
            fewest=FEWEST_DRAWS,
        )
    return int(draws)


def check_seed(seed: Any) -> int:
    """The seed of random draws; raises `CxvalueError` unless it is a whole number, 0 or more."""
    if not is_whole(seed, 0):
        raise CxvalueError("seed == {seed}, must be a whole number, 0 or more.", seed=as_shown(seed))
    return int(seed)
