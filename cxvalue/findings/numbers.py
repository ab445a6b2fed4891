"""How numbers are written for an executive: three significant digits, thousands separators, M and bn, units in words;
money below a thousand with cents or without, shares with one decimal.

>>> format_value(1_238_412.77, "USD")
'USD 1.24 M'
>>> format_value(12345, "customers")
'12,345 customers'
>>> format_value(0.3519, "share")
'35.2%'
>>> format_range(1_130_000, 1_412_000, "USD")
'between USD 1.13 and 1.41 M'
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from cxvalue.findings.finding import Finding
from cxvalue.language.catalogue import day_in_words, translate
from cxvalue.language.words import spoken_words, unit_word

Words = Mapping[str, str]

_CURRENCY = re.compile(r"[A-Z]{3}")
_PERIOD = re.compile(r"(\d{4})(?: Q([1-4])|-(0[1-9]|1[0-2]))")
_SMALLEST = 1e-4
SHARE_POINTS = "share points"
"""The unit of one share less another: 0.108 are 10.8 percentage points, not 10.8% of anything."""
WITH_CENTS_BELOW = 99.995
"""Money below this is written with its cents, above it without."""


def is_currency(unit: str) -> bool:
    """Whether a unit is a currency code: three capital letters."""
    return bool(_CURRENCY.fullmatch(unit))


def format_finding(finding: Finding, words: Words | None = None) -> str:
    """Write a finding's value with its unit; a verdict in its own word; None as "withheld" or "not available".

    A missing value is told with the word that its sentence begins with; without one, a plain count that cannot be had is
    "not available" and an estimate that is not stated is "withheld".

    >>> format_finding(Finding("base.lost_value", "Lost value", None, text="The history is too short.", kind="count"))
    'not available'
    """
    words = words or spoken_words()
    if finding.value is None:
        return words[finding.withheld or ("not_available" if finding.kind == "count" else "withheld")]
    if isinstance(finding.value, str):
        return words.get(finding.value, finding.value)
    if finding.kind == "chance":
        return format_chance(finding.value, words)
    return format_value(finding.value, finding.unit, words)


def format_interval(finding: Finding, words: Words | None = None) -> str:
    """Write a finding's interval with its unit; an empty text where it has none.

    >>> format_interval(Finding("churn.rate", "Churn", 0.35, 0.31, 0.391, 0.95, "share"))
    'between 31.0% and 39.1%'
    >>> format_interval(Finding("experience.habituation.x.half_life", "Half-life", 9.0, 4.0, None, 0.95, "months"))
    '4 months or more'
    """
    words = words or spoken_words()
    if finding.low is None:
        return ""
    if finding.high is None:
        return words["open_above"].format(low=format_value(finding.low, finding.unit, words))
    return format_range(finding.low, finding.high, finding.unit, words)


def format_chance(probability: float, words: Words | None = None) -> str:
    """Write a share of simulated outcomes: that there was none among them does not make it impossible.

    >>> format_chance(0.0), format_chance(0.034), format_chance(1.0)
    ('less than 0.1%', '3.4%', 'more than 99.9%')
    """
    words = words or spoken_words()
    if probability < 0.001:
        return words["below_share"].format(share=with_signs("0.1%", words))
    if probability > 0.999:
        return words["above_share"].format(share=with_signs("99.9%", words))
    return _share(probability, words)


def format_level(level: float, words: Words | None = None) -> str:
    """Write a share that somebody set, such as a confidence level or a discount rate: without padding zeros.

    >>> format_level(0.95), format_level(0.999), format_level(0.005)
    ('95%', '99.9%', '0.5%')
    """
    words = words or spoken_words()
    percent = f"{level * 100:.4g}"
    return percent.replace(".", words["decimal"]) + "%"


def format_value(value: float | int, unit: str, words: Words | None = None) -> str:
    """Write one number with its unit.

    >>> format_value(-1_238_412.77, "USD"), format_value(1, "months"), format_value(0.99996, "share")
    ('USD −1.24 M', '1 month', 'more than 99.9%')
    >>> format_value(1, "times a year"), format_value(3, "times a year")
    ('once a year', '3 times a year')
    >>> format_value(0.108, SHARE_POINTS)
    '10.8 percentage points'
    """
    words = words or spoken_words()
    if unit == "share":
        return _share(value, words)
    if unit == SHARE_POINTS:
        return words["counted"].format(number=_points(value, words), unit=unit_word(unit, round(100 * value, 1), words))
    if is_currency(unit):
        return words["money"].format(currency=unit, amount=_money(float(value), words))
    number = format_number(_counted(value), words)
    if not unit:
        return number
    if unit == "times a year":
        known = dict(pair.split(":") for pair in words[unit].split(","))
        if number in known:
            return known[number]
    return words["counted"].format(number=number, unit=unit_word(unit, _shown(value), words))


def format_range(low: float | int, high: float | int, unit: str, words: Words | None = None) -> str:
    """Write an interval; a shared scale or unit is written once, and digits are added until the ends differ.

    >>> format_range(1_234_100, 1_234_900, "USD"), format_range(940_000, 1_412_000, "customers")
    ('between USD 1.234 and 1.235 M', 'between 940,000 and 1.41 M customers')
    >>> format_range(1, 1, "times a year")
    'always once a year'
    """
    words = words or spoken_words()
    if low == high:
        return words["always"].format(value=format_value(low, unit, words))
    if unit == "share":
        ends = _ends(low, high, lambda value, digits: _percent(value, words, digits - 2))
        return words["interval"].format(low=ends[0], high=ends[1])
    if unit == SHARE_POINTS:
        ends = _ends(low, high, lambda value, digits: _points(value, words, digits - 2))
        points = words["counted"].format(
            number=ends[1], unit=unit_word(unit, round(100 * high, 1), words, in_range=True)
        )
        return words["interval"].format(low=ends[0], high=points)
    money = is_currency(unit)
    counts = (float(low), float(high)) if money else (_counted(low), _counted(high))
    cents = max(abs(low), abs(high)) < WITH_CENTS_BELOW

    def write(value: float | int, digits: int) -> str:
        return _money(value, words, digits, cents=cents) if money else format_number(value, words, digits)

    first, second = _ends(*counts, write)
    scale = second.rpartition(" ")[2]
    if " " in second and first.endswith(f" {scale}"):
        first = first.removesuffix(f" {scale}")
    if money:
        leads = words["money"].startswith("{currency}")
        first, second = (f"{unit} {first}", second) if leads else (first, f"{second} {unit}")
    elif unit:
        second = words["counted"].format(number=second, unit=unit_word(unit, _shown(high), words, in_range=True))
    return words["interval"].format(low=first, high=second)


def format_range_of_size(value: float, low: float, high: float, unit: str) -> str:
    """Write the interval of a size whose sign the sentence says in a word, such as "behind" or "less".

    >>> format_range_of_size(-2.0, -3.0, 1.0, "EUR"), format_range_of_size(2.0, -1.0, 3.0, "EUR")
    ('between EUR −1.00 and 3.00', 'between EUR −1.00 and 3.00')
    """
    return format_range(-high, -low, unit) if value < 0 else format_range(low, high, unit)


def format_number(value: float | int, words: Words | None = None, digits: int = 3) -> str:
    """Write a number without a unit: an int in full below a million, anything else with `digits` significant digits.

    >>> [format_number(number) for number in (0, 12345, 12345.6, 5.0, 0.0123, 1e-9, 2.5e9, -3e14)]
    ['0', '12,345', '12,300', '5.00', '0.0123', '0', '2.50 bn', '−300 tn']
    """
    words = words or spoken_words()
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number that can be written.")
    size = abs(value)
    sign = words["minus"] if value < 0 else ""
    if size < _SMALLEST:
        return "0"
    if isinstance(value, int) and size < 1_000_000:
        return sign + with_signs(f"{size:,}", words)
    rounded = float(f"{size:.{digits - 1}e}")
    if rounded >= 1e15:
        return sign + with_signs(f"{size:.{digits - 1}e}", words)
    for scale, name in (pair.split(":") for pair in words["scales"].split(",")):
        if rounded >= float(scale):
            return f"{sign}{with_signs(_significant(size / float(scale), digits), words)}{name}"
    return sign + with_signs(_significant(size, digits), words)


def format_date(day: date, words: Words | None = None) -> str:
    """Write a date in words.

    >>> format_date(date(2026, 6, 30))
    '30 June 2026'
    """
    words = words or spoken_words()
    return day_in_words(day, words["language"])


def format_month(day: date) -> str:
    """Write the month of a date in words, in the nominative.

    >>> format_month(date(2026, 6, 30))
    'June 2026'
    """
    words = spoken_words()
    return words["month"].format(month=words["months_alone"].split(",")[day.month - 1], year=day.year)


def format_period(name: str, *, short: bool = False) -> str:
    """Write a month or a quarter of a published table, such as 2026-06 or 2026 Q2, as the language does; another name as
    it is.

    >>> format_period("2026 Q2"), format_period("2026-06"), format_period("2026-06", short=True), format_period("north")
    ('Q2 2026', 'June 2026', 'Jun 2026', 'north')
    """
    words, found = spoken_words(), _PERIOD.fullmatch(name)
    if not found:
        return name
    year, quarter, month = found.groups()
    if quarter:
        return words["quarter"].format(quarter=quarter, year=year)
    if not short:
        return format_month(date(int(year), int(month), 1))
    return words["month_short"].format(month=words["months_short"].split(",")[int(month) - 1], year=year)


def format_p(value: float) -> str:
    """Write a p-value with its sign.

    >>> [format_p(p) for p in (0.2, 0.034, 0.0042, 0.0001, 0.9999)]
    ['p = 0.20', 'p = 0.03', 'p = 0.004', 'p below 0.001', 'p above 0.99']
    """
    if value < 0.001:
        return translate("p below {bound:.3f}", bound=0.001)
    if value > 0.99:
        return translate("p above {bound:.2f}", bound=0.99)
    return with_signs(f"p = {value:.2f}" if value >= 0.01 else f"p = {value:.3f}", spoken_words())


def format_moment(moment: datetime, words: Words | None = None) -> str:
    """Write a date with its time to the minute and its zone, when it has one.

    >>> format_moment(datetime(2026, 7, 1, 6, 5))
    '1 July 2026, 06:05'
    """
    words = words or spoken_words()
    zone = moment.tzname() or ""
    return words["moment"].format(date=format_date(moment, words), time=f"{moment:%H:%M}", zone=zone).strip()


def _significant(size: float, digits: int) -> str:
    """A positive number with its significant digits, rounded once, without an exponent."""
    mantissa, exponent = f"{size:.{digits - 1}e}".split("e")
    decimals = digits - 1 - int(exponent)
    return f"{float(f'{mantissa}e{exponent}'):,.{max(0, decimals)}f}"


def _money(value: float, words: Words, digits: int = 3, *, cents: bool | None = None) -> str:
    """Money below a thousand has its cents or nothing after the point; more decimals only to tell two ends apart."""
    size = abs(value)
    if size >= 999.5:
        return format_number(value, words, digits)
    if cents is None:
        cents = size < WITH_CENTS_BELOW
    decimals = digits - 1 if cents else 0 if digits <= 3 else digits - 2
    written = f"{size:.{decimals}f}"
    if not written.strip("0."):
        return "0"
    return (words["minus"] if value < 0 else "") + with_signs(written, words)


def _share(value: float, words: Words) -> str:
    """A share with one decimal; one that is nearly all or nothing does not look like all or nothing."""
    percent = abs(value) * 100
    if value == 0 or percent < _SMALLEST:
        return "0%"
    if percent < 0.05:
        # A fall so small has no word of its own: "more than −0.1%" would be a riddle.
        return words["below_share"].format(share=with_signs("0.1%", words)) if value > 0 else _percent(0.0, words)
    if 99.95 <= percent < 100 * (1 - 1e-12):
        nearly = with_signs("99.9%", words)
        return words["above_share"].format(share=nearly) if value > 0 else words["minus"] + nearly
    return _percent(value, words)


def _percent(value: float, words: Words, decimals: int = 1) -> str:
    percent = abs(value) * 100
    digits = decimals if percent < 99.95 else max(0, decimals - 1)
    written = f"{percent:,.{digits}f}"
    if not written.strip("0."):
        return "0%"
    return f"{words['minus'] if value < 0 else ''}{with_signs(written, words)}%"


def _points(value: float, words: Words, decimals: int = 1) -> str:
    return _percent(value, words, decimals).removesuffix("%")


def _counted(value: float | int) -> float | int:
    """Whole numbers of things are written as such: 12 months, not 12.0."""
    return int(value) if float(value).is_integer() and abs(value) < 1_000_000 else float(value)


def _shown(value: float | int) -> float | int:
    """A number as it is read: the word after it goes by what is written, 9,730 and not 9,730.4."""
    counted = _counted(value)
    return counted if isinstance(counted, int) else _counted(float(f"{counted:.2e}"))


def _ends(low: float | int, high: float | int, write: Callable[[float | int, int], str]) -> tuple[str, str]:
    """Both ends, with more digits where three would make two different numbers look the same."""
    for digits in (3, 4, 5, 6):
        first, second = write(low, digits), write(high, digits)
        if first != second or low == high:
            break
    return first, second


def with_signs(text: str, words: Words) -> str:
    """A number that is written as in English, with the decimal sign and the thousands of a language."""
    return text.translate({ord(","): words["thousands"], ord("."): words["decimal"]})
