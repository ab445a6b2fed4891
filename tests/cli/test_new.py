"""`cxvalue new --from`: exit statuses, what is asked, and a study that passes its check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cxvalue.cli.commands import main
from cxvalue.study import load_study_file
from tests.exports import EXPORTS, write_export
from tests.messages import TRANSLATED

SHOP = next(one for one in EXPORTS if one.name == "shopify.csv")


def test_without_answers_it_asks_and_with_them_the_check_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export, folder = str(write_export(tmp_path, SHOP)), str(tmp_path / "shop")
    assert main(["new", folder, "--from", export]) == 2
    said = capsys.readouterr()
    assert "3 questions, the costliest first:" in said.out
    assert "with ASK where an answer is missing" in said.err
    assert main(["check", folder]) == 2
    assert "gross_margin: is not answered yet." in capsys.readouterr().err
    answers = ["--answer", "refund=without_tax", "--answer", "test_orders=leave_out"]
    assert main(["new", folder, "--from", export, "--gross-margin", "40%", *answers]) == 0
    capsys.readouterr()
    assert main(["check", folder]) == 0
    assert "2 customers, 2 orders, net revenue EUR 120.00" in capsys.readouterr().out


def test_options_without_a_file_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "s"), "--accept"]) == 1
    assert "go with --from FILE" in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "s"), "--from", str(tmp_path / "no.csv")]) == 2
    assert "there is no such file." in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_at_a_terminal_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replies = iter(["as much as it takes", "", "as_is", "0.4"])
    monkeypatch.setattr("builtins.input", lambda _: next(replies))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(["new", str(tmp_path / "s"), "--from", str(write_export(tmp_path, SHOP))]) == 0
    text = (tmp_path / "s" / "study.yml").read_text(encoding="utf-8")
    assert "refund: {amount: Refunded Amount}" in text
    assert "Payment Method: [bogus]" in text  # an empty reply takes the default that was shown
    assert "'as much as it takes' is not one of the answers." in capsys.readouterr().out
    assert next(replies, "") == ""


def _setting_of(line: str) -> str:
    """What stands before the words of a line: a setting or an example of one."""
    setting, words, _ = line.partition("  # ")
    found = re.match("[# ]*[a-z_]+:", line)
    return setting.rstrip() if words else found[0] if found else ""


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_template_says_the_same_in_every_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    english, told = tmp_path / "en" / "shop", tmp_path / language / "shop"
    assert main(["new", str(english)]) == main(["new", str(told), "--language", language]) == 0
    assert "Fill it in" not in capsys.readouterr().out.splitlines()[1]
    plain, text = ((folder / "study.yml").read_text(encoding="utf-8") for folder in (english, told))
    one, other = yaml.safe_load(plain), yaml.safe_load(text)
    assert other.pop("language") == language
    assert one.pop("title") != other.pop("title")
    assert one == other
    # Line by line: the same keys and examples stand before the same words, and no word is left in English.
    lines = [line for line in text.splitlines() if not line.startswith("language:")]
    for line, same in zip(lines, plain.splitlines(), strict=True):
        if not line.startswith("title:"):
            assert _setting_of(line) == _setting_of(same), line
            assert re.search(" (the|is|of|are|for|to|it|or) ", line) is None, line


@pytest.mark.parametrize(("language", "asked"), [("ru", "вопрос"), ("uk", "питан"), ("zh", "个问题")])
def test_a_file_is_brought_in_the_language_of_the_readers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, asked: str
) -> None:
    export, folder = str(write_export(tmp_path, SHOP)), str(tmp_path / "shop")
    assert main(["new", folder, "--from", export, "--language", language]) == 2
    said = capsys.readouterr()
    assert asked in said.out
    assert "was written" not in said.err
    answers = ["--answer", "refund=without_tax", "--answer", "test_orders=leave_out", "--language", language]
    assert main(["new", folder, "--from", export, "--gross-margin", "40%", *answers]) == 0
    assert load_study_file(tmp_path / "shop" / "study.yml").language == language


def test_the_template_asks_for_the_margin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "s")]) == 0
    assert main(["check", str(tmp_path / "s")]) == 2
    assert "gross_margin: is not answered yet." in capsys.readouterr().err
