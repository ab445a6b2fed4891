"""What a page and its papers get last: amounts that no line breaks, Chinese letters and signs that stand close."""

from __future__ import annotations

import base64
import html
import re
from io import BytesIO
from pathlib import Path

from cxvalue.language.letters import FONTS

_APART = re.compile(r"(<(style|title)\b.*?</\2>)", re.DOTALL)
_TEXT = re.compile(r"(?<=>)[^<>]+(?=<)")
_NUMBER = r"−?\d(?:[\d.,\u00a0\u202f]*\d)?(?: (?:M|bn|tn|млн|млрд|трлн)\b|[万亿])?"
_CURRENCY = "(?<![A-Za-z])(?!UTC)[A-Z]{3}"
_SCALED = r"−?\d[\d.,]* (?:M|bn|tn|млн|млрд|трлн)\b"
_AMOUNT = re.compile(rf"{_CURRENCY} {_NUMBER}|{_NUMBER} {_CURRENCY}\b(?! [−\d])|{_SCALED}")
_AFTER_A_SIGN = re.compile("(?<=[，。；：！？）])((?:</[a-z]+>)*) (?=[^ \n])")
_FAMILY = "Report-Letters"
_WEIGHTS = {"Regular": "400", "Bold": "600 700"}
_CHINESE = re.compile("[—‘-”…\u3000-\uffff]")
_RANGE = "U+2014,U+2018-201D,U+2026,U+3000-FFFF"
"""The same letters: they stand before the fonts of the machine, as Chromium draws boxes where a page's own come last."""


def keep_amounts_whole(page: str) -> str:
    """A page whose amounts of money stand on one line with their currency; its words stay the same.

    >>> keep_amounts_whole("<p>It costs EUR 4,310.</p>")
    '<p>It costs <span class="amount">EUR 4,310</span>.</p>'
    """
    parts = _APART.split(page)
    return "".join(
        part if place % 3 else _TEXT.sub(lambda text: _AMOUNT.sub(r'<span class="amount">\g<0></span>', text[0]), part)
        for place, part in enumerate(parts)
        if place % 3 != 2
    )


def unbroken(text: str) -> str:
    """A text of a paper whose amounts of money stand on one line with their currency.

    >>> unbroken("It costs EUR 4,310.")
    'It costs EUR\\xa04,310.'
    """
    return _AMOUNT.sub(lambda amount: amount[0].replace(" ", "\u00a0"), text)


def signs_closed_up(page: str) -> str:
    """A Chinese page without the spaces that a template writes behind a sign, which is wide enough by itself.

    >>> signs_closed_up("<p><strong>利润：</strong> EUR 12。 共 3 名。</p>")
    '<p><strong>利润：</strong>EUR 12。共 3 名。</p>'
    """
    return _AFTER_A_SIGN.sub(r"\1", page)


def embed_letters(page: str) -> str:
    """A page that brings the Chinese letters it is written with, since a reader's machine may have none.

    The same page gives the same bytes.
    """
    shown = re.sub(r"data:[^\"')]*|<style\b.*?</style>", "", page, flags=re.DOTALL)
    letters = sorted({ord(letter) for letter in _CHINESE.findall(html.unescape(shown))})
    faces = "".join(
        f'@font-face{{font-family:"{_FAMILY}";font-weight:{weight};unicode-range:{_RANGE};'
        f"src:url(data:font/woff;base64,{_part_of(FONTS / f'NotoSansSC-{name}.otf', letters)})}}"
        for name, weight in _WEIGHTS.items()
    )
    return page.replace("</head>", f"<style>{faces}</style>\n</head>", 1)


def _part_of(font: Path, letters: list[int]) -> str:
    """The letters of a font as a web font of their own, with its licence inside."""
    from fontTools import subset

    options = subset.Options(
        flavor="woff", layout_features=[], hinting=False, recalc_timestamp=False, name_IDs=[0, 13, 14], drop_tables=[]
    )
    part = subset.Subsetter(options)
    part.populate(unicodes=letters)
    written = BytesIO()
    with subset.load_font(str(font), options) as whole:
        part.subset(whole)
        subset.save_font(whole, written, options)
    return base64.b64encode(written.getvalue()).decode("ascii")
