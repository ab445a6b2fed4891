"""The drivers of contracts and their levels in the readers' language; those of a study's own columns stay as they are."""

from __future__ import annotations

import re

from cxvalue.language.catalogue import translatable, translate
from cxvalue.lifetime.contracts.hazard import OTHER
from cxvalue.questions.contracts.accounts import NO_ANSWER
from cxvalue.questions.contracts.drivers import COMPLAINT, PLAN, SATISFACTION, THIRDS, VALUE
from cxvalue.questions.contracts.members import RENEWAL, SEASON, TENURE, TREND

_DRIVERS = {
    COMPLAINT: translatable("complaint in 90 days"),
    SATISFACTION: translatable("satisfaction"),
    PLAN: translatable("plan"),
    VALUE: translatable("value per month"),
    TENURE: translatable("tenure"),
    SEASON: translatable("season"),
    TREND: translatable("trend"),
    RENEWAL: translatable("renewal month"),
}
_BANDS = {
    THIRDS[0]: translatable("lowest third"),
    THIRDS[1]: translatable("middle third"),
    THIRDS[2]: translatable("highest third"),
    NO_ANSWER: translatable("no answer"),
}
_LEVELS = {
    **_BANDS,
    "not asked": translatable("not asked"),
    "yes": translatable("yes"),
    "no": translatable("no"),
    OTHER: translatable("other"),
    "months 1–3": translatable("months 1–3"),
    "months 4–6": translatable("months 4–6"),
    "months 7–12": translatable("months 7–12"),
    "months 13–24": translatable("months 13–24"),
    "months 25–36": translatable("months 25–36"),
    "months 37–60": translatable("months 37–60"),
    "after month 60": translatable("after month 60"),
    "January–March": translatable("January–March"),
    "April–June": translatable("April–June"),
    "July–September": translatable("July–September"),
    "October–December": translatable("October–December"),
    "last 12 months": translatable("last 12 months"),
    "the 12 months before": translatable("the 12 months before"),
    "earlier": translatable("earlier"),
}


def driver_words(driver: str) -> str:
    """A driver as a reader calls it.

    >>> driver_words("tenure"), driver_words("branch")
    ('tenure', 'branch')
    """
    return translate(_DRIVERS[driver]) if driver in _DRIVERS else driver


def level_words(driver: str, level: str) -> str:
    """A level of a driver as a reader calls it.

    >>> level_words("tenure", "months 1–3"), level_words("branch", "north")
    ('months 1–3', 'north')
    >>> level_words("tenure", "months 2–3"), level_words("tenure", "month 1")
    ('months 2–3', 'month 1')
    """
    own = driver not in _DRIVERS or driver == PLAN
    if driver == TENURE and level not in _LEVELS:
        low, *high = map(int, re.findall(r"\d+", level))
        if high:
            return translate("months {low}–{high}", low=low, high=high[0])
        after = level.startswith("after")
        return translate("after month {month}", month=low) if after else translate("month {month}", month=low)
    return level if (own and level != OTHER) or level not in _LEVELS else translate(_LEVELS[level])


def band_words(band: str) -> str:
    """A band of accounts by their users' satisfaction as a reader calls it.

    >>> band_words("lowest third")
    'lowest third'
    """
    return translate(_BANDS[band])
