"""Refusals list all that is wrong, in the language that is spoken where they are made."""

from __future__ import annotations

import pytest

from cxvalue.foundation.errors import BadInput, CxvalueError, Problem, RunFailed, nearest
from cxvalue.language.catalogue import translate, using

PROBLEMS = [Problem("study.yml: currenci", "unknown key.", "Remedy."), Problem("tables", "wrong.", examples=("row 3",))]


def test_every_problem_is_told_with_its_examples() -> None:
    assert str(BadInput(PROBLEMS)).splitlines() == [
        "2 problems found:",
        "  1. study.yml: currenci: unknown key. Remedy.",
        "  2. tables: wrong.",
        "      row 3",
    ]


@pytest.mark.parametrize(
    ("language", "head", "hint", "list_"),
    [
        ("ru", "Найдены 2 ошибки:", "Возможно, имелось в виду 'margin'?", "Допустимо: 'a', 'b'."),
        ("uk", "Знайдено 2 помилки:", "Можливо, малося на увазі 'margin'?", "Допустимо: 'a', 'b'."),
        ("zh", "发现2个问题：", "是否想写'margin'？", "允许的值：'a'、'b'。"),
    ],
)
def test_the_frame_of_a_refusal_is_told_in_the_language(language: str, head: str, hint: str, list_: str) -> None:
    with using(language):
        told = [str(BadInput(PROBLEMS)).splitlines()[0], nearest("marg1n", ["margin"]), nearest("zzz", ["b", "a"])]
    assert told == [head, hint, list_]


def test_chinese_sentences_stand_without_a_space_between_them() -> None:
    assert str(Problem("study.yml", "为空。", "请给出日期。")) == "study.yml: 为空。请给出日期。"


def test_an_error_tells_its_message_in_the_language_and_once() -> None:
    message = "level == {level}, must lie between 0 and 1, for example 0.95."
    with using("ru"):
        told = translate(message, level=2)
        assert str(CxvalueError(message, level=2)) == told != message.format(level=2)
        assert str(RunFailed(told)) == told
    assert str(CxvalueError("a {brace} of a file stays")) == "a {brace} of a file stays"
