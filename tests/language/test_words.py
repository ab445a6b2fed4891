"""Tests for cxvalue.language.words: fixed words by their key, and counted words in their form."""

from __future__ import annotations

import pytest

from cxvalue.findings.numbers import format_date, format_range, format_value
from cxvalue.language.catalogue import using
from cxvalue.language.english import ENGLISH
from cxvalue.language.words import enumerated, spoken_words, unit_word, words_for


def test_every_language_has_the_same_keys() -> None:
    for language in ("ru", "uk", "zh"):
        assert words_for(language).keys() == ENGLISH.keys()
        assert words_for(language)["language"] == language


def test_the_words_are_those_of_the_language_that_is_spoken() -> None:
    assert spoken_words() is ENGLISH
    with using("ru"):
        assert spoken_words() is words_for("ru")


@pytest.mark.parametrize(
    ("number", "form"),
    [
        (1, "клиент"),
        (3, "клиента"),
        (5, "клиентов"),
        (11, "клиентов"),
        (21, "клиент"),
        (1.5, "клиента"),
        (1_240_000, "клиентов"),
    ],
)
def test_russian_counts_in_four_forms(number: float, form: str) -> None:
    assert unit_word("customers", number, words_for("ru")) == form


@pytest.mark.parametrize(
    ("number", "form"), [(1, "клієнт"), (4, "клієнти"), (12, "клієнтів"), (22, "клієнти"), (1.5, "клієнта")]
)
def test_ukrainian_counts_in_four_forms(number: float, form: str) -> None:
    assert unit_word("customers", number, words_for("uk")) == form


def test_a_range_asks_for_the_genitive() -> None:
    assert unit_word("customers", 21, words_for("ru"), in_range=True) == "клиента"
    assert unit_word("customers", 3, words_for("ru"), in_range=True) == "клиентов"


@pytest.mark.parametrize(
    ("language", "money", "months", "share"),
    [
        ("en", "USD 1.24 M", "12 months", "35.2%"),
        ("ru", "1,24 млн USD", "12 месяцев", "35,2%"),
        ("uk", "1,24 млн USD", "12 місяців", "35,2%"),
        ("zh", "USD 124万", "12个月", "35.2%"),
    ],
)
def test_numbers_are_written_as_their_readers_write_them(language: str, money: str, months: str, share: str) -> None:
    from datetime import date

    words = words_for(language)
    assert format_value(1_238_412.77, "USD", words) == money
    assert format_value(12, "months", words) == months
    assert format_value(0.3519, "share", words) == share
    days = {"en": "30 June 2026", "ru": "30 июня 2026 г.", "uk": "30 червня 2026 р.", "zh": "2026年6月30日"}
    assert format_date(date(2026, 6, 30), words) == days[language]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "between USD 1.13 and 1.41 M"),
        ("ru", "от 1,13 до 1,41 млн USD"),
        ("uk", "від 1,13 до 1,41 млн USD"),
        ("zh", "USD 113万至141万"),
    ],
)
def test_a_range_reads_as_one(language: str, told: str) -> None:
    assert format_range(1_130_000, 1_412_000, "USD", words_for(language)) == told


def test_a_counted_word_goes_by_the_number_that_is_written() -> None:
    assert format_value(-9730.4, "transactions", words_for("ru")) == "−9\u00a0730 транзакций"
    assert format_value(3.21, "transactions", words_for("ru")) == "3,21 транзакции"
    assert format_value(1_240_321.5, "customers", words_for("uk")) == "1,24 млн клієнтів"
    assert format_range(9730.4, 12001.2, "customers", words_for("ru")) == "от 9\u00a0730 до 12\u00a0000 клиентов"
    assert format_value(3, "times a year", words_for("ru")) == "3 раза в год"


@pytest.mark.parametrize(("language", "said"), [("en", "a, b"), ("ru", "a, b"), ("zh", "a、b")])
def test_what_is_listed_is_parted_as_the_language_does(language: str, said: str) -> None:
    with using(language):
        assert enumerated(["a", "b"]) == said
