"""The language of a study file is known before anything else of it, so that its errors are told in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import spoken
from cxvalue.study.reading import load_study_file, stated_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("language: ru\n", "ru"),
        ("name: x\nlanguage:   'uk'   # the readers\n", "uk"),
        ('"language": "zh"\r\n', "zh"),
        ("language: ru\nname: [\n\t: broken", "ru"),
        ("name: x\n", "en"),
        ("language: klingon\n", "en"),
        ("report:\n  language: ru\n", "en"),
        ("# language: ru\n", "en"),
        ("{language: ru, name: x, tables: [", "ru"),
        ("{name: x, tables: {a: b}, language: 'uk'}", "uk"),
        ("{name: x,\n language: zh,\n horizon: 3}", "zh"),
        ("report: {language: ru}\n", "en"),
        ("{name: x # , language: ru\n}", "en"),
    ],
)
def test_the_language_is_found_in_any_file(text: str, language: str, tmp_path: Path) -> None:
    path = tmp_path / "study.yml"
    path.write_bytes(text.encode())
    assert stated_language(path) == language


def test_the_language_of_a_file_that_is_not_there_or_is_no_text_is_english(tmp_path: Path) -> None:
    (tmp_path / "study.yml").write_bytes(b"\xff\xfe\x00")
    assert [stated_language(tmp_path / name) for name in ("study.yml", "other.yml")] == ["en", "en"]


@pytest.mark.parametrize(
    ("given", "language", "head"),
    [
        ("ru", None, "Найдена 1 ошибка:"),
        ("ru", "zh", "发现1个问题："),
        ("klingon", "uk", "Знайдено 1 помилку:"),
        ("klingon", None, "1 problem found:"),
    ],
)
def test_a_wrong_file_is_told_in_the_language_of_its_readers(
    given: str, language: str | None, head: str, tmp_path: Path
) -> None:
    path = tmp_path / "study.yml"
    path.write_text(f"language: {given}\nname: [", encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_study_file(path, language)
    assert str(refused.value).splitlines()[0] == head
    assert spoken() == "en"
