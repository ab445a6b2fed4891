"""The command line taken apart: the language asked for, in which its mistakes are told too."""

from __future__ import annotations

import pytest

from cxvalue.cli.commands import main
from cxvalue.cli.options import language_asked_for
from cxvalue.language.catalogue import spoken


@pytest.mark.parametrize(
    ("argv", "language"),
    [
        (["report", "shop"], "en"),
        (["report", "shop", "--language", "uk"], "uk"),
        (["check", "--language=zh", "shop"], "zh"),
        (["report", "shop", "--language", "de"], "en"),
        (["report", "shop", "--language"], "en"),
    ],
)
def test_the_language_is_known_before_the_rest(argv: list[str], language: str) -> None:
    assert language_asked_for(argv) == language


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["report", "x", "--onyl", "20", "--language", "ru"], "неизвестный параметр '--onyl'."),
        (["report", "x", "y", "--language", "uk"], "зайвий аргумент 'y'"),
        (["report", "x", "--jobs", "0", "--language", "zh"], "'0'必须是不小于1的整数"),
        (["report", "x", "--as-of", "30.06.2026", "--language", "ru"], "'30.06.2026' — не дата"),
        (["report", "--language", "ru"], "укажите либо STUDY, либо --all"),
        (["check", "--language", "uk"], "бракує обов'язкових аргументів: STUDY"),
        (["check", "x", "--sample", "--language", "ru"], "параметр --sample: нужно одно значение"),
        (["report", "--only", "--language", "zh"], "参数--only：至少需要一个值"),
        (["report", "--all=2", "--language", "uk"], "параметр --all: значення '2' тут зайве"),
        (["simulate", "shop", "x", "--seed", "a", "--language", "ru"], "'a' должно быть целым числом"),
    ],
)
def test_a_mistyped_command_is_told_in_the_language_asked_for(
    capsys: pytest.CaptureFixture[str], argv: list[str], said: str
) -> None:
    assert main(argv) == 1
    assert said in capsys.readouterr().err
    assert spoken() == "en"


def test_a_language_without_a_catalogue_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--language", "de"]) == 1
    assert "invalid choice: 'de'. Allowed: 'en', 'ru', 'uk', 'zh'." in capsys.readouterr().err
