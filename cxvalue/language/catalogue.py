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
from functools import cache
from io import BytesIO
from numbers import Number
from pathlib import Path
from typing import Any

__all__ = [
    "CATALOGUES",
    "LANGUAGES",
    "speak",
    "spoken",
    "translatable",
    "translate",
    "translate_count",
    "using",
    "word_of",
    "written",
]

CATALOGUES = Path(__file__).parent
LANGUAGES = ("en", "ru", "uk", "zh")
"""What ``language:`` of a study file may be: English, Russian, Ukrainian, Chinese."""

_ABBREVIATED = re.compile(r"(?<=\d [гр]\.)\.(?!\.)")
"""The full stop after a date that ends in one: "30 июня 2026 г."."""
_SHARE = re.compile(r"\.\d%")
_LEAST_SHARE = 1e-9

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
        **values: what stands in those places, written for a reader already or numbers.

    >>> translate("{customers:,} customers came back, {share} of those contacted.", customers=1234, share="12.0%")
    '1,234 customers came back, 12.0% of those contacted.'
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

    >>> written(-1234.5, ",.2f")
    '−1,234.50'
    """
    text = _signed(format(number, form))
    return word_of(spoken(), "minus", "−") + text[1:] if text.startswith("-") else text


def word_of(language: str, key: str, english: str) -> str:
    """A fixed word in a language, known by its key, since one English word may need several.

    >>> word_of("en", "verdict", "Verdict")
    'Verdict'
    """
    return _catalogue(language).pgettext(key, english)


def _filled(message: str, values: Mapping[str, object]) -> str:
    return _ABBREVIATED.sub("", _Written().vformat(message, (), values)) if values else message


class _Written(string.Formatter):
    """Fills in values; a number with a format gets the decimal sign and the thousands of the language.

    A share that rounds to none or to all and is neither is told as less or more than the nearest one: "<1%", ">99%".
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        written = str(super().format_field(value, format_spec))
        if not format_spec or not isinstance(value, Number):
            return written
        if _SHARE.fullmatch(format_spec):
            share, step = float(value), 10.0 ** -int(format_spec[1]) / 100  # type: ignore[arg-type]
            if share > _LEAST_SHARE and float(written[:-1]) == 0:
                written = "<" + format(step, format_spec)
            elif share < 1 - _LEAST_SHARE and float(written[:-1]) == 100:
                written = ">" + format(1 - step, format_spec)
        return _signed(written)


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
