"""Tests for cxvalue.language.catalogue: messages in the language that is spoken."""

from __future__ import annotations

import threading
from datetime import date

import numpy as np
import pytest

from cxvalue.language.catalogue import (
    LANGUAGES,
    speak,
    spoken,
    translatable,
    translate,
    translate_count,
    using,
    word_of,
    written,
)


def test_english_needs_no_catalogue() -> None:
    assert translate("Nobody came back.") == "Nobody came back."
    assert translate_count("{count} customer", "{count} customers", 1) == "1 customer"
    assert translate_count("{count:,} customers of {all:,}", "{count:,} customers of {all:,}", 1200, all=3000) == (
        "1,200 customers of 3,000"
    )
    assert translatable("came back") == "came back"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_to_tell_is_nothing_in_every_language(language: str) -> None:
    with using(language):
        assert translate("") == ""


def test_a_number_is_written_with_the_signs_of_the_language() -> None:
    told = "{number:,} and {share:.1%} of {name}"
    with using("ru"):
        assert translate(told, number=1234, share=0.125, name="a,b.c") == "1\u00a0234 and 12,5% of a,b.c"
        assert translate("{number:.2f}", number=np.float64(0.5)) == "0,50"
    with using("zh"):
        assert translate(told, number=1234, share=0.125, name="x") == "1,234 and 12.5% of x"


@pytest.mark.parametrize(
    ("share", "form", "told"),
    [
        (0.0008, ".0%", "<1%"), (0.005, ".0%", "<1%"), (0.0051, ".0%", "1%"), (0.0, ".0%", "0%"), (1e-17, ".0%", "0%"),
        (0.9994, ".0%", ">99%"), (0.995, ".1%", "99.5%"), (1.0, ".0%", "100%"), (0.00049, ".1%", "<0.1%"),
        (0.99996, ".2%", ">99.99%"), (-0.001, ".0%", "0%"), (1.0, ".1%", "100%"), (0.0, ".1%", "0%"),
        (0.9996, ".1%", ">99.9%"),
    ],
)  # fmt: skip
def test_a_share_that_is_neither_none_nor_all_is_not_told_as_one(share: float, form: str, told: str) -> None:
    assert translate(f"{{share:{form}}} of them", share=share) == f"{told} of them"
    assert written(share, form) == told


def test_a_message_has_the_form_that_its_number_asks_for() -> None:
    with using("ru"):
        told = [word_of("ru", "unit_customers", "customer|customers").split("|")]
    assert told == [["клиент", "клиента", "клиентов", "клиента"]]


def test_a_language_ends_with_its_block_even_after_an_error() -> None:
    with pytest.raises(KeyError), using("zh"):
        raise KeyError
    assert spoken() == "en"


def test_threads_of_a_run_speak_its_language() -> None:
    heard: list[str] = []
    with using("uk"):
        thread = threading.Thread(target=lambda: heard.append(spoken()))
        thread.start()
        thread.join()
    assert heard == ["uk"]


def test_a_language_without_a_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="'de'"):
        speak("de")
    assert spoken() == "en"


def test_a_date_that_ends_in_a_full_stop_needs_no_second_one() -> None:
    with using("ru"):
        assert translate("up to {day}.", day="30 июня 2026 г.") == "up to 30 июня 2026 г."
        assert translate("{day}. {dots}", day="30 червня 2026 р.", dots="12 г...") == "30 червня 2026 р. 12 г..."


def test_a_day_is_told_as_a_reader_says_it_in_every_language() -> None:
    day = date(2026, 6, 30)
    told = {}
    for language in LANGUAGES:
        with using(language):
            told[language] = translate("by {day} and {written!s}", day=day, written=day)
    assert {one.partition(" and ")[2] for one in told.values()} == {"2026-06-30"}
    assert [one.partition(" and ")[0] for one in told.values()] == [
        "by 30 June 2026", "by 30 июня 2026 г.", "by 30 червня 2026 р.", "by 2026年6月30日",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "form", "told"), [(-0.001, "+.2f", "0.00"), (-0.2, ".0f", "0"), (-0.01, ".2f", "−0.01")]
)
def test_nothing_is_not_below_zero(value: float, form: str, told: str) -> None:
    assert written(value, form) == told
    assert translate(f"{{value:{form}}}", value=value).replace("-", "−") == told
