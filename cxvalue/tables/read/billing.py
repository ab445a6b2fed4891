"""For how long an amount is paid: words of intervals, and names of amounts, in several languages."""

from __future__ import annotations

import re

from cxvalue.tables.read.roles import said

_MONTHLY = (
    r"\bmrr\b|month|monat|mensuel|mensual|mensile|miesięcz|maand|aylık|\bmes\b|\bmois\b|месяц|месячн|\bмес\b|місяц|місячн|"
    r"\bміс\b|月|월"
)
_YEARLY = (
    r"\barr\b|\bacv\b|\byear|annual|annum|jahr|jährlich|annuel|\ban\b|anual|\baño\b|annuo|\bгод|годов|\bрік\b|"
    r"річн|年|연간"
)
_QUARTERLY = r"quarter|quartal|trimestr|квартал|季"
_MONTHS = {"day": "0.0328542", "week": "0.2299795", "month": "1", "quarter": "3", "half": "6", "year": "12"}
_INTERVALS = {
    "half": r"half|semi|halb|semestr|полугод|півріч|半年",
    "quarter": _QUARTERLY,
    "year": rf"{_YEARLY}|12 ?m|\by\b|\byr",
    "month": rf"{_MONTHLY}|^1 ?m|\bmo\b",
    "week": r"week|woche|wöchent|semaine|seman|недел|тиж|周|週",
    "day": r"\bdays?\b|daily|täglich|\btag|jour|diari|день|日",
}


def months_of(word: str) -> str:
    """The months of an interval that a word names, as they stand in a study file; an empty text where it names none.

    >>> months_of("yearly"), months_of("Monat"), months_of("Pro")
    ('12', '1', '')
    """
    period = next((name for name, form in _INTERVALS.items() if re.search(form, said(word))), "")
    return _MONTHS.get(period, "")


def periods_named(name: str) -> tuple[int, ...]:
    """The months that an amount may be for, by its name.

    >>> periods_named("Monatsbeitrag"), periods_named("ARR"), periods_named("price"), periods_named("quarterly_fee")
    ((1,), (12,), (1, 12), (1, 3, 12))
    """
    if re.search(_QUARTERLY, said(name)):
        return (1, 3, 12)
    monthly, yearly = (re.search(pattern, said(name)) is not None for pattern in (_MONTHLY, _YEARLY))
    return (1,) if monthly and not yearly else (12,) if yearly and not monthly else (1, 12)
