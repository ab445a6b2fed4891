"""Messages in the language that is spoken in this process: English unless a study asks for another.

A message is found by its English text, as gettext does it; a catalogue is every ``.po`` file in the folder of its
language, one a room of the code. English needs none. What a catalogue lacks is told in English; a test lets none be lacking.
"""

from __future__ import annotations

import gettext
import re
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from io import BytesIO
from numbers import Number
from pathlib import Path
from typing import Any

from cxvalue.language.english import ENGLISH

CATALOGUES = Path(__file__).parent
LANGUAGES = ("en", "ru", "uk", "zh")
"""What ``language:`` of a study file may be: English, Russian, Ukrainian, Chinese."""

_ABBREVIATED = re.compile(r"(?<=\d [гр]\.)\.(?!\.)")
"""The full stop after a date that ends in one: "30 июня 2026 г."."""
_SHARE = re.compile(r"\.\d%")
_LEAST_SHARE = 1e-9
_NOTHING = re.compile(r"-0(\.0+)?%?")

_SPOKEN = {"language": "en"}
"""Of the whole process, its threads too: a run has one study, and so has a notebook's kernel."""


def spoken() -> str:
    """The language that is spoken: one of `LANGUAGES`."""
    return _SPOKEN["language"]


def speak(language: str) -> None:
    """From here on, tell every message in a language; one without a catalogue is an error of the caller.

    >>> speak("en")
    >>> spoken()
    'en'
    """
    if language not in LANGUAGES:
        raise ValueError(f"There is no catalogue for {language!r}.")
    _SPOKEN["language"] = language


@contextmanager
def using(language: str) -> Iterator[None]:
    """Tell every message in a language until the end of a block.

    >>> with using("ru"):
    ...     spoken()
    'ru'
    >>> spoken()
    'en'
    """
    before = spoken()
    speak(language)
    try:
        yield
    finally:
        speak(before)


def translate(message: str, /, **values: object) -> str:
    """A message in the language that is spoken, its values filled in.

    Args:
        message: the whole message in English, with places for values by name; a number with a format in its place, as
            in ``{customers:,}``, is written with the signs of the language.
        **values: what stands in those places, written for a reader already, numbers or days, which are told in words.

    >>> translate("{customers:,} customers came back by {day}.", customers=1234, day=date(2026, 6, 30))
    '1,234 customers came back by 30 June 2026.'
    """
    # A catalogue has its own description under the empty text.
    return _filled(_catalogue(spoken()).gettext(message), values) if message else ""


def translate_count(one: str, many: str, /, count: int, **values: object) -> str:
    """A message in the form that a number of things asks for; the number stands in it as ``{count}``.

    >>> translate_count("{count:,} customer came back.", "{count:,} customers came back.", 1200)
    '1,200 customers came back.'
    """
    return _filled(_catalogue(spoken()).ngettext(one, many, count), {"count": count, **values})


def translatable(message: str) -> str:
    """The message as it is, marked for the catalogues: it stands in a table and is told later by `translate`.

    >>> translatable("came back")
    'came back'
    """
    return message


def written(number: float, form: str) -> str:
    """A number in a format, with the signs of the language that is spoken.

    >>> written(-1234.5, ",.2f"), written(1.0, ".1%"), written(0.9996, ".1%")
    ('−1,234.50', '100%', '>99.9%')
    """
    return _with_minus(_signed(_without_sign_of_zero(_formatted(number, form))))


def word_of(language: str, key: str, english: str) -> str:
    """A fixed word in a language, known by its key, since one English word may need several.

    >>> word_of("en", "verdict", "Verdict")
    'Verdict'
    """
    return _catalogue(language).pgettext(key, english)


def day_in_words(day: date, language: str) -> str:
    """A day as a sentence of a language tells it.

    >>> day_in_words(date(2026, 6, 30), "en"), day_in_words(date(2026, 6, 30), "uk")
    ('30 June 2026', '30 червня 2026 р.')
    """
    form, months = (word_of(language, key, ENGLISH[key]) for key in ("date", "months"))
    return form.format(day=day.day, month=months.split(",")[day.month - 1], year=day.year)


def _filled(message: str, values: Mapping[str, object]) -> str:
    return _ABBREVIATED.sub("", _Written().vformat(message, (), values)) if values else message


class _Written(string.Formatter):
    """Fills in values; a number with a format gets the decimal sign and the thousands of the language, a day its words."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec and isinstance(value, date) and not isinstance(value, datetime):
            return day_in_words(value, spoken())
        if not format_spec or not isinstance(value, Number):
            return str(super().format_field(value, format_spec))
        return written(value, format_spec)  # type: ignore[arg-type]


def _formatted(number: float, form: str) -> str:
    """A number in a format. A share that rounds to none or to all and is neither is told as less or more than the nearest
    one, "<1%" and ">99%"; none and all themselves have no decimals, as where `format_value` writes them.
    """
    plain = format(number, form)
    if not _SHARE.fullmatch(form):
        return plain
    share, step, rounded = float(number), 10.0 ** -int(form[1]) / 100, float(plain[:-1])
    if share > _LEAST_SHARE and rounded == 0:
        return "<" + format(step, form)
    if share < 1 - _LEAST_SHARE and rounded == 100:
        return ">" + format(1 - step, form)
    return f"{rounded:.0f}%" if rounded in (0, 100) else plain


def _with_minus(written: str) -> str:
    return word_of(spoken(), "minus", "−") + written[1:] if written.startswith("-") else written


def _without_sign_of_zero(written: str) -> str:
    """Nothing is not below zero: "−0.00" would be read as a loss."""
    return written[1:] if _NOTHING.fullmatch(written) else written


def _signed(written: str) -> str:
    signs = {ord(","): word_of(spoken(), "thousands", ","), ord("."): word_of(spoken(), "decimal", ".")}
    return written.translate(signs)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """All catalogues of a language as one; they are text in the repository and need no step of building."""
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    whole = Catalog(locale=language)
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            for entry in read_po(file, locale=language):
                told = entry.string or ""
                if entry.id and all((told,) if isinstance(told, str) else told):
                    whole.add(entry.id, told, context=entry.context)
    packed = BytesIO()
    write_mo(packed, whole)
    packed.seek(0)
    return gettext.GNUTranslations(packed)
