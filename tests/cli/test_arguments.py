"""What `--help` says, in the language that is asked for."""

from __future__ import annotations

import argparse
import inspect
import re

import pytest

from cxvalue.cli import options
from cxvalue.cli.arguments import parser_of
from cxvalue.cli.commands import main
from cxvalue.language.catalogue import spoken, translate, using
from cxvalue.language.letters import width_of
from tests.messages import TRANSLATED

COMMANDS = ("report", "check", "new", "simulate", "doctor")
ENGLISH = re.compile(r"(?:[a-z]+ ){2}[a-z]")


def test_every_command_runs_what_it_is_given() -> None:
    runs = {name: (lambda arguments, code=code: code) for code, name in enumerate(COMMANDS)}
    parser, commands = parser_of(runs)
    assert tuple(commands) == COMMANDS
    given = (["x"], ["x"], ["x"], ["shop", "x"], [])
    said = [parser.parse_args([name, *more]).run(None) for name, more in zip(COMMANDS, given, strict=True)]
    assert said == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_is_told_in_the_language_asked_for(
    language: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--help", "--language", language]) == 0
    said = capsys.readouterr().out
    assert ENGLISH.search(said) is None, said
    with using(language):
        assert said.startswith(translate("usage: "))
        assert f"\n{translate('options')}:\n" in said
    assert spoken() == "en"


def test_the_language_may_stand_before_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--language", "uk", "report"]) == 1
    assert "укажіть або STUDY, або --all" in capsys.readouterr().err


def test_chinese_lines_are_no_wider_than_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    main(["report", "--help", "--language", "zh"])
    prose = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("用法")]
    assert max(map(width_of, prose)) <= 60
    assert len(prose) > 20


@pytest.mark.parametrize("message", options.ARGPARSE)
def test_the_parser_of_python_says_this_and_its_places_are_kept(message: str) -> None:
    assert repr(message)[1:-1] in inspect.getsource(argparse)
    for language in TRANSLATED:
        with using(language):
            told = translate(message)
        assert re.findall(r"%(?:\(\w+\))?[sr]", told) == re.findall(r"%(?:\(\w+\))?[sr]", message)
        assert told != message


def test_the_parser_of_python_speaks_as_before_afterwards() -> None:
    before = argparse._  # type: ignore[attr-defined]
    with using("ru"), options.with_words():
        assert argparse.ArgumentParser()._optionals.title == "параметры"
    assert argparse._ is before  # type: ignore[attr-defined]
