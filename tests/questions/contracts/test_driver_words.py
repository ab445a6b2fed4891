"""Drivers and their levels in the readers' language."""

from __future__ import annotations

import pytest

from cxvalue.language.catalogue import LANGUAGES, using
from cxvalue.questions.contracts import members
from cxvalue.questions.contracts.driver_words import band_words, driver_words, level_words
from cxvalue.questions.contracts.drivers import COMPLAINT, PLAN, SATISFACTION, THIRDS

BANDS = members.tenure_names(members.TENURE_EDGES)
LEVELS = [
    *((members.TENURE, band) for band in BANDS),
    *((members.SEASON, quarter) for quarter in members._QUARTERS),
    *((members.TREND, back) for back in members._BACK),
    *((SATISFACTION, band) for band in (*THIRDS, "not asked")),
    *((COMPLAINT, level) for level in ("yes", "no")),
]


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_every_level_of_a_driver_of_ours_is_told_in_every_language(language: str) -> None:
    with using(language):
        for driver, level in LEVELS:
            assert level_words(driver, level) != level
            assert driver_words(driver) != driver
        assert band_words("no answer") != "no answer"


def test_in_english_the_words_are_those_that_are_published() -> None:
    assert [level_words(driver, level) for driver, level in LEVELS] == [level for _, level in LEVELS]


def test_what_a_study_calls_its_plans_and_branches_stays_as_it_is() -> None:
    with using("ru"):
        assert (level_words(PLAN, "yes"), level_words("branch", "no"), driver_words("branch")) == (
            "yes",
            "no",
            "branch",
        )
