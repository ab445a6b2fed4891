"""The study file that is written: complete, commented, valid."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from cxvalue.firstmile.found import Recognised, recognise
from cxvalue.firstmile.study_text import is_ours
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import using
from cxvalue.study import load_study_file
from tests.exports import EXPORTS, MadeExport, as_csv, write_export
from tests.messages import TRANSLATED


@pytest.fixture(scope="module")
def in_english(tmp_path_factory: pytest.TempPathFactory) -> Callable[[MadeExport], tuple[Path, Recognised, str]]:
    """An export as a file, what is understood of it, and the study file that is written."""
    folder = tmp_path_factory.mktemp("english")

    @cache
    def made(name: str) -> tuple[Path, Recognised, str]:
        source = write_export(folder, next(one for one in EXPORTS if one.name == name))
        found = recognise(source)
        return source, found, found.write(folder / name.split(".")[0]).read_text(encoding="utf-8")

    return lambda export: made(export.name)


def test_every_open_question_has_its_ask_and_its_line(
    in_english: Callable[[MadeExport], tuple[Path, Recognised, str]],
) -> None:
    for export in EXPORTS:
        _, found, text = in_english(export)
        assert isinstance(yaml.safe_load(text), dict)
        for question in found.questions:
            assert question.ask in text, (export.name, question.key)
            assert re.search(rf"ASK.*--answer {question.key}=", text) or question.free, (export.name, question.key)


def test_what_is_written_is_a_study_without_defaults_of_records(tmp_path: Path) -> None:
    recurly = next(one for one in EXPORTS if one.name == "invoices.csv")
    study = load_study_file(recognise(write_export(tmp_path, recurly)).answer(margin=0.4).write(tmp_path / "s"))
    source = study.tables["transactions"]
    assert source.keep_rows == {"status": ("paid", "closed")}
    assert source.columns["order_id"] == "=[original_invoice_number] else [invoice_number]"
    assert str(study.as_of) == "2025-07-07"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_study_file_is_the_same_in_every_language_but_for_its_words(
    tmp_path: Path, language: str, in_english: Callable[[MadeExport], tuple[Path, Recognised, str]]
) -> None:
    for export in EXPORTS[TRANSLATED.index(language) :: len(TRANSLATED)]:
        source, _, english = in_english(export)
        with using(language):
            found = recognise(source)
            target, shown = found.write(tmp_path / language / export.name.split(".")[0]), str(found)
        text = target.read_text(encoding="utf-8")
        assert is_ours(text)
        told, plain = yaml.safe_load(text), yaml.safe_load(english)
        assert told.pop("language") == language
        assert told.pop("title") != plain.pop("title")
        assert told == plain, export.name
        assert all(question.ask in text for question in found.questions), export.name
        for line in (*shown.splitlines(), *text.splitlines()):
            assert not re.search(r" (the|is|of|are|not|to|it) ", line), line


def test_what_one_language_left_open_another_may_go_on_with(tmp_path: Path) -> None:
    recurly = write_export(tmp_path, next(one for one in EXPORTS if one.name == "invoices.csv"))
    with using("zh"):
        target = recognise(recurly).write(tmp_path / "s")
    with using("ru"):
        assert recognise(recurly).answer(margin=0.4).write(tmp_path / "s") == target
    study = load_study_file(target)
    assert (study.language, study.gross_margin) == ("ru", 0.4)
    assert study.title == "Сколько стоят наши клиенты?"
    with pytest.raises(CxvalueError, match="exists already"):  # nothing is open in it any more
        recognise(recurly).write(tmp_path / "s")


def test_several_currencies_need_rates(tmp_path: Path) -> None:
    rows = [f"{n}|c{n % 2}|2025-03-{n + 10}|10.50|{'EUR' if n % 2 else 'USD'}" for n in range(1, 7)]
    (tmp_path / "x.csv").write_text(as_csv("order_id|customer_id|date|net_total|currency", *rows), encoding="utf-8")
    found = recognise(tmp_path / "x.csv").answer(margin=0.4)
    assert [question.key for question in found.questions] == ["currency", "rates"]
    assert "net revenue" not in str(found)  # two currencies are never added
    study = load_study_file(found.answer(currency="EUR", rates="USD: 0.5").write(tmp_path / "s"))
    assert study.exchange_rates == {"EUR": 1.0, "USD": 0.5}
