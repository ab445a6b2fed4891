"""How numbers are written: proven by the column, or left to be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxvalue.engine.embedded import connect
from cxvalue.firstmile.exports import open_exports
from cxvalue.firstmile.notation import read_of_days, read_of_numbers
from cxvalue.language.catalogue import using
from tests.messages import TRANSLATED


def _export(folder: Path, values: list[str]) -> Any:
    (folder / "x.csv").write_text(
        "n;v\n" + "".join(f"{n};{value}\n" for n, value in enumerate(values)), encoding="utf-8"
    )
    engine = connect()
    return engine, open_exports(engine.con, [folder / "x.csv"], folder)[0]


@pytest.mark.parametrize(
    ("values", "read", "asked"),
    [
        (["1.50", "20.00"], {}, 0),
        (["1,50", "20,00"], {"decimal": ","}, 0),
        (["1.234,50", "20,00"], {"decimal": ",", "thousands": "."}, 0),
        (["1,234.50", "20.00"], {"thousands": ","}, 0),
        (["1,588", "20.50"], {"thousands": ","}, 0),
        (["1 234,50 €", "20,00 €"], {"decimal": ",", "thousands": " "}, 0),
        (["1'234.50"], {"thousands": "'"}, 0),
        (["1,234,567", "5"], {"thousands": ","}, 0),
        (["1,588", "2,100"], {}, 1),
        (["1.588", "2.100"], {}, 1),
        (["15", "20"], {}, 0),
    ],
)
def test_numbers(tmp_path: Path, values: list[str], read: dict[str, str], asked: int) -> None:
    _engine, export = _export(tmp_path, values)
    found, questions = read_of_numbers(export, ["v"])
    assert (found, len(questions)) == (read, asked)


@pytest.mark.parametrize("language", TRANSLATED)
def test_days_are_read_alike_in_every_language(tmp_path: Path, language: str) -> None:
    with using(language):
        _engine, export = _export(tmp_path, ["02/03/2025", "04/05/2025"])
        _, [question] = read_of_days(export, ["v"], {})
        assert [option.answer for option in question.options] == ["day_first", "month_first"]
        assert "02/03/2025" in question.ask
        _engine, export = _export(tmp_path, ["1735700000", "1735786400"])
        assert read_of_days(export, ["v"], {}) == ({"date_format": "epoch_seconds"}, [])


def test_days(tmp_path: Path) -> None:
    _engine, export = _export(tmp_path, ["02/03/2025", "04/05/2025"])
    _, questions = read_of_days(export, ["v"], {})
    assert [option.answer for option in questions[0].options] == ["day_first", "month_first"]
    _engine, export = _export(tmp_path, ["1735700000", "1735786400"])
    assert read_of_days(export, ["v"], {}) == ({"date_format": "epoch_seconds"}, [])
