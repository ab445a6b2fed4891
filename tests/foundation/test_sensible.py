"""Arguments that make no sense are refused in words, whatever their type."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.sensible import (
    check_draws,
    check_horizon,
    check_kind,
    check_rate,
    check_seed,
    is_number,
    is_whole,
)

NO_NUMBERS = ["24", None, float("nan"), float("inf"), True, [24], 10**400, Decimal("nan"), Decimal("sNaN")]


@pytest.mark.parametrize("wrong", NO_NUMBERS)
def test_what_is_no_number_is_none_for_any_check(wrong):
    assert not is_number(wrong)
    assert not is_whole(wrong, 0)
    for check in (check_horizon, check_rate, check_draws):
        with pytest.raises(CxvalueError, match=" == "):
            check(wrong)


@pytest.mark.parametrize("number", [24, 24.0, Decimal("24"), np.int64(24), np.float64(24), np.float32(24)])
def test_numbers_of_numpy_count_as_numbers(number):
    assert is_number(number)
    assert is_whole(number, 1)
    assert check_horizon(number) == 24
    for check in (check_horizon, check_draws, check_seed):
        assert type(check(number)) is int


def test_a_decimal_is_given_back_as_arithmetic_goes_on_with_it():
    assert type(check_rate(Decimal("0.12"))) is float
    assert check_rate(Decimal("0.12")) == 0.12
    assert not is_number(Decimal("0.12"), 1)


def test_draws_that_are_not_whole_are_not_told_to_be_more():
    for draws in (100.5, 19):
        with pytest.raises(CxvalueError, match=f"draws == {draws}, must be a whole number of 20 or more"):
            check_draws(draws)


def test_the_ends_of_what_is_allowed():
    assert check_horizon(600) == 600
    for months in (0, 601, 24.5):
        with pytest.raises(CxvalueError, match="from 1 to 600"):
            check_horizon(months)
    check_rate(0)
    check_rate(0.999)
    for rate in (-0.1, 1, 12):
        with pytest.raises(CxvalueError, match=r"0\.12 stands for 12%"):
            check_rate(rate)


def test_a_text_is_shown_in_quotes_so_that_it_is_seen_to_be_one():
    with pytest.raises(CxvalueError, match="horizon_months == '24', must be a whole number"):
        check_horizon("24")


def test_the_kind_that_is_needed_is_named_with_the_code_that_makes_it():
    check_kind("effect", "one", str, "estimate_effect(...)")
    with pytest.raises(CxvalueError, match=r"effect must be what estimate_effect\(\.\.\.\) returns, not a dict\."):
        check_kind("effect", {}, str, "estimate_effect(...)")
