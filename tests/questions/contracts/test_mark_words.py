"""Marks in sentences."""

from dataclasses import replace

import pytest

from cxvalue.lifetime.contracts.sbg import BEGAN, CHANCE, SINCE, Mark, RenewalModel, durations, fit_renewal
from cxvalue.questions.contracts.mark_words import changes_told, own_rates

PLAIN = fit_renewal(durations([0, 1, 2, 3, 5], [True, True, True, False, False], count=[40, 30, 20, 10, 10]))


def _with(mark: Mark, factor: float, unit: str = "month") -> RenewalModel:
    return replace(PLAIN, marks=(mark,), params={**PLAIN.params, mark.name: factor}, time_unit=unit)


def test_a_plain_model_says_nothing() -> None:
    assert (own_rates(PLAIN), changes_told(PLAIN)) == ("", "")


@pytest.mark.parametrize("unit", ["month", "year"])
def test_a_month_of_its_own_is_told_with_the_share_that_leaves(unit: str) -> None:
    model = _with(Mark(CHANCE, 0), 5.0, unit)
    told = own_rates(model)
    assert f"end of {unit} 1" in told
    assert f"{1 - float(model.survival(1)):.1%}" in told
    assert not changes_told(model)


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (Mark(BEGAN, 0), "1.80 times as fast as those won the year before"),
        (Mark(BEGAN, 24), "in the last 24 months leave 1.8 times"),
        (Mark(SINCE, 0), "1.80 times as fast each year"),
        (Mark(SINCE, 9), "in the last 9 months customers have left 1.8 times"),
    ],
)
def test_changes_are_told_with_their_factor(mark: Mark, said: str) -> None:
    assert said in changes_told(_with(mark, 1.8))
    assert not own_rates(_with(mark, 1.8))
