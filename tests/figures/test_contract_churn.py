"""Figures of churn under contract: they show what they were given, and say so when there is nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxvalue.figures import churn_bands, churn_calibration, hazard_ratios, message_of, renewal_by_satisfaction
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import using


def test_ratios_are_drawn_around_one_and_the_level_compared_with_has_no_range() -> None:
    ratios = pd.DataFrame(
        {"driver": ["plan", "plan", "plan"], "level": ["a", "b", "c"], "compared_with": "a", "ratio": [1.0, 2.0, 1.1],
         "low": [np.nan, 1.5, 0.9], "high": [np.nan, 2.7, 1.3]}
    )  # fmt: skip
    (axes,) = hazard_ratios(ratios).axes
    drawn = [list(line.get_xdata()) for line in axes.lines]
    assert drawn[:3] == [[2.0], [1.1], [1.0]]
    assert axes.get_xscale() == "log"
    assert axes.get_xlim()[0] < 0.9 < 2.7 < axes.get_xlim()[1]
    assert "No clear driver was found" in [text.get_text() for text in hazard_ratios(ratios.iloc[:0]).axes[0].texts]
    with pytest.raises(CxvalueError, match="hazard_ratios"):
        hazard_ratios(ratios.drop(columns="low"))


def test_drivers_and_levels_are_told_in_the_readers_language() -> None:
    ratios = pd.DataFrame(
        {"driver": ["tenure", "tenure", "region"], "level": ["months 1–3", "months 37–60", "yes"],
         "compared_with": ["months 1–3", "months 1–3", "no"], "ratio": [1.0, 0.27, 1.1], "low": [np.nan, 0.2, 0.9],
         "high": [np.nan, 0.4, 1.3]}
    )  # fmt: skip
    with using("ru"):
        figure = hazard_ratios(ratios)
    said = " ".join(text.get_text() for axes in figure.axes for text in [axes.title, *axes.get_yticklabels()])
    assert "месяцы 1–3" in said
    assert "yes" in said  # a level of the study's own column stays as it is
    assert message_of(figure).startswith("Срок отношений: на уровне «месяцы 37–60»")


def test_renewal_is_drawn_by_band_with_the_number_of_accounts() -> None:
    bands = pd.DataFrame(
        {"band": ["lowest third", "no answer"], "accounts": [1200, 40], "renewed": [0.7, 0.6], "low": [0.6, 0.4],
         "high": [0.8, 0.8]}
    )  # fmt: skip
    (axes,) = renewal_by_satisfaction(bands).axes
    assert [bar.get_height() for bar in axes.patches] == [0.7, 0.6]
    assert axes.get_xticklabels()[0].get_text() == "lowest third\n1,200 accounts"
    nothing = renewal_by_satisfaction(bands.iloc[:0]).axes[0]
    assert "No account was under contract 12 months ago" in [text.get_text() for text in nothing.texts]


def test_bands_and_tenths_speak_of_contracts_where_there_are_contracts() -> None:
    bands = pd.DataFrame(
        {"band": ["0% to 20%"], "members": [3], "expected": [1.0], "value": [9.0], "value_at_risk": [3.0]}
    )
    assert churn_bands(bands, "EUR", contractual=True).axes[0].get_xlabel() == "Probability of ending in 12 months"
    told = message_of(churn_bands(bands, "EUR", (3750, 72.4, 21_115.0)))
    assert told == "About 72 of 3,750 customers are forecast not to buy again in 12 months; they brought EUR 21,100", (
        "of all bands"
    )
    tenths = pd.DataFrame({"customers": [9], "predicted": [0.1], "actual": [0.2], "low": [0.1], "high": [0.3]})
    assert churn_calibration(tenths, contractual=True).axes[0].get_ylabel() == "Share that ended"
    low = pd.DataFrame(
        {"customers": [3, 1], "predicted": [0.1, 0.2], "actual": [0.0, 1.0], "low": [0.0, 0.3], "high": [0.6, 1.0]}
    )
    told = "25.0% left against a forecast of 12.5%; of the tenth most at risk 100%"
    assert message_of(churn_calibration(low, contractual=True)) == told, "shares of customers, not of tenths"


def test_titles_name_the_strongest_driver_and_the_ends_of_the_bands() -> None:
    ratios = pd.DataFrame(
        {"driver": ["plan", "plan", "region"], "level": ["a", "b", "c"], "compared_with": ["a", "a", "d"],
         "ratio": [1.0, 2.0, 0.25], "low": [np.nan, 1.5, 0.2], "high": [np.nan, 2.7, 0.4]}
    )  # fmt: skip
    assert message_of(hazard_ratios(ratios)) == "Region: at c contracts end 0.25 times as often as at d"
    unclear = ratios.assign(low=[np.nan, 0.8, 0.1], high=[np.nan, 2.7, 1.2])
    assert message_of(hazard_ratios(unclear)) == "No driver shown goes clearly with more or fewer contracts that end"
    bands = pd.DataFrame(
        {"band": ["lowest third", "highest third", "no answer"], "accounts": 100, "renewed": [0.7, 0.9, 0.1],
         "low": 0.0, "high": 1.0}
    )  # fmt: skip
    assert message_of(renewal_by_satisfaction(bands)) == (
        "90.0% of the accounts renewed (highest third of users' scores), compared with 70.0% (lowest third)"
    )
