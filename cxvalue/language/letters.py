"""The letters that a language is printed with, and its lines: Chinese has fonts of the package and breaks at any letter."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
"""Parts of Noto Sans CJK SC under the SIL Open Font License, which lies beside them; `tests/fonts.py` makes them."""

OFFICE_FONTS = {"en": "Calibri", "zh": "Microsoft YaHei"}
"""Of slides and workbooks, which take the letters of their reader's machine; other languages have those of English."""

LATIN, CHINESE = "DejaVu Sans", "Noto Sans CJK SC"


def families_of(language: str) -> tuple[str, ...]:
    """The families that a text of a language is set in: a letter that the first lacks is taken from the second.

    >>> families_of("ru"), families_of("zh")
    (('DejaVu Sans', 'Noto Sans CJK SC'), ('Noto Sans CJK SC', 'DejaVu Sans'))
    """
    return (CHINESE, LATIN) if language == "zh" else (LATIN, CHINESE)


_WORD = re.compile(r"\w+")
_ABBREVIATION = re.compile("[bcdfghj-np-tv-xz]{2,4}|ces|csat")
_COLON = re.compile(": |：")
_CLOSED = re.compile("(?<=[，。；：！？）]) ")
_WIDE = "[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]"
_PIECES = re.compile(rf"{_WIDE}[，。、；：！？）》”]*\s*|(?:(?!{_WIDE})\S)+\s*")
"""A Chinese letter with the signs that may not begin a line, or a word of another script."""


def begun(text: str) -> str:
    """A sentence that begins in upper case, whatever name it begins with; a name with capitals inside stays as it is.

    >>> begun("jam comes first."), begun("sBG, fitted on all data."), begun("12 customers left."), begun("nps fell.")
    ('Jam comes first.', 'sBG, fitted on all data.', '12 customers left.', 'NPS fell.')
    """
    word = _WORD.match(text)
    if word and _ABBREVIATION.fullmatch(word[0]):
        return word[0].upper() + text[word.end() :]
    return text[:1].upper() + text[1:] if word and word[0].islower() else text


def closed_up(text: str) -> str:
    """A text of several sentences without the spaces that Chinese does not write between them.

    >>> closed_up("每位客户 12 USD。 共 3 名。 It ends. Here.")
    '每位客户 12 USD。共 3 名。It ends. Here.'
    """
    return _CLOSED.sub("", text)


def parted_at_colon(text: str) -> tuple[str, str]:
    """What stands before the first colon of a text, and what is said behind it: nothing where there is none.

    >>> parted_at_colon("The spring campaign: profit"), parted_at_colon("营销活动spring：利润"), parted_at_colon("Profit")
    (('The spring campaign', 'profit'), ('营销活动spring', '利润'), ('Profit', ''))
    """
    name, *said = _COLON.split(text, maxsplit=1)
    return name, "".join(said)


def lines_of(text: str, width: int) -> list[str]:
    """A text in lines of so many letters, of which a Chinese one takes two.

    >>> lines_of("purchases of one customer", 14), lines_of("每位客户的毛利，USD", 8)
    (['purchases of', 'one customer'], ['每位客户', '的毛利，', 'USD'])
    """
    if not re.search(_WIDE, text):
        return textwrap.wrap(text, width)
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if line and width_of(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def width_of(text: str) -> int:
    """How wide a text is, in Latin letters."""
    return len(text) + len(re.findall(_WIDE, text))


def padded(text: str, width: int) -> str:
    """A text filled up with blanks to a width in Latin letters, as it stands at a terminal.

    >>> padded("выручка", 9) + "|", padded("收入", 9) + "|"
    ('выручка  |', '收入     |')
    """
    return text + " " * (width - width_of(text))


def longest_word(text: str) -> int:
    """The letters of the longest word, which no line breaks; Chinese ones may be parted anywhere.

    >>> longest_word("ставка дисконтирования"), longest_word("折现系数")
    (15, 2)
    """
    return max((width_of(piece.strip()) for piece in _PIECES.findall(text)), default=0)
