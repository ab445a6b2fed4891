"""The fixed words of a language: those of English, or what its catalogue has under the same keys; counted words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from cxvalue.language.catalogue import spoken, word_of
from cxvalue.language.english import ENGLISH
from cxvalue.language.letters import closed_up

FORMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": ("one", "other"),
        "ru": ("one", "few", "many", "other"),
        "uk": ("one", "few", "many", "other"),
        "zh": ("other",),
    }
)
"""The forms of a counted word, in the order in which the words of a unit give them."""

WITHIN_A_RANGE: Mapping[str, str] = MappingProxyType({"one": "other", "few": "many"})
"""The genitive that a Slavic language asks for after "from ... to ...": the singular after 21, else the plural."""


@cache
def words_for(language: str) -> Mapping[str, str]:
    """Return the words of a language by their keys.

    >>> words_for("en")["verdict"]
    'Verdict'
    """
    if language == "en":
        return ENGLISH
    told = {key: word_of(language, key, english) for key, english in ENGLISH.items()}
    return MappingProxyType({**told, "language": language})


def spoken_words() -> Mapping[str, str]:
    """The words of the language that is spoken."""
    return words_for(spoken())


def enumerated(parts: Iterable[str]) -> str:
    """What is listed in a sentence, with the sign that the language writes between its parts.

    >>> enumerated(["transactions", "customers"])
    'transactions, customers'
    """
    return spoken_words()["between"].join(parts)


def sentences(*told: str) -> str:
    """Whole sentences, one after the other; empty ones are left out.

    >>> sentences("It rains.", "", "Stay in.")
    'It rains. Stay in.'
    """
    return " ".join(text for text in told if text)


def named(name: str, said: str, words: Mapping[str, str]) -> str:
    """A name, a colon and what is said of it, as the language writes them.

    >>> named("Profit", "EUR 12", ENGLISH), named("利润", "EUR 12", words_for("zh"))
    ('Profit: EUR 12', '利润：EUR 12')
    """
    return closed_up(f"{name}{words['colon']} {said}")


def unit_word(unit: str, number: float, words: Mapping[str, str], *, in_range: bool = False) -> str:
    """The word of a unit in the form that a number asks for; a unit without words stays as it is.

    >>> unit_word("months", 1, ENGLISH), unit_word("months", 1, ENGLISH, in_range=True), unit_word("EUR", 2, ENGLISH)
    ('month', 'months', 'EUR')
    """
    forms = words.get(f"unit_{unit}", unit).split("|")
    language = words["language"]
    if len(forms) != len(FORMS[language]):
        return forms[-1]
    if language == "en":
        return forms[0 if number == 1 and not in_range else 1]
    from babel import Locale

    form = Locale.parse(language).plural_form(abs(number))
    return forms[FORMS[language].index(WITHIN_A_RANGE.get(form, form) if in_range else form)]
